"""Rows of which a page shows only the first ones: the rest packed, in a twentieth of their size.

The sentences of a thousand findings differ in addresses, keys and numbers alone.  So a row becomes
a template and the values that fill it, and what follows from another value of the row (a key from
its VSID) is not kept.  The browser unpacks them when they are first asked for (`rows.js`), and
builds them of text alone.
"""

import re
import zlib
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from nvgre_doctor.reporters.html.columns import joined_columns
from nvgre_doctor.reporters.html.markup import NOTHING, Html, raw_element
from nvgre_doctor.terminal.visible import visible

Cell = str | int | None | tuple[str, ...]
"""A value of a row: a text, a count, nothing, or several texts."""
CELL_END, PART_END, SLOT = "\x02", "\x03", "\x01"
"""Between cells, between the texts of one cell, before a slot: no visible text holds them."""
_LEVEL: Final = 7  # of 9: a third of the time of the best, and 1 % more bytes
_VALUE: Final = re.compile(
    r"(?<![\w#])("
    r"[0-9]+(?:\.[0-9]+){3}"
    r"|0x[0-9a-f]{8}"
    r"|[0-9a-f]*:[0-9a-f:.]*[0-9a-f]"  # MACs, IPv6 addresses, times
    r"|[0-9]+)\b"
)
"""Not what is the same in all rows: NVG201, 0x6558, ip.src#1."""
_SHORT: Final = 4  # decimal digits: of shorter numbers, equal ones are so by chance


def packed(name: str, rows: Sequence[Sequence[Cell]]) -> Html:
    """Rows as an element that no browser runs or shows; nothing where there are none."""
    if not rows:
        return NOTHING
    return raw_element("script", pack(rows), type="text/plain", id=f"{name}-rows")


def pack(rows: Sequence[Sequence[Cell]]) -> str:
    """Templates, the template of each row, and the columns of each template: deflated without a
    header, in base64.
    """
    places: dict[str, int] = {}
    values: list[list[list[str]]] = []
    order = []
    for row in rows:
        template, found = _split(_text(row))
        place = places.setdefault(template, len(places))
        if place == len(values):
            values.append([])
        values[place].append(found)
        order.append(str(place))
    columns = [list(zip(*members, strict=True)) for members in values]
    squeeze = zlib.compressobj(_LEVEL, wbits=-15)
    plain = joined_columns(list(places), order, columns)
    return b64encode(squeeze.compress(plain) + squeeze.flush()).decode("ascii")


def _text(row: Sequence[Cell]) -> str:
    """A row as one visible text."""
    cells = [
        PART_END.join(cell) if isinstance(cell, tuple) else "" if cell is None else str(cell)
        for cell in row
    ]
    if visible(whole := "".join(cells)) == whole:  # nearly always
        return CELL_END.join(cells)
    return CELL_END.join(
        PART_END.join(map(visible, cell)) if isinstance(cell, tuple) else visible(text)
        for cell, text in zip(row, cells, strict=True)
    )


def _split(row: str) -> tuple[str, list[str]]:
    """A template with slots, and what fills them.

    A slot is the number of a value and how it is written there: `a` as it is.  Of a number n, `b`
    is the key n, `c` the key n << 8, `d` the key n >> 8; `e` is n, `f` n >> 8, `g` the lower 24
    bits of n, as decimals.
    """
    pieces = _VALUE.split(row)
    values: list[str] = []
    said: dict[str, str] = {}
    places: dict[int, int] = {}  # of numbers
    for index in range(1, len(pieces), 2):
        word = pieces[index]
        slot = said.get(word)
        if slot is None:
            is_key = word[:2] == "0x"
            number = -1
            if is_key:
                number = int(word, 16)
            elif word.isdigit() and _SHORT <= len(word) <= 10 and word[0] != "0":
                number = int(word)
            if number >= 0:
                slot = _derived(places, number, is_key=is_key)
            if slot is None:
                place = len(values)
                values.append(word)
                slot = f"{SLOT}{place}a"
                if number >= 0:
                    places.setdefault(number, place)
            if number >= 0 or not word.isdigit():
                said[word] = slot
        pieces[index] = slot
    return "".join(pieces), values


def _derived(places: dict[int, int], number: int, *, is_key: bool) -> str | None:
    """How a number follows from one that is there."""
    if (place := places.get(number)) is not None:
        return f"{SLOT}{place}{'b' if is_key else 'e'}"
    if is_key and number & 0xFF == 0 and (place := places.get(number >> 8)) is not None:
        return f"{SLOT}{place}c"
    for other, place in places.items():
        if other >> 8 == number:
            return f"{SLOT}{place}{'d' if is_key else 'f'}"
        if other & 0xFFFFFF == number and not is_key:
            return f"{SLOT}{place}g"
    return None
