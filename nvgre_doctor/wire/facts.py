"""The facts that one frame can hold.  Plain values; knows nothing about captures, hosts or
verdicts.

Addresses are raw bytes in network order: 4 for IPv4, 16 for IPv6, 6 for a MAC.  None always means
"not captured or not present", never zero.
"""

from enum import StrEnum
from typing import NamedTuple

from nvgre_doctor.vocabulary import Carried, Oddity


class QuoteKind(StrEnum):
    """What the quoted bytes of an ICMP error turned out to be, in the order in which they are
    tried.
    """

    OUTER_IP = (
        "outer-ip"  # IP header with protocol 47, then GRE 0x2000 0x6558 (the key may be cut off)
    )
    BARE_GRE = "bare-gre"  # 0x2000 0x6558 and the key, without an IP header
    INNER_IP = "inner-ip"  # the customer's IP header
    INNER_ETHERNET = "inner-ethernet"  # the customer's Ethernet frame
    UNRELATED = (
        "unrelated"  # an IP header that has nothing to do with NVGRE (TCP, UDP, other GRE, ...)
    )
    NONE = "none"  # too little is left to tell


class Quote(NamedTuple):
    """The packet that an ICMP error quotes, as far as it was quoted and captured."""

    kind: QuoteKind
    source: bytes | None = None  # provider address that sent the quoted packet
    destination: bytes | None = None
    gre_key: int | None = None
    inner_destination_mac: bytes | None = None
    inner_source_mac: bytes | None = None
    inner_source: bytes | None = None  # customer addresses
    inner_destination: bytes | None = None


class IcmpError(NamedTuple):
    """An ICMP or ICMPv6 error or redirect; `reporter` sent it to `addressee`.

    For an inner one these are the provider addresses of the NVGRE packet around it.
    `refuses_nvgre` says that it is about an NVGRE packet; False means traffic of the underlay or a
    guest's own answer inside its tunnel.
    """

    reporter: bytes
    addressee: bytes
    version: int  # 4 ICMP, 6 ICMPv6
    type: int
    code: int
    carried: Carried
    refuses_nvgre: bool
    quote: Quote
    next_hop_mtu: int | None = None


class Nvgre(NamedTuple):
    """A frame whose outer payload is GRE with K=1 and protocol 0x6558 (RFC 7637 section 3.2)."""

    source: bytes  # provider addresses
    destination: bytes
    gre_key: int
    gre_flags: int  # first 16 bits of the GRE header: C, R, K, S, s, recursion, flags, version
    hop_limit: int  # outer TTL or hop limit
    is_fragment: bool = False  # a first fragment; later fragments carry no GRE header
    inner_destination_mac: bytes | None = None
    inner_source_mac: bytes | None = None
    inner_ethertype: int | None = (
        None  # the one right after the MACs: 0x8100 or 0x88a8 when the frame is tagged
    )
    inner_source: bytes | None = (
        None  # customer addresses, from IPv4, IPv6 or ARP, behind any inner tags
    )
    inner_destination: bytes | None = None
    inner_error: IcmpError | None = None  # an ICMP error inside: the host's own or a guest's


class Other(NamedTuple):
    """A frame without NVGRE.  Addresses where known, so that a finding can name the hosts."""

    oddity: Oddity
    source: bytes | None = None
    destination: bytes | None = None
    ethertype: int | None = None  # of what is not IP; see `ethertypes` for small numbers


Facts = Nvgre | IcmpError | Other
