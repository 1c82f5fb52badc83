"""Evidence becomes streams: the captures laid over each other, for whoever shows what was sent."""

from collections import defaultdict
from collections.abc import Iterable

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.parts import halves
from nvgre_doctor.evidence.streams import streams
from nvgre_doctor.infer.at import at
from nvgre_doctor.infer.sent import Opened
from nvgre_doctor.infer.stream import Stream


def gather_streams(opened: Opened) -> list[Stream]:
    """Every stream of one address in all captures, by destination, bits 31..8 and MACs."""
    merged: dict[tuple[bytes, bytes, int, bytes], Stream] = {}
    for bundle, held in opened.held().items():
        captures = sum(map(len, held))
        first, last = held[0][0], max(alike[-1] for alike in held)
        for key, facts in streams(opened.parts[bundle]):
            stream = Stream(
                *key,
                facts.low_octets,
                captures * facts.frames,
                at(facts.first, first),
                at(facts.last, last),
                facts.customer_addresses,
            )
            known = merged.get(stream[:4])
            merged[stream[:4]] = stream if known is None else _merge(known, stream)
    return sorted(merged.values())  # no two have the same first four fields


def by_source(streams: Iterable[Stream]) -> dict[bytes, list[Stream]]:
    """The streams that each host sent; nothing for a host that sent none."""
    hosts: defaultdict[bytes, list[Stream]] = defaultdict(list)
    for stream in streams:
        hosts[stream.source].append(stream)
    return dict(hosts)


def count_frames(evidence: Evidence, streams: Iterable[Stream]) -> dict[tuple[bytes, bytes], int]:
    """NVGRE data frames by source and destination, in order."""
    counts: defaultdict[tuple[bytes, bytes], int] = defaultdict(int)
    for stream in streams:
        if stream.destination:
            counts[stream.source, stream.destination] += stream.frames
    for part, captures in evidence.different():
        for ends, frames in part.unkept_frames:
            counts[halves(ends)] += len(captures) * frames
    return dict(sorted(counts.items()))


def _merge(a: Stream, b: Stream) -> Stream:
    """One stream of two, from different captures."""
    earlier = b if b.first < a.first else a
    return a._replace(
        low_octets=bytes(sorted({*a.low_octets, *b.low_octets})),
        frames=a.frames + b.frames,
        first=min(a.first, b.first),
        last=max(a.last, b.last),
        customer_addresses=earlier.customer_addresses,
    )
