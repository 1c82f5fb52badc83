"""Reasons: why a span has its answer, with frames, the tenant, the assumptions and the chain of
facts behind it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from nvgre_doctor.infer.chains import Link
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.host import HostVerdict, Reason
from nvgre_doctor.infer.margins import HARD, SOFT, only_layout
from nvgre_doctor.infer.models import Model, place_of
from nvgre_doctor.infer.solving import Solution
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.infer.tables import NEW, OLD
from nvgre_doctor.vocabulary import Assumption, Kind, Layout

SHOWN: Final = 4
"""Streams of one reason, and reasons of one kind."""
DEPTH: Final = 8
"""How much of a chain is told."""
LAYOUTS: Final = (Layout.OLD, Layout.CURRENT)
_BY_VALUE: Final = (Assumption.VALUE, Assumption.RESTART)
_BY_PAIR: Final = (Assumption.RESTART, Assumption.VM_PAIR, Assumption.UNIQUE)


class Explaining:
    """Gives reasons."""

    def __init__(self, solution: Solution, guessed: Mapping[int, Heard]) -> None:
        """What is known of all spans; `guessed` are those of which it is a guess, with what was
        looked at.
        """
        self._spans = solution.spans
        self._facts = solution.facts
        self._settled = solution.settled
        self._listed = solution.listed
        self._answers = solution.answers
        self._guessed = guessed
        self._told: dict[tuple[int, int, int], list[Reason]] = {}

    def of_host(
        self, host: HostVerdict, numbers: Sequence[int], decides: int | None
    ) -> list[Reason]:
        """For the layout of the span that decides, and for every other layout that it speaks or
        seems to speak.
        """
        reasons: list[Reason] = []
        for layout, name in enumerate(LAYOUTS):
            answered = [n for n in numbers if self._answers[n].layout in (name, Layout.BOTH)]
            if decides is None:
                answered = [n for n in numbers if self._settled.margins[SOFT][n][layout]]
            if answered:
                of_layout = decides is not None and self._answers[decides].layout is name
                number = decides if of_layout and decides is not None else answered[-1]
                reasons += self.reasons(number, layout)
        reasons.sort(key=lambda reason: reason.layout is not host.layout)
        return reasons

    def reasons(self, number: int, layout: int, depth: int = DEPTH) -> list[Reason]:
        """Why this span speaks this layout, the strongest first."""
        asked = number, layout, depth
        known = self._told.get(asked)
        if known is None:
            known = self._told[asked] = self._reasons(number, layout, depth)
        return known

    def _reasons(self, number: int, layout: int, depth: int) -> list[Reason]:
        if number in self._guessed:
            return [self._by_guess(number, layout)]
        own = [
            *self._by_inventory(number, layout),
            *self._by_range(number, layout),
            *self._by_models(number, layout),
        ]
        own.sort(key=lambda reason: -reason.margin)
        for grade in (HARD, SOFT):
            link = self._settled.links[grade].get((number, layout))
            if link is not None and depth:
                return [self._by_link(number, layout, grade, link, depth), *own]
        return own

    def _by_guess(self, number: int, layout: int) -> Reason:
        unit = self._guessed[number]
        streams = (self.stream(unit),)
        if unit.span == number:
            return Reason(Kind.LOW_OCTET, LAYOUTS[layout], 0, (), None, streams)
        own = self.stream(min(self._spans[number].heard, key=_strongest))
        because = Reason(Kind.LOW_OCTET, LAYOUTS[layout], 0, (), None, streams)
        return Reason(
            Kind.SAME_LAYOUT_PEER,
            LAYOUTS[layout],
            0,
            _BY_PAIR,
            None,
            (own, *streams),
            self._address(unit.span),
            (because,),
        )

    def _by_inventory(self, number: int, layout: int) -> Iterable[Reason]:
        listed = self._listed.get(number)
        if listed is not None and listed.units[layout]:
            units = listed.by_record[layout] or listed.units[layout]
            margin = sum(unit.weight for unit in units)
            streams = self._streams(units)
            yield Reason(
                Kind.INVENTORY, LAYOUTS[layout], margin, (Assumption.RESTART,), None, streams
            )

    def _by_range(self, number: int, layout: int) -> Iterable[Reason]:
        units = [
            unit
            for unit in self._spans[number].heard
            if only_layout(unit) == layout and unit not in self._facts.strays
        ]
        if units:
            margin = sum(unit.weight for unit in units)
            streams = self._streams(units)
            yield Reason(Kind.RANGE, LAYOUTS[layout], margin, _BY_VALUE, None, streams)

    def _by_models(self, number: int, layout: int) -> list[Reason]:
        weights = {
            unit: unit.weight
            for unit in self._spans[number].heard
            if only_layout(unit) == layout and unit not in self._facts.strays
        }
        grounds = [
            ground
            for ground in self._facts.grounds(number, layout)
            if len(ground.model.spans) > 1 or ground.beyond(layout, weights).soft
        ]
        grounds.sort(key=lambda ground: -max(ground.hard, ground.soft))
        return [
            self._by_model(number, layout, ground.model, max(ground.hard, ground.soft))
            for ground in grounds[:SHOWN]
        ]

    def _by_model(self, number: int, layout: int, model: Model, margin: int) -> Reason:
        tenant = model.best_tenant(place_of(model, number), layout)
        own = [unit for unit in model.units if unit.span == number]
        fitting = [unit for unit in own if tenant in _ids(unit, layout)] or own
        octets = {unit.gre_key & 0xFF for unit in fitting}
        others = [unit for unit in model.units if unit.span != number and _may_be(unit, tenant)]
        if layout == NEW and len(octets) > 1 and model.stands_alone(place_of(model, number)):
            kind, shown = Kind.FLOW_ID, sorted(fitting, key=_strongest)
        elif any(self._spans[unit.span].address != self._address(number) for unit in others):
            kind, shown = Kind.BOTH_DIRECTIONS, self._both(number, fitting, others)
        elif others:
            kind, shown = Kind.LAYOUT_CHANGE, self._both(number, fitting, others)
        else:
            kind, shown = Kind.FLOW_ID, sorted(fitting, key=_strongest)
        assumes: tuple[Assumption, ...] = _BY_PAIR
        if self._spans[number].is_cut:
            assumes = (Assumption.VM_PAIR, Assumption.UNIQUE)
        return Reason(kind, LAYOUTS[layout], margin, assumes, tenant, self._streams(shown))

    def _both(self, number: int, own: list[Heard], others: list[Heard]) -> list[Heard]:
        """The strongest of each side, by turns."""
        address = self._address(number)
        others.sort(key=lambda u: (self._spans[u.span].address == address, *_strongest(u)))
        return [min(own, key=_strongest), others[0], *sorted(own, key=_strongest)[1:], *others[1:]]

    def _by_link(self, number: int, layout: int, grade: int, link: Link, depth: int) -> Reason:
        model = link.models[0]
        own = sorted((u for u in model.units if u.span == number), key=_strongest)
        theirs = sorted((u for u in model.units if u.span == link.span), key=_strongest)
        because = tuple(self.reasons(link.span, link.layout, depth - 1)[:1])
        partner = self._address(link.span)
        is_peer = partner != self._address(number)
        return Reason(
            Kind.SAME_LAYOUT_PEER if is_peer else Kind.LAYOUT_CHANGE,
            LAYOUTS[layout],
            self._settled.margins[grade][number][layout],
            _BY_PAIR,
            model.best_tenant(place_of(model, number), layout),
            self._streams([own[0], theirs[0], *own[1:], *theirs[1:]]),
            partner,
            because,
        )

    def _address(self, number: int) -> bytes:
        return self._spans[number].address

    def _streams(self, units: Sequence[Heard]) -> tuple[Stream, ...]:
        shown = sorted(units, key=_strongest)[:SHOWN] if len(units) > SHOWN else units
        return tuple([self.stream(unit) for unit in shown])

    def stream(self, unit: Heard) -> Stream:
        """One unit as rules know it."""
        return Stream(
            self._address(unit.span),
            unit.destination,
            unit.gre_key >> 8,
            unit.macs,
            bytes([unit.gre_key & 0xFF]),
            unit.frames,
            unit.first,
            unit.last,
            unit.customers,
        )


def _strongest(unit: Heard) -> tuple[int, int, int, int, int]:
    return (
        -unit.weight,
        unit.first.capture,
        unit.first.frame_number,
        unit.span,
        unit.gre_key,
    )


def _ids(unit: Heard, layout: int) -> tuple[int | None]:
    return (unit.old_id if layout == OLD else unit.new_id,)


def _may_be(unit: Heard, tenant: int | None) -> bool:
    return tenant in (unit.old_id, unit.new_id)
