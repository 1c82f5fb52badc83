"""Link layers: from a frame of one linktype to the ethertype of its payload and where that payload
starts.  LINKS, at the end, is the table: one row a link type.

Knows pseudo-headers of capture formats; `shims` knows VLAN tags and what else may follow.  Must not
know what is inside IP.  Field
values are big endian unless said otherwise.  Linktype numbers are those of
https://www.tcpdump.org/linktypes.html.

The two Linux cooked headers are read by dpkt (`dpkt_headers`).  Ethernet is not:
`dpkt.ethernet.Ethernet` stops after two tags, knows neither 0x9100 nor 0x9200 as an outer tag, and
decodes all upper layers at once.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.ethertypes import (
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    IP_ETHERTYPES,
    LLC,
    NO_ETHERTYPE,
)
from nvgre_doctor.wire.fields import number
from nvgre_doctor.wire.shims import LONGEST_LENGTH, behind_shims

TAG_ETHERTYPES: Final = frozenset((0x8100, 0x88A8, 0x9100, 0x9200))
"""802.1Q, 802.1ad, and the two numbers that were used for stacked tags before 802.1ad.  An inner
frame must not carry one
(RFC 7637 section 3.3)."""
LABEL_ETHERTYPES: Final = frozenset((0x8847, 0x8848))
"""MPLS."""

ETHERNET: Final = 1

_WIRELESS: Final = -1  # in place of an EtherType, of a frame of 802.11
_LOOPBACK_FAMILIES: Final = {2: ETHERTYPE_IPV4} | dict.fromkeys(
    (10, 23, 24, 28, 30), ETHERTYPE_IPV6
)
"""AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 23 on Windows, 24 NetBSD and OpenBSD, 28
FreeBSD, 30 macOS.
"""


class PlainHeader(NamedTuple):
    """What the fast path needs to know of a link header of one size, in bytes.

    The `decisive` bytes, from `decisive_at` on, say it all: two headers of this size that agree in
    them mean the same to `Link.read`, whatever else they hold.
    """

    size: int  # without VLAN tags
    decisive_at: int
    decisive: int
    may_be_tagged: bool = False  # then the decisive bytes are an EtherType, and VLAN tags go on
    bottom_at: int = 0
    """Of a byte whose last bit must be one, as it ends a stack of labels; 0 where there is none."""


class Link(NamedTuple):
    """A link type: its row of the table is all that there is to know about it."""

    name: str  # as people know it
    read: Callable[[bytes], tuple[int | None, int]] | None = None
    """Reads the header of a frame: the EtherType behind all tags and shims (None: cut off), and the
    offset of what follows.  None: cannot be decoded here."""
    plain: tuple[PlainHeader, ...] = ()
    """How most of these headers look.  The frames behind all others are decoded one by one."""


def strip_link(linktype: int, data: bytes) -> tuple[int, int] | Oddity:
    """The EtherType behind all tags and shims, and the offset of what follows: an IP header, if it
    is one of IP_ETHERTYPES.  Or why there is none.
    """
    link = LINKS.get(linktype)
    if link is None or link.read is None:
        return Oddity.LINKTYPE
    ethertype, start = link.read(data)
    if ethertype is None:
        return Oddity.TRUNCATED
    return Oddity.WIRELESS if ethertype == _WIRELESS else (ethertype, start)


def plain_header(linktype: int, data: bytes, size: int) -> tuple[PlainHeader, int] | None:
    """The plain header that the first `size` bytes of a frame are together with its VLAN tags, and
    how many these are; None if they hold anything else.
    """
    for plain in LINKS[linktype].plain:
        tags, rest = divmod(size - plain.size, 4)
        if not rest and (tags == 0 or (tags > 0 and plain.may_be_tagged)):
            at = plain.decisive_at
            types = (number(data, at + 4 * tag, 2) for tag in range(tags))
            if all(ethertype in TAG_ETHERTYPES for ethertype in types) and (
                not plain.bottom_at or _has_one_label(data, plain)
            ):
                return plain, tags
    return None


def _has_one_label(data: bytes, plain: PlainHeader) -> bool:
    is_labelled = number(data, plain.decisive_at, 2) in LABEL_ETHERTYPES
    return is_labelled and bool(data[plain.bottom_at] & 1)


def untagged_type(data: bytes, position: int) -> tuple[int | None, int]:
    """The first ethertype from `position` on that is no VLAN tag, and the offset behind it; None
    when it is cut off.
    """
    while True:
        field = data[position : position + 2]
        if len(field) < 2:
            return None, len(data)
        ethertype = int.from_bytes(field)
        if ethertype not in TAG_ETHERTYPES:
            return ethertype, position + 2
        position += 4  # type and tag control information


def _ethernet(data: bytes) -> tuple[int | None, int]:
    """Two MACs, then the type; but pktmon writes frames of wireless adapters as Ethernet."""
    ethertype, start = behind_shims(data, number(data, 12, 2), 14)
    if ethertype is not None and ethertype not in IP_ETHERTYPES and _is_wireless(data):
        return _WIRELESS, start
    return ethertype, start


def _is_wireless(data: bytes) -> bool:
    """Whether this is a data frame of 802.11: the header that its first two bytes announce, then
    SNAP.
    """
    if data[0] & 0x0F != 0x08:
        return False
    start = 24 + 6 * (data[1] & 3 == 3)  # a fourth address
    if data[0] & 0x80:  # quality of service, and maybe high throughput
        start += 2 + 4 * (data[1] >> 7)
    return data[start : start + 6] == b"\xaa\xaa\x03\0\0\0"


def _linux_sll(data: bytes) -> tuple[int | None, int]:
    """Linux cooked capture: 16 bytes, the protocol is the last field, so tags follow as in
    Ethernet.
    """
    from nvgre_doctor.wire.dpkt_headers import sll_protocol  # dpkt loads in 30 ms: only when needed

    protocol = sll_protocol(data)
    return _cooked(data, protocol, 16)


def _linux_sll2(data: bytes) -> tuple[int | None, int]:
    """Linux cooked capture version 2: 20 bytes, the protocol is the first field, a tag's control
    information follows.
    """
    # dpkt loads in 30 ms: only when needed
    from nvgre_doctor.wire.dpkt_headers import sll2_protocol

    protocol = sll2_protocol(data)
    return _cooked(data, protocol, 20)


def _cooked(data: bytes, protocol: int | None, start: int) -> tuple[int | None, int]:
    """What small numbers mean is Linux's own choice; 4 is an 802.2 header."""
    if protocol is not None and protocol <= LONGEST_LENGTH and protocol != LLC:
        return NO_ETHERTYPE, start
    return behind_shims(data, protocol, start)


def _loopback(data: bytes) -> tuple[int | None, int]:
    """The address family in either byte order (NULL is in that of the capturing machine, LOOP big
    endian).
    """
    if len(data) < 4:
        return None, 0
    for family in (int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big")):
        if family in _LOOPBACK_FAMILIES:
            return _LOOPBACK_FAMILIES[family], 4
    return NO_ETHERTYPE, 4


def _raw_ip(data: bytes) -> tuple[int | None, int]:
    """No header: the version nibble tells."""
    if not data:
        return None, 0
    return {4: ETHERTYPE_IPV4, 6: ETHERTYPE_IPV6}.get(data[0] >> 4, NO_ETHERTYPE), 0


def _raw_ipv4(_data: bytes) -> tuple[int | None, int]:
    return ETHERTYPE_IPV4, 0


def _raw_ipv6(_data: bytes) -> tuple[int | None, int]:
    return ETHERTYPE_IPV6, 0


_ALL_DECIDES: Final = (PlainHeader(4, 0, 4),)
_NO_HEADER: Final = (PlainHeader(0, 0, 0),)
"""The first byte of IP decides, and that is always looked at."""
_NO_LABEL: Final = PlainHeader(14, 12, 2, may_be_tagged=True)
_ONE_LABEL: Final = PlainHeader(18, 12, 2, bottom_at=16)
"""Behind a label of MPLS the first byte of IP decides as well."""

LINKS: Final[dict[int, Link]] = {
    0: Link("BSD loopback", _loopback, _ALL_DECIDES),
    ETHERNET: Link("Ethernet", _ethernet, (_NO_LABEL, _ONE_LABEL)),
    9: Link("PPP"),
    12: Link("raw IP", _raw_ip, _NO_HEADER),
    14: Link("raw IP", _raw_ip, _NO_HEADER),
    101: Link("raw IP", _raw_ip, _NO_HEADER),
    105: Link("IEEE 802.11"),
    108: Link("OpenBSD loopback", _loopback, _ALL_DECIDES),
    113: Link("Linux cooked", _linux_sll, (PlainHeader(16, 14, 2),)),
    119: Link("IEEE 802.11 with Prism header"),
    127: Link("IEEE 802.11 with radiotap header"),
    189: Link("Linux USB"),
    228: Link("raw IPv4", _raw_ipv4, _NO_HEADER),
    229: Link("raw IPv6", _raw_ipv6, _NO_HEADER),
    249: Link("USBPcap"),
    252: Link("Wireshark upper PDU"),
    276: Link("Linux cooked, version 2", _linux_sll2, (PlainHeader(20, 0, 2),)),
}
"""By linktype number.  A link type that is not here, or has no `read`, is Oddity.LINKTYPE."""
