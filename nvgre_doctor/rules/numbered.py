"""Display filters that need frame numbers: for what was so at some time only.

Frame numbers mean something in one capture only, so where there are several captures there is a
filter for each.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from nvgre_doctor.infer.diagnosis import At, HostVerdict
from nvgre_doctor.infer.diagnosis import at as at_moment
from nvgre_doctor.rules.base import Situation

Filters = str | Mapping[int, str]
"""One for all captures, or those of some of them by their index."""
Numbers = tuple[int, int]
"""Frames from one number to another."""


def of_captures(situation: Situation, by_capture: Mapping[int, str]) -> Filters:
    """The only one, where there is only one capture."""
    if len(situation.captures) == 1 and by_capture:
        (text,) = by_capture.values()
        return text
    return by_capture


def with_numbers(text: str, numbers: Iterable[Numbers]) -> str:
    """What `text` shows of these frames."""
    wanted = ", ".join(
        str(first) if first == last else f"{first}..{last}" for first, last in sorted({*numbers})
    )
    return f"{text} && frame.number in {{{wanted}}}"


def while_so(
    situation: Situation, text: str, hosts: Iterable[HostVerdict], is_so: Callable[[At], bool]
) -> Filters:
    """What `text` shows of the frames of hosts, as long as something is so: it can change only
    where one of them is silent.
    """
    ends: defaultdict[int, set[At]] = defaultdict(set)
    for host in hosts:
        for span in host.spans:
            for capture in span.pieces.captures if span.pieces else (span.first.capture,):
                moments = span.pieces.ends_in(capture) if span.pieces else None
                ends[capture] |= (
                    {at_moment(moment, capture) for moment in moments}
                    if moments
                    else {span.first, span.last}
                )
    filters = {}
    for capture, ats in sorted(ends.items()):
        so = [(at.frame_number, is_so(at)) for at in sorted(ats, key=lambda at: at.frame_number)]
        if all(is_now for _, is_now in so):
            filters[capture] = text
        elif runs := _runs(so):
            filters[capture] = with_numbers(text, runs)
    return of_captures(situation, filters)


def _runs(so: Iterable[tuple[int, bool]]) -> list[Numbers]:
    runs: list[Numbers] = []
    was_so = False
    for number, is_so in so:
        if is_so:
            runs.append((runs.pop()[0] if was_so else number, number))
        was_so = is_so
    return runs
