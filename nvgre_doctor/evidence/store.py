"""All units of one capture, and which of them are kept where there are very many."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from nvgre_doctor.evidence import limits, sampling
from nvgre_doctor.evidence.limits import LeftOut, Rank
from nvgre_doctor.evidence.parts import (
    ends_of,
    halves,
    is_kept,
    octet_of,
    source_of,
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
    id.  Beyond `limits`, so are all VM pairs of some pairs of addresses, and some ids are not kept.
    What is kept depends on the set of units alone, not on their order, nor on how a capture was
    split.
    """

    def __init__(self) -> None:
        """None."""
        self.packed: dict[bytes, bytes] = {}
        self.is_thinned = False
        self.levels: dict[bytes, int] = {}
        """The lowest rank that is kept, by source + destination."""
        self.unkept_frames: Counter[bytes] = Counter()  # by source + destination
        self.cut: Rank | None = None  # from which on pairs of addresses are left out
        self.left_out = LeftOut()
        self._kept: defaultdict[bytes, list[bytes]] = defaultdict(list)
        """By source + destination, all of them: the units that are kept."""
        self._ids: set[bytes] = set()  # the units that are not
        self._share = limits.share_of(0)
        self._enough = limits.HOSTS  # directions, before it is worth to look again

    def _facts(self) -> tuple[object, ...]:
        thinned = self.is_thinned, self.levels, self.unkept_frames
        return self.packed, *thinned, self.cut, self.left_out

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Units) and self._facts() == other._facts()

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: "Units") -> "Units":
        merged = self.shifted(0)
        merged.unkept_frames.update(other.unkept_frames)
        merged.left_out = self.left_out.plus(other.left_out)
        merged.is_thinned |= other.is_thinned
        merged.cut = min(filter(None, (self.cut, other.cut)), default=None)
        merged.add(other.packed.items(), ((*level, 0) for level in other.levels.items()))
        if other.is_thinned and not self.is_thinned:
            merged._settle(list(merged._kept))
        merged.limit()
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
        units.cut, units.left_out, units._share = self.cut, self.left_out, self._share
        units._kept = defaultdict(list, {ends: list(kept) for ends, kept in self._kept.items()})
        units._ids, units._enough = set(self._ids), self._enough
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
                self._kept.setdefault(ends, [])
                fresh.add(ends)
        for unit, packed in units:
            if unit in self.packed:
                more[unit].append(packed)
                continue
            self.packed[unit] = packed
            if is_kept(unit):
                ends = ends_of(unit)
                self._kept[ends].append(unit)
                fresh.add(ends)
            else:
                self._ids.add(unit)
        for unit, parts in more.items():
            self.packed[unit] = merge([self.packed[unit], *parts])
        if self.is_thinned:
            self._settle(fresh)
        elif len(self.packed) > sampling.ALL_UNITS:
            self.is_thinned = True
            self._settle(list(self._kept))
        if len(self._kept) > self._enough or len(self._ids) > 2 * limits.IDS:
            self.limit()

    def masks(self) -> dict[bytes, int]:
        """By source + destination, where not all VM pairs are kept: as many one bits as the level
        says, 8 at most.
        """
        return {ends: (1 << min(level, 8)) - 1 for ends, level in self.levels.items()}

    def limit(self) -> None:
        """Leave out what is too much: afterwards it does not matter in which order all came."""
        found = limits.first_left_out(self._kept)
        self.cut = min(filter(None, (self.cut, found)), default=None)
        if self.cut is not None:
            self.is_thinned = True
            out = [ends for ends in self._kept if limits.rank_of(ends) >= self.cut]
            self._put_away({ends: self._kept.pop(ends) for ends in out})
            frames = 0
            for ends in out:
                self.levels.pop(ends, None)
                frames += self.unkept_frames.pop(ends)
            self.left_out = self.left_out.plus(LeftOut(frames))
            self._settle(())
        if len(self._ids) > limits.IDS:
            frames = 0
            for unit in limits.beyond(self._ids, limits.IDS):
                frames += frames_of(self.packed.pop(unit))
                self._ids.remove(unit)
            self.left_out = self.left_out.plus(LeftOut(frames_of_ids=frames))
        self._enough = max(limits.HOSTS, 2 * len(self._kept))

    def of_hosts(self) -> Mapping[bytes, bytes]:
        """The units of all addresses that are kept: those of the others stay until it is known
        which these are.
        """
        if self.cut is None:
            return self.packed
        hosts = {half for ends in self._kept for half in halves(ends)}
        return {unit: rows for unit, rows in self.packed.items() if source_of(unit) in hosts}

    def sent(self) -> Counter[bytes]:
        """Frames by the address that sent them."""
        frames: Counter[bytes] = Counter()
        for unit, packed in self.packed.items():
            frames[source_of(unit)] += frames_of(packed)
        return frames

    def _settle(self, directions: Iterable[bytes]) -> None:
        """Keep what is to be kept of these; of all, where each may have less than before."""
        share = limits.share_of(len(self._kept) if self.cut is None else limits.PAIRS)
        if share < self._share:
            self._share, directions = share, list(self._kept)
        out: dict[bytes, list[bytes]] = {}
        for ends in directions:
            units = self._kept[ends]
            level, kept = sampling.choose(units, self.levels.get(ends, 0), self._share)
            if level:
                self.levels[ends] = level
            if len(kept) < len(units):
                self._kept[ends] = list(kept)
                out[ends] = [unit for unit in units if unit not in kept]
        self._put_away(out)

    def _put_away(self, out: Mapping[bytes, Iterable[bytes]]) -> None:
        """Put units that are not kept any more together with others."""
        away: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for ends, units in out.items():
            for unit in units:
                packed = self.packed.pop(unit)
                self.unkept_frames[ends] += frames_of(packed)
                away[unkept_key(unit)].append(labelled(packed, octet_of(unit)))
        for unit, parts in away.items():
            known = self.packed.get(unit)
            self.packed[unit] = merge(parts if known is None else [known, *parts])
        self._ids.update(away)  # `|=` with keys would copy all of them
