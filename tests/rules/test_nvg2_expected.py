"""NVG205, and findings that are no surprise: what is told when a host is meant to speak a
layout.
"""

from xml.etree import ElementTree as ET

import pytest

from nvgre_doctor.known.expectations import parse_expected
from nvgre_doctor.reporters import render
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding, Subject
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.vocabulary import Verdict
from tests.worlds import (
    VM3,
    VM4,
    A,
    B,
    C,
    D,
    Tape,
    Vm,
    findings_of,
    judge_tapes,
    known_vsids,
    report_of,
)


def mismatch() -> Tape:
    """A writes RFC 7637, B draft-00, and B refuses what A sends."""
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00001389)
    tape.error(B, A, tape.send(A, B, 0x00138900))
    return tape


def expecting(tape: Tape, expect: dict[str, str]) -> Situation:
    return judge_tapes(tape)._replace(expected=parse_expected(expect))


def told(tape: Tape, expect: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (finding.code, finding.severity.value)
        for finding in report_of(expecting(tape, expect)).findings
    ]


def unexpected(tape: Tape, expect: dict[str, str]) -> list[Finding]:
    return findings_of(expecting(tape, expect), "NVG205")


# --- as expected -------------------------------------------------------------


def test_what_an_old_host_causes_is_a_note_if_it_is_meant_to_be_old() -> None:
    assert told(mismatch(), {}) == [("NVG201", "error"), ("NVG301", "error"), ("NVG302", "error")]
    assert told(mismatch(), {B: "draft-00"}) == [
        ("NVG201", "info"),
        ("NVG301", "info"),
        ("NVG302", "info"),
    ]


def test_a_note_says_so_and_gives_no_advice() -> None:
    findings = report_of(expecting(mismatch(), {B: "draft-00"})).findings
    assert all(finding.message.endswith(" This is expected.") for finding in findings)
    assert [finding.next_step for finding in findings] == ["", "", ""]


def test_the_verdict_stays_what_it_is_and_the_headline_says_that_it_is_expected() -> None:
    report = report_of(expecting(mismatch(), {B: "draft-00"}))
    assert report.verdict is Verdict.MISMATCH
    assert (
        report.headline
        == "192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. They cannot talk."
        " This is expected."
    )


def test_two_old_hosts_that_are_both_meant_are_expected_and_one_is_not_enough() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00001389, 0x00001389)
    both = report_of(expecting(tape, {"192.168.50.0/24": "draft-00"}))
    assert [(f.code, f.severity.value) for f in both.findings] == [
        ("NVG201", "info"),
        ("NVG201", "info"),
    ]
    assert both.verdict is Verdict.OLD_LAYOUT
    assert both.headline.endswith(" cannot talk to them. This is expected.")
    one = report_of(expecting(tape, {A: "draft-00"}))
    assert [(f.severity.value, f.subject.hosts[0]) for f in one.findings] == [
        ("error", B),
        ("info", A),
    ]
    assert not one.headline.endswith("This is expected.")


def test_a_mismatch_with_another_old_host_is_no_note() -> None:
    tape = mismatch()
    tape.ping(
        A,
        C,
        0x00177100,
        0x00001771,
        Vm("00:15:5d:0a:00:05", "10.1.1.5"),
        Vm("00:15:5d:0a:00:06", "10.1.1.6"),
    )
    findings = report_of(expecting(tape, {B: "draft-00"})).findings
    assert [(f.code, f.severity.value, f.subject.hosts) for f in findings] == [
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
    tape = Tape()
    tape.ping(A, B, 0x00001389, 0x00001389)
    tape.error(B, A, tape.send(A, B, 0x00001389))
    assert ("NVG303", "error") in told(tape, {A: "draft-00", B: "draft-00"})


def test_an_expectation_is_no_evidence() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905)
    situation = expecting(tape, {A: "rfc7637", B: "draft-00"})
    assert [host.layout.value for host in situation.diagnosis.hosts.values()] == [
        "unknown",
        "unknown",
    ]
    assert told(tape, {A: "rfc7637", B: "draft-00"}) == [("NVG204", "info"), ("NVG204", "info")]


# --- not as expected: NVG205 -------------------------------------------------


def test_a_host_that_was_updated_although_it_is_meant_to_be_old_is_an_error() -> None:
    (finding,) = unexpected(mismatch(), {A: "draft-00"})
    assert (finding.severity, finding.confidence, finding.subject) == (
        "error",
        "proven",
        Subject("host", (A,)),
    )
    assert finding.message == "192.168.50.1 uses RFC 7637, and draft-00 is expected of it."
    assert [frame.frame for frame in finding.frames] == [1]
    assert (
        finding.next_step
        == "If 192.168.50.1 was updated on purpose, correct expect in the configuration."
        " Check: Get-HotFix -Id KB2779768 -ComputerName 192.168.50.1"
    )


def test_an_old_host_that_is_meant_to_be_updated_is_an_error_with_the_way_out() -> None:
    (finding,) = unexpected(mismatch(), {"0.0.0.0/0": "rfc7637"})
    assert (finding.severity, finding.subject) == ("error", Subject("host", (B,)))
    assert finding.message == "192.168.50.2 uses draft-00, and RFC 7637 is expected of it."
    assert finding.next_step.startswith("Install KB2779768 on 192.168.50.2 and restart it.")
    (old,) = findings_of(expecting(mismatch(), {"0.0.0.0/0": "rfc7637"}), "NVG201")
    assert finding.display_filter == old.display_filter


@pytest.mark.parametrize(
    "expect", [{}, {B: "draft-00"}, {A: "rfc7637", B: "draft-00"}, {C: "draft-00"}]
)
def test_nothing_is_unexpected_without_an_expectation_that_fails(expect: dict[str, str]) -> None:
    assert unexpected(mismatch(), expect) == []


def test_a_host_whose_layout_cannot_be_told_is_not_unexpected() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905)
    assert unexpected(tape, {A: "draft-00", B: "rfc7637"}) == []


def test_a_host_that_speaks_both_is_unexpected_whatever_is_expected() -> None:
    tape = Tape()
    tape.send(A, B, 0x00001389)
    tape.send(A, B, 0x1E848100, VM3, VM4)
    tape.send(A, B, 0x00001389)
    for layout in ("draft-00", "rfc7637"):
        (finding,) = unexpected(tape, {A: layout})
        assert finding.message.startswith("192.168.50.1 uses both layouts, and ")


def test_a_host_that_changed_is_judged_by_its_later_layout() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00001389)
    tape.wait(600)
    tape.ping(A, B, 0x00138900, 0x00138900)
    assert unexpected(tape, {B: "rfc7637"}) == []
    (finding,) = unexpected(tape, {B: "draft-00"})
    assert finding.message == "192.168.50.2 uses RFC 7637, and draft-00 is expected of it."


def test_a_likely_layout_that_is_not_the_expected_one_is_a_warning() -> None:
    tape = Tape()
    for number in range(1, 9):  # eight subnets, low octet 0 everywhere: likely RFC 7637
        tape.send(A, B, 0x00200000 + (number << 8), Vm(f"00:15:5d:0b:00:{number:02x}", "10.1.1.1"))
    situation = expecting(tape, {A: "draft-00"})
    assert situation.diagnosis.hosts[bytes([192, 168, 50, 1])].confidence == "likely"
    (finding,) = findings_of(situation, "NVG205")
    assert (finding.severity, finding.confidence) == ("warning", "likely")
    assert finding.message == "192.168.50.1 probably uses RFC 7637, and draft-00 is expected of it."


def test_an_error_that_is_no_mismatch_is_never_called_healthy() -> None:
    tape = Tape()
    tape.ping(C, D, 0x1E848100, 0x1E848100)
    report = report_of(expecting(tape, {C: "draft-00"}))
    assert report.verdict is Verdict.WARNINGS
    assert report.headline == "No mismatch was found, but there is 1 error."


def test_junit_claims_the_expected_layout_where_that_is_what_fails() -> None:
    report = report_of(expecting(mismatch(), {A: "draft-00"}))
    root = ET.fromstring(render("junit", report, Display()))
    (case,) = [
        case
        for case in root.iter("testcase")
        if case.get("name") == "192.168.50.1 speaks the expected layout"
    ]
    assert [(child.tag, child.get("type")) for child in case] == [("failure", "NVG205")]


def test_known_vsids_change_nothing_about_expectations() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00138900)
    situation = judge_tapes(tape, inventory=known_vsids(5001))._replace(
        expected=parse_expected({A: "draft-00"})
    )
    assert [finding.subject.hosts for finding in findings_of(situation, "NVG205")] == [(A,)]
