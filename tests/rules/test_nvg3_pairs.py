"""NVG301, NVG306 and NVG308: what two hosts do with each other."""

import pytest

from nvgre_doctor.evidence import Captures, Evidence
from nvgre_doctor.infer.diagnosis import Contradiction, PairFacts
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Subject
from nvgre_doctor.vocabulary import Cause, Confidence, PairVerdict, Sender, Severity
from tests import build
from tests.rules.asking import found, only
from tests.situations import (
    CURRENT,
    CURRENT_5001,
    OLD,
    OLD_5001,
    at,
    host,
    macs,
    mismatch,
    pair,
    refusal,
    situation,
    stream,
)
from tests.worlds import VM1, VM2, VM3, VM4, A, B, C, Tape, Vm, findings_of, judge_tapes, vm

PROVEN, LIKELY = Confidence.PROVEN, Confidence.LIKELY


def two_hosts(judged: PairFacts, **known: object) -> Situation:
    old = host(B, OLD, **known)
    return situation(host(A, CURRENT), old, pairs=(judged,))


# --- NVG301 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "severity"), [(PROVEN, Severity.ERROR), (LIKELY, Severity.WARNING)]
)
def test_a_mismatch_is_an_error_only_if_it_is_proven(
    confidence: Confidence, severity: Severity
) -> None:
    finding = only("NVG301", two_hosts(pair(A, B, confidence=confidence)))
    assert (finding.severity, finding.confidence) == (severity, confidence)
    assert finding.subject == Subject("pair", ("192.168.50.1", "192.168.50.2"))
    assert ("Install KB2779768" in finding.next_step) is (confidence is PROVEN)


@pytest.mark.parametrize("verdict", [PairVerdict.AGREE, PairVerdict.UNKNOWN])
def test_hosts_that_agree_or_are_unknown_draw_no_nvg301(verdict: PairVerdict) -> None:
    assert found("NVG301", two_hosts(pair(A, B, verdict))) == []


def test_a_mismatch_with_a_host_that_is_only_likely_old_is_not_told_to_install() -> None:
    known = two_hosts(pair(A, B), confidence=LIKELY)
    assert "Find out first" in only("NVG301", known).next_step


def test_the_old_host_is_named_first() -> None:
    finding = only("NVG301", mismatch())
    assert finding.message.startswith("192.168.50.2 (draft-00) and 192.168.50.1 (RFC 7637) ")
    assert [ref.frame for ref in finding.frames] == [1, 2]


def test_a_flow_that_only_a_quote_tells_of_is_no_example() -> None:
    sent = stream(A, B, CURRENT_5001, first=3)
    quoted = stream(B, A, OLD_5001, first=1, frames=0)
    known = situation(host(A, CURRENT), host(B), streams=(sent, quoted), pairs=(pair(A, B),))
    finding = only("NVG301", known)
    assert [ref.frame for ref in finding.frames] == [3]


def test_the_frames_of_both_directions_are_counted() -> None:
    assert only("NVG301", two_hosts(pair(A, B, forward=3, backward=9))).frame_count == 12


def test_hosts_that_refuse_each_others_shifted_keys_are_a_likely_mismatch() -> None:
    known = situation(
        refusals=(
            refusal(B, A, OLD_5001, Cause.LAYOUT_MISMATCH, frames=(1, 3), sightings=5),
            refusal(A, B, CURRENT_5001, Cause.LAYOUT_MISMATCH, frames=(2,)),
        )
    )
    finding = only("NVG301", known)
    assert (finding.severity, finding.confidence) == (Severity.WARNING, LIKELY)
    assert finding.subject == Subject("pair", ("192.168.50.1", "192.168.50.2"))
    assert ([ref.frame for ref in finding.frames], finding.frame_count) == ([1, 2, 3], 6)
    assert finding.next_step.startswith("Find out first what 192.168.50.2 is.")


@pytest.mark.parametrize("cause", [Cause.POLICY, Cause.UNKNOWN, Cause.THIRD_PARTY])
def test_refusals_for_another_reason_are_no_mismatch(cause: Cause) -> None:
    known = situation(refusals=(refusal(B, A, OLD_5001, cause), refusal(A, B, OLD_5001, cause)))
    assert found("NVG301", known) == []


def test_hosts_that_were_heard_are_not_told_twice() -> None:
    known = mismatch()
    known.diagnosis.refusals += [
        refusal(B, A, OLD_5001, Cause.LAYOUT_MISMATCH),
        refusal(A, B, CURRENT_5001, Cause.LAYOUT_MISMATCH),
    ]
    assert only("NVG301", known).confidence is PROVEN


def test_a_flow_that_is_refused_one_way_only_is_no_mismatch_of_its_own() -> None:
    known = situation(refusals=(refusal(B, A, OLD_5001, Cause.LAYOUT_MISMATCH),))
    assert found("NVG301", known) == []


# --- NVG306 ------------------------------------------------------------------


def one_way(*silent: tuple[Vm, Vm], answered: bool = True) -> Situation:
    streams = [
        stream(A, B, CURRENT_5001, first=number, vms=vms)
        for number, vms in enumerate(silent, start=3)
    ]
    if answered:
        streams += [stream(A, B, CURRENT_5001), stream(B, A, CURRENT_5001, vms=(VM2, VM1))]
    return situation(
        host(A, CURRENT), host(B, CURRENT), streams=tuple(streams), pairs=(pair(A, B),)
    )


def test_a_vm_pair_that_is_never_answered_is_a_note_although_both_hosts_are_heard() -> None:
    finding = only("NVG306", one_way((VM3, VM4)))
    assert finding.severity is Severity.INFO
    assert "1 VM pair between 192.168.50.1 and 192.168.50.2 heard" in finding.message
    assert [ref.frame for ref in finding.frames] == [3]
    assert finding.frame_count == 4


def test_vm_pairs_that_are_answered_draw_no_nvg306() -> None:
    assert found("NVG306", one_way()) == []


def test_a_host_that_is_never_heard_draws_no_nvg306() -> None:
    assert found("NVG306", one_way((VM3, VM4), answered=False)) == []


def test_a_broadcast_is_never_answered_and_draws_no_nvg306() -> None:
    assert found("NVG306", one_way((VM3, Vm("ff:ff:ff:ff:ff:ff", "10.1.1.255")))) == []


def test_frames_whose_macs_were_not_captured_draw_no_nvg306() -> None:
    bare = stream(A, B, 0x1E848100)._replace(macs=b"", customer_addresses=b"")
    known = one_way()
    known.diagnosis.streams.append(bare)
    assert found("NVG306", known) == []


def test_two_ids_of_one_silent_vm_pair_are_one_vm_pair() -> None:
    known = one_way((VM3, VM4))
    known.diagnosis.streams.append(stream(A, B, 0x1E848100, first=2, vms=(VM3, VM4)))
    finding = only("NVG306", known)
    assert finding.message.startswith("1 VM pair ")
    assert [ref.frame for ref in finding.frames] == [2]
    assert finding.frame_count == 8


def test_a_mismatch_since_a_change_is_about_the_frames_behind_the_change() -> None:
    tape = Tape()
    for gre_key in (OLD_5001, CURRENT_5001):
        for _ in range(2):
            tape.ping(A, B, gre_key, OLD_5001)
        tape.wait(60)
    (finding,) = findings_of(judge_tapes(tape), "NVG301")
    assert finding.display_filter == (
        f"ip.addr#1 == {A} && ip.addr#1 == {B} && ip.proto#1 == 47 && gre.proto#1 == 0x6558"
        " && gre.key#1 && frame.number in {5..8}"
    )
    assert finding.frame_count == 4
    assert [ref.frame for ref in finding.frames] == [5, 8]


def test_a_mismatch_since_a_change_is_counted_over_all_vm_pairs() -> None:
    tape = Tape()
    for gre_key in (OLD_5001, CURRENT_5001):
        for _ in range(2):
            tape.ping(A, B, gre_key, OLD_5001)
            tape.ping(A, B, gre_key, OLD_5001, VM3, VM4)
        tape.wait(60)
    (finding,) = findings_of(judge_tapes(tape), "NVG301")
    assert finding.frame_count == 8


def test_very_many_silent_vm_pairs_have_no_filter_and_it_is_said_so() -> None:
    few = [(vm(10 + n), VM4) for n in range(32)]
    finding = only("NVG306", one_way(*few))
    assert finding.display_filter.count("frame[14:] contains ") == 32
    assert finding.frame_count == 4 * 32
    finding = only("NVG306", one_way(*few, (VM3, VM4)))
    assert finding.display_filter == ""
    assert finding.message.endswith(" (too many for a display filter).")
    assert finding.frame_count == 4 * 33


# --- NVG308 ------------------------------------------------------------------


def contradiction(*gre_keys: int, hosts: tuple[str, ...] = (A, B)) -> Contradiction:
    return Contradiction(tuple(map(build.ip, hosts)), macs(), gre_keys, (at(1), at(2)))


@pytest.mark.parametrize(
    ("hosts", "subject"),
    [
        ((A,), Subject("host", ("192.168.50.1",))),
        ((A, B), Subject("pair", ("192.168.50.1", "192.168.50.2"))),
        ((B, C, A), Subject("pair", ("192.168.50.2", "192.168.50.3"))),
    ],
)
def test_ids_that_nothing_makes_equal_are_a_warning_about_their_hosts(
    hosts: tuple[str, ...], subject: Subject
) -> None:
    case = contradiction(CURRENT_5001, 0x12345600, hosts=hosts)
    finding = only("NVG308", situation(host(A, CURRENT), contradictions=(case,)))
    assert (finding.severity, finding.subject) == (Severity.WARNING, subject)
    assert [ref.frame for ref in finding.frames] == [1, 2]


@pytest.mark.parametrize(
    ("one", "two", "is_swapped"),
    [
        (0x00138900, 0x00891300, True),
        (0x12345600, 0x56341200, True),
        (0x00138900, 0x00138A00, False),
        (0x00138900, 0x00138905, False),
    ],
)
def test_swapped_bytes_are_called_so(one: int, two: int, is_swapped: bool) -> None:
    message = only("NVG308", situation(contradictions=(contradiction(one, two),))).message
    assert ("Their bytes are the same, in another order." in message) is is_swapped


def test_three_ids_are_never_called_swapped() -> None:
    case = contradiction(0x12345600, 0x56341200, 0x34125600)
    assert "order" not in only("NVG308", situation(contradictions=(case,))).message


def test_frames_of_both_directions_count_and_others_do_not() -> None:
    streams = (
        stream(A, B, CURRENT_5001, frames=2),
        stream(B, A, 0x12345600, frames=3, vms=(VM2, VM1)),
        stream(A, B, CURRENT_5001, frames=5, vms=(VM3, VM4)),
        stream(C, B, CURRENT_5001, frames=7),
    )
    case = contradiction(CURRENT_5001, 0x12345600)
    known = situation(streams=streams, contradictions=(case,))
    assert only("NVG308", known).frame_count == 5


def test_a_cmdlet_is_named_for_hyper_v_only() -> None:
    case = contradiction(CURRENT_5001, 0x12345600)
    for sender, check in (
        (Sender.HYPER_V, "Get-NetVirtualizationLookupRecord"),
        (Sender.UNCLEAR, None),
        (Sender.OTHER, None),
    ):
        known = situation(host(A, CURRENT, sender=sender), contradictions=(case,))
        assert only("NVG308", known).check == check


def test_without_a_contradiction_there_is_no_nvg308() -> None:
    assert found("NVG308", mismatch()) == []


@pytest.mark.parametrize("peers", [2, 12])
def test_what_was_sent_is_opened_once_for_all_pairs_of_a_host_that_changed(
    peers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = Tape()
    others = [(f"192.168.60.{number + 1}", vm(number)) for number in range(peers)]
    for key in (0x00012345, 0x12345600):
        for address, guest in others:
            for _ in range(4):
                tape.send(A, address, key, VM1, guest)
                tape.send(address, A, 0x00012345, guest, VM1)
        tape.wait(60)
    judged, opened = judge_tapes(tape), []
    bundles = Evidence.bundles

    def counted(evidence: Evidence) -> dict[bytes, list[Captures]]:
        opened.append(evidence)
        return bundles(evidence)

    monkeypatch.setattr(Evidence, "bundles", counted)
    mismatches = found("NVG301", judged)
    assert [finding.frame_count for finding in mismatches] == [8] * peers
    assert len(opened) == 1
