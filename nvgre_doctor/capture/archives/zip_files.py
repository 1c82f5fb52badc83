"""zip archives, with Python's zipfile: stored and deflated members, one at a time."""

import io
import struct
import zlib
from collections.abc import Iterator
from copy import copy
from typing import IO, TYPE_CHECKING, BinaryIO, ClassVar, Final

from nvgre_doctor.capture.archives.members import (
    MOST_MEMBERS,
    Archive,
    Member,
    MemberStream,
    broken,
)
from nvgre_doctor.capture.source import FileSource

if TYPE_CHECKING:  # zipfile loads much else: it is imported where there is an archive
    import zipfile

ZIP_MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06")  # a member, or the end of an empty archive
_LONGEST_DIRECTORY: Final = 1 << 20  # bytes that zipfile may ask for at once
_ENCRYPTED: Final = 0x1
_METHODS: Final = frozenset((0, 8))
"""Stored and deflated: those that are unpacked in bounded pieces."""
_AGAIN: Final = "copy it again, or see what `unzip -t` says"


def _errors() -> tuple[type[Exception], ...]:
    """What zipfile raises for damage."""
    import zipfile

    return (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
        OverflowError,
        IndexError,
        struct.error,
    )


class ZipArchive(Archive):
    """A zip archive in a file."""

    name: ClassVar = "zip"
    needs_file: ClassVar = True

    def members(self) -> Iterator[tuple[Member, BinaryIO | None]]:
        """See `Archive.members`."""
        import zipfile

        assert isinstance(self._source, FileSource)  # `needs_file`
        try:
            archive = zipfile.ZipFile(_Window(self._source))
        except _errors() as error:
            raise broken(f"the zip archive is cut short or damaged ({error}): {_AGAIN}") from error
        for number, info in enumerate(archive.infolist()):
            if number >= MOST_MEMBERS:
                raise broken(
                    f"the zip archive has more than {MOST_MEMBERS} members: unpack it",
                    "too-many-members",
                )
            if not info.filename or info.is_dir():
                continue
            is_encrypted = bool(info.flag_bits & _ENCRYPTED)
            stream = None if is_encrypted else _ZipStream(archive, info).as_file()
            yield Member(info.filename), stream


class _ZipStream(MemberStream):
    """Opened when it is read first."""

    def __init__(self, archive: "zipfile.ZipFile", info: "zipfile.ZipInfo") -> None:
        super().__init__()
        self._archive = archive
        self._info = info
        self._opened: IO[bytes] | None = None
        self._checksum = 0

    def read(self, size: int = -1, /) -> bytes:
        """See `MemberStream.read`."""
        if self._info.compress_type not in _METHODS:
            raise broken(
                f"it is compressed in the zip archive with method {self._info.compress_type}, and"
                " only stored and deflated members are read: unpack it",
                "zip-method",
            )
        try:
            if self._opened is None:
                info = copy(self._info)
                del info.CRC  # zipfile would keep back what it has read where that is wrong
                self._opened = self._archive.open(info)
            data = self._opened.read(size)
        except _errors() as error:
            raise broken(f"it is damaged in the zip archive ({error}): {_AGAIN}") from error
        self._checksum = zlib.crc32(data, self._checksum)
        if not data and size and self._checksum != self._info.CRC:
            raise broken(f"its checksum in the zip archive is wrong: {_AGAIN}")
        return data


class _Window(io.RawIOBase):
    """A file that hands out no more at once than a directory of decent size."""

    def __init__(self, source: FileSource) -> None:
        super().__init__()
        self._source = source
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}.get(whence, self._source.size or 0)
        if base + offset < 0:
            raise OSError("before the beginning")
        self._at = base + offset
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        left = max((self._source.size or 0) - self._at, 0)
        size = left if size is None or size < 0 else min(size, left)
        if size > _LONGEST_DIRECTORY:
            raise OSError(f"its directory is longer than {_LONGEST_DIRECTORY} bytes")
        data = self._source.read_at(self._at, size)
        self._at += len(data)
        return data
