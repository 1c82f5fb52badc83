"""What contradicts the rest: single frames, and VM pairs with ids that no layouts make equal."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from nvgre_doctor.infer.answers import LAYOUTS, Answer
from nvgre_doctor.infer.chains import STRAY_SHARE
from nvgre_doctor.infer.diagnosis import Contradiction, Stray
from nvgre_doctor.infer.groups import Group
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.margins import only_layout
from nvgre_doctor.infer.models import Model
from nvgre_doctor.infer.octets import differ_in_octet, without_lonely
from nvgre_doctor.infer.spans import Span, vm_pair
from nvgre_doctor.vocabulary import Layout

SHOWN: Final = 5
"""Frames of one contradiction."""


def find_strays(
    spans: Sequence[Span], models: Sequence[Model], answers: Sequence[Answer]
) -> list[Stray]:
    """Single packets that were not used, in the order of their frames."""
    found: dict[Heard, Layout] = {}
    for model in models:
        if not model.is_broken:
            for unit in model.strays:
                found.setdefault(unit, _would_mean(unit, model.tenant, answers[unit.span]))
            for unit in _lonely(model):
                if answers[unit.span].layout is not Layout.CURRENT:
                    found.setdefault(unit, Layout.CURRENT)
    for number, span in enumerate(spans):
        answer = answers[number]
        if answer.layout in LAYOUTS and answer.margin >= STRAY_SHARE:
            other = 1 - LAYOUTS.index(answer.layout)
            against = [unit for unit in span.heard if only_layout(unit) == other]
            if sum(unit.weight for unit in against) * STRAY_SHARE <= answer.margin:
                for unit in against:
                    if unit.weight == 1:
                        found.setdefault(unit, LAYOUTS[other])
    strays = [
        Stray(spans[unit.span].address, unit.destination, unit.gre_key, unit.first, layout)
        for unit, layout in found.items()
    ]
    return sorted(strays, key=lambda s: (s.at.capture, s.at.frame_number, s))


def _lonely(model: Model) -> Iterator[Heard]:
    """Single packets that differ from all others of one way in their low octet only."""
    if not differ_in_octet(model.units):
        return
    ways: defaultdict[tuple[int, bytes, int], list[Heard]] = defaultdict(list)
    for unit in model.units:
        ways[unit.span, unit.macs, unit.gre_key >> 8].append(unit)
    for units in ways.values():
        if len(units) > 1:
            octets = without_lonely({unit.gre_key & 0xFF: unit.weight for unit in units})
            yield from (unit for unit in units if unit.gre_key & 0xFF not in octets)


def _would_mean(unit: Heard, tenant: int | None, answer: Answer) -> Layout:
    """The layout in which this frame would be right, if there is one."""
    if answer.layout in LAYOUTS and tenant is not None and tenant in (unit.old_id, unit.new_id):
        return LAYOUTS[1 - LAYOUTS.index(answer.layout)]
    only = only_layout(unit)
    return Layout.UNKNOWN if only is None or LAYOUTS[only] is answer.layout else LAYOUTS[only]


def find_contradictions(spans: Sequence[Span], models: Sequence[Model]) -> list[Contradiction]:
    """VM pairs of one customer subnet that no id explains."""
    return sorted(_contradictions(spans, models), key=lambda c: (c.frames, c.macs))


def _contradictions(spans: Sequence[Span], models: Sequence[Model]) -> Iterator[Contradiction]:
    for model in models:
        if not model.is_broken or model.group is not Group.PAIR or model.tenant is None:
            continue
        first: dict[int, Heard] = {}
        for unit in model.units:
            known = first.get(unit.gre_key)
            if known is None or unit.first < known.first:
                first[unit.gre_key] = unit
        hosts = {spans[unit.span].address for unit in model.units}
        frames = sorted({unit.first for unit in first.values()})
        yield Contradiction(
            tuple(sorted(hosts, key=lambda a: (len(a), a))),
            vm_pair(model.units[0].macs),
            tuple(sorted(first)),
            tuple(frames[:SHOWN]),
        )
