"""What `install`, `show` and `remove` do to the files of a person, and above all what they leave
alone.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nvgre_doctor.wireshark.folders import Folders
from nvgre_doctor.wireshark.install import Outcome, Result, install, remove, show
from tests.needs import posix
from tests.wireshark.person import NOBODY, Person

NAMES = ["nvgre.lua", "preferences", "colorfilters", "dfilter_buttons", "recent"]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Unix folders in a home where Wireshark never ran."""
    return Folders(
        tmp_path / ".config" / "wireshark",
        tmp_path / ".local" / "lib" / "wireshark" / "plugins",
        "a test",
    )


def places(folders: Folders) -> list[Path]:
    return [
        folders.lua_plugins / NAMES[0],
        *(folders.configuration / "profiles" / "NVGRE" / name for name in NAMES[1:]),
    ]


def outcomes(results: list[Result]) -> list[str]:
    return [result.outcome.value for result in results]


def older_file(comment: str, body: bytes, folders_made: int = 0) -> bytes:
    """A file as version 0.9 of the program wrote it."""
    digest = hashlib.sha256(body).hexdigest()
    return f"{comment} nvgre-doctor 0.9 sha256:{digest} folders:{folders_made}\n".encode() + body


@contextmanager
def normal_user() -> Iterator[None]:
    """Root may write everywhere; for a while be somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_install_writes_the_plugin_and_the_profile(folders: Folders) -> None:
    results = install(folders)
    assert [result.path for result in results] == places(folders)
    assert outcomes(results) == ["written"] * 5
    assert sorted(path.name for path in folders.profile.iterdir()) == [
        "colorfilters",
        "dfilter_buttons",
        "preferences",
        "recent",
    ]


def test_a_file_begins_with_a_marker_and_goes_on_as_the_package_has_it(folders: Folders) -> None:
    install(folders)
    marker, body = (folders.lua_plugins / "nvgre.lua").read_bytes().split(b"\n", 1)
    source = Path(__file__).parents[2] / "nvgre_doctor" / "wireshark" / "nvgre.lua"
    assert body == source.read_bytes()
    words = marker.decode().split()
    assert words[:2] + words[3:] == [
        "--",
        "nvgre-doctor",
        f"sha256:{hashlib.sha256(body).hexdigest()}",
        "folders:4",
    ]
    assert all(path.read_bytes().startswith(b"# nvgre-doctor ") for path in places(folders)[1:])


def test_a_second_install_changes_nothing(folders: Folders) -> None:
    install(folders)
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in places(folders)]
    assert outcomes(install(folders)) == ["current"] * 5
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in places(folders)] == before


def test_show_tells_what_is_there_and_changes_nothing(folders: Folders) -> None:
    assert outcomes(show(folders)) == ["missing"] * 5
    assert not folders.configuration.exists()
    install(folders)
    assert outcomes(show(folders)) == ["current"] * 5
    plugin, preferences, colours, *_ = places(folders)
    plugin.write_bytes(older_file("--", b"-- an older plugin\n"))
    preferences.write_bytes(preferences.read_bytes() + b"gui.x: 1\n")
    colours.unlink()
    assert [(result.outcome.value, result.reason) for result in show(folders)] == [
        ("outdated", "from version 0.9"),
        ("changed", "changed since nvgre-doctor wrote it"),
        ("missing", ""),
        ("current", ""),
        ("current", ""),
    ]


def test_an_older_file_of_ours_is_replaced(folders: Folders) -> None:
    plugin = places(folders)[0]
    plugin.parent.mkdir(parents=True)
    plugin.write_bytes(older_file("--", b"-- an older plugin\n"))
    assert install(folders)[0] == Result(plugin, Outcome.REPLACED, "from version 0.9")
    assert b"an older plugin" not in plugin.read_bytes()


@pytest.mark.parametrize("number", range(4))
def test_a_file_of_somebody_else_is_never_overwritten(folders: Folders, number: int) -> None:
    theirs = places(folders)[number]
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs\n")
    assert install(folders)[number] == Result(
        theirs, Outcome.FOREIGN, "not written by nvgre-doctor"
    )
    assert theirs.read_bytes() == b"theirs\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"-- nvgre-doctor\n",
        b"-- nvgre-doctor 1.0.0 sha256:00 folders:0\n",
        b"\n-- nvgre-doctor 0.9 sha256:"
        + hashlib.sha256(b"").hexdigest().encode()
        + b" folders:0\n",
        b"\xff\xfe-\x00-\x00",
    ],
)
def test_only_a_complete_marker_in_the_first_line_makes_a_file_ours(
    folders: Folders, content: bytes
) -> None:
    plugin = places(folders)[0]
    plugin.parent.mkdir(parents=True)
    plugin.write_bytes(content)
    assert outcomes(install(folders))[0] == "not ours"
    assert outcomes(remove(folders))[4] == "not ours"
    assert plugin.read_bytes() == content


def test_a_file_of_ours_that_was_changed_stays_without_force(folders: Folders) -> None:
    install(folders)
    plugin = places(folders)[0]
    changed = plugin.read_bytes().replace(b"VSID", b"Vsid")
    plugin.write_bytes(changed)
    assert outcomes(install(folders)) == ["changed", "current", "current", "current", "current"]
    assert outcomes(remove(folders)) == [
        "removed",
        "removed",
        "removed",
        "removed",
        "changed",
        "removed",
        "removed",
        "removed",
        "removed",
    ]
    assert plugin.read_bytes() == changed


def test_preferences_that_wireshark_rewrote_count_as_changed_and_not_as_foreign(
    folders: Folders,
) -> None:
    install(folders)
    preferences = places(folders)[1]
    rewritten = b"# Configuration file for Wireshark 4.0.17.\n"
    preferences.write_bytes(rewritten)
    assert outcomes(install(folders)) == ["current", "changed", "current", "current", "current"]
    assert preferences.read_bytes() == rewritten


def test_force_replaces_what_was_changed_and_what_is_not_ours(folders: Folders) -> None:
    install(folders)
    for path in places(folders):
        path.write_bytes(b"theirs\n")
    assert outcomes(install(folders, force=True)) == ["replaced"] * 5
    assert outcomes(show(folders)) == ["current"] * 5


def test_remove_leaves_nothing_behind_where_nothing_was(folders: Folders, tmp_path: Path) -> None:
    install(folders)
    results = remove(folders)
    assert {result.outcome for result in results} == {Outcome.REMOVED}
    assert list(tmp_path.iterdir()) == []


def test_remove_keeps_the_folders_that_were_there_before_even_if_they_are_empty(
    folders: Folders,
) -> None:
    folders.lua_plugins.mkdir(parents=True)
    (folders.configuration / "profiles").mkdir(parents=True)
    install(folders)
    remove(folders)
    assert list(folders.lua_plugins.iterdir()) == []
    assert list((folders.configuration / "profiles").iterdir()) == []


def test_remove_knows_the_folders_that_an_older_version_made(
    folders: Folders, tmp_path: Path
) -> None:
    install(folders)
    for path in places(folders):
        marker = path.read_bytes().split(b"\n")[0]
        comment, made = ("--", 4) if marker.startswith(b"--") else ("#", 4)
        path.write_bytes(older_file(comment, b"older\n", made))
    places(folders)[3].unlink()
    assert outcomes(install(folders)) == ["replaced", "replaced", "replaced", "written", "replaced"]
    remove(folders)
    assert list(tmp_path.iterdir()) == []


def test_remove_takes_what_wireshark_wrote_into_the_profile(
    folders: Folders, tmp_path: Path
) -> None:
    install(folders)
    rewritten = b"# Configuration file for Wireshark 4.0.17.\n#\ngui.column.hide:\n"
    (folders.profile / "preferences").write_bytes(rewritten)
    recent = b"# Recent settings file for Wireshark 4.0.17.\n#\n"
    (folders.profile / "recent").write_bytes(recent)
    generated = b"# This file is automatically generated, DO NOT MODIFY.\nbvlc\n"
    (folders.profile / "disabled_protos").write_bytes(generated)
    assert {result.outcome for result in remove(folders)} == {Outcome.REMOVED}
    assert list(tmp_path.iterdir()) == []


def test_what_wireshark_remembers_of_its_window_is_no_change_of_ours(folders: Folders) -> None:
    install(folders)
    recent = b"# Recent settings file for Wireshark 4.0.17.\n#\n"
    (folders.profile / "recent").write_bytes(recent)
    assert outcomes(install(folders)) == ["current"] * 5
    assert (folders.profile / "recent").read_bytes() == recent


def test_what_wireshark_wrote_into_a_profile_that_is_not_ours_stays(folders: Folders) -> None:
    folders.profile.mkdir(parents=True)
    theirs = folders.profile / "preferences"
    theirs.write_bytes(b"# Configuration file for Wireshark 4.0.17.\n")
    assert "removed" not in outcomes(remove(folders, force=True))
    assert theirs.exists()


def test_remove_leaves_other_files_and_says_so(folders: Folders) -> None:
    install(folders)
    notes = folders.profile / "notes.txt"
    notes.write_bytes(b"# of somebody\n")
    neighbour = folders.lua_plugins / "other.lua"
    neighbour.write_bytes(b"-- theirs\n")
    results = remove(folders)
    assert [result.outcome.value for result in results[:5]] == ["removed"] * 5
    assert results[5:] == [
        Result(folders.profile, Outcome.FOREIGN, "other files are in this folder"),
        Result(folders.lua_plugins, Outcome.FOREIGN, "other files are in this folder"),
    ]
    assert (notes.exists(), neighbour.exists()) == (True, True)


def test_remove_takes_older_files_and_never_those_of_others_even_with_force(
    folders: Folders,
) -> None:
    plugin, preferences, *_ = places(folders)
    plugin.parent.mkdir(parents=True)
    plugin.write_bytes(older_file("--", b"-- an older plugin\n"))
    preferences.parent.mkdir(parents=True)
    preferences.write_bytes(b"theirs\n")
    assert outcomes(remove(folders, force=True)) == [
        "missing",
        "missing",
        "missing",
        "not ours",
        "removed",
    ]
    assert preferences.read_bytes() == b"theirs\n"


def test_remove_with_force_takes_changed_files(folders: Folders, tmp_path: Path) -> None:
    install(folders)
    places(folders)[1].write_bytes(b"# Configuration file for Wireshark 4.0.17.\n")
    remove(folders, force=True)
    assert list(tmp_path.iterdir()) == []


def test_on_windows_both_sets_of_files_share_a_folder_and_all_of_it_goes(tmp_path: Path) -> None:
    configuration = tmp_path / "Roaming" / "Wireshark"
    folders = Folders(configuration, configuration / "plugins", "a test")
    install(folders)
    remove(folders)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_or_a_dead_link_in_our_place_is_left_alone_even_with_force(
    folders: Folders,
) -> None:
    plugin, preferences, *_ = places(folders)
    plugin.mkdir(parents=True)
    preferences.parent.mkdir(parents=True)
    preferences.symlink_to("nowhere")
    results = install(folders, force=True)
    assert [(result.outcome.value, result.reason) for result in results[:2]] == [
        ("not ours", "a folder"),
        ("not ours", "a link that leads nowhere"),
    ]
    assert (plugin.is_dir(), preferences.is_symlink()) == (True, True)
    assert outcomes(remove(folders, force=True))[3:5] == ["not ours", "not ours"]


@posix
def test_a_pipe_in_our_place_does_not_hang(folders: Folders) -> None:
    plugin = places(folders)[0]
    plugin.parent.mkdir(parents=True)
    os.mkfifo(plugin)
    assert install(folders, force=True)[0] == Result(plugin, Outcome.FOREIGN, "not a regular file")


def test_a_file_where_a_folder_must_be_is_a_failure_that_names_it_and_the_rest_goes_on(
    folders: Folders,
) -> None:
    folders.lua_plugins.parent.mkdir(parents=True)
    folders.lua_plugins.write_bytes(b"")
    results = install(folders)
    assert results[0] == Result(
        folders.lua_plugins / "nvgre.lua", Outcome.FAILED, "Not a directory"
    )
    assert outcomes(results[1:]) == ["written"] * 4


def test_a_link_to_a_dotfile_repository_stays_a_link(folders: Folders, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles-nvgre.lua"
    kept.write_bytes(older_file("--", b"-- an older plugin\n"))
    plugin = places(folders)[0]
    plugin.parent.mkdir(parents=True)
    plugin.symlink_to(kept)
    assert outcomes(install(folders))[0] == "replaced"
    assert (plugin.is_symlink(), outcomes(show(folders))[0]) == (True, "current")


@posix
def test_a_read_only_home_is_a_failure_with_the_reason_and_nothing_is_written(
    newcomer: Person,
) -> None:
    folders = Folders(newcomer.home / ".config" / "wireshark", newcomer.plugin.parent, "a test")
    newcomer.home.chmod(0o555)
    with normal_user():
        results = install(folders)
    newcomer.home.chmod(0o755)
    assert results == [
        Result(path, Outcome.FAILED, "Permission denied") for path in places(folders)
    ]
    assert list(newcomer.home.iterdir()) == []


@posix
def test_what_cannot_be_removed_is_a_failure_with_the_reason(newcomer: Person) -> None:
    folders = Folders(newcomer.home / ".config" / "wireshark", newcomer.plugin.parent, "a test")
    install(folders)
    newcomer.plugin.parent.chmod(0o555)
    with normal_user():
        results = remove(folders)
    newcomer.plugin.parent.chmod(0o755)
    assert results[4] == Result(newcomer.plugin, Outcome.FAILED, "Permission denied")
    assert newcomer.plugin.exists()


@posix
def test_a_file_that_cannot_be_read_is_a_failure_and_not_overwritten(newcomer: Person) -> None:
    folders = Folders(newcomer.home / ".config" / "wireshark", newcomer.plugin.parent, "a test")
    newcomer.plugin.parent.mkdir(parents=True)
    newcomer.plugin.write_bytes(b"theirs\n")
    newcomer.plugin.chmod(0)
    with normal_user():
        results = [show(folders)[0], install(folders, force=True)[0]]
    newcomer.plugin.chmod(0o644)
    assert results == [Result(newcomer.plugin, Outcome.FAILED, "Permission denied")] * 2
    assert newcomer.plugin.read_bytes() == b"theirs\n"
