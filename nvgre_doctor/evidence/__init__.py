"""What was seen in captures, in a form that merges exactly: `a + b` is associative and commutative,
`Evidence()` its identity.

Knows counts, first and last frames, and examples.  Knows nothing about verdicts: observations, not
conclusions.  One file, ten files and ten processes are the same fold.  Frames of one capture are
ordered by their number, so nothing here compares clocks.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from nvgre_doctor.evidence import sampling
from nvgre_doctor.evidence.parts import (
    Interval,
    Part,
    PartKey,
    Unit,
    ends_of,
    is_kept,
    macs_of,
    octet_of,
    read_key,
    unkept_key,
)
from nvgre_doctor.evidence.rows import Row, Seen, first_of, pack, settle, shift, total, unpack
from nvgre_doctor.evidence.signs import IcmpSeen, IcmpSign, Sightings, Sign
from nvgre_doctor.vocabulary import Oddity


@dataclass(slots=True)
class CaptureEvidence:
    """What was seen in one capture, or in one stretch of it."""

    frames: int = 0
    nvgre_frames: int = 0
    units: dict[bytes, bytes] = field(default_factory=dict)  # packed rows, by `parts.unit_key`
    signs: dict[Sign, Sightings] = field(default_factory=dict)
    icmp: dict[IcmpSign, IcmpSeen] = field(default_factory=dict)
    is_thinned: bool = False  # there were more than ALL_UNITS: not all VM pairs are kept
    levels: dict[bytes, int] = field(default_factory=dict)
    """By source + destination, if it is thinned: only VM pairs of this `vm_rank` or higher are
    kept.  It is the lowest that keeps VM_STREAMS or fewer: it depends on the set of streams alone,
    not on their order, nor on how a capture was split."""
    unkept_frames: Counter[bytes] = field(default_factory=Counter)  # by source + destination
    _kept: dict[bytes, set[bytes]] = field(default_factory=dict, compare=False)
    """The units with MACs that are kept, by source + destination, if it is thinned."""

    def __add__(self, other: "CaptureEvidence") -> "CaptureEvidence":
        merged = CaptureEvidence(
            self.frames + other.frames,
            self.nvgre_frames + other.nvgre_frames,
            dict(self.units),
            dict(self.signs),
            dict(self.icmp),
            self.is_thinned,
            dict(self.levels),
            self.unkept_frames + other.unkept_frames,
            {ends: set(kept) for ends, kept in self._kept.items()},
        )
        if other.is_thinned:
            merged._thin()
        for ends, level in other.levels.items():
            merged.raise_level(ends, level)
        for unit, packed in other.units.items():
            merged.add_unit(unit, packed)
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
            {unit: shift(packed, numbers) for unit, packed in self.units.items()},
            {sign: sightings.shifted(numbers) for sign, sightings in self.signs.items()},
            {sign: seen.shifted(numbers) for sign, seen in self.icmp.items()},
            self.is_thinned,
            self.levels,
            self.unkept_frames,
            self._kept,
        )

    def parts(self) -> Iterator[tuple[PartKey, Part]]:
        """Everything that was seen of tenants' frames, in a fixed order.  Parts of VM pairs that
        are not kept have no destination.
        """
        found: defaultdict[PartKey, list[tuple[int, bool, Seen]]] = defaultdict(list)
        for unit, packed in self.units.items():
            key, low_octet, is_cut = read_key(unit)
            seen = unpack(packed)
            if not key.destination:
                low_octet, seen = seen.customer_addresses[0], seen._replace(customer_addresses=b"")
            found[key].append((low_octet, is_cut, seen))
        for key, units in sorted(found.items(), key=itemgetter(0)):
            yield key, _part(units)

    def frames_by_ends(self) -> Counter[bytes]:
        """Frames of tenants by source + destination."""
        counts = self.unkept_frames.copy()
        for unit, packed in self.units.items():
            if is_kept(unit):
                counts[ends_of(unit)] += sum(row.frames for row in unpack(packed).rows)
        return counts

    def add_unit(self, unit: bytes, packed: bytes) -> None:
        """Count packed rows of frames of one key; `unit` is a `parts.unit_key`."""
        if not is_kept(unit):
            self._add(unit, packed)
            return
        ends, macs = ends_of(unit), macs_of(unit)
        level = self.levels.get(ends)
        if level and macs and sampling.vm_rank(macs) < level:
            self._add_unkept(unit, packed)
        elif self._add(unit, packed):
            if not self.is_thinned:
                if len(self.units) > sampling.ALL_UNITS:
                    self._thin()
            elif macs:
                self._kept.setdefault(ends, set()).add(unit)
                self.raise_level(ends, self._level(ends))

    def _add(self, unit: bytes, packed: bytes) -> bool:
        known = self.units.get(unit)
        self.units[unit] = packed if known is None else pack(unpack(known) + unpack(packed))
        return known is None

    def _add_unkept(self, unit: bytes, packed: bytes) -> None:
        seen = unpack(packed)
        self.unkept_frames[ends_of(unit)] += sum(row.frames for row in seen.rows)
        self._add(unkept_key(unit), pack(seen._replace(customer_addresses=octet_of(unit))))

    def _thin(self) -> None:
        """Keep VM_STREAMS for each direction from now on."""
        if self.is_thinned:
            return
        self.is_thinned = True
        for unit in self.units:
            if macs_of(unit):
                self._kept.setdefault(ends_of(unit), set()).add(unit)
        for ends in self._kept:
            self.raise_level(ends, self._level(ends))

    def _level(self, ends: bytes) -> int:
        begin = 1 + len(ends)
        streams = {unit[begin : begin + 3] + macs_of(unit) for unit in self._kept[ends]}
        return sampling.level_for(sampling.vm_rank(stream[3:]) for stream in streams)

    def raise_level(self, ends: bytes, level: int) -> None:
        """Keep fewer VM pairs of one direction, if the level is not as high yet."""
        if level <= self.levels.get(ends, 0):
            return
        self.levels[ends] = level
        kept = self._kept.get(ends, set())
        for unit in [unit for unit in kept if sampling.vm_rank(macs_of(unit)) < level]:
            kept.remove(unit)
            self._add_unkept(unit, self.units.pop(unit))

    def add_sign(self, sign: Sign, sightings: Sightings) -> None:
        """Count sightings of an oddity."""
        known = self.signs.get(sign)
        self.signs[sign] = sightings if known is None else known + sightings

    def add_icmp(self, sign: IcmpSign, seen: IcmpSeen) -> None:
        """Count sightings of an ICMP error."""
        known = self.icmp.get(sign)
        self.icmp[sign] = seen if known is None else known + seen


def _part(seen: list[tuple[int, bool, Seen]]) -> Part:
    """Intervals of a part, of the rows of its units."""
    first_seen = min((each for _, _, each in seen), key=first_of)
    rows = [
        _UnitRow(row.earliest_s, row.latest_s, ((low_octet, is_cut, row),))
        for low_octet, is_cut, each in seen
        for row in each.rows
    ]
    intervals = [_interval(run.rows) for run in settle(rows, _together)]
    return Part(tuple(sorted(intervals)), first_seen.customer_addresses)


class _UnitRow(NamedTuple):
    earliest_s: int
    latest_s: int
    rows: tuple[tuple[int, bool, Row], ...]


def _together(runs: list[_UnitRow]) -> _UnitRow:
    return _UnitRow(
        min(run.earliest_s for run in runs),
        max(run.latest_s for run in runs),
        tuple(row for run in runs for row in run.rows),
    )


def _interval(rows: Iterable[tuple[int, bool, Row]]) -> Interval:
    by_octet: defaultdict[int, list[Row]] = defaultdict(list)
    everything = []
    for low_octet, is_cut, row in rows:
        everything.append(row)
        if not is_cut:
            by_octet[low_octet].append(row)
    units = [Unit(octet, *total(found)[2:]) for octet, found in sorted(by_octet.items())]
    return Interval(
        min(row.first for row in everything),
        max(row.last for row in everything),
        tuple(units),
        sum(row.frames for row in everything),
    )


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
