"""IP headers as far as they are captured, for outer, inner and quoted packets alike.

Knows IPv4 (RFC 791), IPv6 (RFC 8200), AH (RFC 4302) and what is left of a header that is cut; must
not know what IP carries.  None always means "not captured".  Checksums are not looked at: NIC
offload leaves them wrong.
"""

from typing import Final, NamedTuple

from nvgre_doctor.wire.fields import field, number

_FRAGMENT: Final = 44
_AH: Final = 51
_IPV6_EXTENSIONS: Final = frozenset((0, 43, _FRAGMENT, _AH, 60, 135, 139, 140))
"""Hop-by-hop, routing, fragment, AH, destination options, mobility, HIP, Shim6: they begin with
next header and length.
"""
_IPV4_EXTENSIONS: Final = frozenset((_AH,))


class IpPacket(NamedTuple):
    """One IP packet, from its own header up to the end that its length field or the capture
    sets.
    """

    version: int
    source: bytes | None
    destination: bytes | None
    hop_limit: int | None
    protocol: int | None  # of the payload, behind all extension headers and AH
    fragment_offset: int  # in units of 8 bytes
    more_fragments: bool
    payload: bytes  # without padding; empty when a header before it is cut
    cut: bool  # more was sent than was captured


def read_ip(data: bytes, cut: bool = True, quoted: bool = False) -> IpPacket | None:
    """Read the packet that starts at `data[0]`; None when that is no IP header, or one whose
    lengths contradict each other.

    `cut` says that bytes are missing after `data`, for those who look at `IpPacket.cut`.  A length
    field of 0 (NIC offload, jumbogram) means "to the end of the capture".  For a packet that an
    ICMP error quotes the length field is not used: a quote is shorter, may be padded (RFC 4884
    section 5), and some senders change that field.
    """
    version = data[0] >> 4 if data else 0
    if version == 4:
        return _read_ipv4(data, cut, quoted)
    return _read_ipv6(data, cut, quoted) if version == 6 else None


def _read_ipv4(data: bytes, cut: bool, quoted: bool) -> IpPacket | None:
    start = (data[0] & 0x0F) * 4
    if start < 20:
        return None
    length = number(data, 2, 2) or 0
    if length and not quoted:
        if length < start:
            return None
        cut, data = length > len(data), data[:length]
    protocol, fragment = number(data, 9, 1), number(data, 6, 2) or 0
    offset, more = fragment & 0x1FFF, bool(fragment & 0x2000)
    if protocol in _IPV4_EXTENSIONS and not offset:
        protocol, start, _, _ = _behind_extensions(data, start, protocol, _IPV4_EXTENSIONS)
    return IpPacket(
        version=4,
        source=field(data, 12, 4),
        destination=field(data, 16, 4),
        hop_limit=number(data, 8, 1),
        protocol=protocol,
        fragment_offset=offset,
        more_fragments=more,
        payload=data[start:],
        cut=cut,
    )


def _read_ipv6(data: bytes, cut: bool, quoted: bool) -> IpPacket:
    length = number(data, 4, 2) or 0
    if length and not quoted:
        cut, data = length + 40 > len(data), data[: length + 40]
    protocol, start, offset, more = _behind_extensions(
        data, 40, number(data, 6, 1), _IPV6_EXTENSIONS
    )
    return IpPacket(
        version=6,
        source=field(data, 8, 16),
        destination=field(data, 24, 16),
        hop_limit=number(data, 7, 1),
        protocol=protocol,
        fragment_offset=offset,
        more_fragments=more,
        payload=data[start:],
        cut=cut,
    )


def _behind_extensions(
    data: bytes, start: int, protocol: int | None, extensions: frozenset[int]
) -> tuple[int | None, int, int, bool]:
    """Follow the chain of headers: protocol and start of the payload, fragment offset, more
    fragments.

    The protocol is None where the chain is cut before its end.  In a later fragment what follows
    the fragment header is data.
    """
    offset, more = 0, False
    while protocol in extensions and not offset:
        header = data[start : start + 8]  # none of them is shorter
        if len(header) < 8:
            # The first byte names what follows, even when this header's own end is missing.
            following = header[0] if header else None
            return (None if following in extensions else following), len(data), 0, False
        if protocol == _FRAGMENT:
            word = int.from_bytes(header[2:4])
            offset, more = word >> 3, bool(word & 1)
            start += 8
        else:
            start += (header[1] + 2) * 4 if protocol == _AH else (header[1] + 1) * 8
        protocol = header[0]
    return protocol, start, offset, more
