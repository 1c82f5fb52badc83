"""Pieces: where the frames of a span lie in the captures, many of which may hold the same."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple

from nvgre_doctor.evidence import Captures
from nvgre_doctor.evidence.parts import SILENCE_S, Moment

_SILENCE_NS: Final = SILENCE_S * 1_000_000_000


class Piece(NamedTuple):
    """The frames of a span without a silence, in one capture or alike in several."""

    captures: Captures
    first: Moment
    last: Moment


class Pieces:
    """All of one span, by first capture and frame: a capture may have several."""

    __slots__ = ("_captures", "_holders", "_pieces")

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """One or more."""
        self._pieces = tuple(pieces)
        self._captures: Captures = ()  # as often as they have pieces, in order; if asked for
        self._holders: array[int]  # beside them, which pieces

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pieces) and self._pieces == other._pieces

    def __hash__(self) -> int:
        return hash(self._pieces)

    @property
    def first_capture(self) -> int:
        """The first that has any."""
        return self._pieces[0].captures[0]

    @property
    def are_one(self) -> bool:
        """Whether every capture that has any holds the same."""
        return len(self._pieces) == 1

    @property
    def captures(self) -> Captures:
        """Every one, in order."""
        if len(self._pieces) == 1:
            return self._pieces[0].captures
        return tuple(sorted({one for piece in self._pieces for one in piece.captures}))

    def in_capture(self, capture: int) -> list[Piece]:
        """Those of one capture."""
        if not self._captures:
            pairs = sorted((c, n) for n, piece in enumerate(self._pieces) for c in piece.captures)
            self._captures = tuple([capture for capture, _ in pairs])
            self._holders = array("Q", [number for _, number in pairs])
        at = bisect_left(self._captures, capture)
        found: list[Piece] = []
        while at < len(self._captures) and self._captures[at] == capture:
            found.append(self._pieces[self._holders[at]])
            at += 1
        return found

    def ends_in(self, capture: int) -> tuple[Moment, Moment] | None:
        """The first and the last frame in one capture, if it has any."""
        if len(self._pieces) == 1:  # as nearly always
            captures, *ends = self._pieces[0]
            place = bisect_left(captures, capture)
            return (ends[0], ends[1]) if captures[place : place + 1] == (capture,) else None
        here = self.in_capture(capture)
        return _ends(here) if here else None

    def first_numbers(self) -> dict[int, int]:
        """The number of the first frame in each capture that has any."""
        found: dict[int, int] = {}
        for captures, (number, _), _ in self._pieces:
            for capture in captures:
                found[capture] = min(number, found.get(capture, number))
        return found

    def ends(self) -> tuple[Moment, Moment]:
        """The same in the first capture that has any."""
        if len(self._pieces) == 1:  # as nearly always
            return self._pieces[0][1:]
        return _ends(self.in_capture(self.first_capture))

    def earliest(self, clock: dict[int, int]) -> int:
        """When the first frame was sent, by how far the clocks of captures are ahead."""
        return min(
            piece.first.ts_ns - clock[capture]
            for piece in self._pieces
            for capture in piece.captures
        )

    def is_without_silence(self, clock: dict[int, int]) -> bool:
        """Whether all of it may be one stretch of time, by how far the clocks of captures are
        ahead.
        """
        times = sorted(
            (piece.first.ts_ns - clock[capture], piece.last.ts_ns - clock[capture])
            for piece in self._pieces
            for capture in piece.captures
        )
        latest = times[0][1]
        for first, last in times:
            if first - latest > _SILENCE_NS:
                return False
            latest = max(latest, last)
        return True


def _ends(pieces: list[Piece]) -> tuple[Moment, Moment]:
    return min([piece.first for piece in pieces]), max([piece.last for piece in pieces])
