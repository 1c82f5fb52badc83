"""Two findings are the same one when code and hosts are, or code and capture name where they are
about a capture, and for no other reason.
"""

import hashlib

import pytest

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.fingerprint import fingerprint
from nvgre_doctor.report.model import Report
from nvgre_doctor.rules.finding import Finding, FrameRef, Subject
from nvgre_doctor.vocabulary import Confidence, Severity
from tests.reports import EVERY, HEALTHY, MISMATCH, WARNINGS

OLD_HOST, DIFFERENT, REFUSED = MISMATCH.findings


def with_paths(*paths: str) -> Report:
    captures = tuple(Capture(path, "pcap", None, "complete", 9, 900, 9, ()) for path in paths)
    return HEALTHY._replace(captures=captures)


def of_capture(report: Report, index: int | None) -> str:
    return fingerprint(
        report, OLD_HOST._replace(code="NVG101", subject=Subject("capture", (), index), frames=())
    )


def test_it_is_the_sha256_of_the_documented_canonical_text() -> None:
    text = b'{"capture":null,"code":"NVG201","hosts":["192.168.50.2"],"kind":"host","version":2}'
    assert fingerprint(MISMATCH, OLD_HOST) == hashlib.sha256(text).hexdigest()


def test_it_does_not_depend_on_frames_times_words_or_confidence() -> None:
    other = OLD_HOST._replace(
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        message="other words",
        frames=(FrameRef(0, 77, 5),),
        frame_count=99,
        display_filter="",
        next_step="",
    )
    assert fingerprint(MISMATCH, other) == fingerprint(MISMATCH, OLD_HOST)


@pytest.mark.parametrize(
    "other",
    [
        OLD_HOST._replace(code="NVG203"),
        OLD_HOST._replace(subject=Subject("host", ("192.168.50.3",))),
        OLD_HOST._replace(subject=Subject("pair", ("192.168.50.2",))),
    ],
    ids=["code", "host", "kind"],
)
def test_it_differs_with_code_and_subject(other: Finding) -> None:
    assert fingerprint(MISMATCH, other) != fingerprint(MISMATCH, OLD_HOST)


def test_a_host_is_the_same_in_whatever_capture_it_was_met() -> None:
    elsewhere = MISMATCH._replace(captures=with_paths("a.pcap", "b.pcap").captures)
    met = OLD_HOST._replace(frames=(FrameRef(1, 5),))
    assert fingerprint(elsewhere, met) == fingerprint(MISMATCH, OLD_HOST)
    assert fingerprint(MISMATCH, OLD_HOST._replace(frames=())) == fingerprint(MISMATCH, OLD_HOST)


def test_the_hosts_of_a_pair_have_no_order_and_those_of_a_flow_do() -> None:
    turned = ("192.168.50.2", "192.168.50.1")
    assert fingerprint(
        MISMATCH, DIFFERENT._replace(subject=Subject("pair", turned))
    ) == fingerprint(MISMATCH, DIFFERENT)
    assert fingerprint(MISMATCH, REFUSED._replace(subject=Subject("flow", turned))) != fingerprint(
        MISMATCH, REFUSED
    )


@pytest.mark.parametrize(
    "path",
    [
        "caps/lab.pcapng",
        "./lab.pcapng",
        "/tmp/lab.pcapng",
        "C:\\caps\\lab.pcapng",
        "\\\\server\\share\\lab.pcapng",
    ],
)
def test_the_folder_of_a_capture_does_not_count(path: str) -> None:
    assert of_capture(with_paths(path), 0) == of_capture(with_paths("lab.pcapng"), 0)


def test_the_order_of_captures_and_further_captures_do_not_count() -> None:
    alone, first, last = (
        with_paths("a.pcap"),
        with_paths("a.pcap", "b.pcap"),
        with_paths("b.pcap", "a.pcap"),
    )
    assert of_capture(alone, 0) == of_capture(first, 0) == of_capture(last, 1)


def test_captures_of_one_name_in_two_folders_are_told_apart_by_their_folders() -> None:
    report = with_paths("mon/lab.pcap", "x/tue/lab.pcap", "y/tue/lab.pcap", "other.pcap")
    assert len({of_capture(report, index) for index in range(4)}) == 4
    assert of_capture(report, 3) == of_capture(with_paths("other.pcap"), 0)


def test_a_name_that_is_the_tail_of_another_is_told_apart() -> None:
    report = with_paths("lab.pcap", "x/lab.pcap")
    assert of_capture(report, 0) != of_capture(report, 1)


def test_the_same_file_given_twice_is_the_same_capture() -> None:
    report = with_paths("lab.pcap", "lab.pcap")
    assert of_capture(report, 0) == of_capture(report, 1) == of_capture(with_paths("lab.pcap"), 0)


def test_a_finding_about_all_captures_is_not_one_about_the_first() -> None:
    assert of_capture(WARNINGS, None) != of_capture(WARNINGS, 0)


@pytest.mark.parametrize("name", list(EVERY))
def test_every_finding_of_every_report_has_one(name: str) -> None:
    report = EVERY[name]
    for finding in report.findings:
        assert len(bytes.fromhex(fingerprint(report, finding))) == 32
