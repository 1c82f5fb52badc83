"""Report -> JSON, in the order of the contract.  schema.json beside this describes every field.

Pure ASCII: what JSON allows to escape is escaped, so that it survives every console encoding and
lone surrogates (file names that are not UTF-8) cannot make it fail.  Nothing is shortened, nothing
is made visible: this is the raw text, as data.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nvgre_doctor.report.json_fields import REPORT, SUMMARY
from nvgre_doctor.report.json_shapes import Field, write, written
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
    return _text(_members(report))


def each_to_json(reports: Sequence[Report]) -> str:
    """Several reports as one JSON object, a line for each."""
    plain = (to_dict(report) for report in reports)
    return _text([("schema_version", SCHEMA_VERSION), ("each", plain)])


def _members(report: Report) -> Iterator[tuple[str, object]]:
    """Names and values; of a list of objects an iterator."""
    for part in REPORT.parts:
        if isinstance(part, Field) and part.form.write_each is not None:
            items = getattr(report, part.shows)
            if items or not part.may_be_missing:
                yield part.name, part.form.write_each(items)
        else:
            yield from written((part,), report).items()


def _text(members: Iterable[tuple[str, object]]) -> str:
    return harmless_json("".join(_pieces(members)))


def _pieces(members: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Of one text, so that there is no second one of its size beside it: a report may be large."""
    before = "{\n"
    for name, value in members:
        yield f"{before}  {json.dumps(name)}: "
        before = ",\n"
        if isinstance(value, Iterator):
            opening = "[\n    "
            for item in value:
                yield opening
                yield json.dumps(item)
                opening = ",\n    "
            yield "[]" if opening == "[\n    " else "\n  ]"
        else:
            yield json.dumps(value)
    yield "\n}\n"


def harmless_json(text: str) -> str:
    """JSON text that means the same and can be printed into the log of a CI system: Azure looks for
    `##vso[` in the midst of lines.

    Two number signs side by side can only stand in a string, where one of them may be escaped.
    """
    return text.replace("##", "#\\u0023")


def summary_of(report: Report) -> dict[str, Any]:
    """The counts of a report as plain values."""
    return write(SUMMARY, report.summary)


def to_dict(report: Report) -> dict[str, Any]:
    """The report as plain values, in the order of the schema."""
    return write(REPORT, report)
