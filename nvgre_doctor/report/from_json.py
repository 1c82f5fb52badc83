"""JSON of `--format json` -> Report: the inverse of reporters/json.py, so that any format can be
rendered later.

The text may come from anywhere: every value is checked.  Fields that are not known here are
ignored, because a minor release may add some; everything else must be as schema.json has it.
"""

from typing import Final, NoReturn

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.errors import GivenError
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.checked_json import LARGEST, JsonError, Value, parse, shown
from nvgre_doctor.report.model import (
    SCHEMA_VERSION,
    EvidenceItem,
    Host,
    LayoutChange,
    Pair,
    Refusal,
    Report,
    Segment,
    Summary,
)
from nvgre_doctor.rules.finding import Finding, FrameRef, Subject
from nvgre_doctor.vocabulary import (
    Carried,
    Cause,
    Confidence,
    Kind,
    Layout,
    PairVerdict,
    Severity,
    Status,
    Verdict,
)
from nvgre_doctor.wire.layouts import CONTROL_ID

ADVICE: Final = "Give a file that `nvgre-doctor check --format json` wrote, unchanged."


class ConvertError(GivenError):
    """The text is not a report that can be read; the message says where, why and what to do."""


def report_from_json(text: str) -> Report:
    """Read a report of schema version 1.0.  Errors: ConvertError, whatever is wrong with the text.

    Only the times of frames that the JSON carries without one (evidence, refusals) are lost.
    """
    try:
        root = parse(text)
        version = root["schema_version"].text()
        return _report(root) if version == SCHEMA_VERSION else _refuse(version)
    except JsonError as error:
        raise ConvertError(f"{error} {ADVICE}") from None


def _refuse(version: str) -> NoReturn:
    raise ConvertError(
        f"$.schema_version: the report has version {shown(version)}, and this program reads"
        f" {SCHEMA_VERSION}. Convert it with the nvgre-doctor that wrote it, or write the report"
        " again with this one."
    )


def _report(root: Value) -> Report:
    root["tool"]["name"].word(("nvgre-doctor",))
    captures = root["captures"].each(_capture)
    known = len(captures)
    return Report(
        version=root["tool"]["version"].text(),
        verdict=root["verdict"].member(Verdict),
        headline=root["headline"].text(),
        captures=captures,
        hosts=root["hosts"].each(lambda host: _host(host, known)),
        pairs=root["pairs"].each(_pair),
        refusals=root["refusals"].each(lambda refusal: _refusal(refusal, known)),
        findings=root["findings"].each(lambda finding: _finding(finding, known)),
        summary=_summary(root["summary"]),
    )


def _capture(value: Value) -> Capture:
    return Capture(
        path=value["path"].text(),
        format=value["format"].optional(Value.text),
        compression=value["compression"].optional(Value.text),
        status=value["status"].word(tuple(Status)),
        frames=value["frames"].integer(),
        bytes=value["bytes"].integer(),
        nvgre_frames=value["nvgre_frames"].integer(),
        problems=value["problems"].each(
            lambda v: Problem(v["reason"].text(), v["offset"].integer(), v["message"].text())
        ),
    )


def _frame(value: Value, captures: int) -> FrameRef:
    """A frame of one of the captures; where no time is written, it has none."""
    return FrameRef(
        value["capture"].integer(0, captures - 1),
        value["frame"].integer(1),
        value.get("time_ns").optional(lambda v: v.integer(-LARGEST)),
    )


def _host(value: Value, captures: int) -> Host:
    return Host(
        address=value["address"].address(),
        layout=value["layout"].word(tuple(Layout)),
        confidence=value["confidence"].member(Confidence),
        evidence=value["evidence"].each(lambda item: _evidence(item, captures)),
        changes=value["changes"].each(
            lambda change: LayoutChange(
                change["from"].word(tuple(Layout)),
                change["to"].word(tuple(Layout)),
                _frame(change, captures),
            )
        ),
        frames_sent=value["frames_sent"].integer(),
        frames_received=value["frames_received"].integer(),
        segments=value["segments"].each(
            lambda segment: Segment(
                segment["id"].optional(lambda v: v.integer(0, CONTROL_ID)),
                segment["keys"].each(Value.gre_key),
                segment["frames"].integer(),
            )
        ),
    )


def _evidence(value: Value, captures: int) -> EvidenceItem:
    return EvidenceItem(
        kind=value["kind"].word(tuple(Kind)),
        layout=value["layout"].word((Layout.OLD, Layout.CURRENT)),
        statement=value["statement"].text(),
        frames=value["frames"].each(lambda frame: _frame(frame, captures)),
    )


def _pair(value: Value) -> Pair:
    frames = value["frames"]
    return Pair(
        hosts=value["hosts"].two(Value.address),
        verdict=value["verdict"].member(PairVerdict),
        frames_forward=frames["a->b"].integer(),
        frames_backward=frames["b->a"].integer(),
    )


def _refusal(value: Value, captures: int) -> Refusal:
    icmp = value["icmp"]
    return Refusal(
        source=value["source"].address(),
        destination=value["destination"].address(),
        by=value["by"].address(),
        gre_key=value["key"].optional(Value.gre_key),
        carried=value["carried"].word(tuple(Carried)),
        icmp_version=_icmp_version(icmp["version"]),
        icmp_type=icmp["type"].integer(0, 255),
        icmp_code=icmp["code"].integer(0, 255),
        count=value["count"].integer(),
        first=_frame(value["first"], captures),
        cause=value["cause"].member(Cause),
    )


def _icmp_version(value: Value) -> int:
    version = value.integer()
    return version if version in (4, 6) else value.fail("4 or 6")


def _finding(value: Value, captures: int) -> Finding:
    return Finding(
        code=value["code"].text(),
        severity=value["severity"].member(Severity),
        confidence=value["confidence"].member(Confidence),
        message=value["message"].text(),
        subject=_subject(value["subject"], captures),
        frames=value["frames"].each(lambda frame: _frame(frame, captures)),
        display_filter=value["display_filter"].text(),
        next_step=value["next_step"].text(),
    )


def _subject(value: Value, captures: int) -> Subject:
    kind = value["kind"].word(("host", "pair", "flow", "capture"))
    if kind == "host":
        return Subject(kind, (value["address"].address(),))
    if kind == "pair":
        return Subject(kind, value["hosts"].two(Value.address))
    if kind == "flow":
        return Subject(kind, (value["source"].address(), value["destination"].address()))
    return Subject(kind, (), value["capture"].optional(lambda v: v.integer(0, captures - 1)))


def _summary(value: Value) -> Summary:
    return Summary(
        errors=value["errors"].integer(),
        warnings=value["warnings"].integer(),
        infos=value["infos"].integer(),
        frames=value["frames"].integer(),
        nvgre_frames=value["nvgre_frames"].integer(),
        hosts=value["hosts"].integer(),
        other_icmp_3_10=value["other_icmp_3_10"].integer(),
        # Added after the first reports were written.
        nvgre_frames_left_out=value.get("nvgre_frames_left_out").optional(Value.integer) or 0,
        in_baseline=value.get("in_baseline").optional(Value.integer) or 0,
    )
