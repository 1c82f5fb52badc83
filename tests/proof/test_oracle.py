"""The oracle is sound in every generated world, and says enough to be worth the comparison."""

import ipaddress
from collections.abc import Iterable

import pytest

from tests.proof.generator import make_world
from tests.proof.oracle import proven_by_oracle


def wrong_and_right(seeds: Iterable[int], **fixed: object) -> tuple[list[object], int]:
    """Claims that are not true, and the number of those that are."""
    wrong: list[object] = []
    right = 0
    for seed in seeds:
        world = make_world(seed, **fixed)
        hosts = {ipaddress.ip_address(a).packed: host for a, host in world.truth.hosts.items()}
        for address, layout in proven_by_oracle(world.recordings).items():
            if not hosts[address].is_two_machines and layout != hosts[address].last:
                wrong.append((seed, address.hex(), layout))
            right += layout == hosts[address].last
    return wrong, right


def test_what_it_says_is_true() -> None:
    wrong, right = wrong_and_right(range(10_000, 10_100))
    assert wrong == []
    assert right > 80


@pytest.mark.long
def test_what_it_says_is_true_in_many_worlds() -> None:
    wrong, right = wrong_and_right(range(20_000, 22_000))
    assert wrong == []
    assert right > 2000


@pytest.mark.parametrize("clone_ids", ["next", "near", "far"])
def test_clones_do_not_deceive_it(clone_ids: str) -> None:
    wrong, right = wrong_and_right(range(30), clones=8, clone_ids=clone_ids, layouts="old")
    assert wrong == []
    assert right > 5
