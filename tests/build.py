"""Frames and capture files for the tests, from `struct` alone.

Knows the byte layouts of the protocols; must not know anything of nvgre_doctor or dpkt, so that
what it builds is an independent witness.  Addresses are text ("192.168.50.1", "fd00::1",
"00:15:5d:0a:00:01"), everything returned is bytes. `order` is "<" (little endian) or ">" (big
endian), as in `struct`.  Times are integer nanoseconds since 1970.
"""

import struct
from collections.abc import Iterable, Sequence

Frame = tuple[int, bytes] | tuple[int, bytes, int]
"""(ts_ns, captured data) or (ts_ns, captured data, original length)."""

Tags = Sequence[tuple[int, int]]
"""VLAN tags from the outside in: (TPID, TCI)."""

SOURCE_MAC = "00:15:5d:32:01:01"
DESTINATION_MAC = "00:15:5d:32:01:02"


# --- addresses and checksums -------------------------------------------------


def mac(text: str) -> bytes:
    """Six bytes of a MAC written with colons, hyphens or nothing between."""
    return bytes.fromhex(text.replace(":", "").replace("-", ""))


def ip(text: str) -> bytes:
    """Four bytes of an IPv4 address or sixteen of an IPv6 address."""
    if ":" not in text:
        return bytes(int(part) for part in text.split("."))
    if "." in text:  # ::ffff:192.0.2.1
        head, _, tail = text.rpartition(":")
        a, b, c, d = (int(part) for part in tail.split("."))
        text = f"{head}:{a << 8 | b:x}:{c << 8 | d:x}"
    left, gap, right = text.partition("::")
    before = [int(group, 16) for group in left.split(":") if group]
    after = [int(group, 16) for group in right.split(":") if group]
    zeros = [0] * (8 - len(before) - len(after)) if gap else []
    return struct.pack(">8H", *before, *zeros, *after)


def internet_checksum(data: bytes) -> int:
    """The ones' complement sum of RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def _pseudo_header(src: str, dst: str, protocol: int, length: int) -> bytes:
    if ":" in src:
        return ip(src) + ip(dst) + struct.pack(">IHBB", length, 0, 0, protocol)
    return ip(src) + ip(dst) + struct.pack(">BBH", 0, protocol, length)


def _ethertype(payload: bytes) -> int:
    """What the first bytes look like: IPv6, ARP, otherwise IPv4."""
    if payload[:1] and payload[0] >> 4 == 6:
        return 0x86DD
    return 0x0806 if payload[:2] == b"\0\1" else 0x0800


# --- link layers -------------------------------------------------------------


def _tagged(payload: bytes, ethertype: int, tags: Tags) -> bytes:
    """The type field and what follows it: tags, then the payload."""
    return (
        b"".join(struct.pack(">HH", tpid, tci) for tpid, tci in tags)
        + struct.pack(">H", ethertype)
        + payload
    )


def ethernet(
    payload: bytes,
    ethertype: int | None = None,
    src: str = SOURCE_MAC,
    dst: str = DESTINATION_MAC,
    tags: Tags = (),
) -> bytes:
    """Ethernet II with any stack of tags; the ethertype follows the payload (IPv4, IPv6, ARP)
    unless given.
    """
    return (
        mac(dst)
        + mac(src)
        + _tagged(payload, _ethertype(payload) if ethertype is None else ethertype, tags)
    )


def sll(
    payload: bytes,
    protocol: int | None = None,
    tags: Tags = (),
    src: str = SOURCE_MAC,
    packet_type: int = 0,
) -> bytes:
    """Linux cooked capture, linktype 113; packet type 0 is received, 4 is sent."""
    tail = _tagged(payload, _ethertype(payload) if protocol is None else protocol, tags)
    return struct.pack(">HHH8s", packet_type, 1, 6, mac(src)) + tail


def sll2(
    payload: bytes,
    protocol: int | None = None,
    tags: Tags = (),
    src: str = SOURCE_MAC,
    packet_type: int = 0,
) -> bytes:
    """Linux cooked capture version 2, linktype 276; packet type 0 is received, 4 is sent."""
    tail = _tagged(payload, _ethertype(payload) if protocol is None else protocol, tags)
    return tail[:2] + struct.pack(">HIHBB8s", 0, 2, 1, packet_type, 6, mac(src)) + tail[2:]


def null(payload: bytes, family: int | None = None, big_endian: bool = False) -> bytes:
    """BSD loopback: linktype 0 in the byte order of the capturing machine, linktype 108 big
    endian.  IPv6 is family 30.
    """
    if family is None:
        family = 30 if _ethertype(payload) == 0x86DD else 2
    return struct.pack(">I" if big_endian else "<I", family) + payload


def link(linktype: int, ip_packet: bytes, tags: Tags = ()) -> bytes:
    """An IP packet in the link layer of a capture: 1, 113, 276, 0, 108, or raw IP (12, 14, 101,
    228, 229).
    """
    if linktype == 1:
        return ethernet(ip_packet, tags=tags)
    if linktype == 113:
        return sll(ip_packet, tags=tags)
    if linktype == 276:
        return sll2(ip_packet, tags=tags)
    if linktype in (0, 108):
        return null(ip_packet, big_endian=linktype == 108)
    if linktype in (12, 14, 101, 228, 229):
        return ip_packet
    raise ValueError(f"no builder for linktype {linktype}")


# --- network layer -----------------------------------------------------------


def ipv4(
    src: str,
    dst: str,
    protocol: int,
    payload: bytes,
    ttl: int = 128,
    options: bytes = b"",
    ident: int = 0,
    fragment: int = 0,
    total_length: int | None = None,
    checksum: int | None = None,
    tos: int = 0,
) -> bytes:
    """IPv4.  `fragment` is the raw word of flags and offset; `total_length` and `checksum` are
    right unless given.
    """
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4
    length = words * 4 + len(payload) if total_length is None else total_length
    start = struct.pack(">BBHHHBB", 0x40 | words, tos, length, ident, fragment, ttl, protocol)
    end = ip(src) + ip(dst) + options
    if checksum is None:
        checksum = internet_checksum(start + end)
    return start + struct.pack(">H", checksum) + end + payload


def ipv6(
    src: str,
    dst: str,
    next_header: int,
    payload: bytes,
    hop_limit: int = 128,
    extensions: Sequence[tuple[int, bytes]] = (),
    payload_length: int | None = None,
) -> bytes:
    """IPv6.  An extension is (its number, what follows its first two bytes); 44 is Fragment, 51 is
    AH.
    """
    numbers = [number for number, _ in extensions] + [next_header]
    chain = b""
    for (number, body), following in zip(extensions, numbers[1:], strict=True):
        padded = body + b"\0" * (-(len(body) + 2) % 8)
        size = len(padded) + 2
        length = {44: 0, 51: size // 4 - 2}.get(number, size // 8 - 1)
        chain += struct.pack(">BB", following, length) + padded
    length = len(chain) + len(payload) if payload_length is None else payload_length
    return (
        struct.pack(">IHBB", 6 << 28, length, numbers[0], hop_limit)
        + ip(src)
        + ip(dst)
        + chain
        + payload
    )


def arp(
    src_mac: str, src_ip: str, dst_ip: str, dst_mac: str = "00:00:00:00:00:00", reply: bool = False
) -> bytes:
    """ARP for IPv4 over Ethernet, without the Ethernet header."""
    fixed = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 2 if reply else 1)
    return fixed + mac(src_mac) + ip(src_ip) + mac(dst_mac) + ip(dst_ip)


# --- GRE and NVGRE -----------------------------------------------------------


def gre(
    payload: bytes,
    key: int | None = None,
    flags: int | None = None,
    protocol: int = 0x6558,
    checksum: int | bool | None = None,
    sequence: int | None = None,
    acknowledgment: int | None = None,
) -> bytes:
    """GRE (RFC 2784, 2890).  Fields that are given are written; `flags` follows from them unless
    given.  checksum=True computes.
    """
    if flags is None:
        flags = (
            0x8000 * (checksum is not None)
            | 0x2000 * (key is not None)
            | 0x1000 * (sequence is not None)
        )
    start = struct.pack(">HH", flags, protocol)
    rest = (
        b"".join(
            struct.pack(">I", field)
            for field in (key, sequence, acknowledgment)
            if field is not None
        )
        + payload
    )
    if checksum is None:
        return start + rest
    value = internet_checksum(start + bytes(4) + rest) if checksum is True else int(checksum)
    return start + struct.pack(">HH", value, 0) + rest


def outer(src: str, dst: str, protocol: int, payload: bytes, **ip_options: object) -> bytes:
    """IPv4 or IPv6, as the addresses say."""
    write = ipv6 if ":" in src else ipv4
    return write(src, dst, protocol, payload, **ip_options)  # type: ignore[arg-type]


def nvgre(
    src: str, dst: str, key: int, inner: bytes, flags: int | None = None, **ip_options: object
) -> bytes:
    """An NVGRE packet between two provider addresses; further options go to the outer IP header."""
    return outer(src, dst, 47, gre(inner, key=key, flags=flags), **ip_options)


def inner_frame(
    src_mac: str, dst_mac: str, payload: bytes, ethertype: int | None = None, tags: Tags = ()
) -> bytes:
    """The customer's Ethernet frame (source first, as people say it)."""
    return ethernet(payload, ethertype, src=src_mac, dst=dst_mac, tags=tags)


# --- transport and ICMP ------------------------------------------------------


def udp(src: str, dst: str, src_port: int, dst_port: int, payload: bytes = b"") -> bytes:
    """UDP with the checksum for these IP addresses."""
    length = 8 + len(payload)
    header = struct.pack(">HHH", src_port, dst_port, length)
    value = internet_checksum(_pseudo_header(src, dst, 17, length) + header + b"\0\0" + payload)
    return header + struct.pack(">H", value or 0xFFFF) + payload


def tcp(
    src: str,
    dst: str,
    src_port: int,
    dst_port: int,
    payload: bytes = b"",
    flags: int = 0x02,
    sequence: int = 0,
    acknowledgment: int = 0,
    window: int = 8192,
) -> bytes:
    """TCP without options (SYN unless other flags are given), with the checksum for these IP
    addresses.
    """
    start = struct.pack(
        ">HHIIBBH", src_port, dst_port, sequence, acknowledgment, 0x50, flags, window
    )
    pseudo = _pseudo_header(src, dst, 6, 20 + len(payload))
    value = internet_checksum(pseudo + start + bytes(4) + payload)
    return start + struct.pack(">HH", value, 0) + payload


def icmp(type: int, code: int, body: bytes = b"", rest: int = 0) -> bytes:
    """ICMP: `rest` is the second 32-bit word (for 3/4 the next-hop MTU), `body` the quote or the
    data after it.
    """
    tail = struct.pack(">I", rest) + body
    return (
        struct.pack(
            ">BBH", type, code, internet_checksum(struct.pack(">BBH", type, code, 0) + tail)
        )
        + tail
    )


def icmp6(src: str, dst: str, type: int, code: int, body: bytes = b"", rest: int = 0) -> bytes:
    """ICMPv6 (next header 58) with the checksum for these IP addresses."""
    tail = struct.pack(">I", rest) + body
    pseudo = _pseudo_header(src, dst, 58, 4 + len(tail))
    value = internet_checksum(pseudo + struct.pack(">BBH", type, code, 0) + tail)
    return struct.pack(">BBH", type, code, value) + tail


PING_DATA = b"abcdefghijklmnopqrstuvwabcdefghi"
"""The 32 bytes that Windows ping sends."""


def echo(ident: int = 1, sequence: int = 1, data: bytes = PING_DATA, reply: bool = False) -> bytes:
    """ICMP echo request or reply."""
    return icmp(0 if reply else 8, 0, data, ident << 16 | sequence)


def echo6(
    src: str,
    dst: str,
    ident: int = 1,
    sequence: int = 1,
    data: bytes = PING_DATA,
    reply: bool = False,
) -> bytes:
    """ICMPv6 echo request or reply."""
    return icmp6(src, dst, 129 if reply else 128, 0, data, ident << 16 | sequence)


# --- pcap files --------------------------------------------------------------

PCAP_MAGIC = {"micro": 0xA1B2C3D4, "nano": 0xA1B23C4D, "modified": 0xA1B2CD34}


def _parts(frame: Frame, snaplen: int) -> tuple[int, bytes, int]:
    """Time, captured bytes (cut at the snap length; 0 does not cut) and original length."""
    ts_ns, data = frame[0], frame[1]
    wire_length = frame[2] if len(frame) == 3 else len(data)
    return ts_ns, data[:snaplen] if snaplen else data, wire_length


def pcap(
    frames: Iterable[Frame],
    linktype: int = 1,
    byte_order: str = "<",
    magic: str = "micro",
    snaplen: int = 0,
    fcs_words: int = 0,
) -> bytes:
    """A pcap file.  `fcs_words` sets the FCS bits in the upper half of the linktype word (f bit and
    length / 16 bits).
    """
    upper = fcs_words << 28 | 0x04000000 if fcs_words else 0
    out = [
        struct.pack(
            byte_order + "IHHiIII",
            PCAP_MAGIC[magic],
            2,
            4,
            0,
            0,
            snaplen or 262144,
            upper | linktype,
        )
    ]
    for frame in frames:
        ts_ns, data, wire_length = _parts(frame, snaplen)
        seconds, rest = divmod(ts_ns, 1_000_000_000)
        out.append(
            struct.pack(
                byte_order + "IIII",
                seconds,
                rest if magic == "nano" else rest // 1000,
                len(data),
                wire_length,
            )
        )
        if magic == "modified":
            out.append(struct.pack(byte_order + "IHBB", 1, 0x0800, 0, 0))
        out.append(data)
    return b"".join(out)


# --- pcapng blocks -----------------------------------------------------------


def block(
    block_type: int,
    body: bytes,
    order: str = "<",
    total_length: int | None = None,
    trailer: int | None = None,
) -> bytes:
    """Any pcapng block.  Both lengths are right unless given; an unknown type makes an unknown
    block.
    """
    body += b"\0" * (-len(body) % 4)
    if total_length is None:
        total_length = 12 + len(body)
    start = struct.pack(order + "II", block_type, total_length)
    return start + body + struct.pack(order + "I", total_length if trailer is None else trailer)


def option(code: int, value: bytes | str, order: str = "<") -> bytes:
    """One option, padded; 1 is a comment.  Join them; the block builders add the end of options."""
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(order + "HH", code, len(raw)) + raw + b"\0" * (-len(raw) % 4)


def _ended(options: bytes) -> bytes:
    return options + bytes(4) if options else b""


def shb(
    order: str = "<", length: int = -1, options: bytes = b"", version: tuple[int, int] = (1, 0)
) -> bytes:
    """Section Header Block; `length` of the section in bytes, -1 for not given."""
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, *version, length)
    return block(0x0A0D0D0A, body + _ended(options), order)


def idb(
    linktype: int = 1,
    order: str = "<",
    snaplen: int = 0,
    tsresol: int | None = None,
    tsoffset: int | None = None,
    name: str | None = None,
    options: bytes = b"",
) -> bytes:
    """Interface Description Block.  `tsresol` is the raw octet (9: 10^-9 s, 0x80 | 20: 2^-20 s),
    `tsoffset` seconds.
    """
    if name is not None:
        options += option(2, name, order)
    if tsresol is not None:
        options += option(9, bytes([tsresol]), order)
    if tsoffset is not None:
        options += option(14, struct.pack(order + "q", tsoffset), order)
    return block(1, struct.pack(order + "HHI", linktype, 0, snaplen) + _ended(options), order)


def _stamp(
    ts_ns: int, tsresol: int | None, tsoffset: int | None, ticks: int | None
) -> tuple[int, int]:
    """The two halves of a pcapng timestamp."""
    if ticks is None:
        resolution = 6 if tsresol is None else tsresol
        per_second = 1 << (resolution & 0x7F) if resolution & 0x80 else 10**resolution
        ticks = (ts_ns - (tsoffset or 0) * 1_000_000_000) * per_second // 1_000_000_000
    return ticks >> 32 & 0xFFFFFFFF, ticks & 0xFFFFFFFF


def epb(
    interface: int,
    ts_ns: int,
    data: bytes,
    order: str = "<",
    wire_length: int | None = None,
    options: bytes = b"",
    tsresol: int | None = None,
    tsoffset: int | None = None,
    ticks: int | None = None,
) -> bytes:
    """Enhanced Packet Block.  Give the interface's tsresol and tsoffset, or raw `ticks`, which win
    over `ts_ns`.
    """
    high, low = _stamp(ts_ns, tsresol, tsoffset, ticks)
    wire_length = len(data) if wire_length is None else wire_length
    body = struct.pack(order + "IIIII", interface, high, low, len(data), wire_length) + data
    return block(6, body + b"\0" * (-len(data) % 4) + _ended(options), order)


def spb(data: bytes, order: str = "<", wire_length: int | None = None) -> bytes:
    """Simple Packet Block: no time, interface 0, captured length from the block and the interface's
    snap length.
    """
    return block(
        3, struct.pack(order + "I", len(data) if wire_length is None else wire_length) + data, order
    )


def opb(
    interface: int,
    ts_ns: int,
    data: bytes,
    order: str = "<",
    wire_length: int | None = None,
    options: bytes = b"",
    tsresol: int | None = None,
    tsoffset: int | None = None,
    ticks: int | None = None,
    drops: int = 0xFFFF,
) -> bytes:
    """The obsolete Packet Block (type 2)."""
    high, low = _stamp(ts_ns, tsresol, tsoffset, ticks)
    wire_length = len(data) if wire_length is None else wire_length
    body = struct.pack(order + "HHIIII", interface, drops, high, low, len(data), wire_length) + data
    return block(2, body + b"\0" * (-len(data) % 4) + _ended(options), order)


def nrb(names: Sequence[tuple[str, str]] = (), order: str = "<") -> bytes:
    """Name Resolution Block of (address, host name)."""
    body = b""
    for address, name in names:
        value = ip(address) + name.encode() + b"\0"
        body += (
            struct.pack(order + "HH", 2 if ":" in address else 1, len(value))
            + value
            + b"\0" * (-len(value) % 4)
        )
    return block(4, body + bytes(4), order)


def isb(
    interface: int = 0, ts_ns: int = 0, received: int = 0, dropped: int = 0, order: str = "<"
) -> bytes:
    """Interface Statistics Block (times in microseconds)."""
    high, low = _stamp(ts_ns, None, None, None)
    options = option(4, struct.pack(order + "Q", received), order) + option(
        5, struct.pack(order + "Q", dropped), order
    )
    return block(5, struct.pack(order + "III", interface, high, low) + _ended(options), order)


def custom(data: bytes = b"", enterprise: int = 32473, order: str = "<") -> bytes:
    """Custom Block (type 0xBAD) of an enterprise number; 32473 is the one for examples (RFC
    5612).
    """
    return block(0x0BAD, struct.pack(order + "I", enterprise) + data, order)


def pcapng(
    frames: Iterable[Frame],
    linktype: int = 1,
    order: str = "<",
    snaplen: int = 0,
    tsresol: int | None = None,
    tsoffset: int | None = None,
    name: str | None = None,
) -> bytes:
    """A pcapng file with one section and one interface."""
    out = [shb(order), idb(linktype, order, snaplen, tsresol, tsoffset, name)]
    for frame in frames:
        ts_ns, data, wire_length = _parts(frame, snaplen)
        out.append(epb(0, ts_ns, data, order, wire_length, tsresol=tsresol, tsoffset=tsoffset))
    return b"".join(out)
