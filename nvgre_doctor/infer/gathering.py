"""Evidence becomes streams: the captures laid over each other, for whoever shows what was sent."""

from collections import defaultdict
from collections.abc import Iterable

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.streams import streams
from nvgre_doctor.infer.diagnosis import At, Stream


def gather_streams(evidence: Evidence) -> list[Stream]:
    """Every stream of all captures, by source, destination, bits 31..8 and MACs."""
    merged: dict[tuple[bytes, bytes, int, bytes], Stream] = {}
    for index in sorted(evidence.captures):
        for key, facts in streams(evidence.captures[index]):
            stream = Stream(
                *key,
                facts.low_octets,
                facts.frames,
                At(facts.first.ts_ns, index, facts.first.frame_number),
                At(facts.last.ts_ns, index, facts.last.frame_number),
                facts.customer_addresses,
            )
            known = merged.get(stream[:4])
            merged[stream[:4]] = stream if known is None else _merge(known, stream)
    return sorted(merged.values())  # no two have the same first four fields


def count_frames(evidence: Evidence, streams: Iterable[Stream]) -> dict[tuple[bytes, bytes], int]:
    """NVGRE data frames by source and destination, in order."""
    counts: defaultdict[tuple[bytes, bytes], int] = defaultdict(int)
    for stream in streams:
        if stream.destination:
            counts[stream.source, stream.destination] += stream.frames
    for part in evidence.captures.values():
        for ends, frames in part.units.unkept_frames.items():
            middle = len(ends) // 2
            counts[ends[:middle], ends[middle:]] += frames
    return dict(sorted(counts.items()))


def _merge(a: Stream, b: Stream) -> Stream:
    """One stream of two, `b` from a later capture."""
    earlier = b if b.first < a.first else a
    return a._replace(
        low_octets=bytes(sorted({*a.low_octets, *b.low_octets})),
        frames=a.frames + b.frames,
        first=min(a.first, b.first),
        last=max(a.last, b.last),
        customer_addresses=earlier.customer_addresses,
    )
