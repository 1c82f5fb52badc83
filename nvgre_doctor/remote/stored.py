"""One object, read in ranges: large ones, and one ahead of who reads.

Knows offsets; how a range comes here is the caller's.
"""

import io
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from nvgre_doctor.remote.failures import MissingError, ReplacedError, SlowError

RANGE: Final = 8 << 20
"""Bytes of a range where reading goes on."""
FIRST: Final = 1 << 18
"""The least bytes of one where it begins: who looks at a header reads no further."""
_GROWTH: Final = 4
"""Times that a range is longer than the one before it, up to RANGE; only then one is fetched ahead.
"""
TRIES: Final = 3
_TRIES_OF_SLOW: Final = 2  # each has cost a minute or more
_PAUSE: Final = 0.5  # seconds before the second try, then twice that
_FINAL: Final = (ReplacedError, MissingError, PermissionError)
"""What another try does not mend."""


class Version(NamedTuple):
    """Which object this is.  One that is opened again with the same version was not replaced."""

    name: str
    tag: str  # of the storage: an ETag, a time
    size: int  # bytes


class StoredFile(io.RawIOBase):
    """An object as a file that is not buffered.  Used by one thread; reads ahead in another."""

    def __init__(
        self, version: Version, fetch: Callable[[int, int], bytes], close: Callable[[], None]
    ) -> None:
        """`fetch` gives the bytes from one offset up to another one.  Its errors: OSError."""
        super().__init__()
        self.version = version
        self._fetch = fetch
        self._close = close
        self._offset = 0
        self._stop = version.size
        self._blocks: list[_Block] = []  # two: who reads comes back over what it left
        self._ahead: _Ahead | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go on at `offset` from the beginning."""
        assert whence == io.SEEK_SET
        self._offset = offset
        return offset

    def close(self) -> None:
        """Let go of what is there."""
        if not self.closed:
            self._close()
            self._blocks.clear()
        super().close()

    def expect(self, stop: int) -> None:
        """Nothing that lies behind `stop` will be wanted, but for the end of what lies there."""
        self._stop = min(stop, self.version.size)

    def read(self, count: int = -1, /) -> bytes:
        """Up to `count` bytes, empty at the end.  Errors: OSError."""
        left = self.version.size - self._offset
        count = left if count < 0 else min(count, left)
        if count <= 0:
            return b""
        block = self._block(count)
        begin = self._offset - block.begin
        data = block.data[begin : begin + count]
        self._offset += len(data)
        return data

    def _block(self, count: int) -> "_Block":
        """One that holds the next byte."""
        for block in self._blocks:
            if block.begin <= self._offset < block.end:
                return block
        last = self._blocks[-1] if self._blocks else None
        before = last if last is not None and last.end == self._offset else None
        block = self._taken_ahead() or self._fetched(self._offset, self._end(count, before))
        self._blocks = [block] if before is None else [before, block]
        if before is not None and len(block.data) >= RANGE and block.end < self._stop:
            self._ahead = _Ahead(self._fetched, block.end, min(block.end + RANGE, self._stop))
        return block

    def _end(self, count: int, before: "_Block | None") -> int:
        """Where the range that begins here ends."""
        most = FIRST if before is None else len(before.data) * _GROWTH
        if most > RANGE or self.version.size <= RANGE:
            most = RANGE
        end = min(self._offset + most, self._stop)
        return min(max(end, self._offset + count), self.version.size)

    def _taken_ahead(self) -> "_Block | None":
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead.begin != self._offset:
            return None
        return ahead.take()

    def _fetched(self, begin: int, end: int) -> "_Block":
        for left in reversed(range(TRIES)):
            try:
                data = self._fetch(begin, end)
                if not data:
                    raise OSError(0, "the storage sent nothing")
                return _Block(begin, data)
            except OSError as error:
                enough = TRIES - _TRIES_OF_SLOW if isinstance(error, SlowError) else 0
                if left <= enough or isinstance(error, _FINAL):
                    raise
                time.sleep(_PAUSE * (TRIES - left))
        raise AssertionError  # the last try returns or raises


class _Block(NamedTuple):
    begin: int
    data: bytes

    @property
    def end(self) -> int:
        return self.begin + len(self.data)


class _Ahead:
    """A range that is fetched while the one before it is used."""

    def __init__(self, fetch: Callable[[int, int], _Block], begin: int, end: int) -> None:
        self.begin = begin
        self._end = end
        self._fetch = fetch
        self._found: _Block | OSError | None = None
        self._thread: threading.Thread | None = threading.Thread(target=self._run, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the system has no room for another thread
            self._thread = None

    def take(self) -> _Block | None:
        """The range; None where it is to be fetched as any other.  Errors: OSError."""
        if self._thread is not None:
            self._thread.join()
        if isinstance(self._found, OSError):
            raise self._found
        return self._found

    def _run(self) -> None:
        try:
            self._found = self._fetch(self.begin, self._end)
        except OSError as error:
            self._found = error
