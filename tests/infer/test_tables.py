"""The most that one id can explain, with spans bound to layouts."""

import pytest

from nvgre_doctor.infer.tables import NEW, OLD, Case, make_table


def given(cases: list[Case], width: int, place: int, layout: int, doubts: list[Case] | None = None):  # type: ignore[no-untyped-def]
    return sorted(make_table(cases, doubts or [], width).given(place, layout))


MISMATCH: list[Case] = [
    {0: [0, 5], 1: [7, 0]},  # K: the first writes K << 8, the second K
    {0: [5, 0]},  # K << 8 as a TNI
    {1: [0, 7]},  # K >> 8 as a VSID
]
TIE: list[Case] = [{0: [5, 0], 1: [7, 0]}, {0: [0, 5], 1: [0, 7]}]


@pytest.mark.parametrize("more", [[], [{2: [0, 1]}]], ids=["two spans", "three spans"])
def test_a_mismatch_is_wrong_by_the_smaller_side_if_either_span_speaks_the_other(
    more: list[Case],
) -> None:
    table = make_table(MISMATCH + more, [], 2 + len(more))
    margins = [[table.margin(place, layout) for layout in (OLD, NEW)] for place in (0, 1)]
    # Bound to the other layout, the span is explained by another id, and its peer by none.
    assert margins == [[0, 5], [5, 0]]


@pytest.mark.parametrize("more", [[], [{2: [0, 1]}]], ids=["two spans", "three spans"])
def test_a_tie_says_nothing_of_either_span_and_all_if_one_is_known(more: list[Case]) -> None:
    cases, width = TIE + more, 2 + len(more)
    table = make_table(cases, [], width)
    assert [table.margin(place, layout) for place in (0, 1) for layout in (OLD, NEW)] == [0] * 4
    of_two = [[g for g in given(cases, width, 0, layout) if g[0] == 1] for layout in (OLD, NEW)]
    assert of_two == [[(1, OLD, 5)], [(1, NEW, 5)]]
    back = [[g for g in given(cases, width, 1, layout) if g[0] == 0] for layout in (OLD, NEW)]
    assert back == [[(0, OLD, 5)], [(0, NEW, 5)]]


def test_one_span_alone_is_told_by_what_no_other_id_explains() -> None:
    flow_ids: list[Case] = [{0: [0, 9]}, {0: [4, 0]}, {0: [3, 0]}, {0: [2, 0]}]
    table = make_table(flow_ids, [], 1)
    assert (table.margin(0, NEW), table.margin(0, OLD)) == (5, 0)
    assert given(flow_ids, 1, 0, NEW) == []


@pytest.mark.parametrize("more", [[], [{2: [0, 1]}]], ids=["two spans", "three spans"])
def test_a_doubt_counts_against_a_layout_and_never_for_one(more: list[Case]) -> None:
    cases: list[Case] = [{0: [0, 9], 1: [0, 9]}, {0: [4, 0]}, {1: [4, 0]}, *more]
    doubts: list[Case] = [{0: [9, 0], 1: [9, 0]}]
    width = 2 + len(more)
    assert make_table(cases, [], width).margin(0, NEW) == 9
    doubted = make_table(cases, doubts, width)
    assert (doubted.margin(0, NEW), doubted.margin(0, OLD)) == (0, 0)
    assert [g for g in given(cases, width, 0, OLD) if g[0] == 1] == [(1, NEW, 5)]
    assert [g for g in given(cases, width, 0, OLD, doubts) if g[0] == 1] == []
    assert [g for g in given(cases, width, 0, NEW, doubts) if g[0] == 1] == [(1, NEW, 9)]


def test_of_many_spans_each_is_told_what_it_must_speak() -> None:
    cases: list[Case] = [
        {0: [5, 0], 1: [0, 4], 2: [3, 0]},  # K, K << 8, K
        {0: [0, 5], 2: [0, 3]},
        {1: [4, 0]},
    ]
    table = make_table(cases, [], 3)
    margins = [[table.margin(place, layout) for layout in (OLD, NEW)] for place in range(3)]
    assert margins == [[4, 0], [0, 4], [3, 0]]
    assert given(cases, 3, 1, NEW) == [(0, OLD, 4), (2, OLD, 3)]
    # If the second spoke the old layout, the first two ids would explain the others as well.
    assert given(cases, 3, 1, OLD) == []
    assert given(cases, 3, 0, NEW) == [(2, NEW, 1)]


def test_an_id_that_does_not_touch_a_span_explains_the_others_whatever_it_speaks() -> None:
    table = make_table([{1: [9, 0], 2: [9, 0]}, {0: [2, 0]}, {0: [0, 3]}], [], 3)
    assert [table.margin(0, layout) for layout in (OLD, NEW)] == [0, 0]
    assert [table.margin(1, layout) for layout in (OLD, NEW)] == [9, 0]


def test_nothing_is_explained_where_there_is_no_id() -> None:
    for width in (1, 2, 3):
        table = make_table([], [], width)
        assert [table.margin(0, layout) for layout in (OLD, NEW)] == [0, 0]
        assert list(table.given(0, OLD)) == []


@pytest.mark.parametrize("width", [1, 2, 3])
def test_what_nothing_else_explains_is_wrong_as_a_whole(width: int) -> None:
    table = make_table([{0: [0, 5]}], [], width)
    assert [table.margin(0, layout) for layout in (OLD, NEW)] == [0, 5]


@pytest.mark.parametrize("more", [[], [{2: [0, 1]}]], ids=["two spans", "three spans"])
def test_one_packet_is_a_gap(more: list[Case]) -> None:
    cases: list[Case] = [{0: [1, 0], 1: [1, 0]}, {0: [0, 1], 1: [0, 1]}, *more]
    assert (1, OLD, 1) in given(cases, 2 + len(more), 0, OLD)
