"""Every frame decoded and counted by itself: what the scan must say, however it does it."""

from collections.abc import Iterable

from nvgre_doctor.capture.batch import Batch
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.scan.exact import add_frame


def scan_exactly(batches: Iterable[Batch]) -> CaptureEvidence:
    evidence = CaptureEvidence()
    for batch in batches:
        for i, number in enumerate(batch.numbers):
            evidence.frames += 1
            moment = Moment(number, batch.ts_ns(i))
            frame, wire_length = batch.frame(i), batch.wire_length(i)
            add_frame(evidence, batch.linktype, frame, wire_length, moment)
    evidence.limit()
    return evidence
