"""Small text files that people wrote or redirected: read whole, decoded by their byte order mark.

Knows nothing about what is in them.

PowerShell 5.1 writes UTF-16 with `>` and UTF-8 with a byte order mark with `Set-Content -Encoding
UTF8`.
"""

import os
import sys
from typing import BinaryIO, Final

from nvgre_doctor.errors import GivenError

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF_8_MARK: Final = b"\xef\xbb\xbf"


class TextFileError(GivenError):
    """The file cannot be read as text; the message says why, not which file."""


def read_text(path: str, largest: int) -> str:
    """The text of a file.  Errors: TextFileError, also for more than `largest` bytes."""
    try:
        with open(path, "rb") as stream:
            return _read(stream, largest)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _because(error) from error


def read_stdin(largest: int) -> str:
    """The text on standard input.  Errors: TextFileError, also for more than `largest` bytes."""
    try:
        return _read(sys.stdin.buffer, largest)
    except OSError as error:
        raise _because(error) from error


def read_names(path: str, largest: int) -> list[str]:
    """The file names that a file lists, or standard input ("-"): one a line, or with NUL between
    them as `find -print0` writes; empty ones are left out.

    Names are bytes on most systems, so what is no UTF-8 stays what it is.  Errors: TextFileError,
    also for more than `largest` bytes.
    """
    try:
        if path == "-":
            data = _limited(sys.stdin.buffer, largest)
        else:
            with open(path, "rb") as stream:
                data = _limited(stream, largest)
    except (OSError, ValueError) as error:
        raise _because(error) from error
    is_marked = data.startswith((*_UTF_16_MARKS, _UTF_8_MARK))
    text = decode(data) if is_marked else os.fsdecode(data)
    names = text.split("\0") if "\0" in text else [line.rstrip("\r") for line in text.split("\n")]
    return [name for name in names if name.strip()]


def decode(data: bytes) -> str:
    """UTF-8, or UTF-16 with a byte order mark; the mark itself is left out.  Errors:
    TextFileError.
    """
    encoding = "utf-16" if data.startswith(_UTF_16_MARKS) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TextFileError(
            f"byte {error.start} is no {encoding.removesuffix('-sig').upper()} text"
        ) from None


def _read(stream: BinaryIO, largest: int) -> str:
    return decode(_limited(stream, largest))


def _limited(stream: BinaryIO, largest: int) -> bytes:
    data = stream.read(largest + 1)
    if len(data) > largest:
        raise TextFileError(f"larger than {largest // 1024 // 1024} MB")
    return data


def _because(error: OSError | ValueError) -> TextFileError:
    if isinstance(error, TextFileError):
        return error
    return TextFileError(f"cannot be read: {getattr(error, 'strerror', None) or error}")
