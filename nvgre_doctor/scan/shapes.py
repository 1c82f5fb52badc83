"""The shapes of plain frames: where the fields lie that decide whether a frame may be counted
without decoding it.

A shape is a link header of one length, then IPv4 without options or IPv6 without extension
headers.  In both, the addresses, GRE 0x2000 0x6558, the key and the inner MACs are one contiguous
slice.  Knows offsets; counts nothing.  What is plain must be exactly what `wire.decode` says of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import Final

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire import links

GRE: Final = 47
TCP_OR_UDP: Final = frozenset({6, 17})
"""Inner protocols that are no ICMP error."""
IN_PARTS: Final = {">": 0x3FFF, "<": 0xFF3F}
"""In IPv4's flags and fragment offset, read in one byte order or the other: "more fragments", and
the offset.
"""
IP_OR_ARP: Final = 8
"""Upper byte of the inner EtherTypes IPv4 and ARP: there the byte of IPv4's protocol can be
trusted.
"""
NVGRE: Final = b"\x20\x00\x65\x58"
"""GRE flags and protocol: K and nothing else, transparent Ethernet bridging (RFC 7637 section 3.2).
"""

_CONTROL: Final = (
    b"\xff\xff\xff"  # in a key: control traffic, or one of a few keys that are decoded for nothing
)
_PLAIN_IPV4: Final = b"\x08\x00\x45"  # EtherType and first byte of a header without options
_GRE_SIZE: Final = 8  # flags, protocol, key
_UP_TO_INNER_IPV4: Final = (
    _GRE_SIZE + 14 + 20
)  # from the GRE header to the end of an inner IPv4 header
_HEAD: Final = 128  # bytes of a frame that are enough to see its link header
_TAG_BYTES: Final = frozenset(ethertype.to_bytes(2) for ethertype in links.TAG_ETHERTYPES)

_IPV4_FORMAT: Final = "BxBB2xHxB2x30s9xB"
_IPV6_FORMAT: Final = "B3xBB0sBx54s9xB"  # no flags, no offset: an empty field
_IPV4_NOT_PLAIN: Final = frozenset({1, 17, 47, 51})
"""ICMP may be an error, UDP may be VXLAN, GRE is what we are after, AH hides what follows."""
_IPV6_PLAIN: Final = frozenset({6, 50, 59, 89, 132})
"""TCP, ESP, nothing, OSPF, SCTP: final headers that `wire.decode` calls NOT_GRE whatever follows.
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """Where things are in one kind of frame.  Lengths in bytes, `need...` counted from the start of
    the frame.
    """

    link_format: str  # Struct format of the link header; gives two fields
    link_field: tuple[int, int] | tuple[bytes, bytes]  # what those must be
    link_size: int
    tags: int  # VLAN tags in the link header
    tags_at: int  # where they begin
    is_ipv4: bool
    version: int  # the usual first byte of the IP header
    versions: frozenset[int]  # all values that it may have
    plain_protocols: frozenset[int]
    _unpackers: dict[str, Struct] = field(default_factory=dict, compare=False)

    @property
    def ip_size(self) -> int:
        """Length of the IP header."""
        return 20 if self.is_ipv4 else 40

    @property
    def inner_at(self) -> int:
        """Where the inner Ethernet frame begins."""
        return self.link_size + self.ip_size + _GRE_SIZE

    @property
    def address_size(self) -> int:
        """Length of a provider address."""
        return 4 if self.is_ipv4 else 16

    @property
    def asks_for_tags(self) -> bool:
        """Whether the link fields do not tell all: with two tags and more."""
        return self.tags > 1

    @property
    def need_plain(self) -> int:
        """Captured bytes with which a frame can be counted as something other than GRE."""
        return self.link_size + self.ip_size

    @property
    def need(self) -> int:
        """Captured bytes with which a frame can be counted as NVGRE: up to the end of an inner IPv4
        header.
        """
        return self.link_size + self.ip_size + _UP_TO_INNER_IPV4

    @property
    def counted_ip(self) -> int:
        """How much of the IP header the IP length field counts."""
        return 20 if self.is_ipv4 else 0

    @property
    def shortest_nvgre(self) -> int:
        """The least IP length of a frame that is counted as NVGRE; below 256."""
        return self.counted_ip + _UP_TO_INNER_IPV4

    def unpacker(self, before: str) -> Struct:
        """The fields `before` the frame (a Struct format with byte order), then all of the frame:
        the two link fields, first byte of IP, IP length (high and low byte), IP flags and fragment
        offset, protocol, the header (outer source address to inner EtherType), the inner IPv4
        protocol.
        """
        unpacker = self._unpackers.get(before)
        if unpacker is None:
            ip_format = _IPV4_FORMAT if self.is_ipv4 else _IPV6_FORMAT
            unpacker = self._unpackers[before] = Struct(f"{before}{self.link_format}{ip_format}")
        return unpacker

    def split_by_tags(
        self, data: bytes, stamps: Sequence[int], distance: int, pending: Sequence[int]
    ) -> tuple[Sequence[int], Sequence[int]]:
        """The frames that carry as many VLAN tags as this shape, and the others."""
        if not self.asks_for_tags:
            return pending, ()
        begin, fitting = distance + self.tags_at, pending
        for at in range(begin, begin + 4 * self.tags, 4):
            fitting = [
                i for i in fitting if data[stamps[i] + at : stamps[i] + at + 2] in _TAG_BYTES
            ]
        if len(fitting) == len(pending):
            return pending, ()
        taken = set(fitting)
        return fitting, [i for i in pending if i not in taken]


def shape_of(linktype: int, data: bytes, start: int, captured_length: int) -> Shape | None:
    """The shape of the frame at `data[start]`; None for what has none: not IP, IPv4 with options,
    cut before the IP header.
    """
    head = data[start : start + min(captured_length, _HEAD)]
    stripped = links.strip_link(linktype, head)
    if isinstance(stripped, Oddity) or stripped[1] >= len(head):
        return None
    ethertype, link_size = stripped
    first = head[link_size]
    is_ipv4 = ethertype == links.ETHERTYPE_IPV4
    if first != 0x45 if is_ipv4 else first >> 4 != 6:
        return None
    found = links.plain_header(linktype, link_size)
    if found is None:
        return None
    plain, tags = found
    decisive = slice(plain.decisive_at, plain.decisive_at + plain.decisive)
    last = head[decisive.start + 4 * tags : decisive.stop + 4 * tags]
    return _shape(plain, tags, head[decisive] if tags == 1 else b"", last, is_ipv4)


@lru_cache(maxsize=256)
def _shape(plain: links.PlainHeader, tags: int, first: bytes, last: bytes, is_ipv4: bool) -> Shape:
    """`last` is the decisive bytes of the link header, behind all tags; `first` those before the
    only tag.
    """
    at, size, link_size = plain.decisive_at, plain.decisive, plain.size + 4 * tags
    link_field: tuple[int, int] | tuple[bytes, bytes]
    if tags == 1:
        link_format, link_field = f"{at}x{size}s{4 - size}x{size}s", (first, last)
        after = at + 4 + size
    elif size == 2:
        link_format, link_field = f"{at + 4 * tags}xBB", (last[0], last[1])  # cheaper than bytes
        after = at + 4 * tags + size
    else:
        link_format, link_field = f"{at}x{size}s0s", (last, b"")
        after = at + size
    link_format += f"{link_size - after}x"
    if is_ipv4:
        return Shape(
            link_format,
            link_field,
            link_size,
            tags,
            at,
            True,
            0x45,
            frozenset({0x45}),
            frozenset(range(256)) - _IPV4_NOT_PLAIN,
        )
    return Shape(
        link_format,
        link_field,
        link_size,
        tags,
        at,
        False,
        0x60,
        frozenset(range(0x60, 0x70)),
        _IPV6_PLAIN,
    )


def is_data(header: bytes) -> bool:
    """Whether this is the header of NVGRE that may be tenant data."""
    return header[-22:-18] == NVGRE and _CONTROL not in header[-18:-14]


def plain_customers(data: bytes, inner_ip: int) -> bytes | None:
    """Customer addresses, source + destination, if there is a plain inner IPv4 header at
    `data[inner_ip]`.
    """
    if data[inner_ip - 2 : inner_ip + 1] != _PLAIN_IPV4:
        return None
    length = data[inner_ip + 2] << 8 | data[inner_ip + 3]
    if 0 < length < 20:  # 0: the adapter was to fill it in
        return None
    return data[inner_ip + 12 : inner_ip + 20]
