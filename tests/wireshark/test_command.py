"""`nvgre-doctor wireshark install|show|remove` as a process."""

import tomllib

import pytest

from tests import build
from tests.needs import need
from tests.wireshark.person import REPOSITORY, Person
from tests.wireshark.test_dissector import OLD_5001, ping


@pytest.mark.peer
@pytest.mark.process
def test_install_show_and_remove_name_every_file_and_what_became_of_it(newcomer: Person) -> None:
    need("tshark")  # it says itself where the folders are
    profile = newcomer.profile
    done = newcomer.nvgre_doctor("install")
    first, *lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert first.endswith("tshark says so")
    assert lines == [
        f"written   {newcomer.plugin}",
        f"written   {profile / 'preferences'}",
        f"written   {profile / 'colorfilters'}",
        f"written   {profile / 'dfilter_buttons'}",
        f"written   {profile / 'recent'}",
        "Start Wireshark again and choose the profile NVGRE at the bottom right.",
    ]
    shown = newcomer.nvgre_doctor("show")
    assert (shown.returncode, shown.stdout.splitlines()[1]) == (0, f"current   {newcomer.plugin}")
    removed = newcomer.nvgre_doctor("remove")
    assert (removed.returncode, f"removed   {newcomer.plugin}" in removed.stdout.splitlines()) == (
        0,
        True,
    )
    assert list(newcomer.home.iterdir()) == []


@pytest.mark.peer
@pytest.mark.process
def test_what_is_removed_is_gone_from_wireshark(newcomer: Person) -> None:
    capture = newcomer.capture(build.ethernet(ping(OLD_5001)))
    assert newcomer.nvgre_doctor("install").returncode == 0
    assert newcomer.matches(capture, "nvgre.tni == 5001") == [1]
    assert newcomer.nvgre_doctor("remove").returncode == 0
    assert newcomer.run("tshark", "-r", capture, "-Y", "nvgre.tni == 5001").returncode != 0
    assert newcomer.run("tshark", "-r", capture, "-C", "NVGRE").returncode != 0


@pytest.mark.peer
@pytest.mark.process
def test_a_configuration_folder_chosen_by_variable_is_served(newcomer: Person) -> None:
    chosen = str(newcomer.home / "my wireshark")
    assert newcomer.nvgre_doctor("install", WIRESHARK_CONFIG_DIR=chosen).returncode == 0
    capture = newcomer.capture(build.ethernet(ping(OLD_5001)))
    listing = newcomer.tshark("-C", "NVGRE", "-r", capture, WIRESHARK_CONFIG_DIR=chosen)
    assert "192.168.50.1 192.168.50.2 0x00001389 TNI 5001 Echo" in listing


@pytest.mark.process
def test_a_plugin_of_somebody_else_stays_and_the_exit_code_says_so(newcomer: Person) -> None:
    newcomer.plugin.parent.mkdir(parents=True)
    newcomer.plugin.write_text("-- theirs\n")
    done = newcomer.nvgre_doctor("install")
    assert done.returncode == 2
    assert f"not ours  {newcomer.plugin}  (not written by nvgre-doctor)" in done.stdout
    assert "--force replaces files that are not ours" in done.stdout
    assert newcomer.plugin.read_text() == "-- theirs\n"
    assert newcomer.nvgre_doctor("install", "--force").returncode == 0


@pytest.mark.process
def test_changed_files_are_kept_and_that_is_no_error(newcomer: Person) -> None:
    newcomer.nvgre_doctor("install")
    (newcomer.profile / "preferences").write_text("# Configuration file for Wireshark 4.0.17.\n")
    done = newcomer.nvgre_doctor("install")
    assert done.returncode == 0
    assert "Changed files stay as they are." in done.stdout


@pytest.mark.process
def test_a_folder_that_cannot_be_made_is_a_clear_failure(newcomer: Person) -> None:
    (newcomer.home / ".local").write_bytes(b"")
    done = newcomer.nvgre_doctor("install")
    assert (done.returncode, done.stderr) == (2, "")
    assert f"failed    {newcomer.plugin}  (Not a directory)" in done.stdout
    assert f"written   {newcomer.profile / 'preferences'}" in done.stdout


@pytest.mark.process
def test_hostile_folder_names_are_made_visible(newcomer: Person) -> None:
    chosen = str(newcomer.home / "red\x1b[31m")
    done = newcomer.nvgre_doctor("install", WIRESHARK_CONFIG_DIR=chosen)
    assert "\x1b" not in done.stdout
    assert r"red\x1b[31m" in done.stdout


@pytest.mark.process
def test_without_tshark_and_without_a_home_the_reason_is_told(newcomer: Person) -> None:
    done = newcomer.nvgre_doctor("install", HOME="", PATH="")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == "nvgre-doctor: Wireshark's folders are not known: neither tshark nor $HOME was found\n"
    )


def test_what_the_commands_need_is_part_of_the_package() -> None:
    """A wheel holds only the data files that pyproject.toml names."""
    package = REPOSITORY / "nvgre_doctor"
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["nvgre_doctor"]
    named = {
        path.relative_to(package).as_posix()
        for pattern in patterns
        for path in package.glob(pattern)
    }
    assert {
        "wireshark/nvgre.lua",
        "wireshark/profile/preferences",
        "wireshark/profile/colorfilters",
        "wireshark/profile/dfilter_buttons",
    } <= named
