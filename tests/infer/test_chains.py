"""Chains: what is known of one span says something of those that share a tenant with it."""

import pytest

from nvgre_doctor.evidence.parts import Net
from nvgre_doctor.infer.chains import Settled, follow
from nvgre_doctor.infer.margins import HARD, SOFT
from nvgre_doctor.infer.tables import NEW
from nvgre_doctor.vocabulary import Sender
from tests.infer.heard import ROUTED, back, vm_macs
from tests.infer.judged import BAND, NEW_ONLY, OLD_ONLY, Unit, facts_of, margins_of, spans

OWN, ONE, TWO, THREE = (vm_macs(number) for number in range(4))
BETWEEN_SUBNETS = {"net": Net.ROUTED, "customers": ROUTED}
CUT = {"net": Net.UNKNOWN}


def followed(*units: list[Unit], senders: list[Sender] | None = None) -> Settled:
    return follow(facts_of(spans(*units), senders or ()))


def tie(macs: bytes, one: int, two: int, gre_key: int = BAND) -> tuple[Unit, Unit]:
    """The same key both ways, in so many packets: one layout, and nobody knows which."""
    return (gre_key, one, macs), (gre_key, two, back(macs))


def test_a_fact_reaches_as_far_as_ties_go_and_is_as_strong_as_the_weakest_of_them() -> None:
    (a, b), (c, d) = tie(ONE, 5, 4), tie(TWO, 3, 8, BAND + 0x10000)
    settled = followed([(NEW_ONLY, 9, OWN), a], [b, c], [d])
    assert margins_of(settled) == ([[0, 9], [0, 4], [0, 3]], [[0, 9], [0, 4], [0, 3]])


def test_it_is_told_from_which_span_a_fact_came_and_through_which_vm_pairs() -> None:
    (a, b), (c, d) = tie(ONE, 5, 4), tie(TWO, 3, 8, BAND + 0x10000)
    settled = followed([(NEW_ONLY, 9, OWN), a], [b, c], [d])
    for grade in (HARD, SOFT):
        links = settled.links[grade]
        assert links.keys() == {(1, NEW), (2, NEW)}
        assert [links[n, NEW].span for n in (1, 2)] == [0, 1]
        assert [links[n, NEW].layout for n in (1, 2)] == [NEW, NEW]
        shown = [[unit.macs for m in links[n, NEW].models for unit in m.units] for n in (1, 2)]
        assert shown == [[ONE, back(ONE)], [TWO, back(TWO)]]


def test_of_two_facts_that_reach_a_span_the_stronger_counts() -> None:
    (a, b), (c, d) = tie(ONE, 2, 2), tie(TWO, 6, 6, BAND + 0x10000)
    settled = followed([(NEW_ONLY, 9, OWN), a], [b, d], [(NEW_ONLY, 7, THREE), c])
    assert margins_of(settled)[0][1] == [0, 6]
    assert settled.links[HARD][1, NEW].span == 2


def test_of_two_that_are_equal_the_first_span_is_named() -> None:
    (a, b), (c, d) = tie(ONE, 5, 5), tie(TWO, 5, 5, BAND + 0x10000)
    settled = followed([(NEW_ONLY, 9, OWN), a], [(NEW_ONLY, 9, THREE), c], [b, d])
    assert [settled.links[grade][2, NEW].span for grade in (HARD, SOFT)] == [0, 0]


def test_a_fact_of_its_own_that_is_weaker_than_one_from_elsewhere_is_replaced() -> None:
    a, b = tie(ONE, 5, 5)
    settled = followed([(NEW_ONLY, 9, OWN), a], [b, (NEW_ONLY, 1, TWO)])
    assert margins_of(settled) == ([[0, 9], [0, 5]], [[0, 9], [0, 5]])


@pytest.mark.parametrize(("against", "reached"), [(9, [5, 1]), (10, [5, 0]), (11, [5, 0])])
def test_what_is_ten_times_weaker_than_the_other_layout_of_its_span_travels_no_further(
    against: int, reached: list[int]
) -> None:
    a, b = tie(ONE, 5, 5)
    settled = followed([(OLD_ONLY, against, OWN), (NEW_ONLY, 1, TWO), a], [b])
    both = [[against, 1], reached]
    assert margins_of(settled) == (both, both)


def test_where_a_layout_cannot_be_proven_a_fact_arrives_soft() -> None:
    a, b = tie(ONE, 5, 5)
    senders = [Sender.HYPER_V, Sender.UNCLEAR]
    settled = followed([(OLD_ONLY, 9, OWN), a], [b], senders=senders)
    assert margins_of(settled) == ([[9, 0], [0, 0]], [[9, 0], [5, 0]])


def test_vm_pairs_in_two_subnets_carry_soft_facts_only() -> None:
    routed: Unit = (BAND, 5, ONE, BETWEEN_SUBNETS)
    settled = followed([(NEW_ONLY, 9, OWN), routed], [routed])
    assert margins_of(settled) == ([[0, 9], [0, 0]], [[0, 9], [0, 5]])


def test_a_hard_fact_goes_on_soft_behind_hard_ties() -> None:
    a, b = tie(ONE, 6, 6)
    routed: Unit = (BAND + 0x10000, 5, TWO, BETWEEN_SUBNETS)
    settled = followed([(NEW_ONLY, 9, OWN), a, routed], [b], [routed])
    assert margins_of(settled) == ([[0, 9], [0, 6], [0, 0]], [[0, 9], [0, 6], [0, 5]])


def test_a_soft_fact_stays_soft_through_hard_ties() -> None:
    a, b = tie(ONE, 6, 4)
    octets: list[Unit] = [(BAND + 0x10001, 9, OWN), (BAND + 0x10081, 5, OWN)]
    settled = followed([*octets, a], [b])
    assert margins_of(settled) == ([[0, 0], [0, 0]], [[0, 5], [0, 4]])


def test_a_hard_fact_arrives_beside_a_soft_one_that_is_stronger() -> None:
    a, b = tie(ONE, 3, 3)
    octets: list[Unit] = [(BAND + 0x10001, 9, OWN), (BAND + 0x10081, 7, OWN)]
    settled = followed([(NEW_ONLY, 9, TWO), a], [b, *octets])
    assert margins_of(settled)[0][1] == [0, 3]
    assert margins_of(settled)[1][1] == [0, 7]


def test_what_may_be_clones_narrows_hard_facts_and_not_soft_ones() -> None:
    """Two octets of the other side: FlowIDs or two tenants, of which one id explains one."""
    theirs: list[Unit] = [(BAND + 1, 5, back(ONE)), (BAND + 0x81, 5, back(ONE))]
    settled = followed([(NEW_ONLY, 20, OWN), (BAND + 1, 5, ONE)], theirs)
    assert margins_of(settled) == ([[0, 20], [0, 5]], [[0, 25], [0, 10]])


def test_several_vm_pairs_between_two_spans_add_up() -> None:
    (a, b), (c, d) = tie(ONE, 5, 5), tie(TWO, 3, 3, BAND + 0x10000)
    settled = followed([(NEW_ONLY, 9, OWN), a, c], [b, d])
    assert margins_of(settled)[0][1] == [0, 8]
    assert [m.units[0].macs for m in settled.links[HARD][1, NEW].models] == [ONE, TWO]


@pytest.mark.parametrize(
    ("one", "two", "named"), [(5, 3, ONE), (3, 5, TWO), (5, 5, ONE)], ids=("one", "two", "alike")
)
def test_of_groups_that_share_frames_the_strongest_counts(one: int, two: int, named: bytes) -> None:
    loose = [(BAND, one, ONE, CUT)], [(BAND + 0x10000, two, TWO, CUT)]
    ends = [[*loose[0], *loose[1]]] * 2
    settled = followed([(NEW_ONLY, 9, OWN), *ends[0]], ends[1])  # type: ignore[list-item]
    assert margins_of(settled) == ([[0, 9], [0, 0]], [[0, 9], [0, 5]])
    assert [m.units[0].macs for m in settled.links[SOFT][1, NEW].models] == [named]


def test_a_group_that_contradicts_itself_carries_nothing() -> None:
    settled = followed([(NEW_ONLY, 9, OWN), (BAND, 5, ONE)], [(BAND + 0x10000, 5, back(ONE))])
    assert margins_of(settled) == ([[0, 9], [0, 0]], [[0, 9], [0, 0]])
