"""What contradicts the rest: single frames are strays, two and more are a contradiction."""

import pytest

from nvgre_doctor.evidence.parts import Net
from nvgre_doctor.infer.answers import Answer
from nvgre_doctor.infer.diagnosis import Contradiction, Stray
from nvgre_doctor.infer.leftovers import find_contradictions, find_strays
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.vocabulary import Confidence, Layout
from tests.infer.heard import ROUTED, back, heard, span_of, vm_macs
from tests.infer.judged import BAND, NEW_ONLY, OLD_ONLY, models_of

OLD, CURRENT, BOTH, UNKNOWN = Layout.OLD, Layout.CURRENT, Layout.BOTH, Layout.UNKNOWN
ONE, TWO, THREE = vm_macs(1), vm_macs(2), vm_macs(3)


def answer(layout: Layout, margin: int = 5) -> Answer:
    return Answer(layout, Confidence.PROVEN, margin, True)


def strays(*spans: Span, of: tuple[Answer, ...] = ()) -> list[tuple[int, int, Layout]]:
    """Key, frame, and the layout that each would mean."""
    found = find_strays(spans, models_of(spans), of or (Answer(),) * len(spans))
    return [(s.gre_key, s.at.frame_number, s.layout_it_would_mean) for s in found]


def test_a_stray_is_told_with_its_host_its_destination_and_its_frame() -> None:
    one = span_of(heard(BAND, 30, macs=ONE), heard(OLD_ONLY, 1, macs=ONE, first=7))
    (stray,) = find_strays([one], models_of([one]), [Answer()])
    unit = one.heard[1]
    assert stray == Stray(one.address, unit.destination, OLD_ONLY, unit.first, OLD)


@pytest.mark.parametrize(
    ("layout", "gre_key", "means"),
    [
        (UNKNOWN, OLD_ONLY, OLD),
        (UNKNOWN, NEW_ONLY, CURRENT),
        (UNKNOWN, BAND + 0x10000, UNKNOWN),
        (CURRENT, OLD_ONLY, OLD),
        (OLD, OLD_ONLY, UNKNOWN),  # it is of that layout anyway
        (OLD, NEW_ONLY, CURRENT),
        (CURRENT, NEW_ONLY, UNKNOWN),
        (BOTH, NEW_ONLY, CURRENT),
    ],
)
def test_a_stray_would_mean_the_only_layout_that_its_key_fits_if_the_host_speaks_another(
    layout: Layout, gre_key: int, means: Layout
) -> None:
    one = span_of(heard(BAND, 30, macs=ONE), heard(gre_key, 1, macs=ONE))
    assert strays(one, of=(answer(layout),)) == [(gre_key, 1, means)]


@pytest.mark.parametrize(("layout", "means"), [(OLD, CURRENT), (CURRENT, OLD)])
def test_a_stray_with_the_id_of_its_tenant_would_mean_the_other_layout(
    layout: Layout, means: Layout
) -> None:
    """0x00138900 as a TNI is what 0x13890000 is as a VSID, and both fit its tenant."""
    keys = {OLD: (0x00138900, 0x13890000), CURRENT: (0x13890000, 0x00138900)}[layout]
    one = span_of(heard(keys[0], 30, macs=ONE), heard(keys[1], 1, macs=ONE, first=40))
    assert strays(one, of=(answer(layout),)) == [(keys[1], 40, means)]


def test_strays_are_told_in_the_order_of_their_frames() -> None:
    one = span_of(
        heard(BAND, 30, macs=ONE),
        heard(OLD_ONLY, 1, macs=ONE, first=9),
        heard(BAND + 0x10000, 30, macs=TWO),
        heard(OLD_ONLY + 1, 1, macs=TWO, first=3),
    )
    assert [frame for _, frame, _ in strays(one)] == [3, 9]


def test_a_vm_pair_that_contradicts_itself_has_no_strays() -> None:
    assert strays(span_of(heard(BAND, 5, macs=ONE), heard(OLD_ONLY, 5, macs=ONE))) == []


@pytest.mark.parametrize(("layout", "count"), [(OLD, 1), (UNKNOWN, 1), (BOTH, 1), (CURRENT, 0)])
def test_one_packet_with_another_low_octet_is_a_stray_but_of_a_host_that_writes_flow_ids(
    layout: Layout, count: int
) -> None:
    one = span_of(heard(BAND + 1, 20, macs=ONE), heard(BAND + 2, 1, macs=ONE, first=7))
    expected = [(BAND + 2, 7, CURRENT)] * count
    found = strays(one, of=(answer(layout),))
    assert [stray for stray in found if stray[2] is CURRENT] == expected


def test_a_stray_with_other_upper_bits_does_not_hide_one_with_another_octet() -> None:
    one = span_of(
        heard(BAND + 1, 30, macs=ONE),
        heard(BAND + 2, 1, macs=ONE, first=7),
        heard(BAND + 0x103, 1, macs=ONE, first=9),
    )
    assert strays(one) == [(BAND + 2, 7, CURRENT), (BAND + 0x103, 9, UNKNOWN)]


def test_two_packets_with_another_octet_or_the_other_way_are_none() -> None:
    twice = span_of(heard(BAND + 1, 20, macs=ONE), heard(BAND + 2, 2, macs=ONE))
    assert strays(twice) == []
    other_way = span_of(heard(BAND + 1, 20, macs=ONE), heard(BAND + 2, 1, macs=back(ONE)))
    assert [s for s in strays(other_way) if s[2] is CURRENT] == []


@pytest.mark.parametrize(
    ("margin", "against", "named"),
    [
        (10, [1], 1),
        (9, [1], 0),
        (20, [1, 1], 2),
        (19, [1, 1], 0),
        (30, [2, 1], 1),  # of the two with one key nobody says that they are one frame
        (29, [2, 1], 0),
        (100, [], 0),
    ],
)
@pytest.mark.parametrize(
    ("layout", "other", "gre_key"), [(OLD, CURRENT, NEW_ONLY), (CURRENT, OLD, OLD_ONLY)]
)
def test_single_packets_that_fit_the_other_layout_only_are_strays_beside_ten_times_as_many(
    margin: int, against: list[int], named: int, layout: Layout, other: Layout, gre_key: int
) -> None:
    units = [heard(gre_key + 256 * n, count, macs=vm_macs(n)) for n, count in enumerate(against)]
    found = strays(span_of(*units), of=(answer(layout, margin),))
    assert [means for _, _, means in found] == [other] * named


def test_a_host_of_both_layouts_or_of_none_has_no_such_strays() -> None:
    one = span_of(heard(NEW_ONLY, 1, macs=ONE), heard(OLD_ONLY, 1, macs=TWO))
    assert strays(one, of=(answer(BOTH, 50),)) == []
    assert strays(one, of=(answer(UNKNOWN, 50),)) == []


# --- contradictions ----------------------------------------------------------------


def contradictions(*spans: Span) -> list[Contradiction]:
    return find_contradictions(spans, models_of(spans))


def test_a_contradiction_has_both_hosts_all_keys_and_the_first_frame_of_each() -> None:
    one = span_of(heard(BAND, 5, macs=ONE, first=8), address=b"\x0a\0\0\2")
    two = span_of(
        heard(BAND + 0x10000, 5, 1, back(ONE), first=3),
        heard(BAND + 0x20000, 5, 1, back(ONE), first=6),
        address=b"\x0a\0\0\1",
    )
    (found,) = contradictions(one, two)
    assert found.hosts == (b"\x0a\0\0\1", b"\x0a\0\0\2")
    assert found.macs in (ONE, back(ONE))
    assert found.gre_keys == (BAND, BAND + 0x10000, BAND + 0x20000)
    assert [frame.frame_number for frame in found.frames] == [3, 6, 8]


def test_hosts_with_ipv4_addresses_come_first() -> None:
    one = span_of(heard(BAND, 5, macs=ONE), address=b"\xfd" + bytes(15))
    two = span_of(heard(BAND + 0x10000, 5, 1, back(ONE)), address=b"\xff\0\0\1")
    assert contradictions(one, two)[0].hosts == (b"\xff\0\0\1", b"\xfd" + bytes(15))


def test_of_one_key_the_earlier_frame_is_told() -> None:
    one = span_of(heard(BAND, 5, macs=ONE, first=9), heard(BAND + 0x10000, 5, macs=ONE, first=7))
    two = span_of(heard(BAND, 5, 1, back(ONE), first=4))
    three = span_of(heard(BAND, 5, 2, back(ONE), first=5))
    (found,) = contradictions(one, two, three)
    assert [frame.frame_number for frame in found.frames] == [4, 7]


def test_no_more_than_five_frames_are_told_and_all_keys() -> None:
    units = [heard(BAND + 0x10000 * n, 2, macs=ONE, first=10 - n) for n in range(7)]
    (found,) = contradictions(span_of(*units))
    assert [frame.frame_number for frame in found.frames] == [4, 5, 6, 7, 8]
    assert len(found.gre_keys) == 7


def test_contradictions_are_told_in_the_order_of_their_frames() -> None:
    units = [
        heard(BAND, 5, macs=ONE, first=8),
        heard(BAND + 0x10000, 5, macs=ONE, first=9),
        heard(BAND, 5, macs=TWO, first=3),
        heard(BAND + 0x10000, 5, macs=TWO, first=4),
    ]
    found = contradictions(span_of(*units))
    assert [frame.frame_number for one in found for frame in one.frames] == [3, 4, 8, 9]


def test_vm_pairs_that_agree_that_are_routed_or_whose_keys_are_no_ids_are_none() -> None:
    routed = {"net": Net.ROUTED, "customers": ROUTED}
    agree = heard(BAND, 5, macs=ONE), heard(BAND, 5, 0, back(ONE))
    between = (
        heard(BAND, 5, macs=TWO, **routed),  # type: ignore[arg-type]
        heard(BAND + 0x10000, 5, macs=TWO, **routed),  # type: ignore[arg-type]
    )
    no_ids = heard(2, 5, macs=THREE), heard(2, 5, 0, back(THREE))
    assert contradictions(span_of(*agree, *between, *no_ids)) == []


def test_one_contradiction_does_not_hide_the_next() -> None:
    no_ids = heard(2, 5, macs=THREE), heard(2, 5, 0, back(THREE))
    real = heard(BAND, 5, macs=TWO), heard(BAND + 0x10000, 5, macs=TWO)
    assert len(contradictions(span_of(*no_ids, *real))) == 1


def test_a_contradiction_of_unicasts_and_a_broadcast_is_of_the_vm_pair() -> None:
    everybody = b"\xff" * 6 + ONE[6:]
    one = span_of(heard(BAND, 5, macs=ONE), heard(BAND + 0x10000, 5, macs=everybody))
    assert [found.macs for found in contradictions(one)] == [ONE]
