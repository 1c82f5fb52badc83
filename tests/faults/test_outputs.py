"""Outputs that cannot be written: exit code 2, one line that says why, nothing half-written, and
the old file stays.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import captures
from tests.faults.conftest import Mount
from tests.faults.program import ROOT, ended, run, started, until, writer_to

pytestmark = pytest.mark.process

MISMATCH = ROOT / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"


def fill(folder: Path) -> None:
    """Write until nothing goes into the file system any more."""
    with open(folder / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            return


# --- disk full ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["text", "json"])
def test_full_disk_keeps_the_old_report_and_leaves_no_other_file(mount: Mount, name: str) -> None:
    disk = mount("disk", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    (disk / "report").write_text("last week")
    fill(disk)
    done = run("-o", f"{name}=report", MISMATCH, cwd=disk)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"nvgre-doctor: report: No space left on device\n"
    assert sorted(os.listdir(disk)) == ["filler", "report"]
    assert (disk / "report").read_text() == "last week"


def test_disk_that_fills_up_midway_leaves_no_file(mount: Mount, tmp_path: Path) -> None:
    disk = mount("disk", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    captures.write_wide(tmp_path / "wide.pcap", 500)  # its report takes more than 64 kB
    done = run("-o", "json=report", tmp_path / "wide.pcap", cwd=disk)
    assert (done.returncode, done.stderr) == (2, b"nvgre-doctor: report: No space left on device\n")
    assert os.listdir(disk) == []


def test_disk_without_a_free_file_is_full_too(mount: Mount) -> None:
    disk = mount("disk", "-t", "tmpfs", "-o", "nr_inodes=2", "tmpfs")
    (disk / "last").write_text("")
    done = run("-o", "report", MISMATCH, cwd=disk)
    assert (done.returncode, done.stderr) == (2, b"nvgre-doctor: report: No space left on device\n")
    assert os.listdir(disk) == ["last"]


def test_reports_on_other_disks_are_whole(mount: Mount, tmp_path: Path) -> None:
    disk = mount("disk", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    fill(disk)
    done = run(
        "-o",
        "json=good.json",
        "-o",
        f"text={disk}/bad.txt",
        "-o",
        "text=never.txt",
        MISMATCH,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert sorted(os.listdir(tmp_path)) == ["disk", "good.json"]
    assert (tmp_path / "good.json").read_bytes() == run("-f", "json", MISMATCH).stdout


@pytest.mark.parametrize("name", ["text", "json"])
def test_full_disk_behind_standard_output_is_said(mount: Mount, name: str) -> None:
    disk = mount("disk", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    fill(disk)
    with open(disk / "filler", "ab") as stdout:
        done = run("-f", name, MISMATCH, stdout=stdout)
    assert (done.returncode, done.stderr) == (
        2,
        b"nvgre-doctor: standard output: No space left on device\n",
    )


def test_baseline_on_a_full_disk_stays_the_old_one(mount: Mount) -> None:
    disk = mount("disk", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    done = run("--write-baseline", "baseline.json", MISMATCH, cwd=disk)
    assert done.returncode == 0, done.stderr
    before = (disk / "baseline.json").read_bytes()
    fill(disk)
    done = run("--write-baseline", "baseline.json", ROOT / "sample_pcaps", cwd=disk)
    assert (done.returncode, done.stderr) == (
        2,
        b"nvgre-doctor: baseline.json: No space left on device\n",
    )
    assert (disk / "baseline.json").read_bytes() == before
    assert sorted(os.listdir(disk)) == ["baseline.json", "filler"]


def test_annotated_copy_on_a_full_disk_vanishes(mount: Mount, tmp_path: Path) -> None:
    disk = mount("disk", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    (tmp_path / "in.pcap").write_bytes(captures.healthy(2000))
    done = run("annotate", tmp_path / "in.pcap", "-o", "out.pcapng", cwd=disk)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"nvgre-doctor: out.pcapng: No space left on device\n"
    assert os.listdir(disk) == []


# --- places that vanish or change while the captures are read ----------------


def report_after(
    change: Callable[[], object], folder: Path, output: str
) -> subprocess.CompletedProcess[bytes]:
    """Start with everything in order, `change` it while the program waits for its capture, then let
    it go on.
    """
    pipe = folder.parent / "pipe"
    os.mkfifo(pipe)
    with started("-o", output, pipe, cwd=folder.parent) as process:
        with writer_to(pipe, process) as writer:
            writer.write(captures.HEADER)
            change()
            writer.write(captures.records(100))
        return ended(process)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reports").mkdir()
    return tmp_path / "reports"


def test_folder_that_vanished_is_said_and_not_made_again(folder: Path, tmp_path: Path) -> None:
    done = report_after(lambda: shutil.rmtree(folder), folder, "reports/out.json")
    assert (done.returncode, done.stderr) == (
        2,
        b"nvgre-doctor: reports/out.json: No such file or directory\n",
    )
    assert os.listdir(tmp_path) == ["pipe"]


def test_folder_that_became_a_file_is_said(folder: Path) -> None:
    def change() -> None:
        folder.rmdir()
        folder.write_text("a file")

    done = report_after(change, folder, "reports/out.json")
    assert (done.returncode, done.stderr) == (
        2,
        b"nvgre-doctor: reports/out.json: Not a directory\n",
    )
    assert folder.read_text() == "a file"


def test_place_that_became_a_folder_is_said_and_left_alone(folder: Path) -> None:
    done = report_after((folder / "out.json").mkdir, folder, "reports/out.json")
    assert (done.returncode, done.stderr) == (
        2,
        b"nvgre-doctor: reports/out.json: Is a directory\n",
    )
    assert os.listdir(folder) == ["out.json"]
    assert os.listdir(folder / "out.json") == []


def test_file_system_that_became_read_only_is_said(mount: Mount) -> None:
    disk = mount("disk", "-t", "tmpfs", "tmpfs")
    (disk / "out.json").write_text("last week")
    done = report_after(
        lambda: subprocess.run(["mount", "-o", "remount,ro", disk], check=True),
        disk,
        "disk/out.json",
    )
    assert (done.returncode, done.stderr) == (
        2,
        b"nvgre-doctor: disk/out.json: Read-only file system\n",
    )
    assert (disk / "out.json").read_text() == "last week"


def test_reader_of_an_output_pipe_that_went_away_is_said(tmp_path: Path) -> None:
    captures.write_wide(tmp_path / "wide.pcap", 500)  # its report is more than a pipe holds
    os.mkfifo(tmp_path / "out")
    reader = os.open(tmp_path / "out", os.O_RDONLY | os.O_NONBLOCK)
    with started("-o", "json=out", "wide.pcap", cwd=tmp_path) as process:
        assert until(lambda: _first_byte(reader), process) == b"{"
        os.close(reader)
        done = ended(process)
    assert (done.returncode, done.stderr) == (2, b"nvgre-doctor: out: Broken pipe\n")
    assert stat.S_ISFIFO((tmp_path / "out").stat().st_mode)


def _first_byte(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1)
    except BlockingIOError:
        return b""


# --- places that cannot be written from the start ----------------------------


@pytest.mark.parametrize("old", [None, "last week"], ids=["new", "existing"])
def test_read_only_file_system_is_refused_before_anything_is_read(
    mount: Mount, tmp_path: Path, old: str | None
) -> None:
    (tmp_path / "real").mkdir()
    if old is not None:
        (tmp_path / "real" / "out.json").write_text(old)
    disk = mount("disk", "--bind", str(tmp_path / "real"))
    subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=True)
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it: who opens it waits for ever
    done = run("-o", "disk/out.json", "pipe", cwd=tmp_path)
    says = f"the folder {disk} is read-only" if old is None else "is read-only"
    assert (done.returncode, done.stderr.decode()) == (2, f"nvgre-doctor: disk/out.json: {says}\n")


def test_captures_on_a_read_only_file_system_are_read(mount: Mount, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.pcap").write_bytes(captures.healthy(100))
    disk = mount("disk", "--bind", str(tmp_path / "real"))
    subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=True)
    assert run(".", cwd=disk).returncode == 0
    assert os.listdir(disk) == ["a.pcap"]


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (".", ".: is a folder; give the name of a file in it"),
        ("reports", "reports: is a folder; give the name of a file in it"),
        ("reports/", "reports/: is a folder; give the name of a file in it"),
        ("json=reports", "reports: is a folder; give the name of a file in it"),
        ("missing/", "missing/: the folder missing/ does not exist"),
        ("link", "link: is a folder; give the name of a file in it"),
        ("loop", "loop: Too many levels of symbolic links"),
    ],
)
def test_folder_as_output_is_refused(folder: Path, tmp_path: Path, output: str, says: str) -> None:
    (tmp_path / "link").symlink_to("reports")
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(os.listdir(tmp_path))
    done = run("-o", output, MISMATCH, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        2,
        b"",
        f"nvgre-doctor: {says}\n",
    )
    assert (sorted(os.listdir(tmp_path)), os.listdir(folder)) == (before, [])


def test_dangling_link_is_filled_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    assert run("-o", "link", MISMATCH, cwd=tmp_path).returncode == 1
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes().startswith(b"MISMATCH  ")


def test_mode_of_an_output_that_others_may_write_is_kept(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    (tmp_path / "out").chmod(0o666)
    assert run("-o", "out", MISMATCH, cwd=tmp_path).returncode == 1
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o666
