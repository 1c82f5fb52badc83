"""What rules make: findings, what they are about, and the frames that they name."""

from collections.abc import Iterable
from heapq import nsmallest
from typing import NamedTuple

from nvgre_doctor.infer.at import At
from nvgre_doctor.vocabulary import Confidence, Severity


class FrameRef(NamedTuple):
    """One frame: index into `Report.captures`, 1-based number as Wireshark shows it, nanoseconds
    since 1970 (None: no time).
    """

    capture: int
    frame: int
    time_ns: int | None = None


class CaptureFilter(NamedTuple):
    """A display filter that shows the frames of a finding in one capture, by their numbers."""

    capture: int  # index into `Report.captures`
    display_filter: str


class Subject(NamedTuple):
    """What a finding is about: kind "host" (one host), "pair" or "flow" (two hosts), "capture" (an
    index, or None for all).
    """

    kind: str
    hosts: tuple[str, ...] = ()
    capture: int | None = None


class Finding(NamedTuple):
    """One thing worth telling, with its evidence and the next step."""

    code: str
    severity: Severity
    confidence: Confidence
    message: str
    subject: Subject
    frames: tuple[FrameRef, ...]  # examples, in order
    frame_count: int  # of all its frames
    display_filter: str  # for Wireshark, shows all of them; empty where none applies
    next_step: str
    check: str | None = None  # the command of the next step
    display_filters: tuple[CaptureFilter, ...] = ()
    """Instead of `display_filter`, where it takes frame numbers, which mean something in one
    capture only, and there are several: one for each of the first that hold frames of the
    finding (see `numbered.FILTERED_CAPTURES`)."""


def frame_ref(at: At) -> FrameRef:
    """A frame as reports name it."""
    return FrameRef(at.capture, at.frame_number, at.ts_ns if at.ts_ns >= 0 else None)


def frame_refs(ats: Iterable[At], limit: int) -> tuple[FrameRef, ...]:
    """The first few distinct frames, by capture and number."""
    distinct = {(at.capture, at.frame_number): at for at in ats}
    return tuple(frame_ref(distinct[place]) for place in nsmallest(limit, distinct))
