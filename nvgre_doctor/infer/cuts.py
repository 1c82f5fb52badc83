"""Cuts: a span in which all that speaks for one layout lies before all that speaks for the other.

The silence of a restart was not captured, or an address moved to another host.  Both halves count,
and nothing that rests on them is proven.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.infer.answers import LEAST_MARGIN
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.margins import only_layout
from nvgre_doctor.infer.models import Model
from nvgre_doctor.infer.pieces import Piece
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.tables import NEW, OLD

_Marked = dict[int, tuple[list[Heard], list[Heard]]]
"""By span: what is draft-00, and what is RFC 7637."""


def cut_spans(
    spans: Sequence[Span], models: Iterable[Model], strays: Iterable[Heard], may_cut: Sequence[bool]
) -> list[Span] | None:
    """The spans with those divided that seem to hold a change; None where there is none."""
    marked = _mark(spans, models, frozenset(strays))
    found: list[Span] = []
    has_cut = False
    for number, span in enumerate(spans):
        halves = None
        if number in marked and may_cut[number]:
            halves = _divide(span, *marked[number])
        has_cut |= halves is not None
        found += halves or [span]
    if not has_cut:
        return None
    for number, span in enumerate(found):
        for unit in span.heard:
            unit.span = number
    return found


def _mark(spans: Sequence[Span], models: Iterable[Model], strays: frozenset[Heard]) -> _Marked:
    """Only spans with enough of both."""
    marked: defaultdict[int, tuple[list[Heard], list[Heard]]] = defaultdict(lambda: ([], []))
    for number, span in enumerate(spans):
        old_ids = set()
        for unit in span.heard:
            layout = only_layout(unit)
            if layout is not None and unit not in strays:
                marked[number][layout].append(unit)
                old_ids.add(unit.old_id)
        old_ids.discard(None)
        if old_ids:
            # The same id in both layouts, of several VM pairs.
            shifted = [u for u in span.heard if u.new_id in old_ids and only_layout(u) is None]
            marked[number][NEW].extend(shifted)
    for model in models:
        if model.is_broken:
            tenant = _in_both_layouts(model)
            if tenant is not None:
                for unit in model.units:
                    marked[unit.span][OLD if unit.old_id == tenant else NEW].append(unit)
    return {number: sides for number, sides in marked.items() if all(map(_is_enough, sides))}


def _is_enough(side: Iterable[Heard]) -> bool:
    """One frame alone is a stray, and no change."""
    return sum(unit.weight for unit in set(side)) >= LEAST_MARGIN


def _in_both_layouts(model: Model) -> int | None:
    """The id that explains all units if every one may be in either layout."""
    first = model.units[0]
    for tenant in (first.old_id, first.new_id):
        if tenant is not None and all(tenant in (unit.old_id, unit.new_id) for unit in model.units):
            return tenant
    return None


def _divide(span: Span, old: list[Heard], new: list[Heard]) -> list[Span] | None:
    if not span.pieces.are_one:
        return None  # frames of several captures have no order
    for before, after in ((old, new), (new, old)):
        last = max(unit.last.frame_number for unit in before)
        first = min(unit.first.frame_number for unit in after)
        if last < first:
            last = _behind_all(span, last)
            return _halves(span, last) if last < first else None
    return None


def _behind_all(span: Span, last: int) -> int:
    """The first frame from this one on after which no key goes on that was seen twice: it says that
    nothing changed.
    """
    ends = sorted(
        (unit.first.frame_number, unit.last.frame_number) for unit in span.heard if unit.weight > 1
    )
    for first, end in ends:
        if first <= last < end:
            last = end
    return last


def _halves(span: Span, last: int) -> list[Span]:
    before = [unit for unit in span.heard if unit.first.frame_number <= last]
    after = [unit for unit in span.heard if unit.first.frame_number > last]
    end = max((unit.last for unit in before), key=lambda at: min(at.frame_number, last))
    begin = min((unit.first for unit in after), key=lambda at: at.frame_number)
    captures = span.pieces.captures  # one, or several that hold the same
    start, stop = span.pieces.ends()
    return [
        _half(span.address, Piece(captures, start, _moment(end)), before),
        _half(span.address, Piece(captures, _moment(begin), stop), after),
    ]


def _half(address: bytes, piece: Piece, heard: list[Heard]) -> Span:
    half = Span(address, [piece], heard)
    half.is_cut = True
    return half


def _moment(at: At) -> Moment:
    return Moment(at.frame_number, at.ts_ns)
