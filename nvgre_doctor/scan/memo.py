"""What was counted of frames that are alike, until it is folded into the evidence.

Knows headers, columns of numbers and evidence; of a frame only its header and its inner IPv4
header.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import compress
from typing import Any, Final

from nvgre_doctor.evidence import CaptureEvidence, sampling
from nvgre_doctor.evidence.sampling import HIGHEST_LEVEL, level_for, vm_rank
from nvgre_doctor.evidence.streams import Moment, StreamFacts, pack_stream
from nvgre_doctor.scan.shapes import IP_OR_ARP, NVGRE, is_data, plain_customers

WHOLE: Final[list[Any]] = [0, 0, {}]
"""What `Memo.thinned` would hold of a direction of which all VM pairs are kept."""
_NEAR_CONTROL: Final = b"\x00\xff\xff"
"""Bits 31..8 of a control key, and of 255 keys that are none: these never share a cell, because the
octet tells.
"""
_UPPER_BITS: Final = 3  # bytes of bits 31..8 of a key
_OCTET: Final = -15  # where in a header the lowest octet of the key is


class Memo:
    """The streams of one linktype, shape and clock, whose frames come in order.

    A *header* is a frame's bytes from the outer source address to the inner EtherType.  A *stream*
    is what the evidence takes it for: `ends` are source + destination, `key` is bits 31..8 of the
    GRE key + MACs.  What was counted of a stream is a *cell*: the number of a row in the columns
    below.  Columns keep together in memory what changes with every frame: with an object for each
    cell a frame takes 0.1 us more.
    """

    __slots__ = (
        "apart",
        "begun",
        "cells",
        "evidence",
        "frames",
        "free",
        "headers",
        "headers_of",
        "last",
        "last_times",
        "other_headers",
        "ranks",
        "shared",
        "thinned",
        "time_of",
    )

    def __init__(self, time_of: Callable[[int], int], evidence: CaptureEvidence) -> None:
        """`time_of` as in a Batch; `evidence` is what this will be folded into, and says which VM
        pairs are kept.
        """
        self.time_of = time_of
        self.evidence = evidence
        # Only caches: the cells of headers with IP_OR_ARP, where the inner protocol stands in a
        # fixed place, and of others.
        self.headers: dict[bytes, int] = {}
        self.other_headers: dict[bytes, int] = {}
        # By `ends`, then by `key`; those of _NEAR_CONTROL stand apart.
        self.cells: defaultdict[bytes, dict[bytes, int]] = defaultdict(dict)
        self.apart: defaultdict[bytes, dict[bytes, int]] = defaultdict(dict)
        # VM pairs that are not kept (see `evidence.sampling.Direction`) share a cell: by source
        # address, then by NVGRE + bits 31..8. Beside the cell, 256 flags: the lowest octets of its
        # keys.
        self.shared: defaultdict[bytes, dict[bytes, tuple[int, bytearray]]] = defaultdict(dict)
        # By `ends`, where not all VM pairs are kept: as many one bits as Direction.level says,
        # frames of those that are not, `shared` of the source.
        self.thinned: dict[bytes, list[Any]] = {}
        # The columns: of the first frame number, raw time and customer addresses; count of the
        # frames; number and raw time of the last; vm_rank; headers.
        self.begun: list[tuple[int, int, bytes]] = []
        self.frames, self.last, self.last_times = array("Q"), array("Q"), array("Q")
        self.ranks = bytearray()
        self.headers_of: list[list[bytes]] = []
        self.free: list[int] = []  # rows that can be used again

    def learn(
        self, header: bytes, number: int, raw_time: int, data: bytes, inner_ip: int
    ) -> int | None:
        """As `cell_of`, for a frame that is NVGRE data around a plain IPv4 header at
        `data[inner_ip]`; None for all others.
        """
        customers = plain_customers(data, inner_ip)
        return (
            self.cell_of(header, number, raw_time, customers)
            if customers is not None and is_data(header)
            else None
        )

    def cell_of(
        self, header: bytes, number: int, raw_time: int, customers: bytes | None
    ) -> int | None:
        """The cell for a frame of NVGRE data that is to be counted, with its number, time and
        customer addresses.

        None: these must be known, because the frame is the first of its stream.
        """
        ends, upper_bits, macs = header[:-22], header[-18:-15], header[-14:-2]
        is_apart, key = upper_bits == _NEAR_CONTROL, upper_bits + macs
        cells = (self.apart if is_apart else self.cells)[ends]
        cell = cells.get(key)
        if cell is None:
            rank, level = HIGHEST_LEVEL if is_apart else vm_rank(macs), self.level(ends)
            if rank < level:
                return self._share(ends, header, number, raw_time)
            if customers is None:
                return None
            if (
                self.evidence.is_thinned
                and len(cells) >= sampling.VM_STREAMS
                and level < HIGHEST_LEVEL
                and not is_apart
            ):
                level = level_for([rank, *[self.ranks[cell] for cell in cells.values()]])
                self.thin(ends, level)
                if rank < level:
                    return self._share(ends, header, number, raw_time)
            cell = cells[key] = self._new_cell(rank, (number, raw_time, customers))
        elif number < self.begun[cell][0]:  # the express lane was here before
            if customers is None:
                return None
            self.begun[cell] = number, raw_time, customers
        known = self.headers if header[-2] == IP_OR_ARP else self.other_headers
        if header not in known:
            known[header] = cell
            self.headers_of[cell].append(header)
        return cell

    def level(self, ends: bytes) -> int:
        """`Direction.level`, as far as it is known here or in the evidence: streams below it share
        cells.
        """
        mask: int = self.thinned.get(ends, WHOLE)[0]
        level = mask.bit_length()
        direction = self.evidence.directions.get(ends)
        if direction is None or direction.level <= level:
            return level
        self.thin(ends, direction.level)
        return direction.level

    def _share(self, ends: bytes, header: bytes, number: int, raw_time: int) -> int:
        """The cell for a frame of a VM pair that is not kept."""
        thinned = self.thinned[ends]
        thinned[1] += 1
        shared, octets = self._shared_cell(thinned[2], header[-22:-15], (number, raw_time, b""))
        octets[header[_OCTET]] = 1
        return shared

    def _shared_cell(
        self, known: dict[bytes, tuple[int, bytearray]], key: bytes, begun: tuple[int, int, bytes]
    ) -> tuple[int, bytearray]:
        """Its row is never one that was used before: where these stand side by side they are
        faster.
        """
        if key not in known:
            known[key] = self._append(0, begun), bytearray(256)
        self.begun[known[key][0]] = min(self.begun[known[key][0]], begun)
        return known[key]

    def take_over_levels(self) -> None:
        """From the evidence, where they are higher."""
        for ends in self.cells:
            self.level(ends)  # to ask is to take over

    def thin(self, ends: bytes, level: int) -> None:
        """Raise the level of a direction to one that is not 0: the streams below it share cells
        from now on.
        """
        cells, frames, begun = self.cells[ends], self.frames, self.begun
        last, last_times = self.last, self.last_times
        thinned = self.thinned.setdefault(ends, [0, 0, self.shared[ends[: len(ends) // 2]]])
        thinned[0] = (1 << level) - 1
        for key in [key for key, cell in cells.items() if self.ranks[cell] < level]:
            cell = cells.pop(key)
            thinned[1] += frames[cell]
            shared, octets = self._shared_cell(thinned[2], NVGRE + key[:_UPPER_BITS], begun[cell])
            frames[shared] += frames[cell]
            if last[cell] > last[shared]:
                last[shared], last_times[shared] = last[cell], last_times[cell]
            for header in self.headers_of[cell]:
                (self.headers if header[-2] == IP_OR_ARP else self.other_headers).pop(header)
                octets[header[_OCTET]] = 1
            self.headers_of[cell] = []
            self.free.append(cell)

    def streams(self) -> Iterator[tuple[bytes, bytes, int]]:
        """`ends`, `key` and cell of what is kept."""
        for directions in (self.cells, self.apart):
            for ends, cells in directions.items():
                for key, cell in cells.items():
                    yield ends, key, cell

    def fold(self) -> None:
        """Understand everything, when the levels of the evidence are taken over.  The memo is not
        used again.
        """
        evidence = self.evidence
        for ends, cells in self.cells.items():
            direction = evidence.direction(ends)
            for key, cell in cells.items():
                evidence.add_kept(direction, key, self._packed(cell))
        for ends, cells in self.apart.items():
            for key, cell in cells.items():
                evidence.add_stream(ends, key, self._packed(cell))
        for source, shared in self.shared.items():
            for upper_bits, (cell, octets) in shared.items():
                facts = self._facts(cell, bytes(compress(range(256), octets)))._replace(
                    customer_addresses=b""
                )
                evidence.add_unkept(source + upper_bits[len(NVGRE) :], pack_stream(facts))
        for ends, (_, frames, _) in self.thinned.items():
            evidence.direction(ends).unkept_frames += frames

    def _packed(self, cell: int) -> bytes:
        return pack_stream(
            self._facts(cell, bytes(sorted({header[_OCTET] for header in self.headers_of[cell]})))
        )

    def _facts(self, cell: int, low_octets: bytes) -> StreamFacts:
        number, raw_time, customers = self.begun[cell]
        first = Moment(number, self.time_of(raw_time))
        last = Moment(self.last[cell], self.time_of(self.last_times[cell]))
        return StreamFacts(self.frames[cell], first, last, customers, low_octets)

    def _new_cell(self, rank: int, begun: tuple[int, int, bytes]) -> int:
        if not self.free:
            return self._append(rank, begun)
        cell = self.free.pop()
        self.frames[cell] = self.last[cell] = self.last_times[cell] = 0
        self.ranks[cell] = rank
        self.begun[cell] = begun
        return cell

    def _append(self, rank: int, begun: tuple[int, int, bytes]) -> int:
        self.frames.append(0)
        self.last.append(0)
        self.last_times.append(0)
        self.ranks.append(rank)
        self.headers_of.append([])
        self.begun.append(begun)
        return len(self.begun) - 1
