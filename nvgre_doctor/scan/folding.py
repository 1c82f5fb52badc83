"""What was counted of plain frames is put into the evidence.

Knows streams and which VM pairs are kept; nothing about frames.
"""

from collections import defaultdict
from collections.abc import Iterable

from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.sampling import OCTET_SPREAD
from nvgre_doctor.evidence.streams import StreamFacts, add_stream, pack_stream

Streams = Iterable[tuple[bytes, bytes, StreamFacts]]
"""Source + destination, bits 31..8 of the key + MACs, and what was counted; one stream may come
several times.
"""
Unkept = Iterable[tuple[bytes, StreamFacts]]
"""The same of VM pairs that are not kept, together by source + bits 31..8 of the key."""


def fold(
    evidence: CaptureEvidence, streams: Streams, unkept: Unkept, unkept_frames: dict[bytes, int]
) -> None:
    """Add it all.  `unkept_frames` are those of VM pairs that are not kept, by source +
    destination.
    """
    grouped: defaultdict[bytes, dict[bytes, bytes]] = defaultdict(dict)
    for ends, key, facts in streams:
        evidence.nvgre_frames += facts.frames
        add_stream(grouped[ends], key, pack_stream(facts))
    evidence.make_room({ends: packed.keys() for ends, packed in grouped.items()})
    for ends, packed in grouped.items():
        for key, stream in packed.items():
            evidence.add_stream(ends, key, stream)
    for key, facts in unkept:
        evidence.add_unkept(key, pack_stream(facts))
    for ends, frames in unkept_frames.items():
        evidence.nvgre_frames += frames
        evidence.direction(ends).unkept_frames += frames


def masks(evidence: CaptureEvidence) -> dict[bytes, int]:
    """By source + destination, where not all VM pairs are kept: as many one bits as
    `Direction.level` says.
    """
    return {
        ends: (1 << direction.level) - 1
        for ends, direction in evidence.directions.items()
        if direction.level
    }


def is_unkept(mask: int, one: int, two: int) -> bool:
    """Whether a VM pair, whose MACs end with the octets `one` and `two`, is not kept for certain:
    the low 8 bits of `vm_rank` say so.
    """
    return bool((OCTET_SPREAD[one] ^ OCTET_SPREAD[two]) & mask)
