"""The loop over plain frames of one linktype and clock, which counts them by their header.

A header (`plain`) tells direction, key and VM pair, so a frame is understood when its header is met
for the first time; after that it is looked at only as far as it must be to know that it is plain.
`_scanner.c` is the same loop for all linktypes and clocks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from struct import error

from nvgre_doctor.capture.batch import Batch, Clock
from nvgre_doctor.evidence.parts import SILENCE_S, pack_flags, unkept_key
from nvgre_doctor.evidence.rows import second_of
from nvgre_doctor.evidence.sampling import OCTET_SPREAD
from nvgre_doctor.scan.exact import net_of
from nvgre_doctor.scan.plain import (
    EASY,
    GRE,
    TCP_OR_UDP,
    UDP,
    VXLAN_PORT,
    WHOLE,
    Layout,
    is_data,
    is_plain_vxlan,
    layout_of,
    time_pieces,
    unit_of,
)
from nvgre_doctor.scan.tallies import Tally
from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.ethertypes import ARP_BYTES
from nvgre_doctor.wire.marks import MESSAGE, look_quickly, told_of


class PlainLoop:
    """What was counted of the plain frames of one linktype and clock, which come in order."""

    def __init__(self, clock: Clock, masks: Mapping[bytes, int]) -> None:
        """`masks` are as many one bits as the level of each direction between two hosts says, of
        which not all VM pairs are kept (`evidence.sampling`).
        """
        self.clock = clock
        self.layout: Layout | None = None  # of the last plain frame
        self.rows = 0
        self.counted: Counter[Oddity] = Counter()  # frames of which nothing else is kept
        self.unkept_frames: Counter[bytes] = Counter()  # by source + destination
        self._masks = masks
        self._headers: dict[bytes, Tally] = {}  # before an inner IPv4 packet of TCP or UDP
        self._others: dict[tuple[int, bytes], Tally] = {}  # by flags of the unit and header
        self._unkept: dict[bytes, Tally] = {}  # by `parts.unkept_key`
        self._unkept_of: dict[tuple[int, bytes, bool], Tally] = {}
        self._fine = time_pieces(clock)[1]
        self._early: bytes | None = None  # of all times of `_second` that agree in these two pieces
        self._late = b""
        self._second = 0

    def count(self, batch: Batch) -> list[int]:
        """Count the plain frames of a batch, and give the others.  The layout hardly ever
        changes.
        """
        odd: list[int] = []
        at = 0
        while at < len(batch.stamps):
            if self.layout is not None:
                at = self._run(batch, at, self.layout, odd)
            if at < len(batch.stamps):
                new = layout_of(batch.linktype, batch.frame(at), batch.distance, batch.clock)
                if new is None or new is self.layout:  # the end of a buffer may be too short
                    odd.append(at)
                    at += 1
                self.layout = new or self.layout
        return odd

    def renewed(self, masks: Mapping[bytes, int]) -> "PlainLoop":
        """One that has counted nothing, and knows the layout."""
        loop = PlainLoop(self.clock, masks)
        loop.layout = self.layout
        return loop

    def units(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Keys and packed rows of units, and how many frames these are."""
        for header, row in self._headers.items():
            yield unit_of(header, row.flags), row.packed(self.clock), row.all_frames
        for (flags, header), row in self._others.items():
            yield unit_of(header, flags), row.packed(self.clock), row.all_frames
        for unit, row in self._unkept.items():
            yield unit, row.packed(self.clock), row.all_frames

    def _run(self, batch: Batch, begin: int, layout: Layout, odd: list[int]) -> int:
        """The loop: from `begin` on, up to a frame that the layout does not fit."""
        data, get = batch.data, self._headers.get
        unpack, (link_one, link_twos), versions = layout.unpack, layout.link, layout.versions
        plain_ip, plain_nvgre, not_gre = layout.plain_ip, layout.plain_nvgre, layout.not_gre
        shortest_ip = plain_ip - layout.counted_at
        shortest_nvgre = plain_nvgre - layout.counted_at
        gre, tcp_or_udp, whole, silence = GRE, TCP_OR_UDP, WHOLE, SILENCE_S
        now_early, now_late, second = self._early, self._late, self._second
        other = vxlan = 0
        at = begin
        rows: Iterable[tuple[int, int, int, int]] = zip(
            range(begin, len(batch.stamps)),
            *(islice(c, begin, None) for c in (batch.stamps, batch.lengths, batch.numbers)),
            strict=True,
        )
        try:
            for at, stamp, captured, number in rows:
                # fmt: off
                (early, fine, late, one, two, version, length, ident, fragment, protocol, header,
                 inner_ident, inner_protocol, customers) = unpack(data, stamp)
                # fmt: on
                if one != link_one or two not in link_twos or version not in versions:
                    return at
                if protocol == gre:
                    if fragment in whole:
                        if early != now_early or late != now_late:
                            second = self._turn(early, fine, late)
                            now_early, now_late = self._early, self._late
                        row = None
                        if (
                            inner_protocol in tcp_or_udp
                            and captured >= plain_nvgre
                            and (length >= shortest_nvgre or not length)
                        ):
                            order = ident or inner_ident
                            row = get(header)
                            if row is None or customers != row.customers:
                                row = self._row(batch, at, header, customers)
                        if row is None and is_data(header):
                            inner = inner_of(batch, at, layout, length)
                            inner_order = inner[18:20] if len(inner) > 19 else b""
                            order = ident or int.from_bytes(inner_order)
                            row = self._quiet_row(batch, at, header, inner[12:])
                        if row is not None:
                            latest = row.latest
                            if second != latest:
                                if latest < second <= latest + silence:
                                    row.latest = second
                                else:
                                    row.turn(number, early + fine + late, second)
                            row.frames += 1
                            row.last = number
                            row.early = early
                            row.fine = fine
                            row.late = late
                            if order <= row.order:
                                inner = inner_of(batch, at, layout, length)
                                key, told = header[-19:-15], inner[: layout.told]
                                told = told_of(header[:-23], order, key, told)
                                hop_limit = data[stamp + batch.distance + layout.hop_limit_at]
                                row.take(order, told, inner, hop_limit)
                            continue
                elif captured >= plain_ip and (length >= shortest_ip or not length):
                    if protocol in not_gre:
                        other += 1
                        continue
                    if (
                        protocol == UDP
                        and captured >= plain_ip + 4
                        and (length >= shortest_ip + 4 or not length)
                    ):
                        if header[-21:-19] != VXLAN_PORT:
                            other += 1
                            continue
                        where = stamp + batch.distance, plain_ip, captured
                        if fragment in WHOLE and is_plain_vxlan(data, *where):
                            vxlan += 1
                            continue
                odd.append(at)
            return len(batch.stamps)
        except error:  # the buffer ends: cheaper than to ask each time
            return at
        finally:
            self.counted.update({Oddity.NOT_GRE: other, Oddity.VXLAN: vxlan})

    def _turn(self, early: bytes, fine: bytes, late: bytes) -> int:
        """A time whose first and last piece are others: of which second it is."""
        clock, size = self.clock, self._fine
        self._second = second_of(clock(early + fine + late))
        begin, end = (second_of(clock(early + each * size + late)) for each in (b"\0", b"\xff"))
        self._early, self._late = early if begin == end else None, late
        return self._second

    def _row(self, batch: Batch, i: int, header: bytes, customers: bytes) -> Tally | None:
        """The row for a frame with TCP or UDP in IPv4 that is not as the last one with its header;
        None if it is something else.
        """
        known = self._headers.get(header)
        if known is None and (header[-3:] != EASY or not is_data(header)):
            return None
        flags = pack_flags(net_of(customers, header[-15:]), is_sure=True)
        if known is None:
            row = self._unkept_row(batch, i, header, flags) if self._masks else None
            if row is None:
                row = self._new_row(batch, i, customers, flags)
                self._headers[header] = row
        elif known.flags == flags:
            row = known
            row.customers = customers
        else:
            row = self._other_row(batch, i, header, customers, flags)
        return row

    def _quiet_row(self, batch: Batch, i: int, header: bytes, inner: bytes) -> Tally | None:
        """The row for any other frame that may be plain; None if it is not."""
        said = look_quickly(inner)
        if said is None or len(inner) < 2:
            return None
        net = net_of(said.customers, header[-15:], is_arp=inner[:2] == ARP_BYTES)
        flags = pack_flags(net, is_sure=said.is_sure)
        row = self._unkept_row(batch, i, header, flags) if self._masks else None
        return row or self._other_row(batch, i, header, said.customers, flags)

    def _other_row(
        self, batch: Batch, i: int, header: bytes, customers: bytes, flags: int
    ) -> Tally:
        row = self._others.get((flags, header))
        if row is None:
            row = self._others[flags, header] = self._new_row(batch, i, customers, flags)
        return row

    def _unkept_row(self, batch: Batch, i: int, header: bytes, flags: int) -> Tally | None:
        """The row for frames of VM pairs that are not kept; None if this one is."""
        ends = header[:-23]
        spread = OCTET_SPREAD[header[-10]] ^ OCTET_SPREAD[header[-4]]
        if not spread & self._masks.get(ends, 0):
            return None
        self.unkept_frames[ends] += 1
        octet = header[-16]
        short = (flags, header[:-16], octet == 0)
        row = self._unkept_of.get(short)
        if row is None:
            unit = unkept_key(unit_of(header, flags))
            row = self._unkept.get(unit)
            if row is None:
                row = self._unkept[unit] = self._new_row(batch, i, b"%c" % octet, flags)
            self._unkept_of[short] = row
        if octet < row.shown[0]:
            row.shown = b"%c" % octet
        return row

    def _new_row(self, batch: Batch, i: int, customers: bytes, flags: int) -> Tally:
        self.rows += 1
        stamp = batch.stamps[i]
        time = batch.data[stamp : stamp + 8]
        return Tally(batch.numbers[i], time, self._second, customers, flags)


def inner_of(batch: Batch, i: int, layout: Layout, length: int) -> bytes:
    """The first octets of an inner frame, as far as it was captured and the IP length counts."""
    start = batch.stamps[i] + batch.distance
    end = min(batch.lengths[i], layout.inner_at + MESSAGE)
    if length:
        end = min(end, layout.counted_at + length)
    return batch.data[start + layout.inner_at : start + end]
