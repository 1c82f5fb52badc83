"""What encapsulates at an address, and the facts that say so."""

import pytest

from nvgre_doctor.infer.hearing import hear
from nvgre_doctor.infer.senders import judge_senders
from nvgre_doctor.infer.solving import solve
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Sender
from tests import build
from tests.infer.heard import A as A_BYTES
from tests.infer.heard import B as B_BYTES
from tests.infer.heard import back, heard, span_of, vm_macs
from tests.infer.judged import models_of
from tests.worlds import VM1, VM2, VM3, VM4, A, B, C, Tape, Vm, evidence_of, lookup, lookups

HYPER_V, OTHER, UNCLEAR = Sender.HYPER_V, Sender.OTHER, Sender.UNCLEAR
KEY = 0x1E848100
FOREIGN = Vm("52:54:00:00:00:01", "10.1.1.21")
UNKNOWN = Vm("02:00:00:00:00:01", "10.1.1.22")

STARTS = "its hop limits start at {}"
OURS = "its guests have MAC addresses of Hyper-V"
THEIRS = "its guests have MAC addresses of other hypervisors"
FLAGS = "it sets checksum or sequence numbers in GRE"
MESSAGE = "it sent an UNREACHABLE or REDIRECT message inside NVGRE"
CONTROL = "it sent control traffic of NVGRE"
LISTED = "the inventory names it"
SHIFTED = "a peer writes the same id eight bits higher or lower"


def judged(
    tape: Tape, address: str = A, inventory: Inventory | None = None
) -> tuple[Sender, list[str]]:
    evidence = evidence_of(tape)
    solution = solve(hear(evidence).spans, evidence, inventory or Inventory())
    found = solution.senders[build.ip(address)]
    return found.sender, list(found.reasons)


def sent(*frames: tuple[int, Vm]) -> Tape:
    """Frames of A with a hop limit and a guest."""
    tape = Tape()
    for ttl, guest in frames:
        tape.send(A, B, KEY, guest, VM2, ttl=ttl)
    return tape


@pytest.mark.parametrize(
    ("ttl", "start", "sender"),
    [
        (128, "128", HYPER_V),
        (65, "128", HYPER_V),
        (64, "64", OTHER),
        (1, "64", OTHER),
        (129, "255", OTHER),
        (255, "255", OTHER),
        (0, "255", OTHER),
    ],
)
def test_where_hop_limits_start_tells_windows_from_others(
    ttl: int, start: str, sender: Sender
) -> None:
    assert judged(sent((ttl, VM1), (ttl, VM1))) == (sender, [STARTS.format(start), OURS])


@pytest.mark.parametrize("prefix", ["00:15:5d", "00:1d:d8"])
def test_guests_of_hyper_v_and_vmm_are_ours(prefix: str) -> None:
    guest = Vm(f"{prefix}:00:00:01", "10.1.1.21")
    assert judged(sent((128, guest))) == (HYPER_V, [STARTS.format(128), OURS])


@pytest.mark.parametrize(
    "prefix",
    ["00:50:56", "00:0c:29", "00:05:69", "52:54:00", "fa:16:3e", "00:16:3e", "08:00:27"],
)
def test_guests_of_other_hypervisors_are_not(prefix: str) -> None:
    guest = Vm(f"{prefix}:00:00:01", "10.1.1.21")
    assert judged(sent((128, guest))) == (OTHER, [STARTS.format(128), THEIRS])


def test_guests_that_nobody_knows_say_nothing() -> None:
    assert judged(sent((128, UNKNOWN))) == (UNCLEAR, [STARTS.format(128)])
    assert judged(sent((64, UNKNOWN))) == (OTHER, [STARTS.format(64)])


def test_more_than_half_of_the_frames_decide_whose_guests_they_are() -> None:
    assert judged(sent((128, VM1), (128, UNKNOWN))) == (UNCLEAR, [STARTS.format(128)])
    assert judged(sent((128, FOREIGN), (128, UNKNOWN))) == (UNCLEAR, [STARTS.format(128)])
    assert judged(sent((128, VM1), (128, VM1), (128, FOREIGN)))[0] is HYPER_V
    assert judged(sent((128, FOREIGN), (128, FOREIGN), (128, VM1)))[0] is OTHER


def test_the_frames_of_a_guest_count_whoever_they_are_for() -> None:
    tape = Tape()
    for destination, guest in ((B, VM1), (C, VM1), (B, FOREIGN)):
        tape.send(A, destination, KEY, guest, VM2, ttl=128)
    assert judged(tape) == (HYPER_V, [STARTS.format(128), OURS])


def test_more_than_half_of_the_frames_must_start_at_128() -> None:
    assert judged(sent((128, VM1), (64, VM3))) == (OTHER, [STARTS.format(128), OURS])
    assert judged(sent((128, VM1), (128, VM1), (64, VM3))) == (HYPER_V, [STARTS.format(128), OURS])
    assert judged(sent((128, VM1), (128, VM3), (64, VM4)))[0] is HYPER_V
    assert judged(sent((255, VM1), (64, VM3))) == (OTHER, [STARTS.format(255), OURS])


@pytest.mark.parametrize(
    ("fields", "is_flagged"), [({"checksum": True}, True), ({"sequence": 7}, True), ({}, False)]
)
def test_checksums_and_sequence_numbers_are_of_others(
    fields: dict[str, int], is_flagged: bool
) -> None:
    tape = Tape()
    inner = build.inner_frame(VM1.mac, VM2.mac, build.ipv4(VM1.ip, VM2.ip, 1, build.echo()))
    for number in (1, 2):
        gre = build.gre(inner, key=KEY, **fields)
        tape.put(build.outer(A, B, 47, gre, ttl=128, ident=number))
    reasons = [STARTS.format(128), OURS, *[FLAGS] * is_flagged]
    assert judged(tape) == (OTHER if is_flagged else HYPER_V, reasons)


def test_other_flags_of_gre_are_of_anybody() -> None:
    tape = Tape()
    for _ in range(2):
        tape.send(A, B, KEY, VM1, VM2, ttl=128, flags=0x2008)
    assert judged(tape) == (HYPER_V, [STARTS.format(128), OURS])


def test_a_message_inside_nvgre_is_of_a_host_if_its_hop_limits_are_those_of_windows() -> None:
    for ttl, sender in ((128, HYPER_V), (64, OTHER)):
        tape = Tape()
        quoted = Tape().send(B, A, KEY)
        tape.send(A, B, KEY, UNKNOWN, VM2, ttl=ttl)
        tape.unreachable(A, B, 0xFFFFFF00, quoted)
        assert judged(tape) == (sender, [STARTS.format(ttl), MESSAGE])


def test_an_error_beside_nvgre_is_of_anybody() -> None:
    tape = sent((128, UNKNOWN))
    tape.error(A, B, Tape().send(B, A, KEY)[:28])
    assert judged(tape) == (UNCLEAR, [STARTS.format(128)])


def test_control_traffic_is_of_a_host() -> None:
    tape = sent((128, UNKNOWN))
    tape.send(A, B, 0xFFFFFF00, UNKNOWN, VM2, ttl=128)
    assert judged(tape) == (HYPER_V, [STARTS.format(128), CONTROL])


def test_a_message_is_told_before_control_traffic() -> None:
    tape = sent((128, UNKNOWN))
    tape.send(A, B, 0xFFFFFF00, UNKNOWN, VM2, ttl=128)
    tape.unreachable(A, B, 0xFFFFFF00, Tape().send(B, A, KEY))
    assert judged(tape) == (HYPER_V, [STARTS.format(128), MESSAGE])


def test_the_inventory_names_hosts() -> None:
    named = lookups(lookup(7777, A))
    assert judged(sent((64, FOREIGN)), A, named) == (HYPER_V, [STARTS.format(64), THEIRS, LISTED])
    others = lookups(lookup(7777, C), lookup(7777, None, VM1))
    assert judged(sent((64, FOREIGN)), A, others) == (OTHER, [STARTS.format(64), THEIRS])


def test_frames_without_macs_tell_no_guest() -> None:
    spans = [span_of(heard(KEY, 5, macs=b""), address=A_BYTES)]
    found = judge_senders(evidence_of(), spans, [], Inventory())
    assert found == {A_BYTES: (UNCLEAR, (STARTS.format(128),))}


def test_an_address_of_which_nothing_was_heard_is_unclear() -> None:
    found = judge_senders(evidence_of(), [span_of(address=A_BYTES)], [], Inventory())
    assert found == {A_BYTES: (UNCLEAR, ())}


# --- a peer with the shifted id ----------------------------------------------------------

ONE, K = vm_macs(1), 0x00123400


def shifted(*units: tuple[int, int, int, bytes], two: bytes = B_BYTES) -> set[bytes]:
    """Hosts that are named for it: units are the span, the key, packets and MACs."""
    spans = [span_of(address=A_BYTES), span_of(address=two), span_of(address=b"\x0a\0\0\7")]
    for number, gre_key, count, macs in units:
        spans[number].heard.append(heard(gre_key, count, number, macs))
    found = judge_senders(evidence_of(), spans, models_of(spans), Inventory())
    return {address for address, judgement in found.items() if SHIFTED in judgement.reasons}


BOTH = {A_BYTES, B_BYTES}


def test_both_ends_of_a_vm_pair_with_one_id_in_both_layouts_are_hosts() -> None:
    assert shifted((0, K, 2, ONE), (1, K << 8, 2, back(ONE))) == BOTH
    assert shifted((1, K, 2, ONE), (0, K << 8, 2, back(ONE))) == BOTH


def test_a_vm_pair_of_one_layout_hides_no_other() -> None:
    other = vm_macs(7)
    alike = (0, K, 2, other), (1, K, 2, back(other))
    assert shifted(*alike, (0, K, 2, ONE), (1, K << 8, 2, back(ONE))) == BOTH


def test_it_takes_two_packets_of_each() -> None:
    assert shifted((0, K, 1, ONE), (1, K << 8, 5, back(ONE))) == set()
    assert shifted((0, K, 5, ONE), (1, K << 8, 1, back(ONE))) == set()
    assert shifted((0, K, 1, ONE), (2, K, 1, ONE), (1, K << 8, 2, back(ONE))) == {
        *BOTH,
        b"\x0a\0\0\7",
    }


def test_the_same_key_both_ways_names_nobody() -> None:
    assert shifted((0, K, 5, ONE), (1, K, 5, back(ONE))) == set()


def test_one_address_with_both_names_nobody() -> None:
    assert shifted((0, K, 5, ONE), (1, K << 8, 5, back(ONE)), two=A_BYTES) == set()


def test_a_frame_that_another_id_explains_names_nobody() -> None:
    stray = 0, 0x00777700, 1, back(ONE)
    assert shifted((0, K, 30, ONE), (1, K << 8, 30, back(ONE)), stray) == set()


def test_a_contradiction_names_nobody_and_hides_no_other_pair() -> None:
    broken = (0, 0x00555500, 5, vm_macs(0)), (1, 0x00666600, 5, back(vm_macs(0)))
    assert shifted(*broken) == set()
    assert shifted(*broken, (0, K, 2, ONE), (1, K << 8, 2, back(ONE))) == BOTH


def test_packets_with_several_flow_ids_count_together() -> None:
    flow_ids = (1, (K << 8) + 1, 1, back(ONE)), (1, (K << 8) + 2, 1, back(ONE))
    assert shifted((0, K, 2, ONE), *flow_ids) == BOTH


def test_the_ends_of_every_such_pair_are_hosts() -> None:
    other = (0, K + 0x10000, 2, vm_macs(2)), (2, (K + 0x10000) << 8, 2, back(vm_macs(2)))
    assert shifted((0, K, 2, ONE), (1, K << 8, 2, back(ONE)), *other) == {
        *BOTH,
        b"\x0a\0\0\7",
    }


def test_a_tenant_that_seems_cloned_names_nobody() -> None:
    cloned = (0, K, 5, vm_macs(0)), (1, 0x00666600, 5, back(vm_macs(0)))
    assert shifted(*cloned, (0, K, 2, ONE), (1, K << 8, 2, back(ONE))) == set()


def test_broadcasts_of_one_vm_from_two_hosts_name_nobody() -> None:
    everybody = b"\xff" * 6 + ONE[6:]
    assert shifted((0, K, 2, everybody), (1, K << 8, 2, everybody)) == set()
