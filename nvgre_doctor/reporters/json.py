"""Report -> JSON text: the interface for programs."""

from nvgre_doctor.report.model import Report
from nvgre_doctor.report.to_json import to_json
from nvgre_doctor.terminal.display import Display


def render(report: Report, display: Display) -> str:
    """See `to_json`; `display` changes nothing."""
    return to_json(report)
