"""The bytes of a file or a pipe that somebody is still writing, unpacked where they are compressed:
what is there is given at once, and what is not there yet is waited for.

Knows nothing about captures.  A half-written record is just not there yet.
"""

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, ClassVar, Final, cast

from nvgre_doctor.capture.decompress import Codec
from nvgre_doctor.capture.source import CHUNK, Source, read_failure
from nvgre_doctor.capture.unpacking import CompressedSource

POLL_S: Final = 0.1
"""How often a file is looked at that had no more."""
FULL_PIPE: Final = 1 << 16
"""Bytes of a pipe that nobody has read from for a while: more are waiting."""
BEGINNING: Final = 4096
"""Bytes by which a file is known again: where they are others, it was written anew."""


class EndedError(Exception):
    """Nobody wants to read on."""


class Pace:
    """Lets one thread read while others look at what it has read: only while it waits, or asks for
    more bytes.
    """

    def __init__(self, poll_s: float = POLL_S) -> None:
        """`poll_s` as POLL_S."""
        self.poll_s = poll_s
        self._lock = threading.Lock()
        self._turn = threading.Event()  # nobody wants to look
        self._turn.set()
        self._end = threading.Event()
        self.is_waiting = False  # for bytes: all that were there have been read
        self.rounds = 0
        """How often it waited: when it has risen by two, what was there before has been read."""

    def is_busy(self) -> bool:
        """Whether there is more than was read, or was when it was last asked."""
        return self.rounds > 0 and not self.is_waiting

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around all that reads and counts."""
        with self._lock:
            yield

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Around what somebody else looks at: the reader stands between two reads."""
        self._turn.clear()
        try:
            with self._lock:
                yield
        finally:
            self._turn.set()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Around a read of bytes, which may wait: the others may look.  Errors: EndedError."""
        self._lock.release()
        try:
            yield
        finally:
            self._turn.wait()
            self._lock.acquire()
        if self._end.is_set():
            raise EndedError

    def pause(self) -> None:
        """Wait a little for what is not there yet, and may not be there then.  Errors:
        EndedError.
        """
        self.is_waiting = True
        self.rounds += 1
        with self.apart():
            self._end.wait(self.poll_s)

    def end(self) -> None:
        """Let the reader end where it stands."""
        self._end.set()


class Stops:
    """Offsets at which a source says that it has come so far, before it reads beyond them."""

    def __init__(self) -> None:
        """None yet."""
        self.next: int | None = None
        self.stopped: Callable[[], int | None] = lambda: None
        """Called there; gives the next one."""

    def room(self, offset: int, most: int) -> int:
        """How much of `most` may be read at an offset."""
        if offset == self.next:
            self.next = self.stopped()
        return most if self.next is None else min(most, self.next - offset)


class FollowedFile(Source):
    """A regular file that grows, from its beginning on."""

    is_growing: ClassVar = True

    def __init__(self, raw: BinaryIO, pace: Pace, is_over: Callable[[], bool]) -> None:
        """`raw` is not buffered.  Whether it `is_over`, so that nothing more will come, is asked
        before what may be its last read.
        """
        super().__init__(None)
        self._raw = raw
        self._pace = pace
        self._is_over = is_over
        self._offset = 0
        self._head = b""  # BEGINNING, as far as it was there
        self.stops = Stops()

    def fill(self, rest: bytes, least: int, most: int = CHUNK) -> bytes:
        """See `Source.fill`; with what is there, as soon as it is `least`."""
        return _filled(rest, least, most, self._next)

    def position(self) -> int:
        """See `Source.position`."""
        return self._offset

    def begins_anew(self) -> bool:
        """Whether the file was written anew since it was read.

        A writer that does not know that its file was cut to nothing (copytruncate) goes on behind a
        hole of zeros: to it, and to us, that is the same file.
        """
        try:
            size = os.fstat(self._raw.fileno()).st_size
            self._raw.seek(0)
            now = self._raw.read(len(self._head)) or b""
        except OSError:
            return False
        if 0 < size < self._offset:
            return True
        return bool(now[:4].strip(b"\0")) and now != self._head

    def _next(self, most: int) -> bytes:
        while True:
            room = self.stops.room(self._offset, most)
            is_over = self._is_over()
            with self._pace.apart():
                data = self._read(room)
            self._head += data[: BEGINNING - len(self._head)]
            self._offset += len(data)
            if data or is_over or self.failure is not None:
                self._pace.is_waiting = False
                return data
            self._pace.pause()

    def _read(self, most: int) -> bytes:
        try:
            self._raw.seek(self._offset)
            return self._raw.read(min(most, CHUNK)) or b""
        except OSError as error:
            self.failure = read_failure(error, self._offset)
            return b""


class FollowedPipe(Source):
    """A pipe, to its end.  A read waits for the writer in the operating system, where no other
    thread can end it: the thread that reads a pipe dies with the process.
    """

    is_growing: ClassVar = True

    def __init__(self, read: Callable[[int], bytes | None], pace: Pace) -> None:
        """`read` gives what is there, and waits only where there is nothing."""
        super().__init__(None)
        self._raw_read = read
        self._pace = pace
        self._taken = 0

    def fill(self, rest: bytes, least: int, most: int = CHUNK) -> bytes:
        """See `Source.fill`; with what is there, as soon as it is `least`."""
        return _filled(rest, least, most, self._next)

    def position(self) -> int:
        """See `Source.position`."""
        return self._taken

    def _next(self, most: int) -> bytes:
        self._pace.rounds += 1
        data: bytes | None = b""
        try:
            with self._pace.apart():
                data = self._raw_read(most)
        except OSError as error:
            self.failure = read_failure(error, self._taken)
        data = data or b""
        self._pace.is_waiting = len(data) < min(most, FULL_PIPE)
        self._taken += len(data)
        return data


class FollowedUnpacked(CompressedSource):
    """What a compressed source that grows expands to.  Offsets of its stops are of what it expands
    to, as they are after the file itself was compressed.
    """

    is_growing: ClassVar = True
    stored: ClassVar = 1 << 18

    def __init__(self, packed: Source, head: bytes, codec: Codec) -> None:
        """`packed` goes on after `head`; the library of the codec is there."""
        super().__init__(cast("BinaryIO", _Stored(packed)), head, codec)
        self._packed = packed
        self._given = 0
        self.stops = Stops()

    def fill(self, rest: bytes, least: int, most: int = CHUNK) -> bytes:
        """See `Source.fill`; with what is there, as soon as it is `least`."""
        return _filled(rest, least, most, self._next)

    def position(self) -> int:
        """See `Source.position`."""
        return self._packed.position()

    def _next(self, most: int) -> bytes:
        data = super()._next(self.stops.room(self._given, most))
        self._given += len(data)
        self.failure = self._packed.failure or self.failure
        return data


class _Stored(io.RawIOBase):
    """A source that grows as a file: a read gives what is there, and waits where nothing is."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, most: int = -1) -> bytes:
        return self._source.fill(b"", 1, most)


def _filled(rest: bytes, least: int, most: int, read: Callable[[int], bytes]) -> bytes:
    """What `Source.fill` gives of what is there: at least one byte more, unless the input ends."""
    parts, have = [rest], len(rest)
    while have < max(least, len(rest) + 1):
        data = read(max(least, most) - have)
        if not data:
            break
        parts.append(data)
        have += len(data)
    return b"".join(parts)
