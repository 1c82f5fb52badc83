"""What a host spoke at a time is that of its spans around it."""

import pytest

from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import About, Diagnosis, RefusalFacts, Spell
from nvgre_doctor.infer.host import HostVerdict, SpanVerdict
from nvgre_doctor.infer.pieces import Piece, Pieces
from nvgre_doctor.infer.refused_frames import FrameCauses
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.vocabulary import Cause, Confidence, Layout

SECOND = 1_000_000_000
OLD, CURRENT, BOTH, UNKNOWN = Layout.OLD, Layout.CURRENT, Layout.BOTH, Layout.UNKNOWN
PROVEN, LIKELY, NONE = Confidence.PROVEN, Confidence.LIKELY, Confidence.NONE


def at(seconds: int) -> At:
    return At(seconds * 1_000_000_000, 0, seconds)


def host(*spans: tuple[Layout, Confidence, int, int]) -> HostVerdict:
    """Spans with the seconds of their first and last frame; what is proven has the margin 4."""
    return HostVerdict(
        b"\xc0\xa82\x01",
        spans=[
            SpanVerdict(layout, sure, 4 if sure is PROVEN else 0, at(first), at(last))
            for layout, sure, first, last in spans
        ],
    )


@pytest.mark.parametrize(
    ("second", "spoken"),
    [
        (5, (OLD, PROVEN)),  # before the first
        (15, (OLD, PROVEN)),
        (39, (OLD, PROVEN)),  # less than a restart after it
        (45, None),
        (61, (CURRENT, PROVEN)),  # less than a restart before the second
        (90, (CURRENT, PROVEN)),  # after the last
    ],
)
def test_between_two_layouts_only_the_time_of_a_restart_is_known(
    second: int, spoken: tuple[Layout, Confidence] | None
) -> None:
    one = host((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 70, 80))
    found = one.spoken_between(at(second), at(second))
    assert (found and (found.layout, found.confidence)) == spoken


@pytest.mark.parametrize(
    ("first", "second", "sure", "by_itself"),
    [
        (PROVEN, LIKELY, LIKELY, LIKELY),  # what comes later does not make it surer
        (LIKELY, PROVEN, PROVEN, LIKELY),  # who is old later was old before
    ],
)
def test_over_two_spans_the_less_sure_one_counts(
    first: Confidence, second: Confidence, sure: Confidence, by_itself: Confidence
) -> None:
    one = host((OLD, first, 10, 20), (OLD, second, 70, 80))
    ends = at(15), at(75)
    for asked, expected in ((False, sure), (True, by_itself)):
        found = one.spoken_between(*ends, by_itself=asked)
        assert found is not None
        assert found.confidence is expected


def in_captures(*layouts: Layout) -> HostVerdict:
    """One span of each, in captures whose clocks agree by chance."""
    spans = []
    for capture, layout in enumerate(layouts):
        ends = Moment(10, 10 * SECOND), Moment(20, 20 * SECOND)
        pieces = Pieces([Piece((capture,), *ends)])
        first, last = (At(end.ts_ns, capture, end.frame_number) for end in ends)
        spans.append(SpanVerdict(layout, PROVEN, 4, first, last, pieces))
    return HostVerdict(b"\xc0\xa82\x01", spans=spans, is_unordered=True)


@pytest.mark.parametrize(("capture", "layout"), [(0, OLD), (1, CURRENT), (2, UNKNOWN)])
def test_of_captures_without_an_order_each_tells_its_own_frames_only(
    capture: int, layout: Layout
) -> None:
    one = in_captures(OLD, CURRENT)
    assert one.is_mixed
    assert one.layout_between(*(At(second * SECOND, capture, second) for second in (12, 15))) is (
        layout
    )


@pytest.mark.parametrize(("before", "after"), [(OLD, CURRENT), (CURRENT, OLD)])
def test_a_capture_without_an_order_has_all_spans_that_lie_in_it_by_their_frames(
    before: Layout, after: Layout
) -> None:
    """The second one, which begins in another capture, comes first in this one.  Long after the
    last one another layout may be spoken, as another capture says.
    """
    ends = [(Moment(n, n * SECOND), Moment(n + 9, (n + 9) * SECOND)) for n in (300, 10)]
    late, early = (
        SpanVerdict(layout, PROVEN, 4, *(At(end.ts_ns, where, 1) for end in of_span), pieces)
        for layout, where, of_span, pieces in (
            (after, 1, ends[0], None),
            (before, 0, ends[1], Pieces([Piece((0, 1), *ends[1])])),
        )
    )
    late = late._replace(first=At(300 * SECOND, 1, 300), last=At(309 * SECOND, 1, 309))
    one = HostVerdict(b"\xc0\xa82\x01", spans=[late, early], is_unordered=True)
    asked = [At(second * SECOND, 1, second) for second in (1, 15, 900)]
    found = [one.layout_between(at, at) for at in asked]
    assert found == [before, before, UNKNOWN]


@pytest.mark.parametrize(("second", "layout"), [(20, OLD), (22, None), (25, CURRENT)])
def test_a_moment_of_another_capture_at_the_end_of_a_span_is_of_it(
    second: int, layout: Layout | None
) -> None:
    one = host((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 25, 30))
    moment = at(second)._replace(capture=1)
    found = one.spoken_between(moment, moment)
    assert (found and found.layout) == layout


@pytest.mark.parametrize("second", [15, 21, 50, 75, 90])
def test_what_was_updated_stays_so_in_a_span_that_tells_less(second: int) -> None:
    one = host((CURRENT, PROVEN, 10, 20), (CURRENT, LIKELY, 70, 80))
    found = one.spoken_between(at(second), at(second))
    assert found is not None
    assert (found.layout, found.confidence, found.margin) == (CURRENT, PROVEN, 4)


@pytest.mark.parametrize("second", [5, 15, 21, 50, 75])
def test_what_is_old_was_so_in_a_span_that_tells_less(second: int) -> None:
    one = host((OLD, LIKELY, 10, 20), (OLD, PROVEN, 70, 80))
    found = one.spoken_between(at(second), at(second))
    assert found is not None
    assert (found.layout, found.confidence, found.margin) == (OLD, PROVEN, 4)


@pytest.mark.parametrize(
    ("spans", "second"),
    [
        (((CURRENT, LIKELY, 10, 20), (CURRENT, PROVEN, 70, 80)), 50),
        (((OLD, PROVEN, 10, 20), (OLD, LIKELY, 70, 80)), 50),
        (((OLD, PROVEN, 10, 20), (CURRENT, LIKELY, 70, 80)), 75),
    ],
)
def test_nothing_is_proven_by_a_span_that_an_update_may_lie_before(
    spans: tuple[tuple[Layout, Confidence, int, int], ...], second: int
) -> None:
    found = host(*spans).spoken_between(at(second), at(second))
    assert found is not None
    assert found.confidence is LIKELY


def test_two_layouts_between_two_times_are_none() -> None:
    one = host((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 70, 80))
    assert one.spoken_between(at(15), at(75)) is None


def test_a_span_that_does_not_tell_is_known_only_near_to_one_that_does() -> None:
    one = host((CURRENT, PROVEN, 10, 20), (UNKNOWN, NONE, 70, 80))
    assert one.spoken_between(at(75), at(75)) is None
    near = one.spoken_between(at(39), at(39))
    assert near is not None
    assert near.layout is CURRENT


@pytest.mark.parametrize(
    ("spans", "second", "spoken"),
    [
        (((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 70, 80)), 40, None),  # exactly a restart
        (((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 70, 80)), 50, None),
        (((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 40, 50)), 30, None),  # near to both
        (((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 59, 80)), 39, OLD),  # near to one, just not two
        (((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 60, 80)), 41, CURRENT),
        (((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 60, 80)), 40, None),
        (((CURRENT, PROVEN, 30, 40),), 5, None),  # an update may lie before it
        (((CURRENT, PROVEN, 30, 40),), 11, CURRENT),
        (((CURRENT, PROVEN, 30, 40),), 10, None),
        (((OLD, PROVEN, 30, 40),), 90, None),  # and after it
        (((OLD, PROVEN, 30, 40),), 59, OLD),
        (((OLD, PROVEN, 30, 40),), 60, None),
        (((UNKNOWN, NONE, 1, 2), (OLD, PROVEN, 30, 40)), 5, None),  # it is not the first span
        (((UNKNOWN, NONE, 1, 2), (OLD, PROVEN, 30, 40)), 35, OLD),
        (((BOTH, PROVEN, 10, 20), (BOTH, PROVEN, 70, 80)), 45, BOTH),
        ((), 5, None),
    ],
)
def test_how_far_a_layout_reaches(
    spans: tuple[tuple[Layout, Confidence, int, int], ...], second: int, spoken: Layout | None
) -> None:
    found = host(*spans).spoken_between(at(second), at(second))
    assert (found and found.layout) == spoken


def test_a_time_between_whose_ends_one_is_not_known_is_not_known() -> None:
    one = host((OLD, PROVEN, 10, 20))
    assert one.spoken_between(at(15), at(90)) is None
    two = host((CURRENT, PROVEN, 30, 40))
    assert two.spoken_between(at(5), at(35)) is None


def test_of_two_spans_of_a_time_the_less_sure_one_counts() -> None:
    """From the first to the second: what is proven of one of them is likely of both."""
    one = host((OLD, LIKELY, 10, 20), (CURRENT, PROVEN, 70, 80), (OLD, PROVEN, 170, 180))
    found = one.spoken_between(at(15), at(175), by_itself=True)
    assert found is not None
    assert (found.confidence, found.first) == (LIKELY, at(10))


def test_by_itself_a_span_is_no_surer_than_what_it_says() -> None:
    one = host((CURRENT, PROVEN, 10, 20), (CURRENT, LIKELY, 70, 80))
    found = one.spoken_between(at(75), at(75), by_itself=True)
    assert found is not None
    assert found.confidence is LIKELY


@pytest.mark.parametrize(
    ("spans", "layout"),
    [
        (((OLD, PROVEN, 10, 20),), OLD),
        (((CURRENT, PROVEN, 10, 20),), CURRENT),
        (((OLD, LIKELY, 10, 20),), UNKNOWN),
        (((BOTH, PROVEN, 10, 20),), UNKNOWN),
        ((), UNKNOWN),
    ],
)
def test_only_a_layout_that_is_proven_is_told_of_a_stream(
    spans: tuple[tuple[Layout, Confidence, int, int], ...], layout: Layout
) -> None:
    sent = Stream(b"a", b"b", 0x1389, b"", b"\0", 2, at(12), at(14), b"")
    assert host(*spans).layout_of(sent) is layout
    assert host(*spans).layout_between(at(12), at(14)) is layout


def test_a_stream_that_goes_on_over_a_change_has_no_layout() -> None:
    sent = Stream(b"a", b"b", 0x1389, b"", b"\0", 2, at(12), at(75), b"")
    assert host((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 70, 80)).layout_of(sent) is UNKNOWN


# --- in other captures ----------------------------------------------------------------


def piece(capture: int, first: int, last: int) -> Piece:
    return Piece((capture,), Moment(first, first * SECOND), Moment(last, last * SECOND))


def test_a_frame_of_another_capture_is_compared_with_what_that_capture_holds() -> None:
    """Of the second capture the clock is an hour ahead."""
    pieces = Pieces([piece(0, 10, 20), piece(1, 3610, 3620)])
    one = SpanVerdict(OLD, PROVEN, 4, at(10), at(20), pieces)
    elsewhere = At(3615 * SECOND, 1, 3615)
    assert one.ends_in(1) == (At(3610 * SECOND, 1, 3610), At(3620 * SECOND, 1, 3620))
    assert one.ends_in(0) == (at(10), at(20))
    known = HostVerdict(b"a", spans=[one])
    assert known.spoken_between(elsewhere, elsewhere) == one


def test_a_frame_of_a_capture_that_holds_nothing_of_a_span_is_compared_by_clock() -> None:
    one = SpanVerdict(CURRENT, PROVEN, 4, at(10), at(20), Pieces([piece(0, 10, 20)]))
    assert one.ends_in(7) == (at(10), at(20))
    known = HostVerdict(b"a", spans=[one])
    for second, is_known in ((-11, False), (-9, True), (10, True), (15, True), (20, True)):
        moment = At(second * SECOND, 7, 1)
        assert (known.spoken_between(moment, moment) == one) is is_known, second


@pytest.mark.parametrize(("frame", "is_known"), [(9, False), (10, True), (20, True)])
def test_inside_a_capture_frames_are_compared_and_no_clock(frame: int, is_known: bool) -> None:
    """Its clock was set back by an hour in between."""
    known = host((CURRENT, PROVEN, 10, 20))
    late = At((frame + 3600) * SECOND, 0, frame)
    assert (known.spoken_between(late, late) is not None) is is_known


# --- why a frame was refused --------------------------------------------------------------

MINE, THEIRS = b"\x0a\0\0\1", b"\x0a\0\0\2"


def told(gre_key: int | None, cause: Cause, code: int = 10) -> RefusalFacts:
    sign = IcmpSign(THEIRS, MINE, 4, 3, code, True, True, 0)
    return RefusalFacts(MINE, THEIRS, sign, gre_key, 1, (at(15),), cause)


def cause(gre_key: int | None, *refusals: RefusalFacts) -> Cause:
    about = About(MINE, THEIRS, IcmpSign(THEIRS, MINE, 4, 3, 10, True, True, 0), gre_key)
    return FrameCauses(refusals)(about, at(15))


def test_a_frame_has_the_cause_that_was_found_of_its_flow_and_key() -> None:
    assert cause(5, told(5, Cause.POLICY)) is Cause.POLICY
    assert cause(5, told(5, Cause.POLICY), told(6, Cause.LAYOUT_MISMATCH)) is Cause.POLICY
    assert cause(6, told(5, Cause.POLICY), told(6, Cause.LAYOUT_MISMATCH)) is Cause.LAYOUT_MISMATCH


def test_a_key_that_is_not_quoted_may_be_any() -> None:
    assert cause(None, told(5, Cause.POLICY)) is Cause.POLICY
    assert cause(None, told(None, Cause.POLICY)) is Cause.POLICY


def test_another_kind_of_error_does_not_say_why() -> None:
    assert cause(5, told(5, Cause.POLICY, code=4)) is Cause.UNKNOWN
    assert cause(5) is Cause.UNKNOWN


@pytest.mark.parametrize(
    ("policy", "mismatch", "expected"),
    [(10, 20, Cause.POLICY), (10, 12, Cause.LAYOUT_MISMATCH), (15, 14, Cause.POLICY)],
)
def test_of_several_causes_in_turn_the_last_that_had_begun_is_that_of_a_frame(
    policy: int, mismatch: int, expected: Cause
) -> None:
    one = told(5, Cause.POLICY)._replace(frames=(at(policy),), count=9)
    two = told(5, Cause.LAYOUT_MISMATCH)._replace(frames=(at(mismatch),))
    assert cause(5, one, two) is expected


@pytest.mark.parametrize("again", [Spell(0, 14, 20), Spell(0, 15, 16), Spell(0, 12, 15)])
def test_the_cause_whose_time_it_was_is_that_of_a_frame_though_another_began_later(
    again: Spell,
) -> None:
    """Policy, a mismatch for a while, and policy again: the frame is number 15 of capture 0."""
    policy = told(5, Cause.POLICY)._replace(frames=(at(2),), spells=(Spell(0, 2, 4), again))
    mismatch = told(5, Cause.LAYOUT_MISMATCH)._replace(
        frames=(at(8),), spells=(Spell(0, 8, 9), Spell(1, 15, 15))
    )
    assert cause(5, policy, mismatch) is Cause.POLICY
    assert cause(5, mismatch, policy) is Cause.POLICY


def test_the_streams_between_two_hosts_are_those_of_one_direction() -> None:
    there, back = (
        Stream(one, two, 0x1389, b"", b"\0", 2, at(1), at(2), b"")
        for one, two in ((MINE, THEIRS), (THEIRS, MINE))
    )
    diagnosis = Diagnosis([there, back], {}, [], [])
    for _ in range(2):
        assert diagnosis.between(MINE, THEIRS) == [there]
        assert diagnosis.between(THEIRS, MINE) == [back]
        assert diagnosis.between(MINE, MINE) == []


def test_at_the_time_of_its_last_frame_a_span_is_spoken_in_other_captures_too() -> None:
    known = host((OLD, PROVEN, 10, 20), (CURRENT, PROVEN, 25, 40))
    moment = At(20 * SECOND, 7, 1)
    found = known.spoken_between(moment, moment)
    assert found is not None
    assert found.layout is OLD
