"""What was seen in captures, in a form that merges exactly: `a + b` is associative and commutative,
`Evidence()` its identity.

Knows counts, first and last frames, and examples.  Knows nothing about verdicts: observations, not
conclusions.  One file, ten files and ten processes are the same fold.  Frames of one capture are
ordered by their number, so nothing here compares clocks.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from operator import itemgetter

from nvgre_doctor.evidence import sampling
from nvgre_doctor.evidence.sampling import Direction
from nvgre_doctor.evidence.signs import IcmpSign, Sightings, Sign
from nvgre_doctor.evidence.streams import (
    UPPER_BITS,
    StreamFacts,
    StreamKey,
    add_stream,
    pack_stream,
    shift_stream,
    unpack_stream,
)
from nvgre_doctor.vocabulary import Oddity


@dataclass(slots=True)
class CaptureEvidence:
    """What was seen in one capture, or in one stretch of it."""

    frames: int = 0
    nvgre_frames: int = 0
    directions: dict[bytes, Direction] = field(default_factory=dict)  # by source + destination
    unkept: dict[bytes, bytes] = field(
        default_factory=dict
    )  # packed, of VM pairs that are not kept, by source + bits 31..8
    signs: dict[Sign, Sightings] = field(default_factory=dict)
    icmp: dict[IcmpSign, Sightings] = field(default_factory=dict)
    is_thinned: bool = False  # there were more than ALL_VM_STREAMS: not all VM pairs are kept
    vm_stream_count: int = 0

    def __add__(self, other: "CaptureEvidence") -> "CaptureEvidence":
        merged = CaptureEvidence(
            self.frames + other.frames,
            self.nvgre_frames + other.nvgre_frames,
            {ends: direction.copy() for ends, direction in self.directions.items()},
            dict(self.unkept),
            dict(self.signs),
            dict(self.icmp),
            self.is_thinned,
            self.vm_stream_count,
        )
        if other.is_thinned:
            merged.thin()
        for ends, direction in other.directions.items():
            merged.raise_level(ends, direction.level)
            for streams in (direction.vm_streams, direction.bare_streams):
                for key, packed in streams.items():
                    merged.add_stream(ends, key, packed)
            merged.direction(ends).unkept_frames += direction.unkept_frames
        for key, packed in other.unkept.items():
            add_stream(merged.unkept, key, packed)
        for sign, sightings in other.signs.items():
            merged.add_sign(sign, sightings)
        for icmp_sign, sightings in other.icmp.items():
            merged.add_icmp(icmp_sign, sightings)
        return merged

    def shifted(self, numbers: int) -> "CaptureEvidence":
        """The same with `numbers` added to every frame number: this stretch follows another one."""

        def shift(streams: dict[bytes, bytes]) -> dict[bytes, bytes]:
            return {key: shift_stream(packed, numbers) for key, packed in streams.items()}

        return CaptureEvidence(
            self.frames,
            self.nvgre_frames,
            {
                ends: Direction(
                    d.level, shift(d.vm_streams), shift(d.bare_streams), d.unkept_frames
                )
                for ends, d in self.directions.items()
            },
            shift(self.unkept),
            {sign: sightings.shifted(numbers) for sign, sightings in self.signs.items()},
            {sign: sightings.shifted(numbers) for sign, sightings in self.icmp.items()},
            self.is_thinned,
            self.vm_stream_count,
        )

    def streams(self) -> Iterator[tuple[StreamKey, StreamFacts]]:
        """Every stream, in a fixed order.  Those of VM pairs that are not kept have no
        destination.
        """
        for ends, direction in sorted(self.directions.items(), key=itemgetter(0)):
            middle = len(ends) // 2
            source, destination = ends[:middle], ends[middle:]
            for key, packed in sorted({**direction.vm_streams, **direction.bare_streams}.items()):
                upper_bits = int.from_bytes(key[:UPPER_BITS])
                yield (
                    StreamKey(source, destination, upper_bits, key[UPPER_BITS:]),
                    unpack_stream(packed),
                )
        for key, packed in sorted(self.unkept.items()):
            upper_bits = int.from_bytes(key[-UPPER_BITS:])
            yield StreamKey(key[:-UPPER_BITS], b"", upper_bits, b""), unpack_stream(packed)

    def direction(self, ends: bytes) -> Direction:
        """What was seen from one provider address to another; `ends` is source + destination."""
        known = self.directions.get(ends)
        if known is None:
            known = self.directions[ends] = Direction()
        return known

    def add_stream(self, ends: bytes, key: bytes, packed: bytes) -> None:
        """Count packed facts of a stream from source to destination; `key` is bits 31..8, and the
        MACs if they are known.
        """
        direction = self.direction(ends)
        if len(key) == UPPER_BITS:
            add_stream(direction.bare_streams, key, packed)
        elif not direction.keeps(key[UPPER_BITS:]):
            self._add_unkept(ends, key, packed)
        elif self.add_kept(direction, key, packed):
            self.make_room({ends: frozenset()})

    def add_kept(self, direction: Direction, key: bytes, packed: bytes) -> bool:
        """The same for a stream that its direction keeps, where there is room; tells whether it is
        a new one.
        """
        before = len(direction.vm_streams)
        add_stream(direction.vm_streams, key, packed)
        is_new = len(direction.vm_streams) > before
        self.vm_stream_count += is_new
        return is_new

    def make_room(self, wanted: Mapping[bytes, Set[bytes]]) -> None:
        """Settle which VM pairs are kept before streams are added: their keys, all with MACs, by
        source + destination.
        """
        if not self.is_thinned:
            fresh = sum(
                len(keys - self.direction(ends).vm_streams.keys()) for ends, keys in wanted.items()
            )
            if self.vm_stream_count + fresh > sampling.ALL_VM_STREAMS:
                self.thin()
        if self.is_thinned:
            for ends, keys in wanted.items():
                self.raise_level(ends, self.direction(ends).level_with(keys))

    def thin(self) -> None:
        """Keep VM_STREAMS for each direction from now on."""
        self.is_thinned = True
        for ends, direction in self.directions.items():
            self.raise_level(ends, direction.level_with(frozenset()))

    def raise_level(self, ends: bytes, level: int) -> None:
        """Keep fewer VM pairs of one direction, if the level is not as high yet."""
        direction = self.direction(ends)
        if level > direction.level:
            direction.level = level
            for key in [
                key for key in direction.vm_streams if not direction.keeps(key[UPPER_BITS:])
            ]:
                self.vm_stream_count -= 1
                self._add_unkept(ends, key, direction.vm_streams.pop(key))

    def _add_unkept(self, ends: bytes, key: bytes, packed: bytes) -> None:
        facts = unpack_stream(packed)
        self.direction(ends).unkept_frames += facts.frames
        source = ends[: len(ends) // 2]
        self.add_unkept(
            source + key[:UPPER_BITS], pack_stream(facts._replace(customer_addresses=b""))
        )

    def add_unkept(self, key: bytes, packed: bytes) -> None:
        """Count packed facts of VM pairs that are not kept; `key` is source + bits 31..8.  Their
        direction counts their frames.
        """
        add_stream(self.unkept, key, packed)

    def add_sign(self, sign: Sign, sightings: Sightings) -> None:
        """Count sightings of an oddity."""
        known = self.signs.get(sign)
        self.signs[sign] = sightings if known is None else known + sightings

    def add_icmp(self, sign: IcmpSign, sightings: Sightings) -> None:
        """Count sightings of an ICMP error."""
        known = self.icmp.get(sign)
        self.icmp[sign] = sightings if known is None else known + sightings


@dataclass(slots=True)
class Evidence:
    """What was seen in all captures, by index of the capture."""

    captures: dict[int, CaptureEvidence] = field(default_factory=dict)

    def __add__(self, other: "Evidence") -> "Evidence":
        merged = dict(self.captures)
        for index, part in other.captures.items():
            merged[index] = merged[index] + part if index in merged else part
        return Evidence(merged)

    def signs(self, *oddities: Oddity) -> Iterator[tuple[int, Sign, Sightings]]:
        """Every sighting of these oddities with the index of its capture, in order."""
        for index in sorted(self.captures):
            found: Iterable[tuple[Sign, Sightings]] = self.captures[index].signs.items()
            yield from (
                (index, sign, seen)
                for sign, seen in sorted(found, key=itemgetter(0))
                if sign.oddity in oddities
            )
