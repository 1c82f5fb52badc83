"""Property 1 of what "proven" means: no single frame proves the other layout, makes an agreement or
health of a mismatch, or a mismatch of health.
"""

from collections.abc import Iterable
from itertools import product
from pathlib import Path
from random import Random

import pytest

from tests.proof.asking import ask, false_turns, frames_of, never_spoken
from tests.proof.changing import (
    Capture,
    doubled,
    flipped,
    nvgre_frames,
    one_frame_changes,
)
from tests.proof.generator import World, make_world
from tests.proof.noise import FRAMES, KINDS
from tests.samples import FOLDER

SAMPLES = [path for path in sorted(FOLDER.iterdir()) if frames_of(path)]
"""Those of Ethernet: all but one."""
CLEAN = {"bit_error": "no", "is_frame_forged": False}
"""A second wrong frame may prove: no world here has one already."""
FAST_SEEDS, LONG_SEEDS = range(50_000, 50_010), range(51_000, 51_040)
CHANGES_IN_A_WORLD, CHANGES_IN_A_SAMPLE = 2, 4


def turns_of(captures: list[Capture], dice: Random, count: int) -> list[str]:
    """What changes of one frame of one of these captures turn, each with the change."""
    before = ask(*captures)
    index = dice.randrange(len(captures))
    return [
        f"{how}: {turn}"
        for how, changed in one_frame_changes(captures[index], dice, count)
        for turn in false_turns(before, ask(*captures[:index], changed, *captures[index + 1 :]))
    ]


def false_proofs(world: World, count: int) -> list[str]:
    """Hosts proven in a layout that they never spoke, after changes of one frame."""
    captures, dice = world.captures(), Random(world.seed)
    if not captures:
        return []
    before = ask(*captures)
    index = dice.randrange(len(captures))
    found = []
    for how, changed in one_frame_changes(captures[index], dice, count):
        after = ask(*captures[:index], changed, *captures[index + 1 :])
        found += [
            f"seed {world.seed}, {how}: {turn}"
            for turn in [*false_turns(before, after), *never_spoken(world, after)]
        ]
    return found


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_one_frame_turns_no_sample(path: Path) -> None:
    frames = frames_of(path)
    assert frames
    assert turns_of([frames], Random(path.name), CHANGES_IN_A_SAMPLE) == []


@pytest.mark.parametrize("seed", FAST_SEEDS)
def test_one_frame_proves_nothing_false_in_a_world(seed: int) -> None:
    assert false_proofs(make_world(seed, **CLEAN), CHANGES_IN_A_WORLD) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_changes_of_one_frame_prove_nothing_false_in_many_worlds(seed: int) -> None:
    assert false_proofs(make_world(seed, **CLEAN), 8) == []


def test_one_frame_turns_no_hard_case(cases: Path) -> None:
    for path in sorted((cases / "hard").glob("*.pcap")):
        frames = frames_of(path)
        assert frames
        assert turns_of([frames], Random(path.name), 2) == [], path.name


@pytest.mark.long
def test_one_frame_turns_no_case(cases: Path) -> None:
    for path in sorted(cases.rglob("*.pcap*")):
        if frames := frames_of(path):
            assert turns_of([frames], Random(path.name), 2) == [], path.name


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_frame_that_is_seen_twice_changes_nothing(path: Path) -> None:
    frames = frames_of(path)
    assert frames
    before = ask(frames)
    for index in nvgre_frames(frames)[::3]:
        after = ask(doubled(frames, index))
        assert (after.hosts, after.pairs) == (before.hosts, before.pairs), index


def turned_by_a_bit(kind: str, flips: Iterable[tuple[int, int]]) -> list[object]:
    """Flips, as (index of the frame, bit of its key), that turn the answer about 1,000 frames.  A
    stray frame is a warning: of that the verdict about healthy hosts may be made.
    """
    frames = KINDS[kind]()
    before = ask(frames)
    assert {confidence for _, confidence in before.hosts.values()} == {"proven"}
    verdicts = {before.verdict} | ({"warnings"} if before.verdict == "healthy" else set())
    turned: list[object] = []
    for index, bit in flips:
        after = ask(flipped(frames, index, 1 << bit))
        turns = false_turns(before, after)
        if turns or after.verdict not in verdicts:
            turned.append((index, bit, after.verdict, turns))
    return turned


FIRST_MIDDLE_LAST = (0, FRAMES // 2 - 1, FRAMES - 1)


@pytest.mark.parametrize("kind", KINDS)
def test_one_wrong_bit_in_a_thousand_frames_turns_nothing(kind: str) -> None:
    """Every bit of a key, each in one of three frames."""
    assert turned_by_a_bit(kind, ((FIRST_MIDDLE_LAST[bit % 3], bit) for bit in range(32))) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_one_wrong_bit_turns_nothing_wherever_it_is(kind: str) -> None:
    """Every bit of a key, in the first, a middle and the last frame."""
    assert turned_by_a_bit(kind, product(FIRST_MIDDLE_LAST, range(32))) == []


def test_a_wrong_bit_is_named_as_a_stray() -> None:
    after = ask(flipped(KINDS["mismatch"](), 500, 1 << 28))
    strays = [f for f in after.report["findings"] if f["code"] == "NVG405"]
    assert [frame["frame"] for stray in strays for frame in stray["frames"]] == [501]
