"""JSON of `--format json` -> Report: the inverse of reporters/json.py, so that any format can be
rendered later.

The text may come from anywhere: every value is checked.  Fields that are not known here are
ignored, because a minor release may add some; everything else must be as schema.json has it.
"""

from typing import Final, NoReturn

from nvgre_doctor.errors import GivenError
from nvgre_doctor.report.checked_json import JsonError, Value, parse, shown
from nvgre_doctor.report.json_fields import REPORT
from nvgre_doctor.report.json_shapes import read
from nvgre_doctor.report.model import SCHEMA_VERSION, Report

ADVICE: Final = "Give a file that `nvgre-doctor check --format json` wrote, unchanged."


class ConvertError(GivenError):
    """The text is not a report that can be read; the message says where, why and what to do."""


def reports_from_json(text: str) -> tuple[tuple[Report, ...], bool]:
    """Read the reports of a file of schema version 2.0, and whether each is about a capture by
    itself (`check --each`), else it is one.  Errors: ConvertError, whatever is wrong with the text.

    Only the times of the frames of evidence are lost.
    """
    try:
        root = parse(text)
        if root.get("each").raw is None:
            return (_read(root),), False
        _check_version(root)
        return root["each"].each(_read), True
    except JsonError as error:
        raise ConvertError(f"{error} {ADVICE}") from None


def _read(root: Value) -> Report:
    _check_version(root)
    captures = root["captures"].raw
    report: Report = read(REPORT, root, len(captures) if isinstance(captures, list) else 0)
    return report


def _check_version(root: Value) -> None:
    version = root["schema_version"].text()
    if version != SCHEMA_VERSION:
        _refuse(version)


def _refuse(version: str) -> NoReturn:
    raise ConvertError(
        f"$.schema_version: the report has version {shown(version)}, and this program reads"
        f" {SCHEMA_VERSION}. Convert it with the nvgre-doctor that wrote it, or write the report"
        " again with this one."
    )
