"""Random frames: every layer drawn anew, from small pools, so that headers repeat as they do in
captures.

Knows the byte layouts through `tests.build`; must not know anything of nvgre_doctor.  All chance
comes from the `random.Random` that is handed in, so a literal seed gives the same frames for ever.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeVar

from tests import build, build_shims

T = TypeVar("T")


class Captured(NamedTuple):
    """A frame as a capture holds it."""

    linktype: int
    data: bytes
    wire_length: int


LINKTYPES = (1, 113, 276, 0, 108, 12, 14, 101, 228, 229)
NOT_DECODED = 105  # IEEE 802.11
TPIDS = (0x8100, 0x8100, 0x8100, 0x88A8, 0x88A8, 0x9100, 0x9200)
HOSTS = ("192.168.50.1", "192.168.50.2", "10.1.1.1")
HOSTS6 = ("fd00:10::1", "fd00:10::2")
GUESTS = ("10.0.0.4", "10.0.0.5", "192.168.50.1", "192.168.50.2")
GUESTS6 = ("fd00::4", "fd00::5", "fd00:10::1")
MACS = ("00:15:5d:0a:00:01", "00:15:5d:0a:00:02", "45:00:5d:0a:00:03", "60:00:00:00:00:01")
MANY_MACS = tuple(f"00:15:5d:0b:00:{number:02x}" for number in range(24))
"""Enough VM pairs for one pair of hosts that not all of them are kept."""
KEYS = (0x00138900, 0x00138947, 0x001389FF, 0x00001389, 0x5B8D8000, 0x005B8D80, 0, 0x64)
CONTROL_KEYS = (0xFFFFFF00, 0xFFFFFFFF, 0x00FFFFFF, 0x00FFFFFE, 0x01FFFFFF, 0xFFFFFE00, 0xFEFFFFFF)
FRAGMENTS = (
    0x4000,
    0x8000,
    0xC000,
    0x2000,
    0x6000,
    0xA000,
    0x00B9,
    0x20B9,
    0x0001,
    0x0100,
    0x4001,
    0x1FFF,
    0x2100,
)
GRE_FLAGS = (
    0,
    0x2000,
    0xA000,
    0x3000,
    0xB000,
    0x2080,
    0x2001,
    0x2007,
    0x6000,
    0x2800,
    0x2100,
    0x8000,
)
GRE_PROTOCOLS = (0x0800, 0x88BE, 0x22EB, 0x883E, 0x880B, 0x6400, 0x6559, 0x86DD)
PROTOCOLS = (
    0,
    1,
    1,
    1,
    1,
    2,
    4,
    6,
    17,
    17,
    17,
    41,
    43,
    44,
    47,
    50,
    51,
    58,
    58,
    58,
    59,
    60,
    89,
    112,
    132,
    135,
    139,
    140,
    255,
)
ETHERTYPES = (
    0x0801,
    0x0805,
    0x0806,
    0x08FF,
    0x8100,
    0x88A8,
    0x9100,
    0x9200,
    0x86DD,
    0x88CC,
    0x0026,
    0x0000,
    0xFFFF,
)
EXTENSIONS = (0, 43, 44, 51, 60, 135, 139, 140)
ICMP_TYPES = (0, 3, 3, 3, 4, 5, 8, 9, 11, 12, 13, 14, 42, 255)
ICMPV6_TYPES = (1, 1, 2, 3, 4, 5, 100, 128, 129, 133, 135, 136, 137, 138, 255)
ERROR_CODES = (0, 1, 2, 3, 4, 9, 10, 13)
PORTS = (53, 445, 4789, 49152)
FAMILIES = (2, 10, 23, 24, 28, 30, 0, 7, 0x02000000, 0x1E000000)


def random_frame(dice: Random) -> Captured:
    """One frame of any kind; about half of them are plain NVGRE."""
    linktype = dice.choice((1, 1, 1, *LINKTYPES, NOT_DECODED))
    plain = dice.random() < 0.4
    return cut(dice, linktype, _link(dice, linktype, _packet(dice, plain), plain), plain)


def whole_frame(dice: Random) -> Captured:
    """The same, cut nowhere."""
    frame = random_frame(dice)
    while len(frame.data) != frame.wire_length:
        frame = random_frame(dice)
    return frame


def cut(dice: Random, linktype: int, frame: bytes, plain: bool = False) -> Captured:
    """What a snap length leaves of a frame; sometimes the original length contradicts it."""
    if plain or dice.random() < 0.6:
        return Captured(linktype, frame, len(frame))
    data = frame[
        : dice.choice((dice.randrange(40), dice.randrange(30, 130), dice.randrange(len(frame) + 1)))
    ]
    wire_length = dice.choice(
        (len(frame), len(frame), len(frame), len(data), 0, 65535, max(0, len(data) - 1))
    )
    return Captured(linktype, data, wire_length)


def mutated(dice: Random, frame: Captured) -> Captured:
    """A few bytes changed, dropped or doubled."""
    data = bytearray(frame.data)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0:
                data[at : at + 1] = dice.randbytes(1)
            case 1:
                data[at : at + 1] = bytes(
                    [
                        dice.choice(
                            (0, 1, 4, 6, 0x20, 0x2F, 0x33, 0x3A, 0x45, 0x46, 0x60, 0x81, 0xFF)
                        )
                    ]
                )
            case 2:
                del data[at : at + dice.randint(1, 8)]
            case 3:
                data[at:at] = data[at : at + dice.randint(1, 30)]
    return Captured(
        frame.linktype, bytes(data), max(0, frame.wire_length + len(data) - len(frame.data))
    )


def mixed_frames(dice: Random, count: int, linktype: int | None = None) -> list[Captured]:
    """Random frames, mutants among them, in random order and sometimes many of one kind in a
    row.
    """
    frames: list[Captured] = []
    while len(frames) < count:
        frame = random_frame(dice)
        if dice.random() < 0.2:
            frame = mutated(dice, frame)
        if linktype is not None:
            frame = frame._replace(linktype=linktype)
        frames += [frame] * dice.choice((1, 1, 1, 2, 5))
    del frames[count:]
    if dice.random() < 0.5:
        dice.shuffle(frames)
    return frames


# --- layers, from the outside in ---------------------------------------------


def _mostly(dice: Random, usual: T, others: Sequence[T], plain: bool, chance: float = 0.8) -> T:
    return usual if plain or dice.random() < chance else dice.choice(others)


def _tags(dice: Random, plain: bool) -> build.Tags:
    count = dice.choice((0, 0, 0, 0, 1, 2) if plain else (0, 0, 0, 1, 1, 2, 3, 5))
    return [(dice.choice(TPIDS), dice.randrange(65536)) for _ in range(count)]


def _link(dice: Random, linktype: int, packet: bytes, plain: bool) -> bytes:
    is_ipv6 = packet[:1] >= b"\x60"
    ethertype = _mostly(dice, 0x86DD if is_ipv6 else 0x0800, (0x0800, *ETHERTYPES), plain, 0.95)
    if linktype == 1:
        if packet and dice.random() < 0.1:
            return _odd_ethernet(dice, packet)
        return build.ethernet(packet, ethertype, tags=_tags(dice, plain))
    if linktype in (113, 276):
        return (build.sll if linktype == 113 else build.sll2)(packet, ethertype, _tags(dice, plain))
    if linktype in (0, 108):
        family = dice.choice((10, 23, 24, 28, 30)) if is_ipv6 else 2
        return build.null(packet, _mostly(dice, family, FAMILIES, plain, 0.9), dice.random() < 0.3)
    return packet


def _odd_ethernet(dice: Random, packet: bytes) -> bytes:
    """Shims between Ethernet and IP, or 802.11 that was written as Ethernet."""
    if dice.random() < 0.1:
        return build_shims.wireless(packet, dice.choice((0, 8)), dice.choice((1, 2, 3, 0x81)))
    if dice.random() < 0.2:  # the loops know one label
        return build_shims.MACS + build_shims.mpls(packet, dice.randrange(1 << 20))
    return build_shims.shimmed(dice.choice(list(build_shims.SHIMS)), packet)


def _packet(dice: Random, plain: bool) -> bytes:
    if dice.random() < 0.3:
        source, destination = dice.choice(HOSTS6), dice.choice(HOSTS6)
    else:
        source, destination = dice.choice(HOSTS), dice.choice(HOSTS)
    protocol = _mostly(dice, 47, PROTOCOLS, plain, 0.6)
    payload = _payload(dice, source, destination, protocol, plain)
    return _ip(dice, source, destination, protocol, payload, plain)


def _ip(
    dice: Random, source: str, destination: str, protocol: int, payload: bytes, plain: bool
) -> bytes:
    is_ipv6 = ":" in source
    length = len(payload) + (0 if is_ipv6 else 20)
    length = _mostly(
        dice,
        length,
        (0, 0, dice.randrange(90), dice.randrange(length + 1), length + 100, 65535),
        plain,
    )
    hops = dice.choice((128, 64, 63, 255, 1))
    if is_ipv6:
        packet = bytearray(
            build.ipv6(source, destination, protocol, payload, hops, _extensions(dice, plain), None)
        )
        if length != len(payload):
            packet[4:6] = length.to_bytes(2)
        packet[1] = _mostly(dice, 0, (0xFF, 0x12), plain)
    else:
        if protocol == 51:  # AH in IPv4
            payload = bytes([dice.choice((47, 6, 1, 51)), 4]) + bytes(22) + payload
        options = _mostly(
            dice, b"", (bytes.fromhex("94040000"), bytes(40), b"\x01" * 8), plain, 0.9
        )
        fragment = _mostly(dice, dice.choice((0, 0x4000)), FRAGMENTS, plain)
        total = None if length == len(payload) + 20 else length
        packet = bytearray(
            build.ipv4(
                source,
                destination,
                protocol,
                payload,
                hops,
                options,
                dice.randrange(65536),
                fragment,
                total,
            )
        )
    packet[0] = _mostly(
        dice, packet[0], (0x44, 0x40, 0x46, 0x55, 0x4F, 0x65, 0x6F, 0x05, 0x75), plain, 0.95
    )
    return bytes(packet)


def _extensions(dice: Random, plain: bool) -> list[tuple[int, bytes]]:
    count = 0 if plain else dice.choice((0, 0, 0, 0, 1, 2))
    chain = []
    for _ in range(count):
        number = dice.choice(EXTENSIONS)
        body = bytes(dice.choice((6, 14, 22)))
        if number == 44:
            body = dice.choice((b"\0\0", b"\0\1", b"\0\xb9", b"\x05\xc8")) + bytes(4)
        chain.append((number, body))
    return chain


def _payload(dice: Random, source: str, destination: str, protocol: int, plain: bool) -> bytes:
    if protocol in (1, 58):
        return _icmp(dice, source, destination, protocol)
    if protocol == 17 and dice.random() < 0.3:
        return build_shims.vxlan(source, destination, _mirrored(dice, plain))
    if protocol == 17:
        return build.udp(
            source, destination, dice.choice(PORTS), dice.choice(PORTS), bytes(dice.randrange(20))
        )
    if protocol == 6:
        return build.tcp(source, destination, 49152, dice.choice(PORTS))
    return _gre(dice, plain)


def _mirrored(dice: Random, plain: bool) -> bytes:
    """A frame as a mirror holds it: of NVGRE, or of a guest."""
    if dice.random() < 0.5:
        return _inner(dice, plain)
    packet = build.nvgre("10.1.1.1", "10.1.1.2", 0x00138900, _inner(dice, plain))
    frame = build.ethernet(packet, tags=_tags(dice, plain))
    return frame if plain or dice.random() < 0.8 else frame[: dice.randrange(len(frame))]


def _gre(dice: Random, plain: bool) -> bytes:
    if not plain and dice.random() < 0.1:
        return build_shims.erspan(_mirrored(dice, plain), dice.choice((1, 2, 3, 4)))
    key = dice.choice(KEYS) if plain or dice.random() < 0.8 else dice.choice(CONTROL_KEYS)
    flags = _mostly(dice, 0x2000, GRE_FLAGS, plain, 0.85)
    protocol = _mostly(dice, 0x6558, GRE_PROTOCOLS, plain, 0.85)
    honest = dice.random() < 0.8
    return build.gre(
        _inner(dice, plain),
        key=key if flags & 0x2000 or not honest else None,
        flags=flags,
        protocol=protocol,
        checksum=0 if flags & 0xC000 and honest else None,
        sequence=7 if flags & 0x1000 and honest else None,
    )


def _inner(dice: Random, plain: bool) -> bytes:
    """The customer's frame, sometimes cut."""
    tags = () if plain or dice.random() < 0.85 else [(dice.choice(TPIDS), 5)] * dice.choice((1, 2))
    payload, ethertype = dice.choice((_inner_ipv4, _inner_ipv4, _inner_ipv6, _inner_arp))(
        dice, plain
    )
    ethertype = _mostly(dice, ethertype, (0x0800, *ETHERTYPES), plain, 0.9)
    macs = MANY_MACS if dice.random() < 0.5 else MACS[:2]
    frame = build.inner_frame(dice.choice(macs), dice.choice(macs), payload, ethertype, tags)
    return frame if plain or dice.random() < 0.85 else frame[: dice.randrange(len(frame) + 1)]


def _inner_ipv4(dice: Random, plain: bool) -> tuple[bytes, int]:
    source, destination = dice.choice(GUESTS), dice.choice(GUESTS)
    protocol = (
        dice.choice((1, 1, 6, 17)) if plain or dice.random() < 0.8 else dice.choice(PROTOCOLS)
    )
    payload = _payload(dice, source, destination, protocol, True) if protocol != 47 else bytes(12)
    return _ip(dice, source, destination, protocol, payload, plain), 0x0800


def _inner_ipv6(dice: Random, plain: bool) -> tuple[bytes, int]:
    source, destination = dice.choice(GUESTS6), dice.choice(GUESTS6)
    protocol = (
        dice.choice((58, 58, 6, 17)) if plain or dice.random() < 0.8 else dice.choice(PROTOCOLS)
    )
    payload = _payload(dice, source, destination, protocol, True) if protocol != 47 else bytes(12)
    return _ip(dice, source, destination, protocol, payload, plain), 0x86DD


def _inner_arp(dice: Random, plain: bool) -> tuple[bytes, int]:
    packet = bytearray(build.arp(MACS[0], dice.choice(GUESTS), dice.choice(GUESTS)))
    packet[9 % len(packet)] = _mostly(dice, packet[9], (6, 17, 1), plain)
    packet[dice.randrange(8)] ^= _mostly(dice, 0, (1, 6), plain)
    return bytes(packet) + bytes(dice.choice((0, 18))), 0x0806


def _icmp(dice: Random, source: str, destination: str, protocol: int) -> bytes:
    """An echo, an error with some quote, or any other message; ICMP in IPv6 and ICMPv6 in IPv4
    too.
    """
    kind = dice.choice(ICMP_TYPES if protocol == 1 else ICMPV6_TYPES)
    quote = dice.choice(QUOTES)(dice)
    rest = dice.choice((0, 0, 1400, 0x05DC))
    if protocol == 1:
        message = build.icmp(kind, dice.choice(ERROR_CODES), quote, rest)
    else:
        message = build.icmp6(source, destination, kind, dice.choice(ERROR_CODES), quote, rest)
    return message if dice.random() < 0.9 else message[: dice.randrange(12)]


def random_quote(dice: Random) -> bytes:
    """What an ICMP error may quote, cut somewhere."""
    return dice.choice(QUOTES)(dice)


def _quoted_nvgre(dice: Random) -> bytes:
    source, destination = dice.choice(
        ((HOSTS[0], HOSTS[1]), (HOSTS[1], HOSTS[0]), (HOSTS6[0], HOSTS6[1]))
    )
    inner = build.inner_frame(MACS[0], MACS[1], build.ipv4("10.0.0.4", "10.0.0.5", 1, build.echo()))
    return build.nvgre(source, destination, dice.choice((*KEYS, *CONTROL_KEYS)), inner)


def _quoted_gre(dice: Random) -> bytes:
    whole = _quoted_nvgre(dice)
    return whole[whole.index(b"\x65\x58") - 2 :]


def _quoted_frame(dice: Random) -> bytes:
    return build.inner_frame(
        dice.choice(MACS), dice.choice(MACS), build.ipv4("10.0.0.4", "10.0.0.5", 17, bytes(12))
    )


def _quoted_customer(dice: Random) -> bytes:
    return build.ipv4(
        dice.choice(GUESTS), dice.choice(GUESTS), dice.choice((1, 6, 17, 47)), bytes(8)
    )


def _short(quote: Callable[[Random], bytes]) -> Callable[[Random], bytes]:
    def cut_quote(dice: Random) -> bytes:
        whole = quote(dice)
        return whole[: dice.randrange(len(whole) + 1)]

    return cut_quote


_WHOLE_QUOTES = (_quoted_nvgre, _quoted_gre, _quoted_frame, _quoted_customer)
QUOTES = (*_WHOLE_QUOTES, *(_short(quote) for quote in _WHOLE_QUOTES))
