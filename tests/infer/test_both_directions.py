"""Evidence 3: the two directions of one VM pair must carry one VSID, so their keys tell both
layouts.
"""

import pytest

from nvgre_doctor.infer import kinds_of_evidence
from nvgre_doctor.infer.diagnosis import Stream, Witness
from tests.worlds import (
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
    reasons_of,
    verdict_of,
    verdicts_of,
)

OLD, CURRENT = ("draft-00", "proven"), ("rfc7637", "proven")


def test_current_and_current_by_two_flow_ids_of_one_vsid() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00138905, 0x00138977)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: CURRENT, B: CURRENT}
    assert reasons_of(diagnosis, A) == reasons_of(diagnosis, B) == {("both-directions", "rfc7637")}


def test_old_and_old_by_one_key_both_ways() -> None:
    tape = Tape()
    tape.ping(A, B, 0x000FFFFF, 0x000FFFFF)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: OLD, B: OLD}
    assert ("both-directions", "draft-00") in reasons_of(diagnosis, A) & reasons_of(diagnosis, B)


def test_current_and_old_is_the_mismatch_itself() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848117, 0x001E8481)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: CURRENT, B: OLD}
    assert reasons_of(diagnosis, B) == {("both-directions", "draft-00")}


def test_old_and_current_is_its_mirror_image() -> None:
    tape = Tape()
    tape.ping(A, B, 0x001E8481, 0x1E848117)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: OLD, B: CURRENT}
    assert reasons_of(diagnosis, A) == {("both-directions", "draft-00")}


def test_a_key_in_the_band_that_fits_both_is_decided_by_the_other_direction() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00001389)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: CURRENT, B: OLD}
    assert reasons_of(diagnosis, A) == {("both-directions", "rfc7637")}


def test_the_highest_usable_id_works_in_both_positions() -> None:
    tape = Tape()
    tape.ping(A, B, 0xFFFFFE01, 0x00FFFFFE)
    assert verdicts_of(diagnose_tapes(tape)) == {A: CURRENT, B: OLD}


def test_one_key_both_ways_that_fits_both_layouts_proves_neither() -> None:
    tape = Tape()
    tape.ping(A, B, 0x001E8481, 0x001E8481)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: ("unknown", "none"), B: ("unknown", "none")}
    assert reasons_of(diagnosis, A) == set()


@pytest.mark.parametrize(
    ("key_one", "key_two"),
    [
        (0x00200105, 0x00300177),  # two VSIDs
        (0x00200105, 0x00002002),  # TNI 0x2002 is not VSID 0x2001
        (0x00000389, 0x00000389),  # reserved in both layouts
        (0x00038905, 0x00038905 + 0x01000000),
    ],
)
def test_keys_that_share_no_vsid_prove_nothing_about_each_other(key_one: int, key_two: int) -> None:
    tape = Tape()
    tape.ping(A, B, key_one, key_two)
    diagnosis = diagnose_tapes(tape)
    kinds = {kind for kind, _ in reasons_of(diagnosis, A) | reasons_of(diagnosis, B)}
    assert kinds <= {"range"}


@pytest.mark.parametrize("key_two", [0x00001389, 0x001389FF])
def test_the_same_keys_on_different_vm_pairs_prove_nothing_about_each_other(key_two: int) -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905, VM1, VM2)
    tape.send(B, A, key_two, VM4, VM3)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == ("unknown", "none")


def test_a_reply_from_another_host_is_not_the_other_direction() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905, VM1, VM2)
    tape.send(C, A, 0x00001389, VM2, VM1)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == ("unknown", "none")
    assert verdict_of(diagnosis, C) == OLD  # by its value


def test_without_inner_macs_two_directions_prove_nothing() -> None:
    tape = Tape(snaplen=42)
    tape.ping(A, B, 0x00138905, 0x00138977)
    assert verdicts_of(diagnose_tapes(tape)) == {A: ("unknown", "none"), B: ("unknown", "none")}


def test_a_mismatch_is_proven_from_replies_that_were_never_answered() -> None:
    # Neither VM hears the other: both only ask.
    tape = Tape()
    tape.send(A, B, 0x1E848100, VM1, VM2)
    tape.send(B, A, 0x001E8481, VM2, VM1)
    assert verdicts_of(diagnose_tapes(tape)) == {A: CURRENT, B: OLD}


def test_the_witness_names_both_streams() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848117, 0x001E8481)
    witness = next(
        w for w in host_of(diagnose_tapes(tape), B).witnesses if w.kind == "both-directions"
    )
    assert witness.stream.gre_keys == (0x001E8481,)
    assert witness.partner is not None
    assert witness.partner.gre_keys == (0x1E848117,)


def test_flow_ids_that_vary_rule_the_old_layout_out_for_the_other_end_too() -> None:
    # Without the second FlowID both keys could be TNI 1280261.
    tape = Tape()
    tape.ping(A, B, 0x00138905, 0x00138905)
    tape.send(A, B, 0x00138977)
    diagnosis = diagnose_tapes(tape)
    assert reasons_of(diagnosis, B) == {("both-directions", "rfc7637")}


@pytest.mark.parametrize("pairs", [1, 16, 17, 40, 100])
@pytest.mark.parametrize("block", [0x0A00, 0x0B00, 0x0A64])
def test_a_mismatch_is_proven_however_many_vm_pairs_there_are(pairs: int, block: int) -> None:
    # Keys of B fit both layouts, so that only the two directions tell.  Hyper-V numbers the MACs of
    # each host in order.
    tape = Tape()
    for number in range(pairs):
        one = Vm(f"00:15:5d:0a:00:{number:02x}", "10.1.1.1")
        two = Vm("00:15:5d:" + (block * 256 + 0x80 + number).to_bytes(3).hex(":"), "10.1.1.2")
        tape.ping(A, B, (2000001 + number) << 8, 2000001 + number, one, two)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {A: CURRENT, B: OLD}
    assert [pair.verdict for pair in diagnosis.pairs] == ["mismatch"]


def test_frames_of_a_host_to_itself_prove_nothing_by_direction() -> None:
    tape = Tape()
    tape.ping(A, A, 0x00138905, 0x00200277)
    tape.ping(A, A, 0x00138905, 0x00138977, VM3, VM4)
    assert reasons_of(diagnose_tapes(tape), A) == set()


@pytest.mark.parametrize("keys", [10, 300])
def test_only_keys_with_a_value_in_common_are_compared(
    keys: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 frames of one VM pair with a VSID each took half a minute."""
    compared = 0
    compare = kinds_of_evidence._compare

    def counting(
        one: Stream, two: Stream, witnesses: list[Witness], same: list[kinds_of_evidence.SameLayout]
    ) -> None:
        nonlocal compared
        compared += 1
        compare(one, two, witnesses, same)

    monkeypatch.setattr(kinds_of_evidence, "_compare", counting)
    tape = Tape()
    for number in range(keys):
        tape.send(A, B, 0x10000001 + (number << 8), VM1, VM2)
        tape.send(B, A, 0x20000001 + (number << 8), VM2, VM1)
    tape.send(B, A, 0x10000077, VM2, VM1)
    diagnosis = diagnose_tapes(tape)
    assert compared == 1
    assert {
        w.stream.upper_bits for w in host_of(diagnosis, A).witnesses if w.kind == "both-directions"
    } == {0x100000}
