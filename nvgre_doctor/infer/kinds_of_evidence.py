"""What single streams, and pairs of streams, prove about the layout of who sent them.

One function for each kind of evidence.  Every one asks first whether the value can be written in
that layout at all. A VM port has one VSID: that is the axiom (MS HNV; RFC 7637 section 3.2) behind
everything that compares two streams.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from nvgre_doctor.infer.diagnosis import Stream, Witness
from nvgre_doctor.vocabulary import Kind, Layout
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.layouts import Reading


class SameLayout(NamedTuple):
    """Two streams that fit each other under either layout: whatever one sender spoke, so did the
    other.
    """

    one: Stream
    two: Stream


def old_key(stream: Stream) -> int | None:
    """The stream's key, if a host that speaks draft-00 can have written the stream: there the key
    of a VM pair is constant.
    """
    if len(stream.low_octets) != 1:
        return None
    gre_key = stream.upper_bits << 8 | stream.low_octets[0]
    return gre_key if layouts.fits_old(gre_key) else None


def by_range(streams: Iterable[Stream]) -> Iterator[Witness]:
    """Evidence 1: the value is possible under one layout only."""
    for stream in streams:
        reading = layouts.reading(stream.lowest_gre_key)  # the same for every FlowID
        if reading is Reading.OLD_ONLY:
            yield Witness(Kind.RANGE, Layout.OLD, stream)
        elif reading is Reading.CURRENT_ONLY:
            yield Witness(Kind.RANGE, Layout.CURRENT, stream)


def by_flow_id(streams: Iterable[Stream]) -> Iterator[Witness]:
    """Evidence 2: one VM pair, two keys with equal bits 31..8.  The receiving host may have several
    provider addresses.

    A broadcast has no VM pair: its sender may be a gateway, whose port is in many virtual subnets.
    """
    groups: defaultdict[tuple[bytes, int, bytes], list[Stream]] = defaultdict(list)
    for stream in streams:
        if stream.macs and not stream.macs[0] & 1 and layouts.is_usable(stream.upper_bits):
            groups[stream.source, stream.upper_bits, stream.macs].append(stream)
    for group in groups.values():
        if len(set().union(*[stream.low_octets for stream in group])) > 1:
            yield from (Witness(Kind.FLOW_ID, Layout.CURRENT, stream) for stream in group)


def by_both_directions(streams: Iterable[Stream]) -> tuple[list[Witness], list[SameLayout]]:
    """Evidence 3: the two directions of one VM pair must carry one VSID."""
    directions: defaultdict[tuple[bytes, bytes, bytes], list[Stream]] = defaultdict(list)
    for stream in streams:
        if stream.macs:
            directions[stream.source, stream.destination, stream.macs].append(stream)
    witnesses: list[Witness] = []
    same: list[SameLayout] = []
    for (source, destination, macs), forward in directions.items():
        if source < destination:
            backward = directions.get((destination, source, macs[6:] + macs[:6]), ())
            for one, two in _comparable(forward, backward):
                _compare(one, two, witnesses, same)
    return witnesses, same


def _comparable(
    forward: Sequence[Stream], backward: Sequence[Stream]
) -> Iterator[tuple[Stream, Stream]]:
    """Those that have a value in common, whatever the layouts: all others prove nothing, and there
    may be millions.
    """
    if len(backward) == 1:
        yield from ((one, backward[0]) for one in forward)
        return
    by_value: defaultdict[int, set[int]] = defaultdict(set)
    for index, stream in enumerate(backward):
        for value in _values(stream):
            by_value[value].add(index)
    for one in forward:
        yield from (
            (one, backward[index])
            for index in sorted(set().union(*map(by_value.__getitem__, _values(one))))
        )


def _values(stream: Stream) -> set[int]:
    """What the VSID or TNI of a stream can be."""
    old = old_key(stream)
    return {stream.upper_bits} if old is None else {stream.upper_bits, old}


def _compare(one: Stream, two: Stream, witnesses: list[Witness], same: list[SameLayout]) -> None:
    """Test the four combinations; exactly one proves both senders, both/both ties them together."""
    old_one, old_two = old_key(one), old_key(two)
    both_current = one.upper_bits == two.upper_bits and layouts.is_usable(one.upper_bits)
    if (
        both_current
        and old_one != old_two
        and None not in (old_one, old_two)
        and not _share_subnet(one, two)
    ):
        return  # two routed VMs in neighbouring TNIs look the same
    both_old = old_one is not None and old_one == old_two
    possible = [
        pair
        for pair, holds in (
            ((Layout.CURRENT, Layout.CURRENT), both_current),
            ((Layout.OLD, Layout.OLD), both_old),
            ((Layout.CURRENT, Layout.OLD), old_two is not None and one.upper_bits == old_two),
            ((Layout.OLD, Layout.CURRENT), old_one is not None and two.upper_bits == old_one),
        )
        if holds
    ]
    if len(possible) == 1:
        ((layout_one, layout_two),) = possible
        witnesses.append(Witness(Kind.BOTH_DIRECTIONS, layout_one, one, two))
        witnesses.append(Witness(Kind.BOTH_DIRECTIONS, layout_two, two, one))
    elif both_current and both_old:
        same.append(SameLayout(one, two))


def _share_subnet(one: Stream, two: Stream) -> bool:
    """Whether both streams are of one virtual subnet for certain: their customer addresses are in
    one /24 (IPv6: /64).

    Between subnets the key may hold the VSID of either end; which one, no source says.
    """
    addresses = one.customer_addresses + two.customer_addresses
    if not one.customer_addresses or not two.customer_addresses:
        return False
    size, prefix = (4, 3) if len(one.customer_addresses) == 8 else (16, 8)
    return len({addresses[at : at + prefix] for at in range(0, len(addresses), size)}) == 1


def by_layout_change(streams: Iterable[Stream]) -> Iterator[Witness]:
    """Evidence 4: one VM behind one host, with key V and with V << 8 | FlowID."""
    vms: defaultdict[tuple[bytes, bytes], list[Stream]] = defaultdict(list)
    for stream in streams:
        if stream.macs:
            vms[stream.source, stream.inner_source_mac].append(stream)
    for group in vms.values():
        if len(group) == 1:
            continue
        by_upper_bits: dict[int | None, Stream] = {stream.upper_bits: stream for stream in group}
        for old in group:
            current = by_upper_bits.get(old_key(old))
            if current is not None:
                yield Witness(Kind.LAYOUT_CHANGE, Layout.OLD, old, current)
                yield Witness(Kind.LAYOUT_CHANGE, Layout.CURRENT, current, old)
