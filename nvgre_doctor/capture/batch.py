"""What every capture reader hands on: batches of frames as columns, and what could not be read.

Knows nothing about packets.  Columns (one list per fact) instead of one object per frame: readers
make them in loops of few steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import Struct, unpack_from
from typing import Final, NamedTuple, Protocol

from nvgre_doctor.capture.losses import Losses
from nvgre_doctor.vocabulary import Status

NO_TIME = -1
"""`ts_ns` of a frame whose block carries no time (pcapng Simple Packet Block)."""


MAX_FRAME: Final = 262_144
"""Bytes of the longest frame that is believed, as in libpcap and Wireshark (which make an exception
for USB and D-Bus; we do
not: those carry no NVGRE, and memory stays bounded)."""


class Problem(NamedTuple):
    """Why a capture, or a part of it, could not be read.  `offset` is in bytes of the uncompressed
    stream.
    """

    reason: str  # a short stable word for machines, such as "cut-record"
    offset: int
    message: str  # for people: what happened, where, and what to do next


FRAMES_LEFT_OUT: Final = "unknown-interface"
"""Reason of the problem of a capture some of whose frames were left out: whoever seems to be silent
may have sent these.
"""


class Clock(Protocol):
    """From the 8 bytes of a time, as they are stored, to nanoseconds since 1970, or NO_TIME.  Times
    that are stored alike share one clock.
    """

    def __call__(self, stamp: bytes, /) -> int:
        """The time."""

    def __hash__(self) -> int:
        """Clocks are told apart."""


_WORDS: Final = {order: Struct(order + "II").unpack for order in "<>"}


class WordClock(NamedTuple):
    """The clock of times that are two words of 32 bits, as nearly all are.  Times are ticks; who
    counts many frames knows by these fields how to do without calling it each time.
    """

    order: str  # of both words, as in Batch
    are_seconds: bool
    """The first word is seconds, to which the second one is added.  Otherwise they are the upper
    and the lower half of the ticks."""
    per_second: int  # ticks
    offset_ns: int = 0  # to be added

    def __call__(self, stamp: bytes) -> int:
        """NO_TIME for what 64 bits do not hold, years before 1677 and after 2262: only damage says
        so.
        """
        first, second = _WORDS[self.order](stamp)
        ticks = first * (self.per_second if self.are_seconds else 1 << 32) + second
        ns: int = ticks * 10**9 // self.per_second + self.offset_ns
        return ns if -(1 << 63) <= ns < 1 << 63 else NO_TIME


class Batch(NamedTuple):
    """Frames of one linktype and one clock that lie in one buffer; column `i` of each list is one
    frame.

    `stamps[i]` is the offset in `data` of the 8 bytes of its time, which `clock` reads; its
    original length follows 4 bytes behind them, in the byte order `order` ("<" or ">"), and its
    first byte `distance` bytes behind their beginning.  `lengths[i]` is its captured length in
    bytes, `numbers[i]` its 1-based number as Wireshark counts, ascending.

    `time_digits` is how many decimal places of a second the times need, at most 9: 6 for
    microseconds.
    """

    linktype: int
    data: bytes
    stamps: Sequence[int]
    distance: int
    lengths: Sequence[int]
    numbers: Sequence[int]
    order: str
    clock: Clock
    time_digits: int = 9

    def frame(self, index: int) -> bytes:
        """The captured bytes of one frame."""
        start = self.stamps[index] + self.distance
        return self.data[start : start + self.lengths[index]]

    def ts_ns(self, index: int) -> int:
        """The time of one frame."""
        stamp = self.stamps[index]
        return self.clock(self.data[stamp : stamp + 8])

    def wire_length(self, index: int) -> int:
        """The original length of one frame, in bytes."""
        length: int = unpack_from(self.order + "I", self.data, self.stamps[index] + 12)[0]
        return length


@dataclass(slots=True)
class Records:
    """How the records of a capture look, for somebody who walks over them: those of a pcap, or the
    enhanced packet blocks of one section of a pcapng.
    """

    order: str  # as in Batch
    is_pcapng: bool
    distance: int  # as in Batch
    interfaces: list[tuple[int, Clock]] = field(default_factory=list)
    """Linktype and clock of each interface of a section, in order, which may become more; a pcap
    has one.
    """


@dataclass(slots=True)
class Columns:
    """Three columns of a Batch that is being made."""

    stamps: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def drop_from(self, index: int) -> int:
        """Give up the frames from `index` on, which have no numbers yet.  Returns the stamp of the
        first of them.
        """
        stamp = self.stamps[index]
        del self.stamps[index:], self.lengths[index:]
        return stamp

    def drop_too_long(self, begin: int) -> int | None:
        """The same from the first frame of more than MAX_FRAME bytes on, of those from `begin` on;
        None if there is none.
        """
        if max(self.lengths[begin:], default=0) <= MAX_FRAME:
            return None
        return self.drop_from(
            next(i for i in range(begin, len(self.lengths)) if self.lengths[i] > MAX_FRAME)
        )


class Walker(Protocol):
    """Somebody who counts frames at once, while the reader walks over their records."""

    def walk(
        self, records: Records, data: bytes, at: int, number: int, left: Columns
    ) -> tuple[int, int, int]:
        """Walk over records from `data[at]` on, whose frames are numbered from `number` on.  Frames
        that are not counted are added to `left`.

        Gives the offset and the frame number to go on with: at the end of the buffer, or where
        something other than a whole record (or whole enhanced packet block) with a frame follows.
        And the stamp of the last frame that was walked over, as in Batch; -1: there was none.
        """


@dataclass(slots=True)
class Progress:
    """What a reader knows so far; complete when its batches are exhausted."""

    status: Status = Status.COMPLETE
    frames: int = 0
    numbered: int = (
        0  # frame numbers used: Wireshark gives some pcapng blocks without a packet a number too
    )
    bytes_read: int = 0  # uncompressed bytes of the capture that were understood
    problems: list[Problem] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)
    first_ts_ns: int | None = None  # of the first frame; None: there is none yet
    last_ts_ns: int | None = None  # of the last frame

    def tell_times(self, first_ts_ns: int, last_ts_ns: int) -> None:
        """Of the first and the last one of frames that follow all that were told of before;
        NO_TIME counts like any time.
        """
        if self.first_ts_ns is None:
            self.first_ts_ns = first_ts_ns
        self.last_ts_ns = last_ts_ns
