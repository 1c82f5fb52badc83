"""What the evidence holds of one VM pair: nets, silences, units, packets and their copies."""

import pytest

from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.intervals import parts
from nvgre_doctor.evidence.parts import Interval, Net, Packet, Part, PartKey
from tests import build
from tests.worlds import A6, B6, ICMP, TCP, UDP, VM1, VM2, A, B, Tape, Vm, scan_frames

KEY = 0x00138900
FAR = Vm("00:15:5d:0a:00:02", "10.1.2.2")


def parts_of(tape: Tape) -> list[tuple[PartKey, Part]]:
    return list(parts(scan_frames(tape.frames).units.packed.items()))


def only_interval(tape: Tape) -> Interval:
    ((_, part),) = parts_of(tape)
    (interval,) = part.intervals
    return interval


def nets(tape: Tape) -> list[tuple[Net, bool]]:
    return [(key.net, key.is_sure) for key, _ in parts_of(tape)]


def test_customers_of_one_24_are_one_subnet_and_others_are_routed() -> None:
    tape = Tape()
    tape.send(A, B, KEY, VM1, VM2)
    tape.send(A, B, KEY, VM1, FAR)
    tape.send(A, B, KEY, VM1, Vm(VM2.mac, "10.1.1.200"))
    found = {key.net: part.intervals[0].frames for key, part in parts_of(tape)}
    assert found == {Net.SUBNET: 2, Net.ROUTED: 1}
    assert {part.customer_addresses for _, part in parts_of(tape)} == {
        bytes([10, 1, 1, 1, 10, 1, 1, 2]),
        bytes([10, 1, 1, 1, 10, 1, 2, 2]),
    }


@pytest.mark.parametrize(
    ("destination", "net"),
    [("fd00:1::2", Net.SUBNET), ("fd00:1:0:1::2", Net.ROUTED), ("fd00:1:0:0:f::2", Net.SUBNET)],
)
def test_ipv6_customers_of_one_64_are_one_subnet(destination: str, net: Net) -> None:
    tape = Tape()
    packet = build.ipv6("fd00:1::1", destination, UDP, bytes(8))
    frame = build.inner_frame(VM1.mac, VM2.mac, packet, 0x86DD)
    tape.put(build.nvgre(A, B, KEY, frame))
    assert nets(tape) == [(net, True)]


def test_arp_and_broadcasts_are_link_local() -> None:
    tape = Tape()
    everybody = "ff:ff:ff:ff:ff:ff"
    arp = build.inner_frame(VM1.mac, everybody, build.arp(VM1.mac, VM1.ip, FAR.ip), 0x0806)
    tape.put(build.nvgre(A, B, KEY, arp))
    tape.send(A, B, KEY, VM1, Vm("ff:ff:ff:ff:ff:ff", "255.255.255.255"))
    assert nets(tape) == [(Net.SUBNET, True)]


def test_a_frame_without_customer_addresses_is_of_an_unknown_net() -> None:
    tape = Tape()
    tape.put(build.nvgre(A, B, KEY, build.inner_frame(VM1.mac, VM2.mac, bytes(40), 0x88CC)))
    assert nets(tape) == [(Net.UNKNOWN, True)]


ERROR = build.ipv4(VM1.ip, VM2.ip, ICMP, build.icmp(3, 10, bytes(28)))
PING = build.ipv4(VM1.ip, VM2.ip, ICMP, build.echo())


@pytest.mark.parametrize(
    ("inner", "kept", "is_sure"),
    [
        (ERROR, 48, False),
        (ERROR, 21, False),  # only its type
        (ERROR, 20, False),  # ICMP, and nothing more
        (PING, 20, False),
        (PING, 21, True),
        (PING, 10, False),  # ICMP, and nothing more
        (PING, 9, False),  # cut before its protocol
        (build.ipv4(VM1.ip, VM2.ip, TCP, bytes(20)), 10, True),
        (build.ipv4(VM1.ip, VM2.ip, TCP, bytes(20)), 9, False),
        (b"", 0, False),
    ],
)
def test_what_may_be_the_hosts_own_message_is_not_sure(
    inner: bytes, kept: int, is_sure: bool
) -> None:
    tape = Tape(snaplen=14 + 20 + 8 + 14 + kept)
    tape.send(A, B, KEY, inner=inner)
    assert [sure for _, sure in nets(tape)] == [is_sure]


def test_a_frame_that_is_cut_before_the_inner_ethertype_is_a_sign_of_life_only() -> None:
    tape = Tape(snaplen=14 + 20 + 8 + 13)
    tape.send(A, B, KEY)
    interval = only_interval(tape)
    assert interval.units == ()
    assert (interval.frames, interval.first.frame_number, interval.last.frame_number) == (1, 1, 1)


def numbered(tape: Tape, *orders: int, ttl: int = 128, key: int = KEY) -> None:
    for order in orders:
        frame = build.inner_frame(VM1.mac, VM2.mac, PING)
        packet = build.ipv4(A, B, 47, build.gre(frame, key=key), ttl=ttl, ident=order)
        tape.put(packet)


def test_the_two_smallest_packets_are_kept_with_their_copies() -> None:
    tape = Tape()
    numbered(tape, 9, 7, 8, 7, 300)
    numbered(tape, 7, ttl=127)
    (unit,) = only_interval(tape).units
    assert unit.frames == 6
    assert [(p.order, p.frames, p.hop_limit) for p in unit.packets] == [(7, 3, 128), (8, 1, 128)]
    assert unit.weight == 2


def test_copies_of_one_packet_weigh_as_one() -> None:
    tape = Tape()
    numbered(tape, *[5] * 40)
    (unit,) = only_interval(tape).units
    assert (unit.frames, unit.weight) == (40, 1)
    numbered(tape, *range(6, 46))
    (unit,) = only_interval(tape).units
    assert (unit.frames, unit.weight) == (80, 2)


def test_the_weight_counts_packets_and_not_copies() -> None:
    tape = Tape()
    for order in range(1, 41):
        numbered(tape, order, order)
    (unit,) = only_interval(tape).units
    assert (unit.frames, unit.weight) == (80, 40)


def test_without_an_identification_the_inner_one_tells_packets_apart() -> None:
    tape = Tape()
    for order in (3, 2, 2):
        inner = build.ipv4(VM1.ip, VM2.ip, TCP, bytes(20), ident=order)
        frame = build.inner_frame(VM1.mac, VM2.mac, inner)
        tape.put(build.ipv4(A, B, 47, build.gre(frame, key=KEY), ident=0))
        tape.put(build.nvgre(A6, B6, KEY, frame))
    for _, part in parts_of(tape):
        ((unit,),) = (interval.units for interval in part.intervals)
        assert [(packet.order, packet.frames) for packet in unit.packets] == [(2, 2), (3, 1)]


def test_keys_are_units_and_units_share_an_interval() -> None:
    tape = Tape()
    numbered(tape, 1, key=KEY | 7)
    numbered(tape, 2, key=KEY | 5)
    numbered(tape, 3, key=KEY | 7)
    interval = only_interval(tape)
    assert [(unit.low_octet, unit.frames) for unit in interval.units] == [(5, 1), (7, 2)]
    assert (interval.first.frame_number, interval.last.frame_number) == (1, 3)


def intervals_of(tape: Tape) -> list[tuple[int, int, int]]:
    return [
        (interval.first.frame_number, interval.last.frame_number, interval.frames)
        for _, part in parts_of(tape)
        for interval in part.intervals
    ]


def test_more_than_twenty_seconds_without_a_frame_divide_a_part() -> None:
    tape = Tape()
    numbered(tape, 1)
    tape.wait(19)
    numbered(tape, 2)
    tape.wait(21)
    numbered(tape, 3, 4)
    assert intervals_of(tape) == [(1, 2, 2), (3, 4, 2)]


def test_a_unit_is_silent_while_another_one_of_its_part_is_not() -> None:
    tape = Tape()
    for octet in (1, 2, 3, 1):
        numbered(tape, octet, key=KEY | octet)
        tape.wait(15)
    assert intervals_of(tape) == [(1, 4, 4)]


def test_a_clock_that_was_set_back_divides_too() -> None:
    tape = Tape()
    numbered(tape, 1, 2)
    tape.wait(-3500)
    numbered(tape, 3)
    assert intervals_of(tape) == [(1, 2, 2), (3, 3, 1)]


def test_of_many_silences_the_sixteen_longest_are_kept() -> None:
    tape = Tape()
    for number in range(30):
        numbered(tape, 1 + number)
        tape.wait(100 if number < 20 else 30)
    assert [frames for _, _, frames in intervals_of(tape)] == [1] * 16 + [14]


def conversation(tape: Tape) -> list[int]:
    return [packet.conversation for packet in only_interval(tape).units[0].packets]


def tcp(one: Vm, two: Vm, source: int, destination: int) -> bytes:
    return build.ipv4(one.ip, two.ip, TCP, build.tcp(one.ip, two.ip, source, destination))


def test_both_directions_of_a_conversation_are_one() -> None:
    there, back = Tape(), Tape()
    there.send(A, B, KEY, VM1, VM2, tcp(VM1, VM2, 50000, 443))
    back.send(B, A, KEY, VM2, VM1, tcp(VM2, VM1, 443, 50000))
    assert conversation(there) == conversation(back) != [0]
    other = Tape()
    other.send(A, B, KEY, VM1, VM2, tcp(VM1, VM2, 50001, 443))
    assert conversation(other) not in ([0], conversation(there))


@pytest.mark.parametrize(
    "inner",
    [PING, tcp(VM1, VM2, 443, 443), tcp(VM1, VM2, 1023, 80), tcp(VM1, VM2, 50000, 50000)],
    ids=["ping", "same", "well-known", "same high"],
)
def test_what_tells_no_conversation(inner: bytes) -> None:
    tape = Tape()
    tape.send(A, B, KEY, inner=inner)
    assert conversation(tape) == [0]


def test_copies_agree_in_their_digest_and_packets_do_not() -> None:
    evidence = CaptureEvidence()
    for ttl, tags in ((128, ()), (120, [(0x8100, 7)])):
        tape = Tape()
        frame = build.inner_frame(VM1.mac, VM2.mac, PING)
        tape.put(build.ipv4(A, B, 47, build.gre(frame, key=KEY), ttl=ttl, ident=5), tags)
        ((_, part),) = parts_of(tape)
        evidence += scan_frames(tape.frames)
        (packet,) = part.intervals[0].units[0].packets
    other = Tape()
    numbered(other, 6)
    ((_, part),) = parts_of(other)
    (different,) = part.intervals[0].units[0].packets
    assert different.digest != packet.digest
    ((_, part),) = parts(evidence.units.packed.items())
    assert part.intervals[0].units[0].packets == (Packet(5, packet.digest, 2, 128, 0),)
