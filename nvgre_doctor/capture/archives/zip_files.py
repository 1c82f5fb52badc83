"""zip archives, with Python's zipfile: stored and deflated members, one at a time."""

import io
import struct
import zlib
from collections.abc import Iterator
from copy import copy
from itertools import pairwise
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

_BEGIN: Final = b"PK\3\4"  # of a member
ZIP_MAGICS: Final = (_BEGIN, b"PK\5\6")  # or the end of an empty archive
_LONGEST_DIRECTORY: Final = 1 << 20  # bytes that zipfile may ask for at once
_ENCRYPTED: Final = 0x1
_HEADER: Final = 30  # bytes before its name
_LENGTHS: Final = struct.Struct("<26xHH")  # of its name and of what follows that
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
        window = _Window(self._source)
        try:
            archive = zipfile.ZipFile(window)
        except _errors() as error:
            raise broken(f"the zip archive is cut short or damaged ({error}): {_AGAIN}") from error
        ends = _ends(archive)
        for number, info in enumerate(archive.infolist()):
            if number >= MOST_MEMBERS:
                raise broken(
                    f"the zip archive has more than {MOST_MEMBERS} members: unpack it",
                    "too-many-members",
                )
            end = ends.pop(info.header_offset, 0)  # only one member is there
            if not info.filename or info.is_dir():
                continue
            is_encrypted = bool(info.flag_bits & _ENCRYPTED)
            stream = None if is_encrypted else _ZipStream(archive, window, info, end).as_file()
            yield Member(info.filename), stream


def _ends(archive: "zipfile.ZipFile") -> dict[int, int]:
    """Where the bytes of a member that begins at an offset end at the latest.  A few kilobytes that
    many members share would be gigabytes in each of them.
    """
    begins = sorted({info.header_offset for info in archive.infolist()})
    return dict(pairwise([*begins, archive.start_dir]))


class _ZipStream(MemberStream):
    """Opened when it is read first."""

    def __init__(
        self, archive: "zipfile.ZipFile", window: "_Window", info: "zipfile.ZipInfo", end: int
    ) -> None:
        super().__init__()
        self._archive = archive
        self._window = window
        self._info = info
        self._end = end
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
                self._opened = self._open()
            data = self._opened.read(size)
        except _errors() as error:
            raise broken(f"it is damaged in the zip archive ({error}): {_AGAIN}") from error
        self._checksum = zlib.crc32(data, self._checksum)
        if not data and size and self._checksum != self._info.CRC:
            raise broken(f"its checksum in the zip archive is wrong: {_AGAIN}")
        return data

    def _open(self) -> IO[bytes]:
        info = copy(self._info)
        del info.CRC  # zipfile would keep back what it has read where that is wrong
        self._window.seek(info.header_offset)
        head = self._window.read(_HEADER)
        if head[:4] == _BEGIN and len(head) == _HEADER:  # else zipfile says what is wrong
            name, extra = _LENGTHS.unpack_from(head)
            if info.header_offset + _HEADER + name + extra + info.compress_size > self._end:
                raise ValueError("it overlaps with another member")
        return self._archive.open(info)


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
