"""What proven means: a margin of two packets, named assumptions, and silence where both fit."""

import pytest

from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.vocabulary import Confidence, Layout, PairVerdict, Sender
from tests.worlds import VM1, VM2, VM3, VM4, A, B, Tape, diagnose_tapes

OLD_5001, NEW_5001 = 0x00001389, 0x00138900
BAND = 0x00200000  # fits both layouts
SPREAD = (5, 18, 33, 57, 80, 101, 142, 171, 190, 215, 233, 250)


def judged(tape: Tape) -> dict[str, tuple[str, str]]:
    """Layout and confidence by the last octet of the provider address."""
    hosts = diagnose_tapes(tape).hosts.values()
    return {
        ".".join(map(str, host.address)): (str(host.layout), str(host.confidence)) for host in hosts
    }


def host_of(tape: Tape, address: str) -> HostVerdict:
    packed = bytes(map(int, address.split(".")))
    return diagnose_tapes(tape).hosts[packed]


@pytest.mark.parametrize(("packets", "confidence"), [(1, "likely"), (2, "proven"), (3, "proven")])
def test_one_packet_of_one_reading_is_likely_and_two_are_proven(
    packets: int, confidence: str
) -> None:
    tape = Tape()
    for number in range(packets):
        tape.send(A, B, 0x12345600, VM1, VM2, ident=number + 1)
    assert judged(tape)[A] == ("rfc7637", confidence)


def test_copies_of_one_packet_are_one_packet() -> None:
    tape = Tape()
    for _ in range(4):
        tape.send(A, B, 0x12345600, VM1, VM2, ident=7)
    assert judged(tape)[A] == ("rfc7637", "likely")


def test_the_mismatch_itself_proves_both_hosts_whatever_the_range() -> None:
    tape = Tape()
    for number in range(3):
        tape.send(A, B, BAND, VM1, VM2, ident=2 * number + 1)
        tape.send(B, A, BAND << 8, VM2, VM1, ident=2 * number + 2)
    assert judged(tape) == {A: ("draft-00", "proven"), B: ("rfc7637", "proven")}
    (pair,) = diagnose_tapes(tape).pairs
    assert (pair.verdict, pair.confidence) == (PairVerdict.MISMATCH, Confidence.PROVEN)


def test_one_frame_each_way_makes_no_proven_mismatch() -> None:
    tape = Tape()
    tape.send(A, B, BAND, VM1, VM2, ident=1)
    tape.send(B, A, BAND << 8, VM2, VM1, ident=2)
    assert "proven" not in {confidence for _, confidence in judged(tape).values()}


def test_one_key_both_ways_that_fits_both_layouts_proves_neither() -> None:
    tape = Tape()
    for number in range(5):
        tape.send(A, B, BAND + 0x17, VM1, VM2, ident=2 * number + 1)
        tape.send(B, A, BAND + 0x17, VM2, VM1, ident=2 * number + 2)
    assert "proven" not in {confidence for _, confidence in judged(tape).values()}


@pytest.mark.parametrize(
    ("octets", "confidence"),
    [((3, 4), "none"), ((1, 2, 3, 4, 5), "none"), (SPREAD, "proven")],
    ids=["two neighbours", "five neighbours", "many and spread"],
)
def test_low_octets_are_flow_ids_only_where_they_are_many_and_spread(
    octets: tuple[int, ...], confidence: str
) -> None:
    tape = Tape()
    for number, octet in enumerate(octets * 2):
        tape.send(A, B, BAND | octet, VM1, VM2, ident=number + 1)
    layout, sure = judged(tape)[A]
    if confidence == "proven":
        assert (layout, sure) == ("rfc7637", "proven")
    else:
        assert sure != "proven"


def test_a_peer_of_a_proven_host_is_proven_where_they_share_a_tenant() -> None:
    tape = Tape()
    for number in range(3):
        tape.send(A, B, 0x12345600, VM3, VM4, ident=3 * number + 1)  # A is new by value
        tape.send(A, B, BAND, VM1, VM2, ident=3 * number + 2)
        tape.send(B, A, BAND, VM2, VM1, ident=3 * number + 3)
    assert judged(tape)[B] == ("rfc7637", "proven")
    reasons = host_of(tape, B).reasons
    assert {"A3", "A4"} <= {str(word) for reason in reasons for word in reason.assumes}


def updated_after(silence: float) -> HostVerdict:
    tape = Tape()
    for number in range(3):
        tape.send(A, B, OLD_5001, VM1, VM2, ident=number + 1)
    tape.wait(silence)
    for number in range(3):
        tape.send(A, B, 0x12345600, VM1, VM2, ident=number + 101)
    return host_of(tape, A)


def test_a_change_over_a_silence_of_more_than_20_seconds_is_proven() -> None:
    host = updated_after(21)
    assert (host.layout, host.confidence) == (Layout.CURRENT, Confidence.PROVEN)
    (change,) = host.changes
    assert (change.before, change.after) == (Layout.OLD, Layout.CURRENT)
    assert (change.last_before.frame_number, change.at.frame_number) == (3, 4)


def test_without_such_a_silence_nothing_of_a_change_is_proven() -> None:
    host = updated_after(19)
    assert host.confidence is not Confidence.PROVEN


def test_ids_of_one_vm_pair_that_nothing_makes_equal_are_a_contradiction() -> None:
    tape = Tape()
    for number in range(3):
        tape.send(A, B, 0x12345600, VM1, VM2, ident=2 * number + 1)
        tape.send(B, A, 0x55667700, VM2, VM1, ident=2 * number + 2)
    (found,) = diagnose_tapes(tape).contradictions
    assert set(found.gre_keys) == {0x12345600, 0x55667700}


def test_a_single_frame_that_contradicts_many_is_a_stray_and_not_used() -> None:
    tape = Tape()
    for number in range(30):
        tape.send(A, B, 0x12345600, VM1, VM2, ident=number + 1)
        if number == 15:
            tape.send(A, B, 0x00123456, VM1, VM2, ident=900)
    assert judged(tape)[A] == ("rfc7637", "proven")
    (stray,) = diagnose_tapes(tape).strays
    assert (stray.gre_key, stray.at.frame_number) == (0x00123456, 17)


def test_a_sender_with_ttl_64_and_foreign_guests_is_no_hyper_v_host() -> None:
    tape = Tape()
    for number in range(4):
        tape.send(A, B, OLD_5001, VM1, VM2, ident=2 * number + 1, ttl=64)
        tape.send(B, A, OLD_5001, VM2, VM1, ident=2 * number + 2, ttl=64)
    assert host_of(tape, A).sender is not Sender.HYPER_V
    assert host_of(tape, A).confidence is not Confidence.PROVEN


def test_a_packet_seen_in_two_captures_is_told_as_a_copy() -> None:
    one, two = Tape(), Tape()
    for tape in (one, two):
        for number in range(2):
            tape.send(A, B, 0x12345600, VM1, VM2, ident=number + 1)
    (copies,) = diagnose_tapes(one, two).copies
    assert (copies.packets, {copies.capture, copies.other_capture}) == (2, {0, 1})
