"""Properties 4, 5 and 6: FlowIDs and neighbouring ids, both directions and ties, contradictions."""

import pytest

from tests.proof.asking import Answer, ask, never_spoken
from tests.proof.generator import make_world
from tests.proof.story import A, B, C, D, Guest, Story, guest

SPREAD = [n * 37 % 256 for n in range(1, 13)]
FAR = Guest("00:15:5d:0a:09:01", "10.9.9.1")
OTHER_SUBNET = Guest("00:15:5d:0a:02:02", "10.1.2.2")


def one_way(octets: list[int], upper: int = 0x123456) -> Answer:
    story = Story()
    for octet in octets:
        story.send(A, B, upper << 8 | octet, count=2)
    return ask(story.frames)


# --- 4: FlowID -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "octets", [[5, 6], [0, 1, 2, 3], [1, 200], [7, 9, 11, 13], list(range(40, 56))], ids=str
)
def test_few_or_consecutive_octets_of_a_vm_pair_are_likely_at_most(octets: list[int]) -> None:
    """0x00123456.. fits both layouts, so that nothing else tells."""
    answer = one_way(octets, 0x1234)
    assert answer.hosts[A][1] != "proven"
    assert answer.hosts[A][0] != "draft-00"


def test_many_and_spread_octets_of_a_vm_pair_are_proven_flow_ids() -> None:
    assert one_way(SPREAD, 0x1234).hosts[A] == ("rfc7637", "proven")


def test_a_vm_pair_with_varying_octets_is_not_draft_00_also_over_a_reserved_vsid() -> None:
    answer = one_way([9, 77, 140, 201], 1234)
    assert answer.hosts[A][0] != "draft-00"
    assert "NVG201" not in answer.codes()


@pytest.mark.parametrize("clone_ids", ["next", "near"])
@pytest.mark.parametrize("clones", [1, 4, 8])
def test_neighbouring_clones_prove_nothing_false(clone_ids: str, clones: int) -> None:
    fixed = {"layouts": "old", "restarts": "no", "ids": "band", "quantity": "dense"}
    for seed in range(70_000, 70_004):
        world = make_world(seed, clones=clones, clone_ids=clone_ids, **fixed)
        assert never_spoken(world, ask(*world.captures())) == [], seed


# --- 5: both directions, and ties ------------------------------------------------------


def both_ways(key: int, back: int, other: Guest) -> Answer:
    story = Story()
    story.send(A, B, key, guest(1), other, count=4)
    story.send(B, A, back, other, guest(1), count=4)
    return ask(story.frames)


def test_both_directions_in_one_subnet_prove_both_hosts() -> None:
    answer = both_ways(0x00123400, 0x12340000, guest(2))
    assert answer.proven() == {A: "draft-00", B: "rfc7637"}


def test_both_directions_of_a_routed_vm_pair_prove_nothing() -> None:
    answer = both_ways(0x00123400, 0x00001234 << 8, OTHER_SUBNET)
    assert answer.proven() == {}
    assert both_ways(0x00123400, 0x12340000, OTHER_SUBNET).proven().get(A) is None


@pytest.mark.parametrize("prefix_length", [22, 23, 24, 25, 26])
@pytest.mark.parametrize("side", ["source", "destination"])
def test_routed_vm_pairs_prove_nothing_false(prefix_length: int, side: str) -> None:
    for seed in range(71_000, 71_003):
        world = make_world(
            seed, routed=side, prefix_length=prefix_length, layouts="old", restarts="no"
        )
        assert never_spoken(world, ask(*world.captures())) == [], seed


def test_hosts_that_are_only_tied_do_not_agree() -> None:
    """One key both ways that fits both layouts: they speak the same, whichever it is."""
    answer = both_ways(0x00123400, 0x00123400, guest(2))
    assert answer.pairs == {(A, B): "unknown"}


def test_a_vm_pair_is_one_whichever_provider_addresses_it_takes() -> None:
    """Out by one pair of addresses, back by another."""
    story = Story()
    story.send(A, B, 0x00123400, count=3)
    story.send(C, D, 0x12340000, guest(2), guest(1), count=3)
    assert ask(story.frames).proven() == {A: "draft-00", C: "rfc7637"}


def test_a_vm_pair_is_one_after_a_live_migration() -> None:
    story = Story()
    story.send(A, B, 0x00123400, count=3)
    story.send(C, B, 0x12340000, count=3)
    story.send(B, C, 0x12340000, guest(2), guest(1), count=3)
    assert ask(story.frames).proven() == {A: "draft-00", B: "rfc7637", C: "rfc7637"}


@pytest.mark.parametrize("seed", range(72_000, 72_015))
def test_only_proven_hosts_agree_or_differ_for_certain(seed: int) -> None:
    answer = ask(*make_world(seed).captures())
    for pair in answer.report["pairs"]:
        sure = [answer.hosts[address] for address in pair["hosts"]]
        if pair["verdict"] == "agree":
            assert [confidence for _, confidence in sure] == ["proven", "proven"]
        if pair["verdict"] == "mismatch" and pair["confidence"] == "proven":
            assert [confidence for _, confidence in sure] == ["proven", "proven"]


# --- 6: contradiction -------------------------------------------------------------------


def test_ids_of_one_vm_pair_that_no_layouts_make_equal_are_told_and_decide_nothing() -> None:
    answer = both_ways(0x00123400, 0x00567800, guest(2))
    assert answer.proven() == {}
    (finding,) = [f for f in answer.report["findings"] if f["code"] == "NVG308"]
    assert finding["severity"] == "warning"
    assert {frame["frame"] for frame in finding["frames"]} & {1, 2, 3, 4}
    assert {frame["frame"] for frame in finding["frames"]} & {5, 6, 7, 8}
    assert answer.verdict != "healthy"
