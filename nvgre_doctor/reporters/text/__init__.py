"""Report -> text for people: the verdict first, then who, what and what to do, like a colleague's
answer.

On a terminal long lists end with "and N more"; in pipes and files everything is there.  Verbosity
-1 is the verdict alone, 1 adds all evidence with its frames and segments.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import Report, Summary
from nvgre_doctor.reporters.subjects import capture_paths, ignored_texts
from nvgre_doctor.reporters.text.findings import write_findings
from nvgre_doctor.reporters.text.flows import write_mismatches, write_refusals
from nvgre_doctor.reporters.text.hosts import write_evidence, write_hosts
from nvgre_doctor.reporters.text.sheet import Sheet
from nvgre_doctor.reporters.text.steps import write_steps
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.page import Page, Span, Style
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Verdict
from nvgre_doctor.wording import VERDICT_WORDS, plural

_HANG: Final = 10
"""Columns of the longest usual verdict, below which its sentence goes on."""
_VERDICT_STYLES: Final = {
    Verdict.MISMATCH: Style.BAD,
    Verdict.REFUSED: Style.BAD,
    Verdict.OLD_LAYOUT: Style.BAD,
    Verdict.HEALTHY: Style.GOOD,
}


def render(report: Report, display: Display) -> str:
    """Render for people, as `display` says."""
    sheet = Sheet(report, display)
    sheet.say(_verdict(report), "  " + sheet.clean(report.headline), hang=_HANG)
    if display.verbosity >= 0:
        for write in (
            write_hosts,
            write_evidence,
            write_mismatches,
            write_refusals,
            write_findings,
            _write_problems,
            write_steps,
        ):
            sheet.blank()
            write(sheet)
        _write_ignored(sheet)
        _write_closing_line(sheet)
    return sheet.text()


def render_each(reports: Sequence[Report], display: Display) -> str:
    """A line for each capture, then the reports of those that are not good, and how many there are
    of which verdict.
    """
    page = Page(display.width, color=display.color)
    # The verdict stands first: a CI system takes a line that begins with ::error:: for a command.
    rows = [
        (
            _verdict(report),
            Span(_names(report, display)),
            Span(visible(report.headline, display.encoding)),
        )
        for report in reports
    ]
    with_details = [report for report in reports if report.verdict is not Verdict.HEALTHY]
    if display.verbosity < 0:
        page.table(("", "", ""), rows)
        return page.text()
    if page.fits(rows):
        page.table(("", "", ""), rows)
    else:  # the sentences of those that are not good follow
        page.table(("", ""), [row[:2] for row in rows])
    texts = [page.text()]
    for report in with_details:
        page = Page(display.width, color=display.color)
        page.say("Capture ", Span(_names(report, display), Style.HEADING))
        texts.append(page.text() + render(report, display))
    if with_details:
        texts.append(_tally(reports, display))
    return "\n".join(texts)


def _tally(reports: Sequence[Report], display: Display) -> str:
    """The last line: the first ones may have left the screen."""
    counts = Counter(report.verdict for report in reports)
    told = [f"{counts[verdict]} {VERDICT_WORDS[verdict]}" for verdict in Verdict if counts[verdict]]
    page = Page(display.width, color=display.color)
    page.say(f"{plural(len(reports), 'capture')}, each by itself: {', '.join(told)}")
    return page.text()


def _names(report: Report, display: Display) -> str:
    return visible(" ".join(capture_paths(report)), display.encoding)


def _verdict(report: Report) -> Span:
    style = _VERDICT_STYLES.get(report.verdict, Style.DOUBTFUL)
    return Span(VERDICT_WORDS[report.verdict], style)


def _write_problems(sheet: Sheet) -> None:
    """What could not be read, as far as no finding says it already."""
    told = " ".join(finding.message for finding in sheet.report.findings)
    # The status stands first: no line of a CI log may begin with a file name, which could be
    # "::error::...".
    problems = [
        (Span(capture.status), Span(f"{sheet.clean(capture.path)}: {sheet.clean(message)}"))
        for capture in sheet.report.captures
        for message in _problem_messages(capture)
        if message not in told
    ]
    if not problems:
        return
    sheet.heading("Not read")
    shown = sheet.shown(problems)
    sheet.table(("", ""), shown)
    sheet.more(len(problems) - len(shown), "problem")


def _write_ignored(sheet: Sheet) -> None:
    """What was found and is not told."""
    texts = ignored_texts(sheet.report)
    shown = sheet.shown(texts)
    for text in shown:
        sheet.say(Span(f"Ignored  {sheet.clean(text)}", Style.DIM), hang=9)
    sheet.more(len(texts) - len(shown), "decision")


def _write_closing_line(sheet: Sheet) -> None:
    """Counts, and what could not be read.  The hosts stand in their table."""
    summary, captures = sheet.report.summary, sheet.report.captures
    left_out = (
        f" ({summary.nvgre_frames_left_out} left out)" if summary.nvgre_frames_left_out else ""
    )
    like = "like " if sheet.report.verdict is Verdict.NO_NVGRE and summary.nvgre_frames else ""
    parts = [
        (
            f"{plural(len(captures), 'capture')}, {plural(summary.frames, 'frame')},"
            f" {summary.nvgre_frames} {like}NVGRE{left_out}"
        ),
        _counts(summary),
    ]
    if summary.in_baseline:
        parts.append(f"{summary.in_baseline} more in the baseline")
    if summary.other_icmp_3_10:
        parts.append(f"{summary.other_icmp_3_10} x ICMP 3/10 or ICMPv6 1/1 about other traffic")
    states = [capture.status for capture in captures]
    unread = [
        f"{states.count(status)} {words}"
        for status, words in (
            ("unreadable", "not readable"),
            ("empty", "empty"),
            ("cut", "cut short or damaged"),
            ("interrupted", "interrupted"),
        )
        if status in states
    ]
    parts.append("; ".join(unread) if unread else "all read")
    if sheet.report.configuration is not None:
        parts.append(f"configuration {sheet.clean(sheet.report.configuration)}")
    more = [] if sheet.detailed else ["-v"]
    more += [f"explain {sheet.clean(finding.code)}" for finding in sheet.report.findings[:1]]
    if more:
        parts.append(f"more: {', '.join(more)}")
    sheet.say(Span("; ".join(parts), Style.DIM))


def _counts(summary: Summary) -> str:
    """How many findings of which severity."""
    counts = ((summary.errors, "error"), (summary.warnings, "warning"), (summary.infos, "note"))
    return ", ".join(plural(count, noun) for count, noun in counts if count) or "no findings"


def _problem_messages(capture: Capture) -> list[str]:
    if capture.problems:
        return [problem.message for problem in capture.problems]
    return {"unreadable": ["cannot be read"], "empty": ["holds no frame"]}.get(capture.status, [])
