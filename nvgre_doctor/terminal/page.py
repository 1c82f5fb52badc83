"""A page of text: paragraphs and tables, wrapped to a terminal's width or not at all, with or
without colour.

Knows columns and styles; knows nothing about reports.  Everything given to it is data, never
markup.  It is one layouter for terminals, pipes and files, so that all three say the same; and it
needs no import that a pipe would have to wait for.
"""

import re
import unicodedata
from collections.abc import Container, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from nvgre_doctor.terminal.visible import harmless_line

_GAP: Final = 2
"""Spaces between two columns."""
_NARROW: Final = 28
"""Fewer columns than this for a table's last column, and it goes on lines of its own below the row.
"""
_STACKED: Final = 4
"""Indent of those lines."""
_WORDS: Final = re.compile(r" +|[^ ]+")


class Style(StrEnum):
    """What a piece of text is; the value is its SGR code (ECMA-48 8.3.117)."""

    PLAIN = ""
    HEADING = "1"
    DIM = "2"
    BAD = "1;31"
    DOUBTFUL = "33"
    GOOD = "32"
    NOTE = "36"


class Span(NamedTuple):
    """Text in one style.  It must be visible text already: one line, no control characters."""

    text: str
    style: Style = Style.PLAIN


Line = list[Span]


class Page:
    """Collects lines."""

    def __init__(self, width: int | None, *, color: bool) -> None:
        """`width` in columns, None for unwrapped."""
        self.width = width
        self._color = color
        self._lines: list[Line] = []

    def say(self, *spans: Span | str, indent: int = 0, hang: int = 0) -> None:
        """Add a paragraph; its first line is indented by `indent` spaces, further ones by `indent +
        hang`.
        """
        line = [span if isinstance(span, Span) else Span(span) for span in spans]
        self._wrapped(line, [Span(" " * indent)], [Span(" " * (indent + hang))])

    def blank(self) -> None:
        """Add an empty line, unless there is one already or nothing is above it."""
        if self._lines and self._lines[-1]:
            self._lines.append([])

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[Span]], right: Container[int] = ()
    ) -> None:
        """Add a table; the last column takes the width that is left, columns in `right` hold
        numbers.

        On a terminal too narrow for that, the last column goes below its row; nothing is ever cut
        off.
        """
        heads = [Span(text, Style.HEADING) for text in header]
        grid = [heads, *rows] if any(header) else list(rows)
        last = len(header) - 1
        widths = [
            max((cells(row[column].text) for row in grid), default=0) for column in range(last)
        ]
        before = sum(widths) + _GAP * last
        stacked = self.width is not None and self.width - before < min(
            _NARROW, max((cells(row[last].text) for row in grid), default=0)
        )
        for row in grid:
            front: Line = []
            for column, span in enumerate(row[:last]):
                padding = " " * (widths[column] - cells(span.text))
                front += [Span(padding), span] if column in right else [span, Span(padding)]
                front.append(Span(" " * _GAP))
            if not stacked:
                self._wrapped([row[last]], front, [Span(" " * before)])
                continue
            margin = [Span(" " * _STACKED)]
            self._wrapped(front, [], margin)
            if row[last].text:
                self._wrapped([row[last]], margin, margin)

    def fits(self, rows: Sequence[Sequence[Span]]) -> bool:
        """Whether a table of these rows takes one line for each."""
        widths = [
            max(map(cells, (span.text for span in column))) for column in zip(*rows, strict=True)
        ]
        return self.width is None or sum(widths) + _GAP * (len(widths) - 1) <= self.width

    def text(self) -> str:
        """Return the page, with a newline at the end."""
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        return "".join(self._drawn(line) + "\n" for line in self._lines)

    def _wrapped(self, line: Line, first: Line, following: Line) -> None:
        """Add `first` + `line`, broken at spaces into lines that begin with `following`; a word too
        long is folded.  A line that begins with the words of a stranger is no command in a log.
        """
        if line and _is_blank(first):
            line = [line[0]._replace(text=harmless_line(line[0].text)), *line[1:]]
        if self.width is None or _cells_of(first) + _cells_of(line) <= self.width:
            self._lines.append([*first, *line])
            return
        current, used, fresh = list(first), _cells_of(first), True
        for word in (Span(text, span.style) for span in line for text in _WORDS.findall(span.text)):
            if not fresh and used + cells(word.text) > self.width:
                self._lines.append(current)
                current, used, fresh = list(following), _cells_of(following), True
            if fresh and word.text.isspace():
                continue
            rest = harmless_line(word.text) if fresh and _is_blank(current) else word.text
            while rest and used + cells(rest) > self.width:
                piece, rest = _split(rest, self.width - used)
                self._lines.append([*current, Span(piece, word.style)])
                current, used, rest = list(following), _cells_of(following), harmless_line(rest)
            current.append(Span(rest, word.style))
            used, fresh = used + cells(rest), False
        self._lines.append(current)

    def _drawn(self, line: Line) -> str:
        end = len(line)
        while end and not line[end - 1].text.strip(" "):
            end -= 1
        return "".join(self._styled(span) for span in line[:end])

    def _styled(self, span: Span) -> str:
        if not self._color or not span.style or not span.text:
            return span.text
        return f"\x1b[{span.style}m{span.text}\x1b[0m"


def cells(text: str) -> int:
    """Columns that `text` takes on a terminal: East Asian wide characters take two, combining ones
    none.
    """
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def _is_blank(line: Line) -> bool:
    return not any(span.text.strip(" ") for span in line)


def _cells_of(line: Line) -> int:
    return sum(cells(span.text) for span in line)


def _split(text: str, columns: int) -> tuple[str, str]:
    """Split where the first part takes at most `columns`, but after one character at least."""
    end, used = 1, cells(text[0])
    while end < len(text) and used + cells(text[end]) <= columns:
        used += cells(text[end])
        end += 1
    return text[:end], text[end:]
