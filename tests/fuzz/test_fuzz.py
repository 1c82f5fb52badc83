"""The short seeded run of every fuzz target, and all inputs that ever broke something."""

from pathlib import Path
from random import Random

import pytest

from tests.figures import EXECUTIONS
from tests.fuzz.mutate import mutate
from tests.fuzz.targets import TARGETS

pytestmark = pytest.mark.long

CRASHES = Path(__file__).parent / "crashes"
KEPT = sorted(path.name for path in CRASHES.iterdir() if path.name != "README.md")
EACH_TARGET = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
SEED = 20120904


@EACH_TARGET
def test_the_seeds_hold(target):
    for data in target.seeds():
        target.check(data)


@EACH_TARGET
def test_mutated_seeds_hold(target):
    seeds, dice = target.seeds(), Random(SEED)
    for number in range(target.executions):
        data = mutate(dice, dice.choice(seeds), seeds, target.longest)
        try:
            target.check(data)
        except Exception:
            print(f"execution {number} of {target.name}: {data.hex()}")
            raise
    EXECUTIONS[target.name] = target.executions


@pytest.mark.parametrize("name", KEPT)
def test_what_broke_something_once_does_not_break_it_again(name):
    target = TARGETS[name.partition(".")[0]]
    target.check((CRASHES / name).read_bytes())


def test_every_input_that_is_kept_is_explained():
    table = (CRASHES / "README.md").read_text(encoding="utf-8")
    explained = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert explained == KEPT
    assert all((CRASHES / name).stat().st_size < 2048 for name in KEPT)
