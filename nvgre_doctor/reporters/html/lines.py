"""Where boxes and lines of the map lie: geometry alone.  Knows columns and sizes; knows nothing
about hosts.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from nvgre_doctor.reporters.html.alike import Edge
from nvgre_doctor.reporters.html.relations import Bond

_LEFT, _MIDDLE, _RIGHT = range(3)
_BETWEEN: Final = 16  # two boxes of one column
_MARGIN: Final = 58  # beside the columns, for lines from a box to one below it
_GAP: Final = 280  # between left and right, if nothing is in the middle
_TOP: Final = 40  # for the titles of the columns
_TITLE: Final = 40  # for that of the middle column
_LETTER: Final = 6.6  # of a label
_ALONG: Final = (0.5, 0.32, 0.68, 0.2, 0.8)  # where on its line a label may stand


class Box(NamedTuple):
    """Left, top, width, height."""

    x: float
    y: float
    width: float
    height: float


class Placed(NamedTuple):
    """A line, where its cross is, and where its label: None, if there is no room for it."""

    edge: Edge
    path: str
    middle: tuple[float, float]
    label_at: tuple[float, float] | None


class Plan(NamedTuple):
    """The whole picture."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Placed, ...]


Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]


def placed(
    columns: Sequence[int],
    heights: Sequence[float],
    width: float,
    edges: Sequence[Edge],
    labels: Sequence[str],
) -> Plan:
    """Boxes in three columns (0 left, 1 in the middle and below, 2 right), and lines that begin at
    different places of a side.
    """
    used = set(columns)
    gap = width + 130 if _MIDDLE in used and used != {_MIDDLE} else _GAP
    lefts = {_LEFT: _MARGIN, _RIGHT: _MARGIN + width + gap}
    total = 2 * _MARGIN + (2 * width + gap if used - {_MIDDLE} else width)
    if used in ({_LEFT}, {_RIGHT}):
        total = 2 * _MARGIN + width
        lefts = {_LEFT: _MARGIN, _RIGHT: _MARGIN}
    lefts[_MIDDLE] = (total - width) / 2
    boxes = _stacked(columns, heights, width, lefts)
    bottom = max(box.y + box.height for box in boxes)
    curves = _curves(columns, boxes, edges)
    taken = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    middle_boxes = [box for box, column in zip(boxes, columns, strict=True) if column == _MIDDLE]
    if middle_boxes:  # the title above them
        x, y, *_ = middle_boxes[0]
        taken.append((x - 30, y - 26, x + width + 30, y))
    found = []
    for edge, curve in zip(edges, curves, strict=True):
        middle = _point(curve, 0.5)
        if edge.bond is Bond.CANNOT:
            taken.append((middle[0] - 8, middle[1] - 8, middle[0] + 8, middle[1] + 8))
    for edge, curve, label in zip(edges, curves, labels, strict=True):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
        path = f"M{ax:.0f} {ay:.0f}C{bx:.0f} {by:.0f} {cx:.0f} {cy:.0f} {dx:.0f} {dy:.0f}"
        found.append(Placed(edge, path, _point(curve, 0.5), _free(curve, label, taken, total)))
    return Plan(total, bottom + 14, tuple(boxes), tuple(found))


def _stacked(
    columns: Sequence[int], heights: Sequence[float], width: float, lefts: dict[int, float]
) -> list[Box]:
    """Left and right columns beside each other, each in the middle of the taller one; the middle
    column below both.
    """
    sums = {
        column: sum(h + _BETWEEN for c, h in zip(columns, heights, strict=True) if c == column)
        for column in (_LEFT, _MIDDLE, _RIGHT)
    }
    tallest = max(sums[_LEFT], sums[_RIGHT])
    below = _TOP + tallest + (_TITLE if tallest else 0)
    tops = {
        _LEFT: _TOP + (tallest - sums[_LEFT]) / 2,
        _RIGHT: _TOP + (tallest - sums[_RIGHT]) / 2,
        _MIDDLE: below,
    }
    boxes = []
    for column, height in zip(columns, heights, strict=True):
        boxes.append(Box(lefts[column], tops[column], width, height))
        tops[column] += height + _BETWEEN
    return boxes


def _curves(columns: Sequence[int], boxes: Sequence[Box], edges: Sequence[Edge]) -> list[Curve]:
    """The ends of all lines at one side of a box are spread over it, in the order of where they
    lead.
    """
    sides: defaultdict[tuple[int, str], list[tuple[float, int, int]]] = defaultdict(list)
    chosen: list[tuple[str, str]] = []
    for number, edge in enumerate(edges):
        one, other = _sides(columns[edge.one], columns[edge.other])
        chosen.append((one, other))
        sides[edge.one, one].append((boxes[edge.other].y, number, 0))
        sides[edge.other, other].append((boxes[edge.one].y, number, 1))
    ends: dict[tuple[int, int], Point] = {}
    for (place, side), lines in sides.items():
        box = boxes[place]
        for position, (_, number, end) in enumerate(sorted(lines), 1):
            y = box.y + box.height * position / (len(lines) + 1)
            ends[number, end] = box.x + (box.width if side == "right" else 0), y
    return [
        _curve(ends[number, 0], ends[number, 1], *chosen[number]) for number in range(len(edges))
    ]


def _sides(one: int, other: int) -> tuple[str, str]:
    """Which sides of two boxes a line joins."""
    if one == other:
        return ("right", "right") if one == _RIGHT else ("left", "left")
    return ("right", "left") if one < other else ("left", "right")


def _curve(start: Point, end: Point, leaves: str, arrives: str) -> Curve:
    (ax, ay), (dx, dy) = start, end
    if leaves == arrives:  # a bow outside of the column
        bend = min(_MARGIN - 8, 18 + abs(dy - ay) / 4) * (1 if leaves == "right" else -1)
        return (ax, ay), (ax + bend, ay), (dx + bend, dy), (dx, dy)
    middle = (ax + dx) / 2
    return (ax, ay), (middle, ay), (middle, dy), (dx, dy)


def _point(curve: Curve, t: float) -> Point:
    u = 1 - t
    weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
    return (
        sum(w * p[0] for w, p in zip(weights, curve, strict=True)),
        sum(w * p[1] for w, p in zip(weights, curve, strict=True)),
    )


def _free(
    curve: Curve, label: str, taken: list[tuple[float, float, float, float]], width: float
) -> Point | None:
    """A place above the line that nothing else has, which is then taken."""
    if not label:
        return None
    half = len(label) * _LETTER / 2
    for t in _ALONG:
        x, y = _point(curve, t)
        y -= 12 if t == 0.5 else 6
        area = (x - half, y - 11, x + half, y + 3)
        if area[0] < 0 or area[2] > width:
            continue
        if not any(
            area[0] < right and left < area[2] and area[1] < bottom and top < area[3]
            for left, top, right, bottom in taken
        ):
            taken.append(area)
            return x, y
    return None
