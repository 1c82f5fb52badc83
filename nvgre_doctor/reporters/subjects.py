"""What findings are about, for the reporters that gather them: hosts, pairs, flows and captures, as
keys and in words.

The words are raw text from captures and file names; each reporter makes them safe for its own
reader.
"""

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import Refusal, Report
from nvgre_doctor.rules.finding import Finding, FrameRef
from nvgre_doctor.wording import plural

SubjectKey = tuple[str, tuple[str, ...], int | None]
"""Kind, hosts and capture of a subject; the hosts of a pair are sorted."""


def capture_paths(report: Report) -> list[str]:
    """The names of what a report is about."""
    return [capture.path for capture in report.captures]


def subject_key(finding: Finding) -> SubjectKey:
    """Equal for findings about the same thing."""
    subject = finding.subject
    hosts = tuple(sorted(subject.hosts)) if subject.kind == "pair" else subject.hosts
    return subject.kind, hosts, subject.capture if subject.kind == "capture" else None


def subject_name(report: Report, key: SubjectKey) -> str:
    """The subject in a few words."""
    kind, hosts, capture = key
    if hosts:
        return (" to " if kind == "flow" else " and ").join(hosts)
    return "all captures" if capture is None else report.captures[capture].path


def why_not_judged(capture: Capture) -> list[str]:
    """Why nothing of a capture could be judged, in sentences."""
    return [problem.message for problem in capture.problems] or ["nothing in it could be read"]


def times_text(refusal: Refusal) -> str:
    """How many packets refused a flow, and how often they were captured where that is more."""
    copies = f" (seen {refusal.sightings} times)" if refusal.sightings > refusal.count else ""
    return plural(refusal.count, "time") + copies


def next_step_text(finding: Finding) -> str:
    """What to do, and the command of it."""
    check = f"Check: {finding.check}" if finding.check else ""
    return " ".join(filter(None, (finding.next_step, check)))


def filters_of(report: Report, finding: Finding) -> list[tuple[str, str]]:
    """Display filters, each with the name of the capture that it is for; without one it is for
    all.
    """
    if finding.display_filter:
        return [("", finding.display_filter)]
    return [(report.captures[one.capture].path, one[1]) for one in finding.display_filters]


def ignored_texts(report: Report) -> list[str]:
    """What was found and is not told, and why: "NVG306 of 10.0.0.7, 2 findings: one way only"."""
    return [
        row.code
        + (f" of {', '.join(row.hosts)}" if row.hosts else "")
        + f", {plural(row.count, 'finding')}"
        + (f": {row.reason}" if row.reason else "")
        for row in report.ignored
    ]


def frames_text(report: Report, frames: tuple[FrameRef, ...]) -> str:
    """Example frames by capture: "a.pcap: 4, 8; b.pcap: 1"."""
    numbers: dict[int, list[str]] = {}
    for frame in frames:
        numbers.setdefault(frame.capture, []).append(str(frame.frame))
    return "; ".join(
        f"{report.captures[index].path}: {', '.join(found)}" for index, found in numbers.items()
    )
