"""How the clocks of several captures differ, told by packets that two of them hold."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.bundles import unbundled
from nvgre_doctor.evidence.intervals import parts
from nvgre_doctor.evidence.parts import is_numbered

AGREEMENT_NS: Final = 2_000_000_000
"""How far two packets may disagree about the offset between two clocks."""

_MARKS: Final = 256
"""Bundles whose units are remembered: a fleet has very many."""

Offsets = dict[int, tuple[int, int]]
"""By capture: which captures are tied together, and how far ahead its clock is."""


class Clocks:
    """Compared when somebody asks: most hosts are told without."""

    def __init__(self, evidence: Evidence) -> None:
        """Of these captures."""
        self._evidence = evidence

    @cached_property
    def offsets(self) -> Offsets:
        """Of every capture."""
        return compare_clocks(self._evidence)

    def ahead(self, one: int, two: int) -> int:
        """How far the clock of the second capture is ahead of that of the first; nothing is known
        of those that are not tied: they are taken to agree.
        """
        of_one, of_two = self.offsets.get(one), self.offsets.get(two)
        if of_one is None or of_two is None or of_one[0] != of_two[0]:
            return 0
        return of_two[1] - of_one[1]


def compare_clocks(evidence: Evidence) -> Offsets:
    """Offsets of captures that are tied by packets; those that are not have a number of their
    own.
    """
    if len(evidence.captures) < 2:
        return dict.fromkeys(evidence.captures, (0, 0))
    comparison = _Comparison()
    leaders: dict[int, int] = {}  # of captures that are alike down to their times, the first
    for capture, alike in evidence.different():
        bundles = [bundle for one in capture.sent for bundle in one.bundles]
        has_times = comparison.add(alike[0], bundles)
        leaders |= {index: alike[0] if has_times else index for index in alike}
    offsets = _tie(sorted(set(leaders.values())), sorted(comparison.ties))
    return {index: offsets[leader] for index, leader in leaders.items()}


class _Tie(NamedTuple):
    """Two captures that hold the same packets."""

    one: int
    two: int
    gap: int  # how far the second clock is ahead


class _Times(NamedTuple):
    """When the packets of one unit were captured."""

    first: int
    last: int
    is_numbered: bool  # one of them is


class _Family:
    """Bundles that have packets in common, with the last capture of each, the latest last."""

    __slots__ = ("captures", "leader")

    def __init__(self) -> None:
        """None yet."""
        self.captures: dict[bytes, int] = {}
        self.leader: _Family = self

    def found(self) -> "_Family":
        """That of which it has become a part."""
        family = self
        while family.leader is not family:
            family.leader = family.leader.leader
            family = family.leader
        return family

    def unite(self, other: "_Family") -> "_Family":
        """The one that they become."""
        if self is not other and self.captures:
            every = self.captures | other.captures
            other.captures = dict(sorted(every.items(), key=itemgetter(1)))
        self.leader = other
        return other


class _Gaps:
    """Between the clocks of one capture and a later one."""

    __slots__ = ("counts", "earliest", "is_numbered", "latest")

    def __init__(self) -> None:
        """None yet."""
        self.counts: Counter[int] = Counter()
        self.is_numbered = False  # something that tells one of them
        self.earliest = sys.maxsize  # of the times in the later capture
        self.latest = 0

    def look(self, before: "_Times", after: "_Times") -> None:
        """Two more, of one unit in both captures."""
        self.counts[after.first - before.first] += 1
        self.counts[after.last - before.last] += 1
        self.is_numbered |= after.is_numbered
        self.earliest = min(self.earliest, after.first)
        self.latest = max(self.latest, after.last)

    def middle(self) -> int | None:
        """The one between the others.  None: they disagree, or it may have been other packets.

        A request that comes again without a number is the same to the octet, and its answer comes
        with it.  Such packets count where the clocks agree anyway, or where they tell the same gap
        for a while.
        """
        ordered = sorted(self.counts.elements())
        if ordered[-1] - ordered[0] > AGREEMENT_NS:
            return None
        middle = ordered[len(ordered) // 2]
        is_told_long = self.latest - self.earliest > AGREEMENT_NS
        counts = self.is_numbered or is_told_long or abs(middle) <= AGREEMENT_NS
        return middle if counts else None


class _Comparison:
    """Compares the times of units that hold the same packets: those in each capture with those in
    the last one before that holds them.

    What two captures hold alike is compared by bundles, and not looked at.
    """

    def __init__(self) -> None:
        """Nothing was captured yet."""
        self.ties: list[_Tie] = []
        self._families: dict[bytes, _Family] = {}  # of units
        self._bundles: dict[bytes, tuple[_Family, int]] = {}
        """With the number of units that mark a time."""
        self._marks = lru_cache(_MARKS)(_marks)

    def add(self, capture: int, bundles: Iterable[bytes]) -> bool:
        """One more capture, with a higher index than those before; whether some unit of it marks a
        time.
        """
        has_times = False
        gaps: defaultdict[int, _Gaps] = defaultdict(_Gaps)
        for bundle in bundles:
            known = None
            if bundle not in self._bundles:
                known = self._meet(bundle)
            family, count = self._bundles[bundle]
            has_times |= count > 0
            family = family.found()
            held = family.captures.pop(bundle, -1)
            if not family.captures or next(reversed(family.captures.values())) <= held:
                if held >= 0 and count:
                    gaps[held].counts[0] += 2 * count
            else:
                self._look_back(bundle, family, held, capture, gaps, known)
            family.captures[bundle] = capture
        for one, found in gaps.items():
            middle = found.middle()
            if middle is not None:
                self.ties.append(_Tie(one, capture, middle))
        return has_times

    def _meet(self, bundle: bytes) -> set[bytes]:
        """Say to which others it belongs; its units that were met before."""
        family, known, marks = _Family(), set(), self._marks(bundle)
        for identity in marks:
            of_known = self._families.get(identity)
            if of_known is None:
                self._families[identity] = family
            else:
                known.add(identity)
                family = family.unite(of_known.found())
        count = sum(times is not None for times in marks.values())
        self._bundles[bundle] = family, count
        return known

    def _look_back(
        self,
        bundle: bytes,
        family: _Family,
        held: int,
        capture: int,
        gaps: defaultdict[int, _Gaps],
        known: set[bytes] | None,
    ) -> None:
        """Find every unit of a bundle in others of its family, the latest first; `held` is the last
        capture that held the bundle itself.
        """
        left = {
            identity: times
            for identity, times in self._marks(bundle).items()
            if times is not None and (known is None or identity in known)
        }
        for other, one in reversed(family.captures.items()):
            if not left or one < held:
                break
            theirs = self._marks(other) if one != capture else {}
            for identity in [identity for identity in left if theirs.get(identity)]:
                before, after = theirs[identity], left.pop(identity)
                assert before is not None
                gaps[one].look(before, after)
        if held >= 0 and left:
            gaps[held].counts[0] += 2 * len(left)


def _marks(bundle: bytes) -> dict[bytes, _Times | None]:
    """Units by what is alike where they hold the same packets, with the times of the first and the
    last frame.  What one capture holds twice marks no time.
    """
    marks: dict[bytes, _Times | None] = {}
    for key, part in parts(unbundled(bundle)):
        for interval in part.intervals:
            for unit in interval.units:
                digests = b"".join([packet.digest for packet in unit.packets])
                identity = b"%b%b" % (unit.frames.to_bytes(8), digests)
                first, last = unit.first.ts_ns, unit.last.ts_ns
                is_mark = identity not in marks and min(first, last) >= 0
                numbered = any(is_numbered(packet, key.source) for packet in unit.packets)
                times = _Times(first, last, numbered)
                marks[identity] = times if is_mark else None
    return marks


def _tie(captures: list[int], ties: Iterable[_Tie]) -> Offsets:
    neighbours: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for one, two, gap in ties:
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
