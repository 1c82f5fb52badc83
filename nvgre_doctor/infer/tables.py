"""Tables: the most that one id can explain of frames, whatever layouts their spans speak.

Knows numbers only: spans by their place in a model, layouts as 0 and 1.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

OLD: Final = 0
NEW: Final = 1
"""The layouts as places in pairs of numbers: draft-00, and draft-02 or RFC 7637."""

Case = dict[int, list[int]]
"""How much of each span one id explains, by place of the span in the model: under draft-00 and
under RFC 7637."""


class Table(Protocol):
    """The most that can be explained, with some spans bound to a layout."""

    def margin(self, place: int, layout: int) -> int:
        """How many packets more are wrong if this span speaks the other layout: what is explained
        at most, whatever it speaks, is explained under one of the two.
        """

    def given(self, place: int, layout: int) -> Iterator[tuple[int, int, int]]:
        """If one span speaks a layout: place, layout and margin of every other span that must then
        speak it.
        """


def make_table(cases: Sequence[Case], doubts: Sequence[Case], width: int) -> Table:
    """Of so many spans.  `doubts` are explanations that cost nothing and break an assumption: they
    count against a layout, and never for one.
    """
    if width == 2:
        most = _most_of_two(cases)
        against = _most_of_two([*cases, *doubts]) if doubts else most
        return _OfTwo(most, against, _margins_of_two(max(most), *against))
    ranked = _ranked(cases)
    return _OfMany(ranked, _ranked([*cases, *doubts]) if doubts else ranked, width)


_Two = tuple[int, int, int, int]
"""Of two spans, as nearly all models have: old/old, old/new, new/old, new/new."""


class _OfTwo(NamedTuple):
    most: _Two
    against: _Two
    margins: tuple[int, int, int, int]  # by place, then by layout: each is asked for several times

    def margin(self, place: int, layout: int) -> int:
        return self.margins[2 * place + layout]

    def given(self, place: int, layout: int) -> Iterator[tuple[int, int, int]]:
        step, base = (1, 2 * layout) if place == 0 else (2, layout)
        for wanted in (OLD, NEW):
            gap = self.most[base + step * wanted] - self.against[base + step * (1 - wanted)]
            if gap > 0:
                yield 1 - place, wanted, gap


def _most_of_two(cases: Iterable[Case]) -> _Two:
    a = b = c = d = 0
    nothing = [0, 0]
    for case in cases:
        old, new = case.get(0, nothing)
        old_two, new_two = case.get(1, nothing)
        a = old + old_two if old + old_two > a else a  # without calls: models are very many
        b = old + new_two if old + new_two > b else b
        c = new + old_two if new + old_two > c else c
        d = new + new_two if new + new_two > d else d
    return a, b, c, d


def _margins_of_two(top: int, a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    return (
        max(0, top - max(c, d)),
        max(0, top - max(a, b)),
        max(0, top - max(b, d)),
        max(0, top - max(a, c)),
    )


_Ranked = list[tuple[int, Case]]
"""Cases with what they explain at most, the best first."""


class _OfMany(NamedTuple):
    most: _Ranked
    against: _Ranked
    width: int

    def margin(self, place: int, layout: int) -> int:
        return max(0, _top(self.most) - _best(self.against, place, 1 - layout))

    def given(self, place: int, layout: int) -> Iterator[tuple[int, int, int]]:
        most = _bound(self.most, place, layout)
        against = most if self.against is self.most else _bound(self.against, place, layout)
        top = _top(most)
        for other in range(self.width):
            if other != place:
                for wanted in (OLD, NEW):
                    gap = top - _best(against, other, 1 - wanted)
                    if gap > 0:
                        yield other, wanted, gap


def _ranked(cases: Iterable[Case]) -> _Ranked:
    return sorted([(sum(map(max, case.values())), case) for case in cases], key=_minus)


def _minus(ranked: tuple[int, Case]) -> int:
    return -ranked[0]


def _top(ranked: _Ranked) -> int:
    return ranked[0][0] if ranked else 0


def _best(ranked: _Ranked, place: int, layout: int) -> int:
    """With one span bound.  The first case that does not touch it stands for all after it."""
    best = 0
    for total, case in ranked:
        mine = case.get(place)
        if mine is None:
            return max(best, total)
        best = max(best, total - max(mine) + mine[layout])
    return best


def _bound(ranked: _Ranked, place: int, layout: int) -> _Ranked:
    """The same where one span cannot speak the other layout."""
    bound = []
    for total, case in ranked:
        mine = case.get(place)
        bound.append((total if mine is None else total - max(mine) + mine[layout], case))
    bound.sort(key=_minus)
    return bound
