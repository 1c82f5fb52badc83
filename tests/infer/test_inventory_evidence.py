"""Evidence 6, inventory: which reading of a key is a VSID that the administrator knows.  It beats
everything, and never silently.
"""

import pytest

from nvgre_doctor.known.inventory import Inventory
from tests import build
from tests.worlds import (
    NOON,
    SECOND,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    C,
    Tape,
    Vm,
    diagnose_tapes,
    host_of,
    known_vsids,
    lookup,
    lookups,
    reasons_of,
    verdict_of,
    vm,
)

OLD, CURRENT, UNKNOWN = ("draft-00", "proven"), ("rfc7637", "proven"), ("unknown", "none")
# Key 0x00138905: VSID 5001 with FlowID 5, or TNI 1280261.


def judged(
    inventory: Inventory, gre_key: int = 0x00138905
) -> tuple[tuple[str, str], set[tuple[str, str]]]:
    tape = Tape()
    tape.send(A, B, gre_key)
    diagnosis = diagnose_tapes(tape, inventory=inventory)
    return verdict_of(diagnosis, A), reasons_of(diagnosis, A)


@pytest.mark.parametrize(
    ("vsids", "expected"),
    [
        ((5001,), CURRENT),
        ((1280261,), OLD),
        ((5001, 1280261), UNKNOWN),
        ((5002, 6001), UNKNOWN),
        ((), UNKNOWN),
    ],
)
def test_the_reading_that_is_a_known_vsid_is_the_right_one(
    vsids: tuple[int, ...], expected: tuple[str, str]
) -> None:
    verdict, reasons = judged(known_vsids(*vsids))
    assert verdict == expected
    assert reasons == ({("inventory", expected[0])} if expected != UNKNOWN else set())


def test_the_vsid_of_the_vm_beats_that_of_its_host_and_of_all_others() -> None:
    verdict, _ = judged(
        lookups(lookup(5001, B, VM2), lookup(1280261, C, vm(9)), lookup(1280261, A, vm(8)))
    )
    assert verdict == CURRENT


def test_the_vsids_behind_the_two_hosts_beat_all_others() -> None:
    verdict, _ = judged(lookups(lookup(1280261, A), lookup(5001, C)))
    assert verdict == OLD


def test_a_vm_that_is_not_listed_leaves_the_question_to_the_hosts() -> None:
    verdict, _ = judged(lookups(lookup(5001, B, VM4), lookup(1280261, C, VM3)))
    assert verdict == CURRENT


def test_flow_ids_that_vary_are_no_tni() -> None:
    tape = Tape(snaplen=42)
    tape.send(A, B, 0x00138905)
    tape.send(A, B, 0x00138906)
    diagnosis = diagnose_tapes(tape, inventory=known_vsids(1280261, 1280262))
    assert reasons_of(diagnosis, A) == set()


def test_a_top_octet_is_no_tni() -> None:
    verdict, reasons = judged(known_vsids(0x848105), 0x1E848105)
    assert verdict == CURRENT
    assert reasons == {("range", "rfc7637")}


def test_it_decides_hosts_on_both_ends_of_a_tie() -> None:
    tape = Tape()
    tape.ping(A, B, 0x001E8481, 0x001E8481)
    diagnosis = diagnose_tapes(tape, inventory=known_vsids(2000001))
    assert verdict_of(diagnosis, A) == verdict_of(diagnosis, B) == OLD


def test_it_beats_what_was_likely() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481, VM1, VM2)
    tape.send(A, B, 0x001E8481, VM3, VM4)
    assert verdict_of(diagnose_tapes(tape), A) == ("draft-00", "likely")
    diagnosis = diagnose_tapes(tape, inventory=known_vsids(7812))
    assert verdict_of(diagnosis, A) == CURRENT
    assert reasons_of(diagnosis, A) == {("inventory", "rfc7637")}


def test_it_confirms_a_proof() -> None:
    tape = Tape()
    tape.send(A, B, 0x00001389)
    diagnosis = diagnose_tapes(tape, inventory=known_vsids(5001))
    assert verdict_of(diagnosis, A) == OLD
    assert reasons_of(diagnosis, A) == {("range", "draft-00"), ("inventory", "draft-00")}
    assert not host_of(diagnosis, A).contradiction


def contradicted() -> Tape:
    """A is proven current by FlowIDs; another of its keys is, as a TNI, a VSID of the inventory."""
    tape = Tape()
    tape.send(A, B, 0x00138905, VM1, VM2)
    tape.send(A, B, 0x00138977, VM1, VM2)
    tape.send(A, B, 0x00138901, VM3, VM4)
    return tape


def test_where_it_contradicts_the_packets_nothing_is_proven_and_it_says_so() -> None:
    tape = contradicted()
    assert verdict_of(diagnose_tapes(tape), A) == CURRENT
    diagnosis = diagnose_tapes(tape, inventory=known_vsids(1280257))
    assert verdict_of(diagnosis, A) == UNKNOWN
    assert host_of(diagnosis, A).contradiction
    assert reasons_of(diagnosis, A) == {("flow-id", "rfc7637"), ("inventory", "draft-00")}


def test_a_contradiction_is_not_replaced_by_a_guess() -> None:
    tape = contradicted()
    tape.send(A, B, 0x00200000, vm(5), vm(6))
    assert verdict_of(diagnose_tapes(tape, inventory=known_vsids(1280257)), A) == UNKNOWN


def test_a_contradiction_about_one_host_leaves_the_others_alone() -> None:
    tape = contradicted()
    tape.send(B, A, 0x1E848100, VM2, VM1)
    diagnosis = diagnose_tapes(tape, inventory=known_vsids(1280257))
    assert verdict_of(diagnosis, B) == CURRENT
    assert not host_of(diagnosis, B).contradiction


def test_it_can_show_a_change_that_the_packets_alone_do_not() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481, VM1, VM2)
    tape.wait(300)
    tape.send(A, B, 0x00138905, VM3, VM4)
    host = host_of(diagnose_tapes(tape, inventory=known_vsids(2000001, 5001)), A)
    assert host.layout == "rfc7637"
    assert host.change is not None
    assert host.change.at == (NOON + 300 * SECOND + 1_000_000, 0, 2)


def test_a_record_for_any_provider_address_counts_for_its_vm() -> None:
    verdict, _ = judged(lookups(lookup(5001, None, VM1)))
    assert verdict == CURRENT


def test_the_address_of_the_receiver_counts_as_well() -> None:
    verdict, _ = judged(lookups(lookup(5001, B), lookup(1280261, C)))
    assert verdict == CURRENT
    assert build.ip(B) == lookup(5001, B).provider_address


def test_the_vsid_of_a_vm_beats_the_opposite_of_its_hosts_alone() -> None:
    verdict, _ = judged(lookups(lookup(5001, None, VM2), lookup(1280261, A)))
    assert verdict == CURRENT


@pytest.mark.parametrize("machine", [VM1, VM2])
def test_the_vm_may_be_on_either_end(machine: Vm) -> None:
    verdict, _ = judged(lookups(lookup(5001, None, machine), lookup(1280261, None, vm(9))))
    assert verdict == CURRENT


def test_a_host_that_changed_and_is_contradicted_has_no_change_any_more() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481, VM1, VM2)
    tape.send(A, B, 0x001E8401, VM3, VM4)
    tape.wait(300)
    tape.send(A, B, 0x1E848100, VM1, VM2)
    assert host_of(diagnose_tapes(tape), A).change is not None
    host = host_of(diagnose_tapes(tape, inventory=known_vsids(0x1E84)), A)
    assert (host.layout, host.confidence, host.change) == ("unknown", "none", None)
    assert host.contradiction


def test_a_host_that_sends_both_layouts_does_so_with_an_inventory_too() -> None:
    tape = Tape()
    for _ in range(2):
        tape.send(A, B, 0x00001389, VM1, VM2)
        tape.send(A, B, 0x1E848100, VM3, VM4)
    host = host_of(diagnose_tapes(tape, inventory=known_vsids(5001, 2000001)), A)
    assert (host.layout, host.confidence, host.contradiction) == ("both", "proven", False)


def test_a_host_that_the_inventory_contradicts_keeps_no_other_from_being_judged_by_it() -> None:
    tape = Tape()
    tape.send(A, C, 0x00001389)
    tape.send(B, C, 0x001E8481, VM3, VM4)
    diagnosis = diagnose_tapes(tape, inventory=known_vsids(0x13, 7812))
    assert host_of(diagnosis, A).contradiction
    assert verdict_of(diagnosis, B) == CURRENT
