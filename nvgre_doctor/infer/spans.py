"""Spans: what one provider address sent without a silence of 20 s.  In a span a host speaks one
layout, as a restart takes longer.

Knows how captures lie over each other: spans of two captures that hold the same packet are one.
Knows nothing about layouts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import groupby
from operator import attrgetter
from typing import Final

from nvgre_doctor.evidence import Captures, Evidence
from nvgre_doctor.evidence.bundles import unbundled
from nvgre_doctor.evidence.parts import (
    SILENCE_S,
    Interval,
    Moment,
    Net,
    PartKey,
    is_sure,
    macs_of,
)
from nvgre_doctor.infer.at import At, at
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.pieces import Piece, Pieces
from nvgre_doctor.infer.sent import Opened, Parts

_SECOND_NS: Final = 1_000_000_000


class Span:
    """One variable: who sent, where its frames lie, and what was heard."""

    __slots__ = ("address", "heard", "is_cut", "pieces")

    def __init__(self, address: bytes, pieces: Iterable[Piece], heard: list[Heard]) -> None:
        """`pieces` by capture: one capture may have several."""
        self.address = address
        self.pieces = Pieces(pieces)
        self.heard = heard
        self.is_cut = False  # one half of a span that seems to hold a change

    def ends(self) -> tuple[At, At]:
        """Its first and its last frame in the first capture that has any."""
        first, last = self.pieces.ends()
        capture = self.pieces.first_capture
        return at(first, capture), at(last, capture)


class _Stretch:
    """The frames of one address without a silence, before captures are compared: in one capture, or
    alike in several.
    """

    __slots__ = ("captures", "first", "last", "leader", "rows")

    def __init__(self, captures: Captures, interval: Interval) -> None:
        """It begins with this one."""
        self.captures = captures
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

    def divided(self) -> "Iterator[_Stretch]":
        """One for each capture: nothing says that they are one."""
        for capture in self.captures:
            alone = _Stretch((capture,), self.rows[0][0])
            alone.last, alone.rows = self.last, self.rows
            yield alone


_Row = tuple[Interval, PartKey, bytes]
"""With the customer addresses."""


def add_spans(spans: list[Span], opened: Opened, sure: Set[bytes]) -> None:
    """Those of one more address, by capture and frame, with what was heard in them; `sure` as
    `sure_pairs` finds them.
    """
    rows = {bundle: list(_rows(parts, sure)) for bundle, parts in opened.parts.items()}
    stretches: list[_Stretch] = []
    for one, captures in opened.sent:
        of_captures = [row for bundle in one.bundles for row in rows[bundle]]
        stretches += _stretches(captures, of_captures)
    _add_united(spans, opened.address, _united(stretches))


def _rows(parts: Parts, sure: Set[bytes]) -> Iterator[_Row]:
    for key, part in parts:
        counts = key.is_sure or vm_pair(key.macs) in sure
        counts &= part.customer_addresses != key.source + key.destination
        for interval in part.intervals:
            yield (
                interval if counts else interval._replace(units=()),
                key,
                part.customer_addresses,
            )


def vm_pair(macs: bytes) -> bytes:
    """Both MACs in one order for both directions."""
    one, two = macs[:6], macs[6:]
    return macs if one <= two else two + one


def sure_pairs(evidence: Evidence) -> set[bytes]:
    """VM pairs that sent something beside what may be an UNREACHABLE: that has the MACs of
    hosts.
    """
    sure: set[bytes] = set()
    are_all_sure = True
    for bundle in evidence.bundles():
        for unit, _ in unbundled(bundle):
            if is_sure(unit):
                sure.add(macs_of(unit))
            else:
                are_all_sure = False
    return set() if are_all_sure else set(map(vm_pair, sure))


def _stretches(captures: Captures, rows: list[_Row]) -> list[_Stretch]:
    rows.sort()  # by their first frames, of which no two are one
    stretches: list[_Stretch] = []
    for row in rows:
        interval = row[0]
        now = stretches[-1] if stretches else None
        if now is None or (interval.first > now.last and is_silence(now.last, interval.first)):
            now = _Stretch(captures, interval)
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


def _united(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    """By capture and frame, those one that hold the same packet in two captures.  A packet that
    comes back after a silence is not one packet: senders that number nothing repeat themselves.
    """
    if len(stretches) == 1 and len(stretches[0].captures) == 1:  # nothing to compare
        return list(stretches)
    repeated = _repeated(stretches)
    holders: dict[bytes, _Stretch] = {}
    united: list[_Stretch] = []
    for stretch in stretches:
        is_tied = False
        for digest in _digests(stretch):
            if digest not in repeated:
                is_tied = True
                holders.setdefault(digest, stretch).found().leader = stretch.found()
        united += [stretch] if is_tied or len(stretch.captures) == 1 else stretch.divided()
    return sorted(united, key=lambda stretch: stretch.captures[0])


def _repeated(stretches: Sequence[_Stretch]) -> set[bytes]:
    """Packets that one capture holds in several stretches."""
    repeated: set[bytes] = set()
    for _, group in groupby(stretches, attrgetter("captures")):
        of_captures = list(group)
        holders: dict[bytes, _Stretch] = {}
        for stretch in of_captures if len(of_captures) > 1 else ():
            repeated.update(
                digest
                for digest in _digests(stretch)
                if holders.setdefault(digest, stretch) is not stretch
            )
    return repeated


def _digests(stretch: _Stretch) -> Iterator[bytes]:
    for interval, _, _ in stretch.rows:
        for unit in interval.units:
            for packet in unit.packets:
                yield packet.digest


def _add_united(spans: list[Span], address: bytes, stretches: Iterable[_Stretch]) -> None:
    united: defaultdict[int, list[_Stretch]] = defaultdict(list)
    for stretch in stretches:
        united[id(stretch.found())].append(stretch)
    for group in united.values():
        number = len(spans)
        heard: dict[tuple[bytes, int, bytes, Net, bytes], Heard] = {}
        for stretch in group:
            for interval, key, customers in stretch.rows:
                subnet = _subnet(key.net, customers)
                for unit in interval.units:
                    new = Heard(number, stretch.captures, key, unit, customers, subnet)
                    identity = (new.destination, new.gre_key, new.macs, new.net, subnet)
                    known = heard.setdefault(identity, new)
                    if known is not new:
                        known.absorb(new)
        pieces = [Piece(s.captures, s.first, s.last) for s in group]
        spans.append(Span(address, pieces, _without_cut_copies(list(heard.values()))))


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
