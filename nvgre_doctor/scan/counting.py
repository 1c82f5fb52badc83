"""Frames become evidence: the loop, and what it counts until that is folded into the evidence.

Most frames of a capture are alike: the same few headers (`plain`) again and again.  So they are
counted in one dict by their header, and understood when the dict is folded.  Every other frame is
decoded once for all frames of its `essence`.  `_scanner.c` is the same loop for plain frames, where
it could be built: it walks over the records, and only what it leaves comes here.  That all ways
give the same evidence is tested on random frames.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import chain, islice
from struct import error
from typing import Final

from nvgre_doctor.capture.batch import Batch, Clock, Columns, Records
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.parts import SILENCE_S, Moment, pack_flags
from nvgre_doctor.evidence.rows import second_of
from nvgre_doctor.evidence.signs import Sightings, Sign
from nvgre_doctor.scan import native
from nvgre_doctor.scan.exact import Reading, add, add_frame, net_of, read_frame
from nvgre_doctor.scan.native import Native, scanner_class
from nvgre_doctor.scan.plain import (
    EASY,
    GRE,
    TCP_OR_UDP,
    UDP,
    VXLAN_PORT,
    WHOLE,
    Layout,
    is_data,
    layout_of,
    time_pieces,
)
from nvgre_doctor.scan.tallies import Tally
from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.essence import essence
from nvgre_doctor.wire.marks import INNER_IPV4, INNER_IPV6, MESSAGE, look_quickly, told_of

ROWS: Final = 20_000
"""Rows beyond which all is folded: up to 20 MB.  Folding sooner changes nothing but the speed."""
_ARP: Final = b"\x08\x06"
_TABLES: Final = 64  # hostile captures have another clock for each frame


class _Kind:
    """What was counted of the frames of one linktype and clock, which come in order."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.headers: dict[bytes, Tally] = {}  # before an inner IPv4 packet of TCP or UDP
        self.others: dict[tuple[int, bytes], Tally] = {}  # by flags of the unit and header
        self.odd: dict[bytes | Oddity, tuple[Reading, Tally]] = {}  # by essence
        self.pieces = time_pieces(clock)
        self.early: bytes | None = None  # of all times of `second` that agree in these two pieces
        self.late = b""
        self.second = 0

    def turn(self, early: bytes, fine: bytes, late: bytes) -> int:
        """A time whose first and last piece are others: of which second it is."""
        clock, size = self.clock, self.pieces[1]
        self.second = second_of(clock(early + fine + late))
        begin, end = (second_of(clock(early + each * size + late)) for each in (b"\0", b"\xff"))
        self.early, self.late = early if begin == end else None, late
        return self.second


class FrameCounter:
    """Counts batch by batch, what it did not count as the walker of their reader."""

    def __init__(self, rows: int | None = None) -> None:
        """Nothing counted; `rows` in place of ROWS, and of those in C."""
        self.evidence = CaptureEvidence()
        self._rows, self._used = rows or ROWS, 0
        self._kinds: dict[tuple[int, Clock], _Kind] = {}
        self._layouts: dict[tuple[int, Clock], Layout] = {}  # of the last plain frame
        scanner = scanner_class()
        self._native = None if scanner is None else Native(scanner, rows or native.ROWS)
        self._counted: Counter[Oddity] = Counter()  # frames of which nothing else is kept

    def walk(
        self, records: Records, data: bytes, at: int, number: int, left: Columns
    ) -> tuple[int, int]:
        """See `capture.batch.Walker`: in C, or not at all."""
        is_full = True
        while is_full and self._native is not None:
            at, number, is_full = self._native.walk(records, data, at, number, left)
            if is_full:
                self._fold()
        return at, number

    def add(self, batch: Batch) -> None:
        """Count the frames of one batch."""
        self.evidence.frames += len(batch.stamps)
        what = (batch.linktype, batch.clock)
        kind = self._kinds.get(what)
        if kind is None:
            kind = self._kinds[what] = _Kind(batch.clock)
        for i in self._count_plain(batch, kind):
            self._count_by_essence(batch, i, kind)
        if self._used >= self._rows or len(self._kinds) > _TABLES:
            self._fold()

    def finish(self) -> CaptureEvidence:
        """All evidence."""
        self._fold()
        for oddity, count in (+self._counted).items():
            self.evidence.add_sign(Sign(oddity), Sightings(count, ()))
        return self.evidence

    def _count_plain(self, batch: Batch, kind: _Kind) -> list[int]:
        """Count plain frames, and give the others.  The layout hardly ever changes."""
        odd: list[int] = []
        what = (batch.linktype, batch.clock)
        layout, at = self._layouts.get(what), 0
        while at < len(batch.stamps):
            if layout is not None:
                at = self._run(batch, at, layout, kind, odd)
            if at < len(batch.stamps):
                new = layout_of(batch.linktype, batch.frame(at), batch.distance, batch.clock)
                if new is None or new is layout:  # the last frames of a buffer may be too short
                    odd.append(at)
                    at += 1
                if new is not None:
                    layout = self._layouts[what] = new
                    if self._native is not None:
                        self._native.learn(batch.linktype, new)
        return odd

    def _count_by_essence(self, batch: Batch, i: int, kind: _Kind) -> None:
        linktype, frame, wire_length = batch.linktype, batch.frame(i), batch.wire_length(i)
        number, stamp = batch.numbers[i], batch.stamps[i]
        what, ends, order, gre_key, payload, hop_limit = essence(linktype, frame, wire_length)
        time = batch.data[stamp : stamp + 8]
        ts_ns = batch.clock(time)
        if what is None:
            add_frame(self.evidence, linktype, frame, wire_length, Moment(number, ts_ns))
            return
        second = second_of(ts_ns)
        known = kind.odd.get(what)
        if known is None:
            reading, _ = read_frame(linktype, frame, wire_length)
            known = kind.odd[what] = reading, Tally(number, time, second, reading.customers)
            self._used += 1
        reading, row = known
        row.count(number, time, second)
        if reading.unit and order <= row.order:
            length = INNER_IPV4 if len(ends) == 8 else INNER_IPV6
            row.take(order, told_of(ends, order, gre_key, payload[:length]), payload, hop_limit)
        if reading.icmp is not None and order <= row.largest:
            row.take_message(order, told_of(ends, order, gre_key, payload), ts_ns)

    def _run(self, batch: Batch, begin: int, layout: Layout, kind: _Kind, odd: list[int]) -> int:
        """The loop: count plain frames from `begin` on, up to one that the layout does not
        fit.
        """
        data, get = batch.data, kind.headers.get
        unpack, (link_one, link_two), versions = layout.unpack, layout.link, layout.versions
        plain_ip, plain_nvgre, not_gre = layout.plain_ip, layout.plain_nvgre, layout.not_gre
        shortest_ip = plain_ip - layout.counted_at
        shortest_nvgre = plain_nvgre - layout.counted_at
        gre, tcp_or_udp, whole, silence = GRE, TCP_OR_UDP, WHOLE, SILENCE_S
        now_early, now_late, second = kind.early, kind.late, kind.second
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
                if one != link_one or two != link_two or version not in versions:
                    return at
                if protocol == gre:
                    if fragment in whole:
                        if early != now_early or late != now_late:
                            second = kind.turn(early, fine, late)
                            now_early, now_late = kind.early, kind.late
                        if (
                            inner_protocol in tcp_or_udp
                            and captured >= plain_nvgre
                            and (length >= shortest_nvgre or not length)
                        ):
                            order = ident or inner_ident
                            row = get(header)
                            if row is None or customers != row.customers:
                                row = self._row(batch, at, header, customers, kind)
                        else:
                            row = None
                        if row is None:
                            inner = _inner(batch, at, layout, length)
                            order = ident or int.from_bytes(
                                inner[18:20] if len(inner) > 19 else b""
                            )
                            row = self._quiet_row(batch, at, header, inner[12:], kind)
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
                                inner = _inner(batch, at, layout, length)
                                hop_limit = data[stamp + batch.distance + layout.hop_limit_at]
                                told = told_of(
                                    header[:-23], order, header[-19:-15], inner[: layout.told]
                                )
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
                        if fragment in WHOLE:
                            vxlan += 1
                            continue
                odd.append(at)
            return len(batch.stamps)
        except error:  # the buffer ends: cheaper than to ask each time
            return at
        finally:
            self._counted[Oddity.NOT_GRE] += other
            self._counted[Oddity.VXLAN] += vxlan

    def _row(
        self, batch: Batch, i: int, header: bytes, customers: bytes, kind: _Kind
    ) -> Tally | None:
        """The row for a frame with TCP or UDP in IPv4 that is not as the last one with its
        header.
        """
        known = kind.headers.get(header)
        if known is None and (header[-3:] != EASY or not is_data(header)):
            return None
        flags = pack_flags(net_of(customers, header[-15:]), is_sure=True)
        if known is None:
            row = kind.headers[header] = self._new_row(batch, i, customers, flags, kind)
        elif known.flags == flags:
            row = known
            row.customers = customers
        else:
            row = self._other_row(batch, i, header, customers, flags, kind)
        return row

    def _quiet_row(
        self, batch: Batch, i: int, header: bytes, inner: bytes, kind: _Kind
    ) -> Tally | None:
        """The row for any other frame that may be plain; None if it is not."""
        said = look_quickly(inner)
        if said is None or len(inner) < 2 or not is_data(header):
            return None
        net = net_of(said.customers, header[-15:], is_arp=inner[:2] == _ARP)
        flags = pack_flags(net, is_sure=said.is_sure)
        return self._other_row(batch, i, header, said.customers, flags, kind)

    def _other_row(
        self, batch: Batch, i: int, header: bytes, customers: bytes, flags: int, kind: _Kind
    ) -> Tally:
        row = kind.others.get((flags, header))
        if row is None:
            row = kind.others[flags, header] = self._new_row(batch, i, customers, flags, kind)
        return row

    def _new_row(self, batch: Batch, i: int, customers: bytes, flags: int, kind: _Kind) -> Tally:
        self._used += 1
        stamp = batch.stamps[i]
        time = batch.data[stamp : stamp + 8]
        return Tally(batch.numbers[i], time, kind.second, customers, flags)

    def _fold(self) -> None:
        """Understand everything, and begin again."""
        evidence = self.evidence
        if self._native is not None:
            not_gre, vxlan = self._native.fold(evidence)
            self._counted.update({Oddity.NOT_GRE: not_gre, Oddity.VXLAN: vxlan})
        for kind in self._kinds.values():
            units = []
            others = ((header, row) for (_, header), row in kind.others.items())
            for header, row in chain(kind.headers.items(), others):
                unit = b"%c%b%b" % (row.flags, header[:-23], header[-19:-3])
                evidence.nvgre_frames += row.all_frames
                units.append((unit, row.packed(kind.clock)))
            evidence.units.add(units)
            for reading, row in kind.odd.values():
                packed = row.packed(kind.clock) if reading.unit else b""
                add(evidence, reading, row.sightings(kind.clock), packed, row.error(kind.clock))
        self._kinds.clear()
        self._used = 0


def scan(batches: Iterable[Batch], counter: FrameCounter | None = None) -> CaptureEvidence:
    """Count every frame of one capture, or of one part of it; with the `counter` whose walker the
    reader uses.
    """
    counter = counter or FrameCounter()
    for batch in batches:
        counter.add(batch)
    return counter.finish()


def _inner(batch: Batch, i: int, layout: Layout, length: int) -> bytes:
    """The first octets of an inner frame, as far as it was captured and the IP length counts."""
    start = batch.stamps[i] + batch.distance
    end = min(batch.lengths[i], layout.inner_at + MESSAGE)
    if length:
        end = min(end, layout.counted_at + length)
    return batch.data[start + layout.inner_at : start + end]
