"""Evidence 6: which reading of a key is a VSID that the administrator knows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from nvgre_doctor.infer.diagnosis import Stream, Witness
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Kind, Layout
from nvgre_doctor.wire import layouts


def by_inventory(streams: Iterable[Stream], inventory: Inventory) -> Iterator[Witness]:
    """A witness for every stream of which exactly one reading is known.

    Asked from the most to the least specific: the VSIDs of the two VMs by MAC, those behind the two
    provider addresses, all.
    """
    if not inventory.vsids:
        return
    by_mac: defaultdict[bytes, set[int]] = defaultdict(set)
    by_address: defaultdict[bytes, set[int]] = defaultdict(set)
    for record in inventory.records:
        if record.mac:
            by_mac[record.mac].add(record.vsid)
        if record.provider_address:
            by_address[record.provider_address].add(record.vsid)
    for stream in streams:
        scopes = (
            by_mac[stream.macs[:6]] | by_mac[stream.macs[6:]],  # none without MACs
            by_address[stream.source] | by_address[stream.destination],
            inventory.vsids,
        )
        for known in scopes:
            layout = _known_reading(stream, known)
            if layout is not None:
                yield Witness(Kind.INVENTORY, layout, stream)
                break


def _known_reading(stream: Stream, known: Iterable[int]) -> Layout | None:
    is_current = stream.upper_bits in known
    is_old = len(stream.low_octets) == 1 and any(
        layouts.reserved_octet(gre_key) == 0 and gre_key in known for gre_key in stream.gre_keys
    )
    if is_old == is_current:
        return None
    return Layout.OLD if is_old else Layout.CURRENT
