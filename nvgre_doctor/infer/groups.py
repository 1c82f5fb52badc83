"""Groups: frames that must be of one tenant, and why.

Knows MACs, customer subnets and provider addresses; nothing about ids.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final

from nvgre_doctor.evidence.parts import Net
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.spans import Span, vm_pair

MOST_BROADCASTS: Final = 8
"""How many broadcasts of one VM stand beside its unicasts."""


class Group(StrEnum):
    """Why frames must be of one tenant."""

    PAIR = "p"  # two VMs in one customer subnet
    ROUTED = "r"  # one direction between two subnets
    BROADCAST = "b"  # of one VM
    LOOSE = "l"  # two VMs whose customer addresses were not captured


Units = tuple[Group, list[Heard], bool]


def group_units(spans: Sequence[Span]) -> Iterator[Units]:
    """Every group: the units, and whether other groups have some of them as well."""
    pairs: defaultdict[tuple[bytes, bytes], list[Heard]] = defaultdict(list)
    routed: defaultdict[tuple[bytes, bytes], list[Heard]] = defaultdict(list)
    broadcasts: defaultdict[tuple[bytes, bytes], list[Heard]] = defaultdict(list)
    loose: set[bytes] = set()
    for span in spans:
        for heard in span.heard:
            macs = heard.macs
            if not macs:
                continue
            if macs[0] & 1:
                if heard.subnet:
                    broadcasts[macs[6:], heard.subnet].append(heard)
            elif heard.net is Net.SUBNET:
                pairs[vm_pair(macs), heard.subnet].append(heard)
            elif heard.net is Net.ROUTED:
                routed[macs, heard.subnet].append(heard)
            else:
                loose.add(vm_pair(macs))
    nearby = _by_ends(spans, broadcasts)
    for (macs, subnet), units in pairs.items():
        around = _broadcasts_of(macs, subnet, units, spans, nearby) if nearby else []
        yield Group.PAIR, units + around, bool(around)
    for units in routed.values():
        yield Group.ROUTED, units, False
    for units in broadcasts.values():
        yield Group.BROADCAST, units, True
    if loose:
        yield from _loose(spans, loose)


_Nearby = dict[tuple[bytes, bytes, frozenset[bytes]], list[Heard]]


def _by_ends(spans: Sequence[Span], broadcasts: dict[tuple[bytes, bytes], list[Heard]]) -> _Nearby:
    """Broadcasts by VM, subnet and both provider addresses."""
    nearby: _Nearby = {}
    for (vm, subnet), units in broadcasts.items():
        for unit in units:
            ends = frozenset((spans[unit.span].address, unit.destination))
            nearby.setdefault((vm, subnet, ends), []).append(unit)
    return {
        place: sorted(units, key=lambda u: (-u.weight, u.span, u.gre_key))[:MOST_BROADCASTS]
        for place, units in nearby.items()
    }


def _broadcasts_of(
    macs: bytes, subnet: bytes, units: Iterable[Heard], spans: Sequence[Span], nearby: _Nearby
) -> list[Heard]:
    found: list[Heard] = []
    for ends in {frozenset((spans[u.span].address, u.destination)): None for u in units}:
        for vm in (macs[:6], macs[6:]):
            found += nearby.get((vm, subnet, ends), ())
    return found


def _loose(spans: Sequence[Span], loose: set[bytes]) -> Iterator[Units]:
    whole: defaultdict[bytes, list[Heard]] = defaultdict(list)
    for span in spans:
        for heard in span.heard:
            pair = vm_pair(heard.macs)
            if pair in loose:
                whole[pair].append(heard)
    for units in whole.values():
        yield Group.LOOSE, units, True
