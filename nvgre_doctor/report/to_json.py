"""Report -> JSON, in the order of the contract.  schema.json beside this describes every field.

Pure ASCII: what JSON allows to escape is escaped, so that it survives every console encoding and
lone surrogates (file names that are not UTF-8) cannot make it fail.  Nothing is shortened, nothing
is made visible: this is the raw text, as data.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import SCHEMA_VERSION, EvidenceItem, Host, Pair, Refusal, Report
from nvgre_doctor.rules.finding import Finding, FrameRef, Subject

Json = dict[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NS: Final = 1_000_000_000
_YEAR_1, _YEAR_9999_END = -62_135_596_800, 253_402_300_799  # seconds: what RFC 3339 can write


def read_schema() -> str:
    """The JSON Schema (draft 2020-12) of `to_json`."""
    from importlib.resources import files  # 10 ms that only this needs

    return (files("nvgre_doctor.report") / "schema.json").read_text("utf-8")


def to_json(report: Report) -> str:
    """The report as one JSON object, a line for each capture, host, pair, refusal and finding.

    With `indent` json would not use its C code: ten times as slow, half a second for the report of
    a hosting fabric.
    """
    members = (f"  {json.dumps(name)}: {_member(value)}" for name, value in to_dict(report).items())
    return harmless_json("{\n" + ",\n".join(members) + "\n}\n")


def harmless_json(text: str) -> str:
    """JSON text that means the same and can be printed into the log of a CI system: Azure looks for
    `##vso[` in the midst of lines.

    Two number signs side by side can only stand in a string, where one of them may be escaped.
    """
    return text.replace("##", "#\\u0023")


def _member(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n    " + ",\n    ".join(map(json.dumps, value)) + "\n  ]"


def to_dict(report: Report) -> Json:
    """The report as plain values, in the order of the schema."""
    summary = report.summary
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "nvgre-doctor", "version": report.version},
        "verdict": report.verdict.value,
        "headline": report.headline,
        "captures": [_capture(capture) for capture in report.captures],
        "hosts": [_host(host) for host in report.hosts],
        "pairs": [_pair(pair) for pair in report.pairs],
        "refusals": [_refusal(refusal) for refusal in report.refusals],
        "findings": [_finding(finding) for finding in report.findings],
        "summary": {
            "errors": summary.errors,
            "warnings": summary.warnings,
            "infos": summary.infos,
            "frames": summary.frames,
            "nvgre_frames": summary.nvgre_frames,
            "hosts": summary.hosts,
            "other_icmp_3_10": summary.other_icmp_3_10,
            "nvgre_frames_left_out": summary.nvgre_frames_left_out,
            "in_baseline": summary.in_baseline,
        },
    }


def rfc3339(time_ns: int | None) -> str | None:
    """Nanoseconds since 1970 as RFC 3339 text in UTC; None outside the years 1 to 9999."""
    if time_ns is None:
        return None
    seconds, fraction = divmod(time_ns, _NS)
    if not _YEAR_1 <= seconds <= _YEAR_9999_END:
        return None
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment.replace(tzinfo=None).isoformat()}.{fraction:09}Z"


def _capture(capture: Capture) -> Json:
    return {
        "path": capture.path,
        "format": capture.format,
        "compression": capture.compression,
        "status": capture.status,
        "frames": capture.frames,
        "bytes": capture.bytes,
        "nvgre_frames": capture.nvgre_frames,
        "problems": [
            {"reason": problem.reason, "offset": problem.offset, "message": problem.message}
            for problem in capture.problems
        ],
    }


def _host(host: Host) -> Json:
    return {
        "address": host.address,
        "layout": host.layout,
        "confidence": host.confidence.value,
        "evidence": [_evidence(item) for item in host.evidence],
        "changes": [
            {"from": change.from_layout, "to": change.to_layout, **_timed(change.at)}
            for change in host.changes
        ],
        "frames_sent": host.frames_sent,
        "frames_received": host.frames_received,
        "segments": [
            # Not by _key: a fabric has very many keys, and a call for each takes as long again.
            {
                "id": segment.id,
                "keys": [f"0x{gre_key:08x}" for gre_key in segment.gre_keys],
                "frames": segment.frames,
            }
            for segment in host.segments
        ],
    }


def _evidence(item: EvidenceItem) -> Json:
    return {
        "kind": item.kind,
        "layout": item.layout,
        "statement": item.statement,
        "frames": [_frame(ref) for ref in item.frames],
    }


def _pair(pair: Pair) -> Json:
    return {
        "hosts": list(pair.hosts),
        "verdict": pair.verdict.value,
        "frames": {"a->b": pair.frames_forward, "b->a": pair.frames_backward},
    }


def _refusal(refusal: Refusal) -> Json:
    return {
        "source": refusal.source,
        "destination": refusal.destination,
        "by": refusal.by,
        "key": None if refusal.gre_key is None else _key(refusal.gre_key),
        "carried": refusal.carried,
        "icmp": {
            "version": refusal.icmp_version,
            "type": refusal.icmp_type,
            "code": refusal.icmp_code,
        },
        "count": refusal.count,
        "first": _frame(refusal.first),
        "cause": refusal.cause.value,
    }


def _finding(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "subject": _subject(finding.subject),
        "frames": [_timed(ref) for ref in finding.frames],
        "display_filter": finding.display_filter,
        "next_step": finding.next_step,
    }


def _subject(subject: Subject) -> Json:
    if subject.kind == "host":
        return {"kind": "host", "address": subject.hosts[0]}
    if subject.kind == "pair":
        return {"kind": "pair", "hosts": list(subject.hosts)}
    if subject.kind == "flow":
        return {"kind": "flow", "source": subject.hosts[0], "destination": subject.hosts[1]}
    return {"kind": "capture", "capture": subject.capture}


def _frame(ref: FrameRef) -> Json:
    return {"capture": ref.capture, "frame": ref.frame}


def _timed(ref: FrameRef) -> Json:
    return {**_frame(ref), "time_ns": ref.time_ns, "time": rfc3339(ref.time_ns)}


def _key(gre_key: int) -> str:
    return f"0x{gre_key:08x}"
