"""Frames become evidence: the loop."""

from collections.abc import Iterable

from nvgre_doctor.capture.batch import Batch, Columns, Records
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.scan.exact import add_frame


class FrameCounter:
    """Counts batch by batch."""

    def __init__(self, rows: int | None = None) -> None:
        """Nothing counted."""
        self.evidence = CaptureEvidence()

    def walk(
        self, records: Records, data: bytes, at: int, number: int, left: Columns
    ) -> tuple[int, int]:
        """See `capture.batch.Walker`."""
        return at, number

    def add(self, batch: Batch) -> None:
        """Count the frames of one batch."""
        self.evidence.frames += len(batch.stamps)
        for i, number in enumerate(batch.numbers):
            moment = Moment(number, batch.ts_ns(i))
            frame, wire_length = batch.frame(i), batch.wire_length(i)
            add_frame(self.evidence, batch.linktype, frame, wire_length, moment)

    def finish(self) -> CaptureEvidence:
        """All evidence."""
        return self.evidence


def scan(batches: Iterable[Batch], counter: FrameCounter | None = None) -> CaptureEvidence:
    """Count every frame of one capture, or of one part of it; with the `counter` whose walker the
    reader uses.
    """
    counter = counter or FrameCounter()
    for batch in batches:
        counter.add(batch)
    return counter.finish()
