"""What was counted of frames that are alike, until it is folded into the evidence.  Knows columns of numbers; judges no frame."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import compress
from typing import Any, Final

from nvgre_doctor.evidence import Direction, Moment, StreamFacts, vm_sample

WHOLE: Final[list[Any]] = [0, 0, {}]
"""What `Memo.thinned` would hold of a direction of which all VM pairs are kept."""
NEAR_CONTROL: Final = b"\x00\xff\xff"
"""Bits 31..8 of a control key, and of 255 keys that are none: these never share a cell, because the octet tells."""
_MACS: Final = 12
_KEY: Final = 7  # GRE flags and protocol, bits 31..8 of the key


class Memo:
    """The streams of one linktype, shape and clock, whose frames come in order.

    A *header* is a frame's bytes from the outer source address to the inner EtherType; a *stream* is a header without the
    lowest octet of its key and without the EtherType.  What was counted of a stream is a *cell*: the number of a row in the
    columns below.  Columns keep together in memory what changes with every frame: with an object for each cell a frame
    takes 0.1 us more.
    """

    __slots__ = (
        "begun",
        "cells",
        "frames",
        "headers",
        "last",
        "last_times",
        "octets",
        "other_headers",
        "seen",
        "shared",
        "thinned",
        "time_of",
    )

    def __init__(self, time_of: Callable[[int], int]) -> None:
        """`time_of` as in a Batch."""
        self.time_of = time_of
        # Only caches: the cells of headers with IP_OR_ARP, where the inner protocol stands in a fixed place, and of others.
        self.headers: dict[bytes, int] = {}
        self.other_headers: dict[bytes, int] = {}
        self.cells: dict[bytes, int] = {}  # by stream
        # VM pairs that are not kept (see `evidence.Direction`) share a cell: by source address, then by _KEY.
        self.shared: defaultdict[bytes, dict[bytes, int]] = defaultdict(dict)
        # By source + destination, where not all VM pairs are kept: Direction.mask, frames of those that are not, `shared` of the source.
        self.thinned: dict[bytes, list[Any]] = {}
        # The columns: of the first frame number, raw time and customer addresses; count of the frames; number
        # and raw time of the last; the lowest octets of their keys as bits, or for a shared cell as 256 flags, set faster, in `seen`.
        self.begun: list[tuple[int, int, bytes]] = []
        self.frames, self.last, self.last_times = array("Q"), array("Q"), array("Q")
        self.octets: list[int] = []
        self.seen: dict[int, bytearray] = {}

    def new_cell(self, number: int, raw_time: int, customers: bytes) -> int:
        """A cell for frames that follow; these are the facts of the first."""
        for column in (self.frames, self.last, self.last_times):
            column.append(0)
        self.octets.append(0)
        self.begun.append((number, raw_time, customers))
        return len(self.begun) - 1

    def facts(self, cell: int) -> StreamFacts:
        """What was counted in a cell."""
        number, raw_time, customers = self.begun[cell]
        first = Moment(number, self.time_of(raw_time))
        last = Moment(self.last[cell], self.time_of(self.last_times[cell]))
        return StreamFacts(self.frames[cell], first, last, customers, self._octets(cell))

    def _octets(self, cell: int) -> bytes:
        flags = self.seen.get(cell)
        return _bits(self.octets[cell]) if flags is None else bytes(compress(range(256), flags))

    def streams(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Source + destination, bits 31..8 of the key and MACs, cell."""
        for stream, cell in self.cells.items():
            yield stream[: -_MACS - _KEY], stream[-_MACS - 3 :], cell

    def thin(self, directions: Mapping[bytes, Direction]) -> None:
        """Take over which VM pairs are kept; the others share cells from now on."""
        for ends, direction in directions.items():
            if direction.level:
                self.thinned.setdefault(ends, [0, 0, self.shared[ends[: len(ends) // 2]]])[0] = direction.mask
        unkept = set()
        for stream, cell in self.cells.items():
            thinned = self.thinned.get(stream[: -_MACS - _KEY], WHOLE)
            if thinned[0] and vm_sample(stream[-_MACS:]) & thinned[0] and stream[-_MACS - 3 : -_MACS] != NEAR_CONTROL:
                unkept.add(cell)
                thinned[1] += self.frames[cell]
                self._share(thinned[2], stream[-_MACS - _KEY : -_MACS], cell)
        if unkept:
            self.cells = {stream: cell for stream, cell in self.cells.items() if cell not in unkept}
            self.headers = {header: cell for header, cell in self.headers.items() if cell not in unkept}
            self.other_headers.clear()

    def _share(self, shared: dict[bytes, int], key: bytes, cell: int) -> None:
        known = shared.setdefault(key, cell)
        if known == cell:
            self.seen[cell] = bytearray(256)
        for octet in _bits(self.octets[cell]):
            self.seen[known][octet] = 1
        if known == cell:
            return
        self.frames[known] += self.frames[cell]
        if self.begun[cell][0] < self.begun[known][0]:
            self.begun[known] = self.begun[cell]
        if self.last[cell] > self.last[known]:
            self.last[known], self.last_times[known] = self.last[cell], self.last_times[cell]
        self.begun[cell] = (0, 0, b"")  # the row is not used again


def _bits(number: int) -> bytes:
    """The positions of the bits that are set, ascending."""
    found = []
    while number:
        lowest = number & -number
        found.append(lowest.bit_length() - 1)
        number ^= lowest
    return bytes(found)
