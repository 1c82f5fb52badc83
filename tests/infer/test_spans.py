"""Spans: frames of one address without a silence of 20 s, and which of several captures are one."""

import pytest

from nvgre_doctor.evidence.parts import Interval, Moment, Net, Part, PartKey
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.spans import Span, is_silence, vm_pair
from tests.infer.heard import (
    BACK,
    MACS,
    SUBNET,
    A,
    B,
    C,
    interval,
    key,
    moment,
    part,
    spans_in,
    unit,
)

V6_SUBNET = bytes.fromhex(
    "fd10000100000001" + "00" * 7 + "01" + "fd10000100000001" + "00" * 7 + "02"
)
V6_ROUTED = V6_SUBNET[:16] + bytes.fromhex("fd10000100000002") + V6_SUBNET[24:]


def times(*pairs: tuple[int, float], last: float = 0, seed: int = 0) -> Part:
    """A part with an interval of one unit at each frame and second, `last` long."""
    return part(
        *[
            interval(unit(first=frame, last=frame + 1, seconds=(at, at + last), seed=seed + 10 * n))
            for n, (frame, at) in enumerate(pairs)
        ]
    )


def frames(spans: list[Span]) -> list[tuple[int, int]]:
    return [(first.frame_number, last.frame_number) for first, last in (s.ends() for s in spans)]


@pytest.mark.parametrize(("at", "spans"), [(20.9, 1), (21, 2), (-20, 1), (-21, 2)])
def test_more_than_twenty_seconds_without_a_frame_begin_a_new_span(at: float, spans: int) -> None:
    """In whole seconds; a clock that was set back hides how long it was."""
    assert len(spans_in({0: {key(0x1389): times((1, 1000), (5, 1000 + at))}})) == spans


def test_a_silence_of_one_vm_pair_is_none_of_its_host() -> None:
    one, two = times((1, 0), (30, 40)), times((10, 15), (20, 30))
    assert frames(spans_in({0: {key(0x1389): one, key(0x1771): two}})) == [(1, 31)]


def test_the_silence_begins_behind_the_last_frame_of_all() -> None:
    long = part(interval(unit(first=1, last=40, seconds=(0, 30))))
    later = times((10, 5), (50, 45))
    assert frames(spans_in({0: {key(0x1389): long, key(0x1771): later}})) == [(1, 51)]


def test_frames_between_others_are_in_their_span_whatever_their_time() -> None:
    long = part(interval(unit(first=1, last=40, seconds=(0, 1))))
    inside = times((10, 500))
    assert frames(spans_in({0: {key(0x1389): long, key(0x1771): inside}})) == [(1, 40)]


def test_frames_without_times_are_of_the_span_before() -> None:
    told = unit(first=5, last=6)
    timeless = interval(
        told._replace(first=told.first._replace(ts_ns=-1), last=told.last._replace(ts_ns=-1))
    )
    one = part(interval(unit(seconds=(1000, 1000))), timeless)
    assert frames(spans_in({0: {key(0x1389): one}})) == [(1, 6)]
    other = part(timeless, interval(unit(first=9, last=9, seconds=(1000, 1000))))
    assert frames(spans_in({0: {key(0x1389): other}})) == [(5, 9)]


def test_spans_stand_by_address_and_then_by_frame() -> None:
    v6 = bytes(15) + b"\1"
    found = spans_in(
        {
            0: {
                key(0x1389, source=C): times((3, 0)),
                key(0x1389, source=v6): times((4, 0)),
                key(0x1389, source=A): times((90, 900), (1, 0)),
            }
        }
    )
    assert [(span.address, *frames([span])) for span in found] == [
        (A, (1, 2)),
        (A, (90, 91)),
        (C, (3, 4)),
        (v6, (4, 5)),
    ]


def test_the_same_packet_in_two_captures_makes_their_spans_one() -> None:
    (span,) = spans_in({0: {key(0x1389): times((1, 0))}, 1: {key(0x1389): times((7, 3600))}})
    assert span.pieces.captures == (0, 1)
    assert span.ends() == (At(0, 0, 1), At(0, 0, 2))
    assert span.pieces.ends_in(1) == (moment(7, 3600), moment(8, 3600))
    assert span.pieces.ends_in(2) is None
    assert [(one.frames, one.weight) for one in span.heard] == [(4, 2)]


def test_other_packets_in_two_captures_leave_two_spans() -> None:
    found = spans_in({0: {key(0x1389): times((1, 0))}, 1: {key(0x1389): times((1, 0), seed=50)}})
    assert [span.pieces.captures for span in found] == [(0,), (1,)]


def test_a_third_capture_ties_two_that_hold_no_common_packet() -> None:
    both = {key(0x1389): times((1, 0)), key(0x1771): times((3, 1), seed=50)}
    found = spans_in(
        {0: {key(0x1389): times((1, 0))}, 1: both, 2: {key(0x1771): times((9, 1), seed=50)}}
    )
    assert [span.pieces.captures for span in found] == [(0, 1, 2)]


def test_a_packet_that_comes_back_after_a_silence_ties_nothing() -> None:
    """Senders that number nothing repeat themselves."""
    again = part(interval(unit()), interval(unit(first=9, last=9, seconds=(900, 900))))
    found = spans_in({0: {key(0x1389): again}, 1: {key(0x1389): times((1, 5000))}})
    assert [span.pieces.captures for span in found] == [(0,), (0,), (1,)]


def test_packets_of_two_addresses_are_never_one_span() -> None:
    found = spans_in({0: {key(0x1389): times((1, 0))}, 1: {key(0x1389, source=C): times((1, 0))}})
    assert [span.address for span in found] == [A, C]


def test_one_capture_may_hold_several_stretches_of_one_span() -> None:
    """One capture lost the frames between, or heard only some."""
    whole = part(
        interval(unit(first=1, last=50, seconds=(0, 60))),
    )
    more = {key(0x1389): whole, key(0x1771): times((20, 30), seed=50)}
    some = {key(0x1389): times((1, 0)), key(0x1771): times((2, 30), seed=50)}
    (span,) = spans_in({0: more, 1: some})
    pieces = [*span.pieces.in_capture(0), *span.pieces.in_capture(1)]
    assert [(p.captures, p.first.frame_number) for p in pieces] == [((0,), 1), ((1,), 1), ((1,), 2)]
    assert span.pieces.ends_in(1) == (moment(1), moment(3, 30))


def test_frames_with_one_key_of_one_vm_pair_are_heard_together() -> None:
    one = part(interval(unit()), interval(unit(first=9, last=9, seconds=(10, 10), seed=40)))
    (span,) = spans_in({0: {key(0x1389): one}})
    assert [(h.gre_key, h.frames, h.weight) for h in span.heard] == [(0x138900, 4, 4)]


@pytest.mark.parametrize(
    "other",
    [
        key(0x1389, destination=C),
        key(0x138A),
        key(0x1389, macs=BACK),
        key(0x1389, net=Net.ROUTED),
    ],
)
def test_frames_that_differ_in_anything_else_are_not(other: PartKey) -> None:
    (span,) = spans_in({0: {key(0x1389): times((1, 0)), other: times((3, 0), seed=50)}})
    assert len(span.heard) == 2


@pytest.mark.parametrize(
    ("net", "customers", "subnet"),
    [
        (Net.SUBNET, SUBNET, SUBNET[:3]),
        (Net.ROUTED, SUBNET[:4] + bytes([10, 1, 2, 9]), bytes([10, 1, 1, 10, 1, 2])),
        (Net.SUBNET, V6_SUBNET, V6_SUBNET[:8]),
        (Net.ROUTED, V6_ROUTED, V6_ROUTED[:8] + V6_ROUTED[16:24]),
        (Net.UNKNOWN, b"", b""),
    ],
)
def test_customers_are_told_and_their_subnet_is_a_24_or_a_64(
    net: Net, customers: bytes, subnet: bytes
) -> None:
    told = part(interval(unit()), customers=customers)
    (span,) = spans_in({0: {key(0x1389, net=net): told}})
    assert [(one.customers, one.subnet) for one in span.heard] == [(customers, subnet)]


def test_a_copy_that_was_cut_before_its_customers_belongs_to_the_whole_one() -> None:
    cut = key(0x1389, net=Net.UNKNOWN)
    (span,) = spans_in({0: {key(0x1389): times((1, 0)), cut: times((3, 0))}})
    assert [(one.net, one.frames, one.weight) for one in span.heard] == [(Net.SUBNET, 4, 2)]


@pytest.mark.parametrize(
    "cut",
    [
        key(0x138A, net=Net.UNKNOWN),
        key(0x1389, net=Net.UNKNOWN, macs=BACK),
        key(0x1389, net=Net.UNKNOWN, destination=C),
    ],
)
def test_a_cut_frame_of_another_flow_does_not(cut: PartKey) -> None:
    (span,) = spans_in({0: {key(0x1389): times((1, 0)), cut: times((3, 0))}})
    assert len(span.heard) == 2


def test_another_packet_that_was_cut_stays_beside_the_whole_ones() -> None:
    cut = key(0x1389, net=Net.UNKNOWN)
    (span,) = spans_in({0: {key(0x1389): times((1, 0)), cut: times((3, 0), seed=50)}})
    assert [one.net for one in span.heard] == [Net.SUBNET, Net.UNKNOWN]


def test_frames_of_which_nobody_knows_whether_they_are_data_count_if_their_vm_pair_has_some() -> (
    None
):
    perhaps, other = key(0x1771, is_sure=False), key(0x1389, source=B, destination=A, macs=BACK)
    alone, _ = spans_in(
        {0: {perhaps: times((1, 0)), key(0x1389, source=B, macs=b"\2" * 12): times((3, 0))}}
    )
    assert alone.heard == []
    assert frames([alone]) == [(1, 2)]
    beside, _ = spans_in({0: {perhaps: times((1, 0)), other: times((3, 0))}})
    assert [one.gre_key for one in beside.heard] == [0x177100]


def test_a_message_between_the_provider_addresses_is_no_data_even_where_it_was_cut() -> None:
    told = part(interval(unit()), customers=A + B)
    (span,) = spans_in({0: {key(0x1389): told}})
    assert span.heard == []


def test_a_sign_of_life_makes_a_span_without_anything_heard() -> None:
    silent = Part((Interval(moment(1), moment(2), (), 2),), b"", b"\0")
    (span,) = spans_in({0: {key(0x1389, macs=b"", net=Net.UNKNOWN): silent}})
    assert (span.heard, frames([span])) == ([], [(1, 2)])


def test_a_vm_pair_is_the_same_both_ways() -> None:
    assert vm_pair(MACS) == vm_pair(BACK)
    assert vm_pair(MACS) in (MACS, BACK)
    assert vm_pair(bytes(12)) == bytes(12)


def test_captures_that_are_alike_make_one_span() -> None:
    one = {key(0x1389): times((1, 0))}
    (span,) = spans_in({0: one, 1: one, 2: one})
    assert span.pieces.captures == (0, 1, 2)
    assert [(h.frames, h.weight, h.first.capture, h.last.capture) for h in span.heard] == [
        (6, 2, 0, 0)
    ]


def test_captures_that_are_alike_make_spans_of_their_own_where_no_packet_ties_them() -> None:
    again = {
        key(0x1389): part(interval(unit()), interval(unit(first=9, last=9, seconds=(900, 900))))
    }
    silent = {
        key(0x1389, macs=b"", net=Net.UNKNOWN): Part(
            (Interval(moment(1), moment(2), (), 2),), b"", b"\0"
        )
    }
    assert [s.pieces.captures for s in spans_in({0: again, 1: again})] == [(0,), (0,), (1,), (1,)]
    assert [s.pieces.captures for s in spans_in({0: silent, 1: silent})] == [(0,), (1,)]


@pytest.mark.parametrize(
    ("last", "first", "is_silent"),
    [
        (0.9, 20.95, False),  # 20 whole seconds
        (20.5, 0.0, False),
        (0.0, 21.0, True),
        (21.0, 0.0, True),
        (0.9, 21.1, True),
        (5.0, 25.0, False),
    ],
)
def test_seconds_are_counted_as_clocks_show_them(
    last: float, first: float, is_silent: bool
) -> None:
    assert is_silence(moment(1, last), moment(2, first)) is is_silent


def test_the_epoch_is_a_time_and_none_is_none() -> None:
    assert is_silence(moment(1, 100), moment(2, 0))
    assert is_silence(moment(1, 0), moment(2, 100))
    assert not is_silence(moment(1, 100), Moment(2, -1))
    assert not is_silence(Moment(1, -1), moment(2, 100))


def test_all_that_an_address_sent_at_a_time_is_in_one_span() -> None:
    many = {key(0x1389 + n): part(interval(unit(seed=10 * n))) for n in range(40)}
    (span,) = spans_in({0: many})
    assert len(span.heard) == 40
