"""Spans: what one provider address sent without a silence of 20 s.  In a span a host speaks one
layout, as a restart takes longer.

Knows how captures lie over each other: spans of two captures that hold the same packet are one.
Knows nothing about layouts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from nvgre_doctor.evidence.parts import (
    SILENCE_S,
    Interval,
    Moment,
    Net,
    Part,
    PartKey,
)
from nvgre_doctor.infer.diagnosis import At
from nvgre_doctor.infer.heard import Heard

_SECOND_NS: Final = 1_000_000_000
Parts = Mapping[int, Mapping[PartKey, Part]]
"""Everything that was heard, by capture."""


class Piece(NamedTuple):
    """The frames of a span in one capture."""

    capture: int
    first: Moment
    last: Moment


class Span:
    """One variable: who sent, where its frames lie, and what was heard."""

    __slots__ = ("address", "heard", "is_cut", "pieces")

    def __init__(self, address: bytes, pieces: tuple[Piece, ...]) -> None:
        """`pieces` by capture: one capture may have several."""
        self.address = address
        self.pieces = pieces
        self.heard: list[Heard] = []
        self.is_cut = False  # one half of a span that seems to hold a change

    def ends(self) -> tuple[At, At]:
        """Its first and its last frame in the first capture that has any."""
        return self._ends_in(self.pieces[0].capture)

    def elsewhere(self) -> tuple[tuple[At, At], ...]:
        """The same in every other capture that has any."""
        if len(self.pieces) == 1:
            return ()
        captures = sorted({piece.capture for piece in self.pieces})[1:]
        return tuple([self._ends_in(capture) for capture in captures])

    def _ends_in(self, capture: int) -> tuple[At, At]:
        _, first, last = self.pieces[0]
        if len(self.pieces) > 1:
            here = [piece for piece in self.pieces if piece.capture == capture]
            first = min([piece.first for piece in here])
            last = max([piece.last for piece in here])
        return (
            At(first.ts_ns, capture, first.frame_number),
            At(last.ts_ns, capture, last.frame_number),
        )


class _Stretch:
    """The frames of one address in one capture without a silence, before captures are compared."""

    __slots__ = ("capture", "first", "last", "leader", "rows")

    def __init__(self, capture: int, interval: Interval) -> None:
        self.capture = capture
        self.first = interval.first
        self.last = interval.last
        self.rows: list[_Row] = []
        self.leader: _Stretch = self

    def found(self) -> "_Stretch":
        """Who stands for all that are one."""
        stretch = self
        while stretch.leader is not stretch:
            stretch.leader = stretch.leader.leader
            stretch = stretch.leader
        return stretch


_Row = tuple[Interval, PartKey, bytes]
"""With the customer addresses."""


def find_spans(parts: Parts) -> list[Span]:
    """All spans by address, each address's by capture and frame, with what was heard in them."""
    rows: defaultdict[bytes, defaultdict[int, list[_Row]]] = defaultdict(lambda: defaultdict(list))
    sure = _sure_pairs(parts)
    for capture in sorted(parts):
        for key, part in parts[capture].items():
            counts = key.is_sure or vm_pair(key.macs) in sure
            counts &= part.customer_addresses != key.source + key.destination
            of_source = rows[key.source][capture]
            for interval in part.intervals:
                if not counts:
                    interval = interval._replace(units=())  # noqa: PLW2901
                of_source.append((interval, key, part.customer_addresses))
    spans: list[Span] = []
    for address in sorted(rows, key=lambda a: (len(a), a)):
        stretches = [
            stretch
            for capture in sorted(rows[address])
            for stretch in _stretches(capture, rows[address][capture])
        ]
        if len(rows[address]) > 1:
            _unite(stretches)
        _add_spans(spans, address, stretches)
    return spans


def vm_pair(macs: bytes) -> bytes:
    """Both MACs in one order for both directions."""
    one, two = macs[:6], macs[6:]
    return macs if one <= two else two + one


def _sure_pairs(parts: Parts) -> set[bytes]:
    """VM pairs that sent something beside what may be an UNREACHABLE: that has the MACs of
    hosts.
    """
    if all(key.is_sure for of_capture in parts.values() for key in of_capture):
        return set()
    return {vm_pair(key.macs) for of_capture in parts.values() for key in of_capture if key.is_sure}


def _stretches(capture: int, rows: list[_Row]) -> list[_Stretch]:
    rows.sort(key=lambda row: (row[0].first, row[0].last, row[1]))
    stretches: list[_Stretch] = []
    for row in rows:
        interval = row[0]
        now = stretches[-1] if stretches else None
        if now is None or (interval.first > now.last and is_silence(now.last, interval.first)):
            now = _Stretch(capture, interval)
            stretches.append(now)
        elif interval.last > now.last:
            now.last = interval.last
        now.rows.append(row)
    return stretches


def is_silence(last: Moment, first: Moment) -> bool:
    """Whether nothing was heard for 20 s; a clock that was set back hides how long it was."""
    if last.ts_ns < 0 or first.ts_ns < 0:
        return False
    return abs(first.ts_ns // _SECOND_NS - last.ts_ns // _SECOND_NS) > SILENCE_S


def _unite(stretches: Sequence[_Stretch]) -> None:
    """Let those be one that hold the same packet in two captures.  A packet that comes back after a
    silence is not one packet: senders that number nothing repeat themselves.
    """
    holders: defaultdict[bytes, dict[int, _Stretch | None]] = defaultdict(dict)
    for stretch in stretches:
        for digest in _digests(stretch):
            of_captures = holders[digest]
            known = of_captures.setdefault(stretch.capture, stretch)
            if known is not stretch:
                of_captures[stretch.capture] = None
    for of_captures in holders.values():
        if len(of_captures) > 1 and None not in of_captures.values():
            one, *others = [stretch.found() for stretch in of_captures.values() if stretch]
            for other in others:
                other.leader = one


def _digests(stretch: _Stretch) -> Iterator[bytes]:
    for interval, _, _ in stretch.rows:
        for unit in interval.units:
            for packet in unit.packets:
                yield packet.digest


def _add_spans(spans: list[Span], address: bytes, stretches: Iterable[_Stretch]) -> None:
    united: defaultdict[int, list[_Stretch]] = defaultdict(list)
    for stretch in stretches:
        united[id(stretch.found())].append(stretch)
    for group in united.values():
        pieces = tuple(Piece(s.capture, s.first, s.last) for s in group)
        span = Span(address, pieces)
        number = len(spans)
        spans.append(span)
        heard: dict[tuple[bytes, int, bytes, Net, bytes], Heard] = {}
        for stretch in group:
            for interval, key, customers in stretch.rows:
                subnet = _subnet(key.net, customers)
                for unit in interval.units:
                    new = Heard(number, stretch.capture, key, unit, customers, subnet)
                    identity = (new.destination, new.gre_key, new.macs, new.net, subnet)
                    known = heard.setdefault(identity, new)
                    if known is not new:
                        known.absorb(new)
        span.heard = _without_cut_copies(list(heard.values()))


def _subnet(net: Net, customers: bytes) -> bytes:
    size = len(customers) // 2
    prefix = 3 if size == 4 else 8
    if net is Net.SUBNET:
        return customers[:prefix]
    if net is Net.ROUTED:
        return customers[:prefix] + customers[size : size + prefix]
    return b""


def _without_cut_copies(heard: list[Heard]) -> list[Heard]:
    """A copy that was cut before its customer addresses belongs to the whole one."""
    cut = [one for one in heard if one.net is Net.UNKNOWN]
    if not cut or len(cut) == len(heard):
        return heard
    whole = {
        (one.destination, one.gre_key, one.macs, packet.digest): one
        for one in heard
        if one.net is not Net.UNKNOWN
        for packet in one.packets
    }
    kept = [one for one in heard if one.net is not Net.UNKNOWN]
    for one in cut:
        for packet in one.packets:
            of_whole = whole.get((one.destination, one.gre_key, one.macs, packet.digest))
            if of_whole is not None:
                of_whole.absorb(one)
                break
        else:
            kept.append(one)
    return kept
