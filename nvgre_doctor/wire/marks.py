"""What tells a packet from other packets, and is the same in all its copies.

A packet may be captured several times: at several points, in several files.  Copies agree in what
no router or switch on the way changes; hop limits, VLAN tags, checksums and times are not compared.
Knows nothing of what the frames mean.
"""

from typing import Final, NamedTuple
from zlib import crc32

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.fields import number
from nvgre_doctor.wire.gre import PROTOCOL_GRE, read_gre
from nvgre_doctor.wire.icmp import is_cut_before_code, is_icmp, read_error
from nvgre_doctor.wire.inner import InnerFrame, read_inner
from nvgre_doctor.wire.ip import read_ip
from nvgre_doctor.wire.links import ETHERTYPE_IPV4, ETHERTYPE_IPV6, strip_link, untagged_type

INNER_IPV4: Final = 20
"""Octets of the inner frame that tell packets apart: what a snap length of 70 leaves, up to the
identification of an inner IPv4 header."""
INNER_IPV6: Final = 64
"""The same where the outer header is IPv6, which has no identification."""
MESSAGE: Final = 96
"""Octets of an ICMP error with all around it inside IP, or inside NVGRE, up to what it quotes."""
_ORDER_AT: Final = 18  # identification of an inner IPv4 header
_MILLISECOND_NS: Final = 1_000_000
_TCP_OR_UDP: Final = (6, 17)
_WELL_KNOWN: Final = 1024
_IP_TYPES: Final = (ETHERTYPE_IPV4, ETHERTYPE_IPV6)


class Marks(NamedTuple):
    """Of one packet.  `order` is any number that differs from packet to packet as a rule."""

    order: int
    digest: bytes  # 8 bytes; of an NVGRE frame without what its inner packet carries
    message: bytes  # 8 bytes; of an ICMP error with its quote
    hop_limit: int
    conversation: int  # see `conversation_of`; 0: none
    is_sure: bool  # the inner frame is no ICMP error for certain


def read_marks(linktype: int, data: bytes) -> Marks:
    """The marks of a frame with NVGRE or with an ICMP error.  Of any other they say nothing."""
    link = strip_link(linktype, data)
    packet = None if isinstance(link, Oddity) else read_ip(data[link[1] :])
    if packet is None or isinstance(link, Oddity):
        return Marks(0, bytes(8), bytes(8), 0, 0, is_sure=False)
    order = (number(data, link[1] + 4, 2) or 0) if packet.version == 4 else 0
    ends = (packet.source or b"") + (packet.destination or b"")
    if packet.protocol != PROTOCOL_GRE or packet.fragment_offset:
        said = digest_of(ends, order, b"", packet.payload[:MESSAGE])
        return Marks(order, said, said, packet.hop_limit or 0, 0, is_sure=False)
    header = read_gre(packet.payload)
    if isinstance(header, Oddity) or header.gre_key is None:
        return Marks(order, bytes(8), bytes(8), 0, 0, is_sure=False)
    frame, key = header.frame, header.gre_key.to_bytes(4)
    order = order or number(frame, _ORDER_AT, 2) or 0
    inner = read_inner(frame)
    length = INNER_IPV4 if packet.version == 4 else INNER_IPV6
    return Marks(
        order,
        digest_of(ends, order, key, frame[:length]),
        digest_of(ends, order, key, frame[:MESSAGE]),
        packet.hop_limit or 0,
        _conversation(inner),
        _is_sure(frame, inner),
    )


def digest_of(ends: bytes, order: int, gre_key: bytes, payload: bytes) -> bytes:
    """8 bytes.  Not secret: who writes two packets that agree in it could as well write two equal
    ones.
    """
    told = b"%b%b%b%b" % (ends, order.to_bytes(2), gre_key, payload)
    return (crc32(told) << 32 | crc32(told[::-1])).to_bytes(8)


def message_at(marks: Marks, ts_ns: int) -> bytes:
    """The digest of an ICMP error that was captured at this time.

    Where nothing numbers them, messages that are alike are copies of one packet if they were
    captured within one millisecond, and else several packets.
    """
    if marks.order:
        return marks.message
    return digest_of(b"", 0, marks.message, (ts_ns // _MILLISECOND_NS).to_bytes(8, signed=True))


def conversation_of(source: bytes, destination: bytes, ports: bytes) -> int:
    """The same for both directions of a conversation of two customer addresses; `ports` are those
    of source and destination, 4 bytes.  0 where the ports say nothing: both are the same, or both
    are well-known.
    """
    one, two = ports[:2], ports[2:]
    if one == two or max(int.from_bytes(one), int.from_bytes(two)) < _WELL_KNOWN:
        return 0
    return crc32(b"".join(sorted((source + one, destination + two)))) or 1


def _conversation(inner: InnerFrame) -> int:
    packet = inner.packet
    if packet is None or packet.protocol not in _TCP_OR_UDP or packet.fragment_offset:
        return 0
    if packet.source is None or packet.destination is None or len(packet.payload) < 4:
        return 0
    return conversation_of(packet.source, packet.destination, packet.payload[:4])


def _is_sure(frame: bytes, inner: InnerFrame) -> bool:
    ethertype, _ = untagged_type(frame, 12)
    if ethertype is None:
        return False
    if ethertype not in _IP_TYPES:
        return True
    packet = inner.packet
    if packet is None or packet.protocol is None:
        return False
    return not is_icmp(packet) or not (is_cut_before_code(packet) or read_error(packet))
