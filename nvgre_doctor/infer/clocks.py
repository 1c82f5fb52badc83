"""How the clocks of several captures differ, told by packets that two of them hold."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from nvgre_doctor.infer.spans import Parts

AGREEMENT_NS: Final = 2_000_000_000
"""How far two packets may disagree about the offset between two clocks."""

Offsets = dict[int, tuple[int, int]]
"""By capture: which captures are tied together, and how far ahead its clock is."""


def compare_clocks(parts: Parts) -> Offsets:
    """Offsets of captures that are tied by packets; those that are not have a number of their
    own.
    """
    if len(parts) < 2:
        return dict.fromkeys(parts, (0, 0))
    seen: defaultdict[tuple[object, ...], dict[int, tuple[int, int]]] = defaultdict(dict)
    for capture in sorted(parts):
        for identity, first_ns, last_ns in _marks(parts, capture):
            of_captures = seen[identity]
            # What one capture holds twice marks no time.
            of_captures[capture] = (-1, -1) if capture in of_captures else (first_ns, last_ns)
    gaps: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for of_captures in seen.values():
        known = [(c, times) for c, times in sorted(of_captures.items()) if min(times) >= 0]
        for (one, ones), (two, twos) in pairwise(known):
            gaps[one, two] += [twos[0] - ones[0], twos[1] - ones[1]]
    return _tie(sorted(parts), gaps)


def _marks(parts: Parts, capture: int) -> Iterator[tuple[tuple[object, ...], int, int]]:
    """Units that are alike if they hold the same packets, with the times of the first and the
    last.
    """
    for part in parts[capture].values():
        for interval in part.intervals:
            for unit in interval.units:
                packets = tuple([packet.digest for packet in unit.packets])
                yield (packets, unit.frames), unit.first.ts_ns, unit.last.ts_ns


def _tie(captures: list[int], gaps: dict[tuple[int, int], list[int]]) -> Offsets:
    neighbours: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for (one, two), found in gaps.items():
        if max(found) - min(found) <= AGREEMENT_NS:
            gap = sorted(found)[len(found) // 2]
            neighbours[one].append((two, gap))
            neighbours[two].append((one, -gap))
    offsets: Offsets = {}
    for start in captures:
        if start in offsets:
            continue
        offsets[start] = start, 0
        todo = [start]
        while todo:
            one = todo.pop()
            for two, gap in neighbours[one]:
                if two not in offsets:
                    offsets[two] = start, offsets[one][1] + gap
                    todo.append(two)
    return offsets
