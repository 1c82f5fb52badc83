"""A watch whose clock a test sets, and whose events it keeps.  Threads and files are real."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nvgre_doctor.doctor import hear
from nvgre_doctor.report.model import Report
from nvgre_doctor.settings.options import Options
from nvgre_doctor.watching.follow import Pace
from nvgre_doctor.watching.said import Event
from nvgre_doctor.watching.standing import Standing, Wanted
from nvgre_doctor.watching.state import NOTHING, State
from nvgre_doctor.watching.supply import Supply
from nvgre_doctor.watching.watch import Watch
from tests import build
from tests.worlds import NOON, SECOND, Tape

POLL_S = 0.002
ROUNDS = 14
"""Polls after which a reader has seen everything: a folder is listed every ten."""
HEADER = 24
"""Bytes of a pcap file before its first record."""
RFC, OLD, OTHER_OLD = 0x00138900, 0x00001389, 0x0000138A


class SetClock:
    """A clock that moves when a test says so."""

    def __init__(self, ns: int) -> None:
        self.ns = ns

    def now_ns(self) -> int:
        return self.ns

    def wait(self, seconds: float, ended: threading.Event) -> None:
        self.ns += int(seconds * SECOND)


@dataclass
class Kept:
    """An outlet that keeps everything; nobody listens any more if `is_deaf`."""

    events: list[Event] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)
    is_deaf: bool = False

    def say(self, events: Sequence[Event]) -> bool:
        self.events += events
        return not self.is_deaf

    def show(self, report: Report, standing: Standing, *, is_last: bool) -> None:
        self.standings.append(standing)


class Watched:
    """A watch, looked at by hand."""

    def __init__(
        self,
        *supplies: Supply,
        window_s: float | None = 60,
        options: Options | None = None,
        state: State = NOTHING,
        save: Callable[[State], None] | None = None,
        begin_ns: int = NOON,
    ) -> None:
        self.clock, self.kept = SetClock(begin_ns), Kept()
        options = options or Options()
        wanted = Wanted(window_s=window_s)
        self.watch = Watch(
            supplies,
            options,
            hear(options),
            wanted,
            self.kept,
            state=state,
            save=save,
            clock=self.clock,
        )
        for follower in self.watch.followers:
            follower.pace = Pace(POLL_S)

    def settle(self) -> None:
        """Wait until everything that is there has been read."""
        before = [follower.pace.rounds for follower in self.watch.followers]
        until = time.monotonic() + 30
        while not all(
            follower.is_ended or follower.pace.rounds >= rounds + ROUNDS
            for follower, rounds in zip(self.watch.followers, before, strict=True)
        ):
            assert time.monotonic() < until, "nothing is read any more"
            time.sleep(POLL_S)

    def look(self, seconds: float = 0) -> list[tuple[str, str]]:
        """Let time pass, read what is there, and look.  What happened but heartbeats, in short."""
        self.clock.ns += int(seconds * SECOND)
        self.settle()
        at = len(self.kept.events)
        self.watch.look()
        return [short(e) for e in self.kept.events[at:] if e.name != "heartbeat"]

    @property
    def report(self) -> Report:
        assert self.watch.report is not None
        return self.watch.report

    def of(self, *names: str) -> list[Event]:
        """All events of these names."""
        return [event for event in self.kept.events if event.name in names]


def short(event: Event) -> tuple[str, str]:
    """The name of an event, and what it is about."""
    fields: Any = event.fields
    if "finding" in fields:
        return event.name, fields["finding"]["code"]
    if event.name == "host":
        return event.name, f"{fields['address']} {fields['to']}"
    return event.name, Path(fields["path"]).name if "path" in fields else ""


@contextmanager
def watching(*supplies: Supply, **given: Any) -> Iterator[Watched]:
    """Begun, and ended whatever happens."""
    watched = Watched(*supplies, **given)
    watched.watch.begin()
    try:
        yield watched
    finally:
        for follower in watched.watch.followers:
            follower.pace.end()


def pcap(tape: Tape) -> bytes:
    """A file of all frames of a tape."""
    return build.pcap(tape.frames, magic="nano")


def records(tape: Tape) -> bytes:
    """The same without the header of the file."""
    return pcap(tape)[HEADER:]


def append(path: Path, data: bytes) -> None:
    """As a writer does it that keeps its file open."""
    with path.open("ab") as file:
        file.write(data)
