"""What an archive format says of itself: its members, and the bytes of one of them as a stream."""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import BinaryIO, ClassVar, Final, NamedTuple, cast

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.source import BrokenInputError, Source
from nvgre_doctor.terminal.visible import visible

MOST_MEMBERS: Final = 4096
"""Of one archive, that are looked at."""
LONGEST_NAME: Final = 4096  # bytes


class Member(NamedTuple):
    """A file in an archive."""

    name: str  # with "/" between folders

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
        self.is_damaged = False  # `find` goes no further
        self._walk = self.members()
        self._passed: set[str] = set()

    @property
    def passed(self) -> int:
        """How many names `find` has come by."""
        return len(self._passed)

    def is_ahead(self, name: str) -> bool:
        """Whether `find` can still come to the first member of this name."""
        return name not in self._passed

    def find(self, name: str) -> BinaryIO:
        """The stream of the first member of this name, good until the next one is asked for.

        It goes on behind the member that was found before: whoever asks for members in their order
        walks over the archive once.  Ask `is_ahead` first.
        """
        while (following := self._following()) is not None:
            member, stream = following
            self._passed.add(member.name)
            if member.name == name:
                if stream is None:
                    raise BrokenInputError(encrypted([name]))
                return stream
        raise broken("the archive has no member of this name", "no-such-member")

    def _following(self) -> tuple[Member, BinaryIO | None] | None:
        try:
            return next(self._walk, None)
        except BaseException:  # the walk ends with whatever it raises
            self.is_damaged = True
            raise

    @abstractmethod
    def members(self) -> Iterator[tuple[Member, BinaryIO | None]]:
        """Every regular file, in order, MOST_MEMBERS at most; its stream is good until the next one
        is asked for, and None if it is encrypted.
        """


def broken(what: str, reason: str = "damaged-archive") -> BrokenInputError:
    """The error for an archive that cannot be read on."""
    return BrokenInputError(Problem(reason, 0, what))


def encrypted(names: Sequence[str]) -> Problem:
    """Why these members cannot be read, in one line that can do nothing."""
    return Problem(
        "encrypted",
        0,
        f"what is in this archive is encrypted ({visible(names[0])}"
        + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        + "): unpack it with its password first",
    )
