"""What was sent, seen in three ways in one pass: spans, streams, and copies."""

from typing import NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.copies import FoundCopies
from nvgre_doctor.infer.diagnosis import Copies
from nvgre_doctor.infer.gathering import gather_streams
from nvgre_doctor.infer.sent import open_sent
from nvgre_doctor.infer.spans import Span, add_spans, sure_pairs
from nvgre_doctor.infer.stream import Stream


class Hearing(NamedTuple):
    """Of all captures together."""

    spans: list[Span]  # by address, each address's by capture and frame
    streams: list[Stream]  # by source, destination, bits 31..8 and MACs
    copies: list[Copies]


def hear(evidence: Evidence) -> Hearing:
    """Listen to one address after the other."""
    spans: list[Span] = []
    streams: list[Stream] = []
    copies = FoundCopies(are_several=len(evidence.captures) > 1)
    sure = sure_pairs(evidence)
    for opened in open_sent(evidence):
        add_spans(spans, opened, sure)
        streams += gather_streams(opened)
        copies.add(opened)
    return Hearing(spans, sorted(streams), copies.found())
