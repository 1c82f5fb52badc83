"""Frames for the benchmark captures: templates that are filled in fast, and ready-made ones.

Knows the bytes on the wire; must not know how often a frame is sent, nor anything of nvgre_doctor.
What stays the same in a flow is built once; lengths, identifications and checksums are put in frame
by frame.
"""

import struct
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests import build
from tests.benchmarks.fabric import Flow, Host

TCP, ICMP, ICMPV6, GRE = 6, 1, 58, 47
CONTROL_KEY: Final = 0xFFFFFF00  # NVE-to-NVE messages (RFC 7637 section 3.4)


@dataclass(frozen=True, slots=True)
class Encapsulation:
    """What the outer IP header stands behind."""

    linktype: int
    tags: build.Tags = ()
    ipv6: bool = False
    labelled: bool = False  # with one label of MPLS

    def link_header(self, source: Host, destination: Host) -> bytes:
        """The bytes before the outer IP header."""
        ethertype = 0x86DD if self.ipv6 else 0x0800
        if self.linktype == 101:
            return b""
        if self.linktype == 276:
            return build.sll2(b"", ethertype, src=source.mac)
        macs = {"src": source.mac, "dst": destination.mac}
        if self.labelled:  # each host has a label of its own
            label = 16 + int.from_bytes(build.ip(destination.address(False))[2:])
            return build.ethernet(struct.pack("!I", label << 12 | 0x17F), 0x8847, **macs)
        return build.ethernet(b"", ethertype, **macs, tags=self.tags)


ENCAPSULATIONS: Final = {
    "ethernet": Encapsulation(1),
    "vlan": Encapsulation(1, tags=((0x8100, 101),)),
    "sll2": Encapsulation(276),
    "raw": Encapsulation(101),
    "ipv6": Encapsulation(1, ipv6=True),
    "mpls": Encapsulation(1, labelled=True),
}


# --- templates: what stays the same in a flow --------------------------------

_VOLATILE4 = struct.Struct(
    "!HHHBBH"
)  # total length, identification, flags and offset, TTL, protocol, checksum
_VOLATILE6 = struct.Struct("!HBB")  # payload length, next header, hop limit
_DONT_FRAGMENT, _TTL = 0x4000, 128


@dataclass(frozen=True, slots=True)
class Header:
    """An IP header whose length, identification and checksum change from frame to frame."""

    overhead: int  # value of its length field when the TCP payload is empty
    protocol: int
    fixed_sum: (
        int | None
    )  # sum of the 16-bit words that do not change; None for IPv6, which has no checksum

    def volatile(self, payload: int, ident: int) -> bytes:
        """The bytes from the length field to the checksum (IPv4) or the hop limit (IPv6)."""
        length = self.overhead + payload
        if self.fixed_sum is None:
            return _VOLATILE6.pack(length, self.protocol, _TTL)
        total = self.fixed_sum + length + ident
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        return _VOLATILE4.pack(length, ident, _DONT_FRAGMENT, _TTL, self.protocol, total ^ 0xFFFF)


@dataclass(frozen=True, slots=True)
class Template:
    """A frame without its TCP payload: `lead`, then each header's volatile bytes and the bytes
    after them.
    """

    lead: bytes
    headers: tuple[tuple[Header, bytes], ...]
    carries_payload: bool = True

    def frame(self, payload: bytes, ident: int) -> bytes:
        """The frame with this TCP payload and IP identification."""
        size = len(payload)
        parts = [self.lead]
        for header, after in self.headers:
            parts += (header.volatile(size, ident), after)
        parts.append(payload)
        return b"".join(parts)


_mac = cache(build.mac)
_ip = cache(build.ip)


def _header(
    source: str, destination: str, protocol: int, content: int
) -> tuple[bytes, Header, bytes]:
    """Bytes before the volatile ones, the header, and its addresses.  `content` is what follows,
    without payload.
    """
    addresses = _ip(source) + _ip(destination)
    if ":" in source:
        return b"\x60\0\0\0", Header(content, protocol, None), addresses
    words = struct.unpack("!4H", addresses)
    fixed_sum = 0x4500 + _DONT_FRAGMENT + (_TTL << 8 | protocol) + sum(words)
    return b"\x45\0", Header(20 + content, protocol, fixed_sum), addresses


def _tcp(source_port: int, destination_port: int) -> bytes:
    """A TCP header (PSH, ACK); its checksum is left to the NIC, as a capture on the sender shows
    it.
    """
    return struct.pack("!HHIIBBHHH", source_port, destination_port, 1, 1, 0x50, 0x18, 8192, 0, 0)


@cache
def _to_host(
    encapsulation: Encapsulation, source: Host, destination: Host, content: int
) -> tuple[bytes, Header, bytes]:
    """Everything up to GRE, shared by all flows between two hosts."""
    start, header, addresses = _header(
        source.address(encapsulation.ipv6), destination.address(encapsulation.ipv6), GRE, content
    )
    return encapsulation.link_header(source, destination) + start, header, addresses


def nvgre_template(encapsulation: Encapsulation, flow: Flow) -> Template:
    """TCP of one inner flow in NVGRE."""
    start, inner, customers = _header(flow.sender.ip, flow.receiver.ip, TCP, 20)
    lead, outer, providers = _to_host(
        encapsulation, flow.sender.host, flow.receiver.host, 8 + 14 + 20 + 20
    )
    gre = struct.pack("!HHI", 0x2000, 0x6558, flow.gre_key)
    frame = _mac(flow.receiver.mac) + _mac(flow.sender.mac) + b"\x08\0"
    tail = customers + _tcp(flow.source_port, flow.destination_port)
    return Template(
        lead, ((outer, providers + gre + frame + start), (inner, tail)), not flow.is_refused
    )


def tcp_template(
    encapsulation: Encapsulation, source: Host, destination: Host, port: int
) -> Template:
    """TCP of the underlay: storage between two hosts."""
    ends = source.address(encapsulation.ipv6), destination.address(encapsulation.ipv6)
    start, header, addresses = _header(*ends, TCP, 20)
    lead = encapsulation.link_header(source, destination) + start
    return Template(lead, ((header, addresses + _tcp(port, 3260)),))


# --- ready-made frames: rare, and repeated as they are -----------------------


def _in_nvgre(
    encapsulation: Encapsulation, source: Host, destination: Host, key: int, inner: bytes
) -> bytes:
    ends = source.address(encapsulation.ipv6), destination.address(encapsulation.ipv6)
    return encapsulation.link_header(source, destination) + build.nvgre(*ends, key, inner)


def ping(encapsulation: Encapsulation, flow: Flow) -> bytes:
    """An echo request from VM to VM."""
    sender, receiver = flow.sender, flow.receiver
    packet = build.ipv4(sender.ip, receiver.ip, ICMP, build.echo())
    inner = build.inner_frame(sender.mac, receiver.mac, packet)
    return _in_nvgre(encapsulation, sender.host, receiver.host, flow.gre_key, inner)


def refusal(encapsulation: Encapsulation, flow: Flow) -> bytes:
    """UNREACHABLE (MS-NVGREE section 2.2.2) from the receiving host: inside NVGRE, it quotes IP
    header and GRE header.
    """
    refused, refusing = flow.sender.host, flow.receiver.host
    sent_from, sent_to = refused.address(encapsulation.ipv6), refusing.address(encapsulation.ipv6)
    quote = build.outer(sent_from, sent_to, GRE, build.gre(b"", key=flow.gre_key))
    if encapsulation.ipv6:
        packet = build.ipv6(
            sent_to, sent_from, ICMPV6, build.icmp6(sent_to, sent_from, 1, 1, quote)
        )
    else:
        packet = build.ipv4(sent_to, sent_from, ICMP, build.icmp(3, 10, quote))
    inner = build.inner_frame(refusing.mac, refused.mac, packet)
    return _in_nvgre(encapsulation, refusing, refused, CONTROL_KEY, inner)


def arp_request(encapsulation: Encapsulation, source: Host, target: Host) -> bytes:
    """One host asks for another; on raw IP, which has no ARP, an empty UDP packet stands in for
    it.
    """
    request = build.arp(source.mac, source.ipv4, target.ipv4)
    if encapsulation.linktype == 101:
        return build.outer(
            source.ipv4, target.ipv4, 17, build.udp(source.ipv4, target.ipv4, 137, 137)
        )
    if encapsulation.linktype == 276:
        return build.sll2(request, src=source.mac)
    return build.ethernet(request, src=source.mac, dst="ff:ff:ff:ff:ff:ff", tags=encapsulation.tags)
