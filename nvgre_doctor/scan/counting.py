"""Frames become evidence: the loop, and what it counts until that is folded into the evidence.

Most frames of a capture are alike: the same few headers (`plain`) again and again.  So they are
counted in one dict by their header, and understood when the dict is folded.  Every other frame is
decoded once for all frames of its `essence`.  `_scanner.c` is the same loop for plain frames, where
it could be built: it walks over the records, and only what it leaves comes here.  That all ways
give the same evidence is tested on random frames.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from struct import error
from typing import Any, Final

from nvgre_doctor.capture.batch import Batch, Clock, Columns, Records
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.sampling import OCTET_SPREAD
from nvgre_doctor.evidence.signs import EXAMPLES, Sightings, Sign
from nvgre_doctor.evidence.streams import UPPER_BITS, Moment
from nvgre_doctor.scan import native
from nvgre_doctor.scan.essence import Essence, essence
from nvgre_doctor.scan.exact import Tally, add_facts, customer_addresses
from nvgre_doctor.scan.folding import DIRECTION, STREAM, UNKEPT, Row, fold, masks
from nvgre_doctor.scan.native import Native, scanner_class
from nvgre_doctor.scan.plain import (
    GRE,
    IP_OR_ARP,
    NEAR_CONTROL,
    TCP_OR_UDP,
    UDP,
    VXLAN_PORT,
    WHOLE,
    Layout,
    customers_of,
    is_data,
    is_plain_vxlan,
    is_quiet,
    layout_of,
)
from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import Nvgre

ROWS: Final = 20_000
"""Rows beyond which all is folded: up to 20 MB.  Folding sooner changes nothing but the speed."""
_TABLES: Final = 64  # hostile captures have another clock for each frame

Counted = list[Any]
"""Frames; number and time, as it is stored, of the first and of the last one; of the first one
the customer addresses, or all facts."""


class _Table:
    """What was counted of the frames of one linktype and clock, which come in order."""

    def __init__(self) -> None:
        self.headers: dict[bytes, Counted] = {}
        self.unkept: dict[
            bytes, tuple[Counted, set[int]]
        ] = {}  # and the lowest octets of their keys
        self.essences: dict[Essence, tuple[Counted, list[Moment]]] = {}  # and the first frames

    def __len__(self) -> int:
        return len(self.headers) + len(self.unkept) + len(self.essences)

    def rows(self) -> Iterator[Row]:
        """What was counted of plain frames."""
        for header, counted in self.headers.items():
            key = header[-18:-15] + header[-14:-2]
            yield (STREAM, 0, header[:-22], key, *counted, header[-15:-14])
        for group, (counted, octets) in self.unkept.items():
            yield (UNKEPT, 0, group[:-7] * 2, group[-UPPER_BITS:], *counted, bytes(octets))


class FrameCounter:
    """Counts batch by batch, what it did not count as the walker of their reader."""

    def __init__(self, rows: int | None = None) -> None:
        """Nothing counted; `rows` in place of ROWS, and of those in C."""
        self.evidence = CaptureEvidence()
        self._rows, self._used = rows or ROWS, 0
        self._tables: dict[tuple[int, Clock], _Table] = {}
        self._layouts: dict[int, Layout] = {}  # by linktype: of the last plain frame
        self._thinned: dict[bytes, list[int]] = {}
        """By source + destination where not all VM pairs are kept: `folding.masks`, and how many
        frames of those were counted here."""
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
        table = self._tables.setdefault((batch.linktype, batch.clock), _Table())
        before = len(table)
        for i in self._count_plain(batch, table):
            self._count_by_essence(batch, i, table)
        self._used += len(table) - before
        if self._used >= self._rows or len(self._tables) > _TABLES:
            self._fold()

    def finish(self) -> CaptureEvidence:
        """All evidence."""
        self._fold()
        for oddity, count in (+self._counted).items():
            self.evidence.add_sign(Sign(oddity), Sightings(count, ()))
        return self.evidence

    def _count_plain(self, batch: Batch, table: _Table) -> list[int]:
        """Count plain frames, and give the others.  The layout hardly ever changes."""
        odd: list[int] = []
        layout, at = self._layouts.get(batch.linktype), 0
        while at < len(batch.stamps):
            if layout is not None:
                at = self._run(batch, at, layout, table, odd)
            if at < len(batch.stamps):
                new = layout_of(batch.linktype, batch.frame(at), batch.distance)
                if new is None or new is layout:  # the last frames of a buffer may be too short
                    odd.append(at)
                    at += 1
                if new is not None:
                    layout = self._layouts[batch.linktype] = new
                    if self._native is not None:
                        self._native.learn(batch.linktype, new)
        return odd

    def _run(self, batch: Batch, begin: int, layout: Layout, table: _Table, odd: list[int]) -> int:
        """The loop: count plain frames from `begin` on, up to one that the layout does not
        fit.
        """
        data, get = batch.data, table.headers.get
        unpack, (link_one, link_two), versions = layout.unpack, layout.link, layout.versions
        plain_ip, plain_nvgre, not_gre = layout.plain_ip, layout.plain_nvgre, layout.not_gre
        shortest_ip = layout.counted_ip
        shortest_nvgre = shortest_ip + plain_nvgre - plain_ip
        gre, tcp_or_udp, ip_or_arp, whole = GRE, TCP_OR_UDP, IP_OR_ARP, WHOLE
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
                (time, one, two, version, length, fragment, protocol, header,
                 inner_protocol) = unpack(data, stamp)
                # fmt: on
                if one != link_one or two != link_two or version not in versions:
                    return at
                if protocol == gre:
                    if fragment in whole and (
                        (
                            inner_protocol in tcp_or_udp
                            and header[-2] == ip_or_arp
                            and captured >= plain_nvgre
                            and (length >= shortest_nvgre or not length)
                        )
                        or is_quiet(_inner(batch, at, layout, length))
                    ):
                        row = get(header)
                        if row is None:
                            row = self._learn(batch, at, layout, length, header, table)
                        if row is not None:
                            row[0] += 1
                            row[3] = number
                            row[4] = time
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
                        if header[-20:-18] != VXLAN_PORT:
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
            self._counted[Oddity.NOT_GRE] += other
            self._counted[Oddity.VXLAN] += vxlan

    def _learn(
        self, batch: Batch, i: int, layout: Layout, length: int, header: bytes, table: _Table
    ) -> Counted | None:
        """The row for a quiet frame whose header is not known; None unless it is NVGRE data."""
        thinned = self._thinned.get(header[:-22])
        if thinned and (OCTET_SPREAD[header[-9]] ^ OCTET_SPREAD[header[-3]]) & thinned[0]:
            group = header[: len(header) - 22 >> 1] + header[-22:-15]
            unkept = table.unkept.get(group)
            if unkept is None and is_data(header) and header[-17:-15] != NEAR_CONTROL:
                unkept = table.unkept[group] = self._new_row(batch, i, b""), set()
            if unkept is not None:
                thinned[1] += 1
                unkept[1].add(header[-15])
                return unkept[0]
        if not is_data(header):
            return None
        customers = customers_of(_inner(batch, i, layout, length))
        if customers is None:
            facts = decode(batch.linktype, batch.frame(i), batch.wire_length(i))
            if not isinstance(facts, Nvgre):
                return None
            customers = customer_addresses(facts.inner_source, facts.inner_destination)
        row = table.headers[header] = self._new_row(batch, i, customers)
        return row

    def _count_by_essence(self, batch: Batch, i: int, table: _Table) -> None:
        linktype, frame, wire_length = batch.linktype, batch.frame(i), batch.wire_length(i)
        what = essence(linktype, frame, wire_length)
        if what is None:
            moment = Moment(batch.numbers[i], batch.ts_ns(i))
            facts = decode(linktype, frame, wire_length)
            add_facts(self.evidence, facts, Tally(1, (moment,), moment), linktype)
            return
        known = table.essences.get(what)
        if known is None:
            facts = decode(linktype, frame, wire_length)
            known = table.essences[what] = self._new_row(batch, i, facts), []
        row, first = known
        stamp, number = batch.stamps[i], batch.numbers[i]
        row[0] += 1
        row[3] = number
        row[4] = batch.data[stamp : stamp + 8]
        if len(first) < EXAMPLES:
            first.append(Moment(number, batch.ts_ns(i)))

    def _new_row(self, batch: Batch, i: int, about_first: object) -> Counted:
        stamp, number = batch.stamps[i], batch.numbers[i]
        time = batch.data[stamp : stamp + 8]
        return [0, number, time, number, time, about_first]

    def _fold(self) -> None:
        """Understand everything, and begin again."""
        before = self.evidence.nvgre_frames
        if self._native is not None:
            not_gre, vxlan = self._native.fold(self.evidence)
            self._counted.update({Oddity.NOT_GRE: not_gre, Oddity.VXLAN: vxlan})
            self.evidence.frames += self.evidence.nvgre_frames - before + not_gre + vxlan
        for (linktype, clock), table in self._tables.items():
            fold(self.evidence, table.rows(), [clock])
            for row, first in table.essences.values():
                last = Moment(row[3], clock(row[4]))
                add_facts(self.evidence, row[5], Tally(row[0], tuple(first), last), linktype)
        self._tables.clear()
        self._used = 0
        fold(self.evidence, _directions(self._thinned), [])
        new_masks = masks(self.evidence)
        self._thinned = {ends: [mask, 0] for ends, mask in new_masks.items()}
        if self._native is not None:
            self._native.keep(self.evidence.is_thinned, new_masks)


def _directions(thinned: dict[bytes, list[int]]) -> Iterator[Row]:
    for ends, (_, frames) in thinned.items():
        if frames:
            yield DIRECTION, 0, ends, b"", frames, 0, b"", 0, b"", b"", b"\0"


def scan(batches: Iterable[Batch], counter: FrameCounter | None = None) -> CaptureEvidence:
    """Count every frame of one capture, or of one part of it; with the `counter` whose walker the
    reader uses.
    """
    counter = counter or FrameCounter()
    for batch in batches:
        counter.add(batch)
    return counter.finish()


def _inner(batch: Batch, i: int, layout: Layout, length: int) -> bytes:
    """An inner frame from its EtherType on, as far as it was captured and the IP length counts."""
    start = batch.stamps[i] + batch.distance
    end = batch.lengths[i]
    if length:
        end = min(end, layout.plain_ip - layout.counted_ip + length)
    return batch.data[start + layout.inner_type_at : start + end]
