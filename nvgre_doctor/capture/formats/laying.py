"""Frames of formats that store them in other ways than a Batch wants, laid out anew: one record
behind the other, in the order of their numbers.

A trace of several processors must be merged anyway, a trailer or a frame table has no place in a
Batch, and a copy costs less than the loops that would have to know each format.  So such a reader
only yields frames; everything behind it, the loop in C too, is the same for all formats.
"""

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Final

from nvgre_doctor.capture.batch import NO_TIME, Batch, Columns, Progress, Records, Walker
from nvgre_doctor.capture.formats.reader import Cursor, DamageError, Reader

Laid = tuple[int, int, int, bytes] | None
"""Linktype, time in nanoseconds since 1970 or NO_TIME, original length, captured bytes; None where
Wireshark gives a number to what is no frame."""

_HEAD: Final = Struct("<qII")  # time, captured length, original length
_BUFFER: Final = 1 << 18  # bytes of frames that are handed on together
_EARLIEST, _LATEST = -(1 << 63), (1 << 63) - 1


def bounded(ts_ns: int) -> int:
    """A time that 64 bits hold, or NO_TIME: only damage says years before 1677 and after 2262."""
    return ts_ns if _EARLIEST <= ts_ns <= _LATEST else NO_TIME


def lay_out(
    frames: Iterable[Laid], progress: Progress, time_digits: int, walker: Walker | None
) -> Iterator[Batch]:
    """The frames as batches, but for those that `walker` counts.  A DamageError of `frames` is
    raised when all frames before it were handed on.
    """
    tray = _Tray(progress, time_digits, walker)
    try:
        for frame in frames:
            if frame is None:
                yield from tray.empty()
                progress.numbered += 1
            else:
                if frame[0] != tray.linktype or tray.size >= _BUFFER:
                    yield from tray.empty()
                tray.add(*frame)
    except DamageError:
        yield from tray.empty()
        raise
    yield from tray.empty()


class _Tray:
    """Frames of one linktype, until they are handed on."""

    def __init__(self, progress: Progress, time_digits: int, walker: Walker | None) -> None:
        self._progress = progress
        self._time_digits = time_digits
        self._walker = walker
        self._records: dict[int, Records] = {}  # by linktype: a walker knows them again
        self.linktype = -1
        self._begin()

    def _begin(self) -> None:
        self.size = 0
        self._parts: list[bytes] = []
        self._columns = Columns()

    def add(self, linktype: int, ts_ns: int, wire_length: int, data: bytes) -> None:
        """Take one frame."""
        self.linktype = linktype
        self._parts += (_HEAD.pack(ts_ns, len(data), wire_length), data)
        self._columns.stamps.append(self.size)
        self._columns.lengths.append(len(data))
        self._progress.frames += 1
        self._progress.numbered += 1
        self.size += _HEAD.size + len(data)

    def empty(self) -> Iterator[Batch]:
        """Hand on what is there."""
        columns = self._columns
        if not columns.stamps:
            return
        data, after = b"".join(self._parts), self._progress.numbered + 1
        numbers = range(after - len(columns.stamps), after)
        self._progress.tell_times(*(_clock(data[at : at + 8]) for at in (0, columns.stamps[-1])))
        self._begin()
        records = self._records.get(self.linktype)
        if records is None:
            kind = self.linktype, _clock
            records = self._records[self.linktype] = Records("<", False, _HEAD.size, [kind])
        left = Columns()
        rest = 0
        if self._walker is not None:
            at, *_ = self._walker.walk(records, data, 0, numbers[0], left)
            rest = bisect_left(columns.stamps, at)
        left.stamps += columns.stamps[rest:]
        left.lengths += columns.lengths[rest:]
        left.numbers += numbers[rest:]
        yield Batch(
            self.linktype,
            data,
            left.stamps,
            records.distance,
            left.lengths,
            left.numbers,
            records.order,
            _clock,
            self._time_digits,
        )


def _clock(stamp: bytes) -> int:
    return int.from_bytes(stamp, "little", signed=True)


class FrameReader(Reader[None]):
    """A reader that yields frame by frame, and cannot be split."""

    time_digits: int
    """As in Batch."""

    def batches(
        self, start: Cursor[None] | None, stop: int | None, walker: Walker | None = None
    ) -> Iterator[Batch]:
        """See `Reader.batches`."""
        del start, stop  # `first` gave none
        return lay_out(self.frames(), self._progress, self.time_digits, walker)

    @abstractmethod
    def frames(self) -> Iterator[Laid]:
        """All of them, in order.  Raises DamageError where the capture cannot be read to its
        end.
        """

    def _check_source(self) -> None:
        """DamageError where the input could not be read on, or was cut before it came here."""
        if self._source.failure is not None:
            raise self._cut("its frames", self._source.failure.offset)
