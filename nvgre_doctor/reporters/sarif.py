"""Report -> SARIF 2.1.0 (OASIS, errata 01) for code scanning and other viewers.  Plain dicts, no
clock, no file system.

A capture has no lines, so `startLine` is the frame number, 1-based as Wireshark counts;
`run.properties` says so.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import quote

from nvgre_doctor import __version__
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.filters.grammar import whole_or
from nvgre_doctor.report.fingerprint import fingerprint
from nvgre_doctor.report.model import Report
from nvgre_doctor.report.to_json import harmless_json
from nvgre_doctor.reporters.explained import MEANING, explained
from nvgre_doctor.reporters.subjects import filters_of, next_step_text, why_not_judged
from nvgre_doctor.rules.base import Rule
from nvgre_doctor.rules.finding import Finding, FrameRef
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Severity, Verdict

SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
START_LINE: Final = (
    "startLine is the frame number in the capture, 1-based as Wireshark counts frames"
)
STANDARD_INPUT: Final = "-"

_DRIVE = re.compile(r"[A-Za-z]:/")
_MARKUP = re.compile(r"[\\`*_<>\[\]#|~]")

Json = dict[str, Any]


def render(report: Report, display: Display) -> str:
    """One run; its results are the findings in the order of the report.  `display` changes nothing
    here.
    """
    about = {"verdict": str(report.verdict), "headline": visible(report.headline)}
    return _render([report], about)


def render_each(reports: Sequence[Report], display: Display) -> str:
    """One run too, as code scanning wants; every result stands at its own capture."""
    return _render(reports, {"verdicts": [str(report.verdict) for report in reports]})


def _render(reports: Sequence[Report], about: Json) -> str:
    notifications = [told for report in reports for told in _notifications(report)]
    rule_index = {rule.code: index for index, rule in enumerate(RULES)}
    run: Json = {
        "tool": {
            "driver": {
                "name": "nvgre-doctor",
                "version": __version__ if not reports else reports[0].version,
                "rules": [_descriptor(rule) for rule in RULES],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not notifications,
                "toolExecutionNotifications": notifications,
            }
        ],
        "artifacts": _artifacts(capture for report in reports for capture in report.captures),
        "results": [
            _result(report, finding, rule_index)
            for report in reports
            for finding in report.findings
        ],
        "properties": {**about, "startLine": START_LINE, **_configuration(reports)},
    }
    return harmless_json(
        json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"
    )


def _configuration(reports: Sequence[Report]) -> Json:
    """The file that settings came from, where the reports name one: it is the same for all."""
    path = reports[0].configuration if reports else None
    return {} if path is None else {"configuration": visible(path)}


PARAGRAPHS: Final = "\n\n"


def _descriptor(rule: Rule) -> Json:
    """A rule; its texts are the `explain` text."""
    sections = explained(rule)
    meaning = " ".join(sections.get(MEANING, [rule.title]))
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": meaning},
        "help": {
            "text": f"{rule.explain.strip()}\n\nIn results of this rule {START_LINE}.",
            "markdown": PARAGRAPHS.join(
                [f"# {rule.code}: {rule.title}"]
                + [
                    f"## {heading}\n\n{_escape_markdown(PARAGRAPHS.join(paragraphs))}"
                    for heading, paragraphs in sections.items()
                ]
                + [f"In results of this rule {START_LINE}."]
            ),
        },
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": ["network", "nvgre"]},
    }


def _artifacts(captures: Iterable[Capture]) -> list[Json]:
    """Every capture once, even where the same file was given twice."""
    by_uri: dict[str, Capture] = {}
    for capture in captures:
        by_uri.setdefault(capture_uri(capture.path), capture)
    return [
        {
            "location": _artifact_location(capture.path),
            "roles": ["analysisTarget"],
            "properties": {
                "status": capture.status,
                "frames": capture.frames,
                "nvgreFrames": capture.nvgre_frames,
            },
        }
        for capture in by_uri.values()
    ]


def _notifications(report: Report) -> list[Json]:
    """What kept the program from judging an input: captures that cannot be read, or nothing
    decodable in any.
    """
    found: list[Json] = []
    for capture in report.captures:
        if not capture.could_be_judged:
            location = {"physicalLocation": {"artifactLocation": _artifact_location(capture.path)}}
            message = {"text": _plain(*why_not_judged(capture))}
            found.append({"level": "error", "message": message, "locations": [location]})
    if not found and report.verdict is Verdict.UNREADABLE:
        found.append({"level": "error", "message": {"text": _plain(report.headline)}})
    return found


def _result(report: Report, finding: Finding, rule_index: dict[str, int]) -> Json:
    identity = fingerprint(report, finding)
    location = _location(report, finding)
    result: Json = {
        "ruleId": finding.code,
        "level": LEVELS[finding.severity],
        "message": {"text": _plain(finding.message, next_step_text(finding))},
        "locations": [location] if location else [],
        "relatedLocations": [
            {"id": number, **_frame_location(report, frame)}
            for number, frame in enumerate(finding.frames[1:], start=1)
        ],
        # primaryLocationLineHash is the one name that GitHub reads; without it GitHub hashes the
        # bytes near the "line".
        "partialFingerprints": {"nvgreDoctor/v2": identity, "primaryLocationLineHash": identity},
        "properties": {
            "confidence": str(finding.confidence),
            "displayFilter": whole_or(finding.display_filter, visible),
            "frameCount": finding.frame_count,
        },
    }
    if finding.display_filters:
        result["properties"]["displayFilters"] = {
            visible(name): whole_or(display_filter, visible)
            for name, display_filter in filters_of(report, finding)
        }
    if (
        finding.code in rule_index
    ):  # a report of a later version may hold codes that are not known here
        result["ruleIndex"] = rule_index[finding.code]
    return result


def _location(report: Report, finding: Finding) -> Json:
    """The first example, or the capture as a whole; with the hosts as logical locations."""
    location: Json = {}
    if finding.frames:
        location = _frame_location(report, finding.frames[0])
    elif report.captures:
        path = report.captures[finding.subject.capture or 0].path
        location = {"physicalLocation": {"artifactLocation": _artifact_location(path)}}
    hosts = [visible(host) for host in dict.fromkeys(finding.subject.hosts)]
    if hosts:
        location["logicalLocations"] = [
            {"name": host, "fullyQualifiedName": host, "kind": "host"} for host in hosts
        ]
    return location


def _frame_location(report: Report, frame: FrameRef) -> Json:
    artifact = _artifact_location(report.captures[frame.capture].path)
    return {
        "physicalLocation": {"artifactLocation": artifact, "region": {"startLine": frame.frame}},
        "message": {"text": f"Frame {frame.frame}"},
    }


def _artifact_location(path: str) -> Json:
    uri = capture_uri(path)
    if path == STANDARD_INPUT:
        return {"uri": uri, "description": {"text": "standard input"}}
    if uri.startswith(("file:", "../")):
        return {"uri": uri}
    return {"uri": uri, "uriBaseId": "%SRCROOT%"}


def capture_uri(path: str) -> str:
    r"""A relative URI with forward slashes for a relative path, a file: URI for an absolute one,
    percent-encoded.

    Windows paths are known by a drive, by two leading backslashes (UNC and \\?\) or, when relative,
    by their backslashes; only in an absolute POSIX path is a backslash part of a name.  Standard
    input becomes "stdin".
    """
    if path == STANDARD_INPUT:
        return "stdin"
    if path.startswith("/"):
        return "file:///" + _encode(path.lstrip("/"))
    slashed = path.replace("\\", "/")
    if slashed.startswith("//?/UNC/"):
        slashed = "//" + slashed.removeprefix("//?/UNC/")
    slashed = slashed.removeprefix("//?/")
    if _DRIVE.match(slashed):
        return "file:///" + slashed[:2] + _encode(slashed[2:])
    if slashed.startswith("//"):
        return "file:" + _encode(slashed)
    return _encode("/".join(part for part in slashed.split("/") if part not in ("", "."))) or "."


def _encode(path: str) -> str:
    """Percent-encode the bytes of a path; a name that is not UTF-8 (lone surrogates, PEP 383) keeps
    its bytes.
    """
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = path.encode("utf-8", "surrogatepass")
    return quote(raw, safe="/")


def _plain(*paragraphs: str) -> str:
    """Visible text that no viewer takes for a link: SARIF reads `[text](target)` even in plain text
    (section 3.11.6).
    """
    text = "\n\n".join(visible(paragraph) for paragraph in paragraphs if paragraph)
    return text.replace("[", "\\[").replace("]", "\\]") if "](" in text else text


def _escape_markdown(text: str) -> str:
    """Our own prose holds `<`, `*` and `_` as plain characters."""
    return _MARKUP.sub(r"\\\g<0>", text)
