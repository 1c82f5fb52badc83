"""Who is a host, and what counts for it: several addresses, one-sided captures, copies, quotes,
contradictions.
"""

from tests import build
from tests.worlds import (
    NOON,
    SECOND,
    TCP,
    UDP,
    VM1,
    VM2,
    A,
    B,
    Tape,
    Vm,
    diagnose_tapes,
    host_of,
    verdict_of,
    verdicts_of,
)

OLD, CURRENT, UNKNOWN = ("draft-00", "proven"), ("rfc7637", "proven"), ("unknown", "none")
GROUP = "239.1.1.1"


def test_a_host_that_only_receives_is_listed_and_unknown() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100)
    tape.send(A, B, 0x1E848100)
    diagnosis = diagnose_tapes(tape)
    host = host_of(diagnosis, B)
    assert verdict_of(diagnosis, B) == UNKNOWN
    assert (host.frames_sent, host.frames_received) == (0, 2)
    assert (host_of(diagnosis, A).frames_sent, host_of(diagnosis, A).frames_received) == (2, 0)


def test_a_multicast_destination_is_no_host() -> None:
    tape = Tape()
    tape.send(A, GROUP, 0x1E848100)
    tape.send(A, "255.255.255.255", 0x1E848100)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: CURRENT}
    assert host_of(diagnosis, A).frames_sent == 2
    assert diagnosis.pairs == []


def test_an_ipv6_multicast_destination_is_no_host() -> None:
    tape = Tape()
    tape.send("fd00::1", "ff05::1:3", 0x1E848100)
    assert list(diagnose_tapes(tape).hosts) == [build.ip("fd00::1")]


def test_hosts_come_in_numerical_order_ipv4_first() -> None:
    tape = Tape()
    tape.send("2001:db8::1", "2001:db8::2", 0x1E848100)
    tape.send("192.168.50.10", "192.168.50.9", 0x1E848100)
    addresses = list(diagnose_tapes(tape).hosts)
    assert addresses == [
        build.ip(a) for a in ("192.168.50.9", "192.168.50.10", "2001:db8::1", "2001:db8::2")
    ]


def test_a_repeated_packet_makes_no_low_octet_likely() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481)
    assert verdict_of(diagnose_tapes(tape.frames * 9), A) == UNKNOWN


def test_one_stream_that_is_proven_both_ways_proves_nothing() -> None:
    # VM 2 answers from two hosts' worth of keys: 0x00138905 is the partner of VSID 5001 and of TNI
    # 1280261.
    tape = Tape()
    tape.send(A, B, 0x00138905)
    tape.send(B, A, 0x00001389, VM2, VM1)
    tape.send(B, A, 0x13890500, VM2, VM1)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == UNKNOWN
    assert not host_of(diagnosis, A).contradiction


def test_the_key_of_an_unreachable_itself_is_no_evidence() -> None:
    tape = Tape()
    packet = tape.send(A, B, 0x1E848100)
    tape.unreachable(B, A, 0x1E848100, packet)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, B) == UNKNOWN
    assert host_of(diagnosis, B).frames_sent == 0


def test_traffic_that_is_not_nvgre_makes_no_host() -> None:
    tape = Tape()
    tape.web(A, B)
    tape.put(build.ipv4(A, B, UDP, build.udp(A, B, 1000, 4789, bytes(50))))
    tape.put(build.ipv4(A, B, 47, build.gre(bytes(40), key=5001, protocol=0x88BE)))
    tape.error(B, A, build.ipv4(A, B, TCP, build.tcp(A, B, 1, 2)))
    assert diagnose_tapes(tape).hosts == {}


def test_an_empty_capture_has_no_hosts() -> None:
    diagnosis = diagnose_tapes(Tape())
    assert (diagnosis.hosts, diagnosis.pairs, diagnosis.refusals, diagnosis.streams) == (
        {},
        [],
        [],
        [],
    )


def test_frames_of_one_vm_to_itself_through_two_hosts_prove_nothing_by_direction() -> None:
    # Source and destination MAC are the same: both directions are one and the same flow.
    mirror = Vm(VM1.mac, "10.1.1.77")
    tape = Tape()
    tape.send(A, B, 0x00200105, VM1, mirror)
    tape.send(B, A, 0x00300177, VM1, mirror)
    assert verdicts_of(diagnose_tapes(tape)) == {A: UNKNOWN, B: UNKNOWN}


def test_the_lowest_multicast_address_is_no_host_and_the_highest_unicast_address_is() -> None:
    tape = Tape()
    tape.send(A, "224.0.0.9", 0x1E848100)
    tape.send(A, "223.255.255.255", 0x1E848100)
    assert list(verdicts_of(diagnose_tapes(tape))) == [A, "223.255.255.255"]


def test_an_error_that_quotes_control_traffic_makes_no_host() -> None:
    tape = Tape()
    tape.error(B, A, Tape().send(A, B, 0xFFFFFF00)[:28])
    diagnosis = diagnose_tapes(tape)
    assert diagnosis.hosts == {}
    assert diagnosis.refusals[0].gre_key == 0xFFFFFF00


def test_a_stream_in_two_captures_lasts_from_the_first_frame_to_the_last() -> None:
    early, late = Tape(), Tape(now_ns=NOON + 100 * SECOND)
    early.send(A, B, 0x1E848100)
    late.send(A, B, 0x1E848100)
    for order, captures in (((early, late), (0, 1)), ((late, early), (1, 0))):
        (stream,) = diagnose_tapes(*order).streams
        assert stream.first == (NOON, captures[0], 1)
        assert stream.last == (NOON + 100 * SECOND, captures[1], 1)


def test_what_a_stream_carries_is_taken_from_its_frames_not_from_a_quote() -> None:
    # The quote comes first and has no customer addresses; a later quote of the inner IP header
    # needs them.
    packet = Tape().send(A, B, 0x1E848100)
    tape = Tape()
    tape.error(B, A, packet[:42])
    tape.send(A, B, 0x1E848100)
    tape.unreachable(B, A, 0xFFFFFF00, packet[42:])
    assert [refusal.gre_key for refusal in diagnose_tapes(tape).refusals] == [
        0x1E848100,
        0x1E848100,
    ]


def test_what_a_stream_carries_is_taken_from_its_first_frame_whichever_capture_has_it() -> None:
    late, early = Tape(now_ns=NOON + SECOND), Tape()
    late.send(A, B, 0x1E848100, Vm(VM1.mac, "10.1.1.99"))
    early.send(A, B, 0x1E848100)
    for tapes in ((late, early), (early, late)):
        (stream,) = diagnose_tapes(*tapes).streams
        assert stream.customer_addresses == bytes([10, 1, 1, 1, 10, 1, 1, 2])
