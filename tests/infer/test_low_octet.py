"""Evidence 5, the lowest octet: statistical, so it makes a layout likely and never proven."""

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
    verdict_of,
    vm,
)

LIKELY_OLD, LIKELY_CURRENT, UNKNOWN = (
    ("draft-00", "likely"),
    ("rfc7637", "likely"),
    ("unknown", "none"),
)


def test_one_low_octet_that_is_not_zero_among_zeros_makes_nothing_likely() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900)
    tape.send(A, C, 0x00200001, VM3, VM4)
    assert verdict_of(diagnose_tapes(tape), A) == UNKNOWN


def test_one_vm_pair_is_too_little() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481, VM1, VM2)
    tape.send(A, B, 0x001E8481, VM1, VM2)
    assert verdict_of(diagnose_tapes(tape), A) == UNKNOWN


def test_the_two_directions_of_a_vm_pair_count_once() -> None:
    tape = Tape()
    tape.ping(A, B, 0x001E8481, 0x001E8481)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == verdict_of(diagnosis, B) == UNKNOWN


def test_low_octets_that_differ_within_a_vsid_make_nothing_likely() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481, VM1, VM2)
    tape.send(A, B, 0x001E8482, VM3, VM4)
    assert verdict_of(diagnose_tapes(tape), A) == UNKNOWN


def test_many_frames_and_pairs_never_make_it_a_proof() -> None:
    tape = Tape()
    for one in range(1, 20):
        for _ in range(5):
            tape.send(A, B, 0x00138900, VM1, vm(100 + one))
            tape.send(C, B, 0x001E8481, VM3, vm(100 + one))
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == LIKELY_CURRENT
    assert verdict_of(diagnosis, C) == LIKELY_OLD


def test_a_low_octet_of_zero_on_two_vm_pairs_beside_others_makes_nothing_likely() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900, VM1, VM2)
    tape.send(A, B, 0x00138900, VM3, VM4)
    tape.send(A, B, 0x00200281, VM1, VM4)
    assert verdict_of(diagnose_tapes(tape), A) == UNKNOWN


def test_broadcasts_with_the_same_two_low_octets_make_nothing_likely() -> None:
    everyone = Vm("ff:ff:ff:ff:ff:ff", "255.255.255.255")
    tape = Tape()
    for gre_key in (0x001E8481, 0x001E8482):
        tape.send(A, B, gre_key, VM1, everyone)
        tape.send(A, B, gre_key, VM3, everyone)
    assert verdict_of(diagnose_tapes(tape), A) == UNKNOWN


def test_a_host_of_which_nothing_is_likely_hides_no_other() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481, VM1, VM2)
    tape.send(C, B, 0x00138900, VM3, VM4)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == UNKNOWN
    assert verdict_of(diagnosis, C) == LIKELY_CURRENT


def test_a_key_that_is_reserved_under_both_layouts_is_no_key_with_a_low_octet_of_zero() -> None:
    tape = Tape()
    tape.send(A, B, 0x00000000)
    assert verdict_of(diagnose_tapes(tape), A) == UNKNOWN
