"""NVG205, and findings that are no surprise: what is told when a host is meant to speak a
layout.
"""

from xml.etree import ElementTree as ET

import pytest

from nvgre_doctor.known.expectations import parse_expected
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters import render
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding, Subject
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.vocabulary import Cause, Confidence, Sender, Severity, Verdict
from tests.situations import (
    BOTH,
    CURRENT,
    CURRENT_5001,
    OLD,
    OLD_5001,
    UNKNOWN,
    by_value,
    change,
    host,
    pair,
    refusal,
    situation,
    span,
    stream,
)
from tests.worlds import VM1, VM2, VM3, VM4, A, B, C, findings_of, report_of

LIKELY = Confidence.LIKELY


def mismatch(**of_b: object) -> Situation:
    """A writes RFC 7637, B draft-00, and B refuses what A sends."""
    sent, answered = stream(A, B, CURRENT_5001), stream(B, A, OLD_5001, vms=(VM2, VM1), first=2)
    return situation(
        host(A, CURRENT, spans=[span(CURRENT, 1, 99)], reasons=[by_value(sent, CURRENT)]),
        host(B, OLD, spans=[span(OLD, 1, 99)], reasons=[by_value(answered)], **of_b),
        streams=(sent, answered),
        pairs=(pair(A, B),),
        refusals=(refusal(A, B, CURRENT_5001, Cause.LAYOUT_MISMATCH),),
    )


def expecting(known: Situation, expect: dict[str, str]) -> Situation:
    return known._replace(expected=parse_expected(expect))


def reported(known: Situation, expect: dict[str, str]) -> Report:
    return report_of(expecting(known, expect))


def told(known: Situation, expect: dict[str, str]) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity.value) for finding in reported(known, expect).findings]


def unexpected(known: Situation, expect: dict[str, str]) -> list[Finding]:
    return findings_of(expecting(known, expect), "NVG205")


# --- as expected -------------------------------------------------------------


def test_what_an_old_host_causes_is_a_note_if_it_is_meant_to_be_old() -> None:
    assert told(mismatch(), {}) == [("NVG201", "error"), ("NVG301", "error"), ("NVG302", "error")]
    assert told(mismatch(), {B: "draft-00"}) == [
        ("NVG201", "info"),
        ("NVG301", "info"),
        ("NVG302", "info"),
    ]


def test_a_note_says_so_and_gives_no_advice() -> None:
    findings = reported(mismatch(), {B: "draft-00"}).findings
    assert all(finding.message.endswith(" This is expected.") for finding in findings)
    assert [(finding.next_step, finding.check) for finding in findings] == [("", None)] * 3


def test_the_verdict_stays_what_it_is_and_the_headline_says_that_it_is_expected() -> None:
    report = reported(mismatch(), {B: "draft-00"})
    assert report.verdict is Verdict.MISMATCH
    assert (
        report.headline
        == "192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. They cannot talk."
        " This is expected."
    )


@pytest.mark.parametrize("confidence", [Confidence.PROVEN, LIKELY])
def test_two_old_hosts_that_are_both_meant_are_expected_and_one_is_not_enough(
    confidence: Confidence,
) -> None:
    known = situation(host(A, OLD, confidence=confidence), host(B, OLD, confidence=confidence))
    both = reported(known, {"192.168.50.0/24": "draft-00"})
    assert [(f.code, f.severity.value) for f in both.findings] == [
        ("NVG201", "info"),
        ("NVG201", "info"),
    ]
    assert both.verdict is Verdict.OLD_LAYOUT
    assert both.headline.endswith(" cannot talk to them. This is expected.")
    one = reported(known, {A: "draft-00"})
    assert [f.subject.hosts[0] for f in one.findings if f.severity is Severity.INFO] == [A]
    assert not one.headline.endswith("This is expected.")


def test_a_mismatch_with_another_old_host_is_no_note() -> None:
    known = mismatch()
    known.diagnosis.hosts[bytes([192, 168, 50, 3])] = host(C, OLD)
    known.diagnosis.pairs.append(pair(A, C))
    assert [
        (f.code, f.severity.value, f.subject.hosts)
        for f in reported(known, {B: "draft-00"}).findings
    ] == [
        ("NVG201", "error", (C,)),
        ("NVG301", "error", (A, C)),
        ("NVG201", "info", (B,)),
        ("NVG301", "info", (A, B)),
        ("NVG302", "info", (A, B)),
    ]


def test_that_the_updated_host_is_as_expected_excuses_no_old_one() -> None:
    assert told(mismatch(), {A: "rfc7637"}) == [
        ("NVG201", "error"),
        ("NVG301", "error"),
        ("NVG302", "error"),
    ]


def test_a_refusal_that_layouts_do_not_explain_is_never_expected() -> None:
    known = situation(host(A, OLD), host(B, OLD), refusals=(refusal(A, B, OLD_5001, Cause.POLICY),))
    assert ("NVG303", "error") in told(known, {A: "draft-00", B: "draft-00"})


# --- not as expected: NVG205 -------------------------------------------------


def test_a_host_that_was_updated_although_it_is_meant_to_be_old_is_an_error() -> None:
    (finding,) = unexpected(mismatch(), {A: "draft-00"})
    assert (finding.severity, finding.confidence, finding.subject) == (
        "error",
        "proven",
        Subject("host", (A,)),
    )
    assert [frame.frame for frame in finding.frames] == [1]
    assert finding.next_step.startswith(
        "If 192.168.50.1 was updated on purpose, correct expect in the configuration. Find the host"
    )
    assert finding.check == "Get-HotFix -Id KB2779768 -ComputerName HOSTNAME"


def test_an_old_host_that_is_meant_to_be_updated_is_an_error_with_the_way_out() -> None:
    (finding,) = unexpected(mismatch(), {"0.0.0.0/0": "rfc7637"})
    assert (finding.severity, finding.subject) == ("error", Subject("host", (B,)))
    assert "Install KB2779768 on it and restart it" in finding.next_step
    (old,) = findings_of(expecting(mismatch(), {"0.0.0.0/0": "rfc7637"}), "NVG201")
    assert finding.display_filter == old.display_filter
    assert finding.frames == old.frames


def test_of_a_host_that_changed_only_frames_in_the_unexpected_layout_are_shown() -> None:
    before, after = stream(A, B, CURRENT_5001, first=2), stream(A, B, CURRENT_5001, first=12)
    changed = host(
        A,
        CURRENT,
        spans=[span(OLD, 1, 4), span(CURRENT, 11, 14)],
        changes=[change(OLD, 4, CURRENT, 11)],
        reasons=[by_value(before, CURRENT), by_value(after, CURRENT)],
    )
    (finding,) = unexpected(situation(changed, streams=(before, after)), {A: "draft-00"})
    assert [frame.frame for frame in finding.frames] == [12]


def test_a_sender_that_is_no_hyper_v_host_is_not_told_to_look_for_an_update() -> None:
    known = situation(host(A, CURRENT, sender=Sender.OTHER))
    (finding,) = unexpected(known, {A: "draft-00"})
    assert finding.next_step.endswith(" it does not look like a Hyper-V host.")
    assert finding.check is None


@pytest.mark.parametrize(
    "expect", [{}, {B: "draft-00"}, {A: "rfc7637", B: "draft-00"}, {C: "draft-00"}]
)
def test_nothing_is_unexpected_without_an_expectation_that_fails(expect: dict[str, str]) -> None:
    assert unexpected(mismatch(), expect) == []


def test_a_host_whose_layout_cannot_be_told_is_not_unexpected() -> None:
    known = situation(host(A, UNKNOWN), host(B, UNKNOWN))
    assert unexpected(known, {A: "draft-00", B: "rfc7637"}) == []


def test_a_host_that_speaks_both_is_unexpected_whatever_is_expected() -> None:
    one, two = stream(A, B, OLD_5001), stream(A, B, 0x1E848100, vms=(VM3, VM4), first=2)
    known = situation(host(A, BOTH, reasons=[by_value(one), by_value(two, CURRENT)]))
    for layout, frame in (("draft-00", 2), ("rfc7637", 1)):
        (finding,) = unexpected(known, {A: layout})
        assert finding.message.startswith("192.168.50.1 uses both layouts, and ")
        assert [ref.frame for ref in finding.frames] == [frame]


def test_a_host_that_changed_is_judged_by_its_later_layout() -> None:
    known = situation(host(B, CURRENT, changes=[change(OLD, 4, CURRENT, 11)]))
    assert unexpected(known, {B: "rfc7637"}) == []
    (finding,) = unexpected(known, {B: "draft-00"})
    assert finding.message == "192.168.50.2 uses RFC 7637, and draft-00 is expected of it."


def test_a_likely_layout_that_is_not_the_expected_one_is_a_warning() -> None:
    known = situation(host(A, CURRENT, confidence=LIKELY))
    (finding,) = unexpected(known, {A: "draft-00"})
    assert (finding.severity, finding.confidence) == ("warning", "likely")
    assert finding.message == "192.168.50.1 probably uses RFC 7637, and draft-00 is expected of it."


def test_an_error_that_is_no_mismatch_is_never_called_healthy() -> None:
    report = reported(situation(host(A, CURRENT), host(B, CURRENT)), {A: "draft-00"})
    assert report.verdict is Verdict.WARNINGS
    assert report.headline == "No mismatch was found, but there is 1 error."


def test_junit_claims_the_expected_layout_where_that_is_what_fails() -> None:
    root = ET.fromstring(render("junit", reported(mismatch(), {A: "draft-00"}), Display()))
    (case,) = [
        case
        for case in root.iter("testcase")
        if case.get("name") == "192.168.50.1 speaks the expected layout"
    ]
    assert [(child.tag, child.get("type")) for child in case] == [("failure", "NVG205")]
