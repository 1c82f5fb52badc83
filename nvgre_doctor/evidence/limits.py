"""How much is kept of what a capture can multiply: addresses, ids, oddities, ICMP errors.

What is kept is what comes first in an order by hash, so it depends on the set of things alone: not
on their order, nor on how captures were split.  Knows sizes and hashes; nothing about what things
mean.
"""

from collections.abc import Collection, Hashable, Iterable
from typing import Final, NamedTuple, TypeVar
from zlib import crc32

from nvgre_doctor.evidence.parts import halves

HOSTS: Final = 20_000
"""Provider addresses.  A network of some thousand hosts is kept whole."""
PAIRS: Final = 32_768
"""Pairs of provider addresses that sent to each other."""
UNITS: Final = 65_536
"""Units that are kept of all directions together, about, once VM pairs are chosen."""
IDS: Final = 32_768
"""Ids by source of the VM pairs that are not kept."""
SIGNS: Final = 8_192
"""Oddities that are about addresses, by these and what describes them."""
ERRORS: Final = 8_192
"""ICMP errors that say different things."""

Rank = tuple[int, bytes]
"""Of a pair: they are kept in ascending order."""

T = TypeVar("T", bound=Hashable)


class LeftOut(NamedTuple):
    """What was counted, and not kept."""

    frames: int = 0  # of pairs of addresses
    frames_of_ids: int = 0
    signs: int = 0
    errors: int = 0

    def plus(self, other: "LeftOut") -> "LeftOut":
        """Both together."""
        return LeftOut(*(one + two for one, two in zip(self, other, strict=True)))


def rank_of(ends: bytes) -> Rank:
    """Of the pair of a direction: the same for the other one."""
    pair = b"".join(sorted(halves(ends)))
    return crc32(pair), pair


def first_left_out(directions: Collection[bytes]) -> Rank | None:
    """The rank from which on pairs are not kept, of these directions; None: all are.

    They are kept up to the one with which there are too many, so more directions can only lower it.
    """
    if 2 * len(directions) <= HOSTS and len(directions) <= PAIRS:
        return None
    hosts: set[bytes] = set()
    for number, rank in enumerate(sorted({rank_of(ends) for ends in directions})):
        hosts.update(halves(rank[1]))
        if number >= PAIRS or len(hosts) > HOSTS:
            return rank
    return None


def share_of(directions: int) -> int:
    """How many units are kept of each of so many directions."""
    return max(2, UNITS >> max(directions - 1, 1).bit_length())


def beyond(things: Iterable[T], most: int) -> list[T]:
    """Those of distinct things that are not kept, where there are more than `most`."""
    found = list(things)
    return sorted(found, key=_place)[most:] if len(found) > most else []


def _place(thing: Hashable) -> tuple[int, str]:
    told = repr(thing)
    return crc32(told.encode("ascii", "backslashreplace")), told
