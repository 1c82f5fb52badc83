"""tar archives (POSIX ustar and pax, GNU), read forward once: members behind each other.

Python's tarfile believes the lengths of long names, which a hostile archive makes gigabytes; here
they are bounded.
"""

from collections.abc import Iterator
from typing import BinaryIO, ClassVar, Final

from nvgre_doctor.capture.archives.members import (
    LONGEST_NAME,
    MOST_MEMBERS,
    Archive,
    Member,
    MemberStream,
    broken,
)
from nvgre_doctor.capture.source import CHUNK, BrokenInputError, FileSource, Source

_BLOCK: Final = 512
_REGULAR: Final = frozenset((0, ord("0"), ord("7")))
_LONG_NAME: Final = ord("L")  # GNU
_PAX: Final = ord("x")
_AGAIN: Final = "copy it again, or see what `tar -t` says"


def is_tar(head: bytes) -> bool:
    """Whether a file begins with the header of a member, whose checksum is right."""
    return len(head) >= _BLOCK and head[0] != 0 and _checksum_fits(head[:_BLOCK])


def _checksum_fits(block: bytes) -> bool:
    field = block[148:156]
    return _number(field) == sum(block) - sum(field) + 8 * 0x20


def _number(field: bytes) -> int:
    """Octal text, or a binary number behind a set bit (GNU); -1 for anything else."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:])
    text = field.strip(b"\0 ")
    try:
        return int(text, 8) if text.isdigit() else (0 if not text else -1)
    except ValueError:
        return -1


class TarArchive(Archive):
    """A tar archive, from anywhere."""

    name: ClassVar = "tar"

    def members(self) -> Iterator[tuple[Member, BinaryIO | None]]:
        """See `Archive.members`."""
        tape = _Tape(self._source, self._head)
        name, count = b"", 0
        while True:
            block = tape.take(_BLOCK)
            if len(block) < _BLOCK:
                raise broken(f"the tar archive is cut short: {_AGAIN}")
            if not block.strip(b"\0"):
                return
            size, kind = _number(block[124:136]), block[156]
            if size < 0 or not _checksum_fits(block):
                raise broken(f"a header in the tar archive is damaged: {_AGAIN}")
            count += 1
            if count > 3 * MOST_MEMBERS:
                raise broken(
                    f"the tar archive has more than {MOST_MEMBERS} members: unpack it",
                    "too-many-members",
                )
            end = tape.at + size + -size % _BLOCK
            if kind in (_LONG_NAME, _PAX):
                text = tape.take(min(size, LONGEST_NAME))
                name = text.split(b"\0")[0] if kind == _LONG_NAME else _pax_path(text) or name
            else:
                if kind in _REGULAR:
                    own = _name_of(block)
                    text_name = (name or own).decode("utf-8", "surrogateescape")
                    member = Member(text_name.removeprefix("./"))
                    yield member, _TarStream(tape, size).as_file()
                name = b""
            tape.skip_to(end)


def _name_of(block: bytes) -> bytes:
    name = block[:100].split(b"\0")[0]
    prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _pax_path(records: bytes) -> bytes:
    """The value of "path" among records "length key=value\\n"; empty where there is none."""
    at = 0
    while (space := records.find(b" ", at)) > 0:
        digits = records[at:space]
        if not digits.isdigit() or len(digits) > 4 or int(digits) <= space - at:
            break
        record = records[space + 1 : at + int(digits)]
        if record.startswith(b"path="):
            return record[5:].rstrip(b"\n")
        at += int(digits)
    return b""


class _Tape:
    """The bytes of an archive, forward once."""

    def __init__(self, source: Source, head: bytes) -> None:
        self._source = source
        self._data = head
        self._taken = 0  # bytes of `_data`: to cut them off for each header would be quadratic
        self.at = 0

    def take(self, count: int) -> bytes:
        """Up to `count` bytes; fewer at the end, or where the source fails, which raises."""
        if self._left == 0:
            self._data, self._taken = self._source.fill(b"", 0, CHUNK), 0
        if self._left < count <= _BLOCK + LONGEST_NAME:
            rest = self._data[self._taken :]
            self._data, self._taken = self._source.fill(rest, count, count), 0
        if self._left < min(count, _BLOCK) and self._source.failure is not None:
            raise BrokenInputError(self._source.failure)
        part = self._data[self._taken : self._taken + count]
        self._taken += len(part)
        self.at += len(part)
        return part

    @property
    def _left(self) -> int:
        return len(self._data) - self._taken

    def skip_to(self, offset: int) -> None:
        """Forward to `offset`, in a file without reading what is between."""
        if isinstance(self._source, FileSource) and offset - self.at > self._left:
            if offset > (self._source.size or 0):
                raise broken(f"the tar archive is cut short: {_AGAIN}")
            self._source.seek(offset)
            self._data, self._taken, self.at = b"", 0, offset
        while self.at < offset:
            if not self.take(offset - self.at):
                raise broken(f"the tar archive is cut short: {_AGAIN}")


class _TarStream(MemberStream):
    """So many bytes of a tape, from where it stands."""

    def __init__(self, tape: _Tape, size: int) -> None:
        super().__init__()
        self._tape = tape
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        """See `MemberStream.read`."""
        if not self._left:
            return b""
        part = self._tape.take(self._left if size is None or size < 0 else min(size, self._left))
        if not part:
            raise broken(f"the tar archive ends in the middle of it: {_AGAIN}")
        self._left -= len(part)
        return part
