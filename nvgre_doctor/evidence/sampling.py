"""Which VM pairs are kept of a capture with very many: a choice that depends on the set of streams
alone.

Knows MACs and numbers of streams; nothing about frames.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from nvgre_doctor.evidence.streams import UPPER_BITS

ALL_VM_STREAMS: Final = 10_000
"""How many streams with VM pairs are kept of one capture.  Captures of a lab or of a few hosts have
far fewer: all are kept.
"""
VM_STREAMS: Final = 8
"""How many are kept for each direction between two hosts in a capture with more.  A layout belongs
to a host, so a few VM pairs
prove it as well as thousands; memory then grows with hosts and virtual subnets, not with VM pairs.
"""
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


@dataclass(slots=True)
class Direction:
    """What one provider address sent to another: packed streams by bits 31..8 of the key (3 bytes),
    and MACs where there are any.

    Kept are the VM pairs whose `vm_rank` is `level` or higher.  The level is 0 in a capture with
    ALL_VM_STREAMS or fewer, else the lowest that keeps VM_STREAMS or fewer: it depends on the set
    of streams alone, not on their order, nor on how a capture was split.
    """

    level: int = 0
    vm_streams: dict[bytes, bytes] = field(default_factory=dict)  # bits 31..8 + MACs
    bare_streams: dict[bytes, bytes] = field(
        default_factory=dict
    )  # bits 31..8; their MACs were not captured
    unkept_frames: int = 0  # of VM pairs that are not kept

    def keeps(self, macs: bytes) -> bool:
        """Whether streams of this VM pair are kept."""
        return not self.level or vm_rank(macs) >= self.level

    def level_with(self, keys: Set[bytes]) -> int:
        """The level if streams of these keys, all with MACs, are added."""
        if len(self.vm_streams) + len(keys) <= VM_STREAMS:
            return self.level
        return max(
            self.level,
            level_for(vm_rank(key[UPPER_BITS:]) for key in self.vm_streams.keys() | keys),
        )

    def copy(self) -> "Direction":
        """One that can be changed."""
        return Direction(
            self.level, dict(self.vm_streams), dict(self.bare_streams), self.unkept_frames
        )
