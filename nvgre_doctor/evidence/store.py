"""All units of one capture, and which of them are kept where there are very many."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
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
    octet_of,
    read_key,
    unkept_key,
)
from nvgre_doctor.evidence.rows import (
    ROW,
    Row,
    customers_of,
    frames_of,
    labelled,
    merge,
    moments_of,
    packets_of,
    rows_of,
    settle,
    shift,
    total,
)


class Units:
    """Packed rows by `parts.unit_key`.

    Beyond sampling.ALL_UNITS only some VM pairs are kept for each direction from one provider
    address to another, those of the highest `vm_rank`.  The others are put together by source and
    id.  What is kept depends on the set of units alone, not on their order, nor on how a capture
    was split.
    """

    def __init__(self) -> None:
        """None."""
        self.packed: dict[bytes, bytes] = {}
        self.is_thinned = False
        self.levels: dict[bytes, int] = {}
        """The lowest rank that is kept, by source + destination."""
        self.unkept_frames: Counter[bytes] = Counter()  # by source + destination
        self._kept: defaultdict[bytes, list[bytes]] = defaultdict(list)
        """The units that are kept, by source + destination, once it is chosen among them."""

    def _facts(self) -> tuple[object, ...]:
        return self.packed, self.is_thinned, self.levels, self.unkept_frames

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Units) and self._facts() == other._facts()

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "Units") -> "Units":
        merged = self.shifted(0)
        merged.unkept_frames.update(other.unkept_frames)
        if other.is_thinned and not merged.is_thinned:
            merged._thin()
        merged.add(other.packed.items(), ((*level, 0) for level in other.levels.items()))
        return merged

    def shifted(self, numbers: int) -> "Units":
        """The same with `numbers` added to every frame number: this stretch follows another one."""
        units = Units()
        units.packed = {
            unit: shift(packed, numbers) if numbers else packed
            for unit, packed in self.packed.items()
        }
        units.is_thinned, units.levels = self.is_thinned, dict(self.levels)
        units.unkept_frames = self.unkept_frames.copy()
        units._kept = defaultdict(list, {ends: list(kept) for ends, kept in self._kept.items()})
        return units

    def add(
        self,
        units: Iterable[tuple[bytes, bytes]],
        directions: Iterable[tuple[bytes, int, int]] = (),
    ) -> None:
        """Count packed rows.  One unit may come several times.

        `directions` are those, by source + destination, of which somebody found that they have too
        many VM pairs below a level, and of how many frames of such VM pairs the rows come as those
        of units that are not kept.
        """
        more: defaultdict[bytes, list[bytes]] = defaultdict(list)
        fresh: set[bytes] = set()
        for ends, level, frames in directions:
            self.unkept_frames[ends] += frames
            if level > self.levels.get(ends, 0):
                self.levels[ends] = level
                fresh.add(ends)
        for unit, packed in units:
            if unit in self.packed:
                more[unit].append(packed)
                continue
            ends = ends_of(unit)
            self.packed[unit] = packed
            fresh.add(ends)
            if self.is_thinned and is_kept(unit):
                self._kept[ends].append(unit)
        for unit, parts in more.items():
            self.packed[unit] = merge([self.packed[unit], *parts])
        if self.is_thinned:
            self._settle(fresh)
        elif len(self.packed) > sampling.ALL_UNITS:
            self._thin()

    def masks(self) -> dict[bytes, int]:
        """By source + destination, where not all VM pairs are kept: as many one bits as the level
        says, 8 at most.
        """
        return {ends: (1 << min(level, 8)) - 1 for ends, level in self.levels.items()}

    def frames_by_ends(self) -> Counter[bytes]:
        """Frames by source + destination."""
        counts = self.unkept_frames.copy()
        for unit, packed in self.packed.items():
            if is_kept(unit):
                counts[ends_of(unit)] += frames_of(packed)
        return counts

    def without(self, is_out: Callable[[bytes], bool]) -> "Units":
        """The same without directions from or to some provider addresses."""

        @cache  # as many entries as there are directions
        def is_left(ends: bytes) -> bool:
            middle = len(ends) // 2 if len(ends) in (8, 32) else len(ends)
            return not (is_out(ends[:middle]) or (ends[middle:] and is_out(ends[middle:])))

        rest = self.shifted(0)
        rest.packed = {unit: rows for unit, rows in self.packed.items() if is_left(ends_of(unit))}
        rest.unkept_frames = Counter(
            {ends: frames for ends, frames in self.unkept_frames.items() if is_left(ends)}
        )
        rest._kept = defaultdict(
            list, {ends: kept for ends, kept in rest._kept.items() if is_left(ends)}
        )
        return rest

    def parts(self) -> Iterator[tuple[PartKey, Part]]:
        """Everything, in a fixed order.  Parts of VM pairs that are not kept have no
        destination.
        """
        found: defaultdict[PartKey, list[tuple[int, bool, bytes]]] = defaultdict(list)
        for unit, packed in self.packed.items():
            key, octet, is_cut = read_key(unit)
            found[key].append((octet if key.destination else packed[1], is_cut, packed))
        for key, units in sorted(found.items(), key=itemgetter(0)):
            yield key, _part(key, units)

    def _thin(self) -> None:
        self.is_thinned = True
        for unit in self.packed:
            if is_kept(unit):
                self._kept[ends_of(unit)].append(unit)
        self._settle(self._kept.keys())

    def _settle(self, directions: Iterable[bytes]) -> None:
        """Keep what is to be kept of these."""
        out: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for ends in directions:
            units = self._kept.get(ends, [])
            level, kept = sampling.choose(units, self.levels.get(ends, 0))
            if level:
                self.levels[ends] = level
            if len(kept) == len(units):
                continue
            self._kept[ends] = list(kept)
            for unit in units:
                if unit not in kept:
                    packed = self.packed.pop(unit)
                    self.unkept_frames[ends] += frames_of(packed)
                    out[unkept_key(unit)].append(labelled(packed, octet_of(unit)))
        for unit, parts in out.items():
            known = self.packed.get(unit)
            self.packed[unit] = merge(parts if known is None else [known, *parts])


class _Rows(NamedTuple):
    earliest: int
    latest: int
    rows: tuple[tuple[int, bool, Row], ...]  # with low octet, and whether it is cut


def _part(key: PartKey, units: list[tuple[int, bool, bytes]]) -> Part:
    """Intervals of a part, of the rows of its units."""
    if len(units) == 1 and len(units[0][2]) <= 1 + units[0][2][0] + ROW.size:  # as nearly always
        octet, is_cut, packed = units[0]
        (row,) = rows_of(packed)
        ends = moments_of(row)
        whole = () if is_cut else (Unit(octet, row[2], *ends, packets_of(row)),)
        about = customers_of(packed) if key.destination else b""
        return Part((Interval(*ends, whole, row[2]),), about)
    rows = [
        _Rows(row[0], row[1], ((octet, is_cut, row),))
        for octet, is_cut, packed in units
        for row in rows_of(packed)
    ]
    intervals = [_interval(run.rows) for run in settle(rows, _together)]
    first = min((row[3], customers_of(packed)) for _, _, packed in units for row in rows_of(packed))
    return Part(tuple(sorted(intervals)), first[1] if key.destination else b"")


def _together(runs: list[_Rows]) -> _Rows:
    return _Rows(
        min(run.earliest for run in runs),
        max(run.latest for run in runs),
        tuple(row for run in runs for row in run.rows),
    )


def _interval(rows: Iterable[tuple[int, bool, Row]]) -> Interval:
    by_octet: defaultdict[int, list[Row]] = defaultdict(list)
    for octet, is_cut, row in rows:
        by_octet[octet if not is_cut else -1].append(row)
    whole = total([row for of_octet in by_octet.values() for row in of_octet])
    by_octet.pop(-1, None)
    units = []
    for octet, of_octet in sorted(by_octet.items()):
        row = total(of_octet)
        units.append(Unit(octet, row[2], *moments_of(row), packets_of(row)))
    return Interval(*moments_of(whole), tuple(units), whole[2])
