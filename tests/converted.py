"""The one report of a JSON text, for tests that convert reports."""

from nvgre_doctor.report.from_json import reports_from_json
from nvgre_doctor.report.model import Report


def report_from_json(text: str) -> Report:
    """Fails where the text holds the reports of captures that were diagnosed each by itself."""
    (report,), are_of_each = reports_from_json(text)
    assert not are_of_each
    return report
