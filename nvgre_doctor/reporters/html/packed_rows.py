"""Rows of which a page shows only the first ones: the rest packed, in a twentieth of their size.

The sentences of a thousand findings differ in addresses, keys and numbers alone.  So a row becomes
a template and the values that fill it, and what follows from another value of the row (a key from
its VSID) is not kept.  The browser unpacks them when they are first asked for (`rows.js`), and
builds them of text alone.
"""

import re
import zlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from nvgre_doctor.filters.grammar import whole_or
from nvgre_doctor.reporters.html.columns import joined_columns
from nvgre_doctor.reporters.html.markup import NOTHING, Html, raw_element
from nvgre_doctor.terminal.visible import visible

Cell = str | int | None | tuple[str, ...]
"""A value of a row: a text, a count, nothing, or several texts."""
CELL_END, PART_END, SLOT = "\x02", "\x03", "\x01"
"""Between cells, between the texts of one cell, before a slot: no visible text holds them."""
WAYS: Final[dict[str, Callable[[str], str]]] = {
    "b": lambda word: f"0x{int(word, 0):08x}",
    "c": lambda word: f"0x{int(word, 0) << 8:08x}",
    "d": lambda word: f"0x{int(word, 0) >> 8:08x}",
    "e": lambda word: str(int(word, 0)),
    "f": lambda word: str(int(word, 0) >> 8),
    "g": lambda word: str(int(word, 0) & 0xFFFFFF),
}
"""Letter of a slot -> what a number is in other words: a key, one shifted by 8 bits to the left or
right, a decimal, its upper and lower 24 bits.  `a` is the value as it is."""
_MOST_ALIKE: Final = 20  # templates with the same text around values; further ones relate nothing
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


class Template(NamedTuple):
    """The text of rows that are alike, with slots (`SLOT`, number of a value, letter) for values.

    `kept` are the positions of the values that say all the others: those of `equal` (position,
    source) and of `derived` (position, source, letter).
    """

    text: str
    kept: tuple[int, ...]
    equal: tuple[tuple[int, int], ...]
    derived: tuple[tuple[int, int, str], ...]

    def fits(self, words: list[str]) -> bool:
        """Whether the values of another row follow from each other in the same way."""
        for position, source in self.equal:
            if words[position] != words[source]:
                return False
        return all(
            _is_number(words[source]) and WAYS[way](words[source]) == words[position]
            for position, source, way in self.derived
        )


def packed(name: str, rows: Sequence[Sequence[Cell]]) -> Html:
    """Rows as an element that no browser runs or shows; nothing where there are none."""
    if not rows:
        return NOTHING
    return raw_element("script", pack(rows), type="text/plain", id=f"{name}-rows")


def pack(rows: Sequence[Sequence[Cell]]) -> str:
    """Templates, the template of each row, and the columns of each template: deflated without a
    header, in base64.
    """
    places: dict[Template, int] = {}
    known: dict[tuple[str, ...], list[Template]] = {}
    values: list[list[list[str]]] = []
    order = []
    for row in rows:
        pieces = _VALUE.split(_text(row))
        words = pieces[1::2]
        alike = known.setdefault(tuple(pieces[::2]), [])
        template = next((one for one in alike if one.fits(words)), None)
        if template is None:
            template = _template(pieces, relate=len(alike) < _MOST_ALIKE)
            alike.append(template)
            places[template] = len(places)
            values.append([])
        place = places[template]
        values[place].append([words[position] for position in template.kept])
        order.append(str(place))
    columns = [list(zip(*members, strict=True)) for members in values]
    squeeze = zlib.compressobj(_LEVEL, wbits=-15)
    plain = joined_columns([template.text for template in places], order, columns)
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
        PART_END.join(map(_shown, cell)) if isinstance(cell, tuple) else _shown(text)
        for cell, text in zip(row, cells, strict=True)
    )


def _shown(text: str) -> str:
    return whole_or(text, visible)


def _template(pieces: list[str], *, relate: bool) -> Template:
    """What a row has in common with others, and which of its values say all the others."""
    words, slots = pieces[1::2], []
    kept: list[int] = []
    equal: list[tuple[int, int]] = []
    derived: list[tuple[int, int, str]] = []
    for position, word in enumerate(words):
        found = _source(words, kept, word) if relate else None
        if found is None:
            kept.append(position)
            slots.append(f"{SLOT}{len(kept) - 1}a")
            continue
        place, way = found
        slots.append(f"{SLOT}{place}{way}")
        if way == "a":
            equal.append((position, kept[place]))
        else:
            derived.append((position, kept[place], way))
    pieces[1::2] = slots
    return Template("".join(pieces), tuple(kept), tuple(equal), tuple(derived))


def _source(words: list[str], kept: list[int], word: str) -> tuple[int, str] | None:
    """A value that is kept, and how the word follows from it: short numbers are equal by chance."""
    if word.isdigit() and len(word) < _SHORT:
        return None
    for place, position in enumerate(kept):
        if words[position] == word:
            return place, "a"
    if not _is_number(word):
        return None
    for place, position in enumerate(kept):
        if _is_number(words[position]):
            for way, follow in WAYS.items():
                if follow(words[position]) == word:
                    return place, way
    return None


def _is_number(word: str) -> bool:
    """A key, or a decimal of a size that a VSID or key may have."""
    return word[:2] == "0x" or (word.isdigit() and word[0] != "0" and _SHORT <= len(word) <= 10)
