"""Limits that a system sets: threads, memory of a container, no shared memory; processes that are
stopped for a while, and clocks that jump.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import captures
from tests.faults.program import EAGER, ROOT, ended, environment, run, started, state, until
from tests.needs import need

pytestmark = pytest.mark.process

MISMATCH = ROOT / "sample_pcaps" / "01-mismatch-pings-refused.pcapng"


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    """Two captures, which threads read."""
    paths = [tmp_path / "a.pcap", tmp_path / "b.pcapng"]
    paths[0].write_bytes(captures.healthy(6000))
    paths[1].write_bytes(captures.healthy_pcapng(6000))
    return paths


# --- threads -----------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [0, 1])
def test_where_no_thread_may_be_started_the_report_is_the_same(
    two: list[Path], threads: int
) -> None:
    """Root has no such limit, so it is another user who reads: one without any other process."""
    if os.geteuid() != 0:
        pytest.skip("only root can become such a user")
    rights = "+dac_override,+dac_read_search"  # to read what is root's
    limited = [
        *(need("prlimit"), f"--nproc={1 + threads}", need("setpriv")),
        *(f"--reuid={54_321 + threads}", "--regid=54321", "--clear-groups"),
        *(f"--inh-caps={rights}", f"--ambient-caps={rights}"),
    ]
    code = (
        "import threading, time\n"
        "try:\n"
        "    for number in range(3): threading.Thread(target=time.sleep, args=[1]).start()\n"
        "except RuntimeError: print(number)\n"
    )
    probe = run("-c", code, program=[*limited, sys.executable])
    assert probe.stdout == b"%d\n" % threads, probe.stderr
    done = run("-f", "json", "--jobs", "4", *two, program=[*limited, *EAGER])
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == run("-f", "json", *two).stdout


# --- memory of a container ------------------------------------------------------------------


@pytest.fixture
def group(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A control group with 64 MB, of version 1 or 2."""
    name, megabytes = f"nvgre-doctor-{os.getpid()}", 64 << 20
    for root, limit in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        (Path("/sys/fs/cgroup"), "memory.max"),
    ):
        group = root / name
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(str(megabytes))
        except OSError:
            group.rmdir()
            continue
        yield group
        group.rmdir()
        return
    pytest.skip("THIS FAULT WAS NOT TRIED: there are no control groups for memory here")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_container_with_too_little_memory_is_70_and_one_line(
    group: Path, tmp_path: Path, jobs: str
) -> None:
    """And not a process that the kernel killed."""
    for name in ("a.pcap", "b.pcap"):
        captures.write_wide(tmp_path / name, 40_000)

    def enter() -> None:
        (group / "cgroup.procs").write_text(str(os.getpid()))

    args = ["--jobs", jobs, "-o", "text=out", "a.pcap", "b.pcap"]
    done = run(*args, program=EAGER, cwd=tmp_path, preexec_fn=enter)
    assert (done.returncode, done.stdout, done.stderr) == (
        70,
        b"",
        b"nvgre-doctor: there is not enough memory. Give fewer captures at once.\n",
    )
    assert sorted(os.listdir(tmp_path)) == ["a.pcap", "b.pcap"]
    assert run(MISMATCH, preexec_fn=enter).returncode == 1  # which is small enough


# --- others ------------------------------------------------------------------------------------


def test_no_shared_memory_is_needed(two: list[Path]) -> None:
    need("unshare")
    hide = 'mount -t tmpfs -o ro,nr_inodes=1 none /dev/shm && exec "$@"'
    program = ["unshare", "--mount", "sh", "-c", hide, "sh", *EAGER]
    done = run("-f", "json", "--jobs", "2", *two, program=program)
    if b"unshare" in done.stderr or b"mount" in done.stderr:
        pytest.skip(f"THIS FAULT WAS NOT TRIED: {done.stderr.decode().strip()}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == run("-f", "json", *two).stdout


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_program_that_is_stopped_and_goes_on_gives_the_same_report(
    tmp_path: Path, jobs: str
) -> None:
    """As `kill -STOP`, a debugger, and a laptop that is closed do."""
    path = tmp_path / "a.pcap.bz2"
    captures.write_slow(path, 20)
    with started("-f", "json", "--jobs", jobs, path, path, program=EAGER) as process:
        stops = 0
        while process.poll() is None and stops < 20:
            os.kill(process.pid, signal.SIGSTOP)
            until(lambda: state(process.pid) in ("T", "Z", ""), process)
            os.kill(process.pid, signal.SIGCONT)
            stops += 1
            time.sleep(0.01)
        done = ended(process)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == run("-f", "json", path, path).stdout


@pytest.mark.peer
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_clocks_that_jump_change_nothing(shim: Path, two: list[Path], jobs: str) -> None:
    jumping = environment(LD_PRELOAD=str(shim), FAULT_CLOCK="1")
    told = run("-c", "import time; print(time.time())", program=[sys.executable], env=jumping)
    assert float(told.stdout) in (1.0, float(1 << 33)) or float(told.stdout) % (1 << 33) < 2
    done = run("-f", "json", "--jobs", jobs, *two, program=EAGER, env=jumping)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == run("-f", "json", *two).stdout
