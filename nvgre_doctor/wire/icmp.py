"""ICMP and ICMPv6 errors and redirects: on the underlay, and inside NVGRE, where a host's own must
be told from a guest's.

Sources: RFC 792, RFC 1191 (next-hop MTU), RFC 4443, RFC 4861 section 4.5 (ICMPv6 redirect),
MS-NVGREE (UNREACHABLE, section 2.2.2: 3/10 and ICMPv6 1/1; REDIRECT: 5/10 and ICMPv6 137/1).  Must
not know layouts, apart from which keys are control traffic.
"""

from typing import Final, NamedTuple

from nvgre_doctor.vocabulary import Carried
from nvgre_doctor.wire.facts import IcmpError
from nvgre_doctor.wire.fields import number
from nvgre_doctor.wire.ip import IpPacket
from nvgre_doctor.wire.layouts import is_control
from nvgre_doctor.wire.quote import read_inner_quote, read_outer_quote

_PROTOCOL_OF_VERSION: Final = {4: 1, 6: 58}
_ERRORS: Final = {
    4: frozenset(
        (3, 5, 11, 12)
    ),  # unreachable, redirect, time exceeded, parameter problem; 4 is deprecated (RFC 6633)
    6: frozenset(
        (1, 2, 3, 4, 137)
    ),  # unreachable, packet too big, time exceeded, parameter problem, redirect
}
_ICMPV6_REDIRECT: Final = 137


class IcmpMessage(NamedTuple):
    """An ICMP error or redirect of which at least type and code are there."""

    version: int  # 4 ICMP, 6 ICMPv6
    type: int
    code: int
    next_hop_mtu: (
        int | None
    )  # bytes; None also for 0, which says that the router does not know (RFC 1191 section 4)
    quote: bytes


def is_icmp(packet: IpPacket) -> bool:
    """Whether the payload of `packet` begins with an ICMP header of its own IP version."""
    return packet.protocol == _PROTOCOL_OF_VERSION[packet.version] and not packet.fragment_offset


def is_cut_before_code(packet: IpPacket) -> bool:
    """Whether too little of an ICMP message is there to say whether it is an error, and which."""
    message = packet.payload
    return not message or (len(message) == 1 and message[0] in _ERRORS[packet.version])


def read_error(packet: IpPacket) -> IcmpMessage | None:
    """The ICMP error or redirect that `packet` carries; None when it carries something else or too
    little.
    """
    message = packet.payload
    if not is_icmp(packet) or len(message) < 2 or message[0] not in _ERRORS[packet.version]:
        return None
    kind, code = message[0], message[1]
    mtu = None
    if packet.version == 4 and (kind, code) == (3, 4):
        mtu = number(message, 6, 2)
    elif packet.version == 6 and kind == 2:
        mtu = number(message, 4, 4)
    redirect = packet.version == 6 and kind == _ICMPV6_REDIRECT
    quote = message[_redirected(message) if redirect else 8 :]
    return IcmpMessage(packet.version, kind, code, mtu or None, quote)


def outer_error(message: IcmpMessage, reporter: bytes, addressee: bytes) -> IcmpError:
    """An error on the underlay.

    It refuses NVGRE when its quote shows GRE with K=1 and protocol 0x6558.  A quote that ends
    before that, after an IP header with protocol 47, does not prove it: `refuses_nvgre` is False
    and the quote's kind OUTER_IP, so that a caller who knows that those two hosts speak NVGRE can
    decide.
    """
    quote, certain = read_outer_quote(message.quote)
    return IcmpError(
        reporter,
        addressee,
        message.version,
        message.type,
        message.code,
        Carried.OUTER,
        refuses_nvgre=certain,
        quote=quote,
        next_hop_mtu=message.next_hop_mtu,
    )


def inner_error(
    message: IcmpMessage, inner: IpPacket, reporter: bytes, addressee: bytes, gre_key: int
) -> IcmpError:
    """An error inside an NVGRE packet from provider address `reporter` to `addressee`; `inner` is
    the IP packet it came in.

    It is the host's own (MS-NVGREE 2.2.2) when any of these holds; otherwise it is a guest's answer
    to a guest: its IP addresses are the two provider addresses; the key is that of control traffic;
    its quote is an NVGRE packet, a GRE header or an Ethernet frame, none of which a guest has ever
    seen; it goes to the provider address and quotes the packet of another one, as a host with
    several provider addresses sends it.  How much of the quote is left does not matter to the first
    two.
    """
    quote, certain = read_inner_quote(message.quote, addressee, inner.destination)
    between_hosts = (inner.source, inner.destination) == (reporter, addressee)
    return IcmpError(
        reporter,
        addressee,
        message.version,
        message.type,
        message.code,
        Carried.INNER,
        refuses_nvgre=between_hosts or is_control(gre_key) or certain,
        quote=quote,
        next_hop_mtu=message.next_hop_mtu,
    )


def _redirected(message: bytes) -> int:
    """Where the quote of an ICMPv6 redirect begins: behind two addresses and the option headers
    before it (RFC 4861).
    """
    start = 40
    if message[start : start + 2] == b"\x02\x01":  # target link-layer address, 8 bytes
        start += 8
    if message[start : start + 1] == b"\x04" and not message[start + 2 : start + 8].strip(
        b"\0"
    ):  # redirected header
        start += 8
    return start
