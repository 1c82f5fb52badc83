"""Workers that are killed, stopped, signalled or left alone: one clear message, exit code 70, no
hang, no orphan.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from nvgre_doctor.capture import Cursor, open_capture
from nvgre_doctor.scan import files
from tests.faults import captures
from tests.faults.program import (
    EAGER,
    ROOT,
    children,
    ended,
    environment,
    has_open,
    members,
    run,
    started,
    state,
    until,
    until_gone,
    writer_to,
)

pytestmark = pytest.mark.process

MISMATCH = ROOT / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"
HEALTHY = b"HEALTHY  All 2 hosts speak RFC 7637; nothing is refused.\n"
KILLED = (
    b"nvgre-doctor: a worker process was killed with SIGKILL, perhaps for lack of memory."
    b" Try fewer processes, or --jobs 1.\n"
)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two captures that take some seconds to read."""
    folder = tmp_path_factory.mktemp("slow")
    for name in ("a", "b"):
        captures.write_slow(folder / f"{name}.pcap.bz2", 600)
    return folder / "a.pcap.bz2", folder / "b.pcap.bz2"


def two_workers(process: subprocess.Popen[bytes]) -> list[int]:
    workers: list[int] = until(
        lambda: found if len(found := children(process.pid)) == 2 else None, process
    )
    return workers


@pytest.mark.parametrize("victims", [[0], [1], [0, 1]], ids=["first", "second", "both"])
def test_killed_worker_is_one_clear_message_and_70(
    slow: tuple[Path, Path], tmp_path: Path, victims: Sequence[int]
) -> None:
    with started(
        "--jobs", "2", "-o", "json=out.json", *slow, program=EAGER, cwd=tmp_path
    ) as process:
        workers = two_workers(process)
        for victim in victims:
            os.kill(workers[victim], signal.SIGKILL)
        done = ended(process)
    assert (done.returncode, done.stdout, done.stderr) == (70, b"", KILLED)
    assert os.listdir(tmp_path) == []


def test_worker_killed_in_the_middle_of_its_result_is_no_hang(tmp_path: Path) -> None:
    """Half a message in a pipe, while another worker is alive: the classic of process pools."""
    paths = tmp_path / "a.pcap", tmp_path / "b.pcap"
    for path in paths:
        captures.write_wide(path, 40_000)  # what was seen of it is much more than a pipe holds
    with started("--jobs", "2", "-q", *paths, program=EAGER) as process:
        workers = two_workers(process)
        for worker in workers:  # each waits for the other one in the middle of its capture
            until(partial(has_open, worker, *paths), process)
            os.kill(worker, signal.SIGSTOP)
        os.kill(
            process.pid, signal.SIGSTOP
        )  # nobody takes the results: both workers wait with half of theirs written
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        until(lambda: all(_waits_to_write(worker) for worker in workers), process)
        os.kill(workers[1], signal.SIGKILL)
        os.kill(process.pid, signal.SIGCONT)
        done = ended(process)
    assert (done.returncode, done.stdout, done.stderr) == (70, b"", KILLED)


def _waits_to_write(pid: int) -> bool:
    """In the system call write(2) and asleep: the first field of /proc/PID/syscall is its number, 1
    on x86-64, 64 on arm64.
    """
    number = Path(f"/proc/{pid}/syscall").read_text().split()[0]
    return state(pid) == "S" and number == {"x86_64": "1", "aarch64": "64"}[os.uname().machine]


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=["TERM", "INT", "HUP"]
)
def test_signal_to_a_worker_alone_changes_nothing(tmp_path: Path, number: int) -> None:
    """The main process decides.  `kill` of the wrong process costs no report."""
    for name in ("a.pcap.bz2", "b.pcap.bz2"):
        captures.write_slow(tmp_path / name, 20)
    with started("--jobs", "2", "-q", *tmp_path.iterdir(), program=EAGER) as process:
        for worker in two_workers(process):
            os.kill(worker, number)
        done = ended(process)
    assert (done.returncode, done.stdout, done.stderr) == (0, HEALTHY, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_worker_that_does_not_answer_does_not_keep_the_program_from_ending(
    slow: tuple[Path, Path], number: int
) -> None:
    with started("--jobs", "2", "-q", *slow, program=EAGER) as process:
        os.kill(two_workers(process)[0], signal.SIGSTOP)
        process.send_signal(number)
        done = ended(process)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (
        130,
        b"",
        b"nvgre-doctor: interrupted",
    )


def test_workers_of_a_killed_program_end_by_themselves(slow: tuple[Path, Path]) -> None:
    with started("--jobs", "2", "-q", *slow, program=EAGER, stderr=subprocess.DEVNULL) as process:
        workers = two_workers(process)
        process.kill()
        process.wait()
        until_gone(workers)
        assert members(process.pid) == []


def test_exception_in_a_worker_is_an_internal_error_that_names_it(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from nvgre_doctor.scan import files\n"
        "def deep(*args): raise RecursionError('too \\x1b[31m deep\\n::error::x')\n"
        "files.WORTH_A_PROCESS = 1 << 12\n"
        "files.Scanner = deep\n"  # workers are forked, so they have it too
        "import multiprocessing; multiprocessing.set_start_method('fork')\n"
        "from nvgre_doctor.cli import main\n"
        "sys.exit(main())\n"
    )
    for name in ("a.pcap", "b.pcap"):
        (tmp_path / name).write_bytes(captures.healthy(100))
    done = run("--jobs", "2", "-q", *tmp_path.iterdir(), program=[sys.executable, "-c", script])
    assert (done.returncode, done.stdout) == (70, b"")
    assert (
        done.stderr
        == b"nvgre-doctor: internal error: RuntimeError: in a worker process: RecursionError: too"
        b" \\x1b[31m deep\\n::error::x\nPlease report it, with the output of the same command"
        b" under NVGRE_DOCTOR_DEBUG=1.\n"
    )
    loud = run(
        "--jobs",
        "2",
        "-q",
        *tmp_path.iterdir(),
        program=[sys.executable, "-c", script],
        env=environment(NVGRE_DOCTOR_DEBUG="1"),
    )
    assert b"in deep\n" in loud.stderr  # where it happened, in the worker
    assert b"\x1b" not in loud.stderr
    assert not [line for line in loud.stderr.splitlines() if line.lstrip().startswith(b"::")]


# --- the same report with any number of processes ----------------------------


def reports(*inputs: Path | str, **options: object) -> list[bytes]:
    """The JSON of one, two and five processes."""
    return [
        run("-f", "json", "--jobs", jobs, *inputs, program=EAGER, **options).stdout
        for jobs in ("1", "2", "5")
    ]


def test_parts_of_damaged_empty_and_missing_files_give_the_same_report(tmp_path: Path) -> None:
    (tmp_path / "whole.pcap").write_bytes(captures.healthy(600))
    (tmp_path / "cut.pcap").write_bytes(captures.healthy(600)[:-7])
    damaged = bytearray(captures.healthy(600))
    at = len(captures.HEADER) + 250 * captures.RECORD
    damaged[at + 8 : at + 12] = b"\xff\xff\xff\xff"  # the length of frame 251
    (tmp_path / "damaged.pcap").write_bytes(damaged)
    (tmp_path / "whole.pcapng").write_bytes(captures.healthy_pcapng(600))
    (tmp_path / "cut.pcapng").write_bytes(captures.healthy_pcapng(600)[:-5])
    (tmp_path / "zero.pcap").write_bytes(b"")
    names = [
        "whole.pcap",
        "cut.pcap",
        "damaged.pcap",
        "whole.pcapng",
        "cut.pcapng",
        "zero.pcap",
        "missing.pcap",
    ]
    one, two, five = reports(*names, cwd=tmp_path)
    assert one == two == five
    assert [(c["path"], c["status"], c["frames"]) for c in json.loads(one)["captures"]] == [
        ("whole.pcap", "complete", 600),
        ("cut.pcap", "cut", 599),
        ("damaged.pcap", "cut", 250),
        ("whole.pcapng", "complete", 600),
        ("cut.pcapng", "cut", 599),
        ("zero.pcap", "empty", 0),
        ("missing.pcap", "unreadable", 0),
    ]


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_standard_input_is_read_by_the_process_that_has_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.pcap").write_bytes(captures.healthy(100))
    (tmp_path / "b.pcap").write_bytes(captures.healthy(100))
    found = []
    for jobs in ("1", "2"):
        with open(MISMATCH, "rb") as stdin:
            done = run(
                "-f",
                "json",
                "--jobs",
                jobs,
                "a.pcap",
                name,
                "b.pcap",
                program=EAGER,
                cwd=tmp_path,
                stdin=stdin,
            )
        found.append(done.stdout)
        assert [(c["path"], c["frames"]) for c in json.loads(done.stdout)["captures"]] == [
            ("a.pcap", 100),
            (name, 36),
            ("b.pcap", 100),
        ]
    assert found[0] == found[1]


def test_named_pipe_is_read_beside_files_that_workers_read(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(captures.healthy(100))
    (tmp_path / "b.pcap").write_bytes(captures.healthy(100))
    os.mkfifo(tmp_path / "pipe")
    with started(
        "-f", "json", "--jobs", "2", "a.pcap", "pipe", "b.pcap", program=EAGER, cwd=tmp_path
    ) as process:
        with writer_to(tmp_path / "pipe", process) as writer:
            writer.write(captures.healthy(50))
        done = ended(process)
    assert [c["frames"] for c in json.loads(done.stdout)["captures"]] == [100, 50, 100]


@pytest.mark.parametrize("open_files", [5, 6, 8, 12])
def test_limit_that_forbids_workers_costs_speed_only(tmp_path: Path, open_files: int) -> None:
    """`ulimit -n`: where no pipe to a worker can be made, fewer of them or the main process
    read.
    """
    (tmp_path / "a.pcap").write_bytes(captures.healthy(100))
    (tmp_path / "b.pcap").write_bytes(captures.healthy(100))
    limited = ["sh", "-c", f'ulimit -n {open_files}; exec "$@"', "sh", *EAGER]
    done = run("--jobs", "5", "-q", "a.pcap", "b.pcap", program=limited, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, HEALTHY, b"")


@pytest.mark.parametrize(
    ("jobs", "kilobytes"),
    [("1", 60_000), ("1", 90_000), ("2", 60_000), ("2", 80_000), ("2", 100_000)],
)
def test_too_little_memory_is_70_and_one_clear_line(
    tmp_path: Path, jobs: str, kilobytes: int
) -> None:
    """`ulimit -v`: whoever of the main process and the workers feels it first."""
    for name in ("a.pcap", "b.pcap"):
        captures.write_wide(tmp_path / name, 5000)
    limited = ["sh", "-c", f'ulimit -v {kilobytes}; exec "$@"', "sh", *EAGER]
    done = run("--jobs", jobs, "-o", "text=out", "a.pcap", "b.pcap", program=limited, cwd=tmp_path)
    assert done.stdout == b""
    if done.returncode == 0:
        assert (tmp_path / "out").read_bytes().startswith(b"HEALTHY  All 5000 hosts speak RFC 7637")
    else:
        assert (done.returncode, done.stderr) == (
            70,
            b"nvgre-doctor: there is not enough memory. Give fewer captures at once.\n",
        )
        assert not (tmp_path / "out").exists()


def test_damage_that_a_wrong_boundary_hid_ends_the_reading_where_one_reader_ends_it(
    tmp_path: Path,
) -> None:
    """Three parts; the guessed beginning of the second one lies behind a damaged record that the
    first one did not reach.
    """
    damaged = bytearray(captures.healthy(60))

    def offset(frame: int) -> int:
        return len(captures.HEADER) + (frame - 1) * captures.RECORD

    damaged[offset(30) + 8 : offset(30) + 12] = b"\xff\xff\xff\xff"
    path = tmp_path / "a.pcap"
    path.write_bytes(damaged)
    with open_capture(path) as capture:
        ((first, _),) = capture.parts(1)
    begins = [first, Cursor(offset(31), first.state), Cursor(offset(45), first.state)]
    stops = [offset(20), offset(45), None]
    size = path.stat().st_size
    stretches = [files._Stretch(str(path), *ends, size) for ends in zip(begins, stops, strict=True)]
    found = files._join(
        stretches, [files._read(stretch, lambda count: None) for stretch in stretches]
    )
    (alone,) = files.read_captures([str(path)], 1, None)
    assert found == alone
    assert (found.progress.frames, found.progress.problems[0].reason) == (29, "record-length")
