"""Outputs in places that others can reach: nobody reads them early, nothing is handed on that runs
as us, and no link of another user is followed.

Knows owners and modes of files; a test that gives files away needs root.
"""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nvgre_doctor.terminal.output import OutputError, check_writable, replacing, write_file
from tests.program import MISMATCH, run

MALLORY = 54_321

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has neither owners nor modes here")


def give_away(*paths: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files to another user")
    for path in paths:
        mode = stat.S_IMODE(path.lstat().st_mode)
        os.chown(path, MALLORY, MALLORY, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(mode)  # chown takes setuid away


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


# --- modes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664), (0o000, 0o666)], ids=oct
)
def test_a_new_file_has_the_mode_that_the_umask_leaves(
    tmp_path: Path, mask: int, mode: int
) -> None:
    with umask(mask):
        write_file(str(tmp_path / "out"), "new")
        assert os.umask(mask) == mask
    assert mode_of(tmp_path / "out") == mode


@pytest.mark.parametrize("old", [None, 0o644, 0o4755], ids=str)
def test_nobody_else_reads_a_file_before_it_is_complete(tmp_path: Path, old: int | None) -> None:
    if old is not None:
        (tmp_path / "out").write_text("old")
        (tmp_path / "out").chmod(old)
    modes = []
    with umask(0), replacing(str(tmp_path / "out")) as stream:
        (temporary,) = set(os.listdir(tmp_path)) - {"out"}
        modes.append(mode_of(tmp_path / temporary))
        stream.write(b"secret")
        stream.flush()
        modes.append(mode_of(tmp_path / temporary))
    assert modes == [0o600, 0o600]
    assert (tmp_path / "out").read_text() == "secret"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (0o4755, 0o755),
        (0o2755, 0o755),
        (0o1644, 0o644),
        (0o7777, 0o777),
        (0o6600, 0o600),
        (0o640, 0o640),
        (0o200, 0o200),
    ],
    ids=oct,
)
def test_what_runs_as_its_owner_is_not_handed_on(tmp_path: Path, old: int, new: int) -> None:
    out = tmp_path / "out"
    out.write_text("#!/bin/sh\n")
    give_away(out)
    out.chmod(old)
    assert mode_of(out) == old
    done = run(MISMATCH, "-o", f"text={out}")
    assert (done.returncode, done.stderr) == (1, b"")
    assert (out.stat().st_uid, mode_of(out)) == (0, new)
    assert out.read_text().startswith("MISMATCH  ")


def test_a_group_that_could_read_the_old_file_can_read_the_new_one_and_no_other_can(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    out.write_text("old")
    give_away(out)
    out.chmod(0o640)
    write_file(str(out), "new")
    assert (out.stat().st_gid, mode_of(out)) == (MALLORY, 0o640)


def test_a_file_system_without_modes_takes_reports_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT and some network drives refuse to change a mode; nothing here can mount one."""

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    write_file(str(tmp_path / "out"), "new")
    assert (tmp_path / "out").read_text() == "new"


# --- what others laid into the way --------------------------------------------------


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder like /tmp."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def link_to_a_file(shared: Path) -> Path:
    (shared.parent / "precious").write_text("precious")
    (shared / "out").symlink_to("../precious")
    return shared / "out"


def link_to_nothing(shared: Path) -> Path:
    (shared / "out").symlink_to("../precious.new")
    return shared / "out"


def link_to_a_folder(shared: Path) -> Path:
    (shared.parent / "folder").mkdir()
    (shared / "link").symlink_to(shared.parent / "folder")
    return shared / "link" / "out"


def link_to_a_link(shared: Path) -> Path:
    (shared.parent / "precious").write_text("precious")
    (shared / "second").symlink_to("../precious")
    (shared.parent / "first").symlink_to("shared/second")
    return shared.parent / "first"


def link_above(shared: Path) -> Path:
    (shared.parent / "folder").mkdir()
    (shared / "link").symlink_to("../folder")
    return shared / "link" / ".." / "out"


LINKS = pytest.mark.parametrize(
    "lay", [link_to_a_file, link_to_nothing, link_to_a_folder, link_to_a_link, link_above]
)


@LINKS
@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o1775], ids=oct)
def test_a_link_of_another_user_is_not_followed(
    shared: Path, lay: Callable[[Path], Path], mode: int
) -> None:
    out = lay(shared)
    (link,) = [path for path in shared.iterdir() if path.is_symlink()]
    shared.chmod(mode)
    give_away(link)
    before = sorted(shared.parent.rglob("*"))
    said = (
        f"{out}: leads over the link {link} of another user, in a folder that others can write to;"
        " choose another place"
    )
    for attempt in (check_writable, lambda path: write_file(path, "new")):
        with pytest.raises(OutputError) as caught:
            attempt(str(out))
        assert str(caught.value) == said
    for args in (
        ["check", MISMATCH, "-o", f"text={out}"],
        ["check", MISMATCH, "-q", "--write-baseline", str(out)],
        ["annotate", MISMATCH, "-o", str(out)],
    ):
        done = run(*args)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.decode().startswith(f"nvgre-doctor: {said}\n")
    assert sorted(shared.parent.rglob("*")) == before
    if (precious := shared.parent / "precious").exists():
        assert precious.read_text() == "precious"


@LINKS
def test_a_link_of_ours_is_followed_there(shared: Path, lay: Callable[[Path], Path]) -> None:
    out = lay(shared)
    write_file(str(out), "new")
    assert out.read_text() == "new"
    assert [path for path in shared.iterdir() if path.is_symlink()] != []


def test_a_link_in_a_folder_of_its_owner_is_followed(tmp_path: Path) -> None:
    """Whoever types a path into somebody's folder means what lies there."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "out").symlink_to("real")
    give_away(folder, folder / "out")
    write_file(str(folder / "out"), "new")
    assert (folder / "real").read_text() == "new"


def test_a_link_that_the_owner_of_the_folder_laid_is_followed(shared: Path) -> None:
    (shared / "out").symlink_to("real")
    give_away(shared, shared / "out")
    shared.chmod(0o1777)
    write_file(str(shared / "out"), "new")
    assert (shared / "real").read_text() == "new"


def test_links_in_a_circle_are_said(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OutputError, match="one: Too many levels of symbolic links"):
        check_writable(str(tmp_path / "one"))


def test_a_link_that_is_taken_away_in_between_is_no_link(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shared / "out").symlink_to("../precious")
    followed = os.readlink

    def take_away(path: str) -> str:
        os.unlink(path)
        return followed(path)

    monkeypatch.setattr(os, "readlink", take_away)
    write_file(str(shared / "out"), "new")
    assert (shared / "out").read_text() == "new"
    assert os.listdir(shared.parent) == ["shared"]


def test_a_pipe_of_another_user_is_not_written_to(shared: Path) -> None:
    out = shared / "out"
    os.mkfifo(out, 0o666)
    give_away(out)
    for attempt in (check_writable, lambda path: write_file(path, "new")):
        with pytest.raises(OutputError, match="out: belongs to another user, in a folder that"):
            attempt(str(out))


def test_the_mode_of_a_file_that_another_user_laid_there_does_not_count(shared: Path) -> None:
    out = shared / "out"
    out.write_text("")
    give_away(out)
    out.chmod(0o666)
    with umask(0o027):
        write_file(str(out), "new")
    assert (out.stat().st_uid, out.stat().st_gid, mode_of(out)) == (0, os.getegid(), 0o640)


def test_a_pipe_that_is_replaced_while_the_report_is_made_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the opening: what takes its place is neither emptied nor written."""
    out, precious = tmp_path / "out", tmp_path / "precious"
    os.mkfifo(out)
    precious.write_text("precious")
    opened = os.open

    def swap(path: str, flags: int, *args: int) -> int:
        if path == str(out):
            out.unlink()
            out.symlink_to(precious)
        return opened(path, flags, *args)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(OutputError, match="it was replaced by something else meanwhile"):
        write_file(str(out), "new")
    assert precious.read_text() == "precious"


def test_a_link_that_is_laid_while_the_report_is_made_is_replaced(shared: Path) -> None:
    """Renaming follows no link."""
    (shared.parent / "precious").write_text("precious")
    with replacing(str(shared / "out")) as stream:
        (shared / "out").symlink_to("../precious")
        stream.write(b"new")
    assert (shared.parent / "precious").read_text() == "precious"
    assert not (shared / "out").is_symlink()


def test_devices_and_pipes_of_ours_are_written_through(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_file(str(pipe), "new")
    reader.join(timeout=60)
    write_file(os.devnull, "new")
    assert read == ["new"]
