"""What provider addresses sent in one capture, as bytes that nothing changes any more: what several
captures hold alike is kept once.

Knows units as packed bytes; nothing about what they mean.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from nvgre_doctor.evidence.parts import is_kept, source_of, stream_of

Packed = Iterable[tuple[bytes, bytes]]
"""Units as in `store.Units`: keys, and packed rows."""

_LENGTHS: Final = Struct("<BI")  # of a key, and of packed rows
_STREAMS: Final = 16
"""How many streams are in a bundle, on average: what differs in one frame differs in one bundle."""


class Sent(NamedTuple):
    """What one provider address sent in one capture, in bundles.

    A stream is in one bundle, with all its nets and octets.  Streams are in order, and where a
    bundle ends depends on them alone.
    """

    source: bytes
    bundles: tuple[bytes, ...]

    def units(self) -> Iterator[tuple[bytes, bytes]]:
        """Every unit, as in Packed."""
        for bundle in self.bundles:
            yield from unbundled(bundle)


def bundle(units: Mapping[bytes, bytes]) -> tuple[Sent, ...]:
    """The units of one capture, by source."""
    of_sources: defaultdict[bytes, list[tuple[bool, bytes, bytes]]] = defaultdict(list)
    for unit in units:
        of_sources[source_of(unit)].append((is_kept(unit), stream_of(unit), unit))
    return tuple(
        [Sent(source, tuple(_bundles(own, units))) for source, own in sorted(of_sources.items())]
    )


def _bundles(own: list[tuple[bool, bytes, bytes]], units: Mapping[bytes, bytes]) -> Iterator[bytes]:
    pieces: list[bytes] = []
    before = b""
    for _, stream, unit in sorted(own):
        if stream != before and pieces and not crc32(stream) % _STREAMS:
            yield b"".join(pieces)
            pieces.clear()
        packed, before = units[unit], stream
        pieces += _LENGTHS.pack(len(unit), len(packed)), unit, packed
    yield b"".join(pieces)


def unbundled(bundle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The units of a bundle."""
    at = 0
    while at < len(bundle):
        length, of_rows = _LENGTHS.unpack_from(bundle, at)
        rows = at + _LENGTHS.size + length
        at = rows + of_rows
        yield bundle[rows - length : rows], bundle[rows:at]
