"""What the evidence takes from a frame that is not plain: frames with the same essence are decoded
once.

An essence leaves out what changes from frame to frame and what `decode` does not look at, or does
not tell the evidence: lengths, identifications, checksums, hop limits, sequence numbers, and what
follows the last header that matters.  Where that is not easy to say there is none, and every such
frame is decoded.  Knows the same headers as the modules beside it, in less detail: that it leaves
out nothing that counts is tested on random frames.
"""

from typing import Final, NamedTuple

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire import ethertypes, links
from nvgre_doctor.wire.gre import CHECKSUM, KEY, PROTOCOL_GRE, ROUTING, SEQUENCE, VERSION
from nvgre_doctor.wire.marks import MESSAGE, look_quickly, order_of
from nvgre_doctor.wire.mirrors import VXLAN_PORT, is_nvgre_in_erspan, is_nvgre_in_vxlan

_ICMP, _UDP, _AH, _ICMPV6 = 1, 17, 51, 58
_EXTENSIONS: Final = frozenset({0, 43, 44, _AH, 60, 135, 139, 140})
_ICMP_ERRORS: Final = frozenset({3, 5, 11, 12})
_ICMPV6_ERRORS: Final = frozenset({1, 2, 3, 4})
_TAGS: Final = frozenset(tag.to_bytes(2) for tag in links.TAG_ETHERTYPES)
_TYPES: Final = _TAGS | {b"\x08\x00", b"\x08\x06", b"\x86\xdd"}
_NVGRE: Final = b"\x65\x58"
_VXLAN: Final = VXLAN_PORT.to_bytes(2)
_MIRROR: Final = b"!"


class Essence(NamedTuple):
    """Of one frame, and what `marks` are made of."""

    what: bytes | Oddity | None
    """Frames of one linktype that agree in it, unless it is None, are the same to the evidence."""
    ends: bytes = b""  # outer addresses
    order: int = 0
    gre_key: bytes = b""  # of NVGRE
    payload: bytes = b""  # MESSAGE octets of the inner frame, or of the payload of IP
    hop_limit: int = 0


def essence(linktype: int, frame: bytes, wire_length: int) -> Essence:
    """See Essence."""
    link = links.strip_link(linktype, frame)
    if isinstance(link, Oddity):
        return Essence(link if link in {Oddity.WIRELESS, Oddity.LINKTYPE} else None)
    is_cut = len(frame) < wire_length
    ethertype, start = link
    if ethertype not in ethertypes.IP_ETHERTYPES:
        return Essence(ethertype.to_bytes(2))
    packet = frame[start:]
    if len(packet) < 20 or (packet[0] >> 4 == 4) != (ethertype == ethertypes.ETHERTYPE_IPV4):
        return Essence(None)
    return _packet(packet, is_cut)


def _packet(packet: bytes, is_cut: bool) -> Essence:
    order, hop_limit = 0, packet[8]
    if packet[0] >> 4 == 4:
        start, length, fragment = (packet[0] & 15) * 4, packet[2] << 8 | packet[3], packet[6:8]
        if start < 20 or len(packet) < start or 0 < length < start:
            return Essence(None)
        protocol, ends, order = packet[9], packet[12:20], packet[4] << 8 | packet[5]
    elif packet[0] >> 4 == 6 and len(packet) >= 40:
        start, length, fragment = 40, packet[4] << 8 | packet[5], b""
        length += 40 if length else 0
        protocol, ends, hop_limit = packet[6], packet[8:40], packet[7]
        if protocol in _EXTENSIONS:
            return Essence(None)
    else:
        return Essence(None)
    if length:
        is_cut = length > len(packet)
    payload = packet[start : length or None]
    head = b"%c%c%b%b" % (protocol, is_cut, fragment, ends)
    rest: bytes | None = b""
    key, inner = b"", payload
    if fragment and (fragment[0] & 0x1F or fragment[1]):  # not the first one: the rest is data
        pass
    elif protocol == PROTOCOL_GRE:
        rest, key, inner = _gre(payload)
        order = order_of(order, inner) if key else order
    elif protocol == (_ICMP if fragment else _ICMPV6):
        rest = _icmp(payload, bool(fragment))
    elif protocol == _UDP:
        rest = payload[:4]
        if rest[2:] == _VXLAN and is_nvgre_in_vxlan(payload):
            rest += _MIRROR
    elif protocol == _AH:
        rest = None
    what = None if rest is None else head + rest
    return Essence(what, ends, order, key, inner[:MESSAGE], hop_limit)


def _gre(payload: bytes, quoted: bool = False) -> tuple[bytes | None, bytes, bytes]:
    """Flags, protocol, key and what of the inner frame matters; the key and the inner frame."""
    if len(payload) > 3 and payload[2:4] != _NVGRE and not quoted and is_nvgre_in_erspan(payload):
        return payload[:4] + _MIRROR, b"", b""
    flags = payload[0] << 8 | payload[1] if len(payload) > 3 else VERSION
    if flags & VERSION or not flags & KEY or payload[2:4] != _NVGRE:
        return payload[:4], b"", payload
    if flags & ROUTING:
        return None, b"", payload
    key_at = 8 if flags & CHECKSUM else 4
    key, inner = payload[key_at : key_at + 4], payload[key_at + (8 if flags & SEQUENCE else 4) :]
    if len(key) < 4:
        return payload[:4], b"", payload
    if quoted:  # its customer addresses are not looked at, as there is a key
        return payload[:4] + key + (inner[:12] if len(inner) >= 12 else b""), key, inner
    if len(inner) < 14:
        return b"%b%b%c" % (payload[:4], key, len(inner)) + inner, key, inner
    at = 14
    while inner[at - 2 : at] in _TAGS:
        at += 4
    rest = _inner(inner[at - 2 :])
    what = None if rest is None else b"%b%b%b%b" % (payload[:4], key, inner[: at - 2], rest)
    return what, key, inner


def _inner(inner: bytes) -> bytes | None:
    """From the EtherType on: whose packet it is, and of an ICMP error its quote."""
    quick = look_quickly(inner[:MESSAGE])
    if quick is not None:
        return b"%b%c%b" % (inner[:2], quick.is_sure, quick.customers)
    packet = inner[2:]
    if inner[:2] != b"\x08\x00" or packet[0] != 0x45 or packet[9] != _ICMP:
        return None
    length = packet[2] << 8 | packet[3]
    message = packet[20 : length or None]
    if 0 < length < 22 or len(message) < 2 or message[20:22] in _TYPES:
        return None  # its quote may be an Ethernet frame
    rest = _icmp(message, is_ipv4=True)
    return None if rest is None else b"%b\2%b%b" % (inner[:2], packet[12:20], rest)


def _icmp(message: bytes, is_ipv4: bool) -> bytes | None:
    """Type and code; of an error the next-hop MTU too, and the quote."""
    if len(message) < 2 or message[0] not in (_ICMP_ERRORS if is_ipv4 else _ICMPV6_ERRORS):
        return message[:1] if is_ipv4 or message[:1] != b"\x89" else None
    rest = _quote(message[8:])
    return None if rest is None else message[:2] + message[4:8] + rest


def _quote(quote: bytes) -> bytes | None:
    if len(quote) <= 20:
        return quote
    if quote[0] != 0x45:
        return None
    protocol, head = quote[9], quote[6:8] + quote[9:10] + quote[12:20] + quote[14:15]
    if protocol == _AH:
        return None
    if protocol != PROTOCOL_GRE or quote[6] & 0x1F or quote[7]:
        return head
    rest, _, _ = _gre(quote[20:], quoted=True)
    return None if rest is None else head + rest
