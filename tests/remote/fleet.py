"""A Dask cluster of real processes on loopback: a scheduler, and workers under their nannies."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.needs import need_module
from tests.program import ROOT, environment

PATIENCE = 60.0
_LOGGING = {"DASK_LOGGING__DISTRIBUTED": "debug"}  # secrets are looked for in the logs


class Fleet:
    """The processes, and what they log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self._started = 0
        self.workers: list[subprocess.Popen[bytes]] = []
        place = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        self.scheduler = self._start("scheduler", *place)

    def add_worker(self, *more: str, threads: int = 1, path: Sequence[Path] = (ROOT,)) -> None:
        python_path = os.pathsep.join(map(str, path))
        args = ["--nthreads", str(threads), "--no-dashboard", *more]
        args += ["--local-directory", str(self.folder), "--death-timeout", "60"]
        self.workers.append(self._start("worker", self.address, *args, PYTHONPATH=python_path))

    def wait(self, count: int) -> list[int]:
        """Until there are so many workers: the processes that work, which are not the nannies."""
        return self.wait_until(lambda pids: len(pids) >= count)

    def wait_until(self, are_well: Callable[[list[int]], bool]) -> list[int]:
        distributed = need_module("distributed")
        with distributed.Client(self.address, set_as_default=False) as client:
            until = time.monotonic() + PATIENCE
            while not are_well(pids := sorted(client.run(os.getpid).values())):
                assert time.monotonic() < until, "the workers did not come"
                time.sleep(0.1)
        return pids

    def logs(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.glob("*.log"))

    def stop(self) -> None:
        """At once: each process is a group with those that it started."""
        for process in (*self.workers, self.scheduler):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, *args: str, **more: str) -> subprocess.Popen[bytes]:
        self._started += 1
        log = self.folder / f"{args[0]}-{self._started}.log"
        with open(log, "wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *args],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=environment(**_LOGGING, **more),
                start_new_session=True,
            )


@contextmanager
def fleet(folder: Path, workers: int = 2, *, threads: int = 1) -> Iterator[Fleet]:
    need_module("distributed")
    need_module("fsspec")
    folder.mkdir(exist_ok=True)
    found = Fleet(folder)
    try:
        for _ in range(workers):
            found.add_worker(threads=threads)
        if workers:
            found.wait(workers)
        yield found
    finally:
        found.stop()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
