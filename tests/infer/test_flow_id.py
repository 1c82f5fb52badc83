"""Evidence 2, FlowID varies: one VM pair, two keys that differ in the lowest octet only."""

import pytest

from tests import build
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
    reasons_of,
    verdict_of,
)

EVERYBODY = Vm("ff:ff:ff:ff:ff:ff", "255.255.255.255")


def test_two_flow_ids_of_one_vm_pair_prove_the_current_layout() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905)
    tape.send(A, B, 0x00138977)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == ("rfc7637", "proven")
    assert reasons_of(diagnosis, A) == {("flow-id", "rfc7637")}


def test_one_of_the_flow_ids_may_be_zero() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900)
    tape.send(A, B, 0x00138901)
    assert verdict_of(diagnose_tapes(tape), A) == ("rfc7637", "proven")


def test_the_receiving_host_may_have_several_provider_addresses() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905)
    tape.send(A, C, 0x00138977)
    diagnosis = diagnose_tapes(tape)
    assert reasons_of(diagnosis, A) == {("flow-id", "rfc7637")}
    assert len([w for w in diagnosis.hosts[build.ip(A)].witnesses if w.kind == "flow-id"]) == 2


def test_two_low_octets_of_different_vm_pairs_prove_nothing() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905, VM1, VM2)
    tape.send(A, B, 0x00138977, VM3, VM2)
    tape.send(A, B, 0x00138933, VM1, VM4)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == ("unknown", "none")


def test_two_low_octets_of_the_two_directions_are_not_one_sender() -> None:
    tape = Tape()
    tape.send(A, B, 0x00200105)
    tape.send(B, A, 0x00300177, VM2, VM1)
    diagnosis = diagnose_tapes(tape)
    assert reasons_of(diagnosis, A) == set()
    assert reasons_of(diagnosis, B) == set()


def test_two_tnis_of_one_vm_pair_below_the_reserved_limit_are_no_flow_ids() -> None:
    tape = Tape()
    tape.send(A, B, 0x00001389)
    tape.send(A, B, 0x0000138A)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, A) == ("draft-00", "proven")
    assert reasons_of(diagnosis, A) == {("range", "draft-00")}


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


@pytest.mark.parametrize(
    ("mac", "verdict"),
    [
        ("02:00:00:00:00:07", ("rfc7637", "proven")),
        ("01:00:5e:00:00:fb", ("unknown", "none")),
        ("33:33:00:00:00:01", ("unknown", "none")),
    ],
)
def test_only_unicast_has_a_vm_pair(mac: str, verdict: tuple[str, str]) -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905, VM1, Vm(mac, "10.1.1.7"))
    tape.send(A, B, 0x00138977, VM1, Vm(mac, "10.1.1.7"))
    assert verdict_of(diagnose_tapes(tape), A) == verdict
