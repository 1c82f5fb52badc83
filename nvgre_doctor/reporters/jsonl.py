"""Report -> JSON Lines: one finding a line, as in `--format json`, complete in itself.

Each line adds what the report says around it: the schema version, the fingerprint that baselines
use, and the paths of the captures that its frames and its subject point to.  No finding, no line.
"""

import json
from collections.abc import Sequence

from nvgre_doctor.report.fingerprint import fingerprint
from nvgre_doctor.report.json_fields import FINDING
from nvgre_doctor.report.json_shapes import write
from nvgre_doctor.report.model import SCHEMA_VERSION, Report
from nvgre_doctor.report.to_json import harmless_json
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.terminal.display import Display


def render(report: Report, display: Display) -> str:
    """One line per finding, in the order of the report; pure ASCII.  `display` changes nothing
    here.
    """
    lines = [json.dumps(row_of(report, finding)) + "\n" for finding in report.findings]
    return harmless_json("".join(lines))


def row_of(report: Report, finding: Finding) -> dict[str, object]:
    """One finding of a report, complete in itself."""
    return {
        "schema_version": SCHEMA_VERSION,
        **write(FINDING, finding),
        "fingerprint": fingerprint(report, finding),
        "captures": {str(index): report.captures[index].path for index in _captures(finding)},
    }


def render_each(reports: Sequence[Report], display: Display) -> str:
    """The lines of all reports: each says itself which capture it is about."""
    return "".join(render(report, display) for report in reports)


def _captures(finding: Finding) -> list[int]:
    indices = {frame.capture for frame in finding.frames}
    if finding.subject.capture is not None:
        indices.add(finding.subject.capture)
    return sorted(indices)
