"""Configuration that somebody else planted where it is found: it is refused, and what is used from
elsewhere is named.

Knows owners and modes of files; a test that gives files away needs root.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.program import MISMATCH, run

MALLORY = 54_321
HIDES = 'fail-on = "never"\nnot-nvgre = ["0.0.0.0/0"]\n'
ADVICE = "If you trust it, name it with --config; --no-config reads none."
NAMES = pytest.mark.parametrize("name", ["nvgre-doctor.toml", "pyproject.toml"])
SETTINGS = {"nvgre-doctor.toml": HIDES, "pyproject.toml": f"[tool.nvgre-doctor]\n{HIDES}"}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has neither owners nor modes here")


def give_away(*paths: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files to another user")
    for path in paths:
        os.chown(path, MALLORY, MALLORY, follow_symlinks=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory of ours below a folder that may hold a configuration."""
    (tmp_path / "above" / "lab").mkdir(parents=True)
    shutil.copy(MISMATCH, tmp_path / "above" / "lab" / "lab.pcapng")
    return tmp_path / "above"


def check(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    return run("check", "lab.pcapng", *args, cwd=folder / "lab", env=env)


def assert_refused(folder: Path, said: str) -> None:
    done = check(folder)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == f"nvgre-doctor: {said}; it was not used. {ADVICE}\n"
    for command in (("filter", "lab.pcapng"), ("annotate", "lab.pcapng", "-o", "out.pcapng")):
        assert run(*command, cwd=folder / "lab").returncode == 2
    assert os.listdir(folder / "lab") == ["lab.pcapng"]


# --- who may have written it ---------------------------------------------------


@NAMES
def test_the_file_of_another_user_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text(SETTINGS[name])
    give_away(folder / name)
    assert_refused(folder, f"{folder / name}: belongs to another user (uid {MALLORY})")


@NAMES
def test_the_file_of_another_user_in_the_working_directory_is_refused(
    folder: Path, name: str
) -> None:
    planted = folder / "lab" / name
    planted.write_text(SETTINGS[name])
    give_away(planted)
    done = check(folder)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"belongs to another user" in done.stderr


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o772], ids=oct)
@NAMES
def test_our_own_file_in_a_folder_that_others_can_write_to_is_refused(
    folder: Path, name: str, mode: int
) -> None:
    """They can put another file of ours in its place: a hard link does."""
    (folder / name).write_text(SETTINGS[name])
    folder.chmod(mode)
    assert_refused(folder, f"{folder / name}: lies in {folder}, which can be written by others")


@NAMES
def test_a_file_that_others_can_write_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text(SETTINGS[name])
    (folder / name).chmod(0o666)
    assert_refused(folder, f"{folder / name}: can be written by others")


def test_a_file_that_a_group_of_several_can_write_is_refused(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text(HIDES)
    if os.geteuid() != 0:
        pytest.skip("only root can give files to another group")
    os.chown(folder / "nvgre-doctor.toml", 0, MALLORY)  # a group without a name
    (folder / "nvgre-doctor.toml").chmod(0o664)
    assert_refused(folder, f"{folder / 'nvgre-doctor.toml'}: can be written by others")


def test_a_file_in_the_folder_of_another_user_is_refused(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text(HIDES)
    give_away(folder)
    assert_refused(
        folder,
        f"{folder}/nvgre-doctor.toml: lies in {folder}, which belongs to another user"
        f" (uid {MALLORY})",
    )


def test_a_link_of_another_user_is_refused_wherever_it_leads(folder: Path) -> None:
    (folder.parent / "ours.toml").write_text(HIDES)
    link = folder / "nvgre-doctor.toml"
    link.symlink_to("../ours.toml")
    give_away(link)
    assert_refused(folder, f"{link}: belongs to another user (uid {MALLORY})")


def test_a_link_of_ours_into_a_folder_that_others_can_write_to_is_refused(folder: Path) -> None:
    shared = folder.parent / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "ours.toml").write_text(HIDES)
    (folder / "nvgre-doctor.toml").symlink_to(shared / "ours.toml")
    assert_refused(
        folder, f"{folder}/nvgre-doctor.toml: lies in {shared}, which can be written by others"
    )


def test_a_pyproject_of_another_user_that_is_not_about_us_is_passed_over(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\ndependencies = ["nvgre-doctor"]\n')
    give_away(folder / "pyproject.toml")
    assert check(folder).returncode == 1


def test_what_is_refused_does_not_count_where_no_file_is_wanted(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text(HIDES)
    (folder / "nvgre-doctor.toml").chmod(0o666)
    done = check(folder, "--no-config")
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.startswith(b"MISMATCH  ")


def test_who_types_the_name_of_a_file_trusts_it(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text('fail-on = "never"\n')
    (folder / "nvgre-doctor.toml").chmod(0o666)
    give_away(folder / "nvgre-doctor.toml")
    done = check(folder, "--config", "../nvgre-doctor.toml")
    assert (done.returncode, done.stderr) == (
        0,
        b"nvgre-doctor: configuration ../nvgre-doctor.toml\n",
    )


def test_who_calls_sudo_may_choose_the_settings(folder: Path) -> None:
    """As in git: sudo itself sets SUDO_UID, and its caller could have given any option."""
    (folder / "nvgre-doctor.toml").write_text('fail-on = "never"\n')
    give_away(folder / "nvgre-doctor.toml", folder)
    assert check(folder, SUDO_UID=str(MALLORY)).returncode == 0
    for wrong in (str(MALLORY + 1), "", "-1", "\u0661", f"{MALLORY} ", "5" * 5000):
        assert check(folder, SUDO_UID=wrong).returncode == 2


@NAMES
def test_a_pipe_that_takes_the_place_of_the_file_is_not_waited_for(folder: Path, name: str) -> None:
    """It is no file when it is looked for; a thread swaps it in between."""
    from nvgre_doctor.settings.ownership import UntrustedError, open_trusted

    os.mkfifo(folder / name)
    with pytest.raises(UntrustedError, match="is no regular file"):
        open_trusted(str(folder / name), os.O_RDONLY)


# --- where the search ends -----------------------------------------------------


@pytest.mark.parametrize("mark", [".git", ".hg"])
@pytest.mark.parametrize("is_folder", [True, False], ids=["folder", "file"])
def test_the_search_ends_at_the_root_of_the_repository(
    folder: Path, mark: str, is_folder: bool
) -> None:
    (folder / "nvgre-doctor.toml").write_text('fail-on = "never"\n')
    assert check(folder).returncode == 0
    root = folder / "lab"
    (root / mark).mkdir() if is_folder else (root / mark).write_text("gitdir: elsewhere\n")
    assert check(folder).returncode == 1
    (root / "nvgre-doctor.toml").write_text('fail-on = "never"\n')
    assert check(folder).returncode == 0


def test_the_search_ends_at_the_home_folder(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text('fail-on = "never"\n')
    assert check(folder, HOME=str(folder / "lab")).returncode == 1
    assert check(folder, HOME=str(folder)).returncode == 0
    (folder.parent / "home").symlink_to(folder / "lab")
    assert check(folder, HOME=str(folder.parent / "home")).returncode == 1


# --- what is used is named -----------------------------------------------------


def test_a_file_from_elsewhere_is_named_on_standard_error_and_in_the_report(folder: Path) -> None:
    (folder / "nvgre-doctor.toml").write_text('fail-on = "never"\n')
    named = f"nvgre-doctor: configuration {folder}/nvgre-doctor.toml\n"
    for option in ("-q", "-v", "--fail-on=never"):
        assert check(folder, option).stderr.decode() == named
    done = check(folder, *(f"--output={kind}={kind}" for kind in FORMATS_THAT_NAME_IT))
    assert (done.returncode, done.stderr.decode()) == (0, named)
    for kind, said in FORMATS_THAT_NAME_IT.items():
        assert said in (folder / "lab" / kind).read_text("utf-8"), kind
    report = json.loads((folder / "lab" / "json").read_text("utf-8"))
    assert report["configuration"] == "../nvgre-doctor.toml"
    again = run("convert", "json", "-f", "json", "--no-config", cwd=folder / "lab")
    assert again.stdout == (folder / "lab" / "json").read_bytes()
    for command in (("filter", "lab.pcapng"), ("annotate", "lab.pcapng", "-o", "out.pcapng")):
        assert run(*command, cwd=folder / "lab").stderr.decode() == named


FORMATS_THAT_NAME_IT = {
    "text": "; configuration ../nvgre-doctor.toml; more: ",
    "json": '"configuration": "../nvgre-doctor.toml"',
    "markdown": "\nConfiguration: `../nvgre-doctor.toml`\n",
    "junit": '<property name="configuration" value="../nvgre-doctor.toml" />',
    "sarif": '"configuration": "../nvgre-doctor.toml"',
}


def test_a_file_in_the_working_directory_is_in_no_report(folder: Path) -> None:
    (folder / "lab" / "nvgre-doctor.toml").write_text('fail-on = "never"\n')
    for options in ((), ("--config", "nvgre-doctor.toml"), ("--config", "./nvgre-doctor.toml")):
        done = check(folder, "-f", "json", *options)
        assert (done.returncode, done.stderr) == (0, b"")
        assert "configuration" not in json.loads(done.stdout)


# --- what is in it is not repeated ---------------------------------------------


@pytest.mark.parametrize("named_by", ["file", "option", "variable"])
def test_no_line_of_a_file_that_is_taken_for_an_inventory_is_repeated(
    folder: Path, named_by: str
) -> None:
    secret = folder / "shadow"
    secret.write_text("root:$y$j9T$SECRET:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n")
    options, env = [], {}
    if named_by == "file":
        (folder / "lab" / "nvgre-doctor.toml").write_text(f'inventory = "{secret}"\n')
    elif named_by == "option":
        options = ["--inventory", str(secret)]
    else:
        env = {"NVGRE_DOCTOR_INVENTORY": str(secret)}
    done = check(folder, *options, **env)
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"{secret}, line 1: none of the 1 columns is VirtualSubnetID.".encode() in done.stderr
    assert b"SECRET" not in done.stderr
    assert b":19000:" not in done.stderr


@pytest.mark.parametrize("option", ["--config", "--baseline", "--inventory"])
def test_a_secret_that_is_taken_for_a_file_of_ours_is_not_repeated(
    folder: Path, option: str
) -> None:
    for text in (
        "root:$y$j9T$SECRET:19000:0:99999:7:::\n",
        '{"token": "SECRET"}\n',
        'token = "SECRET"\n',
        "-----BEGIN KEY-----\nSECRET\n",
        "SECRET\n",
    ):
        (folder / "lab" / "secret").write_text(text)
        done = check(folder, option, "secret")
        assert (done.returncode, done.stdout) == (2, b""), text
        assert b"SECRET" not in done.stderr, text
