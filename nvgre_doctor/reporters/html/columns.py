"""Columns of values as bytes that deflate well: numbers, keys, addresses and MACs as integers, byte
by byte; everything else as JSON.

Knows texts; knows nothing about reports.
"""

import json
import re
import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

Column = Sequence[str]


def _key(word: str) -> int:
    return int(word, 16)


def _address(word: str) -> int:
    one, two, three, four = map(int, word.split("."))
    return one << 24 | two << 16 | three << 8 | four


def _mac(word: str) -> int:
    return int(word.replace(":", ""), 16)


_OCTET: Final = r"(?:0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_FORMS: Final[dict[str, tuple[re.Pattern[str], Callable[[str], int]]]] = {
    "d": (re.compile(r"0|[1-9][0-9]{0,14}"), int),  # exact in a browser, too
    "x": (re.compile(r"0x[0-9a-f]{8}"), _key),
    "i": (re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}"), _address),
    "m": (re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}"), _mac),
}
"""Letter -> what a word must be, so that its integer gives it back."""


def joined_columns(
    templates: Sequence[str], order: Column, columns: Sequence[Sequence[Column]]
) -> bytes:
    """The length of a head as 4 bytes, the head as JSON, and the integers.

    The head is [rows, templates, order, columns of each template].  A column is a text, if all its
    values are that text; a list of texts; or [letter, width, rows]: so many bytes for each row, the
    lowest of all rows first.  A large letter means differences: of values that never fall.
    """
    planes: list[bytes] = []
    head = [
        len(order),
        list(templates),
        _column(order, planes),
        [[_column(column, planes) for column in group] for group in columns],
    ]
    text = json.dumps(head, separators=(",", ":")).encode("ascii")
    return struct.pack("<I", len(text)) + text + b"".join(planes)


def _column(words: Column, planes: list[bytes]) -> object:
    if words.count(words[0]) == len(words):
        return words[0] if len(words) > 1 else [words[0]]
    for letter, (pattern, number_of) in _FORMS.items():
        if pattern.fullmatch(words[0]) and all(map(pattern.fullmatch, words)):
            numbers = list(map(number_of, words))
            steps = [b - a for a, b in pairwise(numbers)]
            rises = min(steps) >= 0
            stored = [numbers[0], *steps] if rises else numbers
            width = (max(stored).bit_length() + 7) // 8 or 1
            data = struct.pack(f"<{len(stored)}Q", *stored)
            planes.extend(data[place::8] for place in range(width))
            return [letter.upper() if rises else letter, width, len(stored)]
    return list(words)
