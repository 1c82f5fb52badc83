"""Facts: what the frames of one span say of its layout by themselves, with a margin.

A margin is the number of packets that would have to be wrong for the other layout to be true.
Margins of disjoint groups of frames add up; groups that share frames count by the largest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.listed import Listed
from nvgre_doctor.infer.models import Model
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.tables import NEW, OLD
from nvgre_doctor.vocabulary import Sender

SOFT: Final = 0
HARD: Final = 1
"""Grades: only what is hard can prove."""


class Facts:
    """Margins by grade, span and layout.  The soft ones hold the hard ones as well."""

    __slots__ = ("_counts_values", "by_range", "can_be_hard", "margins", "models_of", "strays")

    def __init__(
        self,
        spans: Sequence[Span],
        models: Iterable[Model],
        senders: Sequence[Sender],
        listed: Mapping[int, Listed],
    ) -> None:
        """`senders` tells of every span what its sender is."""
        self.models_of: list[list[tuple[Model, int]]] = [[] for _ in spans]
        self.strays: set[Heard] = set()
        for model in models:
            if not model.is_broken:
                self.strays.update(model.strays)
                for place, number in enumerate(model.spans):
                    self.models_of[number].append((model, place))
        self.can_be_hard = [
            (sender is Sender.HYPER_V and not spans[number].is_cut, not spans[number].is_cut)
            for number, sender in enumerate(senders)
        ]
        self._counts_values = [sender is not Sender.OTHER for sender in senders]
        self.by_range: list[tuple[int, int]] = []
        self.margins: tuple[list[list[int]], list[list[int]]] = ([], [])
        for number, span in enumerate(spans):
            weights: dict[Heard, int] = {}
            sums = [0, 0]
            for unit in span.heard:
                layout = only_layout(unit)
                if layout is not None and unit not in self.strays:
                    sums[layout] += unit.weight
                    weights[unit] = unit.weight
            self.by_range.append((sums[OLD], sums[NEW]))
            of_span = [self._total(number, layout, sums[layout], weights) for layout in (OLD, NEW)]
            self.margins[SOFT].append([soft for soft, _ in of_span])
            self.margins[HARD].append([hard for _, hard in of_span])
        for number, known in listed.items():
            for layout in (OLD, NEW):
                soft, hard = known.margin(layout), known.hard_margin(layout)
                self._raise(SOFT, number, layout, soft)
                self._raise(HARD, number, layout, hard if self.can_be_hard[number][layout] else 0)

    def _raise(self, grade: int, number: int, layout: int, margin: int) -> None:
        margins = self.margins[grade][number]
        margins[layout] = max(margins[layout], margin)

    def _total(
        self, number: int, layout: int, by_range: int, weights: dict[Heard, int]
    ) -> tuple[int, int]:
        """Soft and hard."""
        soft, soft_most, hard_most = by_range, 0, 0
        hard = by_range if self._counts_values[number] else 0
        for ground in self.grounds(number, layout):
            ground = ground.beyond(layout, weights)  # noqa: PLW2901
            if ground.model.is_shared:
                soft_most = max(soft_most, ground.soft)
                hard_most = max(hard_most, ground.hard)
            else:
                soft += ground.soft
                hard += ground.hard
        hard = hard + hard_most if self.can_be_hard[number][layout] else 0
        return max(soft + soft_most, hard), hard

    def grounds(self, number: int, layout: int) -> Iterator["Ground"]:
        """What models say of a fact."""
        for model, place in self.models_of[number]:
            soft = model.soft.margin(place, layout)
            if soft:
                yield Ground(model, soft, 0 if model.is_soft else model.hard.margin(place, layout))


class Ground(NamedTuple):
    """A model, and what it says of a fact."""

    model: Model
    soft: int
    hard: int

    def beyond(self, layout: int, weights: Mapping[Heard, int]) -> "Ground":
        """What it adds to frames that fit one layout, which weigh so much."""
        if not weights:
            return self
        own = sum(
            [
                weights[unit]
                for unit in self.model.units
                if unit in weights and only_layout(unit) == layout
            ]
        )
        return Ground(self.model, max(0, self.soft - own), max(0, self.hard - own)) if own else self


def only_layout(unit: Heard) -> int | None:
    """The one layout that a frame fits."""
    if unit.old_id is None:
        return None if unit.new_id is None else NEW
    return OLD if unit.new_id is None else None
