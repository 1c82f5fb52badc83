"""What a stream of bytes is, below one compression, and which captures an archive holds."""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple

from nvgre_doctor.capture.archives.members import Archive
from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.decompress import Codec
from nvgre_doctor.capture.formats.reader import Reader
from nvgre_doctor.capture.sniff import HEAD, Foreign, identify
from nvgre_doctor.capture.source import (
    BrokenInputError,
    FileSource,
    Source,
    StreamSource,
    is_regular,
)
from nvgre_doctor.capture.unpacking import CompressedSource

MOST_CAPTURES: Final = 256
"""Of one archive."""
_MOST_SKIPPED: Final = 8 << 30
"""Bytes that must be unpacked in all to come to the captures of a compressed archive, which begins
anew for each.
"""

_CONTENT_TYPES: Final = "[Content_Types].xml"
"""In what is packed by the rules of Office, and in no archive of captures."""

Kind = type[Reader[Any]] | type[Archive] | Codec | Foreign


class Looked(NamedTuple):
    """What bytes are, and where they come from behind `head`."""

    kind: Kind
    source: Source
    head: bytes
    codec: Codec | None  # what they are compressed with

    @property
    def needs_file(self) -> bool:
        """Whether what reads it reads here and there."""
        return isinstance(self.kind, type) and self.kind.needs_file


def look(raw: BinaryIO) -> Looked:
    """What a file, a pipe or a member holds, from its beginning on.  A codec whose library is
    missing is its own kind.
    """
    is_file = is_regular(raw)
    source: Source = FileSource(raw) if is_file else StreamSource(raw)
    head = source.fill(b"", 0, HEAD)
    kind = identify(head)
    if not isinstance(kind, Codec) or kind.module() is None:
        return Looked(kind, source, head, None)
    codec = kind
    if is_file:
        raw.seek(0)
        head = b""
    source = CompressedSource(raw, head, codec)
    head = source.fill(b"", 0, HEAD)
    return Looked(identify(head), source, head, codec)


def is_archive(kind: Kind) -> bool:
    """Whether it is one that can be read here."""
    return isinstance(kind, type) and issubclass(kind, Archive)


class Listing(NamedTuple):
    """The captures of an archive by name, and why there may be more."""

    names: list[str]
    problem: Problem | None


def captures_in(looked: Looked) -> Listing:
    """The members that are captures, by content; hidden ones are left out, as in folders."""
    names: dict[str, None] = {}
    is_office = False
    encrypted: list[str] = []
    count = skipped = 0
    try:
        for member, stream in _archive(looked).members():
            if member.is_hidden:
                continue
            count += 1
            is_office |= member.name == _CONTENT_TYPES
            if stream is None:
                encrypted.append(member.name)
            elif is_readable(inside := look(stream)) or inside.source.failure is not None:
                skipped += 0 if isinstance(looked.source, FileSource) else member.begin
                if len(names) >= MOST_CAPTURES or skipped > _MOST_SKIPPED:
                    return Listing(list(names), _too_many(len(names)))
                names[member.name] = None
    except BrokenInputError as error:
        return Listing(list(names), error.problem)
    if encrypted:
        return Listing(list(names), _encrypted(encrypted))
    return Listing(list(names), None if names else _nothing(count, is_office))


def find_member(looked: Looked, name: str) -> tuple[Iterator[object], BinaryIO]:
    """The stream of a member, and what must be kept as long as it is read.  Errors:
    BrokenInputError.
    """
    members = _archive(looked).members()
    for member, stream in members:
        if member.name == name:
            if stream is None:
                raise BrokenInputError(_encrypted([name]))
            return members, stream
    raise BrokenInputError(Problem("no-such-member", 0, "the archive has no member of this name"))


def _archive(looked: Looked) -> Archive:
    assert isinstance(looked.kind, type)
    assert issubclass(looked.kind, Archive)
    return looked.kind(looked.source, looked.head)


def is_readable(looked: Looked) -> bool:
    """Whether it is a capture, or what cannot be said without a library that is missing."""
    if isinstance(looked.kind, Codec):
        return looked.codec is None
    return isinstance(looked.kind, type) and issubclass(looked.kind, Reader)


def _too_many(count: int) -> Problem:
    return Problem(
        "too-many-members",
        0,
        f"after {count} captures there are more in this archive than are read from one: unpack it",
    )


def _encrypted(names: list[str]) -> Problem:
    return Problem(
        "encrypted",
        0,
        f"what is in this archive is encrypted ({names[0]}"
        + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        + "): unpack it with its password first",
    )


def _nothing(count: int, is_office: bool) -> Problem:
    if is_office:
        return Problem(
            "matp",
            0,
            "this is a zip archive of documents, as Message Analyzer's .matp is: open it there, and"
            " export it as .cap",
        )
    return Problem(
        "no-captures",
        0,
        f"none of the {count} files in this archive is a capture (they are judged by content;"
        " hidden ones are left out)",
    )
