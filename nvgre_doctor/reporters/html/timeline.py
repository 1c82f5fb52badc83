"""The timeline: which layout each host sent when, and when what it sent was refused.

One bar for each host, worst first.  The old layout is tall and square, the current one flat, so
that a change is a step.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from nvgre_doctor.report.model import Host, Report
from nvgre_doctor.reporters.html.axis import Axis, axis_of
from nvgre_doctor.reporters.html.markup import NOTHING, Html, counted, tag, text
from nvgre_doctor.reporters.html.relations import Relations, is_refusal
from nvgre_doctor.reporters.html.rows_of_report import short_time, stretch
from nvgre_doctor.reporters.html.shown import LAYOUT_CLASSES, host_link
from nvgre_doctor.vocabulary import Layout, Sender
from nvgre_doctor.wording import LAYOUT_WORDS

MOST_BARS: Final = 60
_MOST_GAPS_TOLD: Final = 5
_SHORTEST: Final = 0.4  # percent: a bar that is shorter is not seen
_HEIGHT: Final = 16  # of a row; the style says where in it a bar, a mark or a gap lies
_NS: Final = 1_000_000_000


def timeline(report: Report, relations: Relations) -> Html:
    """Nothing, if no frame has a time."""
    axis = axis_of(_intervals(report))
    hosts = [host for host in relations.hosts if any(_times(host))]
    if axis is None or not hosts:
        return NOTHING
    refused: defaultdict[str, set[int]] = defaultdict(set)
    for refusal in filter(is_refusal, report.refusals):
        refused[refusal.source].update(
            at.time_ns for at in (refusal.first, *refusal.frames) if at.time_ns is not None
        )
    shown = hosts[:MOST_BARS]
    rows = [_row(host, axis, sorted(refused[host.address])) for host in shown]
    more = len(hosts) - len(shown)
    return tag(
        "section",
        tag("h2", text("Timeline "), tag("small", text("which layout each host sent, and when"))),
        tag(
            "table.timeline",
            tag("caption.unseen", text("Layouts by time, those in trouble first")),
            tag("tbody", *rows, tag("tr", tag("td"), tag("td.ends", *_ends(axis)))),
        ),
        _legend(shown, has_refusals=any(refused[host.address] for host in shown)),
        _gaps(axis),
        tag("p.note", text(f"And {counted(more, 'host')} more.")) if more else NOTHING,
        id="timeline",
    )


def _intervals(report: Report) -> Iterator[tuple[int, int]]:
    for capture in report.captures:
        if capture.first_time_ns is not None and capture.last_time_ns is not None:
            yield capture.first_time_ns, capture.last_time_ns
    for host in report.hosts:
        for begin, end, _ in _times(host):
            yield min(begin, end), max(begin, end)


def _times(host: Host) -> Iterator[tuple[int, int, str]]:
    for span in host.spans:
        if span.first.time_ns is not None and span.last.time_ns is not None:
            yield span.first.time_ns, span.last.time_ns, span.layout


def _row(host: Host, axis: Axis, refused: list[int]) -> Html:
    spans = list(_times(host))
    parts = [tag("rect.gap", x=f"{gap.left:.2f}%", width=f"{gap.width:.2f}%") for gap in axis.gaps]
    is_plain = host.sender is Sender.OTHER
    for begin, end, said in spans:
        layout = Layout.UNKNOWN if is_plain else Layout(said)
        left, right = sorted((axis.place(begin), axis.place(end)))
        width = max(right - left, _SHORTEST)
        begins = f"{min(left, 100 - width):.2f}%"
        parts.append(tag(f"rect.{LAYOUT_CLASSES[layout]}", x=begins, width=f"{width:.2f}%"))
    for change in host.changes:
        if change.at.time_ns is not None:
            x = f"{axis.place(change.at.time_ns):.2f}%"
            parts.append(tag("circle.change", cx=x, cy=8, r=5))
    parts += [tag("rect.tick", x=f"{axis.place(time_ns):.2f}%") for time_ns in refused]
    words = _words(spans, refused)
    picture = tag("svg", *parts, width="100%", height=_HEIGHT, role="img", aria_label=words)
    return tag("tr", tag("th", host_link(host.address), scope="row"), tag("td", picture))


def _words(spans: list[tuple[int, int, str]], refused: list[int]) -> str:
    said = [
        f"{LAYOUT_WORDS[Layout(layout)]} {stretch(begin, end)}"
        for begin, end, layout in spans[:_MOST_GAPS_TOLD]
    ]
    if more := len(spans) - len(said):
        said.append(f"and {more} more")
    if refused:
        said.append(f"refused at {counted(len(refused), 'moment')} at least")
    return "; ".join(said)


def _ends(axis: Axis) -> tuple[Html, Html]:
    begin, end = short_time(axis.begin_ns), short_time(axis.end_ns)
    if begin[:10] == end[:10]:
        end = end[11:]
    return tag("span", text(begin)), tag("span", text(end))


def _gaps(axis: Axis) -> Html:
    """What the picture does not keep to scale."""
    if not axis.gaps:
        return NOTHING
    told = [
        f"{duration(gap.end_ns - gap.begin_ns)} from {short_time(gap.begin_ns)}"
        for gap in axis.gaps[:_MOST_GAPS_TOLD]
    ]
    if more := len(axis.gaps) - len(told):
        told.append(f"and {more} more")
    return tag("p.note", text(f"Shortened, as nothing was captured: {'; '.join(told)}."))


def duration(time_ns: int) -> str:
    """`3 h 20 min`, `45 s`: two units at most."""
    seconds = time_ns // _NS
    sizes = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    for (size, unit), (smaller, smaller_unit) in pairwise(sizes):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size:,} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    return f"{seconds} s" if seconds else f"{time_ns / _NS:.3f} s"


def _legend(hosts: list[Host], *, has_refusals: bool) -> Html:
    layouts = {Layout(layout) for host in hosts for _, _, layout in _times(host)}
    words = {
        Layout.OLD: "old layout (draft-00)",
        Layout.CURRENT: "current layout (RFC 7637)",
        Layout.BOTH: "both at once",
        Layout.UNKNOWN: "not known",
    }
    items = []
    for layout, word in words.items():
        if layout in layouts:
            items.append((tag(f"rect.{LAYOUT_CLASSES[layout]}", width=26), word))
    items.append((tag("line.silent", x1=0, x2=26, y1=8, y2=8), "nothing heard"))
    if any(host.changes for host in hosts):
        items.append((tag("circle.change", cx=13, cy=8, r=5), "it changed"))
    if has_refusals:
        items.append((tag("rect.tick", x=12), "something it sent was refused"))
    return tag(
        "ul.legend",
        *(
            tag(
                "li",
                tag("svg", part, width=26, height=_HEIGHT, aria_hidden="true"),
                text(f" {word}"),
            )
            for part, word in items
        ),
    )
