"""Low octets: FlowIDs of one virtual subnet, or neighbouring ids that an administrator typed.

Two keys of one VM pair that differ in bits 7..0 only are several flows under RFC 7637, and several
cloned tenants under draft-00.  How the octets are spread tells them apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from enum import IntEnum
from itertools import pairwise
from math import gcd
from typing import Final

from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.spans import Span


class FlowIds(IntEnum):
    """How sure it is that the octets of one span and upper bits are FlowIDs."""

    NOTHING = 0
    PERHAPS = 1
    CERTAIN = 2


TENTH: Final = 10
"""Of so many packets one may be wrong."""
MANY: Final = 9
"""So many octets that are not consecutive are no ids of clones."""
MANY_BOTH_WAYS: Final = 16
"""The same of octets that come back the other way, as ids of clones do."""
SPREAD: Final = 5
SPREAD_WIDTH: Final = 64
"""Nor are so few, if they lie this far apart without a common step."""
CONVERSATION_WIDTH: Final = 16
"""How far apart the octets of both directions of one conversation must be: VMs of a small subnet
inside a /24 are routed, and have neighbouring ids."""

Classes = dict[tuple[int, int], FlowIds]
"""By span and bits 31..8, where a VM pair has several octets."""


def classify(spans: Sequence[Span]) -> Classes:
    """What the octets of VM pairs with two or more of them are."""
    pools: dict[tuple[int, int], set[int]] = {}
    ways: defaultdict[tuple[int, bytes], set[int]] = defaultdict(set)
    pooled: defaultdict[tuple[int, int], set[bytes]] = defaultdict(set)
    if not any(differ_in_octet(span.heard) for span in spans):
        return {}
    for number, span in enumerate(spans):
        by_pair: defaultdict[tuple[int, bytes, bytes], dict[int, int]] = defaultdict(dict)
        for heard in span.heard:
            if heard.macs and not heard.macs[0] & 1:
                octet, weights = heard.gre_key & 0xFF, by_pair[_pair(heard)]
                weights[octet] = weights.get(octet, 0) + heard.weight
        for (upper_bits, macs, _), weights in by_pair.items():
            octets = without_lonely(weights)
            ways[upper_bits, macs] |= octets
            if len(octets) > 1:
                pools.setdefault((number, upper_bits), set()).update(octets)
                pooled[number, upper_bits].add(macs)
    classes: Classes = {}
    for group, octets in pools.items():
        classes[group] = judge(octets)
        if any(_may_be_ids(ways, group[1], macs, len(octets)) for macs in pooled[group]):
            classes[group] = min(classes[group], FlowIds.PERHAPS)
    return classes


def differ_in_octet(units: Sequence[Heard]) -> bool:
    """Whether two of their keys differ in the low octet alone: few do."""
    upper_bits = {unit.gre_key >> 8 for unit in units}
    return len({unit.gre_key for unit in units}) > len(upper_bits)


def _pair(heard: Heard) -> tuple[int, bytes, bytes]:
    return heard.gre_key >> 8, heard.macs, heard.subnet


def _may_be_ids(
    ways: Mapping[tuple[int, bytes], set[int]], upper_bits: int, macs: bytes, count: int
) -> bool:
    """Whether octets of a VM pair, of so many in all, may be ids of clones: too few without the
    other way, or too few as most come back the other way.
    """
    there, back = ways[upper_bits, macs], ways.get((upper_bits, macs[6:] + macs[:6]), set())
    both = len(there & back)
    if both > 1 and 2 * both > min(len(there), len(back)):
        return count < MANY_BOTH_WAYS
    return not back and count < MANY


def without_lonely(weights: Mapping[int, int]) -> set[int]:
    """Octets, by how many packets have them; without one that a single packet has beside more than
    ten with another one: a bit may have flipped.
    """
    if len(weights) == 2 and sum(weights.values()) > TENTH and 1 in weights.values():
        return {max(weights, key=weights.__getitem__)}
    return set(weights)


def judge(octets: Set[int]) -> FlowIds:
    """From the octets alone."""
    count = len(octets)
    if count < 2:
        return FlowIds.NOTHING
    ordered = sorted(octets)
    width = ordered[-1] - ordered[0]
    if count == 2:
        return FlowIds.PERHAPS if width >= CONVERSATION_WIDTH else FlowIds.NOTHING
    if width <= 2 * count or gcd(*[b - a for a, b in pairwise(ordered)]) > 1:
        return FlowIds.NOTHING
    if count >= MANY or (count >= SPREAD and width >= SPREAD_WIDTH):
        return FlowIds.CERTAIN
    return FlowIds.PERHAPS


def share_conversation(units: Iterable[Heard], upper_bits: int) -> bool:
    """Whether one conversation has one octet one way and another one back: no clone does that."""
    ways: defaultdict[int, dict[bytes, set[int]]] = defaultdict(dict)
    for heard in units:
        if heard.gre_key >> 8 == upper_bits:
            for packet in heard.packets:
                if packet.conversation:
                    ways[packet.conversation].setdefault(heard.macs, set()).add(
                        heard.gre_key & 0xFF
                    )
    for by_macs in ways.values():
        for macs, octets in by_macs.items():
            back = by_macs.get(macs[6:] + macs[:6], ())
            if any(abs(one - two) >= CONVERSATION_WIDTH for one in octets for two in back):
                return True
    return False
