"""What the layouts of two hosts mean for their traffic."""

from nvgre_doctor.infer.diagnosis import PairFacts
from tests import build
from tests.worlds import VM1, VM2, VM3, VM4, A, B, C, Tape, address_text, diagnose_tapes, vm


def pairs(tape: Tape) -> dict[tuple[str, str], tuple[str, int, int]]:
    """Verdict and frames each way, by the two addresses."""
    return {
        names(pair): (pair.verdict, pair.frames_forward, pair.frames_backward)
        for pair in diagnose_tapes(tape).pairs
    }


def names(pair: PairFacts) -> tuple[str, str]:
    one, two = map(address_text, pair.hosts)
    return one, two


def test_two_proven_layouts_that_differ_are_a_mismatch() -> None:
    tape = Tape()
    tape.ping(B, A, 0x00001389, 0x00138900)
    tape.send(B, A, 0x00001389)
    assert pairs(tape) == {(A, B): ("mismatch", 1, 2)}


def test_a_peer_that_is_silent_leaves_the_pair_unknown() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100)
    assert pairs(tape) == {(A, B): ("unknown", 1, 0)}


def test_a_layout_that_is_only_likely_makes_no_mismatch() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900, VM1, VM2)
    tape.send(B, A, 0x00001771, VM4, VM3)
    diagnosis = diagnose_tapes(tape)
    assert diagnosis.hosts[build.ip(A)].confidence == "likely"
    assert pairs(tape) == {(A, B): ("unknown", 1, 1)}


def test_hosts_that_exchange_nothing_are_no_pair() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100)
    tape.send(C, B, 0x00001389, VM3, VM4)
    assert list(pairs(tape)) == [(A, B), (B, C)]


def test_a_mismatch_does_not_need_one_vm_pair_that_speaks_both_ways() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100, VM1, VM2)
    tape.send(B, A, 0x00001389, VM4, VM3)
    assert pairs(tape) == {(A, B): ("mismatch", 1, 1)}


def test_a_host_that_sends_both_layouts_leaves_its_pairs_unknown() -> None:
    tape = Tape()
    for _ in range(2):
        tape.send(A, B, 0x00001389, VM1, VM2)
        tape.send(A, B, 0x1E848100, VM3, VM4)
    tape.send(B, A, 0x1E848155, vm(6), vm(5))
    assert pairs(tape) == {(A, B): ("unknown", 4, 1)}


def test_a_packet_that_is_only_known_from_a_quote_is_no_traffic_of_a_pair() -> None:
    packet = Tape().send(A, B, 0x1E848100)
    tape = Tape()
    tape.error(B, A, packet[:28])
    assert pairs(tape) == {}


def test_a_host_is_no_pair_with_itself() -> None:
    tape = Tape()
    tape.send(A, A, 0x1E848100)
    assert pairs(tape) == {}


def test_pairs_stand_in_numerical_order_ipv4_first() -> None:
    tape = Tape()
    tape.send("192.168.50.10", "192.168.50.9", 0x1E848100)
    tape.send("2001:db8::2", "2001:db8::1", 0x1E848100)
    tape.send("192.168.50.9", "192.168.50.10", 0x1E848100, VM2, VM1)
    found = diagnose_tapes(tape).pairs
    assert [names(pair)[0] for pair in found] == [
        "192.168.50.9",
        "2001:0db8:0000:0000:0000:0000:0000:0001",
    ]


def test_a_tie_of_a_host_that_changed_since_does_not_make_it_agree() -> None:
    tape = Tape()
    tape.send(A, C, 0x001E8481)
    tape.wait(150)
    tape.ping(A, B, 0x001E8481, 0x001E8481, VM3, VM4)
    tape.wait(150)
    tape.send(A, C, 0x1E848100)
    assert pairs(tape) == {(A, B): ("unknown", 1, 1), (A, C): ("unknown", 2, 0)}


def test_a_multicast_frame_hides_no_pair() -> None:
    tape = Tape()
    tape.send(A, "0.0.0.7", 0x1E848100)
    tape.send(A, "239.1.1.1", 0x1E848100)
    tape.send(B, A, 0x1E848100, VM2, VM1)
    assert list(pairs(tape)) == [("0.0.0.7", A), (A, B)]
