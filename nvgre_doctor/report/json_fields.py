"""The fields of the JSON contract: one table for each type of the report, read both ways.

`write` makes plain values of a report, `read` checks plain values from anywhere and makes a report
of them.  A new field is a line here, and one in schema.json, which a test holds against this.
"""

from typing import Any, Final

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.checked_json import LARGEST, Value
from nvgre_doctor.report.json_shapes import (
    ADDRESS,
    CAPTURE_INDEX,
    COUNT,
    DISPLAY_FILTER,
    GRE_KEY,
    GRE_KEYS,
    IP_VERSION,
    TEXT,
    TEXTS,
    TWO_ADDRESSES,
    Field,
    Fixed,
    Form,
    Group,
    Shape,
    Spread,
    each,
    integer,
    member,
    one,
    optional,
    word,
    words,
)
from nvgre_doctor.report.model import (
    SCHEMA_VERSION,
    EvidenceItem,
    Host,
    Ignored,
    LayoutChange,
    LayoutSpan,
    Pair,
    Refusal,
    Report,
    Segment,
    Summary,
)
from nvgre_doctor.report.times import rfc3339
from nvgre_doctor.rules.finding import CaptureFilter, Finding, FrameRef, Subject
from nvgre_doctor.vocabulary import (
    Assumption,
    Carried,
    Cause,
    Confidence,
    Kind,
    Layout,
    PairVerdict,
    Sender,
    Severity,
    Status,
    Verdict,
)
from nvgre_doctor.wire.layouts import CONTROL_ID

FRAME: Final = Shape(FrameRef, (Field("capture", CAPTURE_INDEX), Field("frame", integer(1))))
TIME: Final = optional(integer(-LARGEST))
TIMED_FRAME: Final = Shape(
    FrameRef,
    (
        *FRAME.parts,
        Field("time_ns", TIME),
        Fixed("time", lambda ref: rfc3339(ref.time_ns)),
    ),
)
PROBLEM: Final = Shape(
    Problem, (Field("reason", TEXT), Field("offset", COUNT), Field("message", TEXT))
)
CAPTURE: Final = Shape(
    Capture,
    (
        Field("path", TEXT),
        Field("format", optional(TEXT)),
        Field("compression", optional(TEXT)),
        Field("status", word(*Status)),
        Field("frames", COUNT),
        Field("bytes", COUNT),
        Field("nvgre_frames", COUNT),
        Field("first_time_ns", TIME),
        Fixed("first_time", lambda capture: rfc3339(capture.first_time_ns)),
        Field("last_time_ns", TIME),
        Fixed("last_time", lambda capture: rfc3339(capture.last_time_ns)),
        Field("problems", each(PROBLEM)),
    ),
)
EVIDENCE: Final = Shape(
    EvidenceItem,
    (
        Field("kind", word(*Kind)),
        Field("layout", word(Layout.OLD, Layout.CURRENT)),
        Field("statement", TEXT),
        Field("assumes", words(Assumption)),
        Field("frames", each(FRAME)),
    ),
)
SPAN: Final = Shape(
    LayoutSpan,
    (
        Field("layout", word(*Layout)),
        Field("confidence", member(Confidence)),
        Field("first", one(TIMED_FRAME)),
        Field("last", one(TIMED_FRAME)),
    ),
)
CHANGE: Final = Shape(
    LayoutChange,
    (
        Field("from", word(*Layout), "from_layout"),
        Field("to", word(*Layout), "to_layout"),
        Spread("at", TIMED_FRAME),
    ),
)
SEGMENT: Final = Shape(
    Segment,
    (
        Field("id", optional(integer(0, CONTROL_ID))),
        Field("keys", GRE_KEYS, "gre_keys"),
        Field("frames", COUNT),
    ),
)
HOST: Final = Shape(
    Host,
    (
        Field("address", ADDRESS),
        Field("layout", word(*Layout)),
        Field("confidence", member(Confidence)),
        Field("margin", COUNT),
        Field("sender", member(Sender)),
        Field("sender_reasons", TEXTS),
        Field("proven_from", optional(one(TIMED_FRAME))),
        Field("proven_to", optional(one(TIMED_FRAME))),
        Field("spans", each(SPAN)),
        Field("evidence", each(EVIDENCE)),
        Field("changes", each(CHANGE)),
        Field("frames_sent", COUNT),
        Field("frames_received", COUNT),
        Field("segments", each(SEGMENT)),
    ),
)
PAIR: Final = Shape(
    Pair,
    (
        Field("hosts", TWO_ADDRESSES),
        Field("verdict", member(PairVerdict)),
        Field("confidence", member(Confidence)),
        Group(
            "frames",
            (Field("a->b", COUNT, "frames_forward"), Field("b->a", COUNT, "frames_backward")),
        ),
    ),
)
REFUSAL: Final = Shape(
    Refusal,
    (
        Field("source", ADDRESS),
        Field("destination", ADDRESS),
        Field("by", ADDRESS),
        Field("key", optional(GRE_KEY), "gre_key"),
        Field("carried", word(*Carried)),
        Group(
            "icmp",
            (
                Field("version", IP_VERSION, "icmp_version"),
                Field("type", integer(0, 255), "icmp_type"),
                Field("code", integer(0, 255), "icmp_code"),
            ),
        ),
        Field("count", COUNT),
        Field("sightings", COUNT),
        Field("first", one(TIMED_FRAME)),
        Field("frames", each(TIMED_FRAME)),
        Field("cause", member(Cause)),
    ),
)


def _write_subject(subject: Subject) -> dict[str, Any]:
    if subject.kind == "pair":
        return {"kind": "pair", "hosts": list(subject.hosts)}
    if subject.kind == "capture":
        return {"kind": "capture", "capture": subject.capture}
    names = SUBJECT_HOSTS[subject.kind]
    return {"kind": subject.kind, **dict(zip(names, subject.hosts, strict=True))}


def _read_subject(value: Value, captures: int) -> Subject:
    kind = value["kind"].word(("host", "pair", "flow", "capture"))
    if kind == "pair":
        return Subject(kind, value["hosts"].two(Value.address))
    if kind == "capture":
        index = value["capture"].optional(lambda v: v.integer(0, captures - 1))
        return Subject(kind, (), index)
    return Subject(kind, tuple(value[name].address() for name in SUBJECT_HOSTS[kind]))


SUBJECT_HOSTS: Final = {"host": ("address",), "flow": ("source", "destination")}
"""The fields of these kinds of subjects; a pair has `hosts`, a capture `capture`."""
CAPTURE_FILTER: Final = Shape(
    CaptureFilter, (Field("capture", CAPTURE_INDEX), Field("display_filter", DISPLAY_FILTER))
)
FINDING: Final = Shape(
    Finding,
    (
        Field("code", TEXT),
        Field("severity", member(Severity)),
        Field("confidence", member(Confidence)),
        Field("message", TEXT),
        Field("subject", Form(_write_subject, _read_subject)),
        Field("frames", each(TIMED_FRAME)),
        Field("frame_count", COUNT),
        Field("display_filter", DISPLAY_FILTER),
        Field("next_step", TEXT),
        Field("check", optional(TEXT)),
        Field("display_filters", each(CAPTURE_FILTER), may_be_missing=True),
    ),
)
SUMMARY: Final = Shape(
    Summary,
    (
        Field("errors", COUNT),
        Field("warnings", COUNT),
        Field("infos", COUNT),
        Field("frames", COUNT),
        Field("nvgre_frames", COUNT),
        Field("hosts", COUNT),
        Field("other_icmp_3_10", COUNT),
        Field("nvgre_frames_left_out", COUNT),
        Field("in_baseline", COUNT),
    ),
)
IGNORED: Final = Shape(
    Ignored,
    (Field("code", TEXT), Field("hosts", TEXTS), Field("reason", TEXT), Field("count", COUNT)),
)
REPORT: Final = Shape(
    Report,
    (
        Fixed("schema_version", lambda report: SCHEMA_VERSION),
        Group(
            "tool",
            (
                Fixed(
                    "name",
                    lambda report: "nvgre-doctor",
                    lambda value: value.word(("nvgre-doctor",)),
                ),
                Field("version", TEXT),
            ),
        ),
        Field("verdict", member(Verdict)),
        Field("headline", TEXT),
        Field("captures", each(CAPTURE)),
        Field("hosts", each(HOST)),
        Field("pairs", each(PAIR)),
        Field("refusals", each(REFUSAL)),
        Field("findings", each(FINDING)),
        Field("summary", one(SUMMARY)),
        Field("configuration", TEXT, may_be_missing=True),
        Field("ignored", each(IGNORED), may_be_missing=True),
    ),
)
