"""Packets that were captured more than once: at several points, in several files, or in one file
given twice.
"""

from collections.abc import Iterable
from heapq import nsmallest
from itertools import chain
from typing import Final, NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.bundles import unbundled
from nvgre_doctor.evidence.parts import Moment, Packet, is_cut
from nvgre_doctor.evidence.rows import moments_of, packets_of, rows_of
from nvgre_doctor.infer.diagnosis import Copies, at

SHOWN: Final = 5
"""Frames of one statement."""


_Known = tuple[Packet, Moment]
"""A packet, and the first frame of those that it was seen with."""


class _Seen(NamedTuple):
    """Packets that one statement is about."""

    packets: int
    most: int  # frames of one of them
    firsts: tuple[Moment, ...]  # at most SHOWN


_Told = tuple[_Seen | None, dict[int, _Seen]]
"""Of packets of one capture: those that it holds several times, and those that another capture, of
a lower number, holds as well, by the first that does."""


def find_copies(evidence: Evidence) -> list[Copies]:
    """Within each capture, then between two of them: of the packets that are known, and those are
    two for each key of a VM pair.

    A sender that numbers nothing makes packets that are alike, so within one capture only packets
    with a number count.
    """
    found: list[Copies] = []
    bundles = _Bundles()
    known: dict[int, _Told] = {}  # by the id of a capture that others are like
    for index, capture in sorted(evidence.captures.items()):
        told = known.get(id(capture))
        if told is None:
            of_capture = [bundle for sent in capture.sent for bundle in sent.bundles]
            told = _together([bundles.of(bundle, index) for bundle in of_capture])
            known[id(capture)] = _together([bundles.of(bundle, index) for bundle in of_capture])
        own, of_others = told
        if own is not None:
            found.append(_copies(index, own, own.most, None))
        found += [
            _copies(index, seen, 1 + seen.most, other) for other, seen in sorted(of_others.items())
        ]
    return found


class _Bundles:
    """What bundles hold that was captured before."""

    def __init__(self) -> None:
        """Nothing was captured yet."""
        self._holders: dict[bytes, int] = {}  # the first capture of every packet
        self._told: dict[bytes, _Told] = {}

    def of(self, bundle: bytes, capture: int) -> _Told:
        """In this capture; those before were asked for."""
        told = self._told.get(bundle)
        if told is not None:
            return told
        here: dict[bytes, _Known] = {}
        for unit, packed in unbundled(bundle):
            for row in () if is_cut(unit) else rows_of(packed):
                first, _ = moments_of(row)
                here.update({packet.digest: (packet, first) for packet in packets_of(row)})
        own = [known for known in here.values() if known[0].frames > 1 and known[0].order]
        of_captures: dict[int, list[_Known]] = {}
        for digest, seen in here.items():
            holder = self._holders.setdefault(digest, capture)
            of_captures.setdefault(holder, []).append(seen)
        of_others = {holder: _seen(those) for holder, those in of_captures.items()}
        told = self._told[bundle] = _seen(own) if own else None, of_others
        return told[0], {other: seen for other, seen in of_others.items() if other != capture}


def _seen(found: list[_Known]) -> _Seen:
    return _Seen(
        len(found),
        max([packet.frames for packet, _ in found]),
        _first({first for _, first in found}),
    )


def _together(several: list[_Told]) -> _Told:
    of_others: dict[int, list[_Seen]] = {}
    for _, of_bundle in several:
        for other, seen in of_bundle.items():
            of_others.setdefault(other, []).append(seen)
    own = [seen for seen, _ in several if seen is not None]
    return _sum(own) if own else None, {other: _sum(of) for other, of in of_others.items()}


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
