"""How the clocks of several captures differ, told by packets that two of them hold."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import chain, pairwise
from typing import Final

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.bundles import unbundled
from nvgre_doctor.evidence.intervals import parts

AGREEMENT_NS: Final = 2_000_000_000
"""How far two packets may disagree about the offset between two clocks."""

Offsets = dict[int, tuple[int, int]]
"""By capture: which captures are tied together, and how far ahead its clock is."""
_Times = tuple[tuple[int, int], ...]
"""Of the first and of the last frame, in each of several bundles."""
_Step = tuple[int, int, int]
"""A set of bundles, and two of them: where two captures that follow each other hold a packet."""


class Clocks:
    """Compared when somebody asks: most hosts are told without."""

    def __init__(self, evidence: Evidence) -> None:
        """Of these captures."""
        self._evidence = evidence

    @cached_property
    def offsets(self) -> Offsets:
        """Of every capture."""
        return compare_clocks(self._evidence)


def compare_clocks(evidence: Evidence) -> Offsets:
    """Offsets of captures that are tied by packets; those that are not have a number of their
    own.
    """
    captures = sorted(evidence.captures)
    if len(captures) < 2:
        return dict.fromkeys(captures, (0, 0))
    bundles = evidence.bundles()
    by_number = [sorted(chain(*held)) for held in bundles.values()]
    holders: defaultdict[tuple[object, ...], list[tuple[int, int, int]]] = defaultdict(list)
    for number, bundle in enumerate(bundles):
        for identity, times in _marks(bundle).items():
            found = holders[identity]
            if min(times) >= 0:
                found.append((number, *times))
    alike: defaultdict[tuple[int, ...], list[_Times]] = defaultdict(list)  # by their bundles
    for found in holders.values():
        if len(found) > 1 or (found and len(by_number[found[0][0]]) > 1):
            numbers = tuple([number for number, _, _ in found])
            alike[numbers].append(tuple([(first, last) for _, first, last in found]))
    gaps = _Gaps(list(alike.values()))
    for one_of, numbers in enumerate(alike):
        known = sorted((c, place) for place, n in enumerate(numbers) for c in by_number[n])
        for (one, place), (two, other) in pairwise(known):
            gaps.add((one, two), (one_of, place, other))
    return _tie(captures, gaps)


def _marks(bundle: bytes) -> dict[tuple[object, ...], tuple[int, int]]:
    """Units that are alike if they hold the same packets, with the times of the first and the last.
    What one capture holds twice marks no time.
    """
    marks: dict[tuple[object, ...], tuple[int, int]] = {}
    for _, part in parts(unbundled(bundle)):
        for interval in part.intervals:
            for unit in interval.units:
                identity = (*[packet.digest for packet in unit.packets], unit.frames)
                times = unit.first.ts_ns, unit.last.ts_ns
                marks[identity] = (-1, -1) if identity in marks else times
    return marks


class _Gaps:
    """Between two captures, by the steps that tell them: thousands of pairs of captures are told
    the same, and are worked out once.
    """

    def __init__(self, alike: list[list[_Times]]) -> None:
        """`alike`: what is in the same bundles."""
        self.told: dict[tuple[int, int], int] = {}  # by pair of captures: the last step of theirs
        self._alike = alike
        self._steps: list[tuple[int, _Step]] = []  # with the number of the step before, or 0
        self._after: dict[tuple[int, _Step], int] = {}
        self._gaps: dict[int, int | None] = {}

    def add(self, captures: tuple[int, int], step: _Step) -> None:
        """One more step of two captures."""
        before = self.told.get(captures, 0), step
        number = self._after.get(before)
        if number is None:
            self._steps.append(before)
            number = self._after[before] = len(self._steps)
        self.told[captures] = number

    def gap(self, number: int) -> int | None:
        """How far the second clock is ahead; None where packets disagree."""
        if number not in self._gaps:
            found = sorted(self._found(number))
            agree = found[-1] - found[0] <= AGREEMENT_NS
            self._gaps[number] = found[len(found) // 2] if agree else None
        return self._gaps[number]

    def _found(self, number: int) -> Iterator[int]:
        while number:
            number, (one_of, place, other) = self._steps[number - 1]
            for times in self._alike[one_of]:
                yield times[other][0] - times[place][0]
                yield times[other][1] - times[place][1]


def _tie(captures: list[int], gaps: _Gaps) -> Offsets:
    neighbours: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for (one, two), told in gaps.told.items():
        gap = gaps.gap(told)
        if gap is not None:
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
