"""What was seen of one VM pair in one direction, whatever its net: an older view of parts."""

from collections.abc import Iterator
from typing import NamedTuple

from nvgre_doctor.evidence.bundles import Packed
from nvgre_doctor.evidence.parts import Moment, read_key
from nvgre_doctor.evidence.rows import customers_of, moments_of, rows_of, total


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


def streams(units: Packed) -> Iterator[tuple[StreamKey, StreamFacts]]:
    """Every stream, in a fixed order."""
    found: dict[StreamKey, list[tuple[int, bytes]]] = {}
    for unit, packed in units:
        key, octet, _ = read_key(unit)
        octet = octet if key.destination else packed[1]
        found.setdefault(StreamKey(*key[:4]), []).append((octet, packed))
    for stream, of_stream in sorted(found.items()):
        rows = [(row, packed) for _, packed in of_stream for row in rows_of(packed)]
        row = total([row for row, _ in rows])
        _, customers = min([(row[3], customers_of(packed)) for row, packed in rows])
        octets = bytes(sorted({octet for octet, _ in of_stream}))
        about = customers if stream.destination else b""
        yield stream, StreamFacts(row[2], *moments_of(row), about, octets)
