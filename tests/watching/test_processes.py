"""A watch as a process: signals, pipes that are closed, a terminal, and being killed."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.needs import need_module, posix
from tests.program import PROGRAM, environment, in_terminal, plain_signals
from tests.watching.test_watch import mismatch, ring_name
from tests.watching.watched import OLD, RFC, append, pcap, records
from tests.worlds import NOON, SECOND, Tape, Vm

pytestmark = [pytest.mark.process, posix]
SOON = ("--interval", "100ms")


class Running:
    """A watch in the background, and what it has said so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            self.events.append(json.loads(line))

    def wait_for(self, name: str, count: int = 1) -> None:
        until = time.monotonic() + 30
        while len([e for e in self.events if e["event"] == name]) < count:
            assert time.monotonic() < until, self.events
            assert self.process.poll() is None or self._listener.is_alive(), self.events
            time.sleep(0.01)

    def end(self) -> int:
        code = self.process.wait(30)
        self._listener.join()
        return code


@contextmanager
def running(*args: str, stdin: int = subprocess.DEVNULL) -> Iterator[Running]:
    process = subprocess.Popen(
        [*PROGRAM, "watch", *args],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        preexec_fn=plain_signals,  # noqa: PLW1509
    )
    found = Running(process)
    try:
        yield found
    finally:
        process.kill()
        found.end()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])  # Windows lacks the last
def test_one_signal_ends_it_with_the_last_report_and_the_exit_code_of_check(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    with running(str(path), *SOON) as watch:
        watch.wait_for("appeared", 2)
        append(path, records(mismatch(at_s=1)))
        watch.process.send_signal(getattr(signal, name))
        assert watch.end() == 1
    assert watch.events[-1]["reason"] == "interrupted"
    assert watch.events[-1]["summary"]["frames"] == 16  # with what was there by then


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with running(str(path), *SOON) as watch:
        watch.wait_for("started")
        time.sleep(0.3)  # it has set its handlers
        watch.process.send_signal(signal.SIGINT)
        time.sleep(0.1)
        watch.process.send_signal(signal.SIGINT)
        assert watch.end() == -signal.SIGINT  # which a shell calls 130


def test_a_pipe_that_nobody_writes_into_can_be_interrupted() -> None:
    read, write = os.pipe()
    with running("-", *SOON, stdin=read) as watch:
        watch.wait_for("started")
        time.sleep(0.3)
        watch.process.send_signal(signal.SIGINT)
        assert watch.end() == 3  # nothing was read
    os.close(read)
    os.close(write)


def test_it_ends_when_nobody_reads_it_any_more(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    line = f"{' '.join(PROGRAM)} watch {path} {' '.join(SOON)} | head -n 1"
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, env=environment(), timeout=30, check=False
    )
    assert json.loads(done.stdout)["event"] == "started"
    assert done.stderr == b""


def test_killed_at_any_moment_it_goes_on_and_leaves_nothing_out(tmp_path: Path) -> None:
    """What was said twice, if anything, has the number that it had before."""
    ring, state = tmp_path / "ring", tmp_path / "state.json"
    ring.mkdir()
    lives = 6
    said: dict[int, str] = {}
    for life in range(lives):
        with running(str(ring), "--state", str(state), *SOON) as watch:
            watch.wait_for("started")
            tape = Tape(now_ns=NOON + life * SECOND)
            guests = [Vm(f"00:15:5d:0b:0{life}:0{i}", f"10.2.{life}.{i}") for i in (1, 2)]
            tape.ping(f"10.0.{life}.1", f"10.0.{life}.2", RFC, OLD, *guests)
            (ring / ring_name(life + 1)).write_bytes(pcap(tape))
            time.sleep(2 if life == lives - 1 else 0.13 * life)
            watch.process.kill()
            watch.end()
        for event in watch.events:
            if event["event"] == "appeared" and event["finding"]["code"] == "NVG301":
                hosts = " ".join(event["finding"]["subject"]["hosts"])
                assert said.setdefault(event["number"], hosts) == hosts
    assert sorted(said.values()) == [f"10.0.{life}.1 10.0.{life}.2" for life in range(lives)]


def test_on_a_terminal_there_is_a_table_and_in_the_end_the_report(tmp_path: Path) -> None:
    need_module("pty")
    path = tmp_path / "lab\x1b[31m.pcap"
    path.write_bytes(pcap(mismatch()))
    shown = in_terminal("watch", str(path), "--for", "1s", *SOON, columns=120)
    assert "frames/s" in shown
    assert "cannot talk" in shown
    assert "since " in shown
    assert "\x1b[31m.pcap" not in shown
    report = shown.rpartition("\x1b[2K")[2]
    assert "To update (1)" in report
