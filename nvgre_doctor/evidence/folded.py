"""Captures laid over each other: what was seen in a whole capture, where all that several captures
hold alike is one value.

So thousands of captures that show the same streams take little more room than one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from nvgre_doctor.evidence import limits
from nvgre_doctor.evidence.bundles import Sent, bundle, unbundled
from nvgre_doctor.evidence.limits import LeftOut, Rank
from nvgre_doctor.evidence.parts import ends_of, halves, is_kept, source_of
from nvgre_doctor.evidence.rows import frames_of
from nvgre_doctor.evidence.signs import IcmpSeen, IcmpSign, Sightings, Sign


class FoldedCapture(NamedTuple):
    """What was seen in one whole capture.  Nothing of it changes any more: other captures may share
    it.
    """

    frames: int
    nvgre_frames: int
    sent: tuple[Sent, ...]  # by source
    unkept_frames: tuple[tuple[bytes, int], ...]  # as in store.Units
    signs: Mapping[Sign, Sightings]
    icmp: Mapping[IcmpSign, IcmpSeen]
    left_out: LeftOut = LeftOut()
    cut: Rank | None = None  # as in store.Units

    def units(self) -> Iterator[tuple[bytes, bytes]]:
        """Every unit that was sent, as in bundles.Packed."""
        for sent in self.sent:
            yield from sent.units()

    def frames_by_ends(self) -> Counter[bytes]:
        """Frames of tenants by source + destination, 8 or 32 bytes."""
        counts = Counter(dict(self.unkept_frames))
        for unit, packed in self.units():
            if is_kept(unit):
                counts[ends_of(unit)] += frames_of(packed)
        return counts


class Pool:
    """Values that were met: the first of those that are equal stands for all of them."""

    def __init__(self) -> None:
        """None yet."""
        self._known: dict[Any, Any] = {}

    def share(self, capture: FoldedCapture) -> FoldedCapture:
        """An equal capture, of values that others share as far as possible."""
        known = self._known
        sent = tuple([known.setdefault(one, one) for one in map(self._share, capture.sent)])
        signs, icmp = tuple(capture.signs.items()), tuple(capture.icmp.items())
        shared = FoldedCapture(
            *capture[:2],
            sent,
            capture.unkept_frames,
            known.setdefault(signs, capture.signs),
            known.setdefault(icmp, capture.icmp),
            *capture[6:],
        )
        of_all = *shared[:4], signs, icmp, *shared[6:]
        found: FoldedCapture = known.setdefault(of_all, shared)
        return found

    def _share(self, sent: Sent) -> Sent:
        known = self._known
        return Sent(sent.source, tuple([known.setdefault(one, one) for one in sent.bundles]))


class Limits:
    """What is too much of several captures together: each by itself is limited already."""

    def __init__(self, captures: Iterable[FoldedCapture]) -> None:
        """All different ones of a diagnosis."""
        cuts: set[Rank | None] = set()
        directions: set[bytes] = set()
        ids: set[bytes] = set()
        signs: set[Sign] = set()
        errors: set[IcmpSign] = set()
        bundles: set[bytes] = set()  # captures share most of them
        for capture in captures:
            cuts.add(capture.cut)
            directions.update(ends for ends, _ in capture.unkept_frames)
            signs.update(sign for sign in capture.signs if sign.source)
            errors.update(capture.icmp)
            bundles.update(one for sent in capture.sent for one in sent.bundles)
        for one in bundles:
            for unit, _ in unbundled(one):
                if is_kept(unit):
                    directions.add(ends_of(unit))
                else:
                    ids.add(unit)
        cuts.add(limits.first_left_out(directions))
        self._cut = min(filter(None, cuts), default=None)
        kept = filter(self._is_kept, directions)
        self._hosts = {half for ends in kept for half in halves(ends)}
        self._ids = set(limits.beyond(ids, limits.IDS))
        self._signs = set(limits.beyond(signs, limits.SIGNS))
        self._errors = set(limits.beyond(errors, limits.ERRORS))

    @property
    def are_exceeded(self) -> bool:
        """Whether anything of these captures is left out because of the others."""
        return self._cut is not None or bool(self._ids or self._signs or self._errors)

    def _is_kept(self, ends: bytes) -> bool:
        return self._cut is None or limits.rank_of(ends) < self._cut

    def limited(self, capture: FoldedCapture) -> FoldedCapture:
        """One of them, with what is kept of all."""
        units: dict[bytes, bytes] = {}
        frames = frames_of_ids = 0
        for unit, rows in capture.units():
            if is_kept(unit) and not self._is_kept(ends_of(unit)):
                frames += frames_of(rows)
            elif unit in self._ids:
                frames_of_ids += frames_of(rows)
            elif source_of(unit) in self._hosts:
                units[unit] = rows
        unkept = [(ends, count) for ends, count in capture.unkept_frames if self._is_kept(ends)]
        frames += sum(count for ends, count in capture.unkept_frames if not self._is_kept(ends))
        signs = {sign: seen for sign, seen in capture.signs.items() if sign not in self._signs}
        icmp = {sign: seen for sign, seen in capture.icmp.items() if sign not in self._errors}
        left_out = LeftOut(
            frames,
            frames_of_ids,
            sum(seen.count for sign, seen in capture.signs.items() if sign in self._signs),
            sum(seen.count for sign, seen in capture.icmp.items() if sign in self._errors),
        )
        return FoldedCapture(
            *capture[:2],
            bundle(units),
            tuple(unkept),
            signs,
            icmp,
            capture.left_out.plus(left_out),
            self._cut,
        )
