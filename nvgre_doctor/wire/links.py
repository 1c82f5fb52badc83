"""Link layers: from a frame of one linktype to the ethertype of its payload and where that payload
starts.

Knows pseudo-headers of capture formats and VLAN tags; must not know what is inside IP.  Field
values are big endian unless said otherwise.  Linktype numbers are those of
https://www.tcpdump.org/linktypes.html.

The two Linux cooked headers are read by dpkt (`dpkt_headers`).  Ethernet is not:
`dpkt.ethernet.Ethernet` stops after two tags, knows neither 0x9100 nor 0x9200 as an outer tag, and
decodes all upper layers at once.
"""

from typing import Final

from nvgre_doctor.vocabulary import Oddity

ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_ARP: Final = 0x0806
ETHERTYPE_IPV6: Final = 0x86DD
TAG_ETHERTYPES: Final = frozenset((0x8100, 0x88A8, 0x9100, 0x9200))
"""802.1Q, 802.1ad, and the two numbers that were used for stacked tags before 802.1ad.  An inner
frame must not carry one
(RFC 7637 section 3.3)."""

ETHERNET: Final = 1
LINUX_SLL: Final = 113
LINUX_SLL2: Final = 276
BSD_LOOPBACK: Final = frozenset((0, 108))
RAW_IP: Final = frozenset((12, 14, 101))
RAW_IPV4: Final = 228
RAW_IPV6: Final = 229

_LOOPBACK_FAMILIES: Final = {2: ETHERTYPE_IPV4} | dict.fromkeys(
    (10, 23, 24, 28, 30), ETHERTYPE_IPV6
)
"""AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 23 on Windows, 24 NetBSD and OpenBSD, 28
FreeBSD, 30 macOS.
"""


def strip_link(linktype: int, data: bytes) -> tuple[int, int] | Oddity:
    """The ethertype (0x0800 or 0x86DD) behind all tags, and the offset of the IP header; or why
    there is none.
    """
    if linktype == ETHERNET:
        ethertype, start = untagged_type(data, 12)
    elif linktype == LINUX_SLL:
        ethertype, start = _linux_sll(data)
    elif linktype == LINUX_SLL2:
        ethertype, start = _linux_sll2(data)
    elif linktype in BSD_LOOPBACK:
        ethertype, start = _loopback_type(data), 4
    elif linktype in RAW_IP:
        ethertype, start = _version_type(data), 0
    elif linktype == RAW_IPV4:
        return ETHERTYPE_IPV4, 0
    elif linktype == RAW_IPV6:
        return ETHERTYPE_IPV6, 0
    else:
        return Oddity.LINKTYPE
    if ethertype is None:
        return Oddity.TRUNCATED
    return (ethertype, start) if ethertype in {ETHERTYPE_IPV4, ETHERTYPE_IPV6} else Oddity.NOT_IP


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


def _linux_sll(data: bytes) -> tuple[int | None, int]:
    """Linux cooked capture: 16 bytes, the protocol is the last field, so tags follow as in
    Ethernet.
    """
    from nvgre_doctor.wire.dpkt_headers import sll_protocol  # dpkt loads in 30 ms: only when needed

    protocol = sll_protocol(data)
    return (protocol, 16) if protocol not in TAG_ETHERTYPES else untagged_type(data, 14)


def _linux_sll2(data: bytes) -> tuple[int | None, int]:
    """Linux cooked capture version 2: 20 bytes, the protocol is the first field, a tag's control
    information follows.
    """
    # dpkt loads in 30 ms: only when needed
    from nvgre_doctor.wire.dpkt_headers import sll2_protocol

    protocol = sll2_protocol(data)
    return (protocol, 20) if protocol not in TAG_ETHERTYPES else untagged_type(data, 22)


def _loopback_type(data: bytes) -> int | None:
    """The address family in either byte order (NULL is in that of the capturing machine, LOOP big
    endian); 0 if unknown.
    """
    if len(data) < 4:
        return None
    for family in (int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big")):
        if family in _LOOPBACK_FAMILIES:
            return _LOOPBACK_FAMILIES[family]
    return 0


def _version_type(data: bytes) -> int | None:
    """What the version nibble of raw IP says; 0 if it is neither 4 nor 6."""
    if not data:
        return None
    return {4: ETHERTYPE_IPV4, 6: ETHERTYPE_IPV6}.get(data[0] >> 4, 0)
