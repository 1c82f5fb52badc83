"""Small text files that people wrote or redirected: read whole, decoded by their byte order mark.

Knows nothing about what is in them.

PowerShell 5.1 writes UTF-16 with `>` and UTF-8 with a byte order mark with `Set-Content -Encoding
UTF8`.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from typing import BinaryIO, Final

from nvgre_doctor.errors import GivenError

Opener = Callable[[str, int], int]
"""As Python's `open` takes one: path and flags become a descriptor."""

_PIECE: Final = 1 << 20  # bytes
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF_8_MARK: Final = b"\xef\xbb\xbf"


class TextFileError(GivenError):
    """The file cannot be read as text; the message says why, not which file."""


def read_text(path: str, largest: int, opener: Opener | None = None) -> str:
    """The text of a file.  Errors: TextFileError, also for more than `largest` bytes."""
    try:
        data = read_bytes(path, largest + 1, opener)
    except GivenError:  # of the opener
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _because(error) from error
    return _text(data, largest)


def read_bytes(path: str, most: int, opener: Opener | None = None) -> bytes:
    """Up to `most` bytes of a file.  Errors: OSError, ValueError.

    What was read counts, whatever closing the file says.
    """
    stream = open(path, "rb", opener=opener)  # noqa: SIM115
    try:
        return read_up_to(stream, most)
    finally:
        with contextlib.suppress(OSError):
            stream.close()


def read_stdin(largest: int) -> str:
    """The text on standard input.  Errors: TextFileError, also for more than `largest` bytes."""
    try:
        data = read_up_to(sys.stdin.buffer, largest + 1)
    except OSError as error:
        raise _because(error) from error
    return _text(data, largest)


def read_up_to(stream: BinaryIO, most: int) -> bytes:
    """Up to `most` bytes, in pieces: Python takes memory for all that may come before it reads."""
    data = bytearray()
    while piece := stream.read(min(most - len(data), _PIECE)):
        data += piece
    return bytes(data)


def read_names(path: str, largest: int) -> list[str]:
    """The file names that a file lists, or standard input ("-"): one a line, or with NUL between
    them as `find -print0` writes; empty ones are left out.

    Names are bytes on most systems, so what is no UTF-8 stays what it is.  Errors: TextFileError,
    also for more than `largest` bytes.
    """
    try:
        if path == "-":
            data = read_up_to(sys.stdin.buffer, largest + 1)
        else:
            data = read_bytes(path, largest + 1)
    except (OSError, ValueError) as error:
        raise _because(error) from error
    _checked(data, largest)
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


def _text(data: bytes, largest: int) -> str:
    return decode(_checked(data, largest))


def _checked(data: bytes, largest: int) -> bytes:
    if len(data) > largest:
        raise TextFileError(f"larger than {largest // 1024 // 1024} MB")
    return data


def _because(error: OSError | ValueError) -> TextFileError:
    return TextFileError(f"cannot be read: {getattr(error, 'strerror', None) or error}")
