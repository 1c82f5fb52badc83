"""Keys that a host may only repeat are no evidence of its layout: UNREACHABLE messages that the
capture cuts, or that are quoted.

MS-NVGREE does not say which key an UNREACHABLE carries; here it carries the key that it refuses,
which is the hard case.
"""

import pytest

from nvgre_doctor.infer.gathering import without_echoes
from tests import build
from tests.worlds import (
    A6,
    B6,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    Tape,
    diagnose_tapes,
    reasons_of,
    verdict_of,
    verdicts_of,
)

OLD, CURRENT, UNKNOWN = ("draft-00", "proven"), ("rfc7637", "proven"), ("unknown", "none")
A_KEY, B_KEY = 0x1E848100, 0x001E8481
ROUTER = "192.168.50.254"


def refused(snaplen: int, answered: bool) -> Tape:
    """A is current, B is old and refuses what A sends; the VM behind B sends too, if `answered`."""
    tape = Tape(snaplen=snaplen)
    packet = tape.send(A, B, A_KEY)
    if answered:
        tape.send(B, A, B_KEY, VM2, VM1)
    tape.unreachable(B, A, A_KEY, packet)
    return tape


@pytest.mark.parametrize("snaplen", [54, 64, 68, 75])
def test_an_unreachable_that_is_cut_before_its_addresses_proves_nothing_about_its_host(
    snaplen: int,
) -> None:
    assert verdicts_of(diagnose_tapes(refused(snaplen, answered=True))) == {A: CURRENT, B: OLD}
    assert reasons_of(diagnose_tapes(refused(snaplen, answered=True)), B) == {
        ("both-directions", "draft-00")
    }


@pytest.mark.parametrize("snaplen", [54, 64, 68, 75])
def test_where_nothing_tells_data_from_an_echo_neither_host_is_proven(snaplen: int) -> None:
    assert verdicts_of(diagnose_tapes(refused(snaplen, answered=False))) == {A: UNKNOWN, B: UNKNOWN}


@pytest.mark.parametrize("snaplen", [96, 115])
def test_with_ipv6_a_snap_length_of_96_is_short(snaplen: int) -> None:
    tape = Tape(snaplen=snaplen)
    packet = tape.send(A6, B6, A_KEY)
    tape.unreachable(B6, A6, A_KEY, packet, (1, 1))
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A6) == CURRENT
    assert verdict_of(diagnosis, B6) == UNKNOWN


def test_an_unreachable_that_an_icmp_error_quotes_proves_nothing_about_its_host() -> None:
    # A router drops B's UNREACHABLE and quotes its first 28 bytes.
    tape = Tape()
    packet = tape.send(A, B, A_KEY)
    message = Tape().unreachable(B, A, A_KEY, packet)
    tape.error(ROUTER, B, message[:28], (3, 13))
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == CURRENT
    assert verdict_of(diagnosis, B) == UNKNOWN


def test_data_that_is_cut_short_proves_as_much_as_ever_while_nobody_repeats_it() -> None:
    tape = Tape(snaplen=60)
    tape.ping(A, B, 0x1E848117, B_KEY)
    tape.send(A, B, 0x0F424000, VM3, VM4)
    assert verdicts_of(diagnose_tapes(tape)) == {A: CURRENT, B: OLD}


def test_one_key_in_both_directions_of_a_vm_pair_is_no_echo() -> None:
    tape = Tape(snaplen=60)
    tape.ping(A, B, A_KEY, A_KEY)
    assert verdicts_of(diagnose_tapes(tape)) == {A: CURRENT, B: CURRENT}


def test_frames_that_are_not_ip_count_beside_others_with_the_same_key() -> None:
    # No customer addresses to be seen in LLC frames, but the two VMs answer each other.
    spanning_tree = b"\x42\x42\x03" + bytes(35)
    tape = Tape()
    tape.ping(A, B, A_KEY, A_KEY)
    for source, destination, one, two in ((A, B, VM3, VM4), (B, A, VM4, VM3)):
        tape.put(
            build.nvgre(
                source,
                destination,
                A_KEY,
                build.inner_frame(one.mac, two.mac, spanning_tree, ethertype=38),
            )
        )
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: CURRENT, B: CURRENT}
    assert len([w for w in diagnosis.hosts[build.ip(B)].witnesses if w.kind == "range"]) == 2


def test_two_hosts_that_refuse_each_other_are_not_taken_for_two_vms() -> None:
    # With both messages cut, the MACs of the hosts look like a VM pair that is heard both ways.
    tape = Tape(snaplen=64)
    tape.unreachable(B, A, A_KEY, tape.send(A, B, A_KEY))
    there = tape.send(B, A, B_KEY, VM2, VM1)
    message = build.ipv4(A, B, 1, build.icmp(3, 10, there))
    frame = build.inner_frame("3c:d9:2b:f0:50:01", "3c:d9:2b:f0:50:02", message)
    tape.put(build.nvgre(A, B, B_KEY, frame))
    assert verdicts_of(diagnose_tapes(tape)) == {A: UNKNOWN, B: UNKNOWN}


def two_that_refuse(snaplen: int) -> Tape:
    """A sends data and an UNREACHABLE, B an UNREACHABLE: cut, the two messages look like VMs that
    answer each other.
    """
    tape = Tape(snaplen=snaplen)
    tape.unreachable(B, A, A_KEY, b"")
    message = build.ipv4(A, B, 1, build.icmp(3, 10))
    frame = build.inner_frame("3c:d9:2b:f0:50:01", "3c:d9:2b:f0:50:02", message)
    tape.put(build.nvgre(A, B, B_KEY, frame))
    return tape


def test_what_repeats_a_key_of_data_is_no_evidence_even_if_it_looks_answered() -> None:
    # One capture has A's data with its customer addresses, the other one has only headers.
    data = Tape()
    data.send(A, B, A_KEY)
    assert verdicts_of(diagnose_tapes(data, two_that_refuse(64))) == {A: CURRENT, B: UNKNOWN}


def test_one_vm_pair_that_is_answered_is_enough_to_take_a_key_for_that_of_its_host() -> None:
    tape = two_that_refuse(64)
    tape.send(A, B, A_KEY, VM1, VM2)
    tape.send(B, A, 0x0F424100, VM2, VM1)
    for first, second in ((VM3, VM4), (VM4, VM3)):
        tape.send(A, B, A_KEY, first, second)
    kept = [
        s.upper_bits
        for s in without_echoes(diagnose_tapes(tape).streams)
        if s.source == build.ip(B)
    ]
    assert kept == [0x0F4241]


def test_without_frames_that_are_cut_nothing_is_an_echo() -> None:
    tape = Tape()
    tape.ping(A, B, A_KEY, A_KEY)
    streams = diagnose_tapes(tape).streams
    assert without_echoes(streams) == streams
