"""What an archive format says of itself: its members, and the bytes of one of them as a stream."""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO, ClassVar, Final, NamedTuple, cast

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.source import BrokenInputError, Source

MOST_MEMBERS: Final = 4096
"""Of one archive, that are looked at."""
LONGEST_NAME: Final = 4096  # bytes


class Member(NamedTuple):
    """A file in an archive."""

    name: str  # with "/" between folders
    begin: int = 0  # bytes of the archive before it, where they must be read to come to it

    @property
    def is_hidden(self) -> bool:
        """As in folders: what begins with a dot, and what macOS adds."""
        parts = self.name.split("/")
        return any(part.startswith(".") for part in parts) or parts[0] == "__MACOSX"


class MemberStream(io.RawIOBase):
    """The bytes of a member, forward once.  Raises BrokenInputError where they are damaged."""

    @abstractmethod
    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, empty at the end."""

    def as_file(self) -> BinaryIO:
        """The same for who asks for a file."""
        return cast(BinaryIO, self)


class Archive(ABC):
    """An archive that was opened.  Everything raises BrokenInputError where it is damaged."""

    name: ClassVar[str]
    needs_file: ClassVar[bool] = False
    """As of a Reader."""

    def __init__(self, source: Source, head: bytes) -> None:
        """`head` is its beginning, already taken from `source`."""
        self._source = source
        self._head = head

    @abstractmethod
    def members(self) -> Iterator[tuple[Member, BinaryIO | None]]:
        """Every regular file, in order, MOST_MEMBERS at most; its stream is good until the next one
        is asked for, and None if it is encrypted.
        """


def broken(what: str, reason: str = "damaged-archive") -> BrokenInputError:
    """The error for an archive that cannot be read on."""
    return BrokenInputError(Problem(reason, 0, what))
