"""The JSON output: what it says, and that its schema accepts it and nothing broken."""

import copy
import json
from typing import Any

import jsonschema
import pytest

from nvgre_doctor.report.times import rfc3339
from nvgre_doctor.report.to_json import read_schema
from nvgre_doctor.reporters import render
from nvgre_doctor.terminal.display import Display
from tests.reports import EVERY, EVIL, HOSTILE, MISMATCH, WARNINGS

SCHEMA = json.loads(read_schema())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def to_dict(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(render("json", EVERY[name], Display()))
    return data


def test_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", EVERY)
def test_every_report_fits_the_schema(name: str) -> None:
    VALIDATOR.validate(to_dict(name))


def test_every_object_of_the_schema_is_closed_and_complete() -> None:
    """Strict: no unknown field, no missing one."""
    objects, todo = [], [SCHEMA]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            objects += [node] if node.get("type") == "object" else []
            todo += node.values()
        elif isinstance(node, list):
            todo += node
    assert len(objects) == 24
    assert all(node["additionalProperties"] is False for node in objects)
    # Of the report: where it lay elsewhere, what was not told; of a finding: filters of captures.
    sometimes = {"configuration", "ignored", "display_filters"}
    assert all(
        sorted(node["required"]) == sorted(node["properties"].keys() - sometimes)
        for node in objects
    )


BREAKS: list[tuple[list[str | int], Any]] = [
    (["schema_version"], "1.0"),
    (["tool", "name"], "other"),
    (["verdict"], "fine"),
    (["captures", 0, "status"], "ok"),
    (["captures", 0, "frames"], -1),
    (["captures", 0, "frames"], 1.5),
    (["captures", 0, "format"], 7),
    (["hosts", 0, "layout"], "RFC 7637"),
    (["hosts", 0, "confidence"], "sure"),
    (["hosts", 0, "margin"], -1),
    (["hosts", 0, "sender"], "linux"),
    (["hosts", 0, "sender_reasons"], "TTL 128"),
    (["hosts", 0, "proven_from"], {"capture": 0, "frame": 3}),
    (["hosts", 0, "spans", 0, "layout"], "old"),
    (["hosts", 0, "spans", 0, "last"], None),
    (["hosts", 0, "evidence", 0, "assumes"], ["A6"]),
    (["captures", 0, "first_time_ns"], "2013-05-01"),
    (["hosts", 0, "evidence", 0, "kind"], "guess"),
    (["hosts", 0, "evidence", 0, "layout"], "both"),
    (["hosts", 0, "evidence", 0, "frames", 0, "frame"], 0),
    (["hosts", 0, "segments", 0, "id"], 0x1000000),
    (["hosts", 0, "segments", 0, "keys", 0], "0x138900"),
    (["hosts", 0, "segments", 0, "keys", 0], 0x00138900),
    (["pairs", 0, "hosts"], ["192.168.50.1"]),
    (["refusals", 0, "icmp", "type"], 256),
    (["refusals", 0, "icmp", "version"], 5),
    (["refusals", 0, "key"], "0x0013890G"),
    (["pairs", 0, "confidence"], "sure"),
    (["refusals", 0, "cause"], "unclear"),
    (["refusals", 0, "count"], 0),
    (["refusals", 0, "sightings"], 0),
    (["refusals", 0, "frames"], []),
    (["findings", 0, "frame_count"], -1),
    (["findings", 0, "check"], 7),
    (["findings", 0, "code"], "NVG1"),
    (["findings", 0, "severity"], "note"),
    (["findings", 0, "subject"], {"kind": "host", "hosts": ["192.168.50.2"]}),
    (["findings", 0, "frames", 0, "time"], "2013-05-01 10:00:00"),
    (["summary", "errors"], None),
]


@pytest.mark.parametrize(("path", "value"), BREAKS, ids=lambda part: str(part)[:40])
def test_schema_rejects_a_wrong_value(path: list[str | int], value: Any) -> None:
    data: Any = copy.deepcopy(to_dict("mismatch"))
    node = data
    for step in path[:-1]:
        node = node[step]
    assert node[path[-1]] != value
    node[path[-1]] = value
    assert not VALIDATOR.is_valid(data)


def test_schema_rejects_an_unknown_field_and_a_missing_one() -> None:
    assert not VALIDATOR.is_valid({**to_dict("mismatch"), "extra": 1})
    data = to_dict("mismatch")
    del data["pairs"]
    assert not VALIDATOR.is_valid(data)


def test_fields_of_a_mismatch_stand_as_the_contract_says() -> None:
    data = to_dict("mismatch")
    assert list(data) == ["schema_version", "tool", "verdict", "headline", "captures", "hosts",
                          "pairs", "refusals", "findings", "summary"]  # fmt: skip
    assert data["schema_version"] == "2.0"
    assert data["tool"] == {"name": "nvgre-doctor", "version": "1.0.0"}
    assert data["verdict"] == "mismatch"
    assert data["captures"] == [
        {
            "path": "lab.pcapng",
            "format": "pcapng",
            "compression": None,
            "status": "complete",
            "frames": 24,
            "bytes": 3120,
            "nvgre_frames": 12,
            "first_time_ns": 1367402399999999000,
            "first_time": "2013-05-01T09:59:59.999999000Z",
            "last_time_ns": 1367402400900000000,
            "last_time": "2013-05-01T10:00:00.900000000Z",
            "problems": [],
        }
    ]
    assert data["hosts"][1] == {
        "address": "192.168.50.2",
        "layout": "draft-00",
        "confidence": "proven",
        "margin": 8,
        "sender": "hyper-v",
        "sender_reasons": ["TTL 128 and guests with Hyper-V MACs"],
        "proven_from": {
            "capture": 0,
            "frame": 4,
            "time_ns": 1367402400000001000,
            "time": "2013-05-01T10:00:00.000001000Z",
        },
        "proven_to": {
            "capture": 0,
            "frame": 24,
            "time_ns": 1367402400800000000,
            "time": "2013-05-01T10:00:00.800000000Z",
        },
        "spans": [
            {
                "layout": "draft-00",
                "confidence": "proven",
                "first": {
                    "capture": 0,
                    "frame": 4,
                    "time_ns": 1367402400000001000,
                    "time": "2013-05-01T10:00:00.000001000Z",
                },
                "last": {
                    "capture": 0,
                    "frame": 24,
                    "time_ns": 1367402400800000000,
                    "time": "2013-05-01T10:00:00.800000000Z",
                },
            }
        ],
        "evidence": [
            {
                "kind": "range",
                "layout": "draft-00",
                "statement": (
                    "key 0x00001389 is TNI 5001; as a VSID it would be 19, which is reserved"
                ),
                "assumes": ["A1"],
                "frames": [{"capture": 0, "frame": 4}],
            },
            {
                "kind": "both-directions",
                "layout": "draft-00",
                "statement": (
                    "VM pair 00:15:5d:0a:00:02 / 00:15:5d:0a:00:01: key 0x00001389 one way,"
                    " 0x00138900 the other: both are VSID 5001"
                ),
                "assumes": ["A2", "A3", "A4"],
                "frames": [{"capture": 0, "frame": 4}, {"capture": 0, "frame": 3}],
            },
        ],
        "changes": [],
        "frames_sent": 4,
        "frames_received": 4,
        "segments": [{"id": 5001, "keys": ["0x00001389"], "frames": 4}],
    }
    assert data["pairs"] == [
        {
            "hosts": ["192.168.50.1", "192.168.50.2"],
            "verdict": "mismatch",
            "confidence": "proven",
            "frames": {"a->b": 4, "b->a": 4},
        }
    ]
    assert data["refusals"] == [
        {
            "source": "192.168.50.1",
            "destination": "192.168.50.2",
            "by": "192.168.50.2",
            "key": "0x00138900",
            "carried": "inner",
            "icmp": {"version": 4, "type": 3, "code": 10},
            "count": 4,
            "sightings": 5,
            "first": {
                "capture": 0,
                "frame": 11,
                "time_ns": 1367402400500000001,
                "time": "2013-05-01T10:00:00.500000001Z",
            },
            "frames": [
                {
                    "capture": 0,
                    "frame": 11,
                    "time_ns": 1367402400500000001,
                    "time": "2013-05-01T10:00:00.500000001Z",
                },
                {
                    "capture": 0,
                    "frame": 13,
                    "time_ns": 1367402400500000003,
                    "time": "2013-05-01T10:00:00.500000003Z",
                },
            ],
            "cause": "layout-mismatch",
        }
    ]
    assert data["findings"][2] == {
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
    }
    assert data["summary"] == {
        "errors": 3,
        "warnings": 0,
        "infos": 0,
        "frames": 24,
        "nvgre_frames": 12,
        "hosts": 2,
        "other_icmp_3_10": 0,
        "nvgre_frames_left_out": 0,
        "in_baseline": 0,
    }


def test_subjects_name_what_they_are_about() -> None:
    assert [finding["subject"] for finding in to_dict("mismatch")["findings"]] == [
        {"kind": "host", "address": "192.168.50.2"},
        {"kind": "pair", "hosts": ["192.168.50.1", "192.168.50.2"]},
        {"kind": "flow", "source": "192.168.50.1", "destination": "192.168.50.2"},
    ]
    assert to_dict("warnings")["findings"][0]["subject"] == {"kind": "capture", "capture": 0}
    assert to_dict("no-nvgre")["findings"][0]["subject"] == {"kind": "capture", "capture": None}


def test_changes_unknown_segments_and_lost_quotes_stand_as_they_are() -> None:
    data = to_dict("warnings")
    assert data["hosts"][0]["changes"] == [
        {
            "from": "draft-00",
            "to": "rfc7637",
            "capture": 1,
            "frame": 5,
            "time_ns": 1367402460000000000,
            "time": "2013-05-01T10:01:00.000000000Z",
        }
    ]
    assert data["hosts"][1]["segments"] == [
        {"id": None, "keys": ["0x00138900", "0x00138a00"], "frames": 4}
    ]
    assert data["refusals"][0]["key"] is None
    assert data["captures"][0]["problems"] == [
        {
            "reason": "cut-record",
            "offset": 1033,
            "message": "frame 10 is cut short at byte 1033: 9 frames were read",
        }
    ]


def test_output_is_ascii_and_gives_hostile_text_back_unchanged() -> None:
    text = render("json", HOSTILE, Display(encoding="cp437"))
    assert text.isascii()
    assert [character for character in text if ord(character) < 0x20 and character != "\n"] == []
    data = json.loads(text)
    assert data["captures"][0]["path"] == f"dir/{EVIL}.pcap"
    assert data["captures"][1]["path"] == "n" * 65536
    assert data["findings"][0]["message"] == f"message {EVIL} {'m' * 70000}"
    assert data["findings"][0]["frames"] == [
        {
            "capture": 0,
            "frame": 1,
            "time_ns": 9223372036854775807,
            "time": "2262-04-11T23:47:16.854775807Z",
        },
        {"capture": 1, "frame": 2, "time_ns": None, "time": None},
    ]


def test_colour_width_and_verbosity_change_nothing() -> None:
    for report in (MISMATCH, WARNINGS):
        assert render("json", report, Display(color=True, width=40, verbosity=1)) == render(
            "json", report, Display()
        )


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (None, None),
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_361_355_247_123_456_789, "2013-02-20T10:14:07.123456789Z"),
        (253_402_300_799_999_999_999, "9999-12-31T23:59:59.999999999Z"),
        (253_402_300_800_000_000_000, None),
        (-62_135_596_800_000_000_000, "0001-01-01T00:00:00.000000000Z"),
        (-62_135_596_800_000_000_001, None),
        (2**200, None),
    ],
)
def test_time_text_is_exact_to_the_nanosecond_and_never_fails(
    time_ns: int | None, text: str | None
) -> None:
    assert rfc3339(time_ns) == text
