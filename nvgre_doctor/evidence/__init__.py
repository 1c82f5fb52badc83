"""What was seen in captures, in a form that merges exactly: `a + b` is associative and commutative,
`Evidence()` its identity.

Knows counts, first and last frames, and examples.  Knows nothing about verdicts: observations, not
conclusions.  One file, ten files and ten processes are the same fold.  Frames of one capture are
ordered by their number.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from nvgre_doctor.evidence.parts import Part, PartKey
from nvgre_doctor.evidence.signs import IcmpSeen, IcmpSign, Sightings, Sign
from nvgre_doctor.evidence.store import Units
from nvgre_doctor.vocabulary import Oddity


@dataclass(slots=True)
class CaptureEvidence:
    """What was seen in one capture, or in one stretch of it."""

    frames: int = 0
    nvgre_frames: int = 0
    units: Units = field(default_factory=Units)  # tenants' frames
    signs: dict[Sign, Sightings] = field(default_factory=dict)
    icmp: dict[IcmpSign, IcmpSeen] = field(default_factory=dict)

    def __add__(self, other: "CaptureEvidence") -> "CaptureEvidence":
        merged = CaptureEvidence(
            self.frames + other.frames,
            self.nvgre_frames + other.nvgre_frames,
            self.units + other.units,
            dict(self.signs),
            dict(self.icmp),
        )
        for sign, sightings in other.signs.items():
            merged.add_sign(sign, sightings)
        for icmp_sign, seen in other.icmp.items():
            merged.add_icmp(icmp_sign, seen)
        return merged

    def shifted(self, numbers: int) -> "CaptureEvidence":
        """The same with `numbers` added to every frame number: this stretch follows another one."""
        return CaptureEvidence(
            self.frames,
            self.nvgre_frames,
            self.units.shifted(numbers),
            {sign: sightings.shifted(numbers) for sign, sightings in self.signs.items()},
            {sign: seen.shifted(numbers) for sign, seen in self.icmp.items()},
        )

    @property
    def is_thinned(self) -> bool:
        """Whether not all VM pairs are kept."""
        return self.units.is_thinned

    def parts(self) -> Iterator[tuple[PartKey, Part]]:
        """Everything that was seen of tenants' frames: see Units.parts."""
        return self.units.parts()

    def frames_by_ends(self) -> Counter[bytes]:
        """Frames of tenants by source + destination, 8 or 32 bytes."""
        return self.units.frames_by_ends()

    def add_sign(self, sign: Sign, sightings: Sightings) -> None:
        """Count sightings of an oddity."""
        known = self.signs.get(sign)
        self.signs[sign] = sightings if known is None else known + sightings

    def add_icmp(self, sign: IcmpSign, seen: IcmpSeen) -> None:
        """Count sightings of an ICMP error."""
        known = self.icmp.get(sign)
        self.icmp[sign] = seen if known is None else known + seen


@dataclass(slots=True)
class Evidence:
    """What was seen in all captures, by index of the capture."""

    captures: dict[int, CaptureEvidence] = field(default_factory=dict)

    def __add__(self, other: "Evidence") -> "Evidence":
        merged = dict(self.captures)
        for index, part in other.captures.items():
            merged[index] = merged[index] + part if index in merged else part
        return Evidence(merged)

    def signs(self, *oddities: Oddity) -> Iterator[tuple[int, Sign, Sightings]]:
        """Every sighting of these oddities with the index of its capture, in order."""
        for index in sorted(self.captures):
            found: Iterable[tuple[Sign, Sightings]] = self.captures[index].signs.items()
            yield from (
                (index, sign, seen)
                for sign, seen in sorted(found, key=itemgetter(0))
                if sign.oddity in oddities
            )
