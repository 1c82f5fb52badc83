"""Display filters that need frame numbers: for what was so at some time only.

Frame numbers mean something in one capture only, so where there are several captures there is a
filter for each.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Final, TypeVar

from nvgre_doctor.evidence.bundles import unbundled
from nvgre_doctor.evidence.parts import ends_of
from nvgre_doctor.evidence.rows import moments_of, rows_of
from nvgre_doctor.infer.at import At, at
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.rules.base import Situation

FILTERED_CAPTURES: Final = 100
"""Of a finding in more captures than these, the first have a filter each: a fleet has thousands,
and nobody opens them all."""

_Each = TypeVar("_Each")

Filters = str | Mapping[int, str]
"""One for all captures, or those of some of them by their index."""
Numbers = tuple[int, int]
"""Frames from one number to another."""


def of_captures(situation: Situation, by_capture: Mapping[int, str]) -> Filters:
    """The only one, where there is only one capture."""
    if len(situation.captures) == 1 and by_capture:
        (text,) = by_capture.values()
        return text
    return dict(_first(by_capture))


def _first(by_capture: Mapping[int, _Each]) -> list[tuple[int, _Each]]:
    return nsmallest(FILTERED_CAPTURES, by_capture.items())


def with_numbers(text: str, numbers: Iterable[Numbers]) -> str:
    """What `text` shows of these frames."""
    wanted = ", ".join(
        str(first) if first == last else f"{first}..{last}" for first, last in sorted({*numbers})
    )
    return f"{text} && frame.number in {{{wanted}}}"


Times = Mapping[int, Sequence[Numbers]]
"""By capture, the frames between which something was so; a capture in which it never was is not
there, and one in which it always was has one such time."""
ALWAYS: Final = (0, sys.maxsize)


def times_of(
    situation: Situation, hosts: Iterable[HostVerdict], is_so: Callable[[At], bool]
) -> Times:
    """When something about hosts is so: it can change only where one of them is silent.  Captures
    that are alike hold the same frames, so one of them is asked for all.
    """
    alike = {captures[0]: captures for _, captures in situation.evidence.different()}
    others = {capture for captures in alike.values() for capture in captures[1:]}
    ends: defaultdict[int, set[At]] = defaultdict(set)
    for host in hosts:
        for span in host.spans:
            for capture in span.captures:
                if capture not in others:
                    ends[capture].update(span.ends_in(capture))
    times: dict[int, list[Numbers]] = {}
    for capture, ats in ends.items():
        so = [(end.frame_number, is_so(end)) for end in sorted(ats, key=_number)]
        runs = [ALWAYS] if all(is_now for _, is_now in so) else _runs(so)
        if runs:
            times |= dict.fromkeys(alike.get(capture, (capture,)), runs)
    return times


def is_in(times: Times, frame: At) -> bool:
    """Whether it was so when this frame was sent."""
    of_capture = times.get(frame.capture, ())
    return any(first <= frame.frame_number <= last for first, last in of_capture)


def at_times(situation: Situation, text: str, times: Times) -> Filters:
    """What `text` shows of the frames of these times."""
    return of_captures(
        situation,
        {
            capture: text if numbers == [ALWAYS] else with_numbers(text, numbers)
            for capture, numbers in _first(times)
        },
    )


def count_sent(situation: Situation, times: Mapping[bytes, Times]) -> Counter[bytes]:
    """How many data frames were sent at these times, by source + destination: each stretch of a
    stream without a silence belongs to the time in which it begins.
    """
    counts: Counter[bytes] = Counter()
    for bundle, held in situation.evidence.bundles().items() if times else ():
        for unit, packed in unbundled(bundle):
            ends = ends_of(unit)
            for row in rows_of(packed) if ends in times else ():
                first, _ = moments_of(row)
                here = sum(len(c) for c in held if is_in(times[ends], at(first, c[0])))
                counts[ends] += row[2] * here
    return counts


def _runs(so: Iterable[tuple[int, bool]]) -> list[Numbers]:
    runs: list[Numbers] = []
    was_so = False
    for number, is_so in so:
        if is_so:
            runs.append((runs.pop()[0] if was_so else number, number))
        was_so = is_so
    return runs


def _number(frame: At) -> int:
    return frame.frame_number
