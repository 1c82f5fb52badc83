"""Exit codes: the numbers that scripts rely on, and which of them a report deserves.  Knows nothing
about the command line.
"""

from typing import TYPE_CHECKING

from nvgre_doctor.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nvgre_doctor.report.model import Report

FAIL_ON = {
    "error": ("error",),
    "warning": ("error", "warning"),
    "info": ("error", "warning", "info"),
    "never": (),
}
"""Values of `--fail-on`, and the severities that then count."""


def nothing_was_read(report: "Report") -> bool:
    """Whether an input could not be read, or holds nothing that could be decoded: never
    "healthy".
    """
    if report.verdict == "unreadable" or not report.captures:
        return True
    return not all(capture.could_be_judged for capture in report.captures)


def was_interrupted(report: "Report") -> bool:
    """Whether somebody stopped the reading, so that the report is about a part."""
    return any(capture.status == "interrupted" for capture in report.captures)


def exit_code(report: "Report", fail_on: str) -> Exit:
    """Choose the exit code; an unreadable input outweighs findings, because what it holds is not
    known, and an interruption outweighs both.
    """
    if was_interrupted(report):
        return Exit.INTERRUPTED
    if nothing_was_read(report):
        return Exit.UNREADABLE
    counted = FAIL_ON[fail_on]
    return (
        Exit.FINDINGS
        if any(finding.severity in counted for finding in report.findings)
        else Exit.OK
    )


def worst_exit(reports: "Iterable[Report]", fail_on: str) -> Exit:
    """The exit code of several reports: that of the worst."""
    codes = [exit_code(report, fail_on) for report in reports]
    return max(codes, default=Exit.UNREADABLE)  # their numbers are in this order
