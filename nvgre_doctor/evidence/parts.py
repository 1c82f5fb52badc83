"""What was seen of frames that are alike: one VM pair, one direction, keys that share their upper
24 bits; where it was silent, and which packets it was.

Knows numbers, times and addresses as bytes; nothing about layouts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final, NamedTuple

SILENCE_S: Final = 20
"""A longer silence divides what a host sent: a restart takes as long.  In whole seconds, rounded
down, so that it says the same however a capture was cut."""
SILENCES: Final = 16
"""The longest ones that are kept of one part."""


class Moment(NamedTuple):
    """One frame of a capture: 1-based number as Wireshark counts, nanoseconds since 1970 (-1: its
    block carries no time).
    """

    frame_number: int
    ts_ns: int


class Net(IntEnum):
    """How the customer addresses of a frame lie to each other."""

    UNKNOWN = 0  # not captured, or neither IP nor ARP
    SUBNET = 1  # in one /24 (IPv6: /64), or a broadcast, a multicast or ARP: link-local by nature
    ROUTED = 2  # in two


_NETS: Final = tuple(Net)


class PartKey(NamedTuple):
    """Frames of one VM pair in one direction whose keys share the upper 24 bits.

    `macs` is as on the wire, inner destination then inner source (12 bytes).  It is empty when they
    were not captured.  Frames of VM pairs that are not kept are one part for each source and
    upper 24 bits, with neither MACs nor destination, and of an unknown net.
    """

    source: bytes  # provider addresses, 4 or 16 bytes each
    destination: bytes
    upper_bits: int  # of the key: bits 31..8
    macs: bytes
    net: Net
    is_sure: bool
    """False: an inner ICMP error, ICMP cut before its type, IP cut before its protocol.  It may be
    the host's own message, which may repeat the key of the other side."""


class Packet(NamedTuple):
    """One packet, as often as it was seen: one of the (at most) two smallest of a unit."""

    order: int
    """Outer IPv4 identification; where that is 0, and for IPv6, octets 18 and 19 of the inner frame
    (0 if they were not captured)."""
    digest: bytes
    """8 bytes, of outer addresses, order, GRE key and the first 20 octets of the inner frame (IPv6:
    64) as captured: not of hop limit, VLAN or time, which differ from copy to copy."""
    frames: int
    hop_limit: int  # the largest outer one
    conversation: int
    """A hash of both customer addresses with their ports; TCP and UDP only, of ports that differ
    and are not both well-known.  0: none."""


_ARP_SIZES: Final = 0x0604
"""Octets 18 and 19 of an inner frame with ARP: of hardware and protocol addresses."""
_LONG: Final = 1600
"""These octets are the length of inner IPv6, and what repeats itself (neighbour discovery) is
short."""


def is_numbered(packet: Packet, source: bytes) -> bool:
    """Whether its identification tells it from another packet that is the same to the octet.  An
    ARP request over IPv6, or of a sender that numbers nothing, comes again like that.
    """
    if len(source) == 4:
        return packet.order not in (0, _ARP_SIZES)
    return packet.order > _LONG


def weight_of(frames: int, packets: tuple[Packet, ...]) -> int:
    """How many packets so many frames are at least, copies not counted, of which one or two are
    known: one more frame changes it by one at most.
    """
    if len(packets) == 1:
        return 1
    one, two = packets
    return max(2, frames // max(one.frames, two.frames))


class Unit(NamedTuple):
    """Frames of one part, without a long silence, that have one key."""

    low_octet: int  # of the key: bits 7..0
    frames: int
    first: Moment
    last: Moment
    packets: tuple[Packet, ...]  # one or two, by order and digest

    @property
    def weight(self) -> int:
        """How many packets these frames are at least."""
        return weight_of(self.frames, self.packets)


class Interval(NamedTuple):
    """Frames of one part without a long silence, in order of time."""

    first: Moment  # by frame number
    last: Moment
    units: tuple[Unit, ...]  # by low octet
    """Empty for frames that were cut before the inner EtherType: a sign of life, no evidence."""
    frames: int


class Part(NamedTuple):
    """What was seen of one PartKey."""

    intervals: tuple[Interval, ...]  # at most SILENCES + 1, by first frame
    customer_addresses: bytes  # of its first frame: source + destination, 8 or 32 bytes, or empty
    low_octets: bytes  # of its keys, distinct, ascending; those of frames that were cut as well


UPPER_BITS: Final = 3
"""Bytes of bits 31..8 of a key."""
MACS: Final = 12
_NET, _SURE, _CUT = 3, 4, 8
_ENDS: Final = {13: 8, 25: 8, 37: 32, 49: 32, 9: 4, 21: 16}
"""Bytes of the provider addresses in a unit's key, by its length: both, or the source alone."""
_SOURCE: Final = {13: 4, 25: 4, 37: 16, 49: 16, 9: 4, 21: 16}
"""Bytes of the source alone."""


def halves(of_two: bytes) -> tuple[bytes, bytes]:
    """Both of two addresses that stand behind each other."""
    middle = len(of_two) // 2
    return of_two[:middle], of_two[middle:]


def unit_key(key: PartKey, low_octet: int, *, is_cut: bool = False) -> bytes:
    """A part and a low octet as bytes, by which units are counted; `is_cut` of frames that were cut
    before the inner EtherType, which are no unit.
    """
    flags = pack_flags(key.net, is_sure=key.is_sure, is_cut=is_cut)
    upper_bits = key.upper_bits.to_bytes(UPPER_BITS)
    return b"%c%b%b%b%c%b" % (
        flags,
        key.source,
        key.destination,
        upper_bits,
        low_octet,
        key.macs,
    )


def pack_flags(net: Net, *, is_sure: bool, is_cut: bool = False) -> int:
    """The first byte of the key of a unit."""
    return net | _SURE * is_sure | _CUT * is_cut


def ends_of(unit: bytes) -> bytes:
    """Source + destination, from the key of a unit; only the source if its VM pair is not kept."""
    return unit[1 : 1 + _ENDS[len(unit)]]


def source_of(unit: bytes) -> bytes:
    """The provider address that sent, from the key of a unit."""
    return unit[1 : 1 + _SOURCE[len(unit)]]


def by_stream(units: Iterable[bytes]) -> Iterator[tuple[int, int, list[bytes]]]:
    """Keys of units in the order of their parts, each behind what the units of its stream have in
    common: ends, bits 31..8 and MACs.  With the bytes of the source, which it begins with, and of
    all that stands before.
    """
    of_lengths: defaultdict[int, list[bytes]] = defaultdict(list)
    for unit in units:
        of_lengths[len(unit)].append(unit)
    for lengths in ((9,), (21,), (13, 25), (37, 49)):
        keys: list[bytes] = []
        for length in lengths:
            at = 4 + _ENDS[length]  # of the low octet
            no_macs = bytes(lengths[-1] - length)
            keys += [unit[1:at] + unit[at + 1 :] + no_macs + unit for unit in of_lengths[length]]
        if keys:
            keys.sort()
            yield _SOURCE[lengths[0]], lengths[-1] - 2, keys


def macs_of(unit: bytes) -> bytes:
    """As in PartKey, from the key of a unit."""
    return unit[5 + _ENDS[len(unit)] :]


def bits_of(unit: bytes) -> bytes:
    """Bits 31..8 of the GRE key, from the key of a unit."""
    size = _ENDS[len(unit)]
    return unit[1 + size : 4 + size]


def octet_of(unit: bytes) -> bytes:
    """The low octet, one byte, from the key of a unit."""
    return unit[4 + _ENDS[len(unit)] :][:1]


def unkept_key(unit: bytes) -> bytes:
    """The key of a unit whose VM pair is not kept: with those of the same source and id.  Whether
    it is sure stays known: it must not become evidence.  Of its octet only whether it is 0.
    """
    size = _ENDS[len(unit)]
    source, upper_bits = unit[1 : 1 + size // 2], unit[1 + size : 4 + size]
    return b"%c%b%b%c" % (unit[0] & _SURE, source, upper_bits, unit[4 + size] != 0)


def is_kept(unit: bytes) -> bool:
    """Whether the VM pair of a unit is kept."""
    return _ENDS[len(unit)] > _SOURCE[len(unit)]


def is_sure(unit: bytes) -> bool:
    """As in PartKey, from the key of a unit."""
    return bool(unit[0] & _SURE)


def is_cut(unit: bytes) -> bool:
    """Whether its frames were cut before the inner EtherType: a sign of life, and no evidence."""
    return bool(unit[0] & _CUT)


def read_key(unit: bytes) -> tuple[PartKey, int, bool]:
    """The inverse of unit_key."""
    flags, length = unit[0], len(unit)
    middle, end = 1 + _SOURCE[length], 1 + _ENDS[length]
    octet_at = end + UPPER_BITS
    key = PartKey(
        unit[1:middle],
        unit[middle:end],
        int.from_bytes(unit[end:octet_at]),
        unit[octet_at + 1 :],
        _NETS[flags & _NET],
        flags & _SURE != 0,
    )
    return key, unit[octet_at], flags & _CUT != 0
