"""What a host spoke at a time is that of its spans around it."""

import pytest

from nvgre_doctor.infer.diagnosis import At, HostVerdict, SpanVerdict
from nvgre_doctor.vocabulary import Confidence, Layout

OLD, CURRENT, UNKNOWN = Layout.OLD, Layout.CURRENT, Layout.UNKNOWN
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
