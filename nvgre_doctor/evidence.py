"""What was seen in captures, in a form that merges exactly: `a + b` is associative and commutative, `Evidence()` its identity.

Knows counts, first and last frames, and examples.  Knows nothing about verdicts: observations, not conclusions.  One file, ten
files and ten processes are the same fold.  Frames of one capture are ordered by their number, so nothing here compares clocks.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

EXAMPLES: Final = 5
"""How many frames are remembered of each kind of sighting: enough to look at, few enough to print."""


class Moment(NamedTuple):
    """One frame of a capture: 1-based number as Wireshark counts, nanoseconds since 1970 (-1: its block carries no time)."""

    frame_number: int
    ts_ns: int


@dataclass(frozen=True, slots=True)
class Sightings:
    """How often something was seen, and its first few frames."""

    count: int
    examples: tuple[Moment, ...]

    def __add__(self, other: "Sightings") -> "Sightings":
        return Sightings(self.count + other.count, tuple(sorted(self.examples + other.examples)[:EXAMPLES]))

    def shifted(self, numbers: int) -> "Sightings":
        """The same with `numbers` added to every frame number."""
        return Sightings(self.count, tuple(Moment(m.frame_number + numbers, m.ts_ns) for m in self.examples))


ALL_VM_STREAMS: Final = 10_000
"""How many streams with VM pairs are kept of one capture.  Captures of a lab or of a few hosts have far fewer: all are kept."""
VM_STREAMS: Final = 8
"""How many are kept for each direction between two hosts in a capture with more.  A layout belongs to a host, so a few VM pairs
prove it as well as thousands; memory then grows with hosts and virtual subnets, not with VM pairs."""


HIGHEST_LEVEL: Final = 40
OCTET_SPREAD: Final = bytes(crc32(b"%d" % (octet * octet)) & 0xFF for octet in range(256))
"""Hyper-V numbers MACs in order, so the two of a VM pair differ by the same number again and again: their XOR alone says nothing."""


def vm_rank(macs: bytes) -> int:
    """A number from 0 to 40 that both directions of a VM pair share: the pairs of the highest ranks are kept.

    It is the number of low zero bits of a hash, so half of all pairs have rank 0, a quarter rank 1 and so on.  The low 8 bits are
    cheap to work out, which the scan uses; the 32 bits above them are spread evenly whatever the MACs are.
    """
    rank = _LOW_ZERO_BITS[OCTET_SPREAD[macs[5]] ^ OCTET_SPREAD[macs[11]]]
    if rank < 8:
        return rank
    one, two = sorted((macs[:6], macs[6:]))
    high = crc32(one + two) or 1 << 32
    return 7 + (high & -high).bit_length()


_LOW_ZERO_BITS: Final = bytes((octet & -octet).bit_length() - 1 if octet else 8 for octet in range(256))


def level_for(ranks: Iterable[int]) -> int:
    """The lowest level that keeps VM_STREAMS or fewer of streams with these ranks, if there is one."""
    following = sorted(ranks, reverse=True)[VM_STREAMS:]
    return min(following[0] + 1, HIGHEST_LEVEL) if following else 0


class StreamKey(NamedTuple):
    """Frames of one VM pair in one direction whose keys share the upper 24 bits.

    `macs` is as on the wire, inner destination then inner source (12 bytes).  It is empty when they were not captured.  Frames of VM
    pairs that are not kept are one stream for each source and upper 24 bits, with neither MACs nor destination.
    """

    source: bytes  # provider addresses, 4 or 16 bytes each
    destination: bytes
    upper_bits: int  # of the key: bits 31..8
    macs: bytes


class StreamFacts(NamedTuple):
    """What was seen of one stream.  Customer addresses are those of its first frame.

    Without MACs there are no customer addresses: the frames are of many VM pairs.
    """

    frames: int
    first: Moment
    last: Moment
    customer_addresses: bytes  # source + destination, 8 or 32 bytes, or empty
    low_octets: bytes  # distinct, ascending: bits 7..0 of the keys


_UPPER_BITS: Final = 3  # bytes of bits 31..8 of a key
_FIXED: Final = Struct("<QQQqqB")  # frames, first and last frame number, their times, length of addresses
_FRAME_NUMBERS: Final = Struct("<QQ")  # 8 bytes behind the start


def pack_stream(facts: StreamFacts) -> bytes:
    """Facts as bytes, a third of the size of the tuple: a capture of a hosting fabric has very many of them."""
    (first, first_ns), (last, last_ns), customers = facts.first, facts.last, facts.customer_addresses
    fixed = _FIXED.pack(facts.frames, first, last, first_ns, last_ns, len(customers))
    return fixed + customers + facts.low_octets


def unpack_stream(packed: bytes) -> StreamFacts:
    """The inverse of pack_stream."""
    frames, first, last, first_ns, last_ns, length = _FIXED.unpack_from(packed)
    middle = _FIXED.size + length
    return StreamFacts(
        frames, Moment(first, first_ns), Moment(last, last_ns), packed[_FIXED.size : middle], packed[middle:]
    )


def shift_stream(packed: bytes, numbers: int) -> bytes:
    """Packed facts with `numbers` added to the first and the last frame number."""
    first, last = _FRAME_NUMBERS.unpack_from(packed, 8)
    shifted = bytearray(packed)
    _FRAME_NUMBERS.pack_into(shifted, 8, first + numbers, last + numbers)
    return bytes(shifted)


def merge_streams(one: bytes, two: bytes) -> bytes:
    """Packed facts about one stream from two parts of one capture."""
    if _FRAME_NUMBERS.unpack_from(two, 8) < _FRAME_NUMBERS.unpack_from(one, 8):
        one, two = two, one
    frames, first, last, first_ns, last_ns, length = _FIXED.unpack_from(one)
    more_frames, _, other_last, _, other_last_ns, other_length = _FIXED.unpack_from(two)
    if other_last > last:
        last, last_ns = other_last, other_last_ns
    middle = _FIXED.size + length
    lows, other_lows = one[middle:], two[_FIXED.size + other_length :]
    if lows != other_lows:
        lows = bytes(sorted({*lows, *other_lows}))
    fixed = _FIXED.pack(frames + more_frames, first, last, first_ns, last_ns, length)
    return fixed + one[_FIXED.size : middle] + lows


class Oddity(StrEnum):
    """What else can be said of a frame: why it is no NVGRE data, or what is unusual about it."""

    NOT_IP = "not-ip"
    NOT_GRE = "not-gre"
    VXLAN = "vxlan"
    GRE_WITHOUT_KEY = "gre-without-key"
    GRE_OTHER = "gre-other"
    LATER_FRAGMENT = "later-fragment"
    TOO_SHORT = "too-short"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    LINKTYPE = "linktype"
    FIRST_FRAGMENT = "first-fragment"
    GRE_FLAGS = "gre-flags"  # detail: the flags word
    INNER_TAG = "inner-tag"
    HOST_ERROR = "host-error"  # NVGRE that carries an UNREACHABLE or REDIRECT of its host; detail: the key
    CONTROL = "control"  # other NVGRE with an NVE-to-NVE key; detail: the key
    NOT_NVGRE = "not-nvgre"  # looks like NVGRE, and somebody knows better: never seen by the scan


class Sign(NamedTuple):
    """An oddity with the provider addresses it concerns (empty where they do not matter) and a number that describes it."""

    oddity: Oddity
    source: bytes = b""
    destination: bytes = b""
    detail: int = 0


class IcmpSign(NamedTuple):
    """ICMP errors that say the same.  Fields as in wire.facts.IcmpError and its Quote; empty bytes stand for None."""

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
    quoted_macs: bytes = b""  # as in StreamKey
    quoted_customer_addresses: bytes = b""  # as in StreamFacts


@dataclass(slots=True)
class Direction:
    """What one provider address sent to another: packed streams by bits 31..8 of the key (3 bytes), and MACs where there are any.

    Kept are the VM pairs whose `vm_rank` is `level` or higher.  The level is 0 in a capture with ALL_VM_STREAMS or fewer, else the
    lowest that keeps VM_STREAMS or fewer: it depends on the set of streams alone, not on their order, nor on how a capture was split.
    """

    level: int = 0
    vm_streams: dict[bytes, bytes] = field(default_factory=dict)  # bits 31..8 + MACs
    bare_streams: dict[bytes, bytes] = field(default_factory=dict)  # bits 31..8; their MACs were not captured
    unkept_frames: int = 0  # of VM pairs that are not kept

    def keeps(self, macs: bytes) -> bool:
        """Whether streams of this VM pair are kept."""
        return not self.level or vm_rank(macs) >= self.level

    def level_with(self, keys: Set[bytes]) -> int:
        """The level if streams of these keys, all with MACs, are added."""
        if len(self.vm_streams) + len(keys) <= VM_STREAMS:
            return self.level
        return max(self.level, level_for(vm_rank(key[_UPPER_BITS:]) for key in self.vm_streams.keys() | keys))

    def copy(self) -> "Direction":
        """One that can be changed."""
        return Direction(self.level, dict(self.vm_streams), dict(self.bare_streams), self.unkept_frames)


def _add_stream(streams: dict[bytes, bytes], key: bytes, packed: bytes) -> None:
    known = streams.get(key)
    streams[key] = packed if known is None else merge_streams(known, packed)


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
            _add_stream(merged.unkept, key, packed)
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
                ends: Direction(d.level, shift(d.vm_streams), shift(d.bare_streams), d.unkept_frames)
                for ends, d in self.directions.items()
            },
            shift(self.unkept),
            {sign: sightings.shifted(numbers) for sign, sightings in self.signs.items()},
            {sign: sightings.shifted(numbers) for sign, sightings in self.icmp.items()},
            self.is_thinned,
            self.vm_stream_count,
        )

    def streams(self) -> Iterator[tuple[StreamKey, StreamFacts]]:
        """Every stream, in a fixed order.  Those of VM pairs that are not kept have no destination."""
        for ends, direction in sorted(self.directions.items(), key=itemgetter(0)):
            middle = len(ends) // 2
            source, destination = ends[:middle], ends[middle:]
            for key, packed in sorted({**direction.vm_streams, **direction.bare_streams}.items()):
                upper_bits = int.from_bytes(key[:_UPPER_BITS])
                yield StreamKey(source, destination, upper_bits, key[_UPPER_BITS:]), unpack_stream(packed)
        for key, packed in sorted(self.unkept.items()):
            upper_bits = int.from_bytes(key[-_UPPER_BITS:])
            yield StreamKey(key[:-_UPPER_BITS], b"", upper_bits, b""), unpack_stream(packed)

    def direction(self, ends: bytes) -> Direction:
        """What was seen from one provider address to another; `ends` is source + destination."""
        known = self.directions.get(ends)
        if known is None:
            known = self.directions[ends] = Direction()
        return known

    def add_stream(self, ends: bytes, key: bytes, packed: bytes) -> None:
        """Count packed facts of a stream from source to destination; `key` is bits 31..8, and the MACs if they are known."""
        direction = self.direction(ends)
        if len(key) == _UPPER_BITS:
            _add_stream(direction.bare_streams, key, packed)
        elif not direction.keeps(key[_UPPER_BITS:]):
            self._add_unkept(ends, key, packed)
        elif self.add_kept(direction, key, packed):
            self.make_room({ends: frozenset()})

    def add_kept(self, direction: Direction, key: bytes, packed: bytes) -> bool:
        """The same for a stream that its direction keeps, where there is room; tells whether it is a new one."""
        before = len(direction.vm_streams)
        _add_stream(direction.vm_streams, key, packed)
        is_new = len(direction.vm_streams) > before
        self.vm_stream_count += is_new
        return is_new

    def make_room(self, wanted: Mapping[bytes, Set[bytes]]) -> None:
        """Settle which VM pairs are kept before streams are added: their keys, all with MACs, by source + destination."""
        if not self.is_thinned:
            fresh = sum(len(keys - self.direction(ends).vm_streams.keys()) for ends, keys in wanted.items())
            if self.vm_stream_count + fresh > ALL_VM_STREAMS:
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
            for key in [key for key in direction.vm_streams if not direction.keeps(key[_UPPER_BITS:])]:
                self.vm_stream_count -= 1
                self._add_unkept(ends, key, direction.vm_streams.pop(key))

    def _add_unkept(self, ends: bytes, key: bytes, packed: bytes) -> None:
        facts = unpack_stream(packed)
        self.direction(ends).unkept_frames += facts.frames
        source = ends[: len(ends) // 2]
        self.add_unkept(source + key[:_UPPER_BITS], pack_stream(facts._replace(customer_addresses=b"")))

    def add_unkept(self, key: bytes, packed: bytes) -> None:
        """Count packed facts of VM pairs that are not kept; `key` is source + bits 31..8.  Their direction counts their frames."""
        _add_stream(self.unkept, key, packed)

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
                (index, sign, seen) for sign, seen in sorted(found, key=itemgetter(0)) if sign.oddity in oddities
            )
