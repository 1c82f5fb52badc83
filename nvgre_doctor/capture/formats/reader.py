"""What a reader of a capture format says of itself, and what all share: the buffer, how they stop,
where another one can go on.

A new format is a file beside this one, with a `Reader`, and a line in `capture.sniff`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Final, Generic, NamedTuple, TypeVar

from nvgre_doctor.capture.batch import Batch, Problem, Progress, Walker
from nvgre_doctor.capture.description import Description
from nvgre_doctor.capture.formats.pcapng_copy import Block
from nvgre_doctor.capture.source import CHUNK, FileSource, Source

COPY_AGAIN: Final = (
    "if it was still being written, stop the capture first; else copy the file again"
)

State = TypeVar("State")


class DamageError(Exception):
    """The capture cannot be read beyond this point."""

    def __init__(self, reason: str, offset: int, message: str) -> None:
        """The three fields of a Problem."""
        super().__init__(message)
        self.problem = Problem(reason, offset, message)


class Cursor(NamedTuple, Generic[State]):
    """Where a reader stands: the offset in the uncompressed stream where a record begins, and what
    counts of all before it.

    Where one reader ends with the cursor that another one began with, the two together give what
    one reader would give.
    """

    offset: int
    state: State


class Reader(ABC, Generic[State]):
    """Reads one capture forward once, as batches: all of it, or the records between a cursor and an
    offset.

    Frames are numbered from `Progress.numbered` + 1 on, wherever the reading begins.
    """

    name: ClassVar[str]
    """Of the format, as reports show it."""
    magics: ClassVar[tuple[bytes, ...]]
    """How its files begin."""
    has_blocks: ClassVar[bool] = False
    """Whether its files are blocks of pcapng, which annotate copies as they are.  Of every other
    format it writes the frames as pcapng."""

    is_prompt: ClassVar[bool] = False
    """Whether it hands on all frames that it has before it asks for more bytes: then a capture can
    be followed while it is written."""

    needs_file: ClassVar[bool] = False
    """Whether it reads here and there: `source` is a FileSource then."""

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        """Whether a file that begins like this is of this format."""
        return head.startswith(cls.magics)

    def __init__(self, source: Source, progress: Progress, head: bytes) -> None:
        """`head` is the beginning of the capture, already taken from `source`."""
        self._source = source
        self._progress = progress
        self.description = Description()
        self._data = head  # the buffer
        self._base = 0  # offset of the buffer in the uncompressed stream
        self._at = 0  # index in the buffer of the next record
        self._stop: int | None = None

    @abstractmethod
    def batches(
        self, start: Cursor[State] | None, stop: int | None, walker: Walker | None = None
    ) -> Iterator[Batch]:
        """All frames whose records begin at or after `start` and before the offset `stop`; both
        need a FileSource.

        Without those that `walker` counts while the reader walks over them.

        Raises DamageError after the last batch where the capture cannot be read to its end.
        """

    def blocks(self, stop: int) -> Iterator[Block]:
        """The blocks before the offset `stop`, instead of the batches, where `has_blocks` says that
        there are any.  Raises ChangedError.
        """
        del stop
        yield from ()

    def first(self) -> Cursor[State] | None:
        """Where the first record begins, and all that is known there; None where a capture cannot
        be split.  Only before the batches.  Raises DamageError.
        """
        return None

    def cursor(self) -> Cursor[State] | None:
        """Where the next record would begin, once the batches are exhausted without DamageError;
        None where a capture cannot be split.
        """
        return None

    def find(self, offset: int, cursor: Cursor[State], data: bytes) -> Cursor[State] | None:
        """The first plausible record in `data`, which begins at `offset`, if all is as at `cursor`:
        several that fit in a row.
        """
        del offset, cursor, data
        return None

    def _place(self, offset: int) -> None:
        """Go on at `offset` of a FileSource."""
        if isinstance(self._source, FileSource):
            self._source.seek(offset)
        self._data, self._base, self._at = b"", offset, 0

    def _have(self, count: int) -> bool:
        """Get `count` bytes from `_at` on into the buffer; False when the input ends before
        that.
        """
        if len(self._data) - self._at >= count:
            return True
        self._base += self._at
        most = CHUNK if self._stop is None else min(CHUNK, self._stop - self._base)
        self._data = self._source.fill(self._data[self._at :], count, most)
        self._at = 0
        return len(self._data) >= count

    def _stopped(self) -> bool:
        """Whether the next record is beyond the part that was asked for."""
        return self._stop is not None and self._base + self._at >= self._stop

    def _end(self, what: str) -> None:
        """The input has ended.  Fine between two records; DamageError in the middle of one, or
        where the source failed.
        """
        if len(self._data) > self._at or self._source.failure is not None:
            raise self._cut(what, self._base + self._at)

    def _cut(self, what: str, offset: int) -> DamageError:
        """The input ended in `what`, which begins at `offset`; says why, where the source knows
        it.
        """
        failure = self._source.failure
        if failure is None:
            return DamageError(
                "cut-record",
                offset,
                f"the capture ends in the middle of {what} (at byte {offset}): {COPY_AGAIN}",
            )
        until = (
            f"up to frame {self._progress.numbered}" if self._progress.numbered else "not one frame"
        )
        return DamageError(failure.reason, offset, f"{failure.message}; {until} could be read")
