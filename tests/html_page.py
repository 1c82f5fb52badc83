"""An HTML report as its readers get it: elements, texts, and the packed rows, unpacked by what
`packed_rows.py` says of them.

Knows HTML and that format; must not import anything of nvgre_doctor.
"""

import base64
import json
import re
import struct
import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br"}
NOT_SHOWN = {"script", "style", "title"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it that is shown."""
        return "".join(
            child if isinstance(child, str) else child.text
            for child in self.children
            if isinstance(child, str) or child.name not in NOT_SHOWN
        )

    @property
    def raw(self) -> str:
        return "".join(child for child in self.children if isinstance(child, str))

    @property
    def classes(self) -> list[str]:
        return (self.attributes.get("class") or "").split()

    def all(self, name: str, class_: str = "") -> list["Element"]:
        """Everything below of that name, and class if one is given."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if child.name == name and (not class_ or class_ in child.classes):
                    found.append(child)
                found += child.all(name, class_)
        return found

    def every(self) -> list["Element"]:
        return [self] + [e for c in self.children if isinstance(c, Element) for e in c.every()]

    def with_id(self, name: str) -> "Element":
        (found,) = [e for e in self.every() if e.attributes.get("id") == name]
        return found

    def has_id(self, name: str) -> bool:
        return any(e.attributes.get("id") == name for e in self.every())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"twice the same: {tag} {attrs}"
        made = Element(tag, dict(attrs))
        self.open[-1].children.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"</{tag}> ends <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(page: str) -> Element:
    """The page as a tree.  AssertionError for a tag that is not closed, or closed in the wrong
    place.
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root]
    ids = [e.attributes["id"] for e in reader.root.every() if "id" in e.attributes]
    assert len(ids) == len(set(ids)), "an id is there twice"
    return reader.root


def unpacked(page: Element, name: str) -> list[list[str]]:
    """The packed rows of a list, cell by cell; the texts of one cell with \\x03 between."""
    if not page.has_id(f"{name}-rows"):
        return []
    element = page.with_id(f"{name}-rows")
    assert element.attributes["type"] == "text/plain"
    data = zlib.decompress(base64.b64decode(element.raw, validate=True), wbits=-15)
    (size,) = struct.unpack_from("<I", data)
    total, templates, order, groups = json.loads(data[4 : 4 + size])
    position = 4 + size

    def column(packed: object, count: int) -> list[str]:
        nonlocal position
        if isinstance(packed, str):
            return [packed] * count
        assert isinstance(packed, list)
        if len(packed) != 3 or not isinstance(packed[1], int):
            return packed
        letter, width, rows = packed
        planes = [data[position + n * rows : position + (n + 1) * rows] for n in range(width)]
        position += width * rows
        numbers = [
            sum(plane[row] << 8 * n for n, plane in enumerate(planes)) for row in range(rows)
        ]
        if letter.isupper():
            for row in range(1, rows):
                numbers[row] += numbers[row - 1]
        return [WRITTEN[letter.lower()](number) for number in numbers]

    places = [int(place) for place in column(order, total)]
    columns = [
        [column(packed, places.count(place)) for packed in group]
        for place, group in enumerate(groups)
    ]
    assert position == len(data)
    taken = [0] * len(templates)
    rows = []
    for place in places:
        row, taken[place] = taken[place], taken[place] + 1
        values = [of[row] for of in columns[place]]
        text = re.sub(
            r"\x01(\d+)([a-g])",
            lambda slot, values=values: _way(slot[2], values[int(slot[1])]),
            templates[place],
        )
        rows.append(text.split("\x02"))
    return rows


WRITTEN = {
    "d": str,
    "x": "0x{:08x}".format,
    "i": lambda number: ".".join(map(str, number.to_bytes(4, "big"))),
    "m": lambda number: number.to_bytes(6, "big").hex(":"),
}


def _way(letter: str, value: str) -> str:
    if letter == "a":
        return value
    number = int(value, 0)
    return {
        "b": f"0x{number:08x}",
        "c": f"0x{number << 8:08x}",
        "d": f"0x{number >> 8:08x}",
        "e": str(number),
        "f": str(number >> 8),
        "g": str(number & 0xFFFFFF),
    }[letter]
