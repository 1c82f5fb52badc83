"""Report -> GitHub Actions annotations: the workflow commands `::error`, `::warning` and
`::notice`.

One annotation for each host, pair of hosts or capture, at the level of its worst finding, worst
first.  GitHub shows ten annotations per level and step, so the tenth also says how many more there
are.  Text from captures only ever stands inside a command, escaped, so that it can neither begin a
line with `::` nor end a command early.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.subjects import (
    SubjectKey,
    next_step_text,
    subject_key,
    subject_name,
    why_not_judged,
)
from nvgre_doctor.rules.finding import FrameRef
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Severity, Verdict

COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}  # worst first
MOST_PER_LEVEL: Final = 10
"""GitHub drops what goes beyond this per level and step."""
MOST_FINDINGS: Final = 5
"""Findings told in one annotation: the runner cuts a message at 4096 characters."""
LONGEST_TITLE: Final = 200
"""Characters; the checks API takes 255."""


@dataclass(slots=True)
class _Annotation:
    """What is said about one host, pair or capture."""

    subject: str
    severity: Severity
    codes: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    findings: int = 0
    capture: int | None = None
    frame: FrameRef | None = None


def render(report: Report, display: Display) -> str:
    """One command per line; a last plain line with the verdict, which holds no text from a
    capture.
    """
    return _render([report], f"verdict {report.verdict}", display)


def render_each(reports: Sequence[Report], display: Display) -> str:
    """The same for all captures; the last line counts their verdicts."""
    counts = Counter(report.verdict for report in reports)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    return _render(reports, f"verdicts {told}", display)


def _render(reports: Sequence[Report], verdicts: str, display: Display) -> str:
    annotations = [
        (report, annotation) for report in reports for annotation in _annotations(report)
    ]
    lines = []
    for severity, command in COMMANDS.items():
        level = [row for row in annotations if row[1].severity is severity]
        level.sort(key=_can_be_judged)  # what makes the exit code 3 is told before there is no room
        shown = level[:MOST_PER_LEVEL]
        if len(level) > len(shown):
            shown[-1][1].lines.append(_more(len(level) - len(shown), command))
        lines += [_command(report, annotation, display.encoding) for report, annotation in shown]
    in_baseline = sum(report.summary.in_baseline for report in reports)
    accepted = (
        f"; {in_baseline} more finding{'s' if in_baseline > 1 else ''} in the baseline"
        if in_baseline
        else ""
    )
    ignored = sum(row.count for report in reports for row in report.ignored)
    accepted += f"; {ignored} ignored" if ignored else ""
    lines.append(f"nvgre-doctor: {verdicts}{accepted}")
    return "\n".join(lines) + "\n"


def _can_be_judged(row: tuple[Report, _Annotation]) -> bool:
    report, annotation = row
    return annotation.capture is None or report.captures[annotation.capture].could_be_judged


def _more(count: int, noun: str) -> str:
    return f"{count} more {noun}{'s' if count > 1 else ''} not shown here."


def _annotations(report: Report) -> list[_Annotation]:
    """Inputs that could not be judged, then in the order of the findings."""
    groups: dict[SubjectKey, _Annotation] = {}
    explained = {finding.subject.capture for finding in report.findings}
    for index, capture in enumerate(report.captures):
        if (
            not capture.could_be_judged
        ):  # an error even where its finding is a warning: the run ends with exit code 3
            annotation = _Annotation(capture.path, Severity.ERROR, capture=index)
            if index not in explained:
                annotation.codes, annotation.lines = ["unreadable"], why_not_judged(capture)
            groups["capture", (), index] = annotation
    if report.verdict is Verdict.UNREADABLE and not groups:
        groups["report", (), None] = _Annotation(
            "nothing to judge", Severity.ERROR, ["unreadable"], [report.headline]
        )
    for finding in report.findings:
        key = _pair_of_flow(subject_key(finding))
        name = subject_name(report, key)
        annotation = groups.setdefault(
            key, _Annotation(name, finding.severity, capture=finding.subject.capture)
        )
        annotation.severity = min(annotation.severity, finding.severity, key=list(COMMANDS).index)
        if finding.code not in annotation.codes:
            annotation.codes.append(finding.code)
        annotation.findings += 1
        if annotation.findings <= MOST_FINDINGS:
            said = (f"{finding.code}: {finding.message}", next_step_text(finding))
            annotation.lines += [line for line in said if line and line not in annotation.lines]
        annotation.frame = annotation.frame or next(iter(finding.frames), None)
    for annotation in groups.values():
        if annotation.findings > MOST_FINDINGS:
            annotation.lines.append(_more(annotation.findings - MOST_FINDINGS, "finding"))
    return list(groups.values())


def _pair_of_flow(key: SubjectKey) -> SubjectKey:
    """The flows of two hosts, in both directions, are told with the pair."""
    kind, hosts, capture = key
    return ("pair", tuple(sorted(hosts)), capture) if kind == "flow" else key


def _command(report: Report, annotation: _Annotation, encoding: str) -> str:
    title = visible(" ".join([*annotation.codes, annotation.subject]), encoding)
    properties = [f"title={_property(title[:LONGEST_TITLE])}"]
    index = annotation.frame.capture if annotation.frame else annotation.capture
    if index is None and len(report.captures) == 1:  # what it is about can be in no other
        index = 0
    path = None if index is None else _repository_path(report.captures[index].path)
    if path is not None:
        properties.append(f"file={_property(path)}")
        if annotation.frame:
            properties.append(
                f"line={annotation.frame.frame}"
            )  # the frame number: a capture has no lines
    message = "\n".join(visible(line, encoding) for line in annotation.lines)
    return f"::{COMMANDS[annotation.severity]} {','.join(properties)}::{_data(message)}"


def _repository_path(path: str) -> str | None:
    """Relative with forward slashes, as GitHub wants it; None for what cannot be shown or does not
    lie in the repository.
    """
    slashed = path.replace("\\", "/")
    if (
        path == "-"
        or visible(path) != path
        or slashed.startswith(("/", "../"))
        or slashed[1:2] == ":"
    ):
        return None
    return slashed.removeprefix("./")


def _data(text: str) -> str:
    """Escape the message of a command; the percent sign first."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property of a command, which `:` and `,` would end."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
