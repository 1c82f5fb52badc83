"""What was counted of plain frames is put into the evidence.

Knows streams, and which VM pairs are kept; nothing about frames.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from nvgre_doctor.capture.batch import Clock
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.streams import UPPER_BITS, Moment, StreamFacts, pack_stream

STREAM: Final = 0
UNKEPT: Final = 1
"""VM pairs that are not kept (see `evidence.sampling`), together by source and bits 31..8."""
DIRECTION: Final = 2
"""Only how many frames of VM pairs that are not kept went from one host to the other, and the mask
of the direction in place of the octets."""

Row = tuple[int, int, bytes, bytes, int, int, bytes, int, bytes, bytes, bytes]
"""One of the three above; number of a clock; source + destination; bits 31..8 of the key + MACs;
frames; number and time, as it is stored, of the first and of the last one; customer addresses of
the first one; lowest octets of the keys.
"""


def fold(evidence: CaptureEvidence, rows: Iterable[Row], clocks: Sequence[Clock]) -> None:
    """Add it all.  One stream may come several times."""
    rows = list(rows)
    wanted: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for row in rows:
        if row[0] == STREAM:
            wanted[row[2]].add(row[3])
        elif row[0] == DIRECTION:
            evidence.raise_level(row[2], row[10][0].bit_length())
    evidence.make_room(wanted)
    unkept: dict[bytes, list[Any]] = {}
    for sort, clock, ends, key, frames, number, time, last, last_time, customers, octets in rows:
        if sort != UNKEPT:  # the frames of those are counted by direction
            evidence.nvgre_frames += frames
            direction = evidence.directions.get(ends) or evidence.direction(ends)
            if sort == STREAM and direction.keeps(key[UPPER_BITS:]):
                seen = Moment(number, clocks[clock](time)), Moment(last, clocks[clock](last_time))
                packed = pack_stream(StreamFacts(frames, *seen, customers, octets))
                evidence.add_kept(direction, key, packed)
                continue
            direction.unkept_frames += frames
        if sort != DIRECTION:
            group = ends[: len(ends) // 2] + key[:UPPER_BITS]
            known = unkept.get(group)
            if known is None:
                begin, end = (number, clock, time), (last, clock, last_time)
                unkept[group] = [frames, begin, end, set(octets)]
                continue
            known[0] += frames
            if number < known[1][0]:
                known[1] = number, clock, time
            if last > known[2][0]:
                known[2] = last, clock, last_time
            known[3].update(octets)
    for group, (frames, begin, end, octets_seen) in unkept.items():
        seen = (
            Moment(begin[0], clocks[begin[1]](begin[2])),
            Moment(end[0], clocks[end[1]](end[2])),
        )
        facts = StreamFacts(frames, *seen, b"", bytes(sorted(octets_seen)))
        evidence.add_unkept(group, pack_stream(facts))


def masks(evidence: CaptureEvidence) -> dict[bytes, int]:
    """By source + destination, where not all VM pairs are kept: as many one bits as
    `Direction.level` says.
    """
    return {
        ends: (1 << direction.level) - 1
        for ends, direction in evidence.directions.items()
        if direction.level
    }
