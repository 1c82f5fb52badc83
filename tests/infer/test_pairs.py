"""What the layouts of two hosts mean for their traffic."""

import pytest

from nvgre_doctor.infer.answers import Answer
from nvgre_doctor.infer.diagnosis import PairFacts
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.infer.pairs import judge_pairs
from nvgre_doctor.vocabulary import Confidence, Layout
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


# --- by hand --------------------------------------------------------------------------

OLD, CURRENT, BOTH = Layout.OLD, Layout.CURRENT, Layout.BOTH
PROVEN, LIKELY = Confidence.PROVEN, Confidence.LIKELY
ONE, TWO = build.ip(A), build.ip(B)


def judged(
    one: tuple[Layout, Confidence, bool],
    two: tuple[Layout, Confidence, bool],
    margins: tuple[int, int] = (5, 5),
    *,
    are_hard: tuple[bool, bool] = (True, True),
    known: tuple[bytes, ...] = (ONE, TWO),
) -> tuple[str, str]:
    """Of hosts with a layout, a confidence, and whether they are stale."""
    hosts = {
        address: HostVerdict(address, layout, sure, is_stale=is_stale)
        for address, (layout, sure, is_stale) in ((ONE, one), (TWO, two))
    }
    answers = {
        address: Answer(hosts[address].layout, hosts[address].confidence, margin, is_hard)
        for address, margin, is_hard in zip((ONE, TWO), margins, are_hard, strict=True)
        if address in known
    }
    (pair,) = judge_pairs({(ONE, TWO): 3, (TWO, ONE): 4}, hosts, answers)
    assert (pair.frames_forward, pair.frames_backward) == (3, 4)
    return pair.verdict.value, pair.confidence.value


MISMATCH, LIKELY_MISMATCH = ("mismatch", "proven"), ("mismatch", "likely")
AGREE, UNKNOWN = ("agree", "proven"), ("unknown", "none")


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ((OLD, PROVEN, False), (CURRENT, PROVEN, False), MISMATCH),
        ((OLD, PROVEN, False), (OLD, PROVEN, False), AGREE),
        ((CURRENT, PROVEN, False), (CURRENT, LIKELY, False), UNKNOWN),
        ((CURRENT, LIKELY, False), (CURRENT, LIKELY, False), UNKNOWN),
        ((CURRENT, LIKELY, False), (OLD, PROVEN, False), LIKELY_MISMATCH),
        ((CURRENT, LIKELY, False), (OLD, LIKELY, False), LIKELY_MISMATCH),
        ((CURRENT, PROVEN, True), (OLD, PROVEN, False), UNKNOWN),
        ((CURRENT, PROVEN, False), (OLD, PROVEN, True), UNKNOWN),
        ((BOTH, PROVEN, False), (OLD, PROVEN, False), UNKNOWN),
        ((OLD, PROVEN, False), (BOTH, PROVEN, False), UNKNOWN),
    ],
)
def test_two_hosts_disagree_where_both_are_known_and_agree_where_both_are_proven(
    one: tuple[Layout, Confidence, bool],
    two: tuple[Layout, Confidence, bool],
    expected: tuple[str, str],
) -> None:
    assert judged(one, two) == expected


@pytest.mark.parametrize(("margin", "is_hard", "expected"), [
    (1, True, LIKELY_MISMATCH),
    (0, True, UNKNOWN),
    (2, False, LIKELY_MISMATCH),
    (1, False, UNKNOWN),
])  # fmt: skip
def test_statistics_make_a_mismatch_of_two_packets_and_facts_of_one(
    margin: int, is_hard: bool, expected: tuple[str, str]
) -> None:
    old, current = (OLD, LIKELY, False), (CURRENT, PROVEN, False)
    assert judged(old, current, (margin, 9), are_hard=(is_hard, True)) == expected
    assert judged(current, old, (9, margin), are_hard=(True, is_hard)) == expected


@pytest.mark.parametrize("known", [(ONE,), (TWO,), ()])
def test_a_host_without_an_answer_leaves_its_pairs_unknown(known: tuple[bytes, ...]) -> None:
    assert judged((OLD, PROVEN, False), (CURRENT, PROVEN, False), known=known) == UNKNOWN
