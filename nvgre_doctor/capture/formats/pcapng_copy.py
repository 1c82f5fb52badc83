"""The blocks of a pcapng file as they are stored, for what copies a capture.  Does not understand
them; see `pcapng`.

What is damaged must have been found before: reading ends at an offset that `PcapngReader` reached.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from nvgre_doctor.capture.formats.pcapng_blocks import (
    MAX_BLOCK,
    MIN_BLOCK,
    SECTION,
    is_4_too_long,
)
from nvgre_doctor.capture.source import CHUNK, Source

LONGEST_WHOLE: Final = 1 << 22
"""Bytes of the longest block that is handed over in one piece: the longest frame, and megabytes of
options.
"""


class ChangedError(Exception):
    """The capture is not what it was when it was read before."""


class Block(NamedTuple):
    """One block, or a piece of a long one.  `order` is the byte order of its section, "<" or
    ">".
    """

    kind: int
    order: str
    data: bytes
    piece: int  # 0 for the first and for the only one
    is_whole: bool


def read_blocks(source: Source, head: bytes, stop: int) -> Iterator[Block]:
    """Every block that ends before or at the offset `stop`, in order.  `head` was already taken
    from `source`.

    Raises ChangedError where something else is before `stop`.
    """
    data, at, base, order = head, 0, 0, "<"
    while base + at + MIN_BLOCK <= stop:
        if len(data) - at < MIN_BLOCK:
            data, at, base = source.fill(data[at:], MIN_BLOCK), 0, base + at
            if len(data) < MIN_BLOCK:
                raise ChangedError
        kind, total = struct.unpack_from(order + "II", data, at)
        if kind == SECTION:
            order = "<" if data.startswith(b"\x4d\x3c\x2b\x1a", at + 8) else ">"
            (total,) = struct.unpack_from(order + "I", data, at + 4)
        size = (total + 3) & ~3
        if not MIN_BLOCK <= size <= MAX_BLOCK:
            raise ChangedError
        if base + at + size - 4 > stop:
            return
        if size <= LONGEST_WHOLE:
            if len(data) - at < size:
                data, at, base = source.fill(data[at:], size), 0, base + at
                if len(data) < size - 4:
                    raise ChangedError
            if kind != SECTION and _is_4_too_long(data, at, order, total):
                yield Block(kind, order, _shortened(data[at : at + size - 4], order), 0, True)
                at += size - 4
                continue
            if base + at + size > stop:
                return
            if len(data) - at < size:
                raise ChangedError
            yield Block(kind, order, data[at : at + size], 0, True)
            at += size
            continue
        left, piece = size, 0
        data, at, base = source.fill(data[at:], LONGEST_WHOLE), 0, base + at
        while left:
            if at == len(data):
                data, at, base = source.fill(b"", min(left, CHUNK)), 0, base + at
                if not data:
                    raise ChangedError
            part = data[at : at + left]
            yield Block(kind, order, part, piece, False)
            at, left, piece = at + len(part), left - len(part), piece + 1


def _is_4_too_long(data: bytes, at: int, order: str, total: int) -> bool:
    """Whether it is one that the reader took as it is, because its lengths differ otherwise."""
    end = at + ((total + 3) & ~3)
    is_right = data[end - 4 : end] == struct.pack(order + "I", total)
    return not is_right and is_4_too_long(data, at, order, total)


def _shortened(block: bytes, order: str) -> bytes:
    """The same block with its right length in both places."""
    length = struct.pack(order + "I", len(block))
    return block[:4] + length + block[8:-4] + length
