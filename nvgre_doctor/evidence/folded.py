"""Captures laid over each other: what was seen in a whole capture, where all that several captures
hold alike is one value.

So thousands of captures that show the same streams take little more room than one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from nvgre_doctor.evidence.bundles import Sent
from nvgre_doctor.evidence.parts import ends_of, is_kept
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
        )
        found: FoldedCapture = known.setdefault((*shared[:4], signs, icmp), shared)
        return found

    def _share(self, sent: Sent) -> Sent:
        known = self._known
        return Sent(sent.source, tuple([known.setdefault(one, one) for one in sent.bundles]))
