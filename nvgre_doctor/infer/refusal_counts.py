"""Refusals of one flow, counted: one packet once, however often it was captured, with one cause.

Packets that are numbered (`wire.marks.message_digest`) are told apart for certain.  Of others,
which are alike, there are as many as the capture holds that has most of them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from nvgre_doctor.evidence import Captures
from nvgre_doctor.evidence.signs import DIGESTS, EXAMPLES, IcmpInterval
from nvgre_doctor.infer.at import At, at
from nvgre_doctor.infer.diagnosis import Spell
from nvgre_doctor.vocabulary import Cause
from nvgre_doctor.wire.marks import COPIES, is_numbered, split_unnumbered

Seen = tuple[Captures, int, int]
"""Captures that are alike, and numbers of the first and the last frame."""
_Samples = dict[Cause, list[bytes]]
"""The smallest digests of each cause."""


class Told(NamedTuple):
    """The refusals with one cause."""

    packets: int
    sightings: int
    frames: list[At]  # of each time the first few
    seen: list[Seen]


class Refused:
    """All sightings of what is refused in one way."""

    __slots__ = ("_digests", "_frames", "_seen", "_sightings")

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._sightings: Counter[Cause] = Counter()
        self._frames: defaultdict[Cause, list[At]] = defaultdict(list)
        self._seen: defaultdict[Cause, list[Seen]] = defaultdict(list)
        self._digests: defaultdict[Cause, defaultdict[bytes, Counter[int]]] = defaultdict(
            lambda: defaultdict(Counter)
        )
        """By cause, digest and the first of captures that are alike, how often in all of them."""

    def add(self, cause: Cause, interval: IcmpInterval, captures: Captures) -> None:
        """More sightings, in captures that are alike."""
        self._sightings[cause] += len(captures) * interval.sightings
        self._frames[cause] += [
            at(moment, capture) for moment in interval.examples for capture in captures[:EXAMPLES]
        ]
        ends = interval.first.frame_number, interval.last.frame_number
        self._seen[cause].append((captures, *ends))
        for digest, seen in interval.digests:
            self._digests[cause][digest][captures[0]] += len(captures) * seen

    def by_cause(self) -> Iterator[tuple[Cause, Told]]:
        """Exact below DIGESTS distinct packets of one cause, else an estimate."""
        samples = {cause: sorted(known)[:DIGESTS] for cause, known in self._digests.items()}
        packets = Counter(self._numbered(samples))
        for shares in self._unnumbered(samples):
            packets.update(shares)
        into = max(packets, key=lambda cause: (packets[cause], cause))
        for cause in [cause for cause in self._sightings if not packets[cause]]:
            self._sightings[into] += self._sightings.pop(cause)
            self._frames[into] += self._frames.pop(cause)
            self._seen[into] += self._seen.pop(cause)
        for cause in sorted(packets):
            count = packets[cause]
            if cause not in self._sightings:  # captures disagree about the cause
                self._sightings[cause] = count
                self._frames[cause] = [at for frames in self._frames.values() for at in frames]
                self._seen[cause] = [one for seen in self._seen.values() for one in seen]
            elif len(samples.get(cause, ())) == DIGESTS:
                told = sum(self._digests[cause][digest].total() for digest in samples[cause])
                count = max(count, count * self._sightings[cause] // told)
            frames, seen_in = self._frames[cause], self._seen[cause]
            yield cause, Told(count, self._sightings[cause], frames, seen_in)

    def _numbered(self, samples: _Samples) -> Iterator[Cause]:
        """The cause of every packet that has a number."""
        for cause, digests in samples.items():
            for digest in filter(is_numbered, digests):
                told = {other for other, known in self._digests.items() if digest in known}
                if cause == min(told):  # it is one packet, whoever tells of it
                    yield _one_of(told)

    def _unnumbered(self, samples: _Samples) -> Iterator[Counter[Cause]]:
        """The causes of messages that are alike, kind by kind."""
        alike: defaultdict[bytes, defaultdict[int, _Alike]] = defaultdict(
            lambda: defaultdict(_Alike)
        )
        for digest in sorted({*chain.from_iterable(samples.values())}):  # of one kind, by time
            if is_numbered(digest):
                continue
            kind, tick = split_unnumbered(digest)
            causes: defaultdict[int, set[Cause]] = defaultdict(set)
            for cause, known in self._digests.items():
                for capture in known.get(digest, ()):
                    causes[capture].add(cause)
            for capture, told in causes.items():
                alike[kind][capture].add(_one_of(told), tick)
        for captures in alike.values():
            most = max(of_one.shares.total() for of_one in captures.values())
            full = [of_one.shares for of_one in captures.values() if of_one.shares.total() == most]
            yield min(full, key=lambda shares: shares[Cause.UNKNOWN])


def spells_of(seen: Iterable[Seen]) -> Iterator[Spell]:
    """Capture by capture."""
    for captures, first, last in seen:
        for capture in captures:
            yield Spell(capture, first, last)


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
