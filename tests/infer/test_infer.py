"""All of inference: what the inventory takes back, and what reserved VSIDs say of their writers."""

import gc

import pytest

from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.parts import Net, PartKey, unit_key
from nvgre_doctor.evidence.rows import pack
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Confidence, Layout, Sender
from tests import build
from tests.worlds import VM1, VM2, VM3, VM4, A, B, Tape, Vm, diagnose_tapes, lookup, lookups

OLD, CURRENT, UNKNOWN = Layout.OLD, Layout.CURRENT, Layout.UNKNOWN
PROVEN, NONE = Confidence.PROVEN, Confidence.NONE
NEW_KEY = 0x20004200
"""VSID 0x200042 and nothing else."""


def host(tape: Tape, *records: tuple[int, str | None, Vm | None]) -> HostVerdict:
    inventory = lookups(*[lookup(*record) for record in records])
    return diagnose_tapes(tape, inventory=inventory).hosts[build.ip(A)]


def proven(count: int = 4) -> Tape:
    """RFC 7637 by value; and of another VM pair frames whose key fits both."""
    tape = Tape()
    for _ in range(count):
        tape.send(A, B, NEW_KEY, VM1, VM2)
    for _ in range(3):
        tape.send(A, B, 0x00777742, VM3, VM4)
    return tape


def test_an_inventory_that_contradicts_the_packets_takes_everything_back() -> None:
    found = host(proven(), (0x777742, None, VM3))
    assert (found.layout, found.confidence, found.margin) == (UNKNOWN, NONE, 0)
    assert (found.contradiction, found.is_stale) == (True, False)
    assert (found.proven_from, found.proven_to) == (None, None)
    assert (found.spans, found.changes) == ([], [])
    assert (found.frames_sent, found.sender) == (7, Sender.HYPER_V)


def test_it_takes_back_that_captures_tell_different_layouts() -> None:
    """In one capture A speaks RFC 7637, in the other, which nothing ties to it, draft-00."""
    old = Tape()
    for _ in range(4):
        old.send(A, B, NEW_KEY >> 8, VM1, VM2)
    both = {"new": proven(), "old": old}
    assert diagnose_tapes(*both.values()).hosts[build.ip(A)].is_unordered
    inventory = lookups(lookup(0x777742, None, VM3), lookup(0x6666, None, VM1))
    found = diagnose_tapes(*both.values(), inventory=inventory).hosts[build.ip(A)]
    assert (found.contradiction, found.is_unordered, found.is_mixed) == (True, False, False)


def test_an_inventory_that_agrees_takes_nothing_back() -> None:
    found = host(proven(), (0x7777, None, VM3))
    assert (found.layout, found.confidence, found.margin) == (CURRENT, PROVEN, 4)
    assert not found.contradiction
    assert found.proven_from is not None
    assert len(found.spans) == 1


@pytest.mark.parametrize(("packets", "contradicts"), [(1, False), (2, True)])
def test_it_takes_two_packets_to_contradict(packets: int, contradicts: bool) -> None:
    tape = Tape()
    for _ in range(4):
        tape.send(A, B, NEW_KEY, VM1, VM2)
    for _ in range(packets):
        tape.send(A, B, 0x00777742, VM3, VM4)
    assert host(tape, (0x777742, None, VM3)).contradiction is contradicts


@pytest.mark.parametrize(("against", "contradicts"), [(19, False), (20, True)])
def test_ten_times_as_many_must_contradict_as_agree(against: int, contradicts: bool) -> None:
    tape = Tape()
    for _ in range(2):
        tape.send(A, B, NEW_KEY, VM1, VM2)
    for _ in range(against):
        tape.send(A, B, 0x00777742, VM3, VM4)
    records = (0x777742, None, VM3), (NEW_KEY >> 8, None, VM1)
    assert host(tape, *records).contradiction is contradicts


def test_a_host_that_is_proven_old_is_contradicted_as_well() -> None:
    tape = Tape()
    for _ in range(4):
        tape.send(A, B, 0x00012345, VM1, VM2)
        tape.send(A, B, 0x00777742, VM3, VM4)
    assert host(tape, (0x7777, None, VM3)).contradiction
    assert not host(tape, (0x777742, None, VM3)).contradiction


def test_garbage_is_collected_again_afterwards_if_it_was_before() -> None:
    for was_enabled in (False, True):
        (gc.enable if was_enabled else gc.disable)()
        try:
            diagnose_tapes(proven())
            assert gc.isenabled() is was_enabled
        finally:
            gc.enable()


# --- reserved VSIDs ------------------------------------------------------------------------

NINE = (0, 17, 40, 63, 100, 131, 170, 201, 250)
FOREIGN = Vm("52:54:00:00:00:01", "10.1.1.21")


def with_octets(octets: tuple[int, ...], ttl: int, guest: Vm) -> tuple[Layout, Confidence, Sender]:
    """Of a host whose VM pair has keys of VSID 850 with these octets: below 4096, reserved."""
    tape = Tape()
    for octet in octets * 2:
        tape.send(A, B, 850 << 8 | octet, guest, VM2, ttl=ttl)
    found = diagnose_tapes(tape).hosts[build.ip(A)]
    return found.layout, found.confidence, found.sender


def test_flow_ids_under_a_reserved_vsid_are_not_draft_00_whoever_writes_them() -> None:
    assert with_octets(NINE, 128, VM1)[0] is CURRENT
    assert with_octets(NINE, 64, FOREIGN)[0] is CURRENT


def test_neighbouring_ids_under_a_reserved_vsid_are_those_of_draft_00() -> None:
    assert with_octets((1, 2), 128, VM1) == (OLD, PROVEN, Sender.HYPER_V)


def test_octets_that_may_be_flow_ids_take_the_proof_from_a_hyper_v_host() -> None:
    assert with_octets((1, 200), 128, VM1) == (UNKNOWN, NONE, Sender.HYPER_V)


def test_of_others_they_are_flow_ids_or_nothing() -> None:
    layout, confidence, sender = with_octets((1, 200), 64, FOREIGN)
    assert (layout is OLD, confidence is PROVEN, sender) == (False, False, Sender.OTHER)


# --- hosts ----------------------------------------------------------------------------------


def test_captures_that_packets_tie_together_give_a_change_its_order() -> None:
    """Both hold two packets of B; the first ends there, and the second goes on after the update."""
    tape = Tape()
    for number in range(4):
        tape.send(A, B, 0x00012345, VM1, VM2, ident=number + 1)
    for number in range(2):
        tape.send(B, A, NEW_KEY, VM4, VM3, ident=number + 1)
    tape.wait(60)
    for number in range(4):
        tape.send(A, B, NEW_KEY, VM3, VM4, ident=number + 101)
    one, two = Tape(), Tape()
    one.frames, two.frames = tape.frames[:6], tape.frames[4:]
    found = diagnose_tapes(one, two).hosts[build.ip(A)]
    assert (found.layout, found.confidence, found.is_stale) == (CURRENT, PROVEN, False)
    assert [(change.before, change.after) for change in found.changes] == [(OLD, CURRENT)]


def test_one_packet_of_the_other_layout_is_no_reason_of_a_host_that_is_proven() -> None:
    tape = Tape()
    for _ in range(20):
        tape.send(A, B, NEW_KEY, VM1, VM2)
    tape.send(A, B, 0x00012345, VM3, VM4)
    found = diagnose_tapes(tape).hosts[build.ip(A)]
    assert (found.layout, found.confidence) == (CURRENT, PROVEN)
    assert [reason.layout for reason in found.reasons] == [CURRENT]


def test_a_host_all_of_whose_peers_are_left_out_is_a_host() -> None:
    """Where not all VM pairs are kept, what it sent to them is one stream without a destination."""
    key = PartKey(build.ip(A), b"", NEW_KEY >> 8, b"", Net.UNKNOWN, is_sure=True)
    capture = CaptureEvidence(4, 4)
    capture.units.add([(unit_key(key, 0), pack(b"\0", [ROW]))])
    diagnosis = infer(Evidence({0: capture}), Inventory())
    assert [host.address for host in diagnosis.hosts.values()] == [build.ip(A)]
    assert diagnosis.hosts[build.ip(A)].frames_sent == 0


ROW = (0, 1, 4, 1, 0, 4, 10**9, *(1, b"packet 1", 1, 128, 0), *(2, b"packet 2", 1, 128, 0))
"""Four frames in a second; two packets."""
