"""Every frame decoded and counted by itself: what the scan must say, however it does it."""

from collections.abc import Iterable

from nvgre_doctor.capture.batch import Batch
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.streams import Moment
from nvgre_doctor.scan.exact import Tally, add_facts
from nvgre_doctor.wire.decode import decode


def scan_exactly(batches: Iterable[Batch]) -> CaptureEvidence:
    evidence = CaptureEvidence()
    for batch in batches:
        for i, number in enumerate(batch.numbers):
            evidence.frames += 1
            moment = Moment(number, batch.ts_ns(i))
            facts = decode(batch.linktype, batch.frame(i), batch.wire_length(i))
            add_facts(evidence, facts, Tally(1, (moment,), moment), batch.linktype)
    return evidence
