"""Packets that were captured more than once: at several points, in several files, or in one file
given twice.
"""

from collections.abc import Iterable, Mapping
from heapq import nsmallest
from itertools import chain
from typing import Final, NamedTuple, TypeVar

from nvgre_doctor.evidence import Captures
from nvgre_doctor.evidence.parts import Moment, Packet
from nvgre_doctor.infer.at import at
from nvgre_doctor.infer.diagnosis import Copies
from nvgre_doctor.infer.sent import Opened, Parts

SHOWN: Final = 5
"""Frames of one statement."""

_Key = TypeVar("_Key")
_Known = tuple[Packet, Moment]
"""A packet, and the first frame of those that it was seen with."""


class _Seen(NamedTuple):
    """Packets that one statement is about."""

    packets: int
    most: int  # frames of one of them
    firsts: tuple[Moment, ...]  # at most SHOWN


class _Told(NamedTuple):
    """Of packets of one capture: those that it holds several times, and those that another capture,
    of a lower number, holds as well, by the first that does.
    """

    own: _Seen | None
    of_others: Mapping[int, _Seen]

    def without(self, capture: int) -> "_Told":
        """The same for the first capture of all that hold these."""
        others = {other: seen for other, seen in self.of_others.items() if other != capture}
        return _Told(self.own, others)


class FoundCopies:
    """Within each capture, then between two of them: of the packets that are known, and those are
    two for each key of a VM pair.

    A sender that numbers nothing makes packets that are alike, so within one capture only packets
    with a number count.
    """

    def __init__(self, *, are_several: bool) -> None:
        """Nothing was looked at yet; `are_several`: captures, which can hold the same."""
        self._are_several = are_several
        self._first: dict[int, _Told] = {}
        """Of captures that are the first of those that hold something."""
        self._others: dict[Captures, _Told] = {}  # of what these hold, for all but the first

    def add(self, opened: Opened) -> None:
        """What one more address sent: no two of them send the same packet."""
        holders: dict[bytes, int] = {}  # the first capture of every packet
        known: dict[bytes, _Told] = {}
        for sent, captures in opened.sent:
            capture = captures[0]
            told: list[_Told] = []
            again: list[_Told] = []
            for bundle in sent.bundles:
                of_bundle = known.get(bundle)
                if of_bundle is None:
                    of_bundle = known[bundle] = self._look(opened.parts[bundle], capture, holders)
                    told.append(of_bundle.without(capture))
                else:
                    told.append(of_bundle)
                again.append(of_bundle)
            _count(self._first, capture, told)
            if len(captures) > 1:
                _count(self._others, captures, again)

    def _look(self, parts: Parts, capture: int, holders: dict[bytes, int]) -> _Told:
        """Also for the captures after this one that hold the same; those before were asked for."""
        here: dict[bytes, _Known] = {}
        for _, part in parts:
            for interval in part.intervals:
                for unit in interval.units:
                    for packet in unit.packets:
                        if self._are_several or packet.frames > 1:
                            here[packet.digest] = packet, unit.first
        own = [known for known in here.values() if known[0].frames > 1 and known[0].order]
        of_captures: dict[int, list[_Known]] = {}
        for digest, seen in here.items() if self._are_several else ():
            of_captures.setdefault(holders.setdefault(digest, capture), []).append(seen)
        of_others = {holder: _seen(those) for holder, those in of_captures.items()}
        return _Told(_seen(own) if own else None, of_others)

    def found(self) -> list[Copies]:
        """By capture; within it, then by the other one."""
        of_captures: dict[int, list[_Told]] = {c: [told] for c, told in self._first.items()}
        for captures, told in self._others.items():
            for capture in captures[1:]:
                of_captures.setdefault(capture, []).append(told)
        found: list[Copies] = []
        known: dict[tuple[int, ...], _Told] = {}  # by ids: the same of captures that are alike
        for capture, several in sorted(of_captures.items()):
            ids = tuple(map(id, several))
            if ids not in known:
                known[ids] = _together(several)
            own, of_others = known[ids]
            if own is not None:
                found.append(_copies(capture, own, own.most, None))
            found += [
                _copies(capture, seen, 1 + seen.most, other)
                for other, seen in sorted(of_others.items())
            ]
        return found


def _count(found: dict[_Key, _Told], key: _Key, told: list[_Told]) -> None:
    found[key] = _together([found[key], *told] if key in found else told)


def _seen(found: list[_Known]) -> _Seen:
    return _Seen(
        len(found),
        max([packet.frames for packet, _ in found]),
        _first({first for _, first in found}),
    )


def _together(several: list[_Told]) -> _Told:
    of_others: dict[int, list[_Seen]] = {}
    for _, of_one in several:
        for other, seen in of_one.items():
            of_others.setdefault(other, []).append(seen)
    own = [told.own for told in several if told.own is not None]
    return _Told(
        _sum(own) if own else None, {other: _sum(seen) for other, seen in of_others.items()}
    )


def _sum(several: list[_Seen]) -> _Seen:
    return _Seen(
        sum(seen.packets for seen in several),
        max(seen.most for seen in several),
        _first(set(chain(*[seen.firsts for seen in several]))),
    )


def _first(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    return tuple(nsmallest(SHOWN, moments))


def _copies(capture: int, seen: _Seen, most: int, other: int | None) -> Copies:
    frames = tuple([at(moment, capture) for moment in seen.firsts])
    return Copies(capture, seen.packets, most, frames, other)
