"""The program as a process group of its own: started, watched from outside, and never left behind.

Knows processes and /proc; knows nothing about captures.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from tests.needs import need_module
from tests.program import plain_signals

fcntl, termios = need_module("fcntl"), need_module("termios")

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = (sys.executable, "-m", "nvgre_doctor")
EAGER: Final = (
    sys.executable,
    "-c",
    "import sys\n"
    "from nvgre_doctor.scan import files\n"
    "files.WORTH_A_THREAD = 1 << 12\n"  # bytes: threads are used for small captures too
    "from nvgre_doctor.cli import main\n"
    "sys.exit(main())\n",
)
"""The program, but it takes a thread for small captures too."""
PATIENCE: Final = 60
"""Seconds after which something hangs."""


def environment(**more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NVGRE_DOCTOR_", "LC_", "LANG"))
    }
    return {**kept, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **more}


@contextmanager
def started(
    *args: str | Path, program: Sequence[str] = PROGRAM, cwd: Path | None = None, **popen: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, running.  Whatever happens, nothing of it is left in the end."""
    options: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        **popen,
    }
    process = subprocess.Popen(
        [*program, *map(str, args)],
        cwd=cwd,
        env=options.pop("env", environment()),
        start_new_session=True,
        # pytest has no threads here.
        preexec_fn=options.pop("preexec_fn", plain_signals),  # noqa: PLW1509
        **options,
    )
    try:
        yield process
    finally:
        for pid in members(process.pid):
            with suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        if process.returncode is None:
            process.communicate()


def run(*args: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The program from start to end; it must leave no process behind."""
    with started(*args, **options) as process:
        return ended(process)


_TELLS_PEAK: Final = """import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def run_for_memory(
    *args: str | Path, program: Sequence[str] = PROGRAM, **options: Any
) -> tuple[subprocess.CompletedProcess[bytes], int]:
    """The program from start to end, and the memory in KiB that the largest of its processes had at
    its peak.

    Linux lets a process begin with the peak of the one that started it, and the tests grow larger
    than the program ever is.  So a small process stands between them: it starts the program, and
    adds the program's peak to its output.
    """
    done = run(*args, program=[sys.executable, "-c", _TELLS_PEAK, *program], **options)
    *out, peak = done.stdout.splitlines(keepends=True)
    done.stdout = b"".join(out)
    return done, int(peak)


def ended(process: subprocess.Popen[bytes]) -> subprocess.CompletedProcess[bytes]:
    """How it ended; it must leave no process behind."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"it hangs; its processes: {members(process.pid)}") from None
    assert members(process.pid) == [], "a process was left behind"
    return subprocess.CompletedProcess(process.args, process.returncode, out or b"", err or b"")


def members(session: int) -> list[int]:
    """The living processes of a session, by their ids."""
    return [pid for pid, state, _, owner in _processes() if owner == session and state not in "ZX"]


def children(parent: int) -> list[int]:
    """The living children of a process, in order."""
    return sorted(
        pid for pid, state, ppid, _ in _processes() if ppid == parent and state not in "ZX"
    )


def state(pid: int) -> str:
    """One letter of proc(5): R runs, S sleeps, T is stopped; empty when it is gone."""
    return next((letter for number, letter, _, _ in _processes() if number == pid), "")


def _processes() -> Iterator[tuple[int, str, int, int]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_bytes().decode(errors="replace")
            except OSError:
                continue
            fields = stat.rpartition(")")[2].split()
            yield int(entry), fields[0], int(fields[1]), int(fields[3])


def until(condition: Callable[[], Any], process: subprocess.Popen[bytes]) -> Any:
    """Wait for something that the process will bring about soon, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert process.poll() is None, f"it ended too soon: {process.communicate()}"
        assert time.monotonic() < deadline, "it hangs, or does something else"
        time.sleep(0.001)
    return found


def writer_to(pipe: Path, process: subprocess.Popen[bytes]) -> BinaryIO:
    """The writing end of a named pipe, as soon as the process has opened the other one."""

    def attempt() -> BinaryIO | None:
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads it yet
            return None
        os.set_blocking(descriptor, True)
        return open(descriptor, "wb", buffering=0)

    stream: BinaryIO = until(attempt, process)
    return stream


def is_empty(pipe: BinaryIO) -> bool:
    """Whether all that was written into a pipe has been read."""
    waiting = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(waiting, sys.byteorder) == 0


def until_reading(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the process or one of its workers has opened a file, or has already ended: it can
    be faster than we are.
    """
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and not any(has_open(pid, path) for pid in members(process.pid)):
        assert time.monotonic() < deadline, "it hangs, or does something else"
        time.sleep(0.001)


def has_open(pid: int, *paths: Path) -> bool:
    """Whether a process reads one of these files now."""
    names = set(map(str, paths))
    try:
        return any(os.path.realpath(link) in names for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
