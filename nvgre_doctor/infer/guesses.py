"""Guesses: spans of which nothing else is known, judged by the lowest octets of their keys and by
ids that are known from others.  Likely at most.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from nvgre_doctor.infer.answers import Answer
from nvgre_doctor.infer.chains import Settled
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.margins import SOFT, Facts
from nvgre_doctor.infer.octets import without_lonely
from nvgre_doctor.infer.spans import Span, vm_pair
from nvgre_doctor.vocabulary import Confidence, Layout

FLOWS_OF_ONE_OCTET: Final = 2
"""How many flows with one id must share a low octet that is not zero: each draws its FlowID."""


def guess(
    spans: Sequence[Span],
    facts: Facts,
    settled: Settled,
    answers: list[Answer],
    orders: Iterable[Sequence[int]],
) -> dict[int, Heard]:
    """Answer the spans that no fact reached; for each of these what was looked at.  `orders` are
    the spans of each address in their order.
    """
    open_spans = [
        number
        for number, span in enumerate(spans)
        if span.heard and not any(settled.margins[SOFT][number])
    ]
    if not open_spans:
        return {}
    known = _proven_ids(spans, answers)
    between = _between(orders, answers)
    looked_at: dict[int, Heard] = {}
    for group in _tied(open_spans, facts):
        units = [
            unit
            for number in group
            for unit in spans[number].heard
            if unit.old_id is not None and unit.new_id is not None
        ]
        found = _guess(units, known) if units else None
        meant = {number: between[number] for number in group if number in between}
        for number, layout in meant.items():
            answers[number] = Answer(layout, Confidence.LIKELY)
        if found is not None and not set(meant.values()) - {found[0]}:
            layout, shown = found
            alike: dict[int, Heard] = {}
            for unit in units:
                best = alike.setdefault(unit.span, unit)
                if best.gre_key != shown.gre_key == unit.gre_key:
                    alike[unit.span] = unit
            for number in group:
                answers[number] = Answer(layout, Confidence.LIKELY)
                looked_at[number] = alike.get(number, shown)
    return looked_at


def _between(orders: Iterable[Sequence[int]], answers: Sequence[Answer]) -> dict[int, Layout]:
    """Spans without an answer that lie between two of the same proven layout: a host that is old
    before and after a silence is old in it.
    """
    found: dict[int, Layout] = {}
    for numbers in orders:
        before, waiting = Layout.UNKNOWN, list[int]()
        for number in numbers:
            layout, confidence = answers[number][:2]
            if layout is Layout.UNKNOWN:
                waiting.append(number)
                continue
            is_proven = confidence is Confidence.PROVEN and layout is not Layout.BOTH
            if is_proven and layout is before:
                found |= dict.fromkeys(waiting, layout)
            before, waiting = layout if is_proven else Layout.UNKNOWN, []
    return found


def _proven_ids(spans: Sequence[Span], answers: Sequence[Answer]) -> set[int]:
    known: set[int] = set()
    for number, answer in enumerate(answers):
        if answer.confidence is Confidence.PROVEN:
            for unit in spans[number].heard:
                tenant = unit.old_id if answer.layout is Layout.OLD else unit.new_id
                if tenant is not None:
                    known.add(tenant)
    return known


def _tied(numbers: Sequence[int], facts: Facts) -> list[list[int]]:
    """Spans that must share a layout, together."""
    members = set(numbers)
    groups: list[list[int]] = []
    done: set[int] = set()
    for start in numbers:
        if start in done:
            continue
        done.add(start)
        group, todo = [start], [start]
        while todo:
            for model, _ in facts.models_of[todo.pop()]:
                for other in model.spans:
                    if other in members and other not in done:
                        done.add(other)
                        group.append(other)
                        todo.append(other)
        groups.append(sorted(group))
    return groups


def _guess(units: Sequence[Heard], known: set[int]) -> tuple[Layout, Heard] | None:
    for unit in units:
        is_old, is_new = unit.old_id in known, unit.new_id in known
        if is_old != is_new:
            return Layout.OLD if is_old else Layout.CURRENT, unit
    if all(not unit.gre_key & 0xFF for unit in units):
        if any(not number & 0xFF for number in known):
            return None
        return Layout.CURRENT, units[0]
    return _one_octet(units)


def _one_octet(units: Sequence[Heard]) -> tuple[Layout, Heard] | None:
    """Several flows with one key, and no VM pair with two low octets of one id: draft-00.  Several
    ids that all have the same octet: a sender that gives every flow one FlowID.
    """
    by_key: defaultdict[int, list[Heard]] = defaultdict(list)
    of_pairs: defaultdict[tuple[int, bytes], Counter[int]] = defaultdict(Counter)
    for unit in units:
        if unit.macs:
            by_key[unit.gre_key].append(unit)
            of_pairs[unit.gre_key >> 8, vm_pair(unit.macs)][unit.gre_key & 0xFF] += unit.weight
    octets = {unit.gre_key & 0xFF for unit in units}
    if len(octets) == 1 and len({gre_key >> 8 for gre_key in by_key}) > 1:
        return Layout.CURRENT, units[0]
    if any(len(without_lonely(weights)) > 1 for weights in of_pairs.values()):
        return None
    for same in by_key.values():
        if same[0].gre_key & 0xFF and _flows(same) >= FLOWS_OF_ONE_OCTET:
            return Layout.OLD, same[0]
    return None


def _flows(units: Iterable[Heard]) -> int:
    """How many are told apart: VM pairs, and conversations of one of them."""
    flows: defaultdict[bytes, set[int]] = defaultdict(set)
    for unit in units:
        flows[vm_pair(unit.macs)].update(
            packet.conversation for packet in unit.packets if packet.conversation
        )
    return sum(max(1, len(found)) for found in flows.values())
