"""What the inventory says of spans: which reading of a key is a VSID that the administrator knows.

Asked from the most to the least specific: the VSIDs of the two VMs by MAC, those behind the two
provider addresses, all.  A record is the administrator's word; a list of some VSIDs only supports.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.tables import NEW, OLD
from nvgre_doctor.known.inventory import Inventory


class Listed(NamedTuple):
    """Units of one span of which one reading is known, by layout; and those known by a record."""

    units: tuple[list[Heard], list[Heard]]
    by_record: tuple[list[Heard], list[Heard]]

    def margin(self, layout: int) -> int:
        """Packets that would have to be wrong."""
        return sum(unit.weight for unit in self.units[layout])

    def hard_margin(self, layout: int) -> int:
        """The same for records alone."""
        return sum(unit.weight for unit in self.by_record[layout])


def look_up(spans: Sequence[Span], inventory: Inventory) -> dict[int, Listed]:
    """By span; nothing where the inventory says nothing."""
    if not inventory.vsids:
        return {}
    by_mac: defaultdict[bytes, set[int]] = defaultdict(set)
    by_address: defaultdict[bytes, set[int]] = defaultdict(set)
    for record in inventory.records:
        if record.mac:
            by_mac[record.mac].add(record.vsid)
        if record.provider_address:
            by_address[record.provider_address].add(record.vsid)
    found: dict[int, Listed] = {}
    for number, span in enumerate(spans):
        listed = Listed(([], []), ([], []))
        for unit in span.heard:
            scopes = (
                (by_mac[unit.macs[:6]] | by_mac[unit.macs[6:]], True),  # none without MACs
                (by_address[span.address] | by_address[unit.destination], True),
                (inventory.vsids, inventory.is_complete),
            )
            for known, is_record in scopes:
                layout = _known_reading(unit, known)
                if layout is not None:
                    listed.units[layout].append(unit)
                    if is_record:
                        listed.by_record[layout].append(unit)
                    break
        if any(listed.units):
            found[number] = listed
    return found


def _known_reading(unit: Heard, known: Iterable[int]) -> int | None:
    is_old = unit.old_id is not None and unit.old_id in known
    is_new = unit.gre_key >> 8 in known
    if is_old == is_new:
        return None
    return OLD if is_old else NEW
