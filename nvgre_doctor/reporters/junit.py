"""Report -> JUnit XML, as Jenkins, GitLab and Azure DevOps read it (Jenkins' strict junit-10.xsd).

A test case is a claim: "192.168.50.2 speaks RFC 7637".  It fails when a finding of severity error
speaks against it, it is skipped when it is not known to be true, and it passes only when it is.  No
clock, no times, no names of this machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET  # nosec B405 # it writes XML and reads none

from nvgre_doctor.filters.grammar import whole_or
from nvgre_doctor.report.model import Host, Pair, Refusal, Report
from nvgre_doctor.reporters.subjects import (
    SubjectKey,
    filters_of,
    frames_text,
    ignored_texts,
    subject_key,
    subject_name,
    times_text,
    why_not_judged,
)
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Confidence, PairVerdict, Sender, Severity, Verdict
from nvgre_doctor.wording import LAYOUT_WORDS, icmp_words, listed

HEADER: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
SUITE: Final = "nvgre-doctor"
CAPTURES_NAMED: Final = 3

_CLAIMS: Final = {
    "host": "{} speaks RFC 7637",
    "pair": "{} speak the same layout",
    "flow": "NVGRE from {} gets through",
    "capture": "{} can be judged",
}


@dataclass(slots=True)
class _Case:
    """One claim.  `doubt` says why it is not known to be true; empty when it is."""

    kind: str
    claim: str
    doubt: str = ""
    unjudged: bool = False
    findings: list[Finding] = field(default_factory=list)


def render(report: Report, display: Display) -> str:
    """One test suite for all captures together.  `display` changes nothing here: the text is ASCII,
    the rest references.
    """
    return _document([_suite(report, SUITE)])


def render_each(reports: Sequence[Report], display: Display) -> str:
    """One test suite for each report.  Its captures stand in the class of each test case as well:
    GitLab and Azure DevOps take cases of one class and name for one, whatever their suites are.
    """
    return _document([_suite(report, _captures_named(report)) for report in reports])


def _document(suites: Sequence[ET.Element]) -> str:
    root = ET.Element("testsuites", {"name": SUITE})
    root.extend(suites)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, 0)) for suite in root)))
    ET.indent(root)
    # ASCII with character references is right in every encoding that a console or a file may have.
    document: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=False)
    return HEADER + document.decode("ascii") + "\n"


def _suite(report: Report, group: str) -> ET.Element:
    """`group`: what stands before the kind of a case in its class."""
    cases = _cases(report)
    elements = [
        _element(report, case, group, name) for case, name in zip(cases, _names(cases), strict=True)
    ]
    counts = {
        "tests": str(len(elements)),
        "failures": str(sum(element.find("failure") is not None for element in elements)),
        "errors": str(sum(element.find("error") is not None for element in elements)),
        "skipped": str(sum(element.find("skipped") is not None for element in elements)),
    }
    name = f"{SUITE}: {_captures_named(report)}"
    suite = ET.Element("testsuite", {"name": name, **counts})
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("version", report.version),
        ("verdict", report.verdict),
        ("headline", report.headline),
        *([("configuration", report.configuration)] if report.configuration is not None else ()),
        *(("ignored", row) for row in ignored_texts(report)),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": visible(value)})
    suite.extend(elements)
    return suite


def _captures_named(report: Report) -> str:
    return listed((visible(capture.path) for capture in report.captures), CAPTURES_NAMED)


def _cases(report: Report) -> list[_Case]:
    """Captures that cannot be judged, then hosts, pairs, refused flows, and what other findings are
    about.
    """
    cases: dict[SubjectKey, _Case] = {}
    for index, capture in enumerate(report.captures):
        if not capture.could_be_judged:
            key: SubjectKey = ("capture", (), index)
            cases[key] = _Case(
                "capture", _claim(report, key), "; ".join(why_not_judged(capture)), unjudged=True
            )
    for host in report.hosts:
        key = ("host", (host.address,), None)
        cases[key] = _Case("host", _claim(report, key), _host_doubt(host))
    for pair in report.pairs:
        key = ("pair", tuple(sorted(pair.hosts)), None)
        cases[key] = _Case("pair", _claim(report, key), _pair_doubt(pair))
    for refusal in report.refusals:
        key = ("flow", (refusal.source, refusal.destination), None)
        case = cases.setdefault(key, _Case("flow", _claim(report, key)))
        case.doubt = "; ".join(filter(None, (case.doubt, _refusal_text(refusal))))
    claims = {rule.code: rule.claim for rule in RULES if rule.claim}
    for finding in report.findings:
        key = subject_key(finding)
        case = cases.setdefault(key, _Case(key[0], _claim(report, key), finding.message))
        case.findings.append(finding)
        if claim := claims.get(finding.code):
            case.claim = claim.format(visible(subject_name(report, key)))
    if report.verdict is Verdict.HEALTHY:
        cases["report", (), None] = _Case("report", "nothing is wrong")
    elif not cases or (
        report.verdict is Verdict.UNREADABLE and not any(case.unjudged for case in cases.values())
    ):
        unjudged = report.verdict is Verdict.UNREADABLE
        cases["report", (), None] = _Case(
            "report", "there is NVGRE to judge", report.headline, unjudged
        )
    return list(cases.values())


def _claim(report: Report, key: SubjectKey) -> str:
    return _CLAIMS.get(key[0], "{}").format(visible(subject_name(report, key)))


def _host_doubt(host: Host) -> str:
    if host.sender is Sender.OTHER:
        return f"{host.address} sends plain GRE: no Hyper-V host, so no layout"
    if host.confidence is Confidence.LIKELY:
        return f"{host.address} probably speaks {LAYOUT_WORDS[host.layout]}"
    return {
        "rfc7637": "",
        "draft-00": f"{host.address} speaks draft-00",
        "both": f"{host.address} speaks draft-00 and RFC 7637 at the same time",
    }.get(host.layout, f"the layout of {host.address} is not known")


def _pair_doubt(pair: Pair) -> str:
    first, second = pair.hosts
    if pair.confidence is Confidence.LIKELY:
        which = "the same layout" if pair.verdict is PairVerdict.AGREE else "different layouts"
        return f"{first} and {second} probably speak {which}"
    return {
        PairVerdict.AGREE: "",
        PairVerdict.MISMATCH: f"{first} and {second} speak different layouts",
        PairVerdict.UNKNOWN: f"it is not known whether {first} and {second} speak the same layout",
    }[pair.verdict]


def _refusal_text(refusal: Refusal) -> str:
    icmp = icmp_words(refusal.icmp_version, refusal.icmp_type, refusal.icmp_code)
    return f"{icmp} from {refusal.by}, {times_text(refusal)}"


def _names(cases: list[_Case]) -> list[str]:
    """The claims; equal ones are numbered, because readers take test cases of one name for one."""
    taken: set[str] = set()
    names = []
    for case in cases:
        name, number = case.claim, 1
        while name in taken:
            number += 1
            name = f"{case.claim} ({number})"
        taken.add(name)
        names.append(name)
    return names


def _element(report: Report, case: _Case, group: str, name: str) -> ET.Element:
    element = ET.Element("testcase", {"classname": f"{group}.{case.kind}", "name": name})
    against = [finding for finding in case.findings if finding.severity is Severity.ERROR]
    if case.unjudged:
        _outcome(element, "error", "unreadable", case.doubt, [])
        rest = case.findings
    elif against:
        texts = [_finding_text(report, finding) for finding in against[1:]]
        texts.insert(0, _details(report, against[0]))
        _outcome(element, "failure", against[0].code, against[0].message, texts)
        rest = [finding for finding in case.findings if finding.severity is not Severity.ERROR]
    else:
        if case.doubt:
            _outcome(element, "skipped", "not-known", case.doubt, [])
        rest = case.findings
    if rest:
        ET.SubElement(element, "system-out").text = "\n\n".join(
            _finding_text(report, finding) for finding in rest
        )
    return element


def _outcome(element: ET.Element, tag: str, kind: str, message: str, texts: list[str]) -> None:
    """The message as attribute and again as text: half of the readers show the one, half the
    other.
    """
    outcome = ET.SubElement(element, tag, {"type": visible(kind), "message": visible(message)})
    outcome.text = "\n\n".join(filter(None, (visible(message), *texts)))


def _finding_text(report: Report, finding: Finding) -> str:
    head = visible(f"{finding.code} {finding.severity}: {finding.message}")
    return "\n".join(filter(None, (head, _details(report, finding))))


def _details(report: Report, finding: Finding) -> str:
    """What helps to act on a finding, beside its message."""
    lines = [
        ("Next step: ", visible(finding.next_step)),
        ("Check: ", visible(finding.check or "")),
    ]
    for name, display_filter in filters_of(report, finding):
        label = f"Wireshark, {visible(name)}: " if name else "Wireshark: "
        lines.append((label, whole_or(display_filter, visible)))
    lines.append(("Frames: ", visible(frames_text(report, finding.frames))))
    return "\n".join(label + text for label, text in lines if text)
