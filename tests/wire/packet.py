"""The packet that the decoder tests vary, and the facts that it must give."""

from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import Nvgre
from tests import build

A, B = bytes([192, 168, 50, 1]), bytes([192, 168, 50, 2])
A6 = bytes.fromhex("fd000010000000000000000000000001")
B6 = bytes.fromhex("fd000010000000000000000000000002")
VM_A, VM_B = bytes.fromhex("00155d0a0001"), bytes.fromhex("00155d0a0002")
MAC_A, MAC_B = "00:15:5d:0a:00:01", "00:15:5d:0a:00:02"
KEY = 0x00138900

PING = build.ipv4("10.0.0.4", "10.0.0.5", 1, build.echo())
FRAME = build.inner_frame(MAC_A, MAC_B, PING)
PACKET = build.nvgre("192.168.50.1", "192.168.50.2", KEY, FRAME)
PACKET6 = build.nvgre("fd00:10::1", "fd00:10::2", KEY, FRAME)

GRE = build.gre(FRAME, key=KEY)

Q, AD, OLD_1, OLD_2 = (0x8100, 0x2064), (0x88A8, 200), (0x9100, 7), (0x9200, 8)
ROUTER_ALERT = bytes.fromhex("94040000")
HOP, ROUTE, DEST = (0, b"\x05\x02\x00\x00\x01\x00"), (43, bytes(14)), (60, bytes(22))
AH, MOBILITY = (51, bytes(22)), (135, bytes(6))
ATOMIC, FIRST, LATER = (44, bytes(6)), (44, b"\x00\x01" + bytes(4)), (44, b"\x00\xb9" + bytes(4))
"""IPv6 extension headers: number, and what follows the first two bytes."""

FACTS = Nvgre(
    source=A,
    destination=B,
    gre_key=0x00138900,
    gre_flags=0x2000,
    hop_limit=128,
    is_fragment=False,
    inner_destination_mac=VM_B,
    inner_source_mac=VM_A,
    inner_ethertype=0x0800,
    inner_source=bytes([10, 0, 0, 4]),
    inner_destination=bytes([10, 0, 0, 5]),
    inner_error=None,
)
FACTS6 = FACTS._replace(source=A6, destination=B6)


def facts(frame, linktype=1):
    return decode(linktype, frame, len(frame))


def packet4(gre, **options):
    return build.ethernet(build.ipv4("192.168.50.1", "192.168.50.2", 47, gre, **options))


def packet6(gre, **options):
    return build.ethernet(build.ipv6("fd00:10::1", "fd00:10::2", 47, gre, **options))


def with_inner(frame):
    return facts(packet4(build.gre(frame, key=KEY)))
