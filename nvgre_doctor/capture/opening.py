"""One input as a capture: its frames, its blocks, its parts, whatever it holds.

Never raises for what is in it.  Bytes go `inputs` (files, pipes, archives, `source`, `decompress`)
-> a reader of `formats` -> `Batch`; `sniff` decides which by content, and names what it is not.
"""

import os
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from nvgre_doctor.capture import not_opened, searching
from nvgre_doctor.capture.archives.listing import Kind, Looked
from nvgre_doctor.capture.batch import Batch, Problem, Progress, Walker
from nvgre_doctor.capture.decompress import Codec
from nvgre_doctor.capture.description import Description
from nvgre_doctor.capture.formats.pcapng_copy import Block
from nvgre_doctor.capture.formats.reader import Cursor, DamageError, Reader
from nvgre_doctor.capture.inputs import Input, NotOpenedError, captures_at
from nvgre_doctor.capture.interruption import INTERRUPTED, Interruption
from nvgre_doctor.capture.sniff import HEAD, Foreign, identify
from nvgre_doctor.capture.source import FileSource, Identity, Source, read_failure
from nvgre_doctor.capture.unpacking import beginning
from nvgre_doctor.remote.stored import Version
from nvgre_doctor.terminal.urls import shown
from nvgre_doctor.vocabulary import Status

_SEARCHED: Final = 1 << 20  # bytes that are searched for the beginning of a record
_NOTHING_READ: Final = frozenset({"version", "byte-order", "read-error", "trace-header"})


class OpenCapture:
    """One input, opened.  A context manager; closing it does not close standard input.

    `batches()` gives its frames once; `progress` is complete when they are exhausted.  What could
    not be read is a Problem in `progress.problems`, never an exception.
    """

    def __init__(self, path: str, interruption: Interruption | None) -> None:
        """Use `open_capture`."""
        self.path = shown(path)  # as given
        self._given = path
        self.format: str | None = None  # `Reader.name`
        self.compression: str | None = None  # "gzip", "bzip2", "xz", "zstd"
        self.progress = Progress()
        self._input = Input(interruption)
        self._source: Source | None = None
        self._reader: Reader[Any] | None = None
        self._begun = False

    def __enter__(self) -> Self:
        """The capture itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._input.close()

    @property
    def size(self) -> int | None:
        """Bytes of the file as stored, None for what has no size (a pipe)."""
        return self._source.size if self._source is not None else None

    @property
    def identity(self) -> Identity | Version | None:
        """Which file this is; None for what is no plain file, or cannot be asked any more."""
        try:
            return self._source.identity() if isinstance(self._source, FileSource) else None
        except OSError:
            return None

    def position(self) -> int:
        """Bytes of the file as stored that have been read: for a progress bar, together with
        `size`.
        """
        return self._source.position() if self._source is not None else 0

    def batches(
        self,
        start: Cursor[Any] | None = None,
        stop: int | None = None,
        numbered: int = 0,
        walker: Walker | None = None,
    ) -> Iterator[Batch]:
        """The frames, in order, as batches of one linktype each, but for those that `walker`
        counts.  Only once.

        With `start` and `stop`, as `parts` gives them, only the records that begin there.
        `numbered` is how many frame numbers were used before `start`: numbering goes on from there.
        """
        if self._reader is None or self._begun:
            return
        self._begun = True
        self.progress.numbered = numbered
        if stop is not None and isinstance(self._source, FileSource):
            self._source.expect(stop)
        try:
            yield from self._reader.batches(start, stop, walker)
        except DamageError as damage:
            nothing = self.progress.frames == 0 and damage.problem.reason in _NOTHING_READ
            self._refuse(damage.problem, Status.UNREADABLE if nothing else Status.CUT)
        if self.progress.frames == 0 and self.progress.status is Status.COMPLETE:
            self.progress.status = Status.EMPTY

    @property
    def has_blocks(self) -> bool:
        """Whether `blocks` can be asked for."""
        return self._reader is not None and self._reader.has_blocks

    def blocks(self, stop: int) -> Iterator[Block]:
        """The blocks of a pcapng capture as they are stored, up to an offset that `batches` of
        another OpenCapture reached; none of a capture in any other format.

        Instead of `batches`, and only once.  Raises ChangedError where it is not the same capture
        any more.
        """
        if self._reader is None or self._begun:
            return
        self._begun = True
        yield from self._reader.blocks(stop)

    @property
    def description(self) -> Description:
        """What the capture says about itself; complete when the batches are exhausted."""
        return Description() if self._reader is None else self._reader.description

    def parts(self, count: int) -> list[tuple[Cursor[Any], int | None]]:
        """Up to `count` parts of about equal size, each for `batches` of an OpenCapture of its own;
        none if it cannot be split.

        Only uncompressed regular files can be.  Ask before `batches`.  Where a part begins is found
        by looking ahead, which can be wrong.  So a part counts only if the part before it counts,
        ended with a `cursor()` equal to its start, and it has no problems itself; from the first
        one that does not, the rest is to be read by one reader, `batches(cursor, None, numbered)`.
        Then the parts together are exactly what one reader gives.
        """
        file = self._input.file
        if self._reader is None or file is None:
            return []
        try:
            begin, window = self._reader.first(), FileSource(file)
        except (DamageError, OSError):  # batches() will say
            return []
        if begin is None:
            return []
        begins = [begin]
        first, size = begins[0].offset, self.size or 0
        for part in range(1, count):
            offset = first + (size - first) * part // count
            window.seek(offset)
            found = self._reader.find(offset, begins[0], window.fill(b"", 0, _SEARCHED))
            if found is not None and found.offset > begins[-1].offset:
                begins.append(found)
        return list(zip(begins, [begin.offset for begin in begins[1:]] + [None], strict=True))

    def cursor(self) -> Cursor[Any] | None:
        """Where the next record would begin, once the batches are exhausted; None where there was a
        problem.
        """
        return None if self._reader is None or self.progress.problems else self._reader.cursor()

    def _open(self, stdin: BinaryIO | None) -> None:
        """Find out what the input is, and get its reader ready."""
        try:
            looked = self._input.open(self._given, stdin)
            self._source = looked.source
            self._begin(looked)
        except NotOpenedError as error:
            self._refuse(error.problem, error.status)
        except OSError as error:  # of what is asked about the file, not of reading it
            self._refuse(read_failure(error, 0))
        self.compression = self._input.compression

    def _begin(self, looked: Looked) -> None:
        kind, source, codec = looked.kind, looked.source, looked.codec
        if isinstance(kind, type) and issubclass(kind, Reader):
            self.format = kind.name
            is_near = isinstance(source, FileSource) and not source.is_remote
            if kind.needs_file and not is_near:
                looked = self._input.spool(looked)
                self._source = looked.source
            self._reader = kind(looked.source, self.progress, looked.head)
            if looked.source is not source:
                told = f"read from a temporary file of {self.size} bytes"
                self._reader.description.facts.append(("Note", told))
        else:
            is_missing = isinstance(kind, Codec) and codec is None
            if source.failure is not None and not is_missing:
                raise NotOpenedError(source.failure)
            if (why := _no_capture(kind, codec)) is not None:
                raise why

    def _refuse(self, problem: Problem, status: Status = Status.UNREADABLE) -> None:
        self.progress.problems.append(problem)
        self.progress.status = Status.INTERRUPTED if problem.reason == INTERRUPTED else status


def open_capture(
    path: str | os.PathLike[str],
    *,
    stdin: BinaryIO | None = None,
    interruption: Interruption | None = None,
) -> OpenCapture:
    """Open a capture file, or standard input as "-" (`stdin` in its place), whatever it holds.

    Never raises for what is there or not there: such an input gives no batches, and `progress` says
    why.  Where somebody asks for an `interruption`, the capture ends there.
    """
    capture = OpenCapture(os.fspath(path), interruption)
    capture._open(stdin)
    return capture


def capture_from(path: str, source: Source, head: bytes, codec: Codec | None = None) -> OpenCapture:
    """A capture that is being written: `source`, which somebody else has opened and closes, goes on
    after `head`, its first bytes, below one compression.

    Never raises, as `open_capture`.
    """
    capture = OpenCapture(path, None)
    capture._source = source
    capture.compression = codec.name if codec else None
    kind = identify(head)
    try:
        if _is_not_followed(kind):
            raise NotOpenedError(not_opened.NOT_FOLLOWED)
        capture._begin(Looked(kind, source, head, codec))
    except NotOpenedError as error:
        capture._refuse(error.problem, error.status)
    return capture


def compression_of(head: bytes) -> Codec | None:
    """What a file that begins like this is compressed with, where it can be read here."""
    kind = identify(head)
    return kind if isinstance(kind, Codec) and kind.module() is not None else None


def why_not_followed(head: bytes) -> Problem | None:
    """Why a file that begins like this cannot be read while it is written; None: it can, or that is
    not yet known.
    """
    codec = compression_of(head)
    if codec is not None:
        head = beginning(head, codec, HEAD)
        if len(head) < 4:
            return None
    kind = identify(head)
    if _is_not_followed(kind):
        return not_opened.NOT_FOLLOWED
    why = _no_capture(kind, codec)
    return None if why is None else why.problem


def _is_not_followed(kind: Kind) -> bool:
    """Whether it is something that can be read here, but not while it is written."""
    return isinstance(kind, type) and not (issubclass(kind, Reader) and kind.is_prompt)


def _no_capture(kind: Kind, codec: Codec | None) -> NotOpenedError | None:
    """Why this is none, below that compression."""
    inside = f"inside the {codec.name} data: " if codec else ""
    if isinstance(kind, Codec):
        twice = not_opened.twice(inside, kind)
        return NotOpenedError(not_opened.missing(kind) if codec is None else twice)
    if isinstance(kind, Foreign):
        status = Status.EMPTY if kind.reason == "empty-file" else Status.UNREADABLE
        return NotOpenedError(Problem(kind.reason, 0, inside + kind.message), status)
    return None


def find(paths: Iterable[str | os.PathLike[str]]) -> list[searching.Found]:
    """The captures that are meant by files, archives, folders, patterns, URLs and "-"; see
    `searching.find`.
    """
    return searching.find(paths, captures_at)


def expand(paths: Iterable[str | os.PathLike[str]]) -> list[str]:
    """The paths of what `find` finds."""
    return [found.path for found in find(paths)]
