"""What the map says, in words: labels, legend, and every line as a sentence, for those who do not
see the picture and where it is too wide.
"""

from collections.abc import Sequence
from typing import Final

from nvgre_doctor.reporters.html.alike import MOST_SINGLE, Edge, Group
from nvgre_doctor.reporters.html.markup import NOTHING, Html, counted, joined, number, tag, text
from nvgre_doctor.reporters.html.relations import Bond, Relations
from nvgre_doctor.reporters.html.shown import host_link, layout_badge

MOST_IN_WORDS: Final = 24
"""Lines told as sentences."""


def summary(relations: Relations, groups: list[Group], *, without_green: bool) -> Html:
    """Counts in one paragraph."""
    links = relations.links
    bonds = [link.bond for link in links]
    refused = sum(link.refused for link in links) + relations.refusals_elsewhere
    verb = "exchanges" if len(links) == 1 else "exchange"
    said = [f"{counted(len(relations.hosts), 'host')}, {counted(len(links), 'pair')} {verb} NVGRE."]
    if cannot := bonds.count(Bond.CANNOT):
        said.append(f"{counted(cannot, 'pair')} cannot talk because the layouts differ.")
    if refused:
        said.append(f"{counted(refused, 'ICMP message')} refused something.")
    if without_green:
        agree = bonds.count(Bond.AGREE)
        said.append(f"Not drawn: {counted(agree, 'pair')} with the same layout, which can talk.")
    if len(relations.hosts) > MOST_SINGLE and len(groups) < len(relations.hosts):
        said.append("Hosts that are alike share a box.")
    return tag("p.note", text(" ".join(said)))


def label_of(edge: Edge) -> str:
    """What stands at a line, as short as it can be."""
    refused = f"{edge.refused:,}\u00d7 refused" if edge.refused else ""
    if edge.bond is Bond.CANNOT:
        who = "cannot talk" if edge.pairs == 1 else f"{edge.pairs:,} pairs cannot talk"
        return f"{who}, {refused}" if refused else who
    if edge.bond is Bond.DIFFERED:
        return f"{refused} while the layouts differed"
    return refused


def legend(bonds: set[Bond]) -> Html:
    """What the lines mean that are there."""
    words = (
        (Bond.AGREE, "same layout, can talk"),
        (Bond.CANNOT, "layouts differ, cannot talk (\u00d7)"),
        (Bond.REFUSED, "refused, the layouts do not explain it now"),
        (Bond.UNKNOWN, "not known"),
    )
    seen = {Bond.REFUSED if bond is Bond.DIFFERED else bond for bond in bonds}
    items = [
        tag(
            "li",
            tag(
                "svg",
                tag(f"path.{bond}", d="M0 5H34"),
                width=34,
                height=10,
                aria_hidden="true",
            ),
            text(f" {word}"),
        )
        for bond, word in words
        if bond in seen
    ]
    return tag("ul.legend", *items) if items else NOTHING


def in_words(relations: Relations, groups: list[Group], edges: Sequence[Edge]) -> Html:
    """The lines as a list."""
    told = [edge for edge in edges if edge.bond is not Bond.AGREE]
    items = [tag("li", _sentence(edge, relations, groups)) for edge in told[:MOST_IN_WORDS]]
    if rest := len(told) - len(items):
        items.append(tag("li", text(f"and {rest:,} more; the table of pairs has them all")))
    agree = sum(edge.pairs for edge in edges if edge.bond is Bond.AGREE)
    if agree:
        items.append(
            tag("li", number(agree), text(f" {'pair' if agree == 1 else 'pairs'} can talk"))
        )
    if not items:
        return NOTHING
    return tag("details.words", tag("summary", text("The map in words")), tag("ul", *items))


def _sentence(edge: Edge, relations: Relations, groups: list[Group]) -> Html:
    return joined(
        (
            _who(relations, groups[edge.one]),
            text(" and "),
            _who(relations, groups[edge.other]),
            text(f": {_what(edge)}"),
        )
    )


def _who(relations: Relations, group: Group) -> Html:
    host = relations.hosts[group.places[0]]
    if len(group.places) == 1:
        return joined((host_link(host.address), text(" "), layout_badge(group.word)))
    return joined((text(f"{len(group.places):,} hosts like "), host_link(host.address)))


def words_of(edge: Edge, relations: Relations, groups: list[Group]) -> str:
    """One line, as the picture tells it when it is pointed at."""
    names = [
        relations.hosts[group.places[0]].address
        if len(group.places) == 1
        else counted(len(group.places), "host")
        for group in (groups[edge.one], groups[edge.other])
    ]
    return f"{names[0]} and {names[1]}: {_what(edge)}"


def _what(edge: Edge) -> str:
    refused = f", {counted(edge.refused, 'ICMP message')} refused something" if edge.refused else ""
    many = "" if edge.pairs == 1 else f"{edge.pairs:,} pairs "
    return {
        Bond.CANNOT: f"{many}cannot talk, the layouts differ{refused}",
        Bond.DIFFERED: f"{many}agree now{refused} while the layouts differed",
        Bond.REFUSED: f"{counted(edge.refused, 'message')} refused, the layouts do not explain it",
        Bond.UNKNOWN: f"{many}not known whether they can talk",
        Bond.AGREE: f"{many}same layout, can talk",
    }[edge.bond]
