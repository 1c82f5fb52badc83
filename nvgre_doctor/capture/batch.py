"""What every capture reader hands on: batches of frames as columns, and what could not be read.

Knows nothing about packets.  Columns (one list per fact) instead of one object per frame: the scan turns them
over with C-level loops, and that is where the speed comes from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

NO_TIME = -1
"""`ts_ns` of a frame whose block carries no time (pcapng Simple Packet Block)."""


class Status(StrEnum):
    """How far a capture could be read."""

    COMPLETE = "complete"
    CUT = "cut"  # damaged or cut short midway: everything before that point counts
    UNREADABLE = "unreadable"  # not a capture, or not one that we read: nothing counts
    EMPTY = "empty"  # a capture (or a file of zero bytes) without one frame


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a capture, or a part of it, could not be read.  `offset` is in bytes of the uncompressed stream."""

    reason: str  # a short stable word for machines, such as "cut-record"
    offset: int
    message: str  # for people: what happened, where, and what to do next


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where the time of every frame of a batch stands, raw: `size` bytes that begin `distance` bytes before the frame.

    `time_of` makes nanoseconds since 1970 of these bytes.  Batches whose stamps mean the same share one function.
    """

    distance: int
    size: int
    time_of: Callable[[bytes], int]


@dataclass(slots=True)
class Batch:
    """Frames of one linktype that lie in one buffer; column `i` of each list is one frame.

    `starts[i]` is the offset of the frame's first byte in `data`, `lengths[i]` its captured length in bytes,
    `numbers[i]` its 1-based number as Wireshark counts.  `clock(i)` gives its time in integer nanoseconds since 1970, or
    NO_TIME, and `wire_length(i)` its original length; both are worked out only when somebody asks.
    """

    linktype: int
    data: bytes
    starts: list[int]
    lengths: list[int]
    numbers: Sequence[int]
    clock: Callable[[int], int]
    wire_length: Callable[[int], int]
    stamp: Stamp | None = None  # None where frames have no time, or not all in the same place

    def frame(self, index: int) -> bytes:
        """The captured bytes of one frame."""
        start = self.starts[index]
        return self.data[start : start + self.lengths[index]]


@dataclass(slots=True)
class Progress:
    """What a reader knows so far; complete when its batches are exhausted."""

    status: Status = Status.COMPLETE
    frames: int = 0
    numbered: int = 0  # frame numbers used: Wireshark gives some pcapng blocks without a packet a number too
    bytes_read: int = 0  # uncompressed bytes of the capture that were understood
    problems: list[Problem] = field(default_factory=list)
