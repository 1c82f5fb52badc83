"""Plain frames, which can be counted without decoding them: what most frames of a capture are.

A plain frame is a plain link header (`wire.links`), IPv4 without options or IPv6 without extension
headers, and then something other than GRE, or NVGRE as RFC 7637 has it: around tenant data, with
no VLAN tag, no ICMP error and no fragment.  Its *header* is one slice from the outer source address
to the inner EtherType and one byte more (provider addresses, GRE 0x2000 0x6558, key, inner MACs),
which hardly changes from frame to frame.

Knows offsets, in bytes; counts nothing.  What is plain must be exactly what `wire.decode` says of
it.  `_scanner.c` knows the same; that all ways give the same evidence is tested on random frames.
"""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct, calcsize
from typing import Any, Final, NamedTuple

from nvgre_doctor.capture.batch import Clock, WordClock
from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire import ethertypes, links, mirrors
from nvgre_doctor.wire.marks import INNER_IPV4, INNER_IPV6

GRE: Final = 47
UDP: Final = 17
TCP_OR_UDP: Final = frozenset({6, UDP})
VXLAN_PORT: Final = mirrors.VXLAN_PORT.to_bytes(2)
WHOLE: Final = frozenset({b"\0\0", b"\x40\0", b"\x80\0", b"\xc0\0", b""})
"""IPv4's flags and fragment offset of what is no fragment; IPv6 has none here."""
BOTTOMS: Final = frozenset(bytes((octet,)) for octet in range(1, 256, 2))
"""The third byte of an MPLS label that is the last one."""
EASY: Final = b"\x08\x00\x45"
"""The end of a header before an inner IPv4 packet without options."""

_NVGRE: Final = b"\x20\x00\x65\x58"  # K and nothing else, transparent Ethernet bridging
_CONTROL: Final = b"\xff\xff"  # bits 23..8 of control keys, and of a few others, which are decoded
_INNER: Final = 8 + 14 + 20  # from the GRE header to the end of an inner IPv4 header
_HEAD: Final = 128  # bytes of a frame that are enough to see its link header
_SHORTEST_NVGRE_IN_VXLAN: Final = 8 + 8 + 14 + 20 + 8
_IPV4_FORMAT: Final = "BxHH2sxB2x31s"
_IPV6_FORMAT: Final = "B3xH0s0sBx55s"
_INNER_FORMAT: Final = "3xH3xB2x8s"
_IPV4_NOT_PLAIN: Final = frozenset({1, UDP, GRE, 51})  # ICMP may be an error; AH hides what follows
_IPV6_PLAIN: Final = frozenset({6, 50, 59, 89, 132})  # TCP, ESP, nothing, OSPF, SCTP
_ICMPV6: Final = 58


class Layout(NamedTuple):
    """Where the fields of plain frames with one kind of link header are."""

    unpack: Callable[[bytes, int], tuple[Any, ...]]
    """From a stamp on: its three pieces (see `time_pieces`), two link fields, first byte of IP, IP
    length, identification and fragment (as in WHOLE; both empty for IPv6), protocol, header; and of
    an inner IPv4 packet identification, protocol, both addresses."""
    link: tuple[bytes, frozenset[bytes]]
    """What the two link fields must be: the second one is behind a tag, or the end of a label."""
    decisive: bytes  # bytes of the link header, behind a tag
    plain: links.PlainHeader
    version: int  # of IP
    versions: frozenset[int]  # what the first byte of IP may be
    ip_at: int  # in the frame
    counted_at: int  # in the frame: from where the IP length counts
    plain_ip: int  # captured bytes of a frame that is not GRE
    plain_nvgre: int  # captured bytes up to the end of an inner IPv4 header
    inner_at: int  # in the frame
    hop_limit_at: int  # in the frame
    told: int  # bytes of the inner frame that tell packets apart
    ends: int  # bytes of both outer addresses
    not_gre: frozenset[int]  # protocols that `wire.decode` calls NOT_GRE whatever follows


def layout_of(linktype: int, frame: bytes, distance: int, clock: Clock) -> Layout | None:
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
    tag = head[plain.decisive_at : ends] if tags else b""
    decisive = head[plain.decisive_at + 4 * tags : ends + 4 * tags]
    return _layout(plain, tag, decisive, stripped[0], distance, time_pieces(clock))


def time_pieces(clock: Clock) -> tuple[int, int, int]:
    """How many bytes of a time stay the same for long, change from frame to frame, and stay the
    same for long again.  Those that change are a few hundredths of a second together.
    """
    if not isinstance(clock, WordClock):
        return 8, 0, 0
    fine = next((size for size in (3, 2, 1) if 1 << (8 * size) < clock.per_second // 12), 0)
    return (4, fine, 4 - fine) if clock.order == "<" else (8 - fine, fine, 0)


@lru_cache(maxsize=256)
def _layout(
    plain: links.PlainHeader,
    tag: bytes,
    decisive: bytes,
    ethertype: int,
    distance: int,
    pieces: tuple[int, int, int],
) -> Layout:
    is_ipv4 = ethertype == ethertypes.ETHERTYPE_IPV4
    ip_at, ip_size = plain.size + 4 * bool(tag), 20 if is_ipv4 else 40
    second_format, second = "0s", frozenset({b""})
    if tag:
        second_format, second = "2x2s", frozenset({decisive})
    elif plain.bottom_at:
        second_format, second = "2x1s", BOTTOMS
    link_format = f"{plain.decisive_at}x{plain.decisive}s{second_format}"
    rest = ip_at - calcsize(link_format)
    ip_format = _IPV4_FORMAT if is_ipv4 else _IPV6_FORMAT
    time_format = "".join(f"{size}s" for size in pieces)
    return Layout(
        unpack=Struct(
            f">{time_format}{distance - 8}x{link_format}{rest}x{ip_format}{_INNER_FORMAT}"
        ).unpack_from,
        link=(tag or decisive, second),
        decisive=decisive,
        plain=plain,
        version=4 if is_ipv4 else 6,
        versions=frozenset({0x45}) if is_ipv4 else frozenset(range(0x60, 0x70)),
        ip_at=ip_at,
        counted_at=ip_at if is_ipv4 else ip_at + 40,
        plain_ip=ip_at + ip_size,
        plain_nvgre=ip_at + ip_size + _INNER,
        inner_at=ip_at + ip_size + 8,
        hop_limit_at=ip_at + (8 if is_ipv4 else 7),
        told=INNER_IPV4 if is_ipv4 else INNER_IPV6,
        ends=8 if is_ipv4 else 32,
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
    if inner[:2] == ethertypes.IPV4_BYTES:
        return len(inner) >= 12 and inner[11] != GRE
    if inner[:2] == ethertypes.IPV6_BYTES:
        return len(inner) >= 9 and inner[8] in {*TCP_OR_UDP, _ICMPV6}
    return inner[:2] == ethertypes.ARP_BYTES


def unit_of(header: bytes, flags: int) -> bytes:
    """The key of its unit; `flags` are `parts.pack_flags`."""
    return b"%c%b%b" % (flags, header[:-23], header[-19:-3])


def is_data(header: bytes) -> bool:
    """Whether this is the header of NVGRE that may be tenant data."""
    return header[-23:-19] == _NVGRE and header[-18:-16] != _CONTROL
