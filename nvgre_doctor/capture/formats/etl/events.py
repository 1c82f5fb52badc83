"""The events in a buffer of a trace, one behind the other, whoever wrote them.

Knows the headers of events as far as their length.  Those of providers with a manifest
(EVENT_HEADER) are handed on; all others are stepped over.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final

from nvgre_doctor.capture.formats.etl.trace_header import BUFFER_HEADER

EVENT_HEADER: Final = 80
_MARKED: Final = 0xC0
_WITH_MANIFEST: Final = frozenset((0x12, 0x13))
_SIZE_SECOND: Final = frozenset((1, 2, 3, 4, 0x10, 0x11))
"""System, compact and performance headers have their size behind a word, all others first."""
_END: Final = (b"\0\0\0\0", b"\xff\xff\xff\xff")
_NUMBERS: Final = Struct("<HBBHH").unpack_from
_ITEM: Final = Struct("<HHHH").unpack_from
_SMALLEST: Final = 8


def read_events(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each event with an EVENT_HEADER begins and ends in a buffer, in order.  The last one is
    (-1, offset) where something else than an event stands before the end.
    """
    at, end = BUFFER_HEADER, len(data)
    while at + _SMALLEST <= end:
        first, kind, flags, second, _ = _NUMBERS(data, at)
        size = first
        if flags == _MARKED and kind in _SIZE_SECOND:
            size = second
        elif data[at : at + 4] in _END:
            return
        if not flags & 0x80 or size < _SMALLEST or at + size > end:
            yield -1, at
            return
        if flags == _MARKED and kind in _WITH_MANIFEST and size >= EVENT_HEADER:
            yield at, at + size
        at += (size + 7) & ~7


def user_data(data: bytes, at: int, end: int) -> int:
    """Where the data of the provider begins in an event: behind items that other headers add."""
    start = at + EVENT_HEADER
    if not data[at + 4] & 1:
        return start
    while start + 8 <= end:
        size, _, linkage, _ = _ITEM(data, start)
        if size < 8:
            break
        start += (size + 7) & ~7
        if not linkage & 1:
            break
    return min(start, end)
