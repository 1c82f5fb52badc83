"""Property 13: order, splits, duplicates, other addresses and other traffic change nothing."""

from random import Random

import pytest

from tests.proof.asking import Answer, ask, never_spoken
from tests.proof.changing import renumbered, renumbered_address, with_other_traffic
from tests.proof.generator import make_world

SEEDS = range(80_000, 80_012)
QUIET = {"restarts": "no", "failover": "no", "is_clock_set_back": False}


def counted(answer: Answer) -> list[tuple[object, ...]]:
    return sorted(
        (
            r["source"],
            r["destination"],
            r["by"],
            r["key"] or "",
            r["carried"],
            r["count"],
            r["cause"],
        )
        for r in answer.report["refusals"]
    )


def said(answer: Answer) -> tuple[object, ...]:
    return answer.hosts, answer.pairs, answer.verdict, counted(answer)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_captures_changes_nothing(seed: int) -> None:
    captures = make_world(seed, vantage=("laptops", "ring", "windows")[seed % 3]).captures()
    assert said(ask(*captures)) == said(ask(*captures[::-1]))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_capture_given_twice_changes_nothing(seed: int) -> None:
    captures = make_world(seed).captures()
    assert said(ask(*captures)) == said(ask(*captures, *captures))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_frame_seen_twice_changes_nothing(seed: int) -> None:
    captures = make_world(seed, vantage="span").captures()
    twice = [[copy for frame in frames for copy in (frame, frame)] for frames in captures]
    assert said(ask(*captures)) == said(ask(*twice))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_capture_in_two_parts_proves_the_same(seed: int) -> None:
    """Where no host has a silence; a change over two files has no order that is known."""
    world = make_world(seed, vantage="span", **QUIET)
    captures = world.captures()
    for frames in captures:
        middle = len(frames) // 2
        whole, parts = ask(frames), ask(frames[:middle], frames[middle:])
        turned = {
            address: (layout, parts.proven()[address])
            for address, layout in whole.proven().items()
            if parts.proven().get(address, layout) != layout
        }
        assert turned == {}
        assert never_spoken(world, parts) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_other_provider_addresses_change_nothing(seed: int) -> None:
    captures = make_world(seed, snap=0).captures()
    before = ask(*captures)
    after = ask(*(renumbered(frames) for frames in captures))
    assert after.hosts == {renumbered_address(a): said for a, said in before.hosts.items()}
    assert after.verdict == before.verdict
    assert len(counted(after)) == len(counted(before))


@pytest.mark.parametrize("seed", SEEDS)
def test_other_traffic_changes_nothing(seed: int) -> None:
    captures, dice = make_world(seed).captures(), Random(seed)
    after = ask(*(with_other_traffic(frames, dice) for frames in captures))
    assert said(after) == said(ask(*captures))
