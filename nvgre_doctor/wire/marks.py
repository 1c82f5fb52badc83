"""What tells a packet from other packets, and is the same in all its copies; and what its inner
frame may be.

A packet may be captured several times: at several points, in several files.  Copies agree in what
no router or switch on the way changes; hop limits, VLAN tags, checksums and times are not compared.
Knows nothing of what the frames mean.
"""

from typing import Final, NamedTuple
from zlib import crc32

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.ethertypes import (
    ARP_BYTES,
    IP_ETHERTYPES,
    IPV4_BYTES,
    IPV6_BYTES,
)
from nvgre_doctor.wire.fields import number
from nvgre_doctor.wire.gre import PROTOCOL_GRE, read_gre
from nvgre_doctor.wire.icmp import is_cut_before_code, is_icmp, read_error
from nvgre_doctor.wire.inner import read_inner
from nvgre_doctor.wire.ip import read_ip
from nvgre_doctor.wire.links import TAG_ETHERTYPES, strip_link, untagged_type

INNER_IPV4: Final = 20
"""Octets of the inner frame that tell packets apart: what a snap length of 70 leaves, up to the
identification of an inner IPv4 header."""
INNER_IPV6: Final = 64
"""The same where the outer header is IPv6, which has no identification."""
MESSAGE: Final = 192
"""Octets of an ICMP error with all around it inside IP, or inside NVGRE, up to what it quotes."""
_NUMBERED: Final = 110
"""Octets of what tells ICMP errors apart that have numbers: so that more of a packet makes no other
packet of it."""
_SPREAD: Final = 40503  # 2 to the 16th by the golden ratio, and odd: no two numbers become one
_ORDER_AT: Final = 18  # identification of an inner IPv4 header
_TICK_NS: Final = 1 << 16
COPIES: Final = 8
"""Ticks, half a millisecond in all: copies of one packet are captured closer to each other."""
_TCP_OR_UDP: Final = frozenset({6, 17})
_ICMP, _ICMPV6, _AH = 1, 58, 51
_ICMP_ERRORS: Final = frozenset({b"", b"\x03", b"\x05", b"\x0b", b"\x0c"})  # b"": cut off
_ICMPV6_ERRORS: Final = frozenset({b"", b"\x01", b"\x02", b"\x03", b"\x04", b"\x89"})
_TAGS: Final = frozenset(ethertype.to_bytes(2) for ethertype in TAG_ETHERTYPES)
_WELL_KNOWN: Final = 1024


class Inner(NamedTuple):
    """Of an inner frame."""

    is_sure: bool
    """It is no ICMP error for certain, so it is no message of the host itself."""
    customers: bytes  # source + destination from IP or ARP, 8 or 32 bytes, or empty
    ports: bytes = b""  # of TCP and UDP: source + destination, 4 bytes, or fewer


class Marks(NamedTuple):
    """Of one packet.  `order` is any number that differs from packet to packet as a rule."""

    order: int
    digest: bytes  # 8 bytes; of an NVGRE frame without what its inner packet carries
    message: bytes  # what `message_digest` takes of an ICMP error: all of it, with its quote
    message_number: int  # the same, as `number_of_message` has it
    hop_limit: int
    inner: Inner


def read_marks(linktype: int, data: bytes) -> Marks:
    """The marks of a frame with NVGRE or with an ICMP error.  Of any other they say nothing."""
    link = strip_link(linktype, data)
    unknown = Inner(False, b"")
    if isinstance(link, Oddity) or link[0] not in IP_ETHERTYPES:
        return Marks(0, bytes(8), b"", 0, 0, unknown)
    packet = read_ip(data[link[1] :])
    if packet is None:
        return Marks(0, bytes(8), b"", 0, 0, unknown)
    order = (number(data, link[1] + 4, 2) or 0) if packet.version == 4 else 0
    ends, hop_limit = (packet.source or b"") + (packet.destination or b""), packet.hop_limit or 0
    header = read_gre(packet.payload) if packet.protocol == PROTOCOL_GRE else Oddity.NOT_GRE
    if isinstance(header, Oddity) or header.gre_key is None or packet.fragment_offset:
        told = told_of(ends, order, b"", packet.payload[:MESSAGE])
        return Marks(order, digest_of(told), told, order, hop_limit, unknown)
    frame, key = header.frame, header.gre_key.to_bytes(4)
    order = order_of(order, frame)
    length = INNER_IPV4 if packet.version == 4 else INNER_IPV6
    told = told_of(ends, order, key, frame[:MESSAGE])
    return Marks(
        order,
        digest_of(told_of(ends, order, key, frame[:length])),
        told,
        number_of_message(order, frame),
        hop_limit,
        look(frame),
    )


def order_of(identification: int, frame: bytes) -> int:
    """Of a packet with this outer identification (0 for IPv6) around this inner frame."""
    return identification or number(frame, _ORDER_AT, 2) or 0


def told_of(ends: bytes, order: int, gre_key: bytes, payload: bytes) -> bytes:
    """What a digest is of."""
    return b"%b%b%b%b" % (ends, order.to_bytes(2), gre_key, payload)


def digest_of(told: bytes) -> bytes:
    """8 bytes.  Not secret: who writes two packets that agree in it could as well write two equal
    ones.
    """
    return (crc32(told) << 32 | crc32(told[::-1])).to_bytes(8)


def number_of_message(order: int, frame: bytes) -> int:
    """What numbers an ICMP error that came in this inner frame: 0 where its order is but the length
    of an inner IPv6 packet.
    """
    return 0 if frame[12:14] == IPV6_BYTES and order == number(frame, _ORDER_AT, 2) else order


def message_digest(order: int, told: bytes, ts_ns: int) -> bytes:
    """8 bytes of an ICMP error with this number, captured at this time.

    Where nothing numbers them, messages that are alike are copies of one packet if not more than
    COPIES lie between them, and else several packets.
    """
    if order:
        return begin_of_message(order) + digest_of(told[:_NUMBERED])[:6]
    tick = ts_ns // _TICK_NS % (1 << 24)
    return bytes(2) + crc32(told).to_bytes(4)[:3] + tick.to_bytes(3)


def begin_of_message(order: int) -> bytes:
    """The first 2 bytes of its digest, 0 for what has no number.

    The smallest digests of many are a sample of all.  Senders count, so by the numbers themselves
    it would be what came first; this spreads them evenly.
    """
    return (order * _SPREAD & 0xFFFF).to_bytes(2)


def is_numbered(digest: bytes) -> bool:
    """Whether a message's digest is that of a packet with a number."""
    return digest[:2] != bytes(2)


def split_unnumbered(digest: bytes) -> tuple[bytes, int]:
    """What the digests of messages have in common that nothing but their time tells apart, and the
    tick of that, which begins anew after 18 minutes.
    """
    return digest[:5], int.from_bytes(digest[5:])


def look(frame: bytes) -> Inner:
    """What an inner frame may be, behind its tags."""
    ethertype, start = untagged_type(frame[:MESSAGE], 12)
    if ethertype is None:
        return Inner(False, b"")
    quick = look_quickly(frame[start - 2 : MESSAGE])
    if quick is not None:
        return quick
    packet = read_inner(frame[:MESSAGE]).packet
    if packet is None or packet.protocol is None:
        return Inner(False, b"")
    is_sure = not is_icmp(packet) or not (is_cut_before_code(packet) or read_error(packet))
    ports = b""
    if packet.protocol in _TCP_OR_UDP and not packet.fragment_offset:
        ports = packet.payload[:4]
    ends = packet.source, packet.destination
    return Inner(is_sure, b"".join(filter(None, ends)) if all(ends) else b"", ports)


def look_quickly(inner: bytes) -> Inner | None:
    """The same from the EtherType behind all tags on, as far as it is there.  None: an ICMP error,
    a tag, or headers in which it is not easy to see.
    """
    ethertype, size = inner[:2], len(inner) - 2
    if ethertype == IPV4_BYTES:
        start = (inner[2] & 15) * 4 if size > 0 else 0
        if size < 10 or inner[2] >> 4 != 4 or start < 20:
            return Inner(False, b"")
        protocol = inner[11]
        if protocol == _AH:
            return None
        is_first = not (inner[8] & 0x1F or inner[9])
        payload = inner[2 + start : 6 + start] if is_first else b""
        if protocol == _ICMP and is_first and payload[:1] in _ICMP_ERRORS:
            return None
        customers = inner[14:22] if size >= 20 else b""
        return Inner(True, customers, payload if protocol in _TCP_OR_UDP else b"")
    if ethertype == IPV6_BYTES:
        if size < 7 or inner[2] >> 4 != 6:
            return Inner(False, b"")
        protocol, customers = inner[8], inner[10:42] if size >= 40 else b""
        if protocol == _ICMPV6 and inner[42:43] not in _ICMPV6_ERRORS:
            return Inner(True, customers)
        return Inner(True, customers, inner[42:46]) if protocol in _TCP_OR_UDP else None
    if ethertype == ARP_BYTES:  # for IPv4 over Ethernet
        is_known = size >= 28 and inner[4:8] == b"\x08\x00\x06\x04"
        return Inner(True, inner[16:20] + inner[26:30] if is_known else b"")
    return None if size < 0 or ethertype in _TAGS else Inner(True, b"")


def conversation_of(inner: Inner) -> int:
    """A number that is the same for both directions of a conversation between customer addresses
    and ports.  0: none, or the ports say nothing, as both are the same, or well-known.
    """
    middle = len(inner.customers) // 2
    one, two = inner.ports[:2], inner.ports[2:4]
    if not middle or len(two) < 2 or one == two:
        return 0
    if max(int.from_bytes(one), int.from_bytes(two)) < _WELL_KNOWN:
        return 0
    source, destination = inner.customers[:middle], inner.customers[middle:]
    return crc32(b"".join(sorted((source + one, destination + two)))) or 1
