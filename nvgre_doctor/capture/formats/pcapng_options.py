"""The options of a pcapng block: a list of (code, value) at its end.  Knows their layout; not what
they mean.

Format: draft-ietf-opsawg-pcapng section 3.5: code and length (two bytes each, in the byte order of
the section), the value, padding to four bytes.  Code 0 ends the list, and may be missing.
"""

import re
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

END: Final = 0
COMMENT: Final = 1
_HEAD: Final = 4
_EMPTY: Final = re.compile(rb"(?:(?!\0\0)..\0\0)++", re.DOTALL)  # options without a value, in a row


class Option(NamedTuple):
    """One option; `start` and `end` are where it lies in its block, with its head and its
    padding.
    """

    code: int
    value: bytes
    start: int
    end: int


def read_options(block: bytes, start: int, end: int, order: str) -> Iterator[Option]:
    """The options in `block[start:end]`, up to the end of the list or to one that does not fit into
    what is left.
    """
    head = struct.Struct(order + "HH").unpack_from
    while start + _HEAD <= end:
        code, length = head(block, start)
        value_at = start + _HEAD
        if code == END or value_at + length > end:
            return
        after = min(value_at + _padded(length), end)
        yield Option(code, block[value_at : value_at + length], start, after)
        start = after


def read_values(block: bytes, start: int, end: int, order: str) -> Iterator[tuple[int, bytes]]:
    """Code and value of the options that have a value; a block full of others is passed at once."""
    while start + _HEAD <= end:
        empty = _EMPTY.match(block, start, end)
        if empty is not None:
            start = empty.end()
            continue
        option = next(read_options(block, start, end, order), None)
        if option is None:
            return
        yield option.code, option.value
        start = option.end


def write_option(code: int, value: bytes, order: str) -> bytes:
    """One option, padded.  At most 65,535 bytes of value."""
    return struct.pack(order + "HH", code, len(value)) + value.ljust(_padded(len(value)), b"\0")


def write_end(order: str) -> bytes:
    """What ends a list of options."""
    return struct.pack(order + "HH", END, 0)


def _padded(length: int) -> int:
    return (length + 3) & ~3
