"""Whole frames, and every reason why a frame is no NVGRE."""

import pytest

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.facts import Nvgre, Other
from tests import build
from tests.wire.packet import A6, B6, HOP, PACKET, VM_A, VM_B, A, B, facts


def test_the_smallest_nvgre_packet_is_read_byte_for_byte():
    frame = bytes.fromhex(
        "02000000000202000000000108004500002a00000000802f552ac0a83201c0a83202"  # Ethernet, IPv4
        "2000655800001389"  # GRE: K=1, transparent Ethernet, key
        "00155d0a000200155d0a00010806"  # inner Ethernet
    )
    assert facts(frame) == Nvgre(
        source=A,
        destination=B,
        gre_key=0x00001389,
        gre_flags=0x2000,
        hop_limit=128,
        inner_destination_mac=VM_B,
        inner_source_mac=VM_A,
        inner_ethertype=0x0806,
    )


def over_ip(protocol, payload, **options):
    return build.ipv4("192.168.50.1", "192.168.50.2", protocol, payload, **options)


VXLAN = build.udp("192.168.50.1", "192.168.50.2", 49152, 4789, b"\x08" + bytes(60))
OTHER = [
    (over_ip(17, VXLAN), Other(Oddity.VXLAN, A, B)),
    (build.ipv6("fd00:10::1", "fd00:10::2", 17, VXLAN), Other(Oddity.VXLAN, A6, B6)),
    (
        build.ipv6("fd00:10::1", "fd00:10::2", 17, VXLAN, extensions=[HOP]),
        Other(Oddity.VXLAN, A6, B6),
    ),
    (over_ip(17, build.udp("192.168.50.1", "192.168.50.2", 4789, 53)), Other(Oddity.NOT_GRE, A, B)),
    (
        over_ip(6, build.tcp("192.168.50.1", "192.168.50.2", 49152, 443)),
        Other(Oddity.NOT_GRE, A, B),
    ),
    (over_ip(1, build.echo()), Other(Oddity.NOT_GRE, A, B)),
    (
        over_ip(1, build.icmp(4, 0, PACKET)),
        Other(Oddity.NOT_GRE, A, B),
    ),  # source quench (RFC 6633: deprecated)
    (over_ip(1, build.icmp(3, 10, PACKET), fragment=0x00B9), Other(Oddity.NOT_GRE, A, B)),
    (over_ip(1, b"\x03"), Other(Oddity.MALFORMED, A, B)),
    (over_ip(58, build.icmp(1, 1, PACKET)), Other(Oddity.NOT_GRE, A, B)),  # ICMPv6 in IPv4
    (over_ip(50, bytes(40)), Other(Oddity.NOT_GRE, A, B)),
    (over_ip(4, PACKET), Other(Oddity.NOT_GRE, A, B)),  # a tunnel in a tunnel is not opened
]


@pytest.mark.parametrize(("packet", "expected"), OTHER)
def test_other_traffic_says_what_it_is(packet, expected):
    assert facts(build.ethernet(packet)) == expected
