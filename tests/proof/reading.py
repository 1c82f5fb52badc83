"""Captured frames read again, by `struct` alone: what a frame of a world really shows.

Reads Ethernet with or without tags, IPv4 without options, IPv6 without extensions, GRE with a key:
what the generator writes.  Of anything else it says nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

PCAP_ORDERS = {
    b"\xd4\xc3\xb2\xa1": ("little", 1000),
    b"\xa1\xb2\xc3\xd4": ("big", 1000),
    b"\x4d\x3c\xb2\xa1": ("little", 1),
    b"\xa1\xb2\x3c\x4d": ("big", 1),
}


class Shown(NamedTuple):
    """What one NVGRE frame shows; None where it was cut."""

    source: bytes
    destination: bytes
    ttl: int
    ident: int
    key: int
    key_at: int  # where it lies in the frame
    macs: bytes | None = None  # destination, source
    ethertype: int | None = None
    customers: tuple[bytes, bytes] | None = None  # source, destination; None for anything but IP
    protocol: int | None = None
    icmp: tuple[int, int] | None = None
    inner: bytes = b""  # what was captured behind GRE


def read_nvgre(data: bytes) -> Shown | None:
    """What an NVGRE frame shows, None if it is none, or cut before its key ends."""
    at = 12
    while data[at : at + 2] in (b"\x81\0", b"\x88\xa8"):
        at += 4
    kind, ip = data[at : at + 2], data[at + 2 :]
    if kind == b"\x08\0" and ip[:1] == b"\x45":
        length, protocol, source, destination = 20, ip[9:10], ip[12:16], ip[16:20]
        ttl, ident = ip[8:9], int.from_bytes(ip[4:6])
    elif kind == b"\x86\xdd":
        length, protocol, source, destination = 40, ip[6:7], ip[8:24], ip[24:40]
        ttl, ident = ip[7:8], 0
    else:
        return None
    gre = ip[length:]
    if protocol != b"\x2f" or gre[:4] != b"\x20\0\x65\x58" or len(gre) < 8:
        return None
    key, key_at = int.from_bytes(gre[4:8]), at + 2 + length + 4
    return _read_inner(Shown(source, destination, ttl[0], ident, key, key_at, inner=gre[8:]))


def _read_inner(shown: Shown) -> Shown:
    inner = shown.inner
    if len(inner) < 14:
        return shown._replace(macs=inner[:12] if len(inner) >= 12 else None)
    shown = shown._replace(macs=inner[:12], ethertype=int.from_bytes(inner[12:14]))
    if shown.ethertype == 0x0800 and len(inner) >= 34:
        protocol, start = inner[23], 34
        shown = shown._replace(customers=(inner[26:30], inner[30:34]), protocol=protocol)
    elif shown.ethertype == 0x86DD and len(inner) >= 54:
        protocol, start = inner[20], 54
        shown = shown._replace(customers=(inner[22:38], inner[38:54]), protocol=protocol)
    else:
        return shown
    if protocol in (1, 58) and len(inner) >= start + 2:
        shown = shown._replace(icmp=(inner[start], inner[start + 1]))
    return shown


def is_inner_error(shown: Shown) -> bool:
    """An ICMP error inside NVGRE, or one that was cut before it could be told."""
    if shown.ethertype is None:
        return True
    if shown.ethertype in (0x0800, 0x86DD) and shown.protocol is None:
        return True
    if shown.protocol == 1:
        return shown.icmp is None or shown.icmp[0] in (3, 5, 11)
    return shown.protocol == 58 and (shown.icmp is None or shown.icmp[0] in (1, 2, 3, 137))


def read_pcap(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Times and frames of a pcap file, or of a pcapng file with one little-endian section."""
    if content[:4] == b"\x0a\x0d\x0d\x0a":
        yield from _read_pcapng(content)
        return
    order, unit = PCAP_ORDERS[content[:4]]
    at = 24
    while at < len(content):
        seconds, rest, length = (
            int.from_bytes(content[at + n : at + n + 4], order)  # type: ignore[arg-type]
            for n in (0, 4, 8)
        )
        yield seconds * 1_000_000_000 + rest * unit, content[at + 16 : at + 16 + length]
        at += 16 + length


def _read_pcapng(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        kind, total = (int.from_bytes(content[at + n : at + n + 4], "little") for n in (0, 4))
        if kind == 6:
            high, low, length = (
                int.from_bytes(content[at + n : at + n + 4], "little") for n in (12, 16, 20)
            )
            yield high << 32 | low, content[at + 28 : at + 28 + length]
        at += total
