"""Where captures come from one after the other, but for the folder of a ring: a file that is
replaced now and then, a pipe, a list of names that grows.

Knows files and no frames.  A folder is in `ring`.
"""

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, NamedTuple, Protocol

from nvgre_doctor.capture import compression_of
from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.source import Source
from nvgre_doctor.errors import Exit, GivenError
from nvgre_doctor.terminal.output import STDOUT
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.watching.file_marks import (
    Mark,
    Plan,
    SupplyState,
    is_same,
    mark_of,
    open_regular,
)
from nvgre_doctor.watching.follow import BEGINNING, FollowedFile, FollowedPipe, Pace

LONGEST_NAME: Final = 1 << 16
"""Bytes of one name in a list."""


class SourceError(GivenError):
    """What is to be watched is not there, or may not be read."""

    exit_code = Exit.UNREADABLE


class Notice(NamedTuple):
    """Something about a file that is not in any capture: "lost", or "problem"."""

    kind: str
    path: str
    text: str


class Opened(NamedTuple):
    """One file to be read; without a source there is only its problem."""

    path: str
    source: Source | None
    file: BinaryIO | None
    plan: Plan = ()
    problem: Problem | None = None


class Supply(Protocol):
    """Captures, one after the other."""

    path: str
    """As it was given."""
    notices: list[Notice]
    """To be taken by whoever looks."""

    @property
    def is_planned(self) -> bool:
        """Whether files must be read again."""

    @property
    def last_number(self) -> int | None:
        """Of the newest file of a ring."""

    def reads(self) -> dict[str, tuple[Mark, bool]]:
        """By name: how far files were read, and whether nothing more is to come."""

    def files(self, pace: Pace) -> Iterator[Opened]:
        """Each is read before the next is asked for.  It ends where no more can come."""


class _OnlyFiles:
    """No ring, and nothing to know after a restart."""

    last_number = None

    @property
    def is_planned(self) -> bool:
        """See `Supply`."""
        return False

    def reads(self) -> dict[str, tuple[Mark, bool]]:
        """See `Supply`."""
        return {}


class SingleFile(_OnlyFiles):
    """A file, and what takes its place: renamed and made anew, or cut to nothing (logrotate)."""

    def __init__(
        self, path: str, state: SupplyState | None = None, *, only_new: bool = False
    ) -> None:
        """It need not be there any more; `state` is what was read earlier."""
        self.path = path
        self.notices: list[Notice] = []
        self._earlier = None if state is None else state.files.get(os.path.basename(path))
        self._only_new = only_new
        self._read: tuple[BinaryIO, FollowedFile] | None = None

    def files(self, pace: Pace) -> Iterator[Opened]:
        """See `Supply`; for ever."""
        while True:
            try:
                file = open_regular(self.path)
            except OSError:  # not yet, or not for us for a moment
                pace.pause()
                continue
            source = FollowedFile(file, pace, self._is_replaced)
            self._read = file, source
            plan = self._plan()
            if self._only_new:
                self._only_new, plan = False, all_of(file)
            yield Opened(self.path, source, file, plan)
            while not self._is_replaced():  # damaged: the rest is not read
                pace.pause()
            self._read = None
            close(file)

    @property
    def is_planned(self) -> bool:
        """See `Supply`."""
        return self._earlier is not None

    def reads(self) -> dict[str, tuple[Mark, bool]]:
        """See `Supply`."""
        if self._read is None:
            return {}
        file, source = self._read
        return {os.path.basename(self.path): (mark_of(file, source.position()), False)}

    def _plan(self) -> Plan:
        earlier, self._earlier = self._earlier, None
        if earlier is None or self._read is None:
            return ()
        is_it = is_same(self.path, earlier.mark, os.fstat(self._read[0].fileno()))
        return earlier.plan if is_it else ()

    def _is_replaced(self) -> bool:
        """Whether another file is in the place of the one that is read."""
        if self._read is None:
            return False
        file, source = self._read
        try:
            there, ours = os.stat(self.path), os.fstat(file.fileno())
        except OSError:
            return False
        is_other = (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)
        return (is_other and there.st_size > 0) or source.begins_anew()


class Pipe(_OnlyFiles):
    """Standard input, a FIFO or a device, to its end."""

    def __init__(self, path: str) -> None:
        """ "-" is standard input."""
        self.path = path
        self.notices: list[Notice] = []

    def files(self, pace: Pace) -> Iterator[Opened]:
        """See `Supply`; one."""
        read, file = _open_pipe(self.path, pace)
        yield Opened(self.path, FollowedPipe(read, pace), file)
        if file is not None:
            close(file)


class Names(_OnlyFiles):
    """The files that a list names, as they are told of: each is complete by then."""

    def __init__(self, path: str) -> None:
        """The list; "-" is standard input."""
        self.path = path
        self.notices: list[Notice] = []

    def files(self, pace: Pace) -> Iterator[Opened]:
        """See `Supply`; to the end of a pipe, or for ever where the list is a file."""
        for name in self._names(pace):
            try:
                file = open_regular(name)
            except FileNotFoundError:
                self.notices.append(Notice("lost", name, "deleted before it was read"))
                continue
            except (OSError, ValueError) as error:
                yield Opened(name, None, None, problem=cannot_open(error))
                continue
            yield Opened(name, FollowedFile(file, pace, lambda: True), file)
            close(file)

    def _names(self, pace: Pace) -> Iterator[str]:
        source, file = self._source(pace)
        left = b""
        while len(data := source.fill(left, len(left) + 1)) > len(left):
            *lines, left = data.replace(b"\0", b"\n").split(b"\n")
            yield from (os.fsdecode(line.rstrip(b"\r")) for line in lines if line.strip())
            if len(left) > LONGEST_NAME:
                self.notices.append(Notice("problem", self.path, "a name is too long"))
                left = b""
        if left.strip():
            yield os.fsdecode(left.rstrip(b"\r"))
        if file is not None:
            close(file)

    def _source(self, pace: Pace) -> tuple[Source, BinaryIO | None]:
        if self.path == STDOUT or not os.path.isfile(self.path):
            read, file = _open_pipe(self.path, pace)
            return FollowedPipe(read, pace), file
        file = open_regular(self.path)
        return FollowedFile(file, pace, lambda: False), file


def all_of(file: BinaryIO) -> Plan:
    """What is there already does not count.  Of what is compressed nothing counts: how much that is
    now is not known before it is unpacked.
    """
    file.seek(0)
    is_compressed = compression_of(file.read(BEGINNING) or b"") is not None
    return ((1 << 62 if is_compressed else os.fstat(file.fileno()).st_size, None),)


def _open_pipe(path: str, pace: Pace) -> tuple[Callable[[int], bytes], BinaryIO | None]:
    """How it is read, and what must be closed."""
    if path == STDOUT:
        stream = sys.stdin.buffer
        return getattr(stream, "raw", stream).read, None
    with pace.apart():  # a FIFO waits here for somebody who writes
        file = open(path, "rb", buffering=0)  # noqa: SIM115
    return file.read, file


def check_readable(path: str) -> None:
    """Errors: SourceError, for what is not there or may not be read."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            os.listdir(path)
        elif stat.S_ISREG(mode):
            with open(path, "rb", buffering=0):
                pass
    except (OSError, ValueError) as error:
        raise SourceError(f"{visible(path)}: {cannot_open(error).message}") from error


def cannot_open(error: Exception) -> Problem:
    """The operating system says no."""
    why = getattr(error, "strerror", None) or str(error)
    hint = "; dumpcap -g lets the group read" if isinstance(error, PermissionError) else ""
    return Problem("cannot-open", 0, f"cannot open: {why}{hint}")


def close(file: BinaryIO) -> None:
    """What was read counts, whatever the system says about closing it."""
    with contextlib.suppress(OSError):
        file.close()
