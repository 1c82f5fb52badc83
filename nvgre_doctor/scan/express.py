"""The express lane: plain frames around TCP and UDP are counted while the reader walks over their
records.

The hot loop.  One `unpack` gets the head of a record and all fields of its frame, and nearly every
frame of most captures needs nothing else: its header is in the memo.  What is not so plain is left
to `scan`, in the batch that the reader makes.  To walk first and look at the frames afterwards
takes 0.12 us a frame more, a quarter.  Knows heads of records, shapes and the memo; nothing about
evidence.
"""

from struct import Struct, error
from typing import Final

from nvgre_doctor.capture.batch import MAX_FRAME, Columns, Records
from nvgre_doctor.evidence.sampling import OCTET_SPREAD
from nvgre_doctor.scan.memo import WHOLE, Memo
from nvgre_doctor.scan.shapes import GRE, IN_PARTS, IP_OR_ARP, TCP_OR_UDP, Shape

_PAUSE: Final = 4
"""For so many buffers the lane is closed after one of which it took less than half: trying costs a
third of counting.
"""
_TCP: Final = 6
_ENHANCED_PACKET: Final = 6
_BLOCK_HEAD: Final = 12  # type, length, interface: before the time


class Express:
    """Counts plain frames.  `scan` opens it for the shape, and its memo, that took most frames."""

    def __init__(self) -> None:
        """Closed."""
        self.nvgre_frames = 0  # taken so far
        self.not_gre = 0
        self._linktype = -1
        self._shape: Shape | None = None
        self._memo: Memo | None = None
        self._pause = 0

    def open(self, linktype: int, shape: Shape, memo: Memo) -> None:
        """Take frames of this shape from now on, unless it has so many tags that each frame must be
        asked for them.
        """
        self._linktype, self._shape, self._memo = (
            linktype,
            shape,
            None if shape.asks_for_tags else memo,
        )

    def close(self) -> None:
        """Take nothing until it is opened again."""
        self._memo = None

    def take(
        self, records: Records, data: bytes, at: int, number: int, left: Columns
    ) -> tuple[int, int]:
        """See `capture.batch.Express`.  Names are local and tests ordered by what they cost: 0.03
        us a frame.
        """
        shape, memo = self._shape, self._memo
        if shape is None or memo is None:
            return at, number
        if records.linktype != self._linktype or records.time_of is not memo.time_of:
            return at, number
        if self._pause:
            self._pause -= 1
            return at, number
        data_ends, order, before, already = len(data), records.order, number, len(left.stamps)
        distance, interfaces = records.distance, records.interfaces
        unpack = shape.unpacker(f"{order}QI{distance - 12}x").unpack_from
        # Of pcapng: the closing length of a block, and type, length and interface of the next.
        heads = Struct(order + "IIII").unpack_from
        # Of a header: outer addresses, GRE flags to bits 31..8 of the key, lowest octet, last
        # octets of the MACs, upper byte of the type.
        split = Struct(f"{2 * shape.address_size}s7sB5xB5xBBx").unpack
        headers, learn, frames, last, last_times = (
            memo.headers,
            memo.learn,
            memo.frames,
            memo.last,
            memo.last_times,
        )
        is_thinned, get_thinned, spread = bool(memo.thinned), memo.thinned.get, OCTET_SPREAD
        (link_high, link_low), usual, versions = shape.link_field, shape.version, shape.versions
        need, shortest = shape.need, shape.shortest_nvgre
        need_plain, shortest_plain, plain_protocols = (
            shape.need_plain,
            shape.counted_ip,
            shape.plain_protocols,
        )
        stamps, lengths, numbers = left.stamps.append, left.lengths.append, left.numbers.append
        gre, tcp, tcp_or_udp, ip_or_arp, longest = GRE, _TCP, TCP_OR_UDP, IP_OR_ARP, MAX_FRAME
        in_parts, inner_ip = IN_PARTS[order], distance + shape.inner_at + 14
        not_gre = 0
        at += records.before  # from here on it is where the time of a frame is
        try:
            if interfaces:
                _, kind, size, interface = heads(data, at - _BLOCK_HEAD - 4)
            while True:
                # fmt: off
                (raw_time, captured, high, low, version, length_high, length_low,
                 fragment, protocol, header, inner_protocol) = unpack(data, at)
                # fmt: on
                if interfaces:
                    if kind != _ENHANCED_PACKET or interface >= interfaces:
                        break
                    if size != (captured + 35) & -4 and (size & 3 or size < captured + 32):
                        break
                    end = at + size
                    closing, kind, next_size, interface = heads(data, end - _BLOCK_HEAD - 4)
                    if closing != size:
                        break
                    size = next_size
                else:
                    end = at + distance + captured
                    if end > data_ends:
                        break
                if (
                    high == link_high
                    and low == link_low
                    and (version == usual or version in versions)
                ):
                    if protocol == gre:
                        if (
                            (inner_protocol == tcp or inner_protocol in tcp_or_udp)
                            and captured >= need
                            and captured <= longest
                            and not (fragment and fragment & in_parts)
                            # 0: the adapter was to fill it in.
                            and (length_high or length_low >= shortest or not length_low)
                        ):
                            cell: int | None = None
                            try:
                                if (
                                    is_thinned
                                ):  # as in vm_rank, of which the low 8 bits are enough here
                                    ends, key, octet, one, two, inner_type = split(header)
                                    thinned = get_thinned(ends, WHOLE)
                                    if (spread[one] ^ spread[two]) & thinned[
                                        0
                                    ] and inner_type == ip_or_arp:
                                        cell, octets = thinned[2][key]
                                        octets[octet] = 1
                                        thinned[1] += 1
                                if cell is None:
                                    cell = headers[header]
                            except KeyError:  # cheaper than to ask each time
                                cell = learn(header, number, raw_time, data, at + inner_ip)
                            if cell is not None:
                                frames[cell] += 1
                                last[cell] = number
                                last_times[cell] = raw_time
                                number += 1
                                at = end
                                continue
                    elif (
                        protocol in plain_protocols
                        and need_plain <= captured <= longest
                        and (length_high or length_low >= shortest_plain or not length_low)
                    ):
                        not_gre += 1
                        number += 1
                        at = end
                        continue
                if not 0 < captured <= longest:
                    break  # what that means is for the reader to say
                stamps(at)
                lengths(captured)
                numbers(number)
                number += 1
                at = end
        except error:  # the buffer ends: cheaper than to ask each time
            pass
        remaining = len(left.stamps) - already
        self.nvgre_frames += number - before - remaining - not_gre
        self.not_gre += not_gre
        if 2 * remaining > number - before:
            self._pause = _PAUSE
        return at - records.before, number
