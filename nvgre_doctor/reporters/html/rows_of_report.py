"""What stands in the tables of the page: hosts, pairs, refused flows and captures."""

from typing import Final

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import Host, Pair, Refusal, Report
from nvgre_doctor.report.times import rfc3339
from nvgre_doctor.reporters.html.packed_rows import Cell
from nvgre_doctor.reporters.html.relations import Relations
from nvgre_doctor.reporters.html.row_tables import Column, Table
from nvgre_doctor.reporters.html.shown import word_of
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
        tells = "its keys fit both layouts" if host.frames_sent else "only receives"
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
        Column("First in", "prose"),
        Column("Why", "prose"),
    )
    rows = [_refusal(report, refusal) for refusal in report.refusals]
    return Table("refused", "Refused flows", "", columns, rows)


def _refusal(report: Report, refusal: Refusal) -> tuple[Cell, ...]:
    message = icmp_words(refusal.icmp_version, refusal.icmp_type, refusal.icmp_code)
    is_copied = refusal.sightings > refusal.count
    copies = f"; captured {refusal.sightings:,} times" if is_copied else ""
    return (
        refusal.source,
        refusal.destination,
        refusal.by,
        f"{message}, {_CARRIED[Carried(refusal.carried)]}",
        None if refusal.gre_key is None else f"0x{refusal.gre_key:08x}",
        refusal.count,
        frame_text(report, refusal.first),
        CAUSE_WORDS[refusal.cause] + copies,
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
        Column("Time", "prose"),
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
        stretch(capture.first_time_ns, capture.last_time_ns),
        "; ".join(problem.message for problem in capture.problems),
    )


def stretch(begin_ns: int | None, end_ns: int | None) -> str:
    """`2013-02-20 10:14:07 to 10:19:07 UTC`, or nothing."""
    begin, end = short_time(begin_ns), short_time(end_ns)
    if not begin or not end:
        return begin
    return f"{begin[:19]} to {end[11:] if end[:10] == begin[:10] else end}"


def short_time(time_ns: int | None) -> str:
    """`2013-02-20 10:14:07 UTC`, or nothing."""
    text = rfc3339(time_ns)
    return f"{text[:10]} {text[11:19]} UTC" if text else ""
