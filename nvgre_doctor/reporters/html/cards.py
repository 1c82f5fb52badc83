"""The findings: cards, worst first; from 20 on by code, each with one explanation and a count."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Final

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.explained import MEANING, explained
from nvgre_doctor.reporters.html.markup import NOTHING, Html, counted, joined, number, tag, text
from nvgre_doctor.reporters.html.packed_rows import Cell, packed
from nvgre_doctor.reporters.html.row_tables import more_note
from nvgre_doctor.reporters.html.shown import copied, sentence
from nvgre_doctor.reporters.subjects import filters_of, frames_text
from nvgre_doctor.rules.base import Rule
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.vocabulary import Confidence, Severity

GROUPED_FROM: Final = 20
"""Findings from which on those of one code stand together."""
CLOSED_FROM: Final = 200
"""Findings above which only the first group is open."""
MOST_INLINE: Final = 60
"""Cards that can be read without JavaScript."""
_TOLD: Final = (MEANING, "What it is not", "What to do")
"""The sections of an explanation that a reader of a report needs."""
_RULES: Final = {rule.code: rule for rule in RULES}
_SEVERITY_WORDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def findings_section(report: Report, hosts: Collection[str]) -> Html:
    """All findings; a sentence, if there are none."""
    findings = report.findings
    count = tag("small", number(len(findings)))
    head = tag("h2", text("Findings "), count, id="findings-title")
    if not findings:
        body = tag("p", text("Nothing to report."))
    elif len(findings) < GROUPED_FROM:
        body = tag("div.cards", *_flat(report, hosts), data_list="cards")
    else:
        body = joined(_groups(report, hosts))
    return tag("section", head, body, id="findings")


def _flat(report: Report, hosts: Collection[str]) -> Iterator[Html]:
    """A next step is said once."""
    said: set[tuple[str, str]] = set()
    for finding in report.findings:
        step = next_step(finding)
        yield card(report, finding, hosts, with_step=step not in said)
        said.add(step)


def _groups(report: Report, hosts: Collection[str]) -> Iterator[Html]:
    groups = [
        (severity, code, list(members))
        for (severity, code), members in groupby(report.findings, lambda f: (f.severity, f.code))
    ]
    shares = _shares([len(members) for _, _, members in groups])
    for place, ((severity, code, members), most) in enumerate(zip(groups, shares, strict=True)):
        few = len(report.findings) <= CLOSED_FROM and severity is not Severity.INFO
        name = f"found-{place}"
        rest = members[most:]
        yield tag(
            "details.group",
            tag(
                "summary",
                severity_badge(severity),
                text(" "),
                tag("b", text(code)),
                text(f" {_title(code)} "),
                tag("small", text(counted(len(members), "finding"))),
            ),
            explained_shortly(code),
            tag("div.cards", *(card(report, member, hosts) for member in members[:most])),
            packed(name, [packed_card(report, member) for member in rest]),
            more_note(len(rest), "finding"),
            id=name,
            open=place == 0 or few,
            data_list="cards",
        )


def _shares(counts: list[int]) -> list[int]:
    """How many of each group are inline: some of each, and of the first ones what is left."""
    even = max(1, MOST_INLINE // len(counts))
    shares = [min(even, count) for count in counts]
    for place, count in enumerate(counts):
        left = max(0, MOST_INLINE - sum(shares))
        shares[place] += min(left, count - shares[place])
    return shares


def card(
    report: Report, finding: Finding, hosts: Collection[str], *, with_step: bool = True
) -> Html:
    """One finding, with what to do, what to type and where to look."""
    likely = tag("em", text(" (likely)")) if finding.confidence is Confidence.LIKELY else NOTHING
    step, check = next_step(finding)
    facts = []
    if step and with_step:
        facts.append(_fact("Next", sentence(step, hosts)))
    if check and with_step:
        facts.append(_fact("Check", copied(check)))
    for name, display_filter in filters_of(report, finding):
        label = f"Wireshark, {name}" if name else "Wireshark"
        facts.append(_fact(label, copied(display_filter)))
    if finding.frames:
        facts.append(_fact("Seen in", text(seen_in(report, finding))))
    return tag(
        f"article.{finding.severity}",
        tag("h3", severity_badge(finding.severity), text(" "), _code(finding.code), likely),
        tag("p", sentence(_message(report, finding), hosts)),
        tag("dl", *facts) if facts else NOTHING,
    )


def packed_card(report: Report, finding: Finding) -> tuple[Cell, ...]:
    """The same as values: severity, code, likely, message, step, check, filters (each behind the
    name of its capture), frames.
    """
    return (
        finding.severity,
        finding.code,
        int(finding.confidence is Confidence.LIKELY),
        _message(report, finding),
        *next_step(finding),
        tuple(part for named in filters_of(report, finding) for part in named),
        seen_in(report, finding) if finding.frames else "",
    )


def next_step(finding: Finding) -> tuple[str, str]:
    """What to do, and the command that checks it."""
    return finding.next_step, finding.check or ""


def worst_step(report: Report) -> tuple[str, str]:
    """The same of the worst finding that has one."""
    worst = next((finding for finding in report.findings if finding.next_step), None)
    return next_step(worst) if worst else ("", "")


def seen_in(report: Report, finding: Finding) -> str:
    """`frames 13, 29`, with several captures `a.pcap: 13, 29; b.pcap: 4`, and how many more."""
    if len(report.captures) > 1:
        named = frames_text(report, finding.frames)
    else:
        numbers = ", ".join(str(frame.frame) for frame in finding.frames)
        named = f"frame{'' if len(finding.frames) == 1 else 's'} {numbers}"
    more = finding.frame_count - len(finding.frames)
    return f"{named} and {more:,} more" if more > 0 else named


def _message(report: Report, finding: Finding) -> str:
    """It names the capture that it is about."""
    capture = finding.subject.capture
    path = "" if capture is None else report.captures[capture].path
    return finding.message if path in finding.message else f"{path}: {finding.message}"


def severity_badge(severity: Severity) -> Html:
    """How bad it is, as a word."""
    return tag(f"b.s.{severity}", text(_SEVERITY_WORDS[severity]))


def _code(code: str) -> Html:
    return tag("a.c", text(code), href=f"#{code}") if code in _RULES else tag("b", text(code))


def _title(code: str) -> str:
    rule = _RULES.get(code)
    return rule.title if rule else ""


def _fact(term: str, value: Html) -> Html:
    return joined((tag("dt", text(term)), tag("dd", value)))


# --- what they mean ----------------------------------------------------------


def explained_shortly(code: str) -> Html:
    """What all findings of a code mean: the first section of its explanation."""
    rule = _RULES.get(code)
    if rule is None:
        return NOTHING
    words = explained(rule).get(MEANING, [])
    link = tag("a", text("More on it"), href=f"#{code}")
    return tag("p.note", text(f"{' '.join(words)} "), link)


def meanings_section(findings: Sequence[Finding]) -> Html:
    """What every code on the page means, and what to do: the rest is for those who ask."""
    codes = dict.fromkeys(finding.code for finding in findings)
    rules = [_RULES[code] for code in codes if code in _RULES]
    if not rules:
        return NOTHING
    return tag(
        "section",
        tag("h2", text("What the findings mean")),
        *(_meaning(rule) for rule in rules),
        tag(
            "p.note",
            text("How each is found out, and the sources: "),
            tag("code", text(f"nvgre-doctor explain {rules[0].code}")),
        ),
        id="meaning",
    )


def _meaning(rule: Rule) -> Html:
    parts = []
    for heading, paragraphs in explained(rule).items():
        if heading not in _TOLD:
            continue
        parts.append(tag("h3", text(heading)))
        parts += [tag("p", text(paragraph)) for paragraph in paragraphs]
    summary = tag("summary", tag("b", text(rule.code)), text(f" {rule.title}"))
    return tag("details", summary, tag("div", *parts, id=rule.code))
