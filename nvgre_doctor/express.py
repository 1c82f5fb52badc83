"""The express lane: frames whose header is in the memo are counted while the reader walks over their records.

The hot loop.  One `unpack` gets the head of a record and all fields of its frame, and nearly every frame of most captures needs
nothing else.  All others are left to `scan`, in the batch that the reader makes.  To walk first and look at the frames
afterwards takes 0.12 us a frame more, a quarter.  Knows heads of records, shapes and the memo; nothing about evidence.
"""

from struct import Struct, error
from typing import Final

from nvgre_doctor.capture.batch import MAX_FRAME, Columns, Records
from nvgre_doctor.evidence import OCTET_SPREAD
from nvgre_doctor.memo import WHOLE, Memo
from nvgre_doctor.shapes import GRE, IN_PARTS, IP_OR_ARP, TCP_OR_UDP, Shape

_PAUSE: Final = 15
"""For so many buffers the lane is closed after one of which it took less than half: trying costs a third of counting."""
_TCP: Final = 6
_ENHANCED_PACKET: Final = 6


class Express:
    """Counts frames that are plain and known.  `scan` opens it for the shape, and its memo, that took most frames."""

    def __init__(self) -> None:
        """Closed."""
        self.taken = 0  # frames, NVGRE data all of them
        self._linktype = -1
        self._shape: Shape | None = None
        self._memo: Memo | None = None
        self._pause = 0

    def open(self, linktype: int, shape: Shape, memo: Memo) -> None:
        """Take frames of this shape from now on."""
        self._linktype, self._shape, self._memo = linktype, shape, memo

    def close(self) -> None:
        """Take nothing until it is opened again."""
        self._memo = None

    def take(self, records: Records, data: bytes, at: int, number: int, left: Columns) -> tuple[int, int]:
        """See `capture.batch.Express`."""
        shape, memo = self._shape, self._memo
        if shape is None or memo is None:
            return at, number
        if records.linktype != self._linktype or records.time_of is not memo.time_of:
            return at, number
        if self._pause:
            self._pause -= 1
            return at, number
        head, interfaces, before, already = records.head, records.interfaces, number, len(left.stamps)
        stamp, limit, order = head - records.distance, len(data), records.order
        unpack = shape.unpacker(order + ("IIIQI4x" if interfaces else f"0s0s0sQI{head - 12}x")).unpack_from
        closing = Struct(order + "I").unpack_from
        get, frames, last, last_times = memo.headers.get, memo.frames, memo.last, memo.last_times
        is_thinned, get_thinned, octets, spread = bool(memo.thinned), memo.thinned.get, memo.octets, OCTET_SPREAD
        (link_high, link_low), usual, versions = shape.link_field, shape.version, shape.versions
        need, shortest = shape.need, shape.shortest_nvgre
        stamps, lengths, numbers = left.stamps.append, left.lengths.append, left.numbers.append
        try:
            while True:
                # Of a block of pcapng its type, length and interface, of a record of pcap nothing; then the fields of `Shape.unpacker`.
                # fmt: off
                (kind, size, interface, raw_time, captured, high, low, version, length_high, length_low,
                 flags, offset, protocol, header, inner_type, inner_protocol) = unpack(data, at)
                # fmt: on
                if interfaces and (
                    kind != _ENHANCED_PACKET
                    or interface >= interfaces
                    or (size != (captured + 35) & -4 and (size & 3 or size < captured + 32))
                    or closing(data, at + size - 4)[0] != size
                ):
                    break
                end = at + (size or captured + head)
                if end > limit:
                    break
                if (
                    protocol == GRE
                    and high == link_high
                    and low == link_low
                    and (version == usual or version in versions)
                    and inner_type == IP_OR_ARP
                    and (inner_protocol == _TCP or inner_protocol in TCP_OR_UDP)
                    and need <= captured <= MAX_FRAME
                    and not (offset or (flags and flags & IN_PARTS))
                    and (length_high or length_low >= shortest or not length_low)  # 0: the adapter was to fill it in
                ):
                    cell = None
                    if is_thinned:
                        thinned = get_thinned(header[:-20], WHOLE)
                        if (spread[header[-1]] ^ spread[header[-7]]) & thinned[0]:  # as in vm_sample
                            cell = thinned[2].get(header[-20:-13])
                            if cell is not None:
                                octets[cell][header[-13]] = 1
                                thinned[1] += 1
                    if cell is None:
                        cell = get(header)
                    if cell is not None:
                        frames[cell] += 1
                        last[cell] = number
                        last_times[cell] = raw_time
                        number += 1
                        at = end
                        continue
                elif not 0 < captured <= MAX_FRAME:
                    break  # what that means is for the reader to say
                stamps(at + stamp)
                lengths(captured)
                numbers(number)
                number += 1
                at = end
        except error:  # the buffer ends: cheaper than to ask each time
            pass
        remaining = len(left.stamps) - already
        self.taken += number - before - remaining
        if 2 * remaining > number - before:
            self._pause = _PAUSE
        return at, number
