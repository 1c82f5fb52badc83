"""Processes and network namespaces that end with the test run, whatever ends it.

Knows processes, namespaces and waiting; knows nothing about tunnels or captures.  A namespace has
no name: it lives as long as its holder process, and everything in it (links, taps, firewall rules)
goes with it.  Each process is ended by its own id, and is asked to die with the test run
(PR_SET_PDEATHSIG), so that even a killed run leaves nothing behind.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType

DEADLINE_S = 20.0
"""How long anything that normally takes milliseconds may take on a busy machine."""

SETTINGS = """
cd /proc/sys/net
for f in ipv6/conf/*/disable_ipv6; do [ ! -e $f ] || echo 1 >$f; done
for f in ipv4/conf/*/rp_filter; do echo 0 >$f; done
echo 0 >ipv4/icmp_ratelimit
"""
"""No unasked IPv6 traffic; frames may come in on another interface than the one with the address;
every ICMP error is
sent, however many there are."""


class LabError(Exception):
    """The lab itself does not work: nothing is said about the program under test."""


def wait_until(what: str, is_true: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Poll `is_true`; LabError names `what` when it does not come true."""
    end = time.monotonic() + deadline_s
    while not is_true():
        if time.monotonic() > end:
            raise LabError(f"waited {deadline_s:g} s in vain for {what}")
        time.sleep(0.02)


def dies_with_us(*argv: str) -> list[str]:
    """The command, killed by the kernel when the process that started it is gone."""
    return ["setpriv", "--pdeathsig", "KILL", *argv]


class Started:
    """One process of the lab, and the file that holds what it says."""

    def __init__(self, argv: Sequence[str], log: Path, env: Mapping[str, str] | None) -> None:
        self._argv = argv
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                dies_with_us(*argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else {**os.environ, **env},
            )
        self.pid = self._process.pid

    @property
    def said(self) -> str:
        """What it has written to standard output and error so far."""
        return self._log.read_text("utf-8", "replace")

    def wait_until_ready(self, is_ready: Callable[[], bool]) -> None:
        """Poll `is_ready`; LabError with what the process said when it ends before."""

        def is_ready_or_dead() -> bool:
            return is_ready() or self._process.poll() is not None

        wait_until(f"{' '.join(self._argv)}, which said: {self.said}", is_ready_or_dead)
        if self._process.poll() is not None:
            raise LabError(
                f"{' '.join(self._argv)}\nended with {self._process.returncode}: {self.said}"
            )

    def wait(self) -> None:
        """Wait until it has ended by itself."""
        self._process.wait(60)

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """End it, by force if need be; its exit code."""
        self._process.send_signal(with_signal)
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Processes(AbstractContextManager["Processes"]):
    """Everything that one lab started, ended in reverse order, and its temporary folder."""

    def __init__(self) -> None:
        # Not below pytest's tmp_path: the path of a Unix socket is limited to 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix=f"nvgre-lab-{os.getpid()}-"))
        self.pids: list[int] = []
        self._endings = ExitStack()
        self._endings.callback(shutil.rmtree, self.folder)

    def start(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> Started:
        """Start a process in the background."""
        started = Started(argv, self.folder / f"{len(self.pids)}.log", env)
        self._endings.callback(started.end)
        self.pids.append(started.pid)
        return started

    def namespace(self) -> "Namespace":
        """A new network namespace with its loopback up, without IPv6."""
        holder = self.start(["unshare", "--net", "sleep", "infinity"])
        ours = os.readlink("/proc/self/ns/net")
        holder.wait_until_ready(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != ours)
        namespace = Namespace(holder.pid)
        namespace.run("sh", "-c", SETTINGS)
        namespace.run("ip", "link", "set", "lo", "up")
        return namespace

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._endings.close()


class Namespace:
    """One network namespace, held by the process `pid`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def inside(self, *argv: str) -> list[str]:
        """The command as it runs inside."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", *argv]

    def run(self, *argv: str, stdin: str = "") -> str:
        """Run a command inside to its end; its output.  LabError when it fails."""
        return run(self.inside(*argv), stdin=stdin)

    def ip(self, *commands: str) -> None:
        """Run several `ip` commands as one batch."""
        self.run("ip", "-batch", "-", stdin="\n".join(commands) + "\n")


def run(argv: Sequence[str], *, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
    """Run a command of the lab to its end; its output.  LabError when it fails."""
    done = subprocess.run(
        dies_with_us(*argv),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=None if env is None else {**os.environ, **env},
    )
    if done.returncode != 0:
        raise LabError(
            f"{' '.join(argv)}\nexit {done.returncode}:"
            f" {done.stderr.strip() or done.stdout.strip()}\n{stdin}"
        )
    return done.stdout
