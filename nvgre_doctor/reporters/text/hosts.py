"""The hosts of a text report: who speaks which layout, how sure that is and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from nvgre_doctor.report.model import Host, LayoutSpan, Segment
from nvgre_doctor.reporters.text.sheet import Sheet
from nvgre_doctor.terminal.page import Span, Style
from nvgre_doctor.vocabulary import Layout, Sender
from nvgre_doctor.wording import (
    LAYOUT_WORDS,
    SURE_WORDS,
    assumption_words,
    both_readings,
    key_text,
    layout_words,
    plural,
    readings,
)

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
    shared = _ids_of_both_layouts(hosts)
    sheet.table(
        ("Host", "Layout", "Sure", "Sent", "Key sent", "Means"),
        [
            (
                Span(sheet.clean(host.address)),
                Span(layout_words(host.layout, host.sender), _style(host)),
                Span("-" if host.sender is Sender.OTHER else SURE_WORDS[host.confidence]),
                Span(str(host.frames_sent)),
                Span(_key_sent(host)),
                Span(_meaning(sheet, host, shared)),
            )
            for host in hosts
            if host.address in chosen
        ],
        right={3},
    )
    if left_out := [host for host in worst_first if host.address not in chosen]:
        kinds = Counter(layout_words(host.layout, host.sender) for host in left_out)
        sheet.more(
            len(left_out), "host", "; ".join(f"{number} {word}" for word, number in kinds.items())
        )


def _main_segment(host: Host) -> Segment | None:
    """The one with most frames."""
    return max(host.segments, key=lambda segment: segment.frames, default=None)


def _key_sent(host: Host) -> str:
    main = _main_segment(host)
    return key_text(main.gre_keys[0]) if main is not None and main.gre_keys else "-"


def _meaning(sheet: Sheet, host: Host, shared: set[int]) -> str:
    """What the key means from this host, and what else there is to know about it."""
    main = _main_segment(host)
    parts = []
    if main is None or not main.gre_keys:
        if not host.frames_sent:
            parts.append("only receives, in the frames that were read")
    elif host.sender is Sender.OTHER:
        parts.append(f"tunnel {main.gre_keys[0]}")
    elif main.id is None:
        parts.append(readings(main.gre_keys[0]))
    else:
        name = "TNI" if host.layout == Layout.OLD else "VSID"
        same = ", the same tenant" if host.layout == Layout.OLD and main.id in shared else ""
        parts.append(f"{name} {main.id}{same}")
    if (more := len(host.segments) - 1) > 0:
        parts.append(f"and {more} more")
    parts += [
        f"{LAYOUT_WORDS[change.from_layout]} before {sheet.frames((change.at,))}"
        for change in host.changes
    ]
    parts += _in_other_captures(host)
    if host.is_stale and host.proven_to is not None:
        parts.append(f"known up to {sheet.frames((host.proven_to,))} only")
    return ", ".join(parts)


def _in_other_captures(host: Host) -> Iterator[str]:
    """The other layout, where captures tell it and nothing tells which came first."""
    for layout in {Layout.OLD, Layout.CURRENT} - {host.layout} if not host.changes else ():
        there = {span.first.capture for span in host.spans if span.layout == layout}
        here = {span.first.capture for span in host.spans if span.layout == host.layout}
        if there and here and there.isdisjoint(here):
            yield f"{LAYOUT_WORDS[layout]} in other captures"


def _ids_of_both_layouts(hosts: Iterable[Host]) -> set[int]:
    """Ids that one host writes in the old position and another one in the new."""
    ids: dict[str, set[int]] = {}
    for host in hosts:
        found = (segment.id for segment in host.segments if segment.id is not None)
        ids.setdefault(host.layout, set()).update(found)
    return ids.get(Layout.OLD, set()) & ids.get(Layout.CURRENT, set())


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
        sender = "; ".join(map(sheet.clean, host.sender_reasons))
        sheet.say(f"sender: {host.sender}{': ' if sender else ''}{sender}", indent=2, hang=2)
        if host.margin:
            wrong = plural(host.margin, "frame")
            sheet.say(f"margin: {wrong} would have to be wrong", indent=2, hang=2)
        for span in host.spans:
            what = f"{LAYOUT_WORDS[span.layout]}, {SURE_WORDS[span.confidence]}"
            sheet.say(f"{_stretch(sheet, span)}: {what}", indent=2, hang=2)
        for item in host.evidence:
            where = f" ({sheet.frames(item.frames)})" if item.frames else ""
            rests = f" [{assumption_words(item.assumes)}]" if item.assumes else ""
            text = f"{item.kind}: {LAYOUT_WORDS[item.layout]}: {sheet.clean(item.statement)}"
            text += f"{rests}{where}"
            sheet.say(text, indent=2, hang=2)
        for segment in host.segments:
            name = "segment not known" if segment.id is None else f"segment {segment.id}"
            keys = ", ".join(both_readings(gre_key) for gre_key in segment.gre_keys[:MOST_KEYS])
            if (more := len(segment.gre_keys) - MOST_KEYS) > 0:
                keys += f" and {more} more (--format json has them)"
            sheet.say(f"{name}: {plural(segment.frames, 'frame')}, key {keys}", indent=2, hang=2)


def _style(host: Host) -> Style:
    """Nobody is blamed for plain GRE."""
    return Style.DOUBTFUL if host.sender is Sender.OTHER else _LAYOUT_STYLES[host.layout]


def _stretch(sheet: Sheet, span: LayoutSpan) -> str:
    """`frame 3 to frame 9`, with their captures where there are several."""
    if span.first == span.last:
        return sheet.frames((span.first,))
    return f"{sheet.frames((span.first,))} to {sheet.frames((span.last,))}"
