"""ICMP errors about NVGRE: which flow, which key, why, and which of them have nothing to do with
it.
"""

import pytest

from nvgre_doctor.infer.diagnosis import RefusalFacts, Spell
from nvgre_doctor.infer.hearsay import count_other_prohibited, is_prohibited, is_redirect
from nvgre_doctor.infer.refusals import find_refusals
from tests import build
from tests.worlds import (
    A6,
    B6,
    ICMP,
    TCP,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    Tape,
    Vm,
    diagnose_tapes,
    evidence_of,
    known_vsids,
    vm,
)

KEY = 0x1E848100
MACS = bytes.fromhex("00155d0a000200155d0a0001")


def refusals(*tapes: Tape) -> list[RefusalFacts]:
    return diagnose_tapes(*tapes).refusals


def only(*tapes: Tape) -> RefusalFacts:
    (refusal,) = refusals(*tapes)
    return refusal


def inner_of(packet: bytes) -> bytes:
    """The customer's Ethernet frame in an NVGRE packet over IPv4."""
    return packet[28:]


QUOTES = {
    "outer-ip": lambda packet: packet,
    "outer-ip, 28 bytes": lambda packet: packet[:28],
    "bare-gre": lambda packet: packet[20:],
    "bare-gre, 8 bytes": lambda packet: packet[20:28],
    "inner-ip": lambda packet: packet[42:],
    "inner-ip, 28 bytes": lambda packet: packet[42:70],
    "inner-ethernet": inner_of,
    "inner-ethernet, 14 bytes": lambda packet: packet[28:42],
}


@pytest.mark.parametrize("quote", QUOTES)
def test_each_kind_of_quote_inside_nvgre_leads_to_the_flow_and_its_key(quote: str) -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.unreachable(B, A, 0xFFFFFF00, QUOTES[quote](packet))
    refusal = only(tape)
    assert (refusal.source, refusal.destination) == (build.ip(A), build.ip(B))
    assert refusal.gre_key == KEY
    assert refusal.count == 1
    assert [at.frame_number for at in refusal.frames] == [2]
    assert (refusal.sign.is_inner, refusal.sign.version, refusal.sign.type, refusal.sign.code) == (
        True,
        4,
        3,
        10,
    )


@pytest.mark.parametrize("length", [28, 36, 48])
def test_an_error_on_the_underlay_that_quotes_an_ip_header_and_eight_bytes_is_enough(
    length: int,
) -> None:
    packet = Tape().send(A, B, KEY)
    tape = Tape()
    tape.error(B, A, packet[:length])
    refusal = only(tape)
    assert (refusal.source, refusal.destination, refusal.gre_key) == (build.ip(A), build.ip(B), KEY)
    assert not refusal.sign.is_inner


@pytest.mark.parametrize("length", [0, 1, 19, 20, 24])
def test_an_unreachable_whose_quote_is_cut_off_still_counts_with_the_outer_addresses(
    length: int,
) -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.unreachable(B, A, 0xFFFFFF00, packet[:length])
    refusal = only(tape)
    assert (refusal.source, refusal.destination, refusal.gre_key) == (
        build.ip(A),
        build.ip(B),
        None,
    )


def test_a_quote_that_fits_frames_of_two_keys_names_none() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.send(A, B, 0x1E848107)
    tape.unreachable(B, A, 0xFFFFFF00, packet[42:])
    assert only(tape).gre_key is None


def test_macs_tell_two_flows_with_the_same_customer_addresses_apart() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.send(A, B, 0x0F424000, vm(5), VM2, build.ipv4(VM1.ip, VM2.ip, ICMP, build.echo()))
    tape.unreachable(B, A, 0xFFFFFF00, inner_of(packet))
    assert only(tape).gre_key == KEY


def test_where_nothing_is_quoted_frames_without_macs_tell_no_key() -> None:
    tape, data = Tape(), Tape(snaplen=44)
    packet = data.send(A, B, KEY)
    tape.frames = data.frames
    tape.unreachable(B, A, 0xFFFFFF00, packet[:20])
    assert only(tape).gre_key is None


def test_guests_with_the_addresses_of_hosts_are_not_taken_for_them() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.send(A, B, 0x0F424000, Vm(VM3.mac, A), Vm(VM4.mac, B))
    tape.unreachable(B, A, 0xFFFFFF00, packet)
    assert only(tape).gre_key == KEY


def test_errors_of_one_kind_about_one_flow_and_key_are_counted_together() -> None:
    tape = Tape()
    for _ in range(7):
        tape.unreachable(B, A, 0xFFFFFF00, tape.send(A, B, KEY))
    tape.unreachable(B, A, 0xFFFFFF00, tape.send(A, B, 0x0F424000, VM3, VM4))
    found = refusals(tape)
    assert [(refusal.gre_key, refusal.count) for refusal in found] == [(0x0F424000, 1), (KEY, 7)]
    assert [at.frame_number for at in found[1].frames] == [2, 4, 6, 8, 10]


@pytest.mark.parametrize("kind", [(3, 2), (3, 3), (3, 4), (3, 9), (3, 13), (11, 0), (5, 10)])
def test_every_icmp_error_about_nvgre_is_a_refusal_and_only_3_10_has_a_cause(
    kind: tuple[int, int],
) -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x001E8481)
    tape.error(B, A, Tape().send(A, B, 0x1E848105)[:28], kind)
    refusal = only(tape)
    assert (refusal.sign.type, refusal.sign.code) == kind
    assert refusal.cause == "unknown"
    assert not is_prohibited(refusal.sign)
    assert is_redirect(refusal.sign) == (kind == (5, 10))


def test_the_next_hop_mtu_is_kept() -> None:
    tape = Tape()
    tape.error("192.168.50.254", A, Tape().send(A, B, KEY)[:28], (3, 4), rest=1500)
    assert only(tape).sign.next_hop_mtu == 1500


def test_icmpv6_prohibited_is_the_twin_of_3_10() -> None:
    tape = Tape()
    packet = tape.send(A6, B6, KEY)
    tape.unreachable(B6, A6, 0xFFFFFF00, packet, (1, 1))
    tape.error(B6, A6, packet[:48], (1, 1))
    found = refusals(tape)
    assert [(r.sign.version, r.sign.type, r.sign.code, r.gre_key, r.count) for r in found] == [
        (6, 1, 1, KEY, 1),
        (6, 1, 1, KEY, 1),
    ]
    assert [r.sign.is_inner for r in found] == [False, True]
    assert all(is_prohibited(refusal.sign) for refusal in found)


def test_the_icmpv6_redirect_is_one() -> None:
    tape = Tape()
    packet = tape.send(A6, B6, KEY)
    addresses = build.ip(B6) + build.ip("fd00:50::3")
    tape.unreachable(B6, A6, 0xFFFFFF00, addresses + packet[:48], (137, 1))
    assert is_redirect(only(tape).sign)


# --- the cause ---------------------------------------------------------------


def test_layouts_that_differ_are_the_cause() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x001E8481)
    tape.error(B, A, Tape().send(A, B, 0x1E848105)[:28])
    assert only(tape).cause == "layout-mismatch"


def test_layouts_that_agree_leave_the_policy() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.error(B, A, Tape().send(A, B, 0x1E848105)[:28])
    assert only(tape).cause == "policy"


def test_layouts_that_agree_by_one_packet_each_leave_the_cause_unknown() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.error(B, A, Tape().send(A, B, 0x1E848105)[:28])
    assert only(tape).cause == "unknown"


def test_a_layout_that_is_not_known_leaves_the_cause_unknown() -> None:
    tape = Tape()
    tape.send(A, B, KEY)
    tape.error(B, A, Tape().send(A, B, KEY)[:28])
    assert only(tape).cause == "unknown"


def test_a_layout_that_is_only_likely_explains_nothing() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900)
    tape.send(B, A, 0x00001771, VM4, VM3)
    tape.error(B, A, Tape().send(A, B, 0x00138900)[:28])
    assert only(tape).cause == "unknown"


def test_an_inventory_gives_the_cause() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905)
    tape.send(B, A, 0x00001389, VM4, VM3)
    tape.error(B, A, Tape().send(A, B, 0x00138905)[:28])
    assert [r.cause for r in diagnose_tapes(tape, inventory=known_vsids(5001)).refusals] == [
        "layout-mismatch"
    ]


def test_for_a_host_that_changed_the_layout_at_the_time_of_the_refusal_counts() -> None:
    tape = Tape()
    refused_before = tape.send(A, B, 0x1E848105)
    tape.send(B, A, 0x001E8481, VM2, VM1)
    tape.unreachable(B, A, 0x1E848105, refused_before)
    tape.send(B, A, 0x001E8481, VM2, VM1)
    tape.wait(300)
    tape.send(B, A, 0x1E848155, VM2, VM1)
    tape.send(B, A, 0x1E848155, VM2, VM1)
    tape.send(A, B, 0x1E848107, VM3, VM4)
    refused_after = tape.send(A, B, 0x1E848107, VM3, VM4)
    tape.unreachable(B, A, 0x1E848107, refused_after)
    assert [(r.gre_key, r.cause, r.spells) for r in refusals(tape)] == [
        (0x1E848105, "layout-mismatch", (Spell(0, 3, 3),)),
        (0x1E848107, "policy", (Spell(0, 9, 9),)),
    ]


def test_when_a_flow_was_refused_is_told_where_there_were_several_causes_only() -> None:
    """A and B refuse one key of each other, and B another one of A."""
    tape = Tape()
    tape.error(B, A, Tape().send(A, B, KEY)[:28])
    tape.error(A, B, Tape().send(B, A, KEY >> 8)[:28])
    tape.error(B, A, Tape().send(A, B, 0x0F424000)[:28])
    assert [(r.gre_key, r.cause, r.spells) for r in refusals(tape)] == [
        (0x0F424000, "unknown", (Spell(0, 3, 3),)),
        (KEY, "layout-mismatch", (Spell(0, 1, 1),)),
        (KEY >> 8, "layout-mismatch", ()),
    ]


def test_without_errors_nothing_is_refused() -> None:
    assert find_refusals(evidence_of(Tape()), [], {}) == ([], {})


def test_a_refusal_while_the_host_restarts_has_no_known_cause() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x001E8481)
    tape.wait(150)
    tape.error(B, A, Tape().send(A, B, 0x1E848105)[:28])
    tape.wait(150)
    tape.send(B, A, 0x1E848155, VM2, VM1)
    assert only(tape).cause == "unknown"


# --- what has nothing to do with it ------------------------------------------


def test_a_guests_own_refusal_is_counted_apart() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.guest_refusal(B, A, 0x1E848177, VM2, VM1)
    assert refusals(tape) == []
    assert count_other_prohibited(evidence_of(tape)) == 1


def test_a_refusal_of_other_underlay_traffic_is_counted_apart() -> None:
    tape = Tape()
    tape.error(B, A, build.ipv4(A, B, TCP, build.tcp(A, B, 1, 2)))
    tape.error(B, A, build.ipv4(A, B, 47, build.gre(bytes(40), key=5001, protocol=0x88BE)))
    tape.error(B6, A6, build.ipv6(A6, B6, TCP, build.tcp(A6, B6, 1, 2)), (1, 1))
    assert refusals(tape) == []
    assert count_other_prohibited(evidence_of(tape)) == 3


def test_refusals_of_nvgre_are_not_counted_among_the_others() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    tape.error(B, A, packet[:28])
    tape.unreachable(B, A, 0xFFFFFF00, packet)
    assert sum(refusal.count for refusal in refusals(tape)) == 2
    assert count_other_prohibited(evidence_of(tape)) == 0


def test_other_errors_about_other_traffic_are_not_counted_as_3_10() -> None:
    tape = Tape()
    tape.error(B, A, build.ipv4(A, B, TCP, build.tcp(A, B, 1, 2)), (3, 13))
    tape.error(B, A, build.ipv4(A, B, TCP, build.tcp(A, B, 1, 2)), (3, 3))
    assert refusals(tape) == []
    assert count_other_prohibited(evidence_of(tape)) == 0


def test_refusals_of_one_flow_stand_in_the_order_of_their_keys_those_without_a_key_first() -> None:
    tape = Tape()
    for gre_key in (KEY, 0x00000000, 0x0F424000):
        tape.error(B, A, Tape().send(A, B, gre_key)[:28])
    tape.unreachable(B, A, 0xFFFFFF00, b"")
    assert [refusal.gre_key for refusal in refusals(tape)] == [None, 0x00000000, 0x0F424000, KEY]


def test_refusals_of_one_key_are_counted_together_whatever_they_quote_of_the_packet() -> None:
    tape = Tape()
    packet = tape.send(A, B, KEY)
    for quoted in (packet, packet[:28], packet[20:], packet[28:]):
        tape.unreachable(B, A, 0xFFFFFF00, quoted)
    refusal = only(tape)
    assert (refusal.gre_key, refusal.count) == (KEY, 4)
