"""Writing results: whole or not at all, and never over something that is not ours."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nvgre_doctor.terminal.output import OutputError, check_writable, write_file
from tests.needs import make_link, posix

ROOT = Path(__file__).resolve().parent.parent


def test_new_file_is_utf8_with_lf(tmp_path: Path) -> None:
    write_file(str(tmp_path / "out.txt"), "a\nb \u00e9\n")
    assert (tmp_path / "out.txt").read_bytes() == b"a\nb \xc3\xa9\n"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_lone_surrogate_is_escaped_not_fatal(tmp_path: Path) -> None:
    write_file(str(tmp_path / "out.txt"), "\udcff")
    assert (tmp_path / "out.txt").read_bytes() == b"\\udcff"


@posix
def test_existing_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_file(str(path), "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    make_link(tmp_path / "link.txt", "real.txt")
    write_file(str(tmp_path / "link.txt"), "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_longest_file_name_can_be_written(tmp_path: Path) -> None:
    write_file(str(tmp_path / ("n" * 255)), "new")
    assert (tmp_path / ("n" * 255)).read_text() == "new"


@posix
def test_named_pipe_is_written_through(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    check_writable(str(pipe))
    write_file(str(pipe), "new")
    reader.join(timeout=60)
    assert read == ["new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@posix
def test_full_device_is_an_error_and_stays_a_device() -> None:
    check_writable("/dev/full")
    with pytest.raises(OutputError, match=r"^/dev/full: No space left on device$"):
        write_file("/dev/full", "new")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


@posix
@pytest.mark.process
def test_disk_that_fills_up_midway_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    """The kernel refuses to write beyond 4096 bytes of a file (RLIMIT_FSIZE)."""
    (tmp_path / "out.txt").write_text("old")
    script = (
        "import resource, signal; from nvgre_doctor.terminal.output import OutputError,"
        " write_file\nresource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        " signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\ntry: write_file('out.txt', 'x' *"
        " 10000)\nexcept OutputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "out.txt: File too large\n"
    assert os.listdir(tmp_path) == ["out.txt"]
    assert (tmp_path / "out.txt").read_text() == "old"


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        check_writable(str(tmp_path))


def test_missing_folder_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="reports does not exist"):
        check_writable(str(tmp_path / "reports" / "out.txt"))
    assert os.listdir(tmp_path) == []


def test_file_used_as_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = "does not exist" if sys.platform == "win32" else "Not a directory"
    with pytest.raises(OutputError, match=words):
        check_writable(str(tmp_path / "file" / "out.txt"))


@posix
def test_name_that_is_too_long_for_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="File name too long"):
        check_writable(str(tmp_path / ("n" * 256)))


def test_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(OutputError, match="null"):
        check_writable("a\0b")


@pytest.mark.parametrize(
    "content",
    [
        b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00",  # pcap
        b"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a",  # pcapng
        b"\x1f\x8b\x08\x08abc",  # gzip
        b"\xfd7zXZ",
        b"\x28\xb5\x2f\xfd",
    ],
)
def test_capture_is_never_overwritten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lab").write_bytes(content)
    with pytest.raises(OutputError, match=r"lab: exists and is not a text file \(a capture\?\)"):
        check_writable(str(tmp_path / "lab"))


@pytest.mark.parametrize(
    "content", [b"", b"text\n", b"x" * 511 + "\u4e2d".encode(), "\u00e9".encode()]
)
def test_text_may_be_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "report").write_bytes(content)
    check_writable(str(tmp_path / "report"))


def test_hostile_name_is_shown_harmless(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a\\x1b\[31m\\n") as refused:
        check_writable(str(tmp_path / "no" / "a\x1b[31m\n"))
    assert "\x1b" not in str(refused.value)
