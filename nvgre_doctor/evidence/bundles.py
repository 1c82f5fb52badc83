"""What provider addresses sent in one capture, as bytes that nothing changes any more: what several
captures hold alike is kept once.

Knows units as packed bytes; nothing about what they mean.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from nvgre_doctor.evidence.parts import by_stream

Packed = Iterable[tuple[bytes, bytes]]
"""Units as in `store.Units`: keys, and packed rows."""

_LENGTHS: Final = Struct("<BI")  # of a key, and of packed rows
_MANY: Final = 512
_SMALL: Final = 8192
"""So many bundles of so many bytes stay open: of a lab all of them, each of which is looked at
several times.  10 MB at most, and nearly always 2."""
_STREAMS: Final = 8
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
    of_sources: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for source_size, width, keys in by_stream(units):
        pieces: list[bytes] = []
        before = b""
        for key in keys:
            stream, unit = key[:width], key[width:]
            if stream != before:
                is_new = stream[:source_size] != before[:source_size]
                if pieces and (is_new or not crc32(stream) % _STREAMS):
                    of_sources[before[:source_size]].append(b"".join(pieces))
                    pieces.clear()
                before = stream
            packed = units[unit]
            pieces += _LENGTHS.pack(len(unit), len(packed)), unit, packed
        of_sources[before[:source_size]].append(b"".join(pieces))
    return tuple([Sent(source, tuple(own)) for source, own in sorted(of_sources.items())])


def unbundled(bundle: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The units of a bundle."""
    return _opened(bundle) if len(bundle) <= _SMALL else _open(bundle)


def _open(bundle: bytes) -> tuple[tuple[bytes, bytes], ...]:
    units = []
    at = 0
    while at < len(bundle):
        length, of_rows = _LENGTHS.unpack_from(bundle, at)
        rows = at + _LENGTHS.size + length
        at = rows + of_rows
        units.append((bundle[rows - length : rows], bundle[rows:at]))
    return tuple(units)


_opened = lru_cache(_MANY)(_open)
