"""Frames become evidence: what is counted until it is folded into the evidence.

Most frames of a capture are alike: the same few headers again and again.  Plain ones are counted in
C where that could be built (`native`), else in `loop`.  Every other frame is decoded once for all
frames of its essence.  That all ways give the same evidence is tested on random frames.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from nvgre_doctor.capture.batch import Batch, Clock, Columns, Records
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.evidence.rows import second_of
from nvgre_doctor.evidence.signs import Sightings, Sign
from nvgre_doctor.scan import native
from nvgre_doctor.scan.exact import Reading, add, add_frame, read_frame
from nvgre_doctor.scan.loop import PlainLoop
from nvgre_doctor.scan.native import Native, scanner_class
from nvgre_doctor.scan.tallies import Tally
from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.essence import essence
from nvgre_doctor.wire.marks import (
    INNER_IPV4,
    INNER_IPV6,
    begin_of_message,
    number_of_message,
    told_of,
)

ROWS: Final = 20_000
"""Rows beyond which all is folded: up to 20 MB.  Folding sooner changes nothing but the speed."""
_LOOPS: Final = 64  # hostile captures have another clock for each frame

Kind = tuple[int, Clock]
"""A linktype, and a clock."""
Odd = dict[bytes | Oddity, tuple[Reading, Tally]]
"""Frames that are not plain, by essence."""


class FrameCounter:
    """Counts batch by batch, what it did not count as the walker of their reader."""

    def __init__(self, rows: int | None = None) -> None:
        """Nothing counted; `rows` in place of ROWS, and of those in C."""
        self._most = rows or ROWS
        self._rows_in_c = rows or native.ROWS
        self._begin()

    def _begin(self) -> None:
        self.evidence = CaptureEvidence()
        self._kinds: dict[Kind, tuple[PlainLoop, Odd]] = {}
        self._counted: Counter[Sign] = Counter()  # frames of which nothing else is kept
        self._masks: dict[bytes, int] = {}
        scanner = scanner_class()
        self._native = None if scanner is None else Native(scanner, self._rows_in_c)

    def walk(
        self, records: Records, data: bytes, at: int, number: int, left: Columns
    ) -> tuple[int, int, int]:
        """See `capture.batch.Walker`: in C, or not at all."""
        last, is_full = -1, True
        while is_full and self._native is not None:
            at, number, walked, is_full = self._native.walk(records, data, at, number, left)
            last = max(last, walked)
            if is_full:
                self._fold()
        return at, number, last

    def add(self, batch: Batch) -> None:
        """Count the frames of one batch."""
        self.evidence.frames += len(batch.stamps)
        kind = batch.linktype, batch.clock
        if kind not in self._kinds:
            self._kinds[kind] = PlainLoop(batch.clock, self._masks), {}
        loop, odd = self._kinds[kind]
        layout = loop.layout
        for i in loop.count(batch):
            self._count_by_essence(batch, i, odd)
        if self._native is not None and loop.layout is not None and loop.layout is not layout:
            self._native.learn(batch.linktype, loop.layout)
        used = sum(loop.rows + len(odd) for loop, odd in self._kinds.values())
        if used >= self._most or len(self._kinds) > _LOOPS:
            self._fold()

    def finish(self) -> CaptureEvidence:
        """All evidence."""
        self._fold()
        for sign, count in (+self._counted).items():
            self.evidence.add_sign(sign, Sightings(count, ()))
        return self.evidence

    def take(self) -> CaptureEvidence:
        """The evidence of the frames since the last time, between two batches: slices add up to
        what `finish` gives of all.
        """
        evidence = self.finish()
        self._begin()
        return evidence

    def _count_by_essence(self, batch: Batch, i: int, odd: Odd) -> None:
        linktype, frame, wire_length = batch.linktype, batch.frame(i), batch.wire_length(i)
        number, stamp = batch.numbers[i], batch.stamps[i]
        what, ends, order, gre_key, payload, hop_limit = essence(linktype, frame, wire_length)
        time = batch.data[stamp : stamp + 8]
        ts_ns = batch.clock(time)
        if what is None:
            add_frame(self.evidence, linktype, frame, wire_length, Moment(number, ts_ns))
            return
        second = second_of(ts_ns)
        known = odd.get(what)
        if known is None:
            reading, _ = read_frame(linktype, frame, wire_length)
            known = odd[what] = reading, Tally(number, time, second, reading.customers)
        reading, row = known
        row.count(number, time, second)
        if reading.unit and order <= row.order:
            length = INNER_IPV4 if len(ends) == 8 else INNER_IPV6
            row.take(order, told_of(ends, order, gre_key, payload[:length]), payload, hop_limit)
        if reading.icmp is not None:
            numbered = number_of_message(order, payload) if gre_key else order
            if begin_of_message(numbered) <= row.largest:
                row.take_message(numbered, told_of(ends, order, gre_key, payload), ts_ns)

    def _fold(self) -> None:
        """Understand everything, and begin again."""
        evidence = self.evidence
        if self._native is not None:
            self._counted.update(self._native.fold(evidence))
        for (_, clock), (loop, odd) in self._kinds.items():
            self._counted.update({Sign(oddity): count for oddity, count in loop.counted.items()})
            units = list(loop.units())
            evidence.nvgre_frames += sum(frames for *_, frames in units)
            unkept = ((ends, 0, frames) for ends, frames in loop.unkept_frames.items())
            evidence.units.add(((unit, packed) for unit, packed, _ in units), unkept)
            for reading, row in odd.values():
                packed = row.packed(clock) if reading.unit else b""
                add(evidence, reading, row.sightings(clock), packed, row.error(clock))
        evidence.limit()
        self._masks = evidence.units.masks()
        self._kinds = {
            kind: (loop.renewed(self._masks), {}) for kind, (loop, _) in self._kinds.items()
        }
        if len(self._kinds) > _LOOPS:
            self._kinds = {}


def scan(batches: Iterable[Batch], counter: FrameCounter | None = None) -> CaptureEvidence:
    """Count every frame of one capture, or of one part of it; with the `counter` whose walker the
    reader uses.
    """
    counter = counter or FrameCounter()
    for batch in batches:
        counter.add(batch)
    return counter.finish()
