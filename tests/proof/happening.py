"""Everything that happens in a world, in the order of true time: conversations in each phase, then
what disturbs them: guests' and strangers' ICMP, wrong bits, forged frames, other traffic.
"""

from random import Random

from tests import build
from tests.proof.fabric import SECOND, Fabric, Phase, Vm
from tests.proof.packets import ICMP, Packet, Refusal, framed, inner_ip, outer
from tests.proof.style import Style
from tests.proof.traffic import UDP, Traffic

CONVERSATIONS = {"thin": (1, 4), "normal": (4, 18), "dense": (20, 60)}
STRANGER = "192.168.66.6"


def happen(style: Style, fabric: Fabric, dice: Random) -> list[Packet]:
    """All packets of the underlay, by true time."""
    traffic = Traffic(style, fabric, dice)
    for phase in fabric.phases:
        _converse(style, fabric, traffic, phase, dice)
    packets = traffic.packets
    data = [packet for packet in packets if packet.kind == "data"]
    if data:
        if style.guest_icmp != "no":
            _guest_icmp(style, fabric, traffic, data, dice)
        if style.is_outer_forged and ":" not in data[0].source:
            packets += _forged_errors(data, dice)
        if style.has_underlay_noise:
            packets += _underlay(fabric, dice)
        if style.is_frame_forged:
            packets.append(_forged_frame(dice.choice(data), dice))
        if style.bit_error == "wire":
            _flip_bits(packets, dice)
    return _numbered(style, sorted(packets, key=lambda packet: packet.at_ns), dice)


def _numbered(style: Style, packets: list[Packet], dice: Random) -> list[Packet]:
    """With the identifications of the outer IPv4 headers in the order of time, as counters give."""
    counters: dict[tuple[str, str], int] = {}

    def next_ident(packet: Packet) -> int:
        assert packet.sender
        path = packet.source, packet.destination
        if style.idents == "path":
            counters[path] = counters.get(path, dice.randrange(0x10000)) % 0xFFFF + 1
            return counters[path]
        return (
            dice.randrange(1, 0x10000) if style.idents == "random" else packet.sender.next_ident()
        )

    return [
        packet._replace(data=identified(packet.data, next_ident(packet)))
        if packet.sender and packet.sender.has_idents and ":" not in packet.source
        else packet
        for packet in packets
    ]


def identified(data: bytes, ident: int) -> bytes:
    """The IPv4 frame with another identification."""
    header = data[14:18] + ident.to_bytes(2, "big") + data[20:24] + b"\0\0" + data[26:34]
    checksum = build.internet_checksum(header).to_bytes(2, "big")
    return data[:14] + header[:10] + checksum + header[12:] + data[34:]


# --- conversations ---------------------------------------------------------------


def _may_talk(style: Style, a: Vm, b: Vm) -> bool:
    if a is b or a.number == b.number or a.subnet.customer != b.subnet.customer:
        return False
    if a.subnet is b.subnet:
        return True
    return style.routed != "no" and not a.subnet.clone and not b.subnet.clone


def _converse(style: Style, fabric: Fabric, traffic: Traffic, phase: Phase, dice: Random) -> None:
    pairs = [(a, b) for a in fabric.vms for b in fabric.vms if _may_talk(style, a, b)]
    apart = [(a, b) for a, b in pairs if a.home_at(phase.start_ns) is not b.home_at(phase.start_ns)]
    low, high = CONVERSATIONS[style.quantity]
    count = round(dice.randint(low, high) * phase.share)
    if fabric.others:
        count += 6
    favourites = dice.sample(apart, min(len(apart), dice.choice((2, 4, 40))))
    length = phase.end_ns - phase.start_ns
    for _ in range(count if favourites else 0):
        a, b = dice.choice(favourites)
        at = phase.start_ns + dice.randrange(length * 9 // 10)
        traffic.talk(a, b, at)


# --- what is forged, wrong, or of no concern ---------------------------------------


def _guest_icmp(
    style: Style, fabric: Fabric, traffic: Traffic, data: list[Packet], dice: Random
) -> None:
    """A guest answers 3/10 to a guest: its own firewall, or a forgery that quotes NVGRE."""
    talking = [(a, b) for a in fabric.vms for b in fabric.vms if _may_talk(style, a, b)]
    pairs = [(a, b) for a, b in talking if _both_sent(a, b, data) and ":" not in a.ip]
    if not pairs:
        return
    by, to = dice.choice(pairs)
    for _ in range(dice.choice((1, 2, 4))):
        at = dice.choice(data).at_ns + 1_000_000
        if by.home_at(at) is to.home_at(at) or not by.home_at(at).is_up(at):
            continue
        if style.guest_icmp == "firewall":
            port = dice.randrange(49152, 65536)
            quoted = build.ipv4(to.ip, by.ip, UDP, build.udp(to.ip, by.ip, port, 53))[:28]
        else:
            quoted = dice.choice(data).network[:64]
            if quoted[0] >> 4 == 4:  # of any key: the forger wants to make a host of it
                key = dice.choice((quoted[24:28], dice.randbytes(4), b"\0" + quoted[24:27]))
                quoted = quoted[:24] + key + quoted[28:]
        inner = inner_ip(by, by.ip, to.ip, ICMP, build.icmp(3, 10, quoted))
        before = len(traffic.packets)
        traffic.send(by, to, inner, at, ("guest", by.number))
        for index in range(before, len(traffic.packets)):
            if traffic.packets[index].kind == "data":
                traffic.packets[index] = traffic.packets[index]._replace(kind="guest-error")


def _both_sent(a: Vm, b: Vm, data: list[Packet]) -> bool:
    """Whether data of a to b is under way: what tells a guest's error from a host's."""
    macs = build.mac(b.mac) + build.mac(a.mac)
    return any(packet.inner_macs == macs for packet in data)


def _forged_errors(data: list[Packet], dice: Random) -> list[Packet]:
    """One outer 3/10 from a stranger, about a flow that exists, with a key of its own making."""
    about = dice.choice(data)
    key = dice.choice((0x1389, 0x138900, dice.randrange(1 << 32)))
    quote = about.network[:24] + key.to_bytes(4, "big")
    packet = build.ipv4(STRANGER, about.source, ICMP, build.icmp(3, 10, quote), ttl=64, ident=77)
    refusal = Refusal(
        about.source, about.destination, STRANGER, key, "outer", (3, 10), "third-party", 52, 62, 70
    )
    return [
        Packet(
            about.at_ns + 2_000_000, framed(None, about.sender, packet), "error", STRANGER,
            about.source, None, about.sender, refusal=refusal,
        )
    ]  # fmt: skip


def _underlay(fabric: Fabric, dice: Random) -> list[Packet]:
    """Other traffic of the underlay, and ICMP 3/10 that has nothing to do with NVGRE."""
    noise = []
    span = fabric.end_ns - fabric.phases[0].start_ns
    for _ in range(dice.randrange(2, 30)):
        a, b = dice.sample(fabric.machines, 2)
        source, destination = a.addresses[0], b.addresses[0]
        at = fabric.phases[0].start_ns + dice.randrange(span)
        if not a.is_up(at):
            continue
        kind = dice.choice(("tcp", "tcp", "udp", "refusal")) if ":" not in source else "tcp"
        if kind == "tcp":
            body = build.tcp(source, destination, dice.randrange(1024, 65536), 445)
            packet = outer(a, source, destination, 6, body)
        elif kind == "udp":
            packet = outer(
                a, source, destination, 17, build.udp(source, destination, 500, 4789, b"x" * 40)
            )
        else:
            quoted = outer(b, destination, source, 17, build.udp(destination, source, 5000, 53))
            packet = outer(a, source, destination, ICMP, build.icmp(3, 10, quoted[:28]))
        name = "underlay-refusal" if kind == "refusal" else "underlay"
        noise.append(Packet(at, framed(a, b, packet), name, source, destination, a, b))
    return noise


def _forged_frame(model: Packet, dice: Random) -> Packet:
    """One frame of NVGRE that nobody sent who is named in it."""
    key = dice.choice((dice.randrange(4096, 1 << 20), dice.randrange(1 << 24, 0xFFFFFE00)))
    inner = model.data[14 + (40 if ":" in model.source else 20) + 8 :]
    packet = outer(None, model.source, model.destination, 47, build.gre(inner, key=key), ttl=128)
    at = model.at_ns + dice.randrange(3 * SECOND)
    data = framed(model.sender, model.receiver, packet)
    return Packet(at, data, "stray", model.source, model.destination, model.sender, model.receiver)


def _flip_bits(packets: list[Packet], dice: Random) -> None:
    """One to three wrong bits in the key of one frame."""
    index = dice.choice([i for i, packet in enumerate(packets) if packet.kind == "data"])
    data = with_wrong_bits(packets[index].data, ":" in packets[index].source, dice)
    packets[index] = packets[index]._replace(data=data, kind="stray")


def with_wrong_bits(data: bytes, is_v6: bool, dice: Random) -> bytes:
    """The frame with one to three wrong bits in its key."""
    at = 14 + (40 if is_v6 else 20) + 4
    wrong = 0
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        wrong |= 1 << dice.randrange(32)
    key = int.from_bytes(data[at : at + 4], "big") ^ wrong
    return data[:at] + key.to_bytes(4, "big") + data[at + 4 :]
