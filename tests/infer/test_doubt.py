"""What looks like a proof and is none: worlds in which a host would be proven to speak a layout that it does not speak."""

from nvgre_doctor.report import Confidence
from tests.worlds import A, B, Tape, Vm, diagnose_tapes, verdict_of

ONE, TWO = Vm("00:15:5d:0a:00:01", "10.1.1.1"), Vm("00:15:5d:0a:00:02", "10.2.2.2")
NEIGHBOUR = Vm("00:15:5d:0a:00:03", "10.1.1.3")


def test_routed_vms_in_neighbouring_tnis_of_old_hosts_do_not_prove_flow_ids() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8482, ONE, TWO)
    tape.send(B, A, 0x001E8481, TWO, ONE)
    hosts = diagnose_tapes(tape).hosts
    assert {host.confidence for host in hosts.values()} == {Confidence.NONE}


def test_vms_of_one_subnet_with_different_low_octets_do() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8482, ONE, NEIGHBOUR)
    tape.send(B, A, 0x001E8481, NEIGHBOUR, ONE)
    diagnosis = diagnose_tapes(tape)
    for address in (A, B):
        assert verdict_of(diagnosis, address) == ("rfc7637", "proven")


def test_a_key_that_both_hosts_send_proves_nothing_where_the_capture_ends_behind_it() -> None:
    tape = Tape(snaplen=42)
    tape.send(A, B, 0x00001389, ONE, NEIGHBOUR)
    tape.send(B, A, 0x00001389, NEIGHBOUR, ONE)  # as an UNREACHABLE that repeats the refused key would look
    hosts = diagnose_tapes(tape).hosts
    assert {host.confidence for host in hosts.values()} == {Confidence.NONE}


def test_a_key_that_one_host_sends_does() -> None:
    tape = Tape(snaplen=42)
    tape.send(A, B, 0x00001389, ONE, NEIGHBOUR)
    tape.send(B, A, 0x00138900, NEIGHBOUR, ONE)
    assert verdict_of(diagnose_tapes(tape), A) == ("draft-00", "proven")
