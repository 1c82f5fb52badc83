"""What a careful person can prove from the frames of a world, by the plainest means of proof.md:
values, many and spread FlowIDs, both directions of a VM pair.  It knows no truth, and leaves much
unsaid; what it says must never be wrong in a generated world.

Only the last span of an address counts.  Where several captures heard an address it must be proven
in each by itself, and have one span in each.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from tests.proof.fabric import NEW, OLD, SECOND
from tests.proof.reading import Shown, is_inner_error, read_nvgre
from tests.proof.recording import Recording

RESTART_NS = 20 * SECOND
ENOUGH_OCTETS = 10
HYPER_V_MACS = (b"\x00\x15\x5d", b"\x00\x1d\xd8")
LAYOUTS = (OLD, NEW)


class Heard(NamedTuple):
    at_ns: int
    shown: Shown
    packet: bytes  # the same for copies of one packet

    @property
    def is_hyper_v(self) -> bool:
        macs = self.shown.macs or b""
        return 64 < self.shown.ttl <= 128 and (macs[6:9] in HYPER_V_MACS)


def proven_by_oracle(recordings: list[Recording]) -> dict[bytes, str]:
    """Address -> layout of its last span, for each host that can be proven."""
    claims: dict[bytes, list[set[str]]] = defaultdict(list)
    several = len({recording.content for recording in recordings}) > 1
    for recording in recordings:
        heard = _data_of(recording)
        spans = {address: _spans(frames) for address, frames in heard.items()}
        proven: dict[bytes, set[str]] = {address: set() for address in spans}
        for address, layout in _prove({address: found[-1] for address, found in spans.items()}):
            proven[address].add(layout)
        for address, layouts in proven.items():
            is_unclear = several and len(spans[address]) > 1
            claims[address].append(set() if is_unclear else layouts)
    return {
        address: next(iter(found[0]))
        for address, found in claims.items()
        if len(found[0]) == 1 and all(layouts == found[0] for layouts in found)
    }


def _data_of(recording: Recording) -> dict[bytes, list[Heard]]:
    """Data frames by outer source.  An inner ICMP error may echo the other side's key: no data."""
    found: dict[bytes, list[Heard]] = defaultdict(list)
    for seen in recording.frames:
        shown = read_nvgre(seen.data)
        if shown is None or shown.key >> 8 == 0xFFFFFF or shown.key == 0xFFFFFF:
            continue
        if is_inner_error(shown):
            shown = shown._replace(macs=None)  # a sign of life
        packet = shown.ident.to_bytes(2) + shown.key.to_bytes(4) + shown.destination
        found[shown.source].append(Heard(seen.at_ns, shown, packet + shown.inner[:64]))
    return found


def _spans(frames: list[Heard]) -> list[list[Heard]]:
    """Cut at each silence, and where the clock was set back; without frames that say nothing."""
    spans: list[list[Heard]] = [[]]
    before = frames[0].at_ns
    for one in frames:
        if abs(one.at_ns - before) > RESTART_NS:
            spans.append([])
        before = one.at_ns
        if one.shown.macs is not None:
            spans[-1].append(one)
    return spans


def _prove(spans: dict[bytes, list[Heard]]) -> Iterable[tuple[bytes, str]]:
    fits = {address: _values(frames) for address, frames in spans.items()}
    changed = {address for address, frames in spans.items() if _is_shifted(frames)}
    for address, layout in _claims(spans, fits):
        if address not in changed:
            yield address, layout


def _claims(
    spans: dict[bytes, list[Heard]], fits: dict[bytes, dict[str, int]]
) -> Iterable[tuple[bytes, str]]:
    cloned = _several_tenants(spans.values())
    for address, layouts in fits.items():
        for layout, other in (LAYOUTS, LAYOUTS[::-1]):
            if layouts[layout] >= 2 and not layouts[other]:
                yield address, layout
    for address, frames in spans.items():
        if _has_many_octets(frames) and not fits[address][OLD]:
            yield address, NEW
    yield from _both_directions(spans, cloned, fits)


def _values(frames: list[Heard]) -> dict[str, int]:
    """Distinct packets whose key fits one layout only, of senders that look like Hyper-V."""
    old = {one.packet for one in frames if 0x1000 <= one.shown.key < 0x100000 and one.is_hyper_v}
    new = {one.packet for one in frames if one.shown.key >= 0x01000000 and one.is_hyper_v}
    return {OLD: len(old), NEW: len(new)}


def _streams(frames: Iterable[Heard]) -> dict[bytes, list[Heard]]:
    found: dict[bytes, list[Heard]] = defaultdict(list)
    for one in frames:
        if one.shown.macs and not one.shown.macs[0] & 1:
            found[one.shown.macs].append(one)
    return found


def _is_shifted(frames: list[Heard]) -> bool:
    """Whether one VM pair has K and K << 8: cloned so, or its host was replaced within seconds."""
    for stream in _streams(frames).values():
        keys = {one.shown.key for one in stream}
        if keys & {key >> 8 for key in keys}:
            return True
    return False


def _several_tenants(spans: Iterable[list[Heard]]) -> set[bytes]:
    """MAC pairs, either way, of which one direction has keys with several upper halves."""
    upper: dict[bytes, set[int]] = defaultdict(set)
    for frames in spans:
        for macs, stream in _streams(frames).items():
            upper[macs] |= {one.shown.key >> 8 for one in stream}
    cloned = {macs for macs, found in upper.items() if len(found) > 1}
    return cloned | {macs[6:] + macs[:6] for macs in cloned}


def _has_many_octets(frames: list[Heard]) -> bool:
    """Whether one VM pair has so many and spread low octets that no row of tenants explains it."""
    for stream in _streams(frames).values():
        upper: dict[int, set[int]] = defaultdict(set)
        for one in stream:
            if one.is_hyper_v:
                upper[one.shown.key >> 8].add(one.shown.key & 0xFF)
        for octets in upper.values():
            width = max(octets) - min(octets) + 1
            if len(octets) >= ENOUGH_OCTETS and width > 2 * len(octets):
                return True
    return False


def _both_directions(
    spans: dict[bytes, list[Heard]], cloned: set[bytes], fits: dict[bytes, dict[str, int]]
) -> Iterable[tuple[bytes, str]]:
    """Two hosts of different layouts, if only that gives both directions of a VM pair one VSID.

    Other low octets there than back say nothing here: neighbouring tenants may be heard one way.
    """
    ways: dict[bytes, dict[bytes, list[Heard]]] = defaultdict(dict)
    for address, frames in spans.items():
        for macs, stream in _streams(frames).items():
            ways[macs][address] = stream
    for macs, sources in ways.items():
        back = ways.get(macs[6:] + macs[:6], {})
        if macs in cloned or len(sources) != 1 or len(back) != 1:
            continue
        (a, one_way), (b, other_way) = *sources.items(), *back.items()
        if a == b or not _is_one_subnet(one_way + other_way):
            continue
        if min(len({one.packet for one in way}) for way in (one_way, other_way)) < 2:
            continue
        possible = [
            (of_a, of_b)
            for of_a in LAYOUTS
            for of_b in LAYOUTS
            if len(_ids(one_way, of_a) | _ids(other_way, of_b)) == 1
        ]
        is_mismatch = len(possible) == 1 and possible[0][0] != possible[0][1]
        if is_mismatch and all(one.is_hyper_v for one in one_way + other_way):
            for address, layout in ((a, possible[0][0]), (b, possible[0][1])):
                if not fits[address][NEW if layout == OLD else OLD]:
                    yield address, layout


def _ids(stream: list[Heard], layout: str) -> set[int]:
    """The ids that the keys mean; -1 is none."""
    if layout == NEW:
        return {one.shown.key >> 8 for one in stream}
    return {one.shown.key if one.shown.key < 1 << 24 else -1 for one in stream}


def _is_one_subnet(stream: list[Heard]) -> bool:
    for one in stream:
        if one.shown.customers is None:
            return False
        a, b = one.shown.customers
        if a[:-1] != b[:-1] if len(a) == 4 else a[:8] != b[:8]:
            return False
    return True
