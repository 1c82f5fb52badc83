"""Hosts: what the answers of an address's spans make of it, in their order."""

import pytest

from nvgre_doctor.infer.answers import Answer
from nvgre_doctor.infer.clocks import Clocks
from nvgre_doctor.infer.hearing import hear
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.infer.pieces import Piece
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.verdicts import (
    by_address,
    in_order,
    is_group_address,
    new_hosts,
    tell_host,
)
from nvgre_doctor.vocabulary import Confidence, Layout
from tests import build
from tests.infer.heard import A, B, C, evidence_of, interval, key, moment, part, unit

OLD, CURRENT, BOTH, UNKNOWN = Layout.OLD, Layout.CURRENT, Layout.BOTH, Layout.UNKNOWN
PROVEN, LIKELY, NONE = Confidence.PROVEN, Confidence.LIKELY, Confidence.NONE

NOTHING = Answer()


def proven(layout: Layout, margin: int = 5) -> Answer:
    return Answer(layout, PROVEN, margin, True)


def likely(layout: Layout, margin: int = 5) -> Answer:
    return Answer(layout, LIKELY, margin, False)


def span(number: int, capture: int = 0) -> Span:
    """The frames 10 n + 1 to 10 n + 5, in the seconds 100 n to 100 n + 1."""
    ends = moment(10 * number + 1, 100 * number), moment(10 * number + 5, 100 * number + 1)
    return Span(A, [Piece((capture,), *ends)], [])


def told(
    *answers: Answer, captures: tuple[int, ...] = (), is_known: bool = True
) -> tuple[HostVerdict, int | None]:
    """Of one host with so many spans, each in its capture, and the number that decides."""
    host = HostVerdict(A)
    where = captures or (0,) * len(answers)
    spans = [span(number, capture) for number, capture in enumerate(where)]
    decides = tell_host(host, range(len(answers)), spans, answers, is_known=is_known)
    return host, decides


def known(host: HostVerdict) -> tuple[Layout, Confidence, int, bool]:
    return host.layout, host.confidence, host.margin, host.is_stale


def proven_frames(host: HostVerdict) -> tuple[int, int] | None:
    if host.proven_from is None or host.proven_to is None:
        assert host.proven_from is host.proven_to
        return None
    return host.proven_from.frame_number, host.proven_to.frame_number


def changes(host: HostVerdict) -> list[tuple[Layout, int, Layout, int]]:
    return [
        (one.before, one.last_before.frame_number, one.after, one.at.frame_number)
        for one in host.changes
    ]


def test_a_host_of_one_span_has_its_answer() -> None:
    host, decides = told(proven(OLD, 7))
    assert (decides, known(host)) == (0, (OLD, PROVEN, 7, False))
    assert (proven_frames(host), changes(host)) == ((1, 5), [])


def test_what_is_likely_is_proven_in_no_frame() -> None:
    host, decides = told(likely(OLD))
    assert (decides, known(host), proven_frames(host)) == (0, (OLD, LIKELY, 5, False), None)


def test_of_a_host_without_an_answer_nothing_is_known_but_its_spans() -> None:
    host, decides = told(NOTHING, NOTHING)
    assert (decides, known(host)) == (None, (UNKNOWN, NONE, 0, False))
    assert [one[:3] for one in host.spans] == [(UNKNOWN, NONE, 0)] * 2


def test_every_span_is_told_with_its_ends_and_how_sure_it_is() -> None:
    host, _ = told(proven(OLD, 7), likely(CURRENT, 3))
    assert [one[:3] for one in host.spans] == [(OLD, PROVEN, 7), (CURRENT, LIKELY, 3)]
    ends = [(one.first.frame_number, one.last.frame_number) for one in host.spans]
    assert ends == [(1, 5), (11, 15)]
    assert [one.is_hard for one in host.spans] == [True, False]
    assert [one.pieces for one in host.spans] == [span(0).pieces, span(1).pieces]


def test_the_last_span_that_is_proven_decides_before_any_that_is_likely() -> None:
    host, decides = told(proven(OLD, 3), proven(OLD, 4), likely(OLD, 9), NOTHING)
    assert (decides, known(host)) == (1, (OLD, PROVEN, 4, True))


def test_else_the_last_that_is_likely_decides() -> None:
    host, decides = told(likely(OLD, 3), likely(OLD, 4), NOTHING)
    assert (decides, known(host)) == (1, (OLD, LIKELY, 4, True))


def test_what_was_proven_and_is_likely_since_is_not_stale() -> None:
    host, _ = told(proven(OLD), likely(OLD))
    assert known(host) == (OLD, PROVEN, 5, False)


def test_what_was_proven_and_seems_to_be_another_layout_since_is_likely_and_stale() -> None:
    host, decides = told(proven(OLD), likely(CURRENT))
    assert (decides, known(host)) == (0, (OLD, LIKELY, 5, True))
    assert (proven_frames(host), changes(host)) == (None, [(OLD, 5, CURRENT, 11)])


def test_a_change_lies_between_the_last_frame_of_one_and_the_first_of_the_other() -> None:
    host, decides = told(proven(OLD), proven(CURRENT, 6))
    assert (decides, known(host)) == (1, (CURRENT, PROVEN, 6, False))
    assert (proven_frames(host), changes(host)) == ((11, 15), [(OLD, 5, CURRENT, 11)])


def test_what_cannot_be_told_between_two_layouts_is_left_out_of_the_change() -> None:
    host, _ = told(proven(OLD), NOTHING, proven(CURRENT), NOTHING, proven(OLD))
    assert changes(host) == [(OLD, 5, CURRENT, 21), (CURRENT, 25, OLD, 41)]


def test_two_spans_of_one_layout_hide_no_change_behind_them() -> None:
    host, _ = told(proven(OLD), proven(OLD), proven(CURRENT))
    assert changes(host) == [(OLD, 15, CURRENT, 21)]


def test_a_span_of_both_layouts_is_no_change() -> None:
    assert changes(told(proven(OLD), proven(BOTH), proven(OLD))[0]) == []


@pytest.mark.parametrize(
    ("before", "after", "count"), [(1, 1, 1), (1, 2, 0), (2, 1, 0), (2, 2, 1), (1, 5, 0), (5, 1, 0)]
)
def test_one_frame_beside_several_is_no_change(before: int, after: int, count: int) -> None:
    assert len(changes(told(likely(OLD, before), likely(CURRENT, after))[0])) == count


def test_a_stray_before_others_does_not_hide_a_change() -> None:
    host, _ = told(likely(CURRENT, 1), proven(OLD), proven(CURRENT))
    assert changes(host) == [(OLD, 15, CURRENT, 21)]


@pytest.mark.parametrize(
    ("answers", "frames"),
    [
        ((proven(OLD), NOTHING, proven(OLD)), (1, 25)),
        ((proven(OLD), likely(OLD), proven(OLD)), (1, 25)),
        ((likely(OLD), proven(OLD), NOTHING), (11, 15)),
        ((proven(CURRENT), proven(OLD), proven(OLD)), (11, 25)),
        ((proven(OLD), proven(CURRENT), proven(OLD)), (21, 25)),
        ((proven(OLD), likely(CURRENT), proven(OLD)), (21, 25)),
        ((proven(BOTH), proven(OLD)), (11, 15)),
    ],
)
def test_proven_frames_reach_back_as_long_as_nothing_else_was_spoken(
    answers: tuple[Answer, ...], frames: tuple[int, int]
) -> None:
    assert proven_frames(told(*answers)[0]) == frames


# --- where the order is not known ------------------------------------------------


def test_two_captures_that_end_in_different_layouts_leave_it_likely() -> None:
    host, decides = told(proven(OLD), proven(CURRENT, 6), captures=(0, 1), is_known=False)
    assert (decides, known(host)) == (1, (CURRENT, LIKELY, 6, True))
    assert (proven_frames(host), changes(host)) == (None, [])


def test_captures_of_one_layout_need_no_order() -> None:
    host, decides = told(proven(OLD), likely(OLD, 6), captures=(0, 1), is_known=False)
    assert (decides, known(host)) == (0, (OLD, PROVEN, 5, False))
    assert proven_frames(host) == (1, 5)


def test_of_several_captures_of_one_layout_the_last_proven_span_decides() -> None:
    host, decides = told(proven(OLD, 9), proven(OLD, 5), captures=(0, 1), is_known=False)
    assert (decides, known(host)) == (1, (OLD, PROVEN, 5, False))


@pytest.mark.parametrize(
    ("first", "second", "decides"),
    [
        (proven(CURRENT, 3), proven(CURRENT, 9), 2),
        (proven(CURRENT, 9), proven(CURRENT, 3), 1),
        (proven(CURRENT, 4), proven(CURRENT, 4), 1),
        (proven(CURRENT, 3), likely(CURRENT, 9), 1),
    ],
)
def test_where_all_captures_end_in_one_layout_the_surest_end_decides(
    first: Answer, second: Answer, decides: int
) -> None:
    host, decided = told(proven(OLD), first, second, captures=(0, 0, 1), is_known=False)
    surest = (first, second)[decides - 1]
    assert decided == decides
    assert known(host) == (CURRENT, PROVEN, surest.margin, False)
    assert changes(host) == [(OLD, 5, CURRENT, 11)]


def test_of_several_captures_with_changes_the_first_is_told() -> None:
    answers = proven(CURRENT), proven(OLD), proven(CURRENT), proven(OLD), proven(CURRENT)
    host, _ = told(*answers, captures=(0, 1, 1, 2, 2), is_known=False)
    assert changes(host) == [(OLD, 15, CURRENT, 21)]


def test_a_capture_without_an_answer_does_not_count() -> None:
    host, decides = told(proven(OLD), proven(CURRENT), NOTHING, captures=(0, 0, 1), is_known=False)
    assert (decides, known(host)) == (1, (CURRENT, PROVEN, 5, False))


# --- order ----------------------------------------------------------------------------


def ordered(*captures: object) -> tuple[list[int], bool]:
    """The first frame of each span of host A, in order, and whether the order is certain."""
    evidence = evidence_of(dict(enumerate(captures)))  # type: ignore[arg-type]
    spans = hear(evidence).spans
    numbers, is_certain = in_order(range(len(spans)), spans, Clocks(evidence))
    return [spans[number].ends()[0].frame_number for number in numbers], is_certain


def sent(first: int, second: float, seed: int) -> object:
    """Two packets of one key; seeds are far apart."""
    return interval(unit(first=first, last=first + 1, seed=seed, seconds=(second, second + 1)))


def capture(*intervals: object) -> object:
    return {key(0x1389): part(*intervals)}  # type: ignore[arg-type]


def test_a_single_span_is_in_order() -> None:
    assert ordered(capture(sent(1, 0, 10))) == ([1], True)


def test_inside_a_capture_frames_give_the_order_whatever_its_clock_says() -> None:
    assert ordered(capture(sent(1, 900, 10), sent(5, 100, 20), sent(9, 500, 30))) == (
        [1, 5, 9],
        True,
    )


def test_captures_without_common_packets_are_ordered_by_their_clocks_and_not_for_certain() -> None:
    assert ordered(capture(sent(1, 900, 10)), capture(sent(5, 100, 20))) == ([5, 1], False)


def test_captures_that_packets_tie_together_are_ordered_for_certain() -> None:
    """The second clock is an hour ahead: what it calls 3700 is 100."""
    one = capture(sent(1, 500, 10), sent(5, 900, 20))
    two = {
        key(0x1389): part(sent(3, 3700, 30)),  # type: ignore[arg-type]
        key(0x1389, source=B): part(sent(7, 3800, 40)),  # type: ignore[arg-type]
    }
    tied = {**one, key(0x1389, source=B): part(sent(3, 200, 40))}  # type: ignore[dict-item, arg-type]
    evidence = evidence_of({0: tied, 1: two})  # type: ignore[dict-item]
    spans = hear(evidence).spans
    mine = [number for number, one in enumerate(spans) if one.address == A]
    numbers, is_certain = in_order(mine, spans, Clocks(evidence))
    assert [spans[n].ends()[0].frame_number for n in numbers] == [3, 1, 5]
    assert is_certain


def test_clocks_that_contradict_the_frames_of_a_capture_give_no_certain_order() -> None:
    one = {
        key(0x1389): part(sent(1, 900, 10), sent(5, 500, 20)),  # type: ignore[arg-type]
        key(0x1389, source=B): part(sent(3, 200, 40)),  # type: ignore[arg-type]
    }
    two = {
        key(0x1389): part(sent(3, 700, 30)),  # type: ignore[arg-type]
        key(0x1389, source=B): part(sent(7, 200, 40)),  # type: ignore[arg-type]
    }
    evidence = evidence_of({0: one, 1: two})
    spans = hear(evidence).spans
    mine = [number for number, one in enumerate(spans) if one.address == A]
    numbers, is_certain = in_order(mine, spans, Clocks(evidence))
    assert [spans[n].ends()[0].frame_number for n in numbers] == [5, 3, 1]
    assert not is_certain


def test_one_capture_that_holds_all_of_them_gives_the_order() -> None:
    """Though the other one, by its clock, would give the opposite."""
    one = capture(sent(5, 100, 10), sent(9, 500, 20))
    two = capture(sent(1, 900, 20))
    assert ordered(one, two) == ([5, 9], True)
    assert ordered(two, one) == ([5, 1], True)


SIX = bytes.fromhex("fd00") + bytes(13) + b"\1"


def over_ipv6(*intervals: object) -> object:
    """What has no number, and may be sent again."""
    return {key(0x1389, source=SIX): part(*intervals)}  # type: ignore[arg-type]


@pytest.mark.parametrize("second", [110, 5000])
def test_what_two_captures_hold_alike_gives_no_order_over_ipv6_without_a_tie(second: int) -> None:
    """It may be another packet, also ten seconds later."""
    one = over_ipv6(sent(1, 100, 10), sent(5, 900, 20))
    assert ordered(one, over_ipv6(sent(1, second, 10)))[1] is False


def test_what_two_captures_hold_alike_gives_the_order_over_ipv6_where_the_clocks_agree() -> None:
    one = over_ipv6(sent(1, 900, 10), sent(5, 100, 20))
    assert ordered(one, over_ipv6(sent(1, 901, 10))) == ([1, 5], True)


def test_what_came_again_over_ipv6_gives_no_order_where_other_packets_tie_the_clocks() -> None:
    tie = {key(0x1389, source=B): part(sent(20, 100, 40))}  # type: ignore[arg-type]
    one = {**over_ipv6(sent(1, 100, 10), sent(5, 900, 20)), **tie}  # type: ignore[dict-item]
    two = {**over_ipv6(sent(1, 600, 10)), **tie}  # type: ignore[dict-item]
    evidence = evidence_of({0: one, 1: two})
    spans = hear(evidence).spans
    mine = [number for number, one in enumerate(spans) if one.address == SIX]
    assert len(mine) == 2
    assert in_order(mine, spans, Clocks(evidence))[1] is False


def test_over_ipv4_what_two_captures_hold_alike_is_one_packet() -> None:
    """Though it has no number, and so does not tie their clocks."""
    same = [
        interval(unit(count=1, first=1, last=1, seed=-1, seconds=(second, second)))
        for second in (100, 5000)
    ]
    assert ordered(capture(same[0], sent(5, 50, 20)), capture(same[1])) == ([1, 5], True)


# --- hosts ----------------------------------------------------------------------------


def test_every_end_of_data_is_a_host_with_its_frames_in_order_of_addresses() -> None:
    six = build.ip("2001:db8::1")
    hosts = new_hosts({(C, A): 3, (A, B): 4, (A, C): 5, (six, A): 1})
    assert [(h.address, h.frames_sent, h.frames_received) for h in hosts.values()] == [
        (A, 9, 4),
        (B, 0, 4),
        (C, 3, 5),
        (six, 1, 0),
    ]
    assert list(hosts) == [A, B, C, six]


def test_a_group_or_an_address_that_was_not_kept_is_no_host() -> None:
    assert list(new_hosts({(A, build.ip("239.1.1.1")): 3, (A, b""): 4})) == [A]
    assert new_hosts({(A, b""): 4})[A].frames_sent == 4


@pytest.mark.parametrize(
    ("address", "is_group"),
    [
        ("223.255.255.255", False),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("fe80::1", False),
        ("ff02::1", True),
    ],
)
def test_multicast_and_broadcast_are_groups(address: str, is_group: bool) -> None:
    assert is_group_address(build.ip(address)) is is_group


def test_the_spans_of_each_address_are_found() -> None:
    spans = [Span(address, [Piece((0,), moment(1), moment(2))], []) for address in (A, B, A)]
    assert by_address(spans) == {A: [0, 2], B: [1]}


def test_a_change_is_proven_where_its_host_is_proven_before_and_after() -> None:
    def is_proven(*answers: Answer) -> list[bool]:
        return [change.is_proven for change in told(*answers)[0].changes]

    assert is_proven(proven(OLD), proven(CURRENT)) == [True]
    assert is_proven(proven(OLD), likely(OLD), proven(CURRENT)) == [True]
    assert is_proven(likely(OLD), proven(CURRENT)) == [False]
    assert is_proven(proven(OLD), likely(CURRENT)) == [False]


def test_what_tells_nothing_makes_a_host_stale_only_after_the_span_that_decides() -> None:
    def stale(*answers: Answer) -> bool:
        """Of two captures, and nobody knows which is the later one."""
        return told(proven(OLD), *answers, captures=(0, 0, 0, 1), is_known=False)[0].is_stale

    assert stale(proven(CURRENT, 9), NOTHING, proven(CURRENT, 5))
    assert not stale(proven(CURRENT, 5), NOTHING, proven(CURRENT, 9))
