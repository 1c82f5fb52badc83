"""All units of one capture, and which of them are kept where there are very many."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from nvgre_doctor.evidence import sampling
from nvgre_doctor.evidence.parts import (
    ends_of,
    is_kept,
    octet_of,
    unkept_key,
)
from nvgre_doctor.evidence.rows import (
    frames_of,
    labelled,
    merge,
    shift,
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
