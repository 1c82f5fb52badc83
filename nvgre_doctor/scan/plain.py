"""Plain frames, which can be counted without decoding them: what most frames of a capture are.

A plain frame is a plain link header (`wire.links`), IPv4 without options or IPv6 without extension
headers, and then something other than GRE, or NVGRE as RFC 7637 has it: around tenant data, with
no VLAN tag, no ICMP error and no fragment.  Its *header* is all that the evidence needs of it: one
slice from the outer source address to the inner EtherType (provider addresses, GRE 0x2000 0x6558,
key, inner MACs), which holds nothing that changes from frame to frame.

Knows offsets, in bytes; counts nothing.  What is plain must be exactly what `wire.decode` says of
it.  `_scanner.c` knows the same; that all ways give the same evidence is tested on random frames.
"""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire import ethertypes, links, mirrors

GRE: Final = 47
UDP: Final = 17
TCP_OR_UDP: Final = frozenset({6, UDP})
VXLAN_PORT: Final = mirrors.VXLAN_PORT.to_bytes(2)
IP_OR_ARP: Final = 8
"""Upper byte of the inner EtherTypes IPv4 and ARP."""
WHOLE: Final = frozenset({b"\0\0", b"\x40\0", b"\x80\0", b"\xc0\0", b""})
"""IPv4's flags and fragment offset of what is no fragment; IPv6 has none here."""
NEAR_CONTROL: Final = b"\xff\xff"
"""Bits 23..8 of a key whose lowest octet may make it one of control traffic."""

_NVGRE: Final = b"\x20\x00\x65\x58"  # K and nothing else, transparent Ethernet bridging
_CONTROL: Final = b"\xff\xff\xff"  # in a control key, and in a few others, which are decoded
_INNER: Final = 8 + 14 + 20  # from the GRE header to the end of an inner IPv4 header
_HEAD: Final = 128  # bytes of a frame that are enough to see its link header
_SHORTEST_NVGRE_IN_VXLAN: Final = 8 + 8 + 14 + 20 + 8
_IPV4_FORMAT: Final = "BxH2x2sxB2x30s9xB"
_IPV6_FORMAT: Final = "B3xH0sBx54s9xB"
_IPV4_NOT_PLAIN: Final = frozenset({1, UDP, GRE, 51})  # ICMP may be an error; AH hides what follows
_IPV6_PLAIN: Final = frozenset({6, 50, 59, 89, 132})  # TCP, ESP, nothing, OSPF, SCTP
_ICMP: Final = 1
_ICMPV6: Final = 58
_AH: Final = 51
_ICMP_ERRORS: Final = frozenset({b"", b"\x03", b"\x05", b"\x0b", b"\x0c"})  # b"": cut off
_ICMPV6_ERRORS: Final = frozenset({b"", b"\x01", b"\x02", b"\x03", b"\x04", b"\x89"})
_TAGS: Final = frozenset(ethertype.to_bytes(2) for ethertype in links.TAG_ETHERTYPES)
_ARP: Final = ethertypes.ETHERTYPE_ARP.to_bytes(2)
_IPV4: Final = ethertypes.ETHERTYPE_IPV4.to_bytes(2)
_IPV6: Final = ethertypes.ETHERTYPE_IPV6.to_bytes(2)


class Layout(NamedTuple):
    """Where the fields of plain frames with one kind of link header are."""

    unpack: Callable[[bytes, int], tuple[Any, ...]]
    """From a stamp on: the 8 bytes of the time, two link fields, first byte of IP, IP length, IP
    fragment (as in WHOLE), protocol, header, inner IPv4 protocol."""
    link: tuple[bytes, bytes]  # what the two link fields must be; the second one behind a tag
    plain: links.PlainHeader
    version: int  # of IP
    versions: frozenset[int]  # what the first byte of IP may be
    ip_at: int  # in the frame
    counted_ip: int  # how much of the IP header the IP length counts
    plain_ip: int  # captured bytes of a frame that is not GRE
    plain_nvgre: int  # captured bytes up to the end of an inner IPv4 header
    inner_type_at: int  # in the frame
    not_gre: frozenset[int]  # protocols that `wire.decode` calls NOT_GRE whatever follows


def layout_of(linktype: int, frame: bytes, distance: int) -> Layout | None:
    """The layout of a frame that begins `distance` bytes behind its stamp; None for what has none:
    not IP, a link header that is not plain, cut before the IP header.
    """
    head = frame[:_HEAD]
    stripped = links.strip_link(linktype, head)
    if isinstance(stripped, Oddity) or stripped[1] + 1 > len(head):
        return None
    if stripped[0] not in ethertypes.IP_ETHERTYPES:
        return None
    found = links.plain_header(linktype, head, stripped[1])
    if found is None or found[1] > 1:
        return None
    plain, tags = found
    ends = plain.decisive_at + plain.decisive
    first, last = (
        head[plain.decisive_at : ends],
        head[plain.decisive_at + 4 * tags : ends + 4 * tags],
    )
    return _layout(plain, (first, last) if tags else (last, b""), stripped[0], distance)


@lru_cache(maxsize=256)
def _layout(
    plain: links.PlainHeader, link: tuple[bytes, bytes], ethertype: int, distance: int
) -> Layout:
    tagged, is_ipv4 = bool(link[1]), ethertype == ethertypes.ETHERTYPE_IPV4
    ip_at, ip_size = plain.size + 4 * tagged, 20 if is_ipv4 else 40
    link_format = f"{plain.decisive_at}x{plain.decisive}s" + ("2x2s" if tagged else "0s")
    rest = ip_at - plain.decisive_at - plain.decisive - 4 * tagged
    ip_format = _IPV4_FORMAT if is_ipv4 else _IPV6_FORMAT
    return Layout(
        unpack=Struct(f">8s{distance - 8}x{link_format}{rest}x{ip_format}").unpack_from,
        link=link,
        plain=plain,
        version=4 if is_ipv4 else 6,
        versions=frozenset({0x45}) if is_ipv4 else frozenset(range(0x60, 0x70)),
        ip_at=ip_at,
        counted_ip=20 if is_ipv4 else 0,
        plain_ip=ip_at + ip_size,
        plain_nvgre=ip_at + ip_size + _INNER,
        inner_type_at=ip_at + ip_size + 20,
        not_gre=frozenset(range(256)) - _IPV4_NOT_PLAIN if is_ipv4 else _IPV6_PLAIN,
    )


def is_plain_vxlan(data: bytes, start: int, udp_at: int, captured: int) -> bool:
    """Whether what VXLAN carries is no NVGRE for certain, in the frame at `data[start]`, which has
    `captured` bytes and its UDP header `udp_at` bytes behind its beginning.
    """
    if captured - udp_at < _SHORTEST_NVGRE_IN_VXLAN:
        return True
    at = start + udp_at + 8 + 8 + 12  # behind UDP, VXLAN and MACs
    inner = data[at : min(at + 12, start + captured)]
    if inner[:2] == _IPV4:
        return len(inner) >= 12 and inner[11] != GRE
    if inner[:2] == _IPV6:
        return len(inner) >= 9 and inner[8] in {*TCP_OR_UDP, _ICMPV6}
    return inner[:2] == _ARP


def is_data(header: bytes) -> bool:
    """Whether this is the header of NVGRE that may be tenant data."""
    return header[-22:-18] == _NVGRE and _CONTROL not in header[-18:-14]


def is_quiet(inner: bytes) -> bool:
    """Whether an inner frame, from its EtherType on and as far as it is there, carries no ICMP
    error for certain, and no tag.
    """
    ethertype = inner[:2]
    if ethertype == _IPV4:
        if len(inner) < 12:
            return True
        protocol = inner[11]
        if protocol == _ICMP:
            return inner[2] == 0x45 and inner[22:23] not in _ICMP_ERRORS
        return protocol != _AH
    if ethertype == _IPV6:
        if len(inner) < 9:
            return True
        if inner[8] == _ICMPV6:
            return inner[42:43] not in _ICMPV6_ERRORS
        return inner[8] in TCP_OR_UDP
    return len(ethertype) == 2 and ethertype not in _TAGS


def customers_of(inner: bytes) -> bytes | None:
    """Customer addresses, source + destination, if a plain inner IPv4 header follows the EtherType
    at `inner[0]`; None where that is not easy to say.
    """
    if inner[:2] != _IPV4:
        return None
    if len(inner) < 22:
        return b""
    length = inner[4] << 8 | inner[5]
    if inner[2] != 0x45 or 0 < length < 20:  # 0: the adapter was to fill it in
        return None
    return inner[14:22]
