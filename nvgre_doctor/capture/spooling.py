"""What must be read here and there, and comes from a pipe or out of compressed data, is put into a
temporary file first.
"""

from typing import BinaryIO, Final

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.source import CHUNK, FileSource, Source

_LEFT_FREE: Final = 1 << 29
"""Bytes of the disk that are left to others: a decompression bomb must not fill it."""
_ASKED_EACH: Final = 64  # chunks


class SpooledSource(FileSource):
    """A temporary file, deleted when it is closed."""

    def __init__(self, file: BinaryIO, origin: Source) -> None:
        """`file` holds all that `origin` gave."""
        super().__init__(file)
        self.failure = origin.failure
        self._origin = origin

    def position(self) -> int:
        """Of what was read to fill it."""
        return self._origin.position()


def spool(origin: Source, head: bytes) -> tuple[BinaryIO, SpooledSource] | Problem:
    """Take all that `head` and `origin` behind it give.  The file is the caller's to close."""
    import shutil  # with much that most runs do without
    import tempfile

    try:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
    except OSError as error:
        return _no_room(error)
    try:
        data, count = head, 0
        while data:
            if (
                count % _ASKED_EACH == 0
                and shutil.disk_usage(tempfile.gettempdir()).free < _LEFT_FREE
            ):
                raise OSError(0, f"less than {_LEFT_FREE} bytes of the disk would be left")
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            data, count = origin.fill(b"", 0, CHUNK), count + 1
    except OSError as error:
        file.close()
        return _no_room(error)
    return file, SpooledSource(file, origin)


def _no_room(error: OSError) -> Problem:
    return Problem(
        "no-room",
        0,
        "this must be put into a temporary file to be read, which failed"
        f" ({error.strerror or error}): unpack it to a disk with more room",
    )
