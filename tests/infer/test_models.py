"""Models: the id that leaves the fewest packets of a group wrong."""

import pytest

from nvgre_doctor.evidence.parts import Net
from nvgre_doctor.infer.groups import Group
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.models import Model, build_models, place_of
from nvgre_doctor.infer.octets import FlowIds, classify
from nvgre_doctor.infer.tables import NEW, OLD
from tests.infer.heard import BACK, ROUTED, heard, span_of


def solved(*units: Heard, group: Group = Group.PAIR, classes: object = None) -> Model:
    model = Model(group, list(units), False)
    model.solve(classes or {})  # type: ignore[arg-type]
    return model


def margins(model: Model, place: int = 0) -> tuple[int, int, int, int]:
    """Hard and soft, for draft-00 and for RFC 7637."""
    return (
        model.hard.margin(place, OLD),
        model.hard.margin(place, NEW),
        model.soft.margin(place, OLD),
        model.soft.margin(place, NEW),
    )


def back(gre_key: int, count: int = 2, span: int = 1) -> Heard:
    return heard(gre_key, count, span, BACK)


def test_the_mismatch_itself_proves_both_sides() -> None:
    model = solved(heard(0x00123400, 5), back(0x12340000, 7))
    assert (model.tenant, model.left, model.is_broken) == (0x123400, [], False)
    assert margins(model, 0) == (5, 0, 5, 0)
    assert margins(model, 1) == (0, 7, 0, 7)


def test_one_key_both_ways_proves_neither() -> None:
    model = solved(heard(0x00123400, 5), back(0x00123400, 7))
    assert [margins(model, place) for place in (0, 1)] == [(0, 0, 0, 0)] * 2
    assert sorted(model.soft.given(0, OLD)) == [(1, OLD, 5)]


def test_the_smaller_of_two_ids_that_explain_as_much_is_the_tenant() -> None:
    assert solved(heard(0x00123400), back(0x00123400)).tenant == 0x1234


def test_several_flow_ids_prove_the_current_layout_unless_they_may_be_ids_of_clones() -> None:
    units = [heard(0x00123400 | octet, 3) for octet in (0, 20, 33, 71, 250)]
    certain = {(0, 0x1234): FlowIds.CERTAIN}
    assert margins(solved(*units, classes=certain)) == (0, 12, 0, 12)
    assert margins(solved(*units, classes={(0, 0x1234): FlowIds.PERHAPS})) == (0, 0, 0, 12)
    assert solved(*units, classes=certain).neighbours == set()
    assert solved(*units).neighbours == {0x1234}


def test_neighbouring_ids_prove_nothing_and_support_nothing() -> None:
    model = solved(heard(0x00123401, 9), heard(0x00123402, 9))
    assert margins(model) == (0, 0, 0, 0)
    assert (model.is_broken, model.neighbours) == (False, {0x1234})


def test_two_octets_far_apart_only_support() -> None:
    model = solved(heard(0x00123401, 9), heard(0x00123481, 4))
    assert margins(model) == (0, 0, 0, 4)
    assert model.is_plain is False


def test_octets_of_both_directions_are_judged_together() -> None:
    assert margins(solved(heard(0x00123401, 9), back(0x00123402, 9)), 0) == (0, 0, 0, 0)
    assert margins(solved(heard(0x00123401, 9), back(0x00123481, 9)), 0) == (0, 0, 0, 9)


def test_flow_ids_that_are_certain_in_one_span_rule_clones_out_for_the_other() -> None:
    units = [heard(0x00123400 | octet, 3) for octet in (0, 20, 33, 71, 250)]
    model = solved(*units, back(0x00123401, 6), classes={(0, 0x1234): FlowIds.CERTAIN})
    assert margins(model, 1) == (0, 6, 0, 6)


def test_one_conversation_with_two_octets_rules_clones_out() -> None:
    one = heard(0x00123401, conversations=(5, 6))
    two = heard(0x00123481, span=1, macs=BACK, conversations=(6, 7))
    model = solved(one, two)
    assert [margins(model, place) for place in (0, 1)] == [(0, 2, 0, 2)] * 2
    assert model.neighbours == set()


def test_clones_explain_a_peer_of_the_current_layout_as_well() -> None:
    """Each octet may be a tenant of its own, and the peer writes these ids as VSIDs."""
    model = solved(heard(0x00123401, 9), heard(0x00123402, 8), back(0x12340155, 5))
    assert model.tenant == 0x1234
    assert margins(model, 0) == (0, 0, 0, 0)


def test_an_id_that_leaves_a_key_of_two_packets_breaks_the_model() -> None:
    model = solved(heard(0x00138900, 50), heard(0x00891300, 2))
    assert model.is_broken
    assert [unit.gre_key for unit in model.left] == [0x00891300]
    assert model.strays == []


def test_one_packet_that_contradicts_many_is_a_stray() -> None:
    model = solved(heard(0x00138900, 10), heard(0x00891300, 1))
    assert not model.is_broken
    assert [unit.gre_key for unit in model.strays] == [0x00891300]


def test_one_packet_that_contradicts_few_is_left_out_and_no_stray() -> None:
    model = solved(heard(0x00138900, 9), heard(0x00891300, 1))
    assert (model.is_broken, model.strays) == (False, [])
    assert [unit.gre_key for unit in model.left] == [0x00891300]


def test_two_packets_with_two_other_keys_break_a_model_of_less_than_twenty() -> None:
    wrong = heard(0x00891300, 1), heard(0x00751200, 1)
    assert solved(heard(0x00138900, 17), *wrong).is_broken
    assert not solved(heard(0x00138900, 18), *wrong).is_broken


def test_one_key_of_two_spans_counts_together() -> None:
    wrong = heard(0x00891300, 1), heard(0x00891300, 1, span=1, macs=BACK)
    assert solved(heard(0x00138900, 90), *wrong).is_broken


def test_both_layouts_of_one_id_in_one_span_leave_the_smaller_side() -> None:
    model = solved(heard(0x00001389, 5), heard(0x00138900, 3))
    assert (model.tenant, model.is_broken) == (0x1389, True)
    assert [unit.gre_key for unit in model.left] == [0x00138900]
    even = solved(heard(0x00001389, 3), heard(0x00138900, 3))
    assert [unit.gre_key for unit in even.left] == [0x00138900]


def test_keys_that_are_reserved_everywhere_have_no_tenant() -> None:
    model = solved(heard(0x00000002, 5), back(0x00000002, 5))
    assert (model.tenant, model.is_broken) == (None, True)
    assert model.taint() == set()


def test_a_key_without_any_id_is_left_by_every_id() -> None:
    model = solved(heard(0x00138900, 30), heard(0x00000002, 1))
    assert [unit.gre_key for unit in model.strays] == [0x00000002]


def test_every_id_that_a_key_may_mean_is_tainted() -> None:
    model = solved(heard(0x00138900), heard(0x00001389), heard(0x20000000))
    assert model.taint() == {0x138900, 0x1389, 0x200000}


@pytest.mark.parametrize(
    ("group", "is_soft"),
    [(Group.PAIR, False), (Group.BROADCAST, False), (Group.ROUTED, True), (Group.LOOSE, True)],
)
def test_routed_and_loose_groups_are_soft(group: Group, is_soft: bool) -> None:
    assert solved(heard(0x00138900), group=group).is_soft is is_soft


def test_the_best_id_for_a_layout() -> None:
    model = solved(heard(0x00123400, 5), back(0x12340000, 7))
    assert model.best_tenant(0, OLD) == 0x123400
    assert model.best_tenant(0, NEW) == 0x1234
    assert model.best_tenant(1, NEW) == 0x123400
    assert model.best_tenant(1, OLD) is None
    assert [place_of(model, span) for span in model.spans] == [0, 1]


def test_whether_the_flow_ids_of_one_span_decide_by_themselves() -> None:
    flow_ids = heard(0x00123400, 3), heard(0x00123481, 4)
    alone = solved(*flow_ids, back(0x00001234, 9))
    assert not alone.stands_alone(0)
    assert solved(*flow_ids).stands_alone(0)


def built(*spans: object) -> list[Model]:
    return build_models(spans, classify(spans))  # type: ignore[arg-type]


def test_a_group_of_one_key_alone_is_no_model() -> None:
    assert built(span_of(heard(0x00138900))) == []


def test_macs_in_more_than_sixty_four_spans_are_no_vm_pair() -> None:
    def spans(count: int) -> list[object]:
        return [span_of(heard(0x00138900, span=n)) for n in range(count)]

    assert len(built(*spans(64))) == 1
    assert built(*spans(65)) == []


def test_other_pairs_of_a_tenant_that_seems_cloned_are_soft() -> None:
    other = b"\0\x15\x5d\3\3\3\0\x15\x5d\4\4\4"
    third = b"\0\x15\x5d\5\5\5\0\x15\x5d\6\6\6"
    broken = heard(0x00138900, 5), heard(0x00891300, 5)
    same = heard(0x00138900, macs=other), heard(0x00138980, macs=other)
    apart = heard(0x00177100, macs=third), heard(0x00177180, macs=third)
    models = built(span_of(*broken, *same, *apart))
    assert [(m.is_broken, m.is_soft, m.is_plain) for m in models] == [
        (True, False, True),
        (False, True, False),
        (False, False, False),
    ]


def test_models_of_a_span_that_was_cut_are_soft() -> None:
    one, two = span_of(heard(0x00138900), heard(0x00138901)), span_of(heard(0x00001389, span=1))
    two.is_cut = True
    (model,) = built(one, two)
    assert model.is_soft
    two.is_cut = False
    assert not built(one, two)[0].is_soft


def test_a_plain_model_is_hard_and_has_no_doubt_that_is_none_to_soft_facts() -> None:
    routed = {"net": Net.ROUTED, "customers": ROUTED}
    plain = built(span_of(heard(0x00138900), heard(0x00001389)))
    soft = built(span_of(heard(0x00138900, **routed), heard(0x00001389, **routed)))  # type: ignore[arg-type]
    doubted = built(span_of(heard(0x00138900), heard(0x00138980)))
    assert [model.is_plain for (model,) in (plain, soft, doubted)] == [True, False, False]
