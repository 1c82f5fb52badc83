"""Packets as machines send them, and what is true of each.

Knows the shapes of NVGRE data, of MS-NVGREE's UNREACHABLE and of outer ICMP errors; from `struct`
alone (tests/build.py).
"""

from random import Random
from typing import NamedTuple

from tests import build
from tests.proof.fabric import NEW, Machine, Vm

NEVER = 1 << 20
"""More octets than a frame has."""
GRE, ICMP, ICMPV6 = 47, 1, 58


class Refusal(NamedTuple):
    """An ICMP error about one NVGRE flow, and how many octets must be captured to see that."""

    source: str
    destination: str
    by: str
    key: int
    carried: str  # inner, outer
    kind: tuple[int, int]
    cause: str  # layout-mismatch, policy, third-party
    maybe_from: int  # octets from which it may be counted
    surely_from: int  # octets from which it must be, if the hosts exchange NVGRE data
    key_from: int  # octets from which its quote shows the key


class Packet(NamedTuple):
    """One packet on the underlay, whole.  `layout` is what its sender spoke: of data alone."""

    at_ns: int
    data: bytes
    kind: str  # data, control, error, guest-error, underlay, underlay-refusal, stray
    source: str
    destination: str
    sender: Machine | None = None
    receiver: Machine | None = None
    layout: str | None = None
    vsid: int | None = None
    refusal: Refusal | None = None

    @property
    def network(self) -> bytes:
        """Without the Ethernet header."""
        return self.data[14:]

    @property
    def inner_macs(self) -> bytes:
        """Destination and source MAC of the frame inside, of NVGRE."""
        start = 14 + (40 if ":" in self.source else 20) + 8
        return self.data[start : start + 12]


def key_of(layout: str | None, vsid: int, flow_id: int) -> int:
    """The GRE key; plain GRE and draft-00 write the number as it is."""
    return vsid << 8 | flow_id if layout == NEW else vsid


def outer(
    sender: Machine | None,
    source: str,
    destination: str,
    protocol: int,
    payload: bytes,
    ttl: int = 0,
) -> bytes:
    """An IP packet of the underlay, with the next identification of its sender."""
    ttl = ttl or (sender.ttl if sender else 64)
    if ":" in source:
        return build.ipv6(source, destination, protocol, payload, hop_limit=ttl)
    ident = sender.next_ident() if sender else 0
    fragment = 0x4000 if sender and not sender.has_idents else 0
    return build.ipv4(
        source, destination, protocol, payload, ttl=ttl, ident=ident, fragment=fragment
    )


def framed(sender: Machine | None, receiver: Machine | None, packet: bytes) -> bytes:
    """In Ethernet, between the network cards of two machines."""
    return build.ethernet(
        packet,
        src=sender.mac if sender else "02:00:00:00:00:fe",
        dst=receiver.mac if receiver else "02:00:00:00:00:fd",
    )


def inner_ip(
    source: Vm, source_ip: str, destination_ip: str, protocol: int, payload: bytes
) -> bytes:
    if ":" in source_ip:
        protocol = ICMPV6 if protocol == ICMP else protocol
        return build.ipv6(source_ip, destination_ip, protocol, payload, hop_limit=64)
    return build.ipv4(source_ip, destination_ip, protocol, payload, ident=source.next_ident())


def inner_icmp(
    source: str, destination: str, kind: tuple[int, int], body: bytes, rest: int = 0
) -> bytes:
    """ICMP, or what means the same in IPv6."""
    if ":" not in source:
        return build.icmp(*kind, body, rest)
    kind = {(3, 10): (1, 1), (8, 0): (128, 0), (0, 0): (129, 0)}.get(kind, (1, 0))
    return build.icmp6(source, destination, *kind, body, rest)


# --- refusals ------------------------------------------------------------------


def quote_of(shape: str, packet: bytes, dice: Random) -> tuple[bytes, int]:
    """What an UNREACHABLE quotes of an IP packet that holds NVGRE, cut somewhere, and where in the
    quote the key ends.
    """
    ip_length = 40 if packet[0] >> 4 == 6 else 20
    whole = {
        "outer-ip": packet,
        "gre": packet[ip_length:],
        "inner-ethernet": packet[ip_length + 8 :],
        "inner-ip": packet[ip_length + 22 :],
    }[shape]
    least = {"outer-ip": ip_length + 8, "gre": 8, "inner-ethernet": 34, "inner-ip": 28}[shape]
    key_end = {"outer-ip": ip_length + 8, "gre": 8}.get(shape, NEVER)
    return whole[: dice.choice((least, least, 64, 128, 548))], key_end


def inner_refusal(
    by: Machine, by_address: str, to: Machine, refused: Packet, key: int, shape: str,
    control_key: int, cause: str, at_ns: int, dice: Random,
) -> Packet:  # fmt: skip
    """The UNREACHABLE of MS-NVGREE 2.2.2: inside NVGRE, from host to host."""
    quote, key_end = quote_of(shape, refused.network, dice)
    is_v6 = ":" in by_address
    icmp = inner_icmp(by_address, refused.source, (3, 10), quote)
    write = build.ipv6 if is_v6 else build.ipv4
    inner = write(by_address, refused.source, ICMPV6 if is_v6 else ICMP, icmp)
    header = inner[: 40 if is_v6 else 20]
    packet = outer(
        by, by_address, refused.source, GRE,
        build.gre(build.inner_frame(by.mac, to.mac, inner), key=control_key),
    )  # fmt: skip
    quote_at = 14 + len(header) + 8 + 14 + len(header) + 8
    visible = quote_at - 6  # type and code of the ICMP error
    refusal = Refusal(
        refused.source, refused.destination, by_address, key, "inner", (1, 1) if is_v6 else (3, 10),
        cause, visible, visible, quote_at + key_end if key_end < NEVER else NEVER,
    )  # fmt: skip
    return Packet(
        at_ns, framed(by, to, packet), "error", by_address, refused.source, by, to, refusal=refusal
    )


def outer_error(
    by: Machine | None, by_address: str, to: Machine | None, refused: Packet, key: int,
    kind: tuple[int, int], cause: str, at_ns: int, dice: Random, ident: int = 0,
) -> Packet:  # fmt: skip
    """An ICMP error on the underlay, which quotes the outer IP header and eight octets or more."""
    is_v6 = ":" in by_address
    header = 40 if is_v6 else 20
    quote = refused.network[: header + dice.choice((8, 8, 8, 36, 500))]
    if is_v6:
        kind = {(3, 10): (1, 1), (3, 1): (1, 0), (3, 13): (1, 1), (3, 2): (4, 1)}[kind]
        icmp = build.icmp6(by_address, refused.source, *kind, quote)
        packet = outer(by, by_address, refused.source, ICMPV6, icmp)
        maybe, addresses, key_end = 69, 102, 110
    else:
        icmp = build.icmp(*kind, quote)
        number = by.next_ident() if by else ident
        packet = build.ipv4(by_address, refused.source, ICMP, icmp, ttl=64, ident=number)
        maybe, addresses, key_end = 52, 62, 70
    is_310 = kind in ((3, 10), (1, 1))
    is_end = by_address == refused.destination
    surely = maybe if is_310 and is_end else addresses if is_310 else key_end
    refusal = Refusal(
        refused.source, refused.destination, by_address, key, "outer", kind, cause, maybe, surely,
        key_end,
    )  # fmt: skip
    return Packet(
        at_ns, framed(by, to, packet), "error", by_address, refused.source, by, to, refusal=refusal
    )
