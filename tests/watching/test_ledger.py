"""What a ledger tells of two reports, one after the other; every time is a literal."""

from collections.abc import Iterable

import pytest

from nvgre_doctor.report.model import Host, Pair, Report
from nvgre_doctor.rules.finding import Finding, FrameRef, Subject
from nvgre_doctor.vocabulary import Confidence, PairVerdict, Severity
from nvgre_doctor.watching import ledger
from nvgre_doctor.watching.ledger import Change, LayoutSaid, Ledger, Open, key_of
from tests.reports import MISMATCH, T0

ONE, TWO = "192.168.50.1", "192.168.50.2"
OF_HOST, OF_PAIR, OF_FLOW, OF_BACK = (
    Subject("host", (TWO,)),
    Subject("pair", (ONE, TWO)),
    Subject("flow", (ONE, TWO)),
    Subject("flow", (TWO, ONE)),
)
OF_CAPTURE, OF_ALL = Subject("capture", (), 0), Subject("capture")
WARNING, ERROR = Severity.WARNING, Severity.ERROR
LIKELY, PROVEN = Confidence.LIKELY, Confidence.PROVEN


def finding(
    subject: Subject,
    code: str = "NVG201",
    severity: Severity = ERROR,
    confidence: Confidence = PROVEN,
) -> Finding:
    frames = (FrameRef(0, 4, T0),)
    return Finding(code, severity, confidence, "It is old.", subject, frames, 1, "", "")


def report(
    *findings: Finding, sent: Iterable[str] = (), forward: int = 0, backward: int = 0
) -> Report:
    """Of hosts that sent a frame, and of frames between both; no pair if there are none."""
    hosts = tuple(MISMATCH.hosts[0]._replace(address=one, frames_sent=1) for one in sent)
    pair = Pair((ONE, TWO), PairVerdict.UNKNOWN, Confidence.NONE, forward, backward)
    return MISMATCH._replace(
        findings=findings,
        hosts=hosts,
        pairs=(pair,) if forward or backward else (),
        summary=MISMATCH.summary._replace(frames=0),
    )


def told(changes: Iterable[Change]) -> list[tuple[str, str, int]]:
    return [(change.event, change.row["code"], change.since_ns) for change in changes]


def test_a_finding_appears_once_with_all_that_is_known_of_it() -> None:
    known = Ledger()
    (change,) = known.compare(report(finding(OF_HOST)), 7)
    assert (change.event, change.since_ns) == ("appeared", 7)
    assert change.row["code"] == "NVG201"
    assert change.row["subject"] == {"kind": "host", "address": TWO}
    assert change.row["captures"] == {"0": "lab.pcapng"}
    assert list(known.open.values()) == [Open(change.row, 7, 7)]
    assert known.compare(report(finding(OF_HOST)), 8) == []
    assert list(known.open.values()) == [Open(change.row, 7, 8)]


@pytest.mark.parametrize(
    ("severity", "confidence"), [(WARNING, PROVEN), (ERROR, LIKELY), (WARNING, LIKELY)]
)
def test_what_is_graver_or_surer_now_has_changed_since_it_appeared(
    severity: Severity, confidence: Confidence
) -> None:
    known = Ledger()
    known.compare(report(finding(OF_HOST, "NVG201", severity, confidence)), 7)
    (change,) = known.compare(report(finding(OF_HOST)), 9)
    assert (change.event, change.since_ns) == ("changed", 7)
    assert (change.row["severity"], change.row["confidence"]) == ("error", "proven")
    assert list(known.open.values()) == [Open(change.row, 7, 9)]
    assert known.compare(report(finding(OF_HOST)), 10) == []


def test_of_two_findings_alike_the_first_is_told() -> None:
    alike = finding(OF_HOST, severity=WARNING)
    (change,) = Ledger().compare(report(finding(OF_HOST), alike), 7)
    assert change.row["severity"] == "error"


@pytest.mark.parametrize("code", ["NVG103", "NVG204", "NVG306"])
def test_what_holds_for_the_window_alone_is_not_told(code: str) -> None:
    assert Ledger().compare(report(finding(OF_HOST, code)), 7) == []


def test_it_is_over_when_its_host_sends_without_it_and_silent_when_it_does_not_send() -> None:
    known = Ledger()
    known.compare(report(finding(OF_HOST)), 7)
    assert told(known.compare(report(sent=[ONE]), 8)) == [("silent", "NVG201", 7)]
    assert known.compare(report(sent=[ONE]), 9) == []
    assert told(known.compare(report(sent=[ONE, TWO]), 10)) == [("cleared", "NVG201", 7)]
    assert known.open == {}


def test_a_finding_that_was_silent_appears_again_from_now_on() -> None:
    known = Ledger()
    known.compare(report(finding(OF_HOST)), 7)
    known.compare(report(), 8)
    assert told(known.compare(report(finding(OF_HOST)), 9)) == [("appeared", "NVG201", 9)]


def test_a_host_that_only_received_is_not_heard() -> None:
    known = Ledger()
    known.compare(report(finding(OF_HOST)), 7)
    heard: Host = MISMATCH.hosts[0]._replace(address=TWO, frames_sent=0)
    assert told(known.compare(report()._replace(hosts=(heard,)), 8)) == [("silent", "NVG201", 7)]


@pytest.mark.parametrize(
    ("subject", "forward", "backward", "event"),
    [
        (OF_PAIR, 1, 1, "cleared"),
        (OF_PAIR, 1, 0, "silent"),
        (OF_PAIR, 0, 1, "silent"),
        (OF_PAIR, 0, 0, "silent"),
        (OF_FLOW, 1, 0, "cleared"),
        (OF_FLOW, 0, 1, "silent"),
        (OF_BACK, 0, 1, "cleared"),
        (OF_BACK, 1, 0, "silent"),
    ],
)
def test_a_pair_is_heard_in_both_directions_and_a_flow_in_its_own(
    subject: Subject, forward: int, backward: int, event: str
) -> None:
    known = Ledger()
    known.compare(report(finding(subject)), 7)
    now = report(sent=[ONE, TWO], forward=forward, backward=backward)
    assert told(known.compare(now, 8)) == [(event, "NVG201", 7)]


@pytest.mark.parametrize("subject", [OF_CAPTURE, OF_ALL])
@pytest.mark.parametrize(("frames", "event"), [(0, "silent"), (1, "cleared")])
def test_a_capture_is_heard_where_any_frame_was_read(
    subject: Subject, frames: int, event: str
) -> None:
    known = Ledger()
    known.compare(report(finding(subject)), 7)
    now = report()
    now = now._replace(summary=now.summary._replace(frames=frames))
    assert told(known.compare(now, 8)) == [(event, "NVG201", 7)]


def earlier(shown_ns: int) -> Ledger:
    """What an earlier run had told."""
    known = Ledger()
    (change,) = known.compare(report(finding(OF_HOST)), 7)
    return Ledger([Open(change.row, 7, shown_ns)])


@pytest.mark.parametrize(("now", "events"), [(99, []), (100, [("cleared", "NVG201", 7)])])
def test_what_was_told_earlier_is_open_while_patience_lasts(
    now: int, events: list[tuple[str, str, int]]
) -> None:
    known = earlier(shown_ns=50)
    assert told(known.compare(report(sent=[TWO]), now, 50)) == events


def test_without_patience_it_is_over_at_once() -> None:
    known = earlier(shown_ns=50)
    assert told(known.compare(report(sent=[TWO]), 50)) == [("cleared", "NVG201", 7)]


def test_patience_is_for_what_was_not_met_since() -> None:
    known = earlier(shown_ns=50)
    assert known.compare(report(finding(OF_HOST)), 60, 50) == []
    assert told(known.compare(report(sent=[TWO]), 61, 50)) == [("cleared", "NVG201", 7)]


def test_of_too_many_silent_findings_those_are_forgotten_that_are_silent_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger, "MOST_SILENT", 2)
    known = Ledger()
    three = [finding(OF_HOST, code) for code in ("NVG201", "NVG202", "NVG203")]
    known.compare(report(three[0], three[1]), 1)
    known.compare(report(), 2)
    known.compare(report(three[0]), 3)  # it is heard of again, and is the last to be forgotten
    known.compare(report(three[2]), 4)
    assert [key[0] for key in known.open] == ["NVG202", "NVG201", "NVG203"]
    known.compare(report(), 5)
    assert [key[0] for key in known.open] == ["NVG201", "NVG203"]


def test_ten_thousand_silent_findings_are_remembered() -> None:
    rows = [
        {"code": "NVG201", "subject": {"kind": "host", "address": str(number)}}
        for number in range(10_001)
    ]
    known = Ledger([Open(row, 1, 1, is_silent=True) for row in rows])
    assert known.compare(report(), 2) == []
    assert [key[2] for key in known.open] == [(str(number),) for number in range(1, 10_001)]


def test_a_layout_is_told_when_it_is_known_and_another_one_than_before() -> None:
    known = Ledger(layouts={ONE: "draft-00"})
    host = MISMATCH.hosts[0]

    def said(layout: str) -> list[LayoutSaid]:
        hosts = (host._replace(address=ONE, layout=layout),)
        return list(known.layouts_said(MISMATCH._replace(hosts=hosts)))

    assert said("draft-00") == []
    assert said("unknown") == []
    assert said("rfc7637") == [LayoutSaid(ONE, "draft-00", "rfc7637")]
    assert said("rfc7637") == []
    assert known.layouts == {ONE: "rfc7637"}


@pytest.mark.parametrize(
    ("subject", "hosts"),
    [
        ({"kind": "host", "address": TWO}, (TWO,)),
        ({"kind": "flow", "source": TWO, "destination": ONE}, (TWO, ONE)),
        ({"kind": "pair", "hosts": [ONE, TWO]}, (ONE, TWO)),
        ({"kind": "capture", "capture": 0}, ()),
    ],
)
def test_a_row_has_the_key_of_its_finding(
    subject: dict[str, object], hosts: tuple[str, ...]
) -> None:
    assert key_of({"code": "NVG301", "subject": subject}) == ("NVG301", subject["kind"], hosts)
