"""The packet that an ICMP error quotes: of which kind it is, and what is left of it.

Knows the four kinds that MS-NVGREE 2.2.2 and RFC 792 make possible; must not know which ICMP
message they came in. A quote ends anywhere: the sender cut it, or the snap length did.  Short is
normal.

On the underlay a quote is an IP packet (RFC 792, RFC 4443).  Inside NVGRE the order in which the
kinds are tried is: IP header with protocol 47 and GRE, bare GRE header, the customer's IP header,
the customer's Ethernet frame.
"""

from typing import Final

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.ethertypes import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from nvgre_doctor.wire.facts import Quote, QuoteKind
from nvgre_doctor.wire.fields import field, number
from nvgre_doctor.wire.gre import CHECKSUM, KEY, PROTOCOL_GRE, SEQUENCE, NvgreHeader, read_gre
from nvgre_doctor.wire.inner import read_inner
from nvgre_doctor.wire.ip import IpPacket, read_ip
from nvgre_doctor.wire.links import TAG_ETHERTYPES

_NOTHING: Final = Quote(QuoteKind.NONE)
_LOWEST_ETHERTYPE: Final = 0x0600
"""Smaller numbers in the type field are lengths (IEEE 802.3)."""


def read_outer_quote(data: bytes) -> tuple[Quote, bool]:
    """The quote of an ICMP error on the underlay, and whether it shows for certain that an NVGRE
    packet is meant.

    When the quote ends before the GRE protocol, kind OUTER_IP says only that protocol 47 was seen:
    not certain.
    """
    packet = read_ip(data, quoted=True)
    if packet is None:
        return _bare_gre(data)
    if packet.protocol is None:
        return _NOTHING, False
    header = _quoted_gre(packet)
    return _outer_ip(packet, header) or (Quote(QuoteKind.UNRELATED), False)


def read_inner_quote(
    data: bytes, addressee: bytes, inner_destination: bytes | None
) -> tuple[Quote, bool]:
    """The quote of an ICMP error inside NVGRE, and whether it shows for certain that an NVGRE
    packet is meant.

    `addressee` is the provider address that the NVGRE packet around it goes to, `inner_destination`
    the address that the error itself goes to.  An error goes to the sender of what it quotes, so
    they tell a quoted packet of the hosts from one of the guests, even when guests run GRE of their
    own.
    """
    packet = read_ip(data, quoted=True)
    if packet is not None and _is_ethernet(data) and packet.source != inner_destination:
        packet = None  # a MAC that begins like an IP header
    if packet is None:
        quote, certain = _bare_gre(data)
        return (quote, certain) if certain else _inner_ethernet(data)
    if packet.protocol is None or packet.source is None:
        return _NOTHING, False
    if packet.protocol == PROTOCOL_GRE and (
        packet.source == addressee or packet.source != inner_destination
    ):
        header = _quoted_gre(packet)
        if header is Oddity.TOO_SHORT and packet.source != addressee:
            return _NOTHING, False
        ours = _outer_ip(packet, header)
        if ours is not None:
            return ours
    customers = Quote(
        QuoteKind.INNER_IP, inner_source=packet.source, inner_destination=packet.destination
    )
    # To a provider address about the packet of another one: no guest's answer to a guest.
    return customers, packet.source != inner_destination == addressee


def _quoted_gre(packet: IpPacket) -> NvgreHeader | Oddity:
    if packet.protocol != PROTOCOL_GRE:
        return Oddity.NOT_GRE
    return read_gre(packet.payload) if not packet.fragment_offset else Oddity.TOO_SHORT


def _outer_ip(packet: IpPacket, header: NvgreHeader | Oddity) -> tuple[Quote, bool] | None:
    """A quoted IP header with GRE that is, or may be, NVGRE's; None when it is not."""
    if isinstance(header, NvgreHeader):
        return _nvgre(QuoteKind.OUTER_IP, header, packet.source, packet.destination), True
    if header is Oddity.TOO_SHORT:
        return Quote(
            QuoteKind.OUTER_IP, source=packet.source, destination=packet.destination
        ), False
    return None


def _bare_gre(data: bytes) -> tuple[Quote, bool]:
    """A GRE header without IP: flags that RFC 2890 allows, so that it cannot be mistaken for an IP
    header.
    """
    header = read_gre(data)
    if isinstance(header, NvgreHeader) and not header.flags & ~(CHECKSUM | KEY | SEQUENCE):
        return _nvgre(QuoteKind.BARE_GRE, header), True
    return _NOTHING, False


def _nvgre(
    kind: QuoteKind,
    header: NvgreHeader,
    source: bytes | None = None,
    destination: bytes | None = None,
) -> Quote:
    inner = read_inner(header.frame)
    return Quote(
        kind,
        source=source,
        destination=destination,
        gre_key=header.gre_key,
        inner_destination_mac=inner.destination_mac,
        inner_source_mac=inner.source_mac,
        inner_source=inner.source,
        inner_destination=inner.destination,
    )


def _inner_ethernet(data: bytes) -> tuple[Quote, bool]:
    """A frame with both MACs and a type; no IP stack quotes Ethernet, so it is a host's message
    about NVGRE.
    """
    ethertype = number(data, 12, 2)
    if ethertype is None or ethertype < _LOWEST_ETHERTYPE:
        return _NOTHING, False
    inner = read_inner(data)
    quote = Quote(
        QuoteKind.INNER_ETHERNET,
        inner_destination_mac=inner.destination_mac,
        inner_source_mac=inner.source_mac,
        inner_source=inner.source,
        inner_destination=inner.destination,
    )
    return quote, True


def _is_ethernet(data: bytes) -> bool:
    """Whether bytes that may also begin an IP header hold a type field, and after it what that type
    promises.

    MACs that begin with 4 or 6 are common (the first nibble of IPv4 and IPv6).
    """
    ethertype, following = number(data, 12, 2), field(data, 14, 1)
    if following is None:
        return False
    if ethertype == ETHERTYPE_IPV4:
        return following[0] >> 4 == 4
    if ethertype == ETHERTYPE_IPV6:
        return following[0] >> 4 == 6
    return (ethertype == ETHERTYPE_ARP and following == b"\0") or ethertype in TAG_ETHERTYPES
