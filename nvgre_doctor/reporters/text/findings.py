"""The findings of a text report, worst first."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from nvgre_doctor.filters.grammar import whole_or
from nvgre_doctor.reporters.subjects import filters_of, next_step_text
from nvgre_doctor.reporters.text.sheet import Sheet
from nvgre_doctor.reporters.text.steps import last_step
from nvgre_doctor.rules.finding import Finding, FrameRef
from nvgre_doctor.terminal.page import Span, Style
from nvgre_doctor.vocabulary import Confidence, Severity

MOST_FINDINGS: Final = 8
"""Errors and warnings on a terminal without -v; each takes up to three lines."""
MOST_NOTES: Final = 3
"""Findings of severity info, likewise."""
FRAMES_SHOWN: Final = 2
"""Example frames of one finding without -v."""

_INDENT: Final = 8  # below the severity: messages, and what -v adds
_ADDRESSES: Final = re.compile(r"[\w.:]*[\w:]")  # and words
_SEVERITY_STYLES: Final = {
    Severity.ERROR: Style.BAD,
    Severity.WARNING: Style.DOUBTFUL,
    Severity.INFO: Style.NOTE,
}

Told = list[Finding]
"""Findings that are told together: the same in both directions between two hosts, or of hosts, or
of pairs with one host in common."""


def write_findings(sheet: Sheet) -> None:
    """Worst first, as the report has them."""
    rows = _together(sheet.report.findings)
    notes = [row for row in rows if row[0].severity is Severity.INFO]
    grave = [row for row in rows if row[0].severity is not Severity.INFO]
    said = {last_step(sheet.report)}
    for kind, most, noun in ((grave, MOST_FINDINGS, "finding"), (notes, MOST_NOTES, "note")):
        shown = sheet.shown(kind, most)
        for row in shown:
            sheet.blank()
            _write(sheet, row, said)
        sheet.more(len(kind) - len(shown), noun)


def _together(findings: Sequence[Finding]) -> list[Told]:
    """The findings of a flow stand with those of the opposite one, if they are of one code and
    severity; those of hosts, if they say the same of each; those of pairs, if they say the same of
    each host beside one.
    """
    rows: dict[tuple[object, ...], Told] = {}
    met = Counter(
        host for one in findings if one.subject.kind == "pair" for host in set(one.subject.hosts)
    )
    for number, finding in enumerate(findings):
        key: tuple[object, ...] = (number,)
        alike = finding.code, finding.severity, finding.confidence
        if finding.subject.kind == "flow":
            key = (*alike, frozenset(finding.subject.hosts))
        elif finding.subject.kind == "host":
            (host,) = finding.subject.hosts
            key = (*alike, _without(host, finding.message))
        elif finding.subject.kind == "pair":
            other, common = _ends(finding, met)
            key = (*alike, common, _without(other, finding.message))
        rows.setdefault(key, []).append(finding)
    return list(rows.values())


def _ends(finding: Finding, met: Mapping[str, int]) -> tuple[str, str]:
    """The two hosts of a pair; last the one that was met more often."""
    one, two = sorted(finding.subject.hosts, key=lambda host: (met[host], host))
    return one, two


def _without(host: str, message: str) -> str:
    """What is said of it, whichever it is."""
    return _ADDRESSES.sub(
        lambda found: "" if host in (found[0], found[0].rstrip(":")) else found[0], message
    )


def _write(sheet: Sheet, row: Told, said: set[str]) -> None:
    first, *others = row
    likely = " (likely)" if first.confidence is Confidence.LIKELY else ""
    sheet.say(
        Span(f"{first.severity:<8}", _SEVERITY_STYLES[first.severity]),
        Span(sheet.clean(first.code), Style.HEADING),
        f"  {_where(sheet, first)}{sheet.clean(first.message)}{likely}",
        Span(_frames(sheet, first), Style.DIM),
        hang=_INDENT,
    )
    if sheet.detailed:
        _write_details(sheet, first, said)
        for other in others:
            sheet.blank()
            _write(sheet, [other], said)
        return
    if first.subject.kind in ("host", "pair") and others:
        common = _common(row)
        shown = sheet.shown(others, MOST_FINDINGS)
        text = ", ".join([_host_and_frames(sheet, other, common) for other in shown])
        left = len(others) - len(shown)
        more = f" and {left} more (-v shows them)" if left else ""
        of_whom = f" of {sheet.clean(common)} and" if common else ""
        sheet.say(Span(f"The same{of_whom}: {text}{more}.", Style.DIM), indent=_INDENT, hang=2)
        return
    for other in others:
        source, destination = map(sheet.clean, other.subject.hosts)
        text = f"The same from {source} to {destination}.{_frames(sheet, other)}"
        sheet.say(Span(text, Style.DIM), indent=_INDENT, hang=2)


def _common(row: Told) -> str:
    """The host that all of several pairs have; of hosts there is none."""
    hosts = set(row[0].subject.hosts).intersection(*(other.subject.hosts for other in row[1:]))
    return next(iter(hosts), "")


def _host_and_frames(sheet: Sheet, finding: Finding, common: str) -> str:
    frames = _frames(sheet, finding).strip()
    (host,) = (host for host in finding.subject.hosts if host != common)
    return f"{sheet.clean(host)} ({frames})" if frames else sheet.clean(host)


def _write_details(sheet: Sheet, finding: Finding, said: set[str]) -> None:
    for name, display_filter in filters_of(sheet.report, finding):
        of_one = f" of {sheet.clean(name)}" if name else ""
        text = Span(f"filter{of_one}: {whole_or(display_filter, sheet.clean)}", Style.DIM)
        sheet.say(text, indent=_INDENT, hang=2)
    step = next_step_text(finding)
    if step and step not in said:
        said.add(step)
        sheet.say(Span(f"next: {sheet.clean(step)}", Style.DIM), indent=_INDENT, hang=2)


def _where(sheet: Sheet, finding: Finding) -> str:
    """The capture that a finding is about, unless its message names it."""
    if finding.subject.capture is None:
        return ""
    path = sheet.report.captures[finding.subject.capture].path
    return "" if path in finding.message else f"{sheet.clean(path)}: "


def _frames(sheet: Sheet, finding: Finding) -> str:
    """`  frames 13, 29 and 14 more`."""
    if not finding.frames:
        return ""
    shown: tuple[FrameRef, ...] = finding.frames
    if not sheet.detailed:
        shown = shown[:FRAMES_SHOWN]
    count = max(finding.frame_count, len(finding.frames))
    more = f" and {count - len(shown)} more" if count > len(shown) else ""
    return f"  {sheet.frames(shown)}{more}"
