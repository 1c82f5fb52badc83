"""Report -> JSON text: the interface for programs."""

from collections.abc import Sequence

from nvgre_doctor.report.model import Report
from nvgre_doctor.report.to_json import each_to_json, to_json
from nvgre_doctor.terminal.display import Display


def render(report: Report, display: Display) -> str:
    """See `to_json`; `display` changes nothing."""
    return to_json(report)


def render_each(reports: Sequence[Report], display: Display) -> str:
    """See `each_to_json`; `display` changes nothing."""
    return each_to_json(reports)
