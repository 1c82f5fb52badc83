"""What a stream of bytes is, below one compression, and which captures an archive holds."""

from typing import Any, BinaryIO, Final, NamedTuple

from nvgre_doctor.capture.archives.members import Archive, encrypted
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
    """The members that are captures, by content; hidden ones are left out, as in folders.

    They are in the order in which `Archive.find` comes by their names.
    """
    is_wanted: dict[str, bool] = {}
    is_office = False
    closed: list[str] = []
    count = captures = 0
    problem = None
    try:
        for member, stream in archive_in(looked).members():
            if member.is_hidden:
                continue
            count += 1
            is_office |= member.name == _CONTENT_TYPES
            is_wanted.setdefault(member.name, False)
            if stream is None:
                closed.append(member.name)
            elif is_readable(inside := look(stream)) or inside.source.failure is not None:
                if captures == MOST_CAPTURES:
                    problem = _too_many(captures)
                    break
                captures += not is_wanted[member.name]
                is_wanted[member.name] = True
    except BrokenInputError as error:
        problem = error.problem
    names = [name for name, is_capture in is_wanted.items() if is_capture]
    if problem is None and closed:
        problem = encrypted(closed)
    return Listing(names, problem if problem or names else _nothing(count, is_office))


def archive_in(looked: Looked) -> Archive:
    """It, from its beginning on."""
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
