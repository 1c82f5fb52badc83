"""Which frame comes first, and whether a host could have restarted between two stretches."""

import pytest

from nvgre_doctor.infer.at import At, are_near, gap, is_earlier

RESTART_NS = 20_000_000_000


def test_inside_a_capture_the_frame_number_says_which_is_earlier_whatever_the_clock_says() -> None:
    assert is_earlier(At(900, 0, 1), At(100, 0, 2))
    assert not is_earlier(At(100, 0, 2), At(900, 0, 1))
    assert not is_earlier(At(100, 0, 2), At(900, 0, 2))


def test_between_captures_the_clocks_say_which_is_earlier() -> None:
    assert is_earlier(At(100, 1, 9), At(101, 0, 1))
    assert not is_earlier(At(100, 1, 9), At(100, 0, 10))


def test_the_gap_between_two_frames_is_the_same_both_ways() -> None:
    assert gap(At(100, 0, 1), At(350, 1, 1)) == 250
    assert gap(At(350, 1, 1), At(100, 0, 1)) == 250


def stretch(first_ns: int, last_ns: int, capture: int = 0) -> tuple[At, At]:
    """Frames that are numbered by their time."""
    return At(first_ns, capture, first_ns + 1), At(last_ns, capture, last_ns + 1)


@pytest.mark.parametrize("other_capture", [0, 1])
@pytest.mark.parametrize(
    ("gap_ns", "expected"),
    [
        pytest.param(RESTART_NS - 1, True, id="shorter than a restart"),
        pytest.param(RESTART_NS, False, id="a restart fits"),
        pytest.param(1, True, id="one after the other"),
        pytest.param(0, True, id="they touch"),
    ],
)
def test_two_stretches_are_near_if_no_restart_fits_between_them(
    gap_ns: int, expected: bool, other_capture: int
) -> None:
    one = stretch(1000, 2000)
    two = stretch(2000 + gap_ns, 3000 + gap_ns, other_capture)
    assert are_near(one, two) is expected
    assert are_near(two, one) is expected


def test_stretches_of_which_one_lies_inside_the_other_are_near_however_long_they_are() -> None:
    long, short = stretch(0, 10 * RESTART_NS), stretch(5 * RESTART_NS, 6 * RESTART_NS)
    assert are_near(long, short)
    assert are_near(short, long)


def test_stretches_that_overlap_are_near_however_far_their_ends_lie_apart() -> None:
    one, two = stretch(0, 5 * RESTART_NS), stretch(3 * RESTART_NS, 9 * RESTART_NS)
    assert are_near(one, two)
    assert are_near(two, one)
