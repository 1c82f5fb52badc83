"""Margins: how many packets would have to be wrong, by values and by VM pairs."""

import pytest

from nvgre_doctor.evidence.parts import Net
from nvgre_doctor.infer.listed import Listed
from nvgre_doctor.infer.margins import only_layout
from nvgre_doctor.infer.tables import NEW, OLD
from nvgre_doctor.vocabulary import Sender
from tests.infer.heard import ROUTED, back, heard, vm_macs
from tests.infer.judged import BAND, NEW_ONLY, OLD_ONLY, facts_of, margins_of, spans

ONE, TWO = vm_macs(1), vm_macs(2)
CUT = {"net": Net.UNKNOWN}


@pytest.mark.parametrize(
    ("gre_key", "layout"),
    [(OLD_ONLY, OLD), (NEW_ONLY, NEW), (BAND, None), (0x00000002, None)],
)
def test_a_key_fits_one_layout_or_both_or_none(gre_key: int, layout: int | None) -> None:
    assert only_layout(heard(gre_key)) == layout


def test_packets_that_fit_one_layout_only_are_its_margin() -> None:
    facts = facts_of(spans([(OLD_ONLY, 3, ONE), (NEW_ONLY, 4, TWO), (NEW_ONLY + 256, 5, b"")]))
    assert margins_of(facts) == ([[3, 9]], [[3, 9]])
    assert facts.by_range == [(3, 9)]


def test_what_counts_by_its_value_does_not_count_again_by_its_vm_pair() -> None:
    facts = facts_of(spans([(OLD_ONLY, 5, ONE)], [(OLD_ONLY << 8, 7, back(ONE))]))
    assert margins_of(facts) == ([[5, 0], [0, 7]], [[5, 0], [0, 7]])


def test_what_a_vm_pair_says_beside_values_is_added() -> None:
    of = spans([(0x00123400, 5, ONE), (OLD_ONLY, 2, TWO)], [(0x12340000, 7, back(ONE))])
    assert margins_of(facts_of(of)) == ([[7, 0], [0, 7]], [[7, 0], [0, 7]])


def test_vm_pairs_add_up() -> None:
    of = spans(
        [(0x00123400, 5, ONE), (0x00223400, 3, TWO)],
        [(0x12340000, 7, back(ONE)), (0x22340000, 4, back(TWO))],
    )
    assert margins_of(facts_of(of)) == ([[8, 0], [0, 11]], [[8, 0], [0, 11]])


def test_of_groups_that_share_frames_the_strongest_counts() -> None:
    of = spans(
        [
            (BAND + 1, 5, ONE, CUT),
            (BAND + 0x81, 5, ONE, CUT),
            (BAND + 1, 3, TWO, CUT),
            (BAND + 0x81, 3, TWO, CUT),
        ]
    )
    assert margins_of(facts_of(of)) == ([[0, 0]], [[0, 5]])


def test_a_stray_does_not_count() -> None:
    of = spans([(BAND, 30, ONE), (OLD_ONLY, 1, ONE)])
    facts = facts_of(of)
    assert facts.by_range == [(0, 0)]
    assert [unit.gre_key for unit in facts.strays] == [OLD_ONLY]
    assert margins_of(facts) == ([[0, 0]], [[0, 0]])


def test_the_values_of_a_sender_that_is_no_host_are_soft() -> None:
    of = spans([(NEW_ONLY, 5, ONE), (OLD_ONLY, 4, TWO)])
    assert margins_of(facts_of(of, [Sender.OTHER])) == ([[0, 0]], [[4, 5]])
    assert margins_of(facts_of(of, [Sender.UNCLEAR])) == ([[0, 5]], [[4, 5]])


def test_the_vm_pairs_of_such_a_sender_still_prove_the_current_layout_and_never_the_old_one() -> (
    None
):
    of = spans([(0x00123400, 5, ONE)], [(0x12340000, 7, back(ONE))])
    assert margins_of(facts_of(of, [Sender.OTHER] * 2)) == ([[0, 0], [0, 0]], [[5, 0], [0, 7]])


def test_nothing_is_hard_in_half_a_span() -> None:
    of = spans([(OLD_ONLY, 5, ONE), (NEW_ONLY, 4, TWO)])
    of[0].is_cut = True
    assert margins_of(facts_of(of)) == ([[0, 0]], [[5, 4]])


@pytest.mark.parametrize(("sender", "hard"), [(Sender.HYPER_V, [3, 9]), (Sender.UNCLEAR, [0, 9])])
def test_what_the_inventory_says_counts_where_it_is_stronger(
    sender: Sender, hard: list[int]
) -> None:
    of = spans([(NEW_ONLY, 9, ONE), (BAND, 4, TWO), (BAND + 0x10000, 3, TWO)])
    _, four, three = of[0].heard
    listed = Listed(([four, three], [three]), ([three], [three]))
    assert margins_of(facts_of(of, [sender], {0: listed})) == ([hard], [[7, 9]])


def test_the_grounds_of_a_margin_are_what_vm_pairs_add_to_values() -> None:
    of = spans(
        [(0x00123400, 5, ONE), (OLD_ONLY, 5, TWO)],
        [(0x12340000, 7, back(ONE)), (OLD_ONLY << 8, 4, back(TWO))],
    )
    facts = facts_of(of)
    weights = {of[0].heard[1]: 5}
    assert [g.beyond(OLD, weights)[1:] for g in facts.grounds(0, OLD)] == [(5, 5), (0, 0)]
    assert [g[1:] for g in facts.grounds(0, OLD)] == [(5, 5), (5, 5)]
    assert list(facts.grounds(0, NEW)) == []


def test_what_two_subnets_say_together_is_soft() -> None:
    routed = {"net": Net.ROUTED, "customers": ROUTED}
    of = spans([(0x00123400, 5, ONE, routed)], [(0x12340000, 7, ONE, routed)])
    assert margins_of(facts_of(of)) == ([[0, 0], [0, 7]], [[5, 0], [0, 7]])


def test_what_two_subnets_say_of_several_vm_pairs_adds_up() -> None:
    routed = {"net": Net.ROUTED, "customers": ROUTED}
    of = spans(
        [(0x00123400, 5, ONE, routed), (0x00223400, 3, TWO, routed)],
        [(0x12340000, 7, ONE, routed), (0x22340000, 4, TWO, routed)],
    )
    assert margins_of(facts_of(of)) == ([[0, 0], [0, 11]], [[8, 0], [0, 11]])


def test_what_broadcasts_say_is_added_to_values() -> None:
    everybody = b"\xff" * 6 + ONE[6:]
    of = spans([(0x00123400, 5, everybody), (OLD_ONLY, 2, TWO)], [(0x12340000, 7, everybody)])
    assert margins_of(facts_of(of)) == ([[7, 0], [0, 7]], [[7, 0], [0, 7]])


@pytest.mark.parametrize("key", [BAND, OLD_ONLY])
def test_a_vm_pair_that_adds_nothing_does_not_hide_the_next(key: int) -> None:
    """It has one key both ways, or says what its key says by itself."""
    of = spans(
        [(key, 4, TWO), (0x00123400, 5, ONE)],
        [(key, 4, back(TWO)), (0x12340000, 7, back(ONE))],
    )
    own = 0 if key == BAND else 4
    assert margins_of(facts_of(of))[1][0] == [own + 5, 0]


def test_one_packet_that_a_vm_pair_adds_counts() -> None:
    of = spans([(0x00123400, 1, ONE), (OLD_ONLY, 2, TWO)], [(0x12340000, 7, back(ONE))])
    assert margins_of(facts_of(of)) == ([[3, 0], [0, 7]], [[3, 0], [0, 7]])


def test_what_is_hard_by_its_value_is_not_hard_once_more_by_octets_that_may_be_ids() -> None:
    """0x00ffffff fits RFC 7637 only.  The octets 0x01 and 0x81 may be ids of clones."""
    of = spans([(0x00FFFF01, 9, ONE), (0x00FFFF42, 4, ONE), (0x00FFFFFF, 2, ONE)])
    assert margins_of(facts_of(of)) == ([[0, 2]], [[0, 6]])
