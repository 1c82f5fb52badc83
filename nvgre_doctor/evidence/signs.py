"""What was seen of single frames: oddities and ICMP errors, how often, and the first few frames.
Knows no verdicts.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.evidence.rows import settle, shift_moment
from nvgre_doctor.vocabulary import Oddity

EXAMPLES: Final = 5
"""How many frames are remembered of each kind of sighting: enough to look at, few enough to print.
"""

DIGESTS: Final = 64
"""How many packets of one ICMP error are told apart: more are estimated."""


@dataclass(frozen=True, slots=True)
class Sightings:
    """How often something was seen, and its first few frames."""

    count: int
    examples: tuple[Moment, ...]

    def __add__(self, other: "Sightings") -> "Sightings":
        return Sightings(
            self.count + other.count, tuple(sorted(self.examples + other.examples)[:EXAMPLES])
        )

    def shifted(self, numbers: int) -> "Sightings":
        """The same with `numbers` added to every frame number."""
        return Sightings(
            self.count, tuple(shift_moment(moment, numbers) for moment in self.examples)
        )


class Sign(NamedTuple):
    """An oddity with the provider addresses it concerns (empty where they do not matter) and a
    number that describes it.
    """

    oddity: Oddity
    source: bytes = b""
    destination: bytes = b""
    detail: int = 0


class IcmpSign(NamedTuple):
    """ICMP errors that say the same.  Fields as in wire.facts.IcmpError and its Quote; empty bytes
    stand for None.
    """

    reporter: bytes
    addressee: bytes
    version: int
    type: int
    code: int
    is_inner: bool
    refuses_nvgre: bool
    next_hop_mtu: int  # 0: not given
    quoted_source: bytes = b""
    quoted_destination: bytes = b""
    quoted_key: int | None = None
    quoted_macs: bytes = b""  # as in PartKey
    quoted_customer_addresses: bytes = b""  # as in Part
    macs: bytes = b""  # of an inner error that refuses NVGRE, its own: a guest may have sent it
    customer_addresses: bytes = b""
    shows_gre: bool = False
    """Its quote ends behind an IP header with protocol 47: whether it refuses NVGRE is not certain.
    """
    is_cut: bool = False
    """Sent on the underlay, and its quote ends before it tells a protocol, or whom GRE was for: it
    may refuse NVGRE."""


class IcmpInterval(NamedTuple):
    """The same ICMP error without a long silence."""

    earliest_s: int  # as in rows.Row
    latest_s: int
    sightings: int
    first: Moment  # by frame number
    last: Moment
    examples: tuple[Moment, ...]  # the first EXAMPLES
    digests: tuple[tuple[bytes, int], ...]
    """The smallest DIGESTS of distinct packets, in order, and how often each was seen."""


@dataclass(frozen=True, slots=True)
class IcmpSeen:
    """All sightings of one ICMP error."""

    intervals: tuple[IcmpInterval, ...]  # in order of time

    @property
    def count(self) -> int:
        """Sightings: frames, copies and all."""
        return sum(interval.sightings for interval in self.intervals)

    @property
    def examples(self) -> tuple[Moment, ...]:
        """The first frames."""
        found = [moment for interval in self.intervals for moment in interval.examples]
        return tuple(sorted(found)[:EXAMPLES])

    def shifted(self, numbers: int) -> "IcmpSeen":
        """The same with `numbers` added to every frame number."""
        return IcmpSeen(
            tuple(
                interval._replace(
                    first=shift_moment(interval.first, numbers),
                    last=shift_moment(interval.last, numbers),
                    examples=tuple(shift_moment(each, numbers) for each in interval.examples),
                )
                for interval in self.intervals
            )
        )

    def __add__(self, other: "IcmpSeen") -> "IcmpSeen":
        return IcmpSeen(tuple(settle((*self.intervals, *other.intervals), _total)))


def _total(intervals: list[IcmpInterval]) -> IcmpInterval:
    if len(intervals) == 1:
        return intervals[0]
    counts: Counter[bytes] = Counter()
    for interval in intervals:
        counts.update(dict(interval.digests))
    return IcmpInterval(
        min(interval.earliest_s for interval in intervals),
        max(interval.latest_s for interval in intervals),
        sum(interval.sightings for interval in intervals),
        min(interval.first for interval in intervals),
        max(interval.last for interval in intervals),
        tuple(sorted(each for interval in intervals for each in interval.examples)[:EXAMPLES]),
        tuple(sorted(counts.items())[:DIGESTS]),
    )
