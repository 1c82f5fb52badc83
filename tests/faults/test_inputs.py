"""Inputs that change, end or fail while they are read: what was read counts, the report says where
it stopped, nothing hangs.

What can be seen depends on who is faster, so the claims here are those that hold either way.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor.capture import open_capture
from nvgre_doctor.vocabulary import Status
from tests.faults import captures
from tests.faults.program import (
    EAGER,
    PROGRAM,
    ROOT,
    ended,
    run,
    run_for_memory,
    started,
    until_reading,
    writer_to,
)
from tests.needs import need

pytestmark = pytest.mark.process

HEADER, RECORD = len(captures.HEADER), captures.RECORD
MANY = 300_000  # frames, 40 MB: long enough to be changed while it is read


def only_capture(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    assert b"Traceback" not in done.stderr
    (capture,) = json.loads(done.stdout)["captures"]
    found: dict[str, Any] = capture
    return found


# --- files that become shorter -----------------------------------------------


@pytest.mark.parametrize("left", [0, HEADER, HEADER + 100 * RECORD, 4096, 262_144])
@pytest.mark.parametrize(
    "data", [captures.healthy(8000), captures.healthy_pcapng(8000)], ids=["pcap", "pcapng"]
)
def test_file_that_is_cut_behind_the_reader_is_never_complete(
    tmp_path: Path, data: bytes, left: int
) -> None:
    """Also where it is cut between two records, or to nothing: there is no half record that would
    tell.
    """
    path = tmp_path / "a"
    path.write_bytes(data)
    with open_capture(path) as capture:
        batches = capture.batches()
        frames = len(next(batches).stamps)
        os.truncate(path, left)
        frames += sum(len(batch.stamps) for batch in batches)
        assert capture.progress.frames == frames < 8000
        assert capture.progress.status is Status.CUT
        (problem,) = capture.progress.problems
    assert problem.reason == "shrunk"
    assert problem.message.startswith(
        f"the file became shorter while it was read ({len(data)} bytes, and then no more"
    )


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("seed", range(3))
def test_file_that_is_cut_while_the_program_reads_is_complete_only_if_it_was(
    tmp_path: Path, jobs: str, seed: int
) -> None:
    path, rng = tmp_path / "a.pcap", random.Random(seed)
    path.write_bytes(captures.healthy(MANY))
    with started("-f", "json", "--jobs", jobs, path, program=EAGER) as process:
        until_reading(path, process)
        time.sleep(rng.uniform(0, 0.1))
        os.truncate(
            path, HEADER + rng.randrange(MANY) * RECORD + 1
        )  # one byte of a record is left over
        done = ended(process)
    capture = only_capture(done)
    assert capture["frames"] <= MANY
    assert (capture["status"] == "complete") == (capture["frames"] == MANY)
    assert done.returncode == (0 if capture["frames"] else 3)


# --- files that grow, move, or are replaced ----------------------------------


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_file_that_grows_is_read_to_where_it_ended(tmp_path: Path, jobs: str) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(captures.healthy(1000))
    more, rng = captures.records(100), random.Random(1)
    written = 1000
    with (
        started("-f", "json", "--jobs", jobs, path, program=EAGER) as process,
        open(path, "ab", buffering=0) as file,
    ):
        while (
            process.poll() is None and written < 300_000
        ):  # in pieces, as a capture tool flushes its buffers
            split = rng.randrange(len(more))
            file.write(more[:split])
            file.write(more[split:])
            written += 100
        done = ended(process)
    capture = only_capture(done)
    assert 1000 <= capture["frames"] <= written
    assert capture["status"] in ("complete", "cut")
    if capture["status"] == "cut":
        assert (
            "if it was still being written, stop the capture first"
            in capture["problems"][0]["message"]
        )


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("what", ["deleted", "replaced"])
def test_file_that_is_rotated_away_gives_a_report_all_the_same(
    tmp_path: Path, jobs: str, what: str
) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(captures.healthy(MANY))
    (tmp_path / "next").write_bytes(captures.healthy(10))
    with started("-f", "json", "--jobs", jobs, path, program=EAGER) as process:
        until_reading(path, process)
        time.sleep(random.Random(jobs + what).uniform(0, 0.05))
        if what == "deleted":
            path.unlink()
        else:
            os.replace(tmp_path / "next", path)
        done = ended(process)
    capture = only_capture(done)
    assert capture["frames"] <= MANY
    if capture["status"] == "complete":
        assert capture["frames"] in (10, MANY)
    if capture["status"] in ("unreadable", "empty"):
        assert capture["frames"] == 0
    assert done.returncode == (0 if capture["frames"] else 3)


# --- pipes -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "status", "frames"),
    [
        (0, "empty", 0),
        (HEADER - 1, "cut", 0),
        (HEADER, "empty", 0),
        (HEADER + 1, "cut", 0),
        (HEADER + 999 * RECORD + 16, "cut", 999),
        (HEADER + 1000 * RECORD - 1, "cut", 999),
        (HEADER + 1000 * RECORD, "complete", 1000),
    ],
)
def test_pipe_whose_writer_is_killed_ends_there(
    tmp_path: Path, size: int, status: str, frames: int
) -> None:
    os.mkfifo(tmp_path / "pipe")
    data = tmp_path / "data"
    data.write_bytes(captures.healthy(1000)[:size])
    writer = (
        "import os, signal, sys\nos.write(1, open(sys.argv[1], 'rb').read())\nos.kill(os.getpid(),"
        " signal.SIGKILL)\n"
    )
    with started("-f", "json", tmp_path / "pipe") as process:
        with writer_to(tmp_path / "pipe", process) as pipe:
            killed = subprocess.run([sys.executable, "-c", writer, data], stdout=pipe, check=False)
        done = ended(process)
    assert killed.returncode == -9
    capture = only_capture(done)
    assert (capture["status"], capture["frames"]) == (status, frames)
    assert done.returncode == (0 if frames else 3)


@pytest.mark.parametrize("codec", ["gzip", "xz"])
def test_decompressor_that_is_killed_upstream_leaves_what_it_gave(
    tmp_path: Path, codec: str
) -> None:
    import importlib

    packed = importlib.import_module({"gzip": "gzip", "xz": "lzma"}[codec]).compress(
        captures.healthy(20_000)
    )
    os.mkfifo(tmp_path / "pipe")
    with started("-f", "json", tmp_path / "pipe") as process:
        with writer_to(tmp_path / "pipe", process) as pipe:
            pipe.write(packed[: len(packed) - 20])
        done = ended(process)
    capture = only_capture(done)
    assert (capture["compression"], capture["status"], done.returncode) == (codec, "cut", 0)
    assert 0 < capture["frames"] <= 20_000
    assert capture["problems"][0]["reason"] == "cut-compressed"


# --- files that are none, and too many ---------------------------------------


def test_file_whose_bytes_cannot_be_read_is_said_and_the_others_count(tmp_path: Path) -> None:
    """The memory of a process is a file of the kernel; nothing is mapped at its first byte, so
    reading fails with EIO.
    """
    (tmp_path / "a.pcap").write_bytes(captures.healthy(100))
    done = run("-f", "json", "/proc/self/mem", tmp_path / "a.pcap")
    assert done.returncode == 3
    broken, good = json.loads(done.stdout)["captures"]
    assert (broken["status"], broken["problems"][0]["reason"]) == ("unreadable", "read-error")
    assert broken["problems"][0]["message"].startswith(
        "reading stopped at byte 0: Input/output error; "
    )
    assert good["frames"] == 100


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_one_file_of_zero_bytes_among_others_is_3_and_the_others_count(
    tmp_path: Path, jobs: str
) -> None:
    for name in ("a.pcap", "c.pcap"):
        (tmp_path / name).write_bytes(captures.healthy(100))
    (tmp_path / "b.pcap").write_bytes(b"")
    done = run(
        "-f", "json", "--jobs", jobs, "a.pcap", "b.pcap", "c.pcap", program=EAGER, cwd=tmp_path
    )
    assert done.returncode == 3
    assert (
        done.stderr
        == b"nvgre-doctor: b.pcap: the file has no bytes at all: the capture was not written, or"
        b" the copy failed\n"
    )
    assert [(c["status"], c["frames"]) for c in json.loads(done.stdout)["captures"]] == [
        ("complete", 100),
        ("empty", 0),
        ("complete", 100),
    ]


@contextmanager
def ten_thousand(folder: Path, data: bytes) -> Iterator[Path]:
    """A folder with 10,000 captures, which is gone afterwards: they would slow down the next run of
    the tests.
    """
    folder.mkdir()
    (folder / "00000.pcap").write_bytes(data)
    for number in range(1, 10_000):
        os.link(folder / "00000.pcap", folder / f"{number:05}.pcap")
    yield folder
    shutil.rmtree(folder)


def test_ten_thousand_files_need_few_descriptors_and_little_memory(tmp_path: Path) -> None:
    with ten_thousand(tmp_path / "in", captures.healthy(2)) as folder:
        for jobs, program in (("1", PROGRAM), ("2", EAGER)):
            limited = ["sh", "-c", 'ulimit -n 24; exec "$@"', "sh", *program]
            arguments = ("--jobs", jobs, "-o", "json=out.json", "-o", "text=out.txt", folder)
            done, peak = run_for_memory(*arguments, program=limited, cwd=tmp_path)
            said = b"HEALTHY  All 2 hosts probably speak RFC 7637; nothing is refused.\n"
            assert (done.returncode, done.stdout, done.stderr) == (0, said, b"")
            assert peak < 100 * 1024  # KiB
            report = json.loads((tmp_path / "out.json").read_bytes())
            assert len(report["captures"]) == 10_000
            assert (report["summary"]["frames"], len(report["hosts"])) == (20_000, 2)


def test_ten_thousand_damaged_files_are_all_told(tmp_path: Path) -> None:
    with ten_thousand(tmp_path / "in", captures.HEADER + b"\0") as folder:
        done = run("-o", "json=out.json", "-o", "markdown=out.md", folder, cwd=tmp_path)
    assert (done.returncode, done.stderr.count(b"\n")) == (3, 10_000)
    report = json.loads((tmp_path / "out.json").read_bytes())
    assert [finding["code"] for finding in report["findings"]] == ["NVG101"] * 10_000
    assert (tmp_path / "out.md").stat().st_size < 1024 * 1024  # what GitHub takes


def test_memory_does_not_grow_with_the_length_of_a_capture(tmp_path: Path) -> None:
    peaks = []
    for megabytes in (5, 60):
        captures.write_slow(tmp_path / "a.bz2", megabytes)
        done, peak = run_for_memory("-q", tmp_path / "a.bz2")
        assert done.returncode == 0
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 8 * 1024  # KiB


def test_folder_that_holds_itself_and_things_that_are_no_files_ends(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(captures.healthy(2))
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it
    done = run("-f", "json", tmp_path)
    assert done.returncode == 0
    assert only_capture(done)["path"] == str(tmp_path / "a.pcap")


def test_working_directory_that_was_deleted_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    need("rmdir")
    script = 'cd "$1"; rmdir "$1"; shift; exec "$@"'
    sample = ROOT / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"
    for args, code in (([sample], 1), (["lab.pcap"], 3), (["-o", "out.txt", sample], 2)):
        (tmp_path / "gone").mkdir(exist_ok=True)
        done = run(*args, program=["sh", "-c", script, "sh", str(tmp_path / "gone"), *PROGRAM])
        assert (done.returncode, b"Traceback" in done.stderr) == (code, False), done.stderr
