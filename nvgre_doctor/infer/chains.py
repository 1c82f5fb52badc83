"""Chains: a fact about one span says something of others, through the tenants that they share.

The strongest facts travel first, as in Dijkstra's widest paths, and a fact that has travelled is
never taken back.  Knows grades and margins; nothing about frames.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final, NamedTuple

from nvgre_doctor.infer.margins import HARD, SOFT, Facts
from nvgre_doctor.infer.models import Model
from nvgre_doctor.infer.tables import NEW, OLD

STRAY_SHARE: Final = 10
"""What is so many times weaker than the other layout of its span is a stray, and travels no
further."""


class Link(NamedTuple):
    """Why a fact is believed that did not come from its own frames: the fact behind it."""

    span: int
    layout: int
    models: tuple[Model, ...]


class Settled:
    """The widest facts: margins by grade, span and layout, and what they came from."""

    __slots__ = ("links", "margins")

    def __init__(self, spans: int) -> None:
        """Nothing is settled yet."""
        self.margins = ([[0, 0] for _ in range(spans)], [[0, 0] for _ in range(spans)])
        self.links: tuple[dict[tuple[int, int], Link], dict[tuple[int, int], Link]] = ({}, {})


_Entry = tuple[int, int, int, int]
"""Minus grade, minus margin, span, layout: the smallest is the strongest fact."""


def follow(facts: Facts) -> Settled:
    """Carry all facts as far as they go."""
    count = len(facts.margins[HARD])
    settled = Settled(count)
    best = tuple([list(margins) for margins in facts.margins[grade]] for grade in (SOFT, HARD))
    heap: list[_Entry] = []
    for grade in (SOFT, HARD):
        for number, margins in enumerate(best[grade]):
            for layout in (OLD, NEW):
                if margins[layout]:
                    heappush(heap, (-grade, -margins[layout], number, layout))
    while heap:
        minus_grade, minus_margin, number, layout = heappop(heap)
        grade, margin = -minus_grade, -minus_margin
        if margin < best[grade][number][layout]:
            continue  # it came another way, and was stronger
        settled.margins[grade][number][layout] = margin
        other = settled.margins[grade][number][1 - layout]
        if margin * STRAY_SHARE <= other:
            continue
        is_shadow = grade == SOFT and margin == settled.margins[HARD][number][layout]
        for target, wanted, gap, models in _reached(facts, number, layout, grade, is_shadow):
            reached = min(margin, gap)
            into = grade if facts.can_be_hard[target][wanted] else SOFT
            for lower in range(into + 1):
                if reached > best[lower][target][wanted]:
                    best[lower][target][wanted] = reached
                    settled.links[lower][target, wanted] = Link(number, layout, models)
                    heappush(heap, (-lower, -reached, target, wanted))
    return settled


def _reached(
    facts: Facts, number: int, layout: int, grade: int, is_shadow: bool
) -> Iterator[tuple[int, int, int, tuple[Model, ...]]]:
    """The spans that a fact says something of, with the margins of all models between them added
    up.  `is_shadow`: it went through all models that are hard already, and was no weaker.
    """
    found: dict[tuple[int, int], tuple[int, tuple[Model, ...]]] = {}
    for model, place in facts.models_of[number]:
        if model.is_soft if grade == HARD else is_shadow and model.is_plain:
            continue
        table = model.hard if grade == HARD else model.soft
        for other, wanted, gap in table.given(place, layout):
            target = model.spans[other], wanted
            known = found.get(target)
            if known is None:
                found[target] = gap, (model,)
            elif not model.is_shared:
                found[target] = known[0] + gap, (*known[1], model)
            elif gap > known[0]:
                found[target] = gap, (model,)
    for (span, wanted), (gap, models) in found.items():
        yield span, wanted, gap, models
