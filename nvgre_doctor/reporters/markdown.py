"""Report -> GitHub-flavoured Markdown, fit for $GITHUB_STEP_SUMMARY.

Text from captures stands in code spans, word by word where a sentence holds it: only there does
GitHub neither link, mention, number, highlight nor interpret anything.  No captured text ever
begins a line.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.filters.grammar import whole_or
from nvgre_doctor.report.model import Host, Pair, Refusal, Report
from nvgre_doctor.reporters.subjects import (
    capture_paths,
    filters_of,
    frames_text,
    ignored_texts,
    times_text,
)
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Confidence, PairVerdict, Sender, Verdict
from nvgre_doctor.wording import CAUSE_WORDS, icmp_words, layout_words, plural

LARGEST: Final = 1_000_000
"""Bytes of UTF-8.  GitHub refuses a step summary of more than 1 MiB (1,048,576 bytes)."""
RESERVE: Final = 1_000
"""Bytes kept free for the headings and the sentences on what was left out."""
ROOM_OF_A_REPORT: Final = 10_000
"""With less room no further capture is told."""
MOST_ROWS: Final = 500
"""Rows per section; nobody reads more in a summary, and the other formats hold them all."""

LAYOUTS: Final = {
    "draft-00": "draft-00 (old)",
    "rfc7637": "RFC 7637",
    "both": "both at the same time",
}
PAIRS: Final = {
    PairVerdict.MISMATCH: "different layouts",
    PairVerdict.AGREE: "same layout",
    PairVerdict.UNKNOWN: "not known",
}

T = TypeVar("T")

_WORD: Final = re.compile(r"""(?P<before>[("']*)(?P<core>.*?)(?P<after>[.,;:!?)"']*)""")
_SAFE: Final = re.compile(r"[\w.,;()/+=%'\"!?-]*")
_BACKTICKS: Final = re.compile(r"`+")


class _Summary:
    """Collects lines as long as there is room."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._room = LARGEST - RESERVE

    @property
    def is_begun(self) -> bool:
        return bool(self._lines)

    @property
    def has_room(self) -> bool:
        """For one more report."""
        return self._room > ROOM_OF_A_REPORT

    def head(self, *lines: str) -> None:
        self._lines += lines
        self._room -= sum(len(line.encode("utf-8")) + 1 for line in lines)

    def items(self, items: Iterable[str], total: int) -> None:
        """Add whole items in order, then say how many were left out.  They get half of the room:
        others come after them.
        """
        room = self._room // 2
        for number, item in enumerate(items):
            size = len(item.encode("utf-8")) + 1
            if number == MOST_ROWS or size > room:
                self._lines += ["", f"Not shown here: {total - number} more."]
                break
            room -= size
            self._room -= size
            self._lines.append(item)

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def render(report: Report, display: Display) -> str:
    """Verdict, findings, hosts, pairs, refused flows, captures; empty sections are left out."""
    summary = _Summary()
    _add(summary, report, f"nvgre-doctor: {report.verdict}")
    return _shown(summary, display)


def render_each(reports: Sequence[Report], display: Display) -> str:
    """A table with a row for each capture, and then the reports of those that are not good."""
    summary = _Summary()
    summary.head("## nvgre-doctor, each capture by itself")
    _table(summary, "Verdicts", ("Verdict", "Capture", ""), reports, _verdict)
    told = [report for report in reports if report.verdict is not Verdict.HEALTHY]
    for number, report in enumerate(told):
        if not summary.has_room:
            left = plural(len(told) - number, "capture")
            summary.head("", f"The findings of {left} more are not shown here.")
            break
        _add(summary, report, f"{report.verdict}: {' '.join(map(_code, capture_paths(report)))}")
    return _shown(summary, display)


def _verdict(report: Report) -> tuple[str, ...]:
    return str(report.verdict), " ".join(map(_code, capture_paths(report))), _prose(report.headline)


def _shown(summary: _Summary, display: Display) -> str:
    # What a console cannot show is escaped; every character that means something in Markdown is
    # ASCII.
    return summary.text().encode(display.encoding, "backslashreplace").decode(display.encoding)


def _add(summary: _Summary, report: Report, heading: str) -> None:
    totals = report.summary
    summary.head(
        *([""] if summary.is_begun else []),
        f"## {heading}",
        "",
        f"Verdict: {_prose(report.headline)}",
        "",
        f"{plural(totals.errors, 'error')}, {plural(totals.warnings, 'warning')},"
        f" {plural(totals.infos, 'note')}; {plural(totals.hosts, 'host')},"
        f" {plural(totals.nvgre_frames, 'NVGRE frame')} of {plural(totals.frames, 'frame')}.",
    )
    if totals.in_baseline:
        summary.head("", f"The baseline accepts {plural(totals.in_baseline, 'finding')} more.")
    for ignored in ignored_texts(report):
        summary.head("", f"Ignored: {_prose(ignored)}")
    if report.configuration is not None:
        summary.head("", f"Configuration: {_code(report.configuration)}")
    if report.findings:
        summary.head("", "### Findings", "")
        summary.items(
            (_finding(report, finding) for finding in report.findings), len(report.findings)
        )
    _table(
        summary,
        "Hosts",
        ("Host", "Layout", "Confidence", "Sent", "Received", "Why"),
        report.hosts,
        _host,
    )
    _table(
        summary,
        "Pairs of hosts",
        ("Hosts", "Layouts", "Frames there", "Frames back"),
        report.pairs,
        _pair,
    )
    columns = ("From", "To", "Refused by", "ICMP", "GRE key", "Count", "Cause")
    _table(summary, "Refused flows", columns, report.refusals, _refusal)
    if report.captures:
        summary.head("", "### Captures", "")
        summary.items(map(_capture, report.captures), len(report.captures))


def _table(
    summary: _Summary,
    title: str,
    columns: tuple[str, ...],
    rows: Sequence[T],
    cells: Callable[[T], tuple[str, ...]],
) -> None:
    if rows:
        summary.head(
            "", f"### {title}", "", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"
        )
        summary.items((f"| {' | '.join(map(_cell, cells(row)))} |" for row in rows), len(rows))


def _cell(markdown: str) -> str:
    r"""Escape pipes.  Renderers disagree about a backslash before an escaped pipe, so there the
    pipe is written `\x7c`.
    """
    return markdown.replace("\\|", r"\\x7c").replace("|", "\\|")


def _finding(report: Report, finding: Finding) -> str:
    lines = [f"- **{finding.severity} {_prose(finding.code)}** {_prose(finding.message)}"]
    if finding.next_step:
        lines.append(f"  - Next step: {_prose(finding.next_step)}")
    if finding.check:
        lines.append(f"  - Check: {_code(finding.check)}")
    for name, display_filter in filters_of(report, finding):
        of_one = f", {_prose(name)}" if name else ""
        lines.append(f"  - Wireshark{of_one}: {_code(display_filter)}")
    if finding.frames:
        more = max(finding.frame_count, len(finding.frames)) - len(finding.frames)
        others = f" and {more} more" if more else ""
        lines.append(f"  - Frames: {_prose(frames_text(report, finding.frames))}{others}")
    return "\n".join(lines)


def _host(host: Host) -> tuple[str, ...]:
    why = _prose(host.evidence[0].statement) if host.evidence else ""
    layout = LAYOUTS.get(host.layout, "not known")
    if host.sender is not Sender.HYPER_V and host.layout != "unknown":
        layout = layout_words(host.layout, host.sender)
    return (
        _code(host.address),
        layout,
        str(host.confidence),
        str(host.frames_sent),
        str(host.frames_received),
        why,
    )


def _pair(pair: Pair) -> tuple[str, ...]:
    hosts = " and ".join(_code(host) for host in pair.hosts)
    layouts = PAIRS[pair.verdict]
    if pair.confidence is Confidence.LIKELY:
        layouts = f"probably {layouts}"
    return hosts, layouts, str(pair.frames_forward), str(pair.frames_backward)


def _refusal(refusal: Refusal) -> tuple[str, ...]:
    return (
        _code(refusal.source),
        _code(refusal.destination),
        _code(refusal.by),
        icmp_words(refusal.icmp_version, refusal.icmp_type, refusal.icmp_code),
        "" if refusal.gre_key is None else f"0x{refusal.gre_key:08x}",
        times_text(refusal),
        CAUSE_WORDS[refusal.cause],
    )


def _capture(capture: Capture) -> str:
    kind = " ".join(filter(None, (capture.format, capture.compression)))
    facts = [capture.status, kind, plural(capture.frames, "frame"), f"{capture.nvgre_frames} NVGRE"]
    lines = [f"- {_code(capture.path)}: {_prose(', '.join(filter(None, facts)))}"]
    lines += [f"  - Problem: {_prose(problem.message)}" for problem in capture.problems]
    return "\n".join(lines)


def _prose(text: str) -> str:
    """A sentence of ours with words from a capture in it: every word that Markdown or GitHub could
    act on becomes code.

    Code, because backslashes do not help against mentions, issue numbers, links and emoji: GitHub
    looks for those after it has rendered the Markdown, everywhere but in code.
    """
    return " ".join(_word(word) for word in visible(text).split())


def _word(word: str) -> str:
    match = _WORD.fullmatch(word)
    before, core, after = match.group("before", "core", "after") if match else ("", word, "")
    if _SAFE.fullmatch(core) and "_" not in core and not core.lower().startswith("www."):
        return word
    return f"{before}{_code(core)}{after}"


def _code(text: str) -> str:
    """A code span; its fence is longer than any run of backticks inside."""
    text = whole_or(text, visible)
    if not text:
        return ""
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{space}{text}{space}{fence}"
