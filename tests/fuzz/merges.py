"""Evidence that is put together in any tree and any order, over processes too, is that of one pass:
of several captures, and of one capture that was cut in pieces.

Knows how evidence is merged; must not know what it means.
"""

import pickle
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import TypeVar

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.capture import Batch, open_capture
from nvgre_doctor.evidence import CaptureEvidence, Evidence, merge, sampling
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.hearsay import settle_errors
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.scan.counting import FrameCounter, scan
from nvgre_doctor.scan.files import read_stretch, whole
from tests.fuzz import captures, scratch
from tests.fuzz.frames import mixed_frames
from tests.worlds import report_of

NEXT = b"\x17NEXT\x17"
"""Between two captures of an input."""
HEAD = 4
"""Bytes before the captures: the seed of all chance."""
MOST = 6  # captures of an input
FEW = {"ALL_UNITS": 4, "VM_STREAMS": 2}
"""Limits of `sampling` for inputs of which not all VM pairs are kept."""

Part = TypeVar("Part")


def seeds() -> list[bytes]:
    """Captures of the same few hosts, one of them twice."""
    made = []
    for n in range(24):
        dice = Random(n)
        some = [
            make(Random(dice.randrange(9)), mixed_frames(Random(dice.randrange(9)), 12, 1))
            for make in (captures.random_pcap, captures.random_pcapng)
        ]
        some.append(dice.choice(some))
        made.append(n.to_bytes(HEAD) + NEXT.join(some))
    return made


def check(data: bytes) -> None:
    """With all VM pairs, or with a few."""
    dice = Random(data[:HEAD])
    contents = data[HEAD:].split(NEXT)[:MOST]
    paths = [scratch.file(f"capture-{n}", content) for n, content in enumerate(contents)]
    with pytest.MonkeyPatch.context() as patch:
        for limit, value in FEW.items() if dice.random() < 0.5 else ():
            patch.setattr(sampling, limit, value)
        check_captures(dice, paths)
        check_pieces(dice, paths[0])


def check_captures(dice: Random, paths: Sequence[str]) -> None:
    """What is read of each alone, and then merged, is what is read of all: as evidence, in what is
    shared, and as a report.
    """
    found = diagnose(paths)
    parts = [
        Evidence({n: read_stretch(whole(path, None), lambda _: None).read.evidence})
        for n, path in enumerate(paths)
    ]
    at_once, evidence = merge(parts), put_together(dice, parts, merge)
    assert evidence == at_once
    assert [same for _, same in evidence.different()] == [same for _, same in at_once.different()]
    evidence = settle_errors(evidence)
    diagnosis = infer(evidence, Inventory())
    assert report_of(Situation(found.captures, evidence, diagnosis, Inventory())) == found


def check_pieces(dice: Random, path: str) -> None:
    """Any frames in any piece, each of which is counted in a table of its own size."""
    with open_capture(path) as capture:
        batches = list(capture.batches())
    hands: list[list[Batch]] = [[] for _ in range(dice.choice((1, 2, 5)))]
    for batch in batches:
        of_frames = [dice.randrange(len(hands)) for _ in batch.stamps]
        for hand, pieces in enumerate(hands):
            places = [place for place, held_by in enumerate(of_frames) if held_by == hand]
            pieces.append(part_of(batch, places))
    parts = [scan(pieces, FrameCounter(dice.choice((None, 1, 3)))) for pieces in hands]
    assert put_together(dice, [*parts, CaptureEvidence()], added) == scan(batches)


def part_of(batch: Batch, places: Iterable[int]) -> Batch:
    """Some frames of a batch."""
    columns = ("stamps", "lengths", "numbers")
    chosen = {name: [getattr(batch, name)[place] for place in places] for name in columns}
    return batch._replace(**chosen)


def added(parts: Sequence[CaptureEvidence]) -> CaptureEvidence:
    """One after the other."""
    return sum(parts[1:], start=parts[0])


def put_together(
    dice: Random, parts: Sequence[Part], merge: Callable[[Sequence[Part]], Part]
) -> Part:
    """Two or three at a time, any of them; some come from another process, as bytes."""
    left = list(parts)
    while len(left) > 1:
        some = [
            left.pop(dice.randrange(len(left)))
            for _ in range(min(len(left), 2 + dice.randrange(2)))
        ]
        merged = merge(some)
        if dice.random() < 0.3:
            merged = pickle.loads(pickle.dumps(merged))
        left.append(merged)
    return left[0]
