"""What was seen of one VM pair in one direction, whatever its net: parts put together."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from nvgre_doctor.evidence.parts import Moment, Part, PartKey


class StreamKey(NamedTuple):
    """As in PartKey."""

    source: bytes
    destination: bytes
    upper_bits: int
    macs: bytes


class StreamFacts(NamedTuple):
    """What was seen of one stream.  Customer addresses are those of its first frame."""

    frames: int
    first: Moment
    last: Moment
    customer_addresses: bytes
    low_octets: bytes  # distinct, ascending: bits 7..0 of the keys


def streams(parts: Iterable[tuple[PartKey, Part]]) -> Iterator[tuple[StreamKey, StreamFacts]]:
    """Every stream, of parts in their order."""
    for key, several in groupby(parts, lambda one: one[0][:4]):
        yield StreamKey(*key), _facts([part for _, part in several])


def _facts(parts: list[Part]) -> StreamFacts:
    first_part = parts[0]
    if len(parts) == 1 and len(first_part.intervals) == 1:  # as nearly always
        first, last, _, frames = first_part.intervals[0]
        return StreamFacts(frames, first, last, *first_part[1:])
    intervals = [interval for part in parts for interval in part.intervals]
    return StreamFacts(
        sum(interval.frames for interval in intervals),
        min(interval.first for interval in intervals),
        max(interval.last for interval in intervals),
        min((part.intervals[0].first, part.customer_addresses) for part in parts)[1],
        bytes(sorted({octet for part in parts for octet in part.low_octets})),
    )
