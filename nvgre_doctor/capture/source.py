"""Where the bytes come from: a regular file, a pipe, a decompressor.

Knows how to hand out long buffers without copying more than it must; knows nothing about capture
formats.  Errors of the operating system and damaged compressed data end the input; `Source.failure`
then says why.
"""

import os
import stat
from abc import ABC, abstractmethod
from typing import BinaryIO, ClassVar, Final, NamedTuple

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.decompress import Codec, Decompressor
from nvgre_doctor.capture.interruption import INTERRUPTED, StoppedError

CHUNK: Final = 1 << 20
"""Bytes per buffer: a quarter of that takes 0.05 us a frame more, twice that is no faster."""

_RAW: Final = 1 << 16  # compressed bytes per read
_PIECE: Final = (
    1 << 12
)  # compressed bytes per call of a decompressor: what a damaged stream can lose at most
_LAST_PIECE: Final = (
    1  # the same near the end, where checksums are: a wrong checksum must not cost data
)


class Source(ABC):
    """A stream of bytes that is read forward once."""

    is_growing: ClassVar[bool] = False
    """Whether somebody still writes it: then `fill` waits for what is asked for at least, so only
    what must be there may be asked for."""

    def __init__(self, size: int | None) -> None:
        """`size` in bytes, as stored."""
        self.size = size  # bytes of the file as stored (compressed if it is), None if not known
        self.failure: Problem | None = None  # why the input ended before its end

    @abstractmethod
    def fill(self, rest: bytes, least: int, most: int = CHUNK) -> bytes:
        """A buffer that begins with `rest` (what the last one left over) and goes on with what
        follows in the input.

        It holds at least `least` bytes, unless the input ends before that, and else about `most`.
        """

    @abstractmethod
    def position(self) -> int:
        """How many bytes of the file as stored have been read."""


class Identity(NamedTuple):
    """A file that is opened again with the same identity is the same file, and nobody wrote to
    it.
    """

    device: int
    number: int  # of the file, on its device
    size: int  # bytes
    modified_ns: int


class FileSource(Source):
    """A regular file, not compressed.  Seeking back over `rest` is cheaper than joining it to a new
    buffer (0.06 us a frame).
    """

    def __init__(self, raw: BinaryIO) -> None:
        """`raw` is not buffered."""
        super().__init__(os.fstat(raw.fileno()).st_size)
        self._raw = raw
        self._offset = 0

    def seek(self, offset: int) -> None:
        """Go on at `offset`."""
        self._offset = offset

    def read_at(self, offset: int, count: int) -> bytes:
        """`count` bytes from `offset` on, fewer at the end of the file."""
        self._offset = offset
        count = min(count, max((self.size or 0) - offset, 0))
        return self.fill(b"", count, count) if count else b""

    def fill(self, rest: bytes, least: int, most: int = CHUNK) -> bytes:
        """See `Source.fill`."""
        start = self._offset - len(rest)
        try:
            self._raw.seek(start)
            data = self._raw.read(max(least, most)) or b""
            while 0 < len(data) < least:
                more = self._raw.read(least - len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            self.failure = read_failure(error, self._offset)
            return rest
        self._offset = start + len(data)
        if len(data) < max(least, 1) and self._offset < (self.size or 0):
            self.failure = Problem(
                "shrunk",
                self._offset,
                f"the file became shorter while it was read ({self.size} bytes, and then no more"
                f" than {self._offset}): let it be written to its end, or read a copy",
            )
        return data

    def position(self) -> int:
        """See `Source.position`."""
        return self._offset

    def identity(self) -> Identity:
        """Which file this is, as it is now."""
        status = os.fstat(self._raw.fileno())
        return Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class StreamSource(Source):
    """A pipe, or anything that cannot seek.  `head` is what was already read from it."""

    def __init__(self, raw: BinaryIO, head: bytes = b"") -> None:
        """`raw` goes on after `head`."""
        super().__init__(_size(raw))
        self._raw = raw
        self._head = head
        self._taken = len(head)  # bytes read from `raw`
        self._raw_ended = False

    def fill(self, rest: bytes, least: int, most: int = CHUNK) -> bytes:
        """See `Source.fill`."""
        target = max(least, most)
        parts, have = [rest], len(rest)
        while have < target:
            part = self._next(target - have)
            if not part:
                break
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def position(self) -> int:
        """See `Source.position`."""
        return self._taken

    def _next(self, most: int) -> bytes:
        """Up to `most` more bytes; empty at the end."""
        return self._raw_bytes(most)

    def _raw_bytes(self, most: int) -> bytes:
        if self._head:
            part, self._head = self._head[:most], self._head[most:]
            return part
        if self._raw_ended:
            return b""
        read: bytes | None = b""
        try:
            read = self._raw.read(most)
            if read is None:  # a non-blocking descriptor without data
                raise BlockingIOError("the input is in non-blocking mode and has no data yet")
        except OSError as error:
            self.failure = read_failure(error, self._taken)
        self._raw_ended = not read
        self._taken += len(read or b"")
        return read or b""


class CompressedSource(StreamSource):
    """What a compressed file expands to, member after member.

    Every call is bounded in input and output, so a decompression bomb costs no more memory than any
    other capture.
    """

    def __init__(self, raw: BinaryIO, head: bytes, codec: Codec) -> None:
        """`head` and `raw` as stored, that is compressed."""
        super().__init__(raw, head)
        self._codec = codec
        self._decompressor: Decompressor = codec.new()
        self._buffer = b""
        self._at = 0  # compressed bytes of `_buffer` that were handed over
        self._ended = False

    def _next(self, most: int) -> bytes:
        while not self._ended:
            if self._decompressor.eof and not self._next_member():
                break
            piece = b""
            if self._decompressor.needs_input:
                piece = self._piece()
                if not piece:
                    name = self._codec.name
                    self._fail(
                        "cut-compressed",
                        f"the {name} data ends early; the file is cut short: copy it again",
                    )
                    break
            try:
                part = self._decompressor.decompress(piece, most)
            except self._codec.errors() as error:
                where = self._taken - len(self._buffer) + self._at
                name = self._codec.name
                self._fail(
                    "damaged-compressed",
                    f"the {name} data is damaged near byte {where} of the compressed file"
                    f" ({error}): copy it again, or see what `{self._codec.tester}` says",
                )
                break
            if part:
                return part
        return b""

    def _piece(self) -> bytes:
        """The next compressed bytes: few of them near the end, so that a wrong checksum there does
        not cost what it follows.
        """
        while len(self._buffer) - self._at < 2 * _PIECE and (more := self._raw_bytes(_RAW)):
            self._buffer, self._at = self._buffer[self._at :] + more, 0
        left = len(self._buffer) - self._at
        step = _PIECE if left > _PIECE else _LAST_PIECE
        piece = self._buffer[self._at : self._at + step]
        self._at += len(piece)
        return piece

    def _next_member(self) -> bool:
        """Begin the next member of the file, if there is one; padding with zeros may stand
        between.
        """
        self._at -= len(self._decompressor.unused_data)
        while True:
            rest = self._buffer[self._at :].lstrip(b"\0")
            if len(rest) < self._codec.longest_magic:
                more = self._raw_bytes(_RAW)
                self._buffer, self._at = rest + more, 0
                if more:
                    continue
            else:
                self._at = len(self._buffer) - len(rest)
            break
        if not rest:
            self._ended = True
            return False
        if not rest.startswith(self._codec.magics):
            self._fail(
                "trailing-data",
                f"bytes that are not {self._codec.name} follow the {self._codec.name} data: they"
                " are ignored",
            )
            return False
        self._decompressor = self._codec.new()
        return True

    def _fail(self, reason: str, message: str) -> None:
        if self.failure is None:  # else the reading error was first
            self.failure = Problem(reason, 0, message)
        self._ended = True


class BrokenInputError(OSError):
    """What is read is itself part of something that is damaged, and says so."""

    def __init__(self, problem: Problem) -> None:
        """`problem` is what is told."""
        super().__init__(0, problem.message)
        self.problem = problem


def read_failure(error: OSError, offset: int) -> Problem:
    """The operating system could not read on at `offset`, or somebody asked not to."""
    if isinstance(error, StoppedError):
        return Problem(INTERRUPTED, offset, f"reading was interrupted at byte {offset}")
    if isinstance(error, BrokenInputError):
        return error.problem
    why = error.strerror or str(error)
    return Problem(
        "read-error",
        offset,
        f"reading stopped at byte {offset}: {why}; copy the file to a local disk and try again",
    )


def is_regular(raw: BinaryIO) -> bool:
    """Whether this is a regular file, which has a size and can seek."""
    try:
        return stat.S_ISREG(os.fstat(raw.fileno()).st_mode)
    except (OSError, ValueError):  # io.UnsupportedOperation is both
        return False


def _size(raw: BinaryIO) -> int | None:
    return os.fstat(raw.fileno()).st_size if is_regular(raw) else None
