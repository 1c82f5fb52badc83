"""Tables of hosts, pairs, refused flows and captures: the first rows as HTML, the rest packed.

A column has a kind, which says how a value looks; `rows.js` knows the same kinds.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from nvgre_doctor.reporters.html.markup import NOTHING, Html, joined, number, tag, text
from nvgre_doctor.reporters.html.packed_rows import Cell, packed
from nvgre_doctor.reporters.html.shown import (
    host_link,
    host_target,
    key_link,
    layout_badge,
    sentence,
)

MOST_INLINE: Final = {"hosts": 60, "pairs": 30, "refused": 30, "captures": 30}
"""Rows of a table that can be read without JavaScript."""


class Column(NamedTuple):
    """A heading, and the kind of its values: id, host, layout, word, count, key, prose, reasons."""

    title: str
    kind: str


class Table(NamedTuple):
    """One table of the page; `name` is the anchor of its section."""

    name: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]


def section(table: Table, hosts: Collection[str]) -> Html:
    """A table with its heading, and what `lists.js` fills: filter, buttons, packed rows."""
    if not table.rows:
        return NOTHING
    most = MOST_INLINE[table.name]
    inline, rest = table.rows[:most], table.rows[most:]
    heads = [tag(f"th.{column.kind}", text(column.title)) for column in table.columns]
    body = [
        tag(
            "tr",
            *(
                cell(column.kind, value, hosts)
                for column, value in zip(table.columns, row, strict=True)
            ),
            id=host_target(str(row[0]))[1:] if table.columns[0].kind == "id" else None,
        )
        for row in inline
    ]
    return tag(
        "section",
        tag(
            "h2",
            text(table.title + " "),
            tag("small", number(len(table.rows)), text(table.note)),
        ),
        tag(
            "div.scroll",
            tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body)),
            tabindex=0,
            role="region",
            aria_label=table.title,
        ),
        packed(table.name, rest),
        more_note(len(rest), "row"),
        id=table.name,
        data_list="rows",
    )


def more_note(count: int, noun: str) -> Html:
    """For readers without JavaScript: where the rest is."""
    if not count:
        return NOTHING
    are = f"{count:,} more {noun}{' is' if count == 1 else 's are'} packed in this file"
    return tag("noscript", tag("p.note", text(f"{are}: JavaScript, or --format json, shows them.")))


def cell(kind: str, value: Cell, hosts: Collection[str]) -> Html:
    """One cell."""
    if value in (None, (), ""):
        return tag(f"td.{kind}")
    if isinstance(value, int):
        return tag(f"td.{kind}", number(value))
    if isinstance(value, tuple):
        return tag(f"td.{kind}", reasons(value, hosts))
    looks: dict[str, Callable[[str], Html]] = {
        "host": host_link if value in hosts else text,
        "layout": layout_badge,
        "key": key_link,
        "prose": lambda raw: sentence(raw, hosts),
    }
    return tag(f"td.{kind}", looks.get(kind, text)(value))


def reasons(statements: Sequence[str], hosts: Collection[str]) -> Html:
    """The first one; the others on demand."""
    first, *others = (sentence(statement, hosts) for statement in statements)
    if not others:
        return first
    summary = tag("summary", text(f"{len(others)} more"))
    return joined((first, tag("details", summary, tag("ul", *(tag("li", o) for o in others)))))
