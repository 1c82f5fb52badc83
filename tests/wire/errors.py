"""ICMP errors on the underlay and inside NVGRE, and the quotes that they must give."""

from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import IcmpError, Nvgre, Quote, QuoteKind
from tests import build

A, B, ROUTER = bytes([192, 168, 50, 1]), bytes([192, 168, 50, 2]), bytes([192, 168, 50, 254])
A6 = bytes.fromhex("fd000010000000000000000000000001")
B6 = bytes.fromhex("fd000010000000000000000000000002")
VM_A, VM_B = bytes.fromhex("00155d0a0001"), bytes.fromhex("00155d0a0002")
GUEST_A, GUEST_B = bytes([10, 0, 0, 4]), bytes([10, 0, 0, 5])

# The refused packet: host A sent it to host B, from guest 10.0.0.4 to guest 10.0.0.5.
CUSTOMER_IP = build.ipv4("10.0.0.4", "10.0.0.5", 1, build.echo())
CUSTOMER = build.inner_frame("00:15:5d:0a:00:01", "00:15:5d:0a:00:02", CUSTOMER_IP)
GRE = build.gre(CUSTOMER, key=0x00001389)
REFUSED = build.ipv4("192.168.50.1", "192.168.50.2", 47, GRE)
REFUSED6 = build.ipv6("fd00:10::1", "fd00:10::2", 47, GRE)

INNER_FACTS = {
    "inner_destination_mac": VM_B,
    "inner_source_mac": VM_A,
    "inner_source": GUEST_A,
    "inner_destination": GUEST_B,
}
QUOTE_IP = Quote(QuoteKind.OUTER_IP, source=A, destination=B, gre_key=0x00001389, **INNER_FACTS)
QUOTE_IP6 = QUOTE_IP._replace(source=A6, destination=B6)
QUOTE_GRE = Quote(QuoteKind.BARE_GRE, gre_key=0x00001389, **INNER_FACTS)
QUOTE_CUSTOMER = Quote(QuoteKind.INNER_IP, inner_source=GUEST_A, inner_destination=GUEST_B)
QUOTE_ETHERNET = Quote(QuoteKind.INNER_ETHERNET, **INNER_FACTS)
NOTHING = Quote(QuoteKind.NONE)


def error(packet, linktype=101):
    facts = decode(linktype, packet, len(packet))
    if isinstance(facts, Nvgre):
        facts = facts.inner_error
    assert isinstance(facts, IcmpError)
    return facts


def outer(quote, type=3, code=10, src="192.168.50.2", rest=0):
    return build.ipv4(src, "192.168.50.1", 1, build.icmp(type, code, quote, rest))


def outer6(quote, type=1, code=1, rest=0):
    message = build.icmp6("fd00:10::2", "fd00:10::1", type, code, quote, rest)
    return build.ipv6("fd00:10::2", "fd00:10::1", 58, message)


def inner(quote, *, src="192.168.50.2", dst="192.168.50.1", type=3, code=10, key=0x00001389):
    """An error inside NVGRE, from host B to host A; `src` and `dst` are the addresses of the error
    itself.
    """
    packet = build.ipv4(src, dst, 1, build.icmp(type, code, quote))
    frame = build.inner_frame("02:00:00:00:00:02", "02:00:00:00:00:01", packet)
    return build.nvgre("192.168.50.2", "192.168.50.1", key, frame)


def inner6(quote, *, key=0x00001389, src="fd00:10::2", dst="fd00:10::1", type=1, code=1):
    packet = build.ipv6(src, dst, 58, build.icmp6(src, dst, type, code, quote))
    frame = build.inner_frame("02:00:00:00:00:02", "02:00:00:00:00:01", packet)
    return build.nvgre("fd00:10::2", "fd00:10::1", key, frame)
