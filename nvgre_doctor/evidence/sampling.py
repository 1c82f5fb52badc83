"""Which VM pairs are kept of a capture with very many: a choice that depends on the set of streams
alone.

Knows MACs and numbers of streams; nothing about frames.
"""

from collections import defaultdict
from typing import Final
from zlib import crc32

from nvgre_doctor.evidence.parts import MACS, bits_of, macs_of

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
"""How many units are kept of each of these, any: enough to see whether their FlowIDs are spread."""
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


def choose(units: list[bytes], level: int, share: int) -> tuple[int, set[bytes]]:
    """Which units of one direction are kept, `share` or fewer, where it has a level already: the
    level that it has now, and these units.

    The level is the lowest that keeps VM_STREAMS (or `share`) or fewer of its streams, if there is
    one.
    """
    most = min(VM_STREAMS, share)
    of_each = min(STREAM_UNITS, share // most)
    streams: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for unit in units:
        macs = macs_of(unit)
        if macs:
            streams[macs + bits_of(unit)].append(unit)
    if level or len(streams) > most:
        ranks = {stream: vm_rank(stream[:MACS]) for stream in streams}
        following = sorted(ranks.values(), reverse=True)[most:]
        level = max(level, min(following[0] + 1, HIGHEST_LEVEL) if following else 0)
        for stream, rank in ranks.items():
            if rank < level:
                del streams[stream]
    kept: set[bytes] = set()
    for of_stream in streams.values():
        if len(of_stream) > of_each:
            of_stream.sort(key=crc32)
        kept.update(of_stream[:of_each])
    return level, kept
