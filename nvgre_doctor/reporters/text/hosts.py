"""The hosts of a text report: who speaks which layout, how sure that is and why."""

from typing import Final

from nvgre_doctor.report.model import Host
from nvgre_doctor.reporters.text.sheet import Sheet
from nvgre_doctor.rules.nvg2_unknown import UNKNOWN
from nvgre_doctor.terminal.page import Span, Style
from nvgre_doctor.wording import LAYOUT_WORDS, SURE_WORDS, both_readings, plural

MOST_KEYS: Final = 8
"""Keys shown of one segment, with -v; `--format json` has them all."""

_LAYOUT_STYLES: Final = {
    "draft-00": Style.BAD,
    "both": Style.BAD,
    "rfc7637": Style.GOOD,
    "unknown": Style.DOUBTFUL,
}
_WORST_FIRST: Final = ("both", "draft-00", "unknown", "rfc7637")


def write_hosts(sheet: Sheet) -> None:
    """One row a host, in the order of the report."""
    hosts = sheet.report.hosts
    if not hosts:
        return
    # Those to act on are shown first; the order by address stays.
    worst_first = sorted(hosts, key=lambda host: _WORST_FIRST.index(host.layout))
    chosen = {host.address for host in sheet.shown(worst_first)}
    asked = {
        address
        for finding in sheet.report.findings
        if finding.code == UNKNOWN.code
        for address in finding.subject.hosts
    }
    sheet.table(
        ("Host", "Layout", "Sure", "Sent", "Why"),
        [
            (
                Span(sheet.clean(host.address)),
                Span(LAYOUT_WORDS[host.layout], _LAYOUT_STYLES[host.layout]),
                Span(SURE_WORDS[host.confidence]),
                Span(str(host.frames_sent)),
                Span(_why(sheet, host) or _why_not(host, asked)),
            )
            for host in hosts
            if host.address in chosen
        ],
        right={3},
    )
    if left_out := [host for host in hosts if host.address not in chosen]:
        kinds = [
            (word, sum(host.layout == layout for host in left_out))
            for layout, word in LAYOUT_WORDS.items()
        ]
        sheet.more(
            len(left_out), "host", "; ".join(f"{number} {word}" for word, number in kinds if number)
        )


def write_evidence(sheet: Sheet) -> None:
    """All of it, with -v."""
    if not sheet.detailed or not sheet.report.hosts:
        return
    sheet.heading("Evidence")
    for host in sheet.report.hosts:
        sheet.say(
            f"{sheet.clean(host.address)}  {plural(host.frames_sent, 'frame')} sent,"
            f" {host.frames_received} received"
        )
        for item in host.evidence:
            where = f" ({sheet.frames(item.frames)})" if item.frames else ""
            text = f"{item.kind}: {LAYOUT_WORDS[item.layout]}: {sheet.clean(item.statement)}{where}"
            sheet.say(text, indent=2, hang=2)
        for segment in host.segments:
            name = "segment not known" if segment.id is None else f"segment {segment.id}"
            keys = ", ".join(both_readings(gre_key) for gre_key in segment.gre_keys[:MOST_KEYS])
            if (more := len(segment.gre_keys) - MOST_KEYS) > 0:
                keys += f" and {more} more (--format json has them)"
            sheet.say(f"{name}: {plural(segment.frames, 'frame')}, key {keys}", indent=2, hang=2)


def _why(sheet: Sheet, host: Host) -> str:
    parts = [
        f"changed from {LAYOUT_WORDS[change.from_layout]} to {LAYOUT_WORDS[change.to_layout]} in "
        f"{sheet.frames((change.at,))}"
        for change in host.changes
    ]
    parts += [sheet.clean(item.statement) for item in host.evidence[:1]]
    return "; ".join(parts)


def _why_not(host: Host, asked: set[str]) -> str:
    """Why there is no evidence; `asked` holds the hosts for which a finding says what would settle
    it.
    """
    if host.frames_sent == 0:
        return "only receives, in the frames that were read"
    return "nothing here tells" + (f", see {UNKNOWN.code}" if host.address in asked else "")
