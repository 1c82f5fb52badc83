"""Low octets: FlowIDs, or neighbouring ids that an administrator typed."""

import pytest

from nvgre_doctor.evidence.parts import Net
from nvgre_doctor.infer.octets import (
    FlowIds,
    classify,
    judge,
    share_conversation,
    without_lonely,
)
from tests.infer.heard import BACK, MACS, ROUTED, heard, span_of

NOTHING, PERHAPS, CERTAIN = FlowIds.NOTHING, FlowIds.PERHAPS, FlowIds.CERTAIN
BROADCAST = b"\xff" * 6 + MACS[6:]


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        ((), NOTHING),
        ((5,), NOTHING),
        ((5, 6), NOTHING),
        ((5, 20), NOTHING),
        ((5, 21), PERHAPS),
        ((0, 255), PERHAPS),
        ((1, 3, 6), NOTHING),  # as wide as six consecutive ones
        ((1, 3, 7), NOTHING),
        ((1, 3, 8), PERHAPS),
        ((1, 2, 9), PERHAPS),
        ((0, 16, 32), NOTHING),  # a common step: ids that were counted up
        ((0, 100, 201), PERHAPS),
        ((1, 8, 40), PERHAPS),
        ((0, 20, 50, 62), NOTHING),  # a step of two
        ((0, 17, 40, 67), PERHAPS),
        ((0, 17, 40, 63, 200), CERTAIN),
        ((0, 3, 20, 41, 63), PERHAPS),  # 63 wide
        ((0, 3, 20, 41, 64), CERTAIN),  # 64 wide
        ((0, 20, 40, 60, 80), NOTHING),
        ((*tuple(range(8)), 17), NOTHING),
        ((*tuple(range(8)), 18), NOTHING),
        ((*tuple(range(8)), 19), CERTAIN),  # nine, one more than eighteen wide
        ((*tuple(range(7)), 18), PERHAPS),  # eight, and not 64 wide
        (tuple(range(0, 180, 20)), NOTHING),
        (tuple(range(256)), NOTHING),
    ],
)
def test_octets_are_judged_by_number_width_and_step(octets: tuple[int, ...], kind: FlowIds) -> None:
    assert judge(set(octets)) is kind


@pytest.mark.parametrize(
    ("weights", "kept"),
    [
        ({1: 10, 2: 1}, {1}),
        ({1: 1, 2: 10}, {2}),
        ({1: 9, 2: 1}, {1, 2}),  # of ten packets one is no tenth less
        ({1: 10, 2: 2}, {1, 2}),
        ({1: 1, 2: 1}, {1, 2}),
        ({1: 20, 2: 1, 3: 1}, {1, 2, 3}),
        ({1: 20}, {1}),
        ({}, set()),
    ],
)
def test_one_packet_beside_more_than_ten_with_one_other_octet_does_not_count(
    weights: dict[int, int], kept: set[int]
) -> None:
    assert without_lonely(weights) == kept


def test_octets_of_vm_pairs_with_several_of_them_are_judged_together() -> None:
    span = span_of(
        heard(0x00138900),
        heard(0x00138914),
        heard(0x00138900, macs=BACK),
        heard(0x00138929, macs=BACK),
        heard(0x0013893F, macs=BACK),
        heard(0x00138950, macs=BACK),
    )
    assert classify([span]) == {(0, 0x1389): CERTAIN}


def both_ways(there: list[int], back: list[int]) -> FlowIds:
    span = span_of(
        *[heard(0x00138900 | octet) for octet in there],
        *[heard(0x00138900 | octet, macs=BACK) for octet in back],
    )
    return classify([span])[0, 0x1389]


SEVEN = [0, 17, 40, 63, 200, 211, 230]
FIFTEEN = [octet * octet for octet in range(15)]


@pytest.mark.parametrize(
    ("there", "back", "kind"),
    [
        (SEVEN, [5, 90], CERTAIN),
        (SEVEN, [0], CERTAIN),  # one that comes back may be chance
        (SEVEN, [0, 90], CERTAIN),  # one of two comes back: chance
        (SEVEN, [0, 17, 90, 91], CERTAIN),  # half of them
        (SEVEN, [0, 17, 90], PERHAPS),  # more than half: ids do
        (SEVEN, SEVEN, PERHAPS),
        (SEVEN, [], PERHAPS),  # nobody knows
        ([*SEVEN, 235], [], PERHAPS),
        ([*SEVEN, 235, 240], [], CERTAIN),
        (FIFTEEN, FIFTEEN, PERHAPS),
        ([*FIFTEEN, 225], FIFTEEN, CERTAIN),
    ],
)
def test_octets_that_come_back_may_be_ids_unless_they_are_very_many(
    there: list[int], back: list[int], kind: FlowIds
) -> None:
    assert both_ways(there, back) is kind


def test_a_vm_pair_with_one_octet_adds_none() -> None:
    span = span_of(heard(0x00138900), heard(0x00138901), heard(0x001389C0, macs=BACK))
    assert classify([span]) == {(0, 0x1389): NOTHING}


def test_each_span_and_id_is_judged_by_itself() -> None:
    one = span_of(heard(0x00138900), heard(0x00138980), heard(0x00177100), heard(0x00177101))
    two = span_of(heard(0x00138900, span=1), heard(0x00138901, span=1))
    assert classify([one, two]) == {
        (0, 0x1389): PERHAPS,
        (0, 0x1771): NOTHING,
        (1, 0x1389): NOTHING,
    }


@pytest.mark.parametrize("macs", [b"", BROADCAST], ids=["no MACs", "broadcast"])
def test_frames_that_are_of_no_vm_pair_have_no_flow_ids(macs: bytes) -> None:
    assert classify([span_of(heard(0x00138900, macs=macs), heard(0x00138980, macs=macs))]) == {}


def test_a_vm_pair_in_another_subnet_is_another_one() -> None:
    other = heard(0x00138980, net=Net.ROUTED, customers=ROUTED)
    assert classify([span_of(heard(0x00138900), other)]) == {}


def test_one_packet_with_another_octet_is_none_of_several() -> None:
    assert classify([span_of(heard(0x00138900, 20), heard(0x00138980, 1))]) == {}


@pytest.mark.parametrize(("octet", "is_certain"), [(0x10, True), (0x0F, False)])
def test_one_conversation_with_octets_far_apart_has_flow_ids(octet: int, is_certain: bool) -> None:
    one = heard(0x00138900, conversations=(7, 8))
    two = heard(0x00138900 | octet, macs=BACK, conversations=(9, 7))
    assert share_conversation([one, two], 0x1389) is is_certain


@pytest.mark.parametrize(
    ("two", "upper_bits"),
    [
        (heard(0x00138980, macs=BACK, conversations=(5, 6)), 0x1389),  # other conversations
        (heard(0x00138980, macs=BACK, conversations=(0, 0)), 0x1389),  # none, such as pings
        (heard(0x00138980, conversations=(7, 8)), 0x1389),  # the same way
        (heard(0x00177180, macs=BACK, conversations=(7, 8)), 0x1389),  # another id
        (heard(0x00138980, macs=BACK, conversations=(7, 8)), 0x1771),
    ],
)
def test_two_conversations_or_one_way_of_one_are_no_such_sign(two: object, upper_bits: int) -> None:
    one = heard(0x00138900, conversations=(7, 8))
    assert not share_conversation([one, two], upper_bits)  # type: ignore[list-item]


def test_a_conversation_with_number_zero_is_none() -> None:
    one = heard(0x00138900, conversations=(0, 0))
    two = heard(0x00138980, macs=BACK, conversations=(0, 0))
    assert not share_conversation([one, two], 0x1389)


def test_octets_whose_sum_is_large_are_not_far_apart() -> None:
    one = heard(0x00138930, conversations=(7, 8))
    two = heard(0x0013893A, macs=BACK, conversations=(9, 7))
    assert not share_conversation([one, two], 0x1389)


def test_a_mac_that_an_administrator_gave_is_one_of_a_vm() -> None:
    macs = b"\x02\0\0\0\0\1\x02\0\0\0\0\2"
    span = span_of(heard(0x00138900, macs=macs), heard(0x00138980, macs=macs))
    assert classify([span]) == {(0, 0x1389): PERHAPS}


def test_an_octet_of_two_packets_to_two_hosts_is_no_damage() -> None:
    to_others = [heard(0x00138980, 1, destination=bytes([10, 0, 0, n])) for n in (1, 2)]
    assert classify([span_of(heard(0x00138900, 20), *to_others)]) == {(0, 0x1389): PERHAPS}


def test_the_octets_of_a_way_are_put_together_over_time() -> None:
    """Seven one way in one span; the other way has the same in two spans."""
    there = span_of(*[heard(0x00138900 | octet) for octet in SEVEN])
    back = [
        span_of(*[heard(0x00138900 | octet, span=n, macs=BACK) for octet in some])
        for n, some in ((1, SEVEN[:4]), (2, [5, 6]))
    ]
    assert classify([there, *back])[0, 0x1389] is PERHAPS
