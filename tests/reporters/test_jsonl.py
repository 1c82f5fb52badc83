"""JSON Lines: every line stands alone."""

import json

from nvgre_doctor.reporters.jsonl import render
from nvgre_doctor.terminal.display import Display
from tests.reports import EVERY, HEALTHY, HOSTILE, MISMATCH, WARNINGS


def test_a_line_is_the_finding_of_the_json_format_with_what_surrounds_it() -> None:
    line = json.loads(render(MISMATCH, Display()).splitlines()[2])
    assert line == {
        "schema_version": "2.0",
        "code": "NVG302",
        "severity": "error",
        "confidence": "proven",
        "message": (
            "192.168.50.2 refuses what 192.168.50.1 sends (ICMP 3/10, 4 times), because their"
            " layouts differ"
        ),
        "subject": {"kind": "flow", "source": "192.168.50.1", "destination": "192.168.50.2"},
        "frames": [
            {
                "capture": 0,
                "frame": 11,
                "time_ns": 1367402400500000001,
                "time": "2013-05-01T10:00:00.500000001Z",
            }
        ],
        "frame_count": 5,
        "display_filter": "ip.proto#1 == 47 && icmp.code == 10",
        "next_step": "",
        "check": None,
        "fingerprint": "db859f0474641a806853e0c41dd5b79d1472625aae43fcc7f7c1f7a9617bd4b6",
        "captures": {"0": "lab.pcapng"},
    }


def test_there_is_one_line_for_each_finding_in_the_order_of_the_report() -> None:
    lines = render(MISMATCH, Display()).splitlines()
    assert [json.loads(line)["code"] for line in lines] == ["NVG201", "NVG301", "NVG302"]


def test_only_the_captures_that_a_finding_points_to_are_named() -> None:
    captures = [json.loads(line)["captures"] for line in render(WARNINGS, Display()).splitlines()]
    assert captures == [{"0": "cut.pcap"}, {"0": "cut.pcap", "1": "peer.pcapng"}, {"0": "cut.pcap"}]


def test_no_finding_means_no_line() -> None:
    assert render(HEALTHY, Display()) == ""


def test_hostile_text_stays_in_one_line_of_ascii_and_comes_back_whole() -> None:
    text = render(HOSTILE, Display())
    assert text.isascii()
    assert text.count("\n") == 1
    assert json.loads(text)["display_filter"] == HOSTILE.findings[0].display_filter


def test_every_line_of_every_report_is_json() -> None:
    counts = [
        len([json.loads(line) for line in render(report, Display()).splitlines()])
        for report in EVERY.values()
    ]
    assert counts == [3, 0, 3, 1, 0, 1, 70]
