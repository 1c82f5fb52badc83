"""Every event as JSON and as a line for people, word for word."""

import json
from typing import Any

import pytest

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.watching.ledger import Change
from nvgre_doctor.watching.said import ABOUT_FINDINGS, ASIDE, EVENTS, Event, about, problem_at

TEN = 1_367_402_400_123_456_789
"""2013-05-01T10:00:00.123456789Z in nanoseconds."""


def row(**subject: object) -> dict[str, Any]:
    return {
        "code": "NVG201",
        "severity": "error",
        "message": "192.168.50.2 is old.",
        "subject": subject,
        "captures": {"0": "lab.pcapng", "1": "two.pcapng"},
    }


HOST = row(kind="host", address="192.168.50.2")


def line(name: str, fields: dict[str, Any]) -> str:
    """Without its time."""
    text = Event(name, 3, TEN, None, fields).to_text()
    assert text[:21] == "2013-05-01T10:00:00Z "
    return text[21:]


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("started", {"sources": ["a.pcap", "b"]}, "started   a.pcap, b"),
        ("reading", {"path": "a.pcap"}, "reading   a.pcap"),
        ("appeared", {"finding": HOST}, "appeared  NVG201 error: 192.168.50.2 is old."),
        ("changed", {"finding": HOST}, "changed   NVG201 error: 192.168.50.2 is old."),
        (
            "cleared",
            {"finding": HOST, "since": "2013-05-01T09:00:00Z"},
            "cleared   NVG201 192.168.50.2, since 2013-05-01T09:00:00Z",
        ),
        (
            "silent",
            {"finding": HOST, "since": "2013-05-01T09:00:00Z"},
            "silent    NVG201 192.168.50.2, since 2013-05-01T09:00:00Z",
        ),
        (
            "host",
            {"address": "192.168.50.2", "from": None, "to": "rfc7637"},
            "host      192.168.50.2 speaks rfc7637",
        ),
        (
            "host",
            {"address": "192.168.50.2", "from": "draft-00", "to": "rfc7637"},
            "host      192.168.50.2 speaks rfc7637, was draft-00",
        ),
        ("lost", {"path": "a.pcap", "why": "it is gone"}, "lost      a.pcap: it is gone"),
        ("problem", {"path": "a.pcap", "message": "it is cut"}, "problem   a.pcap: it is cut"),
        ("behind", {"seconds": 7}, "behind    the newest frame read is 7 s old"),
        (
            "heartbeat",
            {"rate": 1234, "frames": 1234567, "nvgre_frames": 23456, "rss": 41_999_999},
            "heartbeat 1,234 frames/s, 1,234,567 frames, 23,456 NVGRE, 41 MB",
        ),
        (
            "heartbeat",
            {"rate": 0, "frames": 1, "nvgre_frames": 0, "rss": 1_000_000},
            "heartbeat 0 frames/s, 1 frames, 0 NVGRE, 1 MB",
        ),
        (
            "heartbeat",
            {"rate": 0, "frames": 1, "nvgre_frames": 0, "rss": None},
            "heartbeat 0 frames/s, 1 frames, 0 NVGRE",
        ),
        ("stopped", {"reason": "interrupted"}, "stopped   interrupted"),
        ("stopped", {"reason": ""}, "stopped"),
    ],
)
def test_each_event_is_one_line_for_people(name: str, fields: dict[str, Any], words: str) -> None:
    assert line(name, fields) == words


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ({"kind": "flow", "source": "10.0.0.2", "destination": "10.0.0.1"}, "10.0.0.2 to 10.0.0.1"),
        ({"kind": "pair", "hosts": ["10.0.0.1", "10.0.0.2"]}, "10.0.0.1 and 10.0.0.2"),
        ({"kind": "capture", "capture": 0}, "lab.pcapng"),
        ({"kind": "capture", "capture": None}, "all captures"),
    ],
)
def test_what_is_over_is_told_with_its_subject(subject: dict[str, Any], words: str) -> None:
    fields = {"finding": row(**subject), "since": "then"}
    assert line("cleared", fields) == f"cleared   NVG201 {words}, since then"


def test_a_capture_that_no_frame_names_is_all_captures() -> None:
    without = {**row(kind="capture", capture=0), "captures": {}}
    assert line("cleared", {"finding": without, "since": "then"}).endswith(
        "all captures, since then"
    )


def test_what_an_encoding_lacks_and_what_commands_a_terminal_is_escaped() -> None:
    event = Event("reading", 3, TEN, None, {"path": "\x1b[2Jl\u00e4b.pcap"})
    assert event.to_text().endswith("reading   \\x1b[2Jl\u00e4b.pcap")
    assert event.to_text("ascii").endswith("reading   \\x1b[2Jl\\xe4b.pcap")


def test_a_clock_beyond_the_year_9999_has_no_time_and_is_a_line_all_the_same() -> None:
    event = Event("stopped", 3, 253_402_300_800 * 10**9, None, {"reason": "end"})
    assert event.to_text() == "Z stopped   end"
    assert json.loads(event.to_json())["time"] is None


def test_an_event_is_one_line_of_ascii_in_json() -> None:
    text = Event("reading", 3, TEN, TEN - 1, {"path": "l\u00e4b\n.pcap"}).to_json()
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == {
        "event": "reading",
        "number": 3,
        "time": "2013-05-01T10:00:00.123456789Z",
        "frame_time_ns": 1_367_402_400_123_456_788,
        "path": "l\u00e4b\n.pcap",
    }


def test_a_change_is_an_event_with_its_finding() -> None:
    name, fields = about(Change("cleared", HOST, TEN))
    assert name == "cleared"
    assert fields == {"since": "2013-05-01T10:00:00.123456789Z", "finding": HOST}


def test_a_problem_is_an_event_with_its_path() -> None:
    assert problem_at("a.pcap", Problem("cut", 24, "it is cut")) == (
        "problem",
        {"path": "a.pcap", "reason": "cut", "offset": 24, "message": "it is cut"},
    )


def test_all_events_are_known_by_name() -> None:
    assert EVENTS == (
        "started", "reading", "appeared", "changed", "cleared", "silent", "host", "lost",
        "problem", "behind", "heartbeat", "stopped",
    )  # fmt: skip
    assert ABOUT_FINDINGS == ("appeared", "changed", "cleared", "silent")
    assert ASIDE == ("started", "reading", "heartbeat", "stopped")
