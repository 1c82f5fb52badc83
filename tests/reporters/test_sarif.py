"""SARIF 2.1.0, checked against the OASIS schema with errata 01."""

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import jsonschema
import pytest
from markdown_it import MarkdownIt

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.fingerprint import fingerprint
from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.sarif import capture_uri, render
from nvgre_doctor.rules.finding import FrameRef, Subject
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.terminal.display import Display
from tests.reporters.schemas import schema_path
from tests.reports import EVERY, EVIL, HEALTHY, HOSTILE, MISMATCH, NO_NVGRE, UNREADABLE, WARNINGS

Json = dict[str, Any]


def run_of(report: Report) -> Json:
    document = json.loads(render(report, Display()))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    return dict(run)


def results(report: Report) -> list[Json]:
    return list(run_of(report)["results"])


@pytest.fixture(scope="module")
def schema() -> Json:
    return dict(json.loads(schema_path("sarif-2.1.0-errata01.json").read_text("utf-8")))


@pytest.mark.parametrize("name", list(EVERY))
def test_every_report_is_valid_sarif(name: str, schema: Json) -> None:
    jsonschema.Draft4Validator(schema).validate(json.loads(render(EVERY[name], Display())))


def test_the_schema_notices_a_frame_zero(schema: Json) -> None:
    finding = MISMATCH.findings[0]._replace(frames=(FrameRef(0, 0),))
    document = json.loads(render(MISMATCH._replace(findings=(finding,)), Display()))
    assert not jsonschema.Draft4Validator(schema).is_valid(document)


def test_a_finding_is_a_result_with_its_rule_level_and_next_step() -> None:
    result = results(MISMATCH)[0]
    assert (result["ruleId"], result["level"]) == ("NVG201", "error")
    assert run_of(MISMATCH)["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "NVG201"
    assert (
        result["message"]["text"]
        == "192.168.50.2 uses the old NVGRE layout (draft-00): key 0x00001389 is TNI 5001, as a"
        " VSID it would be 19\n\nInstall KB2779768 on the host with 192.168.50.2 and restart it."
        " Check: Get-HotFix -Id KB2779768 -ComputerName HOSTNAME"
    )
    assert result["properties"] == {
        "confidence": "proven",
        "displayFilter": "ip.src#1 == 192.168.50.2 && gre.key#1",
        "frameCount": 4,
    }


def test_severities_become_error_warning_and_note() -> None:
    assert [result["level"] for result in results(MISMATCH)] == ["error", "error", "error"]
    assert [result["level"] for result in results(WARNINGS)] == ["warning", "warning", "note"]


def test_start_line_is_the_frame_number_and_the_run_says_so() -> None:
    result = results(MISMATCH)[0]
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "lab.pcapng", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 4},
            },
            "message": {"text": "Frame 4"},
            "logicalLocations": [
                {"name": "192.168.50.2", "fullyQualifiedName": "192.168.50.2", "kind": "host"}
            ],
        }
    ]
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["region"] == {"startLine": 8}
    assert "startLine is the frame number" in run_of(MISMATCH)["properties"]["startLine"]


def test_both_hosts_of_a_pair_are_logical_locations() -> None:
    names = [
        location["name"] for location in results(MISMATCH)[1]["locations"][0]["logicalLocations"]
    ]
    assert names == ["192.168.50.1", "192.168.50.2"]


def test_a_finding_without_frames_points_to_its_capture_as_a_whole() -> None:
    assert results(WARNINGS)[0]["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "cut.pcap", "uriBaseId": "%SRCROOT%"}}}
    ]


def test_fingerprints_do_not_change_with_frames_and_are_those_of_baselines() -> None:
    finding = MISMATCH.findings[0]
    moved = MISMATCH._replace(findings=(finding._replace(frames=(FrameRef(0, 99),)),))
    expected = fingerprint(MISMATCH, finding)
    assert results(MISMATCH)[0]["partialFingerprints"] == {
        "nvgreDoctor/v2": expected,
        "primaryLocationLineHash": expected,
    }
    assert results(moved)[0]["partialFingerprints"] == results(MISMATCH)[0]["partialFingerprints"]


def test_a_capture_that_cannot_be_read_is_a_notification_and_the_run_failed() -> None:
    (invocation,) = run_of(UNREADABLE)["invocations"]
    assert invocation["executionSuccessful"] is False
    notifications = invocation["toolExecutionNotifications"]
    assert [(n["level"], n["message"]["text"]) for n in notifications] == [
        ("error", "an ETW trace; convert it: etl2pcapng trace.etl trace.pcapng"),
        ("error", "it holds no frame"),
    ]
    assert (
        notifications[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        == "trace.etl"
    )


def test_nothing_decodable_is_a_failed_run_even_if_the_file_could_be_read() -> None:
    (invocation,) = run_of(UNREADABLE._replace(captures=NO_NVGRE.captures))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [n["message"]["text"] for n in invocation["toolExecutionNotifications"]] == [
        "No capture could be read."
    ]


@pytest.mark.parametrize(
    "report", [HEALTHY, MISMATCH, WARNINGS], ids=["healthy", "mismatch", "cut"]
)
def test_findings_and_cut_captures_are_no_failed_run(report: Report) -> None:
    assert run_of(report)["invocations"] == [
        {"executionSuccessful": True, "toolExecutionNotifications": []}
    ]


def test_every_code_is_a_rule_with_descriptions_and_help() -> None:
    rules = run_of(HEALTHY)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in RULES]
    for rule, source in zip(rules, RULES, strict=True):
        assert rule["shortDescription"] == {"text": source.title}
        # GitHub refuses descriptions of more than 1024 characters.
        assert 30 < len(rule["fullDescription"]["text"]) <= 1024
        assert "What to do" in rule["help"]["text"]
        assert "startLine is the frame number" in rule["help"]["text"]


def test_the_markdown_help_has_a_heading_for_each_section_and_says_what_the_text_says() -> None:
    for rule in run_of(HEALTHY)["tool"]["driver"]["rules"]:
        tokens = MarkdownIt("commonmark").parse(rule["help"]["markdown"])
        headings = [
            tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"
        ]
        sections = [
            "What it means",
            "How it is detected",
            "What it is not",
            "What to do",
            "Sources",
        ]
        assert headings == [f"{rule['id']}: {rule['shortDescription']['text']}", *sections]
        assert {token.type for token in tokens if token.nesting >= 0} == {
            "heading_open",
            "inline",
            "paragraph_open",
        }
        rendered = [child.content for token in tokens for child in token.children or ()]
        words = re.findall(r"\S+", " ".join(rendered))
        assert words == re.findall(r"\S+", f"{headings[0]} {rule['help']['text']}")


def test_the_usual_level_of_a_rule_is_its_severity() -> None:
    rules = {
        rule["id"]: rule["defaultConfiguration"]["level"]
        for rule in run_of(HEALTHY)["tool"]["driver"]["rules"]
    }
    assert (rules["NVG201"], rules["NVG202"], rules["NVG204"]) == ("error", "warning", "warning")
    assert rules["NVG306"] == "note"


def test_a_code_of_a_later_version_is_a_result_without_a_rule() -> None:
    finding = MISMATCH.findings[0]._replace(code="NVG999")
    (result,) = results(MISMATCH._replace(findings=(finding,)))
    assert result["ruleId"] == "NVG999"
    assert "ruleIndex" not in result


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("lab.pcapng", "lab.pcapng"),
        ("./caps//lab.pcapng", "caps/lab.pcapng"),
        ("caps\\lab one.pcapng", "caps/lab%20one.pcapng"),
        ("../lab.pcapng", "../lab.pcapng"),
        ("/tmp/lab.pcapng", "file:///tmp/lab.pcapng"),
        ("//tmp/lab.pcapng", "file:///tmp/lab.pcapng"),
        ("/tmp/a\\b.pcap", "file:///tmp/a%5Cb.pcap"),
        ("C:\\caps\\lab.pcapng", "file:///C:/caps/lab.pcapng"),
        ("C:/caps/lab.pcapng", "file:///C:/caps/lab.pcapng"),
        ("\\\\server\\share\\lab 1.pcapng", "file://server/share/lab%201.pcapng"),
        ("\\\\?\\C:\\caps\\lab.pcapng", "file:///C:/caps/lab.pcapng"),
        ("\\\\?\\UNC\\server\\share\\lab.pcapng", "file://server/share/lab.pcapng"),
        ("C:lab.pcapng", "C%3Alab.pcapng"),
        ("a:b.pcap", "a%3Ab.pcap"),
        ("http://x/lab.pcap", "http%3A/x/lab.pcap"),
        ("50%.pcap", "50%25.pcap"),
        ("a?b#c.pcap", "a%3Fb%23c.pcap"),
        ("schön.pcap", "sch%C3%B6n.pcap"),
        ("\udcff.pcap", "%FF.pcap"),
        ("\ud800.pcap", "%ED%A0%80.pcap"),
        ("a\n::error::\x1b.pcap", "a%0A%3A%3Aerror%3A%3A%1B.pcap"),
        ("-", "stdin"),
        (".", "."),
    ],
)
def test_a_path_becomes_a_uri(path: str, uri: str) -> None:
    assert capture_uri(path) == uri
    parts = urlsplit(uri)
    assert parts.scheme in ("", "file")
    assert (parts.query, parts.fragment) == ("", "")
    assert re.fullmatch(rb"[^\\]*", unquote_to_bytes(uri)) or "%5C" in uri


def test_standard_input_is_named_as_such_and_not_as_a_file_of_the_repository() -> None:
    report = MISMATCH._replace(captures=(MISMATCH.captures[0]._replace(path="-"),))
    (artifact,) = run_of(report)["artifacts"]
    assert artifact["location"] == {"uri": "stdin", "description": {"text": "standard input"}}


@pytest.mark.parametrize("path", ["/tmp/lab.pcapng", "../lab.pcapng", "C:\\lab.pcapng"])
def test_only_a_path_below_the_working_directory_has_the_source_root_as_base(path: str) -> None:
    report = MISMATCH._replace(captures=(MISMATCH.captures[0]._replace(path=path),))
    assert list(run_of(report)["artifacts"][0]["location"]) == ["uri"]


def test_the_same_file_given_twice_is_one_artifact(schema: Json) -> None:
    capture = MISMATCH.captures[0]
    report = MISMATCH._replace(captures=(capture, capture, capture._replace(path="./lab.pcapng")))
    assert len(run_of(report)["artifacts"]) == 1
    jsonschema.Draft4Validator(schema).validate(json.loads(render(report, Display())))


def test_a_captured_link_is_not_a_link_of_the_viewer() -> None:
    finding = MISMATCH.findings[0]._replace(
        message="see [here](http://evil.example) [x]", next_step="", check=None
    )
    (result,) = results(MISMATCH._replace(findings=(finding,)))
    assert result["message"]["text"] == "see \\[here\\](http://evil.example) \\[x\\]"


@pytest.mark.parametrize("text", [EVIL, "\x1b]0;x\x07", "\u202e"])
def test_hostile_text_is_visible_everywhere(text: str) -> None:
    finding = MISMATCH.findings[0]._replace(
        message=text, next_step=text, check=text, subject=Subject("host", (text,))
    )
    capture = Capture(text, None, None, "unreadable", 0, 0, 0, UNREADABLE.captures[0].problems)
    output = render(
        MISMATCH._replace(headline=text, findings=(finding,), captures=(capture,)), Display()
    )
    assert output.isascii()

    def strings(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for item in value.values() for text in strings(item)]
        if isinstance(value, list):
            return [text for item in value for text in strings(item)]
        return [value] if isinstance(value, str) else []

    held = strings(json.loads(output)["runs"][0]["results"]) + strings(
        json.loads(output)["runs"][0]["artifacts"]
    )
    assert held
    assert all(string.replace("\n\n", "").isprintable() for string in held)


def test_a_report_without_captures_has_results_without_locations() -> None:
    finding = NO_NVGRE.findings[0]._replace(frames=())
    assert results(NO_NVGRE._replace(captures=(), findings=(finding,)))[0]["locations"] == []


def test_rendering_is_deterministic() -> None:
    assert render(HOSTILE, Display()) == render(HOSTILE, Display(color=True, width=40, verbosity=1))
