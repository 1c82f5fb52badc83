"""Ctrl-C and SIGTERM at any moment: exit code 130, nothing half-written, no process left behind.
A Ctrl-C while captures are read still gives the report about what was read.

The moments are drawn with a seed.  What is asserted holds at every moment, so nothing depends on
how fast the machine is.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor.reporters import FORMATS
from tests.faults import captures
from tests.faults.program import (
    EAGER,
    PROGRAM,
    ROOT,
    children,
    ended,
    has_open,
    is_empty,
    run,
    started,
    state,
    until,
    until_reading,
    writer_to,
)
from tests.needs import need

pytestmark = pytest.mark.process

MISMATCH = ROOT / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
TO_PROCESS: Callable[[int, int], None] = os.kill
TO_GROUP: Callable[[int, int], None] = os.killpg  # what a terminal does, and `timeout`


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two captures of 600 MB each, which take some seconds to read."""
    folder = tmp_path_factory.mktemp("slow")
    captures.write_slow(folder / "a.pcap.bz2", 600)
    os.link(folder / "a.pcap.bz2", folder / "b.pcap.bz2")
    return folder / "a.pcap.bz2", folder / "b.pcap.bz2"


def assert_interrupted(done: subprocess.CompletedProcess[bytes], folder: Path) -> None:
    assert (done.returncode, done.stdout) == (130, b"")
    assert done.stderr.strip() == b"nvgre-doctor: interrupted"
    assert os.listdir(folder) == []


def assert_reported(done: subprocess.CompletedProcess[bytes], folder: Path) -> dict[str, Any]:
    """The report of a run that a Ctrl-C ended while it read."""
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith(
        b"nvgre-doctor: interrupted: the report is about what was read before\n"
    )
    assert os.listdir(folder) == ["out.json"]
    report: dict[str, Any] = json.loads((folder / "out.json").read_bytes())
    return report


@pytest.mark.parametrize("send", [TO_PROCESS, TO_GROUP], ids=["process", "group"])
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("seed", range(1))
def test_ctrl_c_while_it_reads_reports_what_was_read(
    slow: tuple[Path, Path],
    tmp_path: Path,
    send: Callable[[int, int], None],
    jobs: str,
    seed: int,
) -> None:
    with started(
        "--jobs", jobs, "-o", "json=out.json", *slow, program=EAGER, cwd=tmp_path
    ) as process:
        until_reading(slow[0], process)
        time.sleep(random.Random(seed).uniform(0, 0.3))
        send(process.pid, signal.SIGINT)
        report = assert_reported(ended(process), tmp_path)
    assert {capture["status"] for capture in report["captures"]} <= {"interrupted", "complete"}
    assert report["captures"][1]["status"] == "interrupted"
    for capture in report["captures"]:
        assert capture["nvgre_frames"] == capture["frames"]


def test_ctrl_c_while_it_waits_for_a_pipe_diagnoses_what_came(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "out"
    os.mkfifo(pipe)
    folder.mkdir()
    with (
        started("-o", "json=out.json", pipe, program=EAGER, cwd=folder) as process,
        writer_to(pipe, process) as writer,
    ):
        writer.write(captures.healthy(1000))
        until(lambda: is_empty(writer) and state(process.pid) == "S", process)
        os.kill(process.pid, signal.SIGINT)
        report = assert_reported(ended(process), folder)
    (capture,) = report["captures"]
    assert (capture["status"], capture["frames"]) == ("interrupted", 1000)
    assert capture["problems"][0]["reason"] == "interrupted"
    assert report["verdict"] != "unreadable"


@pytest.mark.parametrize("frames", [8, 1000])  # less, and more, than is read to tell the format
def test_ctrl_c_while_it_waits_for_standard_input_diagnoses_what_came(
    frames: int, tmp_path: Path
) -> None:
    with started(
        "-o", "json=out.json", "-", program=EAGER, cwd=tmp_path, stdin=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(captures.healthy(frames))
        process.stdin.flush()
        until(lambda: is_empty(process.stdin) and state(process.pid) == "S", process)
        os.kill(process.pid, signal.SIGINT)
        report = assert_reported(ended(process), tmp_path)
    (capture,) = report["captures"]
    assert (capture["status"], capture["frames"]) == ("interrupted", frames)


def test_ctrl_c_before_the_first_frame_is_an_interruption_and_no_health(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "out"
    os.mkfifo(pipe)
    folder.mkdir()
    with (
        started("-o", "json=out.json", pipe, cwd=folder) as process,
        writer_to(pipe, process) as writer,
    ):
        writer.write(captures.healthy(2)[:10])
        until(lambda: is_empty(writer) and state(process.pid) == "S", process)
        os.kill(process.pid, signal.SIGINT)
        done = ended(process)
    assert done.returncode == 130
    report = json.loads((folder / "out.json").read_bytes())
    assert report["verdict"] == "unreadable"
    assert report["captures"][0]["frames"] == 0


def test_ctrl_c_writes_no_baseline(slow: tuple[Path, Path], tmp_path: Path) -> None:
    with started("-q", "--write-baseline", "accepted.json", *slow, cwd=tmp_path) as process:
        until_reading(slow[0], process)
        process.send_signal(signal.SIGINT)
        done = ended(process)
    assert (done.returncode, os.listdir(tmp_path)) == (130, [])
    assert b"no baseline was written, because not every capture was read to its end" in done.stderr


TERMINATED = pytest.mark.parametrize("number", [signal.SIGTERM], ids=["TERM"])


@TERMINATED
@pytest.mark.parametrize("send", [TO_PROCESS, TO_GROUP], ids=["process", "group"])
@pytest.mark.parametrize("seed", range(1))
def test_signal_while_one_process_reads(
    slow: tuple[Path, Path],
    tmp_path: Path,
    number: int,
    send: Callable[[int, int], None],
    seed: int,
) -> None:
    with started("-o", "json=out.json", *slow, cwd=tmp_path) as process:
        until_reading(slow[0], process)
        time.sleep(random.Random(seed).uniform(0, 0.3))
        send(process.pid, number)
        assert_interrupted(ended(process), tmp_path)


@TERMINATED
@pytest.mark.parametrize("send", [TO_PROCESS, TO_GROUP], ids=["process", "group"])
@pytest.mark.parametrize("seed", range(2))
def test_signal_while_threads_start_and_read(
    slow: tuple[Path, Path],
    tmp_path: Path,
    number: int,
    send: Callable[[int, int], None],
    seed: int,
) -> None:
    with started(
        "--jobs", "2", "-o", "json=out.json", *slow, program=EAGER, cwd=tmp_path
    ) as process:
        until_reading(slow[0], process)
        time.sleep(random.Random(seed).uniform(0, 0.1) ** 2 * 30)  # mostly near the start
        send(process.pid, number)
        assert_interrupted(ended(process), tmp_path)


def test_hangup_of_the_terminal_is_an_interruption_too(
    slow: tuple[Path, Path], tmp_path: Path
) -> None:
    with started(
        "--jobs", "2", "-o", "json=out.json", *slow, program=EAGER, cwd=tmp_path
    ) as process:
        until_reading(slow[0], process)
        os.killpg(process.pid, signal.SIGHUP)
        assert_interrupted(ended(process), tmp_path)


@SIGNALS
def test_impatient_second_signal_ends_the_program_at_once(
    slow: tuple[Path, Path], tmp_path: Path, number: int
) -> None:
    with started(
        "--jobs", "2", "-o", "json=out.json", *slow, program=EAGER, cwd=tmp_path
    ) as process:
        until_reading(slow[0], process)
        for _ in range(20):
            os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)
        # By the second Ctrl-C, or by an exit code when the first one was enough.
        assert process.returncode in ((130, -number) if number == signal.SIGINT else (130,))
        assert b"Traceback" not in err
    # After a Ctrl-C the report may have been written, and its verdict told, when the second one
    # came.
    is_told = number == signal.SIGINT and os.listdir(tmp_path) == ["out.json"]
    assert out.count(b"\n") <= is_told
    assert is_told or os.listdir(tmp_path) == []


def test_signal_that_was_ignored_stays_ignored(tmp_path: Path) -> None:
    """`nohup nvgre-doctor`: the hangup changes nothing."""
    os.mkfifo(tmp_path / "pipe")

    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with started("-q", tmp_path / "pipe", preexec_fn=nohup) as process:
        with writer_to(tmp_path / "pipe", process) as pipe:
            pipe.write(captures.healthy(1000))
            os.kill(process.pid, signal.SIGHUP)
            pipe.write(captures.records(1000))
        done = ended(process)
    assert (done.returncode, done.stdout) == (
        0,
        b"HEALTHY  All 2 hosts speak RFC 7637; nothing is refused.\n",
    )


@TERMINATED
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_signal_while_it_waits_for_a_pipe(
    slow: tuple[Path, Path], tmp_path: Path, number: int, jobs: str
) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "out"
    os.mkfifo(pipe)
    folder.mkdir()
    with (
        started("--jobs", jobs, "-o", "json=out.json", pipe, program=EAGER, cwd=folder) as process,
        writer_to(pipe, process) as writer,
    ):
        writer.write(captures.healthy(1000)[:-7])
        # A signal just before a read would be told after it, and here nothing more comes.
        until(lambda: is_empty(writer) and state(process.pid) == "S", process)
        os.kill(process.pid, number)
        assert_interrupted(ended(process), folder)


# --- while it writes ---------------------------------------------------------

OUTPUTS = [f"{name}={number}.{name}" for number in range(5) for name in FORMATS]


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What each output holds when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("complete")
    done = run(*arguments(), cwd=folder)
    assert done.returncode == 1, done.stderr
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def arguments() -> list[str]:
    return [*(word for output in OUTPUTS for word in ("-o", output)), str(MISMATCH)]


@SIGNALS
@pytest.mark.parametrize("seed", range(3))
def test_signal_while_reports_are_written_leaves_whole_files_only(
    complete: dict[str, bytes], tmp_path: Path, number: int, seed: int
) -> None:
    with started(*arguments(), program=PROGRAM, cwd=tmp_path) as process:
        until(lambda: os.listdir(tmp_path), process)
        time.sleep(random.Random(seed).uniform(0, 0.05))
        process.send_signal(number)
        done = ended(process)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {name: complete[name] for name in written}
    # The plain signal: it came when all was written, and the interpreter was already closing down.
    assert done.returncode in (130, 1, -number)
    assert done.stderr.strip() == (b"nvgre-doctor: interrupted" if done.returncode == 130 else b"")
    if done.returncode != 130:
        assert written == complete


@pytest.mark.parametrize("seed", range(2))
def test_kill_while_reports_are_written_leaves_no_half_report_under_its_name(
    complete: dict[str, bytes], tmp_path: Path, seed: int
) -> None:
    with started(*arguments(), cwd=tmp_path) as process:
        until(lambda: os.listdir(tmp_path), process)
        time.sleep(random.Random(seed).uniform(0, 0.05))
        process.kill()
        ended(process)
    for path in tmp_path.iterdir():
        # What nobody could clean up any more can be told by its name.
        assert path.match(".nvgre-doctor-*.tmp") or path.read_bytes() == complete[path.name]


@TERMINATED
def test_report_of_last_week_survives_an_interruption(
    slow: tuple[Path, Path], tmp_path: Path, number: int
) -> None:
    (tmp_path / "out.json").write_text("last week")
    with started("-o", "out.json", *slow, cwd=tmp_path) as process:
        until_reading(slow[0], process)
        process.send_signal(number)
        assert ended(process).returncode == 130
    assert os.listdir(tmp_path) == ["out.json"]
    assert (tmp_path / "out.json").read_text() == "last week"


@SIGNALS
@pytest.mark.parametrize("seed", range(2))
def test_signal_while_a_capture_is_annotated_leaves_no_file(
    tmp_path: Path, number: int, seed: int
) -> None:
    captures_in, folder = tmp_path / "in.pcap", tmp_path / "out"
    captures_in.write_bytes(captures.healthy(300_000))
    folder.mkdir()
    with started("annotate", captures_in, "-o", "out.pcapng", cwd=folder) as process:
        until(lambda: os.listdir(folder), process)
        time.sleep(random.Random(seed).uniform(0, 0.2))
        process.send_signal(number)
        assert_interrupted(ended(process), folder)


def test_timeout_of_coreutils_ends_the_program(slow: tuple[Path, Path], tmp_path: Path) -> None:
    """It sends SIGTERM to the program and then to the whole group: twice to the program.

    Its clock tells it by SIGALRM.  Here the test does so, when the program reads: how fast the
    machine is does not matter.
    """
    program = [need("timeout"), "60", *EAGER]
    with started(
        "--jobs", "2", "-o", "json=out.json", *slow, program=program, cwd=tmp_path
    ) as process:
        (main,) = until(lambda: children(process.pid), process)
        until(partial(has_open, main, slow[0]), process)
        process.send_signal(signal.SIGALRM)
        done = ended(process)
    assert (done.returncode, done.stdout) == (124, b"")
    assert done.stderr.strip() == b"nvgre-doctor: interrupted"
    assert os.listdir(tmp_path) == []
