"""Clocks of captures, tied together by packets that two of them hold."""

from nvgre_doctor.evidence.parts import Part, PartKey
from tests.infer.heard import SECOND, interval, key, offsets_in, part, unit


def capture(*units: object, upper_bits: int = 0x1389) -> dict[PartKey, Part]:
    return {key(upper_bits + n): part(interval(one)) for n, one in enumerate(units)}  # type: ignore[arg-type]


def at(second: float, seed: int = 0, count: int = 2, length: float = 1) -> object:
    return unit(count=count, seed=seed, seconds=(second, second + length))


def test_a_clock_alone_is_its_own() -> None:
    assert offsets_in({3: capture(at(5))}) == {3: (0, 0)}
    assert offsets_in({}) == {}


def test_the_same_packets_tell_how_far_one_clock_is_ahead() -> None:
    offsets = offsets_in({0: capture(at(100)), 1: capture(at(3700))})
    assert offsets == {0: (0, 0), 1: (0, 3600 * SECOND)}


def test_other_packets_tell_nothing() -> None:
    offsets = offsets_in({0: capture(at(100)), 1: capture(at(100, seed=50))})
    assert offsets == {0: (0, 0), 1: (1, 0)}


def test_units_of_another_number_of_frames_are_not_compared() -> None:
    offsets = offsets_in({0: capture(at(100)), 1: capture(at(100, count=3))})
    assert offsets == {0: (0, 0), 1: (1, 0)}


def test_three_clocks_are_tied_in_a_row() -> None:
    offsets = offsets_in(
        {
            0: capture(at(100, seed=10)),
            1: capture(at(110, seed=10), at(50, seed=30)),
            2: capture(at(45, seed=30)),
        }
    )
    assert offsets == {0: (0, 0), 1: (0, 10 * SECOND), 2: (0, 5 * SECOND)}


def test_packets_that_disagree_by_more_than_two_seconds_tie_nothing() -> None:
    one = capture(at(100, seed=10), at(200, seed=30))
    near = capture(at(110, seed=10), at(212, seed=30))
    far = capture(at(110, seed=10), at(212.1, seed=30))
    assert offsets_in({0: one, 1: near})[1][0] == 0
    assert offsets_in({0: one, 1: far})[1] == (1, 0)


def test_the_middle_of_several_gaps_counts() -> None:
    one = capture(at(100, seed=10), at(200, seed=30))
    two = capture(at(110, seed=10), at(211, seed=30))
    assert offsets_in({0: one, 1: two})[1] == (0, 11 * SECOND)


def test_what_one_capture_holds_twice_marks_no_time() -> None:
    twice = {key(0x1389): part(interval(at(100)), interval(at(500)))}  # type: ignore[arg-type]
    assert offsets_in({0: twice, 1: capture(at(100))})[1] == (1, 0)


def test_frames_without_a_time_tie_nothing() -> None:
    timeless = unit()._replace(
        first=unit().first._replace(ts_ns=-1), last=unit().last._replace(ts_ns=-1)
    )
    offsets = offsets_in({0: capture(timeless), 1: capture(timeless)})
    assert offsets == {0: (0, 0), 1: (1, 0)}


def test_captures_that_are_alike_are_tied_to_each_other_and_to_others() -> None:
    one, two = capture(at(100, seed=10), at(50, seed=30)), capture(at(110, seed=10))
    assert offsets_in({0: one, 1: two, 2: one, 3: capture(at(100, seed=50))}) == {
        0: (0, 0),
        1: (0, 10 * SECOND),
        2: (0, 0),
        3: (3, 0),
    }
