"""Tables of hosts, pairs, refused flows and captures: the first rows as HTML, the rest packed.

A column has a kind, which says how a value looks; `rows.js` knows the same kinds.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import Host, Pair, Refusal, Report
from nvgre_doctor.report.times import rfc3339
from nvgre_doctor.reporters.html.markup import NOTHING, Html, joined, number, tag, text
from nvgre_doctor.reporters.html.packed_rows import Cell, packed
from nvgre_doctor.reporters.html.relations import Relations
from nvgre_doctor.reporters.html.shown import (
    host_link,
    host_target,
    key_link,
    layout_badge,
    sentence,
    word_of,
)
from nvgre_doctor.rules.finding import FrameRef
from nvgre_doctor.vocabulary import Carried, Layout, PairVerdict, Sender, Status
from nvgre_doctor.wording import (
    CAUSE_WORDS,
    LAYOUT_WORDS,
    SURE_WORDS,
    assumption_words,
    icmp_words,
    listed,
)

MOST_INLINE: Final = {"hosts": 60, "pairs": 30, "refused": 30, "captures": 30}
"""Rows of a table that can be read without JavaScript."""
_MOST_TENANTS: Final = 4
_SENDERS: Final = {
    Sender.HYPER_V: "Hyper-V",
    Sender.OTHER: "plain GRE",
    Sender.UNCLEAR: "unclear",
}
_VERDICTS: Final = {
    PairVerdict.MISMATCH: "cannot talk",
    PairVerdict.AGREE: "can talk",
    PairVerdict.UNKNOWN: "not known",
}
_CARRIED: Final = {Carried.INNER: "inside NVGRE", Carried.OUTER: "on the underlay"}


class Column(NamedTuple):
    """A heading, and the kind of its values: id, host, layout, word, count, key, prose, reasons."""

    title: str
    kind: str


class Table(NamedTuple):
    """One table of the page; `name` is the anchor of its section."""

    name: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]


def section(table: Table, hosts: Collection[str]) -> Html:
    """A table with its heading, and what `lists.js` fills: filter, buttons, packed rows."""
    if not table.rows:
        return NOTHING
    most = MOST_INLINE[table.name]
    inline, rest = table.rows[:most], table.rows[most:]
    heads = [tag(f"th.{column.kind}", text(column.title)) for column in table.columns]
    body = [
        tag(
            "tr",
            *(
                cell(column.kind, value, hosts)
                for column, value in zip(table.columns, row, strict=True)
            ),
            id=host_target(str(row[0]))[1:] if table.columns[0].kind == "id" else None,
        )
        for row in inline
    ]
    return tag(
        "section",
        tag(
            "h2",
            text(table.title + " "),
            tag("small", number(len(table.rows)), text(table.note)),
        ),
        tag(
            "div.scroll",
            tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body)),
            tabindex=0,
            role="region",
            aria_label=table.title,
        ),
        packed(table.name, rest),
        more_note(len(rest), "row"),
        id=table.name,
        data_list="rows",
    )


def more_note(count: int, noun: str) -> Html:
    """For readers without JavaScript: where the rest is."""
    if not count:
        return NOTHING
    are = f"{count:,} more {noun}{' is' if count == 1 else 's are'} packed in this file"
    return tag("noscript", tag("p.note", text(f"{are}: JavaScript, or --format json, shows them.")))


def cell(kind: str, value: Cell, hosts: Collection[str]) -> Html:
    """One cell."""
    if value in (None, (), ""):
        return tag(f"td.{kind}")
    if isinstance(value, int):
        return tag(f"td.{kind}", number(value))
    if isinstance(value, tuple):
        return tag(f"td.{kind}", reasons(value, hosts))
    looks: dict[str, Callable[[str], Html]] = {
        "host": host_link if value in hosts else text,
        "layout": layout_badge,
        "key": key_link,
        "prose": lambda raw: sentence(raw, hosts),
    }
    return tag(f"td.{kind}", looks.get(kind, text)(value))


def reasons(statements: Sequence[str], hosts: Collection[str]) -> Html:
    """The first one; the others on demand."""
    first, *others = (sentence(statement, hosts) for statement in statements)
    if not others:
        return first
    summary = tag("summary", text(f"{len(others)} more"))
    return joined((first, tag("details", summary, tag("ul", *(tag("li", o) for o in others)))))


# --- what stands in them -----------------------------------------------------


def hosts_table(report: Report, relations: Relations) -> Table:
    """Old ones first."""
    columns = (
        Column("Host", "id"),
        Column("Layout", "layout"),
        Column("Sure", "word"),
        Column("Margin", "count"),
        Column("Sender", "word"),
        Column("Sent", "count"),
        Column("Received", "count"),
        Column("Tenants", "word"),
        Column("Why", "reasons"),
    )
    rows = [
        (
            host.address,
            word_of(host),
            SURE_WORDS[host.confidence],
            host.margin,
            _SENDERS[host.sender],
            host.frames_sent,
            host.frames_received,
            listed((str(s.id) for s in host.segments if s.id is not None), _MOST_TENANTS),
            _why(report, host),
        )
        for host in relations.hosts
    ]
    return Table("hosts", "Hosts", ", those in trouble first", columns, rows)


def _why(report: Report, host: Host) -> tuple[str, ...]:
    found = [
        item.statement + (f" [{assumption_words(item.assumes)}]" if item.assumes else "")
        for item in host.evidence
    ]
    for change in host.changes:
        words = [LAYOUT_WORDS[Layout(layout)] for layout in (change.from_layout, change.to_layout)]
        where = frame_text(report, change.at)
        found.insert(0, f"changed from {words[0]} to {words[1]} in {where}")
    if host.proven_from and host.proven_to:
        begin, end = (frame_text(report, at) for at in (host.proven_from, host.proven_to))
        only = ", and not known since" if host.is_stale else ""
        found.append(f"proven from {begin} to {end}{only}")
    if not found:
        tells = "nothing here tells" if host.frames_sent else "sends nothing here, only receives"
        found.append(tells)
    if host.sender_reasons:
        found.append(f"{_SENDERS[host.sender]}: {'; '.join(host.sender_reasons)}")
    return tuple(found)


def frame_text(report: Report, at: FrameRef) -> str:
    """`frame 3`, with several captures `frame 3 of a.pcap`."""
    of = f" of {report.captures[at.capture].path}" if len(report.captures) > 1 else ""
    return f"frame {at.frame}{of}"


def pairs_table(report: Report) -> Table:
    """Those that cannot talk first."""
    columns = (
        Column("One", "host"),
        Column("Other", "host"),
        Column("Verdict", "word"),
        Column("Sure", "word"),
        Column("Frames there", "count"),
        Column("Frames back", "count"),
    )
    order = list(_VERDICTS)
    rows = [_pair(pair) for pair in sorted(report.pairs, key=lambda p: order.index(p.verdict))]
    return Table("pairs", "Pairs of hosts", ", those that cannot talk first", columns, rows)


def _pair(pair: Pair) -> tuple[Cell, ...]:
    sure = SURE_WORDS[pair.confidence]
    return (*pair.hosts, _VERDICTS[pair.verdict], sure, pair.frames_forward, pair.frames_backward)


def refusals_table(report: Report) -> Table:
    """Every ICMP error about NVGRE, in the order of the report."""
    columns = (
        Column("From", "host"),
        Column("To", "host"),
        Column("Refused by", "host"),
        Column("ICMP", "prose"),
        Column("GRE key", "key"),
        Column("Count", "count"),
        Column("Seen", "count"),
        Column("First", "prose"),
        Column("Carried", "word"),
        Column("Why", "prose"),
    )
    rows = [_refusal(report, refusal) for refusal in report.refusals]
    return Table("refused", "Refused flows", "", columns, rows)


def _refusal(report: Report, refusal: Refusal) -> tuple[Cell, ...]:
    return (
        refusal.source,
        refusal.destination,
        refusal.by,
        icmp_words(refusal.icmp_version, refusal.icmp_type, refusal.icmp_code),
        None if refusal.gre_key is None else f"0x{refusal.gre_key:08x}",
        refusal.count,
        refusal.sightings,
        frame_text(report, refusal.first),
        _CARRIED[Carried(refusal.carried)],
        CAUSE_WORDS[refusal.cause],
    )


def captures_table(report: Report) -> Table:
    """Incomplete ones first."""
    columns = (
        Column("Capture", "prose"),
        Column("Status", "word"),
        Column("Format", "word"),
        Column("Frames", "count"),
        Column("NVGRE", "count"),
        Column("Bytes", "count"),
        Column("First frame", "word"),
        Column("Last frame", "word"),
        Column("Problems", "prose"),
    )
    rows = [
        _capture(capture)
        for capture in sorted(report.captures, key=lambda c: c.status == Status.COMPLETE)
    ]
    note = ", incomplete ones first" if len(rows) > 1 else ""
    return Table("captures", "Captures", note, columns, rows)


def _capture(capture: Capture) -> tuple[Cell, ...]:
    return (
        capture.path,
        capture.status,
        " ".join(filter(None, (capture.format, capture.compression))),
        capture.frames,
        capture.nvgre_frames,
        capture.bytes,
        short_time(capture.first_time_ns),
        short_time(capture.last_time_ns),
        "; ".join(problem.message for problem in capture.problems),
    )


def short_time(time_ns: int | None) -> str:
    """`2013-02-20 10:14:07 UTC`, or nothing."""
    text = rfc3339(time_ns)
    return f"{text[:10]} {text[11:19]} UTC" if text else ""
