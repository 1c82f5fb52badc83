"""Where a frame lies among those of all captures, and which of two comes first."""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from nvgre_doctor.evidence.parts import Moment

RESTART_NS: Final = 20_000_000_000
"""A host changes its layout by a restart, which takes longer than this."""


class At(NamedTuple):
    """One frame, ordered by time (-1: none), then capture index, then frame number."""

    ts_ns: int
    capture: int
    frame_number: int


Stretch = tuple[At, At]
"""The first and the last frame."""

_at: Callable[[tuple[int, int, int]], At] = partial(tuple.__new__, At)
# Without a second frame of Python: a fabric has very many.


def at(moment: Moment, capture: int) -> At:
    """A frame of one capture among those of all."""
    return _at((moment[1], capture, moment[0]))


def is_earlier(one: At, two: At) -> bool:
    """By frame inside a capture, else by their clocks."""
    if one.capture == two.capture:
        return one.frame_number < two.frame_number
    return one.ts_ns < two.ts_ns


def gap(one: At, two: At) -> int:
    """Nanoseconds between them, by their clocks."""
    return abs(two.ts_ns - one.ts_ns)


def are_near(one: Stretch, two: Stretch) -> bool:
    """Whether no restart fits between them."""
    if is_earlier(one[1], two[0]):
        return gap(one[1], two[0]) < RESTART_NS
    return not is_earlier(two[1], one[0]) or gap(two[1], one[0]) < RESTART_NS
