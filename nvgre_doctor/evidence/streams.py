"""What was seen of one VM pair in one direction, whatever its net: an older view of parts."""

from collections.abc import Iterator
from typing import NamedTuple

from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.parts import Moment, read_key
from nvgre_doctor.evidence.rows import Seen, first_of, unpack


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


def streams(evidence: CaptureEvidence) -> Iterator[tuple[StreamKey, StreamFacts]]:
    """Every stream, in a fixed order."""
    found: dict[StreamKey, list[tuple[int, Seen]]] = {}
    for unit, packed in evidence.units.items():
        key, octet, _ = read_key(unit)
        seen = unpack(packed)
        if not key.destination:
            octet, seen = seen.customer_addresses[0], seen._replace(customer_addresses=b"")
        found.setdefault(StreamKey(*key[:4]), []).append((octet, seen))
    for stream, units in sorted(found.items()):
        rows = [row for _, each in units for row in each.rows]
        first = min((each for _, each in units), key=first_of)
        yield (
            stream,
            StreamFacts(
                sum(row.frames for row in rows),
                min(row.first for row in rows),
                max(row.last for row in rows),
                first.customer_addresses,
                bytes(sorted({octet for octet, _ in units})),
            ),
        )
