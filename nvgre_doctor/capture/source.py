"""Where the bytes come from: a regular file, a stored object, a pipe.

Knows how to hand out long buffers without copying more than it must; knows nothing about capture
formats.  Errors of the operating system and damaged compressed data end the input; `Source.failure`
then says why.
"""

import os
import stat
from abc import ABC, abstractmethod
from typing import BinaryIO, ClassVar, Final, NamedTuple

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.interruption import INTERRUPTED, StoppedError
from nvgre_doctor.remote.failures import ReplacedError
from nvgre_doctor.remote.stored import Version
from nvgre_doctor.terminal.visible import visible

CHUNK: Final = 1 << 20
"""Bytes per buffer: a quarter of that takes 0.05 us a frame more, twice that is no faster."""

REPLACED: Final = "replaced"
"""Reason of the problem of a stored object that became another one while it was read."""


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
    """A regular file or a stored object, not compressed.  Seeking back over `rest` is cheaper than
    joining it to a new buffer (0.06 us a frame).
    """

    def __init__(self, raw: BinaryIO) -> None:
        """`raw` is not buffered."""
        super().__init__(_size(raw))
        self._raw = raw
        self._offset = 0

    @property
    def is_remote(self) -> bool:
        """Whether every place that is read first costs a question over the network."""
        return _version(self._raw) is not None

    def expect(self, stop: int) -> None:
        """What lies behind `stop` is not wanted: it need not be fetched ahead."""
        if self.is_remote:
            self._raw.expect(stop)  # type: ignore[attr-defined]  # a remote.stored.StoredFile

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

    def identity(self) -> Identity | Version:
        """Which file this is, as it is now; of what is remote, as it was opened."""
        version = _version(self._raw)
        if version is not None:
            return version
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
        return self.stored_bytes(most)

    def stored_bytes(self, most: int) -> bytes:
        """Up to `most` more bytes as they are stored; empty at the end."""
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
    if isinstance(error, ReplacedError):
        return Problem(REPLACED, offset, str(error.strerror))
    why = visible(error.strerror or str(error))
    return Problem(
        "read-error",
        offset,
        f"reading stopped at byte {offset}: {why}; copy the file to a local disk and try again",
    )


def is_regular(raw: BinaryIO) -> bool:
    """Whether this is a regular file or a stored object, which has a size and can seek."""
    if _version(raw) is not None:
        return True
    try:
        return stat.S_ISREG(os.fstat(raw.fileno()).st_mode)
    except (OSError, ValueError):  # io.UnsupportedOperation is both
        return False


def _size(raw: BinaryIO) -> int | None:
    version = _version(raw)
    if version is not None:
        return version.size
    return os.fstat(raw.fileno()).st_size if is_regular(raw) else None


def _version(raw: BinaryIO) -> Version | None:
    """Of a remote.stored.StoredFile, also where its reading can be interrupted."""
    return getattr(raw, "version", None)
