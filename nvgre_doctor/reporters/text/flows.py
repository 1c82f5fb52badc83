"""The flows of a text report: host pairs that cannot talk, and what was refused."""

from collections.abc import Iterable

from nvgre_doctor.report.model import Refusal
from nvgre_doctor.reporters.subjects import times_text
from nvgre_doctor.reporters.text.sheet import Sheet
from nvgre_doctor.terminal.page import Span
from nvgre_doctor.vocabulary import Confidence, PairVerdict
from nvgre_doctor.wording import CAUSE_WORDS, both_readings, icmp_words, plural


def write_mismatches(sheet: Sheet) -> None:
    """Pairs with different layouts, with -v: a finding tells each of them."""
    if not sheet.detailed:
        return
    pairs = [pair for pair in sheet.report.pairs if pair.verdict is PairVerdict.MISMATCH]
    if not pairs:
        return
    sheet.heading("Cannot talk, because the layouts differ")
    rows = [
        (
            Span(f"{sheet.clean(pair.hosts[0])} <-> {sheet.clean(pair.hosts[1])}"),
            Span(
                f"{plural(pair.frames_forward, 'frame')} there, {pair.frames_backward} back"
                + (" (likely)" if pair.confidence is Confidence.LIKELY else "")
            ),
        )
        for pair in sheet.shown(pairs)
    ]
    sheet.table(("", ""), rows)
    sheet.more(len(pairs) - len(rows), "pair")


def write_refusals(sheet: Sheet) -> None:
    """One list for each kind of ICMP error, with -v; findings tell the rest."""
    if not sheet.detailed:
        return
    kinds: dict[tuple[int, int, int], list[Refusal]] = {}
    for refusal in sheet.report.refusals:
        kinds.setdefault((refusal.icmp_version, refusal.icmp_type, refusal.icmp_code), []).append(
            refusal
        )
    for kind, found in kinds.items():
        refusals = _by_id(found)
        sheet.blank()
        sheet.heading(f"Refused with {icmp_words(*kind)}")
        shown = sheet.shown(refusals)
        sheet.table(("", "", "", ""), [_refusal_row(sheet, refusal) for refusal in shown])
        sheet.more(len(refusals) - len(shown), "flow")


def _by_id(refusals: Iterable[Refusal]) -> list[tuple[Refusal, ...]]:
    """Refusals that differ in the lowest octet of their key only, a FlowID, together."""
    rows: dict[tuple[object, ...], list[Refusal]] = {}
    for refusal in refusals:
        upper_bits = None if refusal.gre_key is None else refusal.gre_key >> 8
        flow = (refusal.source, refusal.destination, refusal.by, refusal.carried)
        rows.setdefault((*flow, upper_bits, refusal.cause), []).append(refusal)
    return [tuple(row) for row in rows.values()]


def _refusal_row(sheet: Sheet, row: tuple[Refusal, ...]) -> tuple[Span, ...]:
    refusal = row[0]
    whole = refusal._replace(
        count=sum(one.count for one in row), sightings=sum(one.sightings for one in row)
    )
    first = min((one.first for one in row), key=lambda ref: (ref.capture, ref.frame))
    about = [CAUSE_WORDS[refusal.cause]]
    if refusal.by != refusal.destination:
        about.append(f"answered by {sheet.clean(refusal.by)}")
    about.append(
        "key not quoted" if refusal.gre_key is None else f"key {both_readings(refusal.gre_key)}"
    )
    if len(row) > 1:
        about.append(f"and {plural(len(row) - 1, 'more FlowID')}")
    if sheet.detailed:
        about.append("inside NVGRE" if refusal.carried == "inner" else "on the underlay")
    return (
        Span(f"{sheet.clean(refusal.source)} -> {sheet.clean(refusal.destination)}"),
        Span(times_text(whole)),
        Span(f"first in {sheet.frames((first,))}"),
        Span(", ".join(about)),
    )
