"""How a file is known again, and how far it was read: after a restart, or where it is made anew.

Opens files that somebody else may replace: what is no regular file by then is not waited for.
"""

import errno
import os
from collections.abc import Iterable, Mapping
from typing import BinaryIO, NamedTuple
from zlib import crc32

from nvgre_doctor.capture.source import is_regular
from nvgre_doctor.watching.follow import BEGINNING

Plan = tuple[tuple[int, float | None], ...]
"""How a file is read again: up to each offset it counts as read at that time, None: not at all."""


class Mark(NamedTuple):
    """A file that was read."""

    inode: int
    size: int  # bytes that were read
    modified_ns: int
    beginning: int  # bytes of which there is a checksum
    checksum: int


class FileRead(NamedTuple):
    """How far, and what of it is in the window."""

    mark: Mark
    plan: Plan
    is_over: bool  # nothing more was to come

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is wanted any more."""
        return self.is_over and not self.plan


class SupplyState(NamedTuple):
    """What was read of one source."""

    files: Mapping[str, FileRead]  # by name
    last_number: int | None = None


class NotRegularError(OSError):
    """A FIFO, a device or a folder."""


def open_regular(path: str) -> BinaryIO:
    """A file that has a size; a FIFO in its place would wait for a writer.  Errors: OSError,
    ValueError.
    """
    flags = getattr(os, "O_NONBLOCK", 0)
    file = open(  # noqa: SIM115
        path, "rb", buffering=0, opener=lambda name, more: os.open(name, flags | more)
    )
    if is_regular(file):
        return file
    file.close()
    raise NotRegularError(errno.EINVAL, "it is no regular file")


def supply_state(
    reads: Mapping[str, tuple[Mark, bool]],
    last_number: int | None,
    plans: Iterable[tuple[str, Plan]],
) -> SupplyState:
    """Of a supply that `reads` like this, and whose files in the window have `plans` by path."""
    by_name = {os.path.basename(path): plan for path, plan in plans}
    files = {
        name: FileRead(mark, by_name.get(name, ()), is_over)
        for name, (mark, is_over) in reads.items()
    }
    return SupplyState(files, last_number)


def mark_of(file: BinaryIO, size: int) -> Mark:
    """Of an open file, of which so much was read."""
    status = os.fstat(file.fileno())
    file.seek(0)
    head = file.read(min(size, BEGINNING)) or b""
    return Mark(inode_of(status), size, status.st_mtime_ns, len(head), crc32(head))


def mark_of_unread(path: str) -> Mark:
    """Of a file of which nothing was read; of one that is not there any more no file has it."""
    try:
        status = os.stat(path)
    except OSError:
        return Mark(-1, 0, 0, 0, crc32(b""))
    return Mark(inode_of(status), 0, status.st_mtime_ns, 0, crc32(b""))


def is_same(path: str, mark: Mark, status: os.stat_result) -> bool:
    """Whether what is at a path now is the file that was read, longer perhaps."""
    if inode_of(status) != mark.inode or status.st_size < mark.size:
        return False
    try:
        with open_regular(path) as file:
            return crc32(file.read(mark.beginning) or b"") == mark.checksum
    except OSError:
        return False


def inode_of(status: os.stat_result) -> int:
    """The number of a file on its device; on Windows it may be longer than 64 bits."""
    return status.st_ino & ((1 << 62) - 1)
