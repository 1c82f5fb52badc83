"""Several threads: the same report, and one clear message where something fails in one of them."""

import json
import os
import sys
from pathlib import Path

import pytest

from nvgre_doctor.capture import Cursor, open_capture
from nvgre_doctor.scan import files
from tests.faults import captures
from tests.faults.program import (
    EAGER,
    ROOT,
    ended,
    environment,
    run,
    started,
    writer_to,
)

pytestmark = pytest.mark.process

MISMATCH = ROOT / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"
HEALTHY = b"HEALTHY  All 2 hosts speak RFC 7637; nothing is refused.\n"


def test_exception_in_a_thread_is_an_internal_error_that_names_it(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from nvgre_doctor.scan import files\n"
        "def deep(*args): raise RecursionError('too \\x1b[31m deep\\n::error::x')\n"
        "files.WORTH_A_THREAD = 1 << 12\n"
        "files.FrameCounter = deep\n"
        "from nvgre_doctor.cli import main\n"
        "sys.exit(main())\n"
    )
    for name in ("a.pcap", "b.pcap"):
        (tmp_path / name).write_bytes(captures.healthy(100))
    done = run("--jobs", "2", "-q", *tmp_path.iterdir(), program=[sys.executable, "-c", script])
    assert (done.returncode, done.stdout) == (70, b"")
    assert (
        done.stderr == b"nvgre-doctor: internal error: RecursionError: too"
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
    assert b"in deep\n" in loud.stderr  # where it happened, in the thread
    assert b"\x1b" not in loud.stderr
    assert not [line for line in loud.stderr.splitlines() if line.lstrip().startswith(b"::")]


# --- the same report with any number of threads ------------------------------


def reports(*inputs: Path | str, **options: object) -> list[bytes]:
    """The JSON of one, two and five threads."""
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
def test_standard_input_is_read_beside_files(tmp_path: Path, name: str) -> None:
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


def test_named_pipe_is_read_beside_files_that_threads_read(tmp_path: Path) -> None:
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
def test_a_limit_of_open_files_costs_nothing(tmp_path: Path, open_files: int) -> None:
    (tmp_path / "a.pcap").write_bytes(captures.healthy(100))
    (tmp_path / "b.pcap").write_bytes(captures.healthy(100))
    limited = ["sh", "-c", f'ulimit -n {open_files}; exec "$@"', "sh", *EAGER]
    done = run("--jobs", "5", "-q", "a.pcap", "b.pcap", program=limited, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, HEALTHY, b"")


@pytest.mark.parametrize(
    ("jobs", "kilobytes"),
    [("1", 60_000), ("1", 90_000), ("2", 250_000), ("2", 400_000)],
)
def test_too_little_memory_is_70_and_one_clear_line(
    tmp_path: Path, jobs: str, kilobytes: int
) -> None:
    """`ulimit -v`: whichever thread feels it first.  Each takes up to 130 MB of addresses,
    so with less than that it may not even be able to end.
    """
    for name in ("a.pcap", "b.pcap"):
        captures.write_wide(tmp_path / name, 5000)
    limited = ["sh", "-c", f'ulimit -v {kilobytes}; exec "$@"', "sh", *EAGER]
    done = run("--jobs", jobs, "-o", "text=out", "a.pcap", "b.pcap", program=limited, cwd=tmp_path)
    if done.returncode == 0:
        assert done.stdout.startswith(b"HEALTHY  All 5000 hosts probably speak RFC 7637")
        said = (tmp_path / "out").read_bytes()
        assert said.startswith(b"HEALTHY  All 5000 hosts probably speak RFC 7637")  # one frame each
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
    stretches = [files.Stretch(str(path), *ends, size) for ends in zip(begins, stops, strict=True)]
    found = files.join(
        stretches, [files.read_stretch(stretch, lambda count: None) for stretch in stretches]
    )
    alone = files.read_stretch(files.whole(str(path), None), lambda count: None).read
    assert found == alone
    assert (found.progress.frames, found.progress.problems[0].reason) == (29, "record-length")
