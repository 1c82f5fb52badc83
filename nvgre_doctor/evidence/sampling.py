"""Which VM pairs are kept of a capture with very many: a choice that depends on the set of streams
alone.

Knows MACs and numbers of streams; nothing about frames.
"""

from collections.abc import Iterable
from typing import Final
from zlib import crc32

ALL_UNITS: Final = 20_000
"""How many units are kept of one capture.  Captures of a lab or of a few hosts have far fewer: all
are kept.
"""
VM_STREAMS: Final = 8
"""How many VM pairs with their ids are kept for each direction between two hosts in a capture with
more.  A layout belongs to a host, so a few VM pairs
prove it as well as thousands; memory then grows with hosts and virtual subnets, not with VM pairs.
"""
STREAM_UNITS: Final = 16
"""How many units are kept of each of these: enough to see whether their FlowIDs are spread."""
HIGHEST_LEVEL: Final = 40
"""The highest rank: 8 bits and 32."""
OCTET_SPREAD: Final = bytes(crc32(b"%d" % (octet * octet)) & 0xFF for octet in range(256))
"""Hyper-V numbers MACs in order, so the two of a VM pair differ by the same number again and again:
their XOR alone says nothing.
"""
_LOW_ZERO_BITS: Final = bytes(
    (octet & -octet).bit_length() - 1 if octet else 8 for octet in range(256)
)


def vm_rank(macs: bytes) -> int:
    """A number from 0 to 40 that both directions of a VM pair share: the pairs of the highest ranks
    are kept.

    It is the number of low zero bits of a hash, so half of all pairs have rank 0, a quarter rank 1
    and so on.  The low 8 bits are cheap to work out, which the scan uses; the 32 bits above them
    are spread evenly whatever the MACs are.
    """
    rank = _LOW_ZERO_BITS[OCTET_SPREAD[macs[5]] ^ OCTET_SPREAD[macs[11]]]
    if rank < 8:
        return rank
    one, two = sorted((macs[:6], macs[6:]))
    high = crc32(one + two) or 1 << 32
    return 7 + (high & -high).bit_length()


def level_for(ranks: Iterable[int]) -> int:
    """The lowest level that keeps VM_STREAMS or fewer of streams with these ranks, if there is
    one.
    """
    following = sorted(ranks, reverse=True)[VM_STREAMS:]
    return min(following[0] + 1, HIGHEST_LEVEL) if following else 0


def not_among_the_smallest(units: list[bytes]) -> list[bytes]:
    """Those that are not kept of all units of one stream: of their keys, any STREAM_UNITS."""
    if len(units) <= STREAM_UNITS:
        return []
    return sorted(units, key=crc32)[STREAM_UNITS:]
