"""Packets that were captured more than once: at several points, in several files, or in one file
given twice.
"""

from collections import defaultdict
from typing import Final

from nvgre_doctor.evidence.parts import Packet, Unit
from nvgre_doctor.infer.diagnosis import At, Copies
from nvgre_doctor.infer.spans import Parts

SHOWN: Final = 5
"""Frames of one statement."""


def find_copies(parts: Parts) -> list[Copies]:
    """Within each capture, then between two of them: of the packets that are known, and those are
    two for each key of a VM pair.

    A sender that numbers nothing makes packets that are alike, so within one capture only packets
    with a number count.
    """
    known: dict[bytes, int] = {}
    found: list[Copies] = []
    for capture in sorted(parts):
        here: dict[bytes, tuple[Packet, Unit]] = {}
        for part in parts[capture].values():
            for interval in part.intervals:
                for unit in interval.units:
                    here.update({packet.digest: (packet, unit) for packet in unit.packets})
        same = [(p, u) for p, u in here.values() if p.frames > 1 and p.order]
        if same:
            found.append(_copies(capture, same, max(packet.frames for packet, _ in same), None))
        of_others: defaultdict[int, list[tuple[Packet, Unit]]] = defaultdict(list)
        for digest, seen in here.items():
            if digest in known:
                of_others[known[digest]].append(seen)
            else:
                known[digest] = capture
        found += [
            _copies(capture, seen, 1 + max(packet.frames for packet, _ in seen), other)
            for other, seen in sorted(of_others.items())
        ]
    return found


def _copies(capture: int, seen: list[tuple[Packet, Unit]], most: int, other: int | None) -> Copies:
    firsts = sorted({unit.first for _, unit in seen})[:SHOWN]
    frames = tuple(At(moment.ts_ns, capture, moment.frame_number) for moment in firsts)
    return Copies(capture, len(seen), most, frames, other)
