"""Reads what a supply gives, in a thread of its own, and hands over what was counted since the last
time.

Knows captures and their evidence; decides nothing.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from nvgre_doctor.capture import OpenCapture, capture_from, compression_of
from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.losses import Losses
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.scan.counting import FrameCounter
from nvgre_doctor.vocabulary import Status
from nvgre_doctor.watching.file_marks import Mark, Plan
from nvgre_doctor.watching.follow import (
    BEGINNING,
    EndedError,
    FollowedFile,
    FollowedUnpacked,
    Pace,
    Stops,
)
from nvgre_doctor.watching.supply import Notice, Opened, Supply


class Slice(NamedTuple):
    """What was counted of one file since the slice before; frames are numbered as in the file."""

    file: int  # files of one supply, in the order in which they are read
    path: str
    format: str | None
    compression: str | None
    status: Status  # so far
    frames: int  # of the whole file so far, as all numbers
    numbered: int
    bytes: int
    problems: tuple[Problem, ...]
    losses: Losses
    evidence: CaptureEvidence
    first_ts_ns: int | None  # of this slice
    last_ts_ns: int | None
    is_ended: bool
    when: float | None = None
    """When it was read for the first time; None: now."""


class Taken(NamedTuple):
    """What happened since the last time."""

    opened: list[str]  # files that were begun
    notices: list[Notice]
    slices: list[Slice]
    reads: dict[str, tuple[Mark, bool]]  # as of the supply, when the last slice was cut
    last_number: int | None


@dataclass(slots=True)
class _File:
    """The one that is being read."""

    number: int
    capture: OpenCapture
    counter: FrameCounter
    plan: list[tuple[int, float | None]]
    told: tuple[int, int] = (-1, 0)  # frames and problems of the slice before


@dataclass(slots=True)
class Follower:
    """Reads one supply to its end."""

    supply: Supply
    pace: Pace = field(default_factory=Pace)
    told: Callable[[], None] = lambda: None
    """Called when it has ended."""
    is_ended: bool = False
    error: BaseException | None = None  # what nobody expected
    _file: _File | None = None
    _slices: list[Slice] = field(default_factory=list)
    _opened: list[str] = field(default_factory=list)
    _count: int = 0

    def start(self) -> None:
        """In a thread that does not keep the process."""
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def is_planned(self) -> bool:
        """Whether what was known before a restart is still being read again."""
        return self.supply.is_planned or bool(self._file is not None and self._file.plan)

    def take(self) -> Taken:
        """What happened since the last time."""
        with self.pace.looking():
            if self.error is not None:
                raise self.error
            if self._file is not None:
                self._cut(self._file)
                if self.pace.is_waiting:  # it ends before what a state says was read of it
                    self._file.plan.clear()
            opened, self._opened = self._opened, []
            slices, self._slices = self._slices, []
            notices, self.supply.notices = self.supply.notices, []
            return Taken(opened, notices, slices, self.supply.reads(), self.supply.last_number)

    def _run(self) -> None:
        try:
            with self.pace.reading():
                for opened in self.supply.files(self.pace):
                    self._read(opened)
        except EndedError:
            pass
        except BaseException as error:  # noqa: BLE001  the thread that looks raises it
            self.error = error
        self.is_ended = True
        self.told()

    def _read(self, opened: Opened) -> None:
        self._count += 1
        self._opened.append(opened.path)
        if opened.source is None:
            self._slices.append(self._refused(opened))
            return
        source, stops = opened.source, [offset for offset, _ in opened.plan]
        head = source.fill(b"", 4, min([BEGINNING, *stops]))
        codec = compression_of(head)
        if codec is not None:
            source = FollowedUnpacked(source, head, codec)
            head = source.fill(b"", 4, min([BEGINNING, *stops]))
        capture = capture_from(opened.path, source, head, codec)
        file = self._file = _File(self._count, capture, FrameCounter(), [])
        if isinstance(source, FollowedFile | FollowedUnpacked) and opened.plan:
            self._follow(opened.plan, file, source.stops, len(head))
        for batch in capture.batches(walker=file.counter):
            file.counter.add(batch)
        self._cut(file, is_ended=True)
        self._file = None

    def _follow(self, plan: Plan, file: _File, stops: Stops, begun: int) -> None:
        """Stop at the offsets of a plan, to cut there; so many bytes are read already."""
        file.plan += [(offset, when) for offset, when in plan if offset >= begun]

        def next_stop() -> int | None:
            return file.plan[0][0] if file.plan else None

        def stopped() -> int | None:
            self._cut(file)
            del file.plan[:1]
            return next_stop()

        stops.next, stops.stopped = next_stop(), stopped

    def _cut(self, file: _File, *, is_ended: bool = False) -> None:
        """Put away what was counted since the last time, if anything."""
        progress = file.capture.progress
        told = progress.frames, len(progress.problems)
        if told == file.told and not is_ended:
            return
        file.told = told
        evidence, when = file.counter.take(), None
        if file.plan:
            when = file.plan[0][1]
            if when is None:
                evidence = CaptureEvidence()
        slice = Slice(
            file.number,
            file.capture.path,
            file.capture.format,
            file.capture.compression,
            progress.status,
            progress.frames,
            progress.numbered,
            progress.bytes_read,
            tuple(progress.problems),
            Losses() + progress.losses,
            evidence,
            progress.first_ts_ns,
            progress.last_ts_ns,
            is_ended,
            when,
        )
        progress.first_ts_ns = progress.last_ts_ns = None
        self._slices.append(slice)

    def _refused(self, opened: Opened) -> Slice:
        problems = () if opened.problem is None else (opened.problem,)
        numbers = self._count, opened.path, None, None, Status.UNREADABLE, 0, 0, 0
        return Slice(*numbers, problems, Losses(), CaptureEvidence(), None, None, is_ended=True)
