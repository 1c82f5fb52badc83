"""What was seen in captures, in a form that merges exactly: `a + b` is associative and commutative, `Evidence()` its identity.

Knows counts, first and last frames, and examples.  Knows nothing about verdicts: observations, not conclusions.  One file, ten
files and ten processes are the same fold.  Frames of one capture are ordered by their number, so nothing here compares clocks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from struct import Struct
from typing import Final, NamedTuple

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


class StreamKey(NamedTuple):
    """Frames of one VM pair in one direction whose keys share the upper 24 bits.

    `macs` is as on the wire, inner destination then inner source (12 bytes), or empty when they were not captured.
    """

    source: bytes  # provider addresses, 4 or 16 bytes each
    destination: bytes
    upper_bits: int  # of the key: bits 31..8
    macs: bytes

    def pack(self) -> bytes:
        """The key as bytes.  Its length tells the address family and whether there are MACs: 11, 23, 35 or 47 bytes."""
        return self.source + self.destination + self.upper_bits.to_bytes(3) + self.macs

    @classmethod
    def unpack(cls, packed: bytes) -> "StreamKey":
        """The inverse of pack."""
        size = 4 if len(packed) < 35 else 16
        upper = 2 * size
        return cls(
            packed[:size],
            packed[size:upper],
            int.from_bytes(packed[upper : upper + 3]),
            packed[upper + 3 :],
        )


class StreamFacts(NamedTuple):
    """What was seen of one stream.  Hop limit and customer addresses are those of its first frame."""

    frames: int
    first: Moment
    last: Moment
    hop_limit: int
    customer_addresses: bytes  # source + destination, 8 or 32 bytes, or empty
    low_octets: bytes  # distinct, ascending: bits 7..0 of the keys


_FIXED: Final = Struct("<QQQqqBB")  # frames, first and last frame number, their times, hop limit, length of addresses
_FRAME_NUMBERS: Final = Struct("<QQ")  # 8 bytes behind the start


def pack_stream(facts: StreamFacts) -> bytes:
    """Facts as bytes, a third of the size of the tuple: a capture of a hosting fabric has 400,000 of them."""
    return (
        _FIXED.pack(
            facts.frames,
            facts.first.frame_number,
            facts.last.frame_number,
            facts.first.ts_ns,
            facts.last.ts_ns,
            facts.hop_limit,
            len(facts.customer_addresses),
        )
        + facts.customer_addresses
        + facts.low_octets
    )


def unpack_stream(packed: bytes) -> StreamFacts:
    """The inverse of pack_stream."""
    frames, first, last, first_ns, last_ns, hop_limit, length = _FIXED.unpack_from(packed)
    middle = _FIXED.size + length
    return StreamFacts(
        frames, Moment(first, first_ns), Moment(last, last_ns), hop_limit, packed[_FIXED.size : middle], packed[middle:]
    )


def shift_stream(packed: bytes, numbers: int) -> bytes:
    """Packed facts with `numbers` added to the first and the last frame number."""
    first, last = _FRAME_NUMBERS.unpack_from(packed, 8)
    shifted = bytearray(packed)
    _FRAME_NUMBERS.pack_into(shifted, 8, first + numbers, last + numbers)
    return bytes(shifted)


def merge_streams(one: bytes, two: bytes) -> bytes:
    """Facts about one stream from two parts of one capture."""
    a, b = unpack_stream(one), unpack_stream(two)
    if b.first < a.first:
        a, b = b, a
    lows = a.low_octets if a.low_octets == b.low_octets else bytes(sorted({*a.low_octets, *b.low_octets}))
    return pack_stream(
        StreamFacts(a.frames + b.frames, a.first, max(a.last, b.last), a.hop_limit, a.customer_addresses, lows)
    )


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
class CaptureEvidence:
    """What was seen in one capture, or in one stretch of it."""

    frames: int = 0
    nvgre_frames: int = 0
    streams: dict[bytes, bytes] = field(default_factory=dict)  # StreamKey.pack: pack_stream
    signs: dict[Sign, Sightings] = field(default_factory=dict)
    icmp: dict[IcmpSign, Sightings] = field(default_factory=dict)

    def __add__(self, other: "CaptureEvidence") -> "CaptureEvidence":
        merged = CaptureEvidence(
            self.frames + other.frames,
            self.nvgre_frames + other.nvgre_frames,
            dict(self.streams),
            dict(self.signs),
            dict(self.icmp),
        )
        for key, packed in other.streams.items():
            merged.add_stream(key, packed)
        for sign, sightings in other.signs.items():
            merged.add_sign(sign, sightings)
        for icmp_sign, sightings in other.icmp.items():
            merged.add_icmp(icmp_sign, sightings)
        return merged

    def shifted(self, numbers: int) -> "CaptureEvidence":
        """The same with `numbers` added to every frame number: this stretch follows another one."""
        return CaptureEvidence(
            self.frames,
            self.nvgre_frames,
            {key: shift_stream(packed, numbers) for key, packed in self.streams.items()},
            {sign: sightings.shifted(numbers) for sign, sightings in self.signs.items()},
            {sign: sightings.shifted(numbers) for sign, sightings in self.icmp.items()},
        )

    def add_stream(self, key: bytes, packed: bytes) -> None:
        """Count packed facts of a stream."""
        known = self.streams.get(key)
        self.streams[key] = packed if known is None else merge_streams(known, packed)

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
