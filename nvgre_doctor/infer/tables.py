"""Tables: the most that one id can explain of frames, whatever layouts their spans speak.

Knows numbers only: spans by their place in a model, layouts as 0 and 1.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

OLD: Final = 0
NEW: Final = 1
"""The layouts as places in pairs of numbers: draft-00, and draft-02 or RFC 7637."""

Case = dict[int, list[int]]
"""How much of each span one id explains, by place of the span in the model: under draft-00 and
under RFC 7637."""


class Table:
    """The most that can be explained, with some spans bound to a layout.

    `doubts` are explanations that cost nothing and break an assumption: they count against a
    layout, and never for one.
    """

    __slots__ = ("_against", "_for", "width")

    def __init__(self, cases: Sequence[Case], doubts: Sequence[Case], width: int) -> None:
        """`width`: how many spans there are."""
        self.width = width
        make = _Pair if width == 2 else _Many
        self._for: _Pair | _Many = make(cases)
        self._against = make([*cases, *doubts]) if doubts else self._for

    def margin(self, place: int, layout: int) -> int:
        """How many packets more are wrong if this span speaks the other layout."""
        gap = self._for.best(place, layout) - self._against.best(place, 1 - layout)
        return max(0, gap)

    def given(self, place: int, layout: int) -> Iterator[tuple[int, int, int]]:
        """If one span speaks a layout: place, layout and margin of every other span that must then
        speak it.
        """
        mine = self._for.bound(place, layout)
        against = mine if self._against is self._for else self._against.bound(place, layout)
        for other in range(self.width):
            if other != place:
                for wanted in (OLD, NEW):
                    gap = mine.best(other, wanted) - against.best(other, 1 - wanted)
                    if gap > 0:
                        yield other, wanted, gap


class _Pair:
    """Of two spans, as nearly all models have: old/old, old/new, new/old, new/new."""

    __slots__ = ("_most",)

    def __init__(self, cases: Iterable[Case]) -> None:
        a = b = c = d = 0
        nothing = [0, 0]
        for case in cases:
            old, new = case.get(0, nothing)
            old_two, new_two = case.get(1, nothing)
            a = max(a, old + old_two)
            b = max(b, old + new_two)
            c = max(c, new + old_two)
            d = max(d, new + new_two)
        self._most = (a, b, c, d)

    def best(self, place: int, layout: int) -> int:
        """With one span bound."""
        most = self._most
        if place == 0:
            return max(most[2 * layout], most[2 * layout + 1])
        return max(most[layout], most[2 + layout])

    def bound(self, place: int, layout: int) -> "_Pair":
        """The same where one span cannot speak the other layout."""
        a, b, c, d = self._most
        bound = _Pair(())
        if place == 0:
            bound._most = (0, 0, c, d) if layout else (a, b, 0, 0)
        else:
            bound._most = (0, b, 0, d) if layout else (a, 0, c, 0)
        return bound


class _Many:
    """Of any number of spans."""

    __slots__ = ("_cases",)

    def __init__(self, cases: Iterable[Case]) -> None:
        self._cases = sorted(
            [(sum(map(max, case.values())), case) for case in cases], key=lambda c: -c[0]
        )

    def best(self, place: int, layout: int) -> int:
        """With one span bound.  The first case that does not touch it stands for all after it."""
        best = 0
        for total, case in self._cases:
            mine = case.get(place)
            if mine is None:
                return max(best, total)
            best = max(best, total - max(mine) + mine[layout])
        return best

    def bound(self, place: int, layout: int) -> "_Many":
        """The same where one span cannot speak the other layout."""
        bound = _Many(())
        for total, case in self._cases:
            mine = case.get(place)
            more = total if mine is None else total - max(mine) + mine[layout]
            bound._cases.append((more, case))
        bound._cases.sort(key=lambda c: -c[0])
        return bound
