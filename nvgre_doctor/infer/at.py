"""Where a frame lies among those of all captures, and which of two comes first."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from nvgre_doctor.evidence.parts import Moment


class At(NamedTuple):
    """One frame, ordered by time (-1: none), then capture index, then frame number."""

    ts_ns: int
    capture: int
    frame_number: int


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
