"""The map: who speaks which layout, and who can and cannot talk, as one SVG and in words.

Old hosts left, current ones right, the others in the middle below them, where no line passes.
Shape and word tell the layout, not colour alone.
"""

from collections.abc import Sequence
from typing import Final

from nvgre_doctor.report.model import Host
from nvgre_doctor.reporters.html.alike import Edge, Group, edges_of, groups_of
from nvgre_doctor.reporters.html.lines import Box, Placed, placed
from nvgre_doctor.reporters.html.map_words import in_words, label_of, legend, summary, words_of
from nvgre_doctor.reporters.html.markup import Html, joined, tag, text
from nvgre_doctor.reporters.html.relations import Bond, Relations
from nvgre_doctor.reporters.html.shown import LOOKS, host_target
from nvgre_doctor.wording import SURE_WORDS

MOST_GREEN: Final = 14
"""Lines between hosts that can talk; more of them hide what matters, and are counted."""
_NAMES_SHOWN: Final = 3  # of the hosts in a box
_LINE, _PADDING = 18, 10  # in units of the picture
_WIDE_LETTER, _LETTER = 7.9, 6.6  # of names, and of other words
_LEFT, _MIDDLE, _RIGHT = range(3)
_COLUMN: Final = {"old": _LEFT, "new": _RIGHT}
_TITLES: Final = {
    "draft-00": "old layout (draft-00)",
    "RFC 7637": "current layout (RFC 7637)",
    "both": "both at once",
    "unknown": "not known",
}
_ROUNDING: Final = {"old": 2, "new": 18}


def host_map(relations: Relations) -> Html:
    """Picture, legend and words."""
    groups = groups_of(relations)
    edges = edges_of(relations, groups)
    green = [edge for edge in edges if edge.bond is Bond.AGREE and edge.one != edge.other]
    drawn = [edge for edge in edges if edge.one != edge.other]
    if len(green) > MOST_GREEN:
        drawn = [edge for edge in drawn if edge.bond is not Bond.AGREE]
    return joined(
        (
            summary(relations, groups, without_green=len(green) > MOST_GREEN),
            tag(
                "div.scroll.map",
                _picture(relations, groups, drawn),
                tabindex=0,
                role="region",
                aria_label="Map of hosts",
            ),
            legend({edge.bond for edge in drawn}),
            in_words(relations, groups, edges),
        )
    )


# --- the picture -------------------------------------------------------------


def _picture(relations: Relations, groups: list[Group], edges: Sequence[Edge]) -> Html:
    lines = [_lines_of(relations, group) for group in groups]
    width = max(172.0, *(_width_of(box) for box in lines))
    words = [group.word for group in groups]
    columns = [_COLUMN.get(LOOKS[word], _MIDDLE) for word in words]
    is_of_one = len(set(words)) == 1
    if is_of_one and len(groups) > 1:  # nothing to keep apart
        half = (len(groups) + 1) // 2
        columns = [_LEFT if place < half else _RIGHT for place in range(len(groups))]
    heights = [_LINE * len(box) + 2 * _PADDING for box in lines]
    plan = placed(columns, heights, width, edges, [label_of(edge) for edge in edges])
    parts = [_line(edge, relations, groups) for edge in plan.edges]
    parts += [
        _box(relations, group, box, content)
        for group, box, content in zip(groups, plan.boxes, lines, strict=True)
    ]
    parts += [_label(edge) for edge in plan.edges]
    return tag(
        "svg",
        *_titles(words, columns, plan.boxes, plan.width, is_of_one=is_of_one),
        *parts,
        viewBox=f"0 0 {plan.width:.0f} {plan.height:.0f}",
        width=f"{plan.width:.0f}",
        height=f"{plan.height:.0f}",
        role="group",
        aria_label="Hosts by layout, and what is between them; told in words below",
    )


def _width_of(lines: list[str]) -> float:
    *names, facts = lines
    widest = max(_WIDE_LETTER * max(map(len, names)), _LETTER * len(facts))
    return widest + 2 * _PADDING + 4


def _titles(
    words: list[str],
    columns: list[int],
    boxes: Sequence[Box],
    width: float,
    *,
    is_of_one: bool,
) -> list[Html]:
    if is_of_one:
        return [_title(f"all: {_TITLES.get(words[0], words[0])}", width / 2, 14)]
    found = []
    for column in sorted(set(columns)):
        members = [place for place, mine in enumerate(columns) if mine == column]
        titles = dict.fromkeys(_TITLES.get(words[place], words[place]) for place in members)
        first = boxes[members[0]]
        found.append(_title(" / ".join(titles), first.x + first.width / 2, first.y - 12))
    return found


def _title(words: str, x: float, y: float) -> Html:
    return tag("text.column", text(words), x=f"{x:.0f}", y=f"{y:.0f}", text_anchor="middle")


def _lines_of(relations: Relations, group: Group) -> list[str]:
    """What stands in a box, as long as it must be: names, then a line for layout and counts."""
    hosts = [relations.hosts[place] for place in group.places]
    if len(hosts) == 1:
        return [hosts[0].address, f"{group.word}  {_facts(hosts[0])}"]
    names = [host.address for host in hosts[:_NAMES_SHOWN]]
    more = len(hosts) - len(names)
    head = f"{len(hosts)} hosts" + (f" in {group.network}" if group.network else "")
    tail = [f"and {more} more"] if more else []
    return [head, *names, *tail, f"{group.word}  {_sent(hosts)} sent"]


def _facts(host: Host) -> str:
    return f"{SURE_WORDS[host.confidence].replace('-', 'not sure')}, {host.frames_sent:,} sent"


def _sent(hosts: Sequence[Host]) -> str:
    return f"{sum(host.frames_sent for host in hosts):,}"


def _box(relations: Relations, group: Group, box: Box, lines: list[str]) -> Html:
    hosts = [relations.hosts[place] for place in group.places]
    names = {host.address for host in hosts}
    left, right = box.x + _PADDING + 2, box.x + box.width - _PADDING
    parts = [
        tag(
            "rect",
            x=f"{box.x:.0f}",
            y=f"{box.y:.0f}",
            width=f"{box.width:.0f}",
            height=f"{box.height:.0f}",
            rx=_ROUNDING.get(LOOKS[group.word], 8),
        )
    ]
    for row, line in enumerate(lines):
        y = f"{box.y + _PADDING + _LINE * row + 13:.0f}"
        if row == len(lines) - 1:
            word, facts = line.split("  ", 1)
            parts.append(tag("text.word", text(word), x=f"{left:.0f}", y=y))
            parts.append(tag("text.fact", text(facts), x=f"{right:.0f}", y=y, text_anchor="end"))
            continue
        style = "text.name" if row == 0 else "text.more"
        shown = tag(style, text(line), x=f"{left:.0f}", y=y)
        target = host_target(line) if line in names else "#hosts"
        parts.append(tag("a", shown, href=target) if line in names or row == 0 else shown)
    return tag(f"g.{LOOKS[group.word]}", *parts)


def _line(edge: Placed, relations: Relations, groups: list[Group]) -> Html:
    title = tag("title", text(words_of(edge.edge, relations, groups)))
    return tag(f"path.{edge.edge.bond}", title, d=edge.path)


def _label(edge: Placed) -> Html:
    """The cross of what cannot talk, and what stands beside it."""
    parts = []
    if edge.edge.bond is Bond.CANNOT:
        x, y = edge.middle
        parts.append(tag("circle.cross", cx=f"{x:.0f}", cy=f"{y:.0f}", r=8))
        parts.append(tag("path.cross", d=f"M{x - 4:.0f} {y - 4:.0f}l8 8m-8 0l8-8"))
    if edge.label_at is not None:
        x, y = edge.label_at
        parts.append(
            tag(
                "text.label",
                text(label_of(edge.edge)),
                x=f"{x:.0f}",
                y=f"{y:.0f}",
                text_anchor="middle",
            )
        )
    return joined(parts)
