"""Hosts: the answers of an address's spans, put in order, become its verdict, its changes and what
of it is out of date.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from nvgre_doctor.infer.answers import LEAST_MARGIN, Answer
from nvgre_doctor.infer.clocks import Clocks
from nvgre_doctor.infer.host import Change, HostVerdict, SpanVerdict
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.vocabulary import Confidence, Layout

Numbers = list[int]
"""Of spans."""


def by_address(spans: Sequence[Span]) -> dict[bytes, Numbers]:
    """The spans of every address."""
    numbers: defaultdict[bytes, Numbers] = defaultdict(list)
    for number, span in enumerate(spans):
        numbers[span.address].append(number)
    return dict(numbers)


def tell_host(
    host: HostVerdict,
    ordered: Sequence[int],
    spans: Sequence[Span],
    answers: Sequence[Answer],
    *,
    is_known: bool,
    clocks: Clocks | None = None,
) -> int | None:
    """Fill in what the spans of one address say, which come `in_order`; the number of the span that
    decides.
    """
    layouts = {answers[n].layout for n in ordered} - {Layout.UNKNOWN}
    host.spans = [
        SpanVerdict(
            *answers[n][:3],
            *spans[n].ends(),
            spans[n].pieces,
            answers[n].is_hard,
            clocks if len(layouts) > 1 else None,
        )
        for n in ordered
    ]
    deciding = _deciding(ordered, answers)
    if deciding is None:
        return None
    host.layout, host.confidence, host.margin = answers[deciding][:3]
    if not is_known and len(layouts) > 1:
        lasts = [
            (of_capture, last)
            for of_capture in _of_captures(ordered, spans)
            if (last := _deciding(of_capture, answers)) is not None
        ]
        ends = {answers[last].layout for _, last in lasts}
        host.is_unordered = True
        if len(ends) > 1:
            host.confidence, host.is_stale = Confidence.LIKELY, True
            return deciding
        deciding = max(
            (last for _, last in lasts),
            key=lambda n: (answers[n].confidence is Confidence.PROVEN, answers[n].margin, -n),
        )
        host.layout, host.confidence, host.margin = answers[deciding][:3]
        for of_capture, last in lasts:
            _look_later(host, of_capture, last, answers, decides=last == deciding)
            host.changes = host.changes or list(_changes(of_capture, spans, answers))
    else:
        _look_later(host, ordered, deciding, answers, decides=True)
        host.changes = list(_changes(ordered, spans, answers))
    if host.confidence is Confidence.PROVEN:
        run = _run(ordered, deciding, answers)
        host.proven_from, host.proven_to = spans[run[0]].ends()[0], spans[run[-1]].ends()[1]
    return deciding


def _look_later(
    host: HostVerdict,
    ordered: Sequence[int],
    last: int,
    answers: Sequence[Answer],
    *,
    decides: bool,
) -> None:
    """What was sent after the last span with an answer that counts: whatever contradicts it makes
    the verdict likely at most.  What tells nothing makes it stale, but only where that span
    `decides`: of another capture it is not known whether it came later.
    """
    later = {answers[n].layout for n in ordered[ordered.index(last) + 1 :]} - {host.layout}
    if later - {Layout.UNKNOWN}:
        host.confidence, host.is_stale = Confidence.LIKELY, True
    elif later and decides:
        host.is_stale = True


def _deciding(ordered: Sequence[int], answers: Sequence[Answer]) -> int | None:
    """The last span that is proven, else the last that has an answer."""
    for wanted in (Confidence.PROVEN, Confidence.LIKELY):
        for number in reversed(ordered):
            if answers[number].confidence is wanted:
                return number
    return None


def _run(ordered: Sequence[int], deciding: int, answers: Sequence[Answer]) -> Numbers:
    """The spans that are proven like the deciding one, back to the last that is not."""
    run: Numbers = []
    for number in reversed(ordered[: ordered.index(deciding) + 1]):
        if answers[number].layout not in (answers[deciding].layout, Layout.UNKNOWN):
            break
        if answers[number].confidence is Confidence.PROVEN:
            run.append(number)
    return run[::-1]


def _changes(
    ordered: Iterable[int], spans: Sequence[Span], answers: Sequence[Answer]
) -> Iterator[Change]:
    """Neighbours with different layouts.  One frame between others is a stray, and no change."""
    answered = [n for n in ordered if answers[n].layout in (Layout.OLD, Layout.CURRENT)]
    runs = [list(run) for _, run in groupby(answered, lambda n: answers[n].layout)]
    for run, next_run in pairwise(runs):
        before, after = run[-1], next_run[0]
        margins = sorted((answers[before].margin, answers[after].margin))
        if margins[0] < LEAST_MARGIN <= margins[1]:
            continue
        yield Change(
            answers[before].layout,
            answers[after].layout,
            spans[before].ends()[1],
            spans[after].ends()[0],
            is_proven=_has_proof(run, answers) and _has_proof(next_run, answers),
        )


def _has_proof(run: Iterable[int], answers: Sequence[Answer]) -> bool:
    return any(answers[n].confidence is Confidence.PROVEN for n in run)


def in_order(numbers: Sequence[int], spans: Sequence[Span], clocks: Clocks) -> tuple[Numbers, bool]:
    """Spans of one address by time, and whether that order is certain: by frames where one capture
    holds them all, else by clocks that are tied together and agree with the frames.
    """
    if len(numbers) == 1:
        return list(numbers), True
    captures = {capture for n in numbers for capture in spans[n].pieces.captures}
    of_all = captures.intersection(*[spans[n].pieces.captures for n in numbers])
    are_whole = all(_is_whole(spans[n], clocks) for n in numbers)
    if of_all and are_whole:
        capture = min(of_all)
        first = {n: spans[n].pieces.first_numbers()[capture] for n in numbers}
        return sorted(numbers, key=lambda n: (first[n], n)), True
    offsets = clocks.offsets
    ahead = {capture: offsets[capture][1] for capture in captures}
    times = {n: spans[n].pieces.earliest(ahead) for n in numbers}
    by_time = sorted(numbers, key=lambda n: (times[n], n))
    if not are_whole or len({offsets[capture][0] for capture in captures}) > 1:
        return by_time, False
    for of_capture in set(map(tuple, _of_captures(numbers, spans))):
        if sorted(of_capture, key=lambda n: (times[n], n)) != [*of_capture]:
            return by_time, False
    return by_time, True


def _is_whole(span: Span, clocks: Clocks) -> bool:
    """Whether what several captures hold of it was sent at one time.  What they hold alike may be a
    packet that came again, where IPv6 gives it no number: then only the clocks can tell.
    """
    captures = span.pieces.captures
    if len(captures) == 1 or len(span.address) == 4:
        return True
    offsets = clocks.offsets
    if len({offsets[capture][0] for capture in captures}) > 1:
        return False
    return span.pieces.is_without_silence({c: offsets[c][1] for c in captures})


def _of_captures(numbers: Iterable[int], spans: Sequence[Span]) -> list[Numbers]:
    """The spans of each capture by frame."""
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for number in numbers:
        for capture, first in spans[number].pieces.first_numbers().items():
            found[capture].append((first, number))
    return [[number for _, number in sorted(found[capture])] for capture in sorted(found)]


def new_hosts(frames: Mapping[tuple[bytes, bytes], int]) -> dict[bytes, HostVerdict]:
    """An empty verdict for every address that sent or received data."""
    sent: Counter[bytes] = Counter()
    received: Counter[bytes] = Counter()
    for (source, destination), count in frames.items():
        sent[source] += count
        if destination and not is_group_address(destination):
            received[destination] += count
    return {
        address: HostVerdict(address, frames_sent=sent[address], frames_received=received[address])
        for address in sorted({*sent, *received}, key=lambda a: (len(a), a))
    }


def is_group_address(address: bytes) -> bool:
    """Whether an outer destination is a multicast group or broadcast (RFC 7637 section 4.2): no
    host answers to it.
    """
    if len(address) == 4:
        return address[0] >= 0xE0
    return address[0] == 0xFF
