"""Who can talk to whom, host by host: a square for each pair, one path for each kind of traffic.

Shapes tell the kinds apart, not colour alone: a cross, a ring, a dot, a full square.
"""

from collections import defaultdict
from typing import Final

from nvgre_doctor.reporters.html.markup import NOTHING, Html, tag, text
from nvgre_doctor.reporters.html.relations import Bond, Relations
from nvgre_doctor.reporters.html.shown import LOOKS, word_of

FROM: Final = 17
"""Hosts from which on there is a matrix."""
MOST: Final = 500
"""Hosts of a matrix, those in trouble first."""
_NAMED: Final = 60  # hosts up to which there is room for names
_CELL: Final = 10
_SHAPES: Final = {
    Bond.CANNOT: (".2 .2", "l.6.6m-.6 0l.6-.6"),
    Bond.DIFFERED: (".2 .2", "h.6v.6h-.6z"),
    Bond.REFUSED: (".2 .2", "h.6v.6h-.6z"),
    Bond.UNKNOWN: (".4 .5", "h.2"),
    Bond.AGREE: (".2 .5", "h.6"),
}
"""Where a shape begins in a square of one unit, and its path."""
_WORDS: Final = {
    Bond.CANNOT: "cross: cannot talk, the layouts differ",
    Bond.DIFFERED: "square: refused",
    Bond.REFUSED: "square: refused",
    Bond.UNKNOWN: "dot: not known",
    Bond.AGREE: "dash: can talk",
}


def matrix(relations: Relations) -> Html:
    """Nothing for a few hosts: the map shows each of them."""
    if len(relations.hosts) < FROM:
        return NOTHING
    count = min(len(relations.hosts), MOST)
    cells: defaultdict[Bond, list[tuple[int, int]]] = defaultdict(list)
    for link in relations.links:
        if link.one < count and link.other < count:
            cells[link.bond].append((min(link.one, link.other), max(link.one, link.other)))
    is_named = count <= _NAMED
    longest = max(len(host.address) for host in relations.hosts[:count])
    left = 7.4 * longest + 16 if is_named else 12
    squares = [_band(relations, count, look) for look in dict.fromkeys(LOOKS.values())]
    squares += [_path(bond, cells[bond]) for bond in Bond if cells[bond]]
    parts = [
        tag(
            "g" if is_named else "g.large",
            *squares,
            transform=f"translate({left:.0f} 12)scale({_CELL})",
        )
    ]
    if is_named:
        parts += [
            tag(
                "text.more",
                text(relations.hosts[place].address),
                x=f"{left - 10:.0f}",
                y=12 + place * _CELL + 8,
                text_anchor="end",
            )
            for place in range(count)
        ]
    width, height = left + count * _CELL + 4, count * _CELL + 16
    words = dict.fromkeys(_WORDS[bond] for bond in Bond if cells[bond])
    shown = "" if count == len(relations.hosts) else f", the {count} that are in trouble first"
    return tag(
        "details.matrix",
        tag("summary", text(f"Host by host: a matrix of {count:,} hosts{shown}")),
        tag(
            "p.note",
            text(
                "Rows and columns are hosts in one order, old ones first; each pair is there once."
                f" {'; '.join(words)}."
            ),
        ),
        tag(
            "div.scroll",
            tag(
                "svg",
                *parts,
                viewBox=f"0 0 {width:.0f} {height}",
                width=f"{min(width, 1080):.0f}",
                role="img",
                aria_label=f"Matrix of {count} hosts; the table of pairs says the same",
            ),
            tabindex=0,
            role="region",
            aria_label="Matrix of hosts",
        ),
    )


def _band(relations: Relations, count: int, look: str) -> Html:
    """Where the hosts that look alike are, above and beside the squares."""
    runs: list[list[int]] = []
    for place in range(count):
        if LOOKS[word_of(relations.hosts[place])] == look:
            if runs and sum(runs[-1]) == place:
                runs[-1][1] += 1
            else:
                runs.append([place, 1])
    path = "".join(f"M{place}-.6h{many}M-.6 {place}v{many}" for place, many in runs)
    return tag(f"path.band.{look}", d=path) if path else NOTHING


def _path(bond: Bond, cells: list[tuple[int, int]]) -> Html:
    begin, shape = _SHAPES[bond]
    d = "".join(f"M{x} {y}{shape}" for x, y in sorted(cells))
    return tag(f"path.cell.{bond}", d=d, transform=f"translate({begin})")
