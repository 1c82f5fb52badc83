"""Report -> JSON, in the order of the contract.  schema.json beside this describes every field.

Pure ASCII: what JSON allows to escape is escaped, so that it survives every console encoding and
lone surrogates (file names that are not UTF-8) cannot make it fail.  Nothing is shortened, nothing
is made visible: this is the raw text, as data.
"""

import json
from collections.abc import Sequence
from typing import Any

from nvgre_doctor.report.json_fields import REPORT
from nvgre_doctor.report.json_shapes import write
from nvgre_doctor.report.model import SCHEMA_VERSION, Report


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


def each_to_json(reports: Sequence[Report]) -> str:
    """Several reports as one JSON object, a line for each."""
    whole = {"schema_version": SCHEMA_VERSION, "each": [to_dict(report) for report in reports]}
    members = (f"  {json.dumps(name)}: {_member(value)}" for name, value in whole.items())
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


def to_dict(report: Report) -> dict[str, Any]:
    """The report as plain values, in the order of the schema."""
    return write(REPORT, report)
