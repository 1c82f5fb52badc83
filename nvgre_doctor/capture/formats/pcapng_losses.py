"""What the blocks of pcapng say about packets that were not captured.

Format: draft-ietf-opsawg-pcapng.
"""

import struct
from collections.abc import Iterable
from typing import Final

from nvgre_doctor.capture.formats.pcapng_options import read_values
from nvgre_doctor.capture.losses import Losses

_STATISTICS_OPTIONS: Final = 20
_IF_DROP, _OS_DROP = 5, 7
_EPB_OPTIONS: Final = 28
_EPB_DROP_COUNT: Final = 4


def count_statistics(losses: Losses, block: bytes, order: str) -> None:
    """An Interface Statistics Block: what an interface and the operating system dropped since the
    beginning of the capture.
    """
    if len(block) < _STATISTICS_OPTIONS + 4:
        return
    (interface,) = struct.unpack_from(order + "I", block, 8)
    values = read_values(block, _STATISTICS_OPTIONS, len(block) - 4, order)
    dropped = {code: _number(value, order) for code, value in values}
    losses.count(interface, dropped.get(_IF_DROP, 0), dropped.get(_OS_DROP, 0))


def add_drop_counts(losses: Losses, data: bytes, stamps: Iterable[int], order: str) -> None:
    """Enhanced Packet Blocks that may have options, by the offsets of their times: how many packets
    were dropped before each.
    """
    for stamp in stamps:
        size, interface = struct.unpack_from(order + "II", data, stamp - 8)
        (captured,) = struct.unpack_from(order + "I", data, stamp + 8)
        begin = stamp - 12
        start, end = begin + _EPB_OPTIONS + ((captured + 3) & ~3), begin + size - 4
        end = min(end, len(data))  # of a block that is longer than a buffer only the head is here
        for code, value in read_values(data, start, end, order):
            if code == _EPB_DROP_COUNT:
                losses.add(interface, _number(value, order))
                break


def _number(value: bytes, order: str) -> int:
    """A counter of 64 bits; 0 for what is none."""
    return int(struct.unpack(order + "Q", value)[0]) if len(value) == 8 else 0
