"""The program, for tests that use it as its readers do: in this process, or as one of its own.

`run` is the twin of `run_process`: same arguments, same answer, without the start of a Python.  A
test whose subject is the process itself (signals, pipes, closed streams, the encoding of a console,
what is imported) takes `run_process` and the marker `process`.
tests/test_program.py compares the two.
"""

import gc
import io
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from nvgre_doctor.cli import main
from tests.needs import need_module

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_pcaps"
MISMATCH = str(SAMPLES / "01-mismatch-pings-refused.pcapng")
UPDATED = str(SAMPLES / "02-all-updated.pcapng")
ALL_OLD = str(SAMPLES / "03-all-old.pcapng")
VERDICT = (
    b"MISMATCH  192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not."
    b" They cannot talk.\n"
)
"""What is said of MISMATCH where its report goes to a file."""
PROGRAM = [sys.executable, "-m", "nvgre_doctor"]
_OURS = ("NVGRE_DOCTOR_", "_NVGRE_DOCTOR_")


def plain_signals() -> None:
    """A shell that starts jobs in the background makes them deaf to Ctrl-C, and that is
    inherited.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def environment(**more: str) -> dict[str, str]:
    """This environment without what the program would react to."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "COLUMNS", "TERM") and not name.startswith(_OURS)
    }
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **more}


def run(
    *args: str | Path,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run `nvgre-doctor` with these arguments; without `stdin` its standard input is empty."""
    variables = env or {}
    assert not any(name.startswith("PYTHON") for name in variables), (
        "only a process of its own obeys the variables of Python"
    )
    words = [str(arg) for arg in args]
    given = io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin or b"")), encoding="utf-8")
    out, err = _pipe(), _pipe()
    with _surroundings(cwd, environment(**variables)), _streams(given, out, err):
        code = main(words)
        for stream in (out, err):
            stream.flush()  # as the end of a process does
    return subprocess.CompletedProcess([*PROGRAM, *words], int(code), _written(out), _written(err))


def run_process(
    *args: str | Path,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """`run` as a process."""
    return subprocess.run(
        [*PROGRAM, *map(str, args)],
        cwd=cwd,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        env=environment(**(env or {})),
        capture_output=True,
        timeout=60,
        check=False,
    )


def in_terminal(
    *args: str,
    columns: int = 80,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
    with_errors: bool = True,
    cwd: Path | None = None,
) -> str:
    """What the program writes to a terminal of that width (standard output and error alike: a slow
    machine sees a progress bar on standard error).
    """
    pty, termios = need_module("pty"), need_module("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    process = subprocess.Popen(
        [*program, *args],
        cwd=cwd,
        env=environment(**(env or {})),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs if with_errors else subprocess.DEVNULL,
    )
    os.close(theirs)
    written = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            break
        if not data:
            break
        written += data
    process.wait(timeout=60)
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def text_of(
    done: subprocess.CompletedProcess[bytes],
) -> subprocess.CompletedProcess[str]:
    """The same with its outputs as text."""
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def _pipe() -> io.TextIOWrapper:
    """Standard output or error into a pipe, in UTF-8."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def _written(pipe: io.TextIOWrapper) -> bytes:
    inside = pipe.buffer
    assert isinstance(inside, io.BytesIO)
    return inside.getvalue()


@contextmanager
def _streams(
    stdin: io.TextIOWrapper, stdout: io.TextIOWrapper, stderr: io.TextIOWrapper
) -> Iterator[None]:
    """Put these in the place of the standard streams, also of those whose width `shutil` asks."""
    names = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
    before = {name: getattr(sys, name) for name in names}
    for name, stream in zip(names, 2 * (stdin, stdout, stderr), strict=True):
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, stream in before.items():
            setattr(sys, name, stream)


@contextmanager
def _surroundings(cwd: Path | None, variables: Mapping[str, str]) -> Iterator[None]:
    """What a process has of its own: a working directory, an environment, a garbage collector."""
    here, before, collects = os.getcwd(), dict(os.environ), gc.isenabled()
    try:
        _set_environment(variables)
        if cwd is not None:
            os.chdir(cwd)
        yield
    finally:
        os.chdir(here)
        _set_environment(before)
        if collects:
            gc.enable()


def _set_environment(variables: Mapping[str, str]) -> None:
    """Change `os.environ` where it is: modules hold on to it."""
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    for name, value in variables.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    if hasattr(time, "tzset"):
        time.tzset()
