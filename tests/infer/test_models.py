"""Models: the id that leaves the fewest packets of a group wrong."""

import pytest

from nvgre_doctor.evidence.parts import Net
from nvgre_doctor.infer.groups import Group
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.models import Model, build_models, place_of
from nvgre_doctor.infer.octets import FlowIds, classify
from nvgre_doctor.infer.pieces import Piece
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.tables import NEW, OLD
from tests.infer.heard import BACK, MACS, ROUTED, heard, moment, span_of


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


def test_neighbouring_ids_prove_nothing_and_support_nothing() -> None:
    model = solved(heard(0x00123401, 9), heard(0x00123402, 9))
    assert margins(model) == (0, 0, 0, 0)
    assert not model.is_broken


def test_two_octets_far_apart_only_support() -> None:
    model = solved(heard(0x00123401, 9), heard(0x00123481, 4))
    assert margins(model) == (0, 0, 0, 4)
    assert model.is_plain is False


def test_octets_of_both_directions_are_judged_together() -> None:
    assert margins(solved(heard(0x00123401, 9), back(0x00123402, 9)), 0) == (0, 0, 0, 0)
    assert margins(solved(heard(0x00123401, 9), back(0x00123481, 9)), 0) == (0, 0, 0, 9)


def in_turn(addresses: int, spans: int) -> list[Model]:
    """One VM pair both ways, old and new, in so many spans of so many addresses, one a minute."""
    made = []
    for n in range(spans):
        key, macs = ((0x00123400, MACS), (0x12340000, BACK))[n % 2]
        address = bytes((10, 0, 0, n % addresses))
        made.append(span_of(heard(key, 5, n, macs), address=address, first=n, last=n))
    return build_models(made, {})


@pytest.mark.parametrize(
    ("spans", "stretches"), [(64, [64]), (65, [64, 33]), (96, [64, 64]), (97, [64, 64, 33])]
)
def test_a_vm_pair_of_many_spans_is_compared_in_stretches_that_overlap(
    spans: int, stretches: list[int]
) -> None:
    models = in_turn(2, spans)
    assert [len(model.spans) for model in models] == stretches
    assert {model.is_shared for model in models} == {spans > 64}
    assert models[-1].spans[-1] == spans - 1


def test_macs_that_more_than_64_addresses_sent_are_no_vm_pair() -> None:
    assert in_turn(65, 66) == []
    assert len(in_turn(64, 66)) == 2


def test_stretches_are_of_one_time_and_not_of_one_host() -> None:
    """Host A has the spans up to 39, B the others; the first one of A lasts until the end."""
    made = []
    for n in range(80):
        key, macs = ((0x00123400, MACS), (0x12340000, BACK))[n // 40]
        first = 2 * (n % 40) + n // 40
        last = first if n else 1000
        made.append(
            Span(
                bytes((10, 0, 0, n // 40)),
                [Piece((0,), moment(first, first), moment(last, last))],
                [heard(key, 5, n, macs)],
            )
        )
    models = build_models(made, {})
    assert [model.spans for model in models] == [
        (*range(32), *range(40, 72)),
        (*range(16, 40), *range(56, 80)),
    ]


def test_flow_ids_that_are_certain_in_one_span_rule_clones_out_for_the_other() -> None:
    units = [heard(0x00123400 | octet, 3) for octet in (0, 20, 33, 71, 250)]
    model = solved(*units, back(0x00123401, 6), classes={(0, 0x1234): FlowIds.CERTAIN})
    assert margins(model, 1) == (0, 6, 0, 6)


def test_one_conversation_with_two_octets_rules_clones_out() -> None:
    one = heard(0x00123401, conversations=(5, 6))
    two = heard(0x00123481, span=1, macs=BACK, conversations=(6, 7))
    model = solved(one, two)
    assert [margins(model, place) for place in (0, 1)] == [(0, 2, 0, 2)] * 2


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


def test_a_conversation_or_flow_ids_of_one_id_rule_out_no_clones_of_another() -> None:
    flow_ids = [heard(0x00123400 | octet, 3) for octet in (0, 20, 33, 71, 250)]
    clones = heard(0x00666601, 4), heard(0x00666602, 9)
    model = solved(*flow_ids, *clones, classes={(0, 0x1234): FlowIds.CERTAIN})
    alone = solved(*clones)
    assert margins(alone) == (0, 0, 0, 0)
    # Two tenants of 13 packets together, as in draft-00, against the 15 of one VSID.
    assert margins(model) == (0, 2, 0, 2)


def test_neighbouring_ids_may_be_those_that_a_peer_of_the_current_layout_writes() -> None:
    """0x1234 explains 27 packets.  If the peer speaks RFC 7637, the clones explain 17 + 3."""
    clones = heard(0x00123401, 9), heard(0x00123402, 8)
    model = solved(*clones, back(0x00001234, 10), back(0x12340155, 1), back(0x12340255, 2))
    assert model.tenant == 0x1234
    assert margins(model, 1) == (7, 0, 7, 0)


def test_two_packets_with_two_ids_are_explained_by_the_smaller_one() -> None:
    model = solved(heard(0x00138900, 1), heard(0x00891300, 1))
    assert (model.tenant, model.is_broken) == (0x1389, False)
    assert [unit.gre_key for unit in model.left] == [0x00891300]


def test_one_packet_that_is_left_breaks_no_model() -> None:
    assert not solved(heard(0x00138900, 8), heard(0x00891300, 1)).is_broken
    assert not solved(heard(0x00138900, 2), heard(0x00891300, 1)).is_broken


def test_the_octets_of_one_packet_are_put_together_before_they_are_judged() -> None:
    """Two packets, to two hosts, are no damage."""
    elsewhere = {"destination": b"\x0a\0\0\7"}
    one = heard(0x00123481, 1), heard(0x00123481, 1, **elsewhere)  # type: ignore[arg-type]
    assert margins(solved(heard(0x00123401, 20), one[0])) == (0, 0, 0, 0)
    assert margins(solved(heard(0x00123401, 20), *one)) == (0, 0, 0, 2)


@pytest.mark.parametrize(
    ("place", "layout", "tenant"),
    [(0, OLD, 0x123455), (0, NEW, 0x1234), (1, OLD, 0x123455), (1, NEW, 0x1234)],
)
def test_the_best_id_if_one_span_speaks_a_layout_is_that_which_explains_most_of_all(
    place: int, layout: int, tenant: int
) -> None:
    """Under draft-00 the first span's 0x123455 has 7 packets, and 4 of the peer: 11."""
    units = heard(0x00123401, 9), heard(0x00123402, 8), heard(0x00123455, 7), back(0x00123455, 4)
    assert solved(*units).best_tenant(place, layout) == tenant


def test_the_best_id_of_one_span_counts_what_it_explains_of_others() -> None:
    """If the first span speaks draft-00: 0x666600 explains 5 of it, 0x555500 explains 3 and 9 of
    its peer.
    """
    units = heard(0x00666600, 5), heard(0x00555500, 3), back(0x00555500, 9)
    assert solved(*units).best_tenant(0, OLD) == 0x555500
    assert solved(*units[:2], back(0x00555500, 1)).best_tenant(0, OLD) == 0x666600


def test_of_two_ids_that_explain_as_much_the_smaller_one_is_the_best() -> None:
    units = heard(0x00666600, 1), heard(0x00555500, 1)
    assert solved(*units).best_tenant(0, OLD) == 0x555500
    assert solved(*units).best_tenant(0, NEW) == 0x5555


def test_an_id_of_both_layouts_in_one_span_explains_one_side_of_it() -> None:
    """0x1389 explains 4 packets under draft-00, and 9 under RFC 7637."""
    units = heard(0x00001389, 4), heard(0x00138900, 9), heard(0x00005555, 5)
    model = solved(*units)
    assert (model.best_tenant(0, OLD), model.best_tenant(0, NEW)) == (0x138900, 0x1389)
    assert solved(*units[:1], heard(0x00138900, 3), units[2]).best_tenant(0, OLD) == 0x5555


def test_keys_to_several_hosts_are_one_key_where_flow_ids_decide() -> None:
    elsewhere = heard(0x00123400, 3, destination=b"\x0a\0\0\7")
    model = solved(heard(0x00123400, 5), elsewhere, heard(0x00123481, 4))
    assert (model.soft.margin(0, NEW), model.stands_alone(0)) == (4, True)


def test_every_tenant_that_seems_cloned_makes_its_other_pairs_soft() -> None:
    pairs = [bytes([0, 0x15, 0x5D, 3, 3, n]) * 2 for n in range(4)]
    broken = [
        (heard(0x00138900, 5, macs=pairs[0]), heard(0x00891300, 5, macs=pairs[0])),
        (heard(0x00777700, 5, macs=pairs[1]), heard(0x00555500, 5, macs=pairs[1])),
    ]
    same = [
        (heard(0x00138900, macs=pairs[2]), heard(0x00138980, macs=pairs[2])),
        (heard(0x00777700, macs=pairs[3]), heard(0x00777780, macs=pairs[3])),
    ]
    models = built(span_of(*[unit for two in (*broken, *same) for unit in two]))
    assert [(model.is_broken, model.is_soft) for model in models] == [
        (True, False),
        (True, False),
        (False, True),
        (False, True),
    ]


def test_a_cut_elsewhere_makes_no_routed_group_hard() -> None:
    routed = {"net": Net.ROUTED, "customers": ROUTED}
    one = span_of(heard(0x00138900, **routed), heard(0x00001389, **routed))  # type: ignore[arg-type]
    other = span_of(heard(0x00555500, span=1))
    other.is_cut = True
    assert [model.is_soft for model in built(one, other)] == [True]


def test_a_model_knows_whether_others_have_its_frames() -> None:
    unit = heard(0x00138900)
    assert [Model(Group.PAIR, [unit], shared).is_shared for shared in (True, False)] == [
        True,
        False,
    ]


def test_one_octet_is_no_sign_of_clones_beside_those_of_another_id() -> None:
    """0x1234 explains 19 packets; if the peer speaks RFC 7637, 0x123401 explains 9 + 1."""
    clones = heard(0x00666601, 3), heard(0x00666602, 3)
    units = heard(0x00123401, 9), back(0x00001234, 10), back(0x12340155, 1), back(0x12340255, 2)
    assert margins(solved(*units, *clones), 1) == (9, 0, 9, 0)


def test_clones_explain_nothing_of_a_peer_that_writes_none_of_their_ids_so() -> None:
    """0x123401 explains 9 + 15 packets; under draft-00 the peer's 15 fit no id."""
    model = solved(heard(0x00123401, 9), heard(0x00123402, 8), back(0x12340155, 15))
    assert margins(model, 1) == (0, 7, 0, 7)


def test_the_best_id_of_one_span_is_one_that_it_has() -> None:
    assert solved(heard(0x00666600, 2), back(0x00555500, 9)).best_tenant(0, NEW) == 0x6666
