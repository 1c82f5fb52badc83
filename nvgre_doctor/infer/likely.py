"""Evidence that is statistical: the lowest octets of keys, over all hosts that are known to speak
one layout.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from nvgre_doctor.infer.diagnosis import Stream, Witness
from nvgre_doctor.infer.kinds_of_evidence import SameLayout
from nvgre_doctor.vocabulary import Kind, Layout
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.layouts import Reading

FLOWS_OF_ONE_OCTET: Final = 2
"""How many VM pairs of one VSID must share one low octet that is not zero.  A current host draws a
FlowID for each flow, so that two pairs share theirs by chance is 1 in 256: the same odds as for one
TNI whose low octet happens to be zero.  The two
directions of one VM pair count once: a sender may well give both the same FlowID."""


def by_low_octet(streams: Iterable[Stream], ties: Iterable[SameLayout]) -> Iterator[Witness]:
    """Evidence 5, at most one witness for each host; for hosts without proof only.

    Every low octet is 0: current hosts that generate no FlowID (chance under the old layout: 1 in
    256 for each TNI).  The same other octet on all VM pairs of a VSID: the old layout.  Hosts that
    are tied to each other are judged together.
    """
    sent: defaultdict[bytes, list[Stream]] = defaultdict(list)
    for stream in streams:
        if any(layouts.reading(gre_key) is Reading.EITHER for gre_key in stream.gre_keys):
            sent[stream.source].append(stream)
    for group in _tied_groups(sent, ties):
        together = [stream for address in group for stream in sent[address]]
        found = _judge(together)
        if found is None:
            continue
        layout, shown = found
        for address in group:
            own = next(
                (stream for stream in sent[address] if stream.upper_bits == shown.upper_bits), None
            )
            if own is not None:
                yield Witness(Kind.LOW_OCTET, layout, own)
            else:
                yield Witness(Kind.SAME_LAYOUT_PEER, layout, sent[address][0], shown)


def _tied_groups(addresses: Iterable[bytes], ties: Iterable[SameLayout]) -> list[list[bytes]]:
    """Hosts in groups that must share a layout, in order."""
    leader = {address: address for address in addresses}

    def find(address: bytes) -> bytes:
        while leader[address] != address:
            leader[address] = leader[leader[address]]  # halves the path: long chains stay cheap
            address = leader[address]
        return address

    for one, two in ties:
        if one.source in leader and two.source in leader:
            low, high = sorted((find(one.source), find(two.source)))
            leader[high] = low
    groups: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for address in sorted(leader):
        groups[find(address)].append(address)
    return list(groups.values())


def _judge(streams: list[Stream]) -> tuple[Layout, Stream] | None:
    """The likely layout, and a stream that shows why."""
    if all(stream.low_octets == b"\0" for stream in streams):
        return Layout.CURRENT, streams[0]
    if any(len(stream.low_octets) > 1 for stream in streams):
        return None
    vsids: defaultdict[int, list[Stream]] = defaultdict(list)
    for stream in streams:
        vsids[stream.upper_bits].append(stream)
    for same in vsids.values():
        vm_pairs = {frozenset((stream.macs[:6], stream.macs[6:])) for stream in same}
        octets = {stream.low_octets for stream in same}
        if len(octets) == 1 and b"\0" not in octets and len(vm_pairs) >= FLOWS_OF_ONE_OCTET:
            return Layout.OLD, same[0]
    return None
