"""The findings of a text report, worst first, and the next step."""

from typing import Final

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.subjects import next_step_text
from nvgre_doctor.reporters.text.sheet import Sheet
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.nvg2_unknown import UNKNOWN
from nvgre_doctor.terminal.page import Span, Style
from nvgre_doctor.vocabulary import Severity

MOST_FINDINGS: Final = 8
"""Errors and warnings on a terminal without -v; each takes four lines."""
MOST_NOTES: Final = 3
"""Findings of severity info, likewise."""
MOST_FRAMES: Final = 8
"""Example frames of one finding, likewise."""

_INDENT: Final = 8  # below the code, so that a filter fits on one line to copy
_HANG: Final = 16  # below the message
_SEVERITY_STYLES: Final = {
    Severity.ERROR: Style.BAD,
    Severity.WARNING: Style.DOUBTFUL,
    Severity.INFO: Style.NOTE,
}


def write_findings(sheet: Sheet) -> None:
    """Worst first, as the report has them.  The next step of the first one closes the page and is
    not said twice.
    """
    findings = sheet.report.findings
    notes = [finding for finding in findings if finding.severity is Severity.INFO]
    grave = [finding for finding in findings if finding.severity is not Severity.INFO]
    if not findings:
        return
    sheet.heading("Findings")
    said = {_main_next_step(sheet.report)}
    shown_grave, shown_notes = sheet.shown(grave, MOST_FINDINGS), sheet.shown(notes, MOST_NOTES)
    for finding in shown_grave:
        _finding(sheet, finding, said)
    sheet.more(len(grave) - len(shown_grave), "finding")
    for finding in shown_notes:
        _finding(sheet, finding, said)
    sheet.more(len(notes) - len(shown_notes), "note")


def write_next_step(sheet: Sheet) -> None:
    """The next step of the worst finding that has one."""
    if step := _main_next_step(sheet.report):
        sheet.say(Span("Next: ", Style.HEADING), sheet.clean(step), hang=6)


def _finding(sheet: Sheet, finding: Finding, said: set[str]) -> None:
    likely = " (likely)" if finding.confidence == "likely" else ""
    path = (
        ""
        if finding.subject.capture is None
        else sheet.report.captures[finding.subject.capture].path
    )
    where = "" if path in finding.message else f"{sheet.clean(path)}: "
    sheet.say(
        Span(f"{finding.severity:<8}", _SEVERITY_STYLES[finding.severity]),
        Span(sheet.clean(finding.code), Style.HEADING),
        f"  {where}{sheet.clean(finding.message)}{likely}",
        hang=_HANG,
    )
    if finding.frames:
        most = MOST_FRAMES if sheet.short_lists else len(finding.frames)
        shown = finding.frames[:most]
        more = max(finding.frame_count, len(finding.frames)) - len(shown)
        sheet.say(sheet.frames(shown) + (f" and {more} more" if more else ""), indent=_INDENT)
    if finding.display_filter:
        sheet.say("filter: ", sheet.clean(finding.display_filter), indent=_INDENT, hang=2)
    step = next_step_text(finding)
    if step and step not in said:
        said.add(step)
        sheet.say("next: ", sheet.clean(step), indent=_INDENT, hang=2)


def _main_next_step(report: Report) -> str:
    """Of the worst finding that has one; what is broken goes before what is only not known."""
    findings = [finding for finding in report.findings if finding.next_step]
    worst = [finding for finding in findings if finding.severity is findings[0].severity]
    first = next((finding for finding in worst if finding.code != UNKNOWN.code), None)
    chosen = first or next(iter(worst), None)
    return next_step_text(chosen) if chosen else ""
