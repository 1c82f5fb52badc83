"""Frames of every shape that the decoder knows, as (name, linktype, frame).  From `tests.build`
alone.
"""

from itertools import product

from tests import build
from tests.build_shims import SHIMS, shimmed

MAC_A, MAC_B = "00:15:5d:0a:00:01", "00:15:5d:0a:00:02"
Q, AD, OLD = (0x8100, 100), (0x88A8, 200), (0x9100, 300)

TAGS = {"untagged": (), "vlan": (Q,), "qinq": (AD, Q), "old-qinq": (OLD, Q)}
LINKTYPES = (1, 113, 276, 0, 108, 12, 14, 101)

PING = build.ipv4("10.0.0.4", "10.0.0.5", 1, build.echo())
PING6 = build.ipv6("fd00::4", "fd00::5", 58, build.echo6("fd00::4", "fd00::5"))
INNER = {
    "ping": build.inner_frame(MAC_A, MAC_B, PING),
    "ping6": build.inner_frame(MAC_A, MAC_B, PING6),
    "arp": build.inner_frame(MAC_A, MAC_B, build.arp(MAC_A, "10.0.0.4", "10.0.0.5")),
    "tagged": build.inner_frame(MAC_A, MAC_B, PING, tags=(Q,)),
}
GRE = {
    "plain": {"key": 0x00138900},
    "checksum": {"key": 0x00138947, "checksum": True},
    "sequence": {"key": 0x00001389, "sequence": 7},
    "all": {"key": 0x5B8D8001, "checksum": True, "sequence": 7},
    "ack-bit": {"key": 0x00001389, "flags": 0x2080},
}
OUTER = {
    "ipv4": ("192.168.50.1", "192.168.50.2", {}),
    "options": ("192.168.50.1", "192.168.50.2", {"options": bytes.fromhex("94040000"), "ttl": 64}),
    "first-fragment": ("192.168.50.1", "192.168.50.2", {"fragment": 0x2000}),
    "later-fragment": ("192.168.50.1", "192.168.50.2", {"fragment": 0x00B9}),
    "offload": ("192.168.50.1", "192.168.50.2", {"total_length": 0}),
    "ipv6": ("fd00:10::1", "fd00:10::2", {}),
    "chain": (
        "fd00:10::1",
        "fd00:10::2",
        {"extensions": [(0, b"\x05\x02\0\0\1\0"), (60, b"\1\4" + bytes(4))]},
    ),
    "fragment6": (
        "fd00:10::1",
        "fd00:10::2",
        {"extensions": [(44, b"\0\1" + bytes(4))], "hop_limit": 63},
    ),
}


def _outer(name, protocol, payload):
    source, destination, options = OUTER[name]
    return build.outer(source, destination, protocol, payload, **options)


def nvgre_frames():
    """Link layers x tags x outer IP x GRE x inner frame, the last two in turn."""
    links = [
        (linktype, tags)
        for linktype in LINKTYPES
        for tags in TAGS
        if linktype in (1, 113, 276) or not TAGS[tags]
    ]
    for index, ((linktype, tags), outer, gre) in enumerate(product(links, OUTER, GRE)):
        inner = list(INNER)[index % len(INNER)]
        packet = _outer(outer, 47, build.gre(INNER[inner], **GRE[gre]))
        yield (
            f"{linktype}-{tags}-{outer}-{gre}-{inner}",
            linktype,
            build.link(linktype, packet, tags=TAGS[tags]),
        )


REFUSED = build.nvgre("192.168.50.1", "192.168.50.2", 0x00001389, INNER["ping"])
REFUSED6 = build.nvgre("fd00:10::1", "fd00:10::2", 0x00001389, INNER["ping"])
TCP = build.ipv4(
    "192.168.50.1", "192.168.50.2", 6, build.tcp("192.168.50.1", "192.168.50.2", 49152, 445)
)
GUESTS_GRE = build.ipv4("10.0.0.4", "10.0.0.5", 47, build.gre(INNER["ping"], key=7))
QUOTES = {
    "outer-ip": REFUSED,
    "outer-28": REFUSED[:28],
    "outer-ip6": REFUSED6,
    "checksum": build.ipv4(
        "192.168.50.1", "192.168.50.2", 47, build.gre(INNER["ping"], key=0x1389, checksum=True)
    ),
    "bare-gre": REFUSED[20:],
    "inner-ip": PING,
    "inner-ip6": PING6,
    "inner-ethernet": INNER["ping"],
    "inner-tagged": INNER["tagged"],
    "tcp": TCP,
    "plain-gre": build.ipv4("192.168.50.1", "192.168.50.2", 47, build.gre(PING, protocol=0x0800)),
    "guests-gre": GUESTS_GRE,
    "nothing": b"",
}


def _message(source, destination, kind, code, quote):
    if ":" in source:
        return build.ipv6(
            source, destination, 58, build.icmp6(source, destination, kind, code, quote)
        )
    return build.ipv4(source, destination, 1, build.icmp(kind, code, quote))


def error_frames():
    """Every quote in an ICMP and an ICMPv6 error: on the underlay, from a host inside NVGRE, from a
    guest inside NVGRE.
    """
    for name, quote in QUOTES.items():
        yield (
            f"outer-{name}",
            1,
            build.ethernet(_message("192.168.50.2", "192.168.50.1", 3, 10, quote)),
        )
        yield f"outer6-{name}", 1, build.ethernet(_message("fd00:10::2", "fd00:10::1", 1, 1, quote))
        for where, source, destination in (
            ("host", "192.168.50.2", "192.168.50.1"),
            ("guest", "10.0.0.5", "10.0.0.4"),
            ("guest6", "fd00::5", "fd00::4"),
        ):
            kind, code = (1, 1) if ":" in source else (3, 10)
            frame = build.inner_frame(
                MAC_B, MAC_A, _message(source, destination, kind, code, quote)
            )
            packet = build.nvgre("192.168.50.2", "192.168.50.1", 0x00138900, frame)
            yield f"{where}-{name}", 1, build.ethernet(packet)


def other_frames():
    """Frames without NVGRE."""
    v4, v6 = ("192.168.50.1", "192.168.50.2"), ("fd00:10::1", "fd00:10::2")
    packets = {
        "vxlan": build.ipv4(
            *v4, 17, build.udp(*v4, 49152, 4789, b"\x08" + bytes(7) + INNER["ping"])
        ),
        "vxlan6": build.ipv6(
            *v6, 17, build.udp(*v6, 49152, 4789, b"\x08" + bytes(7) + INNER["ping"])
        ),
        "dns": build.ipv4(*v4, 17, build.udp(*v4, 49152, 53, bytes(12))),
        "tcp": TCP,
        "echo": build.ipv4(*v4, 1, build.echo()),
        "echo6": build.ipv6(*v6, 58, build.echo6(*v6)),
        "gre-without-key": build.ipv4(*v4, 47, build.gre(INNER["ping"])),
        "gre-ip": build.ipv4(*v4, 47, build.gre(PING, key=5001, protocol=0x0800)),
        "erspan": build.ipv4(
            *v4, 47, build.gre(bytes(8) + INNER["ping"], protocol=0x88BE, sequence=1)
        ),
    }
    for name, packet in packets.items():
        yield name, 1, build.ethernet(packet)
    for name in SHIMS:
        if name.startswith(("LLC", "802.1H")):  # of which tshark shows no EtherType
            continue
        yield f"shim: {name}", 1, shimmed(name, REFUSED)
    yield "arp", 1, build.ethernet(build.arp(MAC_A, "192.168.50.1", "192.168.50.2"))
    yield (
        "arp-tagged",
        1,
        build.ethernet(build.arp(MAC_A, "192.168.50.1", "192.168.50.2"), tags=(AD, Q)),
    )
