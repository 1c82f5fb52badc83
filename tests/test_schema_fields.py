"""schema.json has the fields that report/json_fields.py writes and reads, object by object."""

import json
from inspect import signature
from typing import Any

import pytest

from nvgre_doctor.report import json_fields
from nvgre_doctor.report.json_shapes import Field, Fixed, Group, Spread
from nvgre_doctor.report.to_json import read_schema

SCHEMA: dict[str, Any] = json.loads(read_schema())
OBJECTS = {
    "frame": json_fields.FRAME,
    "timed_frame": json_fields.TIMED_FRAME,
    "problem": json_fields.PROBLEM,
    "capture": json_fields.CAPTURE,
    "evidence": json_fields.EVIDENCE,
    "span": json_fields.SPAN,
    "change": json_fields.CHANGE,
    "segment": json_fields.SEGMENT,
    "host": json_fields.HOST,
    "pair": json_fields.PAIR,
    "refusal": json_fields.REFUSAL,
    "capture_filter": json_fields.CAPTURE_FILTER,
    "finding": json_fields.FINDING,
}


def assert_described(parts: tuple[Any, ...], described: dict[str, Any]) -> None:
    """That an object of the schema has these fields, in this order, and no others."""
    names = []
    for part in parts:
        inner = part.shape.parts if isinstance(part, Spread) else (part,)
        names += [field.name for field in inner]
        if isinstance(part, Group):
            assert_described(part.parts, described["properties"][part.name])
    assert list(described["properties"]) == names
    sometimes = {part.name for part in parts if isinstance(part, Field) and part.may_be_missing}
    assert described["required"] == [name for name in names if name not in sometimes]
    assert described["additionalProperties"] is False


@pytest.mark.parametrize("name", OBJECTS)
def test_each_object_has_the_fields_of_its_table(name: str) -> None:
    assert_described(OBJECTS[name].parts, SCHEMA["$defs"][name])


def test_the_report_and_its_summary_have_the_fields_of_their_tables() -> None:
    assert_described(json_fields.REPORT.parts, SCHEMA)
    assert_described(json_fields.SUMMARY.parts, SCHEMA["properties"]["summary"])


def test_each_subject_has_the_fields_of_its_kind() -> None:
    described = {
        kind["properties"]["kind"]["const"]: tuple(kind["properties"])
        for kind in SCHEMA["$defs"]["subject"]["oneOf"]
    }
    assert described == {
        "host": ("kind", *json_fields.SUBJECT_HOSTS["host"]),
        "pair": ("kind", "hosts"),
        "flow": ("kind", *json_fields.SUBJECT_HOSTS["flow"]),
        "capture": ("kind", "capture"),
    }


def test_no_object_of_the_schema_is_left_out() -> None:
    objects = {name for name, what in SCHEMA["$defs"].items() if "properties" in what}
    assert objects == {*OBJECTS, "each"}  # which holds whole reports


def test_every_attribute_of_a_type_is_in_its_table() -> None:
    for shape in (*OBJECTS.values(), json_fields.REPORT, json_fields.SUMMARY):
        shown = set(attributes(shape.parts))
        kept = set(signature(shape.make).parameters)
        assert shown <= kept
        assert kept - shown <= {"time_ns", "lost"}  # not in all objects, or in a finding's words


def attributes(parts: tuple[Any, ...]) -> list[str]:
    found: list[str] = []
    for part in parts:
        if isinstance(part, Field):
            found.append(part.shows)
        elif isinstance(part, Group):
            found += attributes(part.parts)
        elif isinstance(part, Spread):
            found.append(part.attribute)
        else:
            assert isinstance(part, Fixed)
    return found
