"""Time on a line: where a moment lies, in percent, when long gaps without captures are shortened.

Knows times in nanoseconds; knows nothing about hosts.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple

_GAP_SHARE: Final = 0.5  # of the captured time: what is longer is shortened
_GAP_WIDTH: Final = 3.0  # percent
_ALL_GAPS: Final = 30.0  # percent that all shortened gaps may take together


class Gap(NamedTuple):
    """A time without captures that is drawn shorter than it was; `left` and `width` in percent."""

    begin_ns: int
    end_ns: int
    left: float
    width: float


class Axis(NamedTuple):
    """Pieces of time, each evenly drawn: where they begin, in time and in percent."""

    begin_ns: int
    end_ns: int
    starts_ns: tuple[int, ...]
    lefts: tuple[float, ...]  # one more than starts
    gaps: tuple[Gap, ...]

    def place(self, time_ns: int) -> float:
        """Where a moment is: 0 to 100."""
        piece = max(0, bisect_right(self.starts_ns, time_ns) - 1)
        begin = self.starts_ns[piece]
        end = self.starts_ns[piece + 1] if piece + 1 < len(self.starts_ns) else self.end_ns
        left, right = self.lefts[piece], self.lefts[piece + 1]
        share = (time_ns - begin) / (end - begin) if end > begin else 0.0
        return round(left + (right - left) * min(max(share, 0.0), 1.0), 2)


def axis_of(intervals: Iterable[tuple[int, int]]) -> Axis | None:
    """From the times that captures cover; None without any."""
    merged: list[list[int]] = []
    for begin, end in sorted(intervals):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, max(begin, end)])
    if not merged:
        return None
    covered = sum(end - begin for begin, end in merged)
    longest = covered * _GAP_SHARE
    joined = [merged[0]]
    for begin, end in merged[1:]:
        if begin - joined[-1][1] <= longest:
            joined[-1][1] = end
        else:
            joined.append([begin, end])
    return _drawn(joined)


def _drawn(pieces: list[list[int]]) -> Axis:
    gaps = len(pieces) - 1
    gap_width = min(_GAP_WIDTH, _ALL_GAPS / gaps) if gaps else 0.0
    room = 100.0 - gap_width * gaps
    covered = sum(end - begin for begin, end in pieces)
    starts: list[int] = []
    lefts = [0.0]
    shortened = []
    for place, (begin, end) in enumerate(pieces):
        share = (end - begin) / covered if covered else 1 / len(pieces)
        starts.append(begin)
        lefts.append(lefts[-1] + room * share)
        if place < gaps:
            shortened.append(Gap(end, pieces[place + 1][0], lefts[-1], gap_width))
            starts.append(end)
            lefts.append(lefts[-1] + gap_width)
    return Axis(pieces[0][0], pieces[-1][1], tuple(starts), tuple(lefts), tuple(shortened))
