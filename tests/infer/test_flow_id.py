"""Evidence 2, FlowID varies: one VM pair, two keys that differ in the lowest octet only."""

from tests.worlds import (
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    Tape,
    Vm,
    diagnose_tapes,
    verdict_of,
)

EVERYBODY = Vm("ff:ff:ff:ff:ff:ff", "255.255.255.255")


def test_two_low_octets_of_different_vm_pairs_prove_nothing() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905, VM1, VM2)
    tape.send(A, B, 0x00138977, VM3, VM2)
    tape.send(A, B, 0x00138933, VM1, VM4)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == ("unknown", "none")


def test_without_inner_macs_low_octets_that_vary_prove_nothing() -> None:
    tape = Tape(snaplen=42)
    tape.send(A, B, 0x00138905)
    tape.send(A, B, 0x00138977)
    assert verdict_of(diagnose_tapes(tape), A) == ("unknown", "none")


def test_a_broadcast_has_no_vm_pair_so_its_low_octets_prove_nothing() -> None:
    # A gateway's port is in many virtual subnets: one source MAC, TNI 2000001 and 2000002.
    tape = Tape()
    tape.send(A, B, 0x001E8481, VM1, EVERYBODY)
    tape.send(A, B, 0x001E8482, VM1, EVERYBODY)
    assert verdict_of(diagnose_tapes(tape), A) == ("unknown", "none")
