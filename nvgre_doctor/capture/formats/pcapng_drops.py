"""What single packet blocks of pcapng say about packets that were dropped before them.

Format: draft-ietf-opsawg-pcapng section 4.3, option epb_dropcount.
"""

import struct
from collections.abc import Iterable
from typing import Final

from nvgre_doctor.capture.formats.pcapng_options import read_values
from nvgre_doctor.capture.losses import Losses

_OPTIONS: Final = 28  # behind the frame, which begins here
_DROP_COUNT: Final = 4


def tell_drop_counts(losses: Losses, data: bytes, stamps: Iterable[int], order: str) -> None:
    """Of enhanced packet blocks that may have options, by the offsets of their times."""
    for stamp in stamps:
        begin = stamp - 12
        (size,) = struct.unpack_from(order + "I", data, begin + 4)
        (captured,) = struct.unpack_from(order + "I", data, begin + 20)
        start = begin + _OPTIONS + ((captured + 3) & ~3)
        end = min(begin + size - 4, len(data))  # of a very long block only the head is here
        for code, value in read_values(data, start, end, order):
            if code == _DROP_COUNT and len(value) == 8:
                losses.tell_before(struct.unpack(order + "Q", value)[0])
                break
