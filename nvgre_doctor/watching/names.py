"""What the names of files in a folder say: their order, their number in a ring, and of which file
one is the compressed copy.
"""

import re
from collections.abc import Container, Iterator, Sequence
from typing import Final

from nvgre_doctor.capture.decompress import CODECS

_NUMBER: Final = re.compile(r"_(\d{5,9})_(\d{14})(?!\d)|_(\d{14})_(\d{5,9})(?!\d)")
"""What dumpcap puts into names: a number and a time."""
_DIGITS: Final = re.compile(r"(\d+)")


def natural(name: str) -> list[tuple[bool, int, str]]:
    """In this order ring2 stands before ring10."""
    return [
        (True, int(part), part) if part.isascii() and part.isdigit() else (False, 0, part)
        for part in _DIGITS.split(name)
    ]


def number_of(name: str) -> str | None:
    """The digits of its number in a ring of dumpcap."""
    found = _NUMBER.search(name)
    return None if found is None else found[1] or found[4]


def numbers_between(last: int | None, number: str) -> str:
    """Which ones are missing between the last one and this one; "" where none is."""
    if last is None or int(number) <= last + 1:
        return ""
    first, end = (str(one).zfill(len(number)) for one in (last + 1, int(number) - 1))
    return f"number {first}" if first == end else f"numbers {first} to {end}"


def names_again(names: Sequence[str], times: Sequence[int]) -> Sequence[str]:
    """Of a ring whose names come again, by the times at which its files were written last: those up
    to the newest file were written after the others.
    """
    newest = times.index(max(times)) + 1 if times else 0
    is_round = newest < len(names) and sorted(times) == [*times[newest:], *times[:newest]]
    return names[:newest] if is_round else ()


def plain_name(name: str) -> str:
    """Of the file that a program which compresses in place made this one of, or its own."""
    for codec in CODECS:
        if name.endswith(codec.suffix):
            return name.removesuffix(codec.suffix)
    return name


def copies(name: str, there: Container[str]) -> Iterator[str]:
    """Those of its compressed copies that are `there`."""
    return (name + codec.suffix for codec in CODECS if name + codec.suffix in there)
