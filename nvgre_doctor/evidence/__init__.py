"""What was seen in captures, in a form that merges exactly: `a + b` is associative and commutative,
`Evidence()` its identity.

Knows counts, first and last frames, and examples.  Knows nothing about verdicts: observations, not
conclusions.  One file, ten files and ten processes are the same fold.  Frames of one capture are
ordered by their number.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter

from nvgre_doctor.evidence import limits
from nvgre_doctor.evidence.bundles import Sent, bundle
from nvgre_doctor.evidence.folded import FoldedCapture, Limits, Pool
from nvgre_doctor.evidence.limits import LeftOut
from nvgre_doctor.evidence.signs import IcmpSeen, IcmpSign, Sightings, Sign
from nvgre_doctor.evidence.store import Units
from nvgre_doctor.vocabulary import Oddity

Captures = tuple[int, ...]
"""Indexes of captures, in order."""


@dataclass(slots=True)
class CaptureEvidence:
    """What was seen in one capture, or in one stretch of it."""

    frames: int = 0
    nvgre_frames: int = 0
    units: Units = field(default_factory=Units)  # tenants' frames
    signs: dict[Sign, Sightings] = field(default_factory=dict)
    icmp: dict[IcmpSign, IcmpSeen] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)  # beside units
    _enough: int = field(default=0, compare=False, repr=False)
    """Signs and errors, before it is worth to look whether these are too many."""

    def __add__(self, other: "CaptureEvidence") -> "CaptureEvidence":
        merged = CaptureEvidence(
            self.frames + other.frames,
            self.nvgre_frames + other.nvgre_frames,
            self.units + other.units,
            dict(self.signs),
            dict(self.icmp),
            self.left_out.plus(other.left_out),
        )
        for sign, sightings in other.signs.items():
            merged.add_sign(sign, sightings)
        for icmp_sign, seen in other.icmp.items():
            merged.add_icmp(icmp_sign, seen)
        merged.limit()
        return merged

    def shifted(self, numbers: int) -> "CaptureEvidence":
        """The same with `numbers` added to every frame number: this stretch follows another one."""
        return CaptureEvidence(
            self.frames,
            self.nvgre_frames,
            self.units.shifted(numbers),
            {sign: sightings.shifted(numbers) for sign, sightings in self.signs.items()},
            {sign: seen.shifted(numbers) for sign, seen in self.icmp.items()},
            self.left_out,
        )

    @property
    def is_thinned(self) -> bool:
        """Whether not all VM pairs are kept."""
        return self.units.is_thinned

    def folded(self) -> FoldedCapture:
        """As it is laid over other captures: this one is whole."""
        return FoldedCapture(
            self.frames,
            self.nvgre_frames,
            bundle(self.units.of_hosts()),
            tuple(sorted(self.units.unkept_frames.items())),
            self.signs,
            self.icmp,
            self.left_out.plus(self.units.left_out),
            self.units.cut,
        )

    def add_sign(self, sign: Sign, sightings: Sightings) -> None:
        """Count sightings of an oddity."""
        known = self.signs.get(sign)
        self.signs[sign] = sightings if known is None else known + sightings
        self._limit_at_times()

    def add_icmp(self, sign: IcmpSign, seen: IcmpSeen) -> None:
        """Count sightings of an ICMP error."""
        known = self.icmp.get(sign)
        self.icmp[sign] = seen if known is None else known + seen
        self._limit_at_times()

    def limit(self) -> None:
        """Leave out what is too much (see `limits`); done at the end, it does not matter in which
        order all came.
        """
        self.units.limit()
        # Those without addresses are few, and how often there were all of them is told.
        signs = limits.beyond((sign for sign in self.signs if sign.source), limits.SIGNS)
        errors = limits.beyond(self.icmp, limits.ERRORS)
        of_signs = sum(self.signs.pop(sign).count for sign in signs)
        of_errors = sum(self.icmp.pop(sign).count for sign in errors)
        self.left_out = self.left_out.plus(LeftOut(signs=of_signs, errors=of_errors))
        self._enough = 2 * (len(self.signs) + len(self.icmp))

    def _limit_at_times(self) -> None:
        if len(self.signs) + len(self.icmp) > max(limits.SIGNS + limits.ERRORS, self._enough):
            self.limit()


class Evidence:
    """What was seen in all captures, by index of the capture: each is whole, and in one only of
    those that are merged.
    """

    __slots__ = ("captures",)

    def __init__(self, captures: Mapping[int, CaptureEvidence] | None = None) -> None:
        """Of captures that were read to their end."""
        pool = Pool()
        self.captures: dict[int, FoldedCapture] = {
            index: pool.share(part.folded()) for index, part in (captures or {}).items()
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Evidence) and self.captures == other.captures

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "Evidence") -> "Evidence":
        return merge((self, other))

    def changed(self, change: Callable[[FoldedCapture], FoldedCapture]) -> "Evidence":
        """The same with every capture changed; each one that is different is worked out once."""
        evidence, pool = Evidence(), Pool()
        known: dict[int, FoldedCapture] = {}  # by id
        for index, capture in self.captures.items():
            if id(capture) not in known:
                known[id(capture)] = pool.share(change(capture))
            evidence.captures[index] = known[id(capture)]
        return evidence

    def limited(self) -> "Evidence":
        """The same, if it is not too much of all captures together (see `limits`)."""
        different = [capture for capture, _ in self.different()]
        if len(different) < 2:
            return self
        limits_of_all = Limits(different)
        return self.changed(limits_of_all.limited) if limits_of_all.are_exceeded else self

    def bundles(self) -> dict[bytes, list[Captures]]:
        """Every bundle that was sent, with the captures that hold it (none twice), in order of the
        first of these.
        """
        found: dict[bytes, list[Captures]] = {}
        for capture, indexes in self.different():
            for sent in capture.sent:
                for one in sent.bundles:
                    found.setdefault(one, []).append(indexes)
        return found

    def by_source(self) -> dict[bytes, list[tuple[Sent, Captures]]]:
        """What every provider address sent, each with the captures that hold it, in order."""
        found: defaultdict[Sent, list[Captures]] = defaultdict(list)
        for capture, indexes in self.different():
            for sent in capture.sent:
                found[sent].append(indexes)
        of_sources: defaultdict[bytes, list[tuple[Sent, Captures]]] = defaultdict(list)
        for sent, several in found.items():
            together = several[0] if len(several) == 1 else tuple(sorted(chain(*several)))
            of_sources[sent.source].append((sent, together))
        for own in of_sources.values():
            own.sort(key=itemgetter(1))
        return dict(of_sources)

    def different(self) -> list[tuple[FoldedCapture, Captures]]:
        """Captures that are not alike, with the indexes of those that are."""
        alike: defaultdict[int, list[int]] = defaultdict(list)  # by id
        for index in sorted(self.captures):
            alike[id(self.captures[index])].append(index)
        return [(self.captures[same[0]], tuple(same)) for same in alike.values()]

    def signs(self, *oddities: Oddity) -> Iterator[tuple[int, Sign, Sightings]]:
        """Every sighting of these oddities with the index of its capture, in order."""
        known: dict[int, list[tuple[Sign, Sightings]]] = {}  # by id of captures that are alike
        for index in sorted(self.captures):
            capture = self.captures[index]
            found = known.get(id(capture))
            if found is None:
                some = [item for item in capture.signs.items() if item[0].oddity in oddities]
                found = known[id(capture)] = sorted(some, key=itemgetter(0))
            for sign, seen in found:
                yield index, sign, seen


def merge(parts: Iterable[Evidence]) -> Evidence:
    """The evidence of several parts that have no capture in common, laid over each other as they
    come.
    """
    merged, pool = Evidence(), Pool()
    for part in parts:
        known: dict[int, FoldedCapture] = {}  # by id
        for index, capture in part.captures.items():
            if id(capture) not in known:
                known[id(capture)] = pool.share(capture)
            merged.captures[index] = known[id(capture)]
    return merged
