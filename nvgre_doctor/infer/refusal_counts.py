"""Refusals of one flow, counted: one packet once, however often it was captured, with one cause.

Packets that are numbered (`wire.marks.message_digest`) are told apart for certain.  Of others,
which are alike, there are as many as the capture holds that has most of them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from nvgre_doctor.evidence.signs import DIGESTS, IcmpInterval
from nvgre_doctor.infer.diagnosis import At
from nvgre_doctor.vocabulary import Cause
from nvgre_doctor.wire.marks import COPIES, is_numbered, split_unnumbered

_Shares = dict[Cause, int]
"""How many packets have a cause."""


class Told(NamedTuple):
    """The refusals with one cause."""

    packets: int
    sightings: int
    frames: list[At]


class Refused:
    """All sightings of what is refused in one way."""

    __slots__ = ("_digests", "_frames", "_sightings")

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._sightings: Counter[Cause] = Counter()
        self._frames: defaultdict[Cause, list[At]] = defaultdict(list)
        self._digests: defaultdict[bytes, Counter[tuple[int, Cause]]] = defaultdict(Counter)

    def add(self, cause: Cause, interval: IcmpInterval, capture: int) -> None:
        """More sightings."""
        self._sightings[cause] += interval.sightings
        self._frames[cause] += [At(m.ts_ns, capture, m.frame_number) for m in interval.examples]
        for digest, seen in interval.digests:
            self._digests[digest][capture, cause] += seen

    def by_cause(self) -> Iterator[tuple[Cause, Told]]:
        """Exact below DIGESTS distinct packets, else an estimate."""
        digests = sorted(self._digests)
        is_exact = len(digests) < DIGESTS
        if not is_exact:
            digests = digests[:DIGESTS]
        packets: Counter[Cause] = Counter()
        for shares in self._shares(digests):
            packets.update(shares)
        sampled = sum(self._digests[digest].total() for digest in digests)
        total = self._sightings.total()
        into = max(packets, key=lambda cause: (packets[cause], cause))
        for cause in [cause for cause in self._sightings if not packets[cause]]:
            self._sightings[into] += self._sightings.pop(cause)
            self._frames[into] += self._frames.pop(cause)
        for cause in sorted(packets):
            count = packets[cause]
            if not is_exact:
                count = max(count, count * total // sampled)
            yield cause, Told(count, self._sightings[cause], self._frames[cause])

    def _shares(self, digests: list[bytes]) -> Iterator[_Shares]:
        alike: defaultdict[bytes, defaultdict[int, _Alike]] = defaultdict(
            lambda: defaultdict(_Alike)
        )
        for digest in digests:  # those of one kind come in order of time
            seen = self._digests[digest]
            if is_numbered(digest):
                yield {_one_of({cause for _, cause in seen}): 1}
                continue
            kind, tick = split_unnumbered(digest)
            for capture in {capture for capture, _ in seen}:
                cause = _one_of({cause for where, cause in seen if where == capture})
                alike[kind][capture].add(cause, tick)
        for captures in alike.values():
            most = max(of_one.shares.total() for of_one in captures.values())
            full = [of_one.shares for of_one in captures.values() if of_one.shares.total() == most]
            yield min(full, key=lambda shares: shares[Cause.UNKNOWN])


class _Alike:
    """Messages of one capture that nothing but their time tells apart."""

    __slots__ = ("_last_tick", "shares")

    def __init__(self) -> None:
        self.shares: Counter[Cause] = Counter()
        self._last_tick = -COPIES - 1

    def add(self, cause: Cause, tick: int) -> None:
        """One more, which may be a copy of the last one."""
        if tick > self._last_tick + COPIES:
            self.shares[cause] += 1
            self._last_tick = tick


def _one_of(causes: set[Cause]) -> Cause:
    """The cause of one packet: what is known in one capture may not be in another one."""
    known = causes - {Cause.UNKNOWN}
    return known.pop() if len(known) == 1 else Cause.UNKNOWN
