"""Pieces: where the frames of a span lie in the captures."""

import pytest

from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.infer.pieces import Piece, Pieces
from tests.infer.heard import SECOND, moment


def piece(captures: tuple[int, ...], first: int, last: int) -> Piece:
    """Of these frames, one a second."""
    return Piece(captures, Moment(first, first), Moment(last, last))


ONE, LATER, OTHER = piece((0, 2), 3, 7), piece((2,), 9, 12), piece((1,), 5, 6)


def test_pieces_are_equal_where_all_of_them_are() -> None:
    assert Pieces([ONE, LATER]) == Pieces([ONE, LATER])
    assert hash(Pieces([ONE, LATER])) == hash(Pieces([ONE, LATER]))
    for others in (Pieces([ONE]), Pieces([LATER, ONE]), [ONE, LATER], None):
        assert Pieces([ONE, LATER]) != others
    assert hash(Pieces([ONE])) != hash(Pieces([LATER]))


def test_the_first_frame_of_each_capture_is_told_by_its_number() -> None:
    assert Pieces([ONE, OTHER, LATER]).first_numbers() == {0: 3, 1: 5, 2: 3}
    assert Pieces([LATER, ONE]).first_numbers() == {0: 3, 2: 3}


def test_every_capture_is_told_once_and_in_order() -> None:
    assert Pieces([ONE]).captures == (0, 2)
    assert Pieces([ONE, OTHER, LATER]).captures == (0, 1, 2)


def test_the_pieces_of_one_capture_are_found() -> None:
    pieces = Pieces([ONE, OTHER, LATER])
    assert [pieces.in_capture(number) for number in range(4)] == [
        [ONE],
        [OTHER],
        [ONE, LATER],
        [],
    ]


def test_the_ends_are_those_of_the_first_capture_or_of_the_one_that_is_asked_for() -> None:
    assert Pieces([LATER]).ends() == (Moment(9, 9), Moment(12, 12))
    for pieces in ([piece((0,), 3, 7), piece((0,), 9, 12)], [ONE, piece((0,), 9, 12), OTHER]):
        assert Pieces(pieces).ends() == (Moment(3, 3), Moment(12, 12))
    assert Pieces([ONE, OTHER, LATER]).ends_in(2) == (Moment(3, 3), Moment(12, 12))
    assert Pieces([ONE, OTHER, LATER]).ends_in(3) is None


@pytest.mark.parametrize(
    ("later_ns", "expected"), [(20_000_000_000, True), (20_000_000_001, False)]
)
def test_a_silence_is_longer_than_20_seconds(later_ns: int, expected: bool) -> None:
    pieces = Pieces([piece((0,), 0, 0), piece((1,), later_ns, later_ns)])
    assert pieces.is_without_silence({0: 0, 1: 0}) is expected


def test_the_earliest_frame_is_told_by_the_clocks_of_all_captures() -> None:
    pieces = Pieces([ONE, LATER])
    assert pieces.earliest({0: 0, 2: 0}) == 3
    assert pieces.earliest({0: 0, 2: 10}) == -7


@pytest.mark.parametrize(("second", "expected"), [(30.0, True), (30.1, False)])
def test_pieces_are_one_stretch_of_time_where_no_silence_lies_between(
    second: float, expected: bool
) -> None:
    """The second clock is an hour ahead; the first piece ends at 10."""
    pieces = Pieces(
        [
            Piece((0,), moment(1, 0), moment(2, 10)),
            Piece((1,), moment(1, 3600 + second), moment(2, 3600 + second)),
        ]
    )
    assert pieces.is_without_silence({0: 0, 1: 3600 * SECOND}) is expected


def test_one_piece_has_the_same_ends_in_each_capture_that_holds_it() -> None:
    pieces = Pieces([piece((1, 3, 5), 3, 7)])
    both = Moment(3, 3), Moment(7, 7)
    assert [pieces.ends_in(capture) for capture in range(7)] == [
        None,
        both,
        None,
        both,
        None,
        both,
        None,
    ]


def test_the_end_of_a_piece_is_told_by_the_clock_of_its_capture() -> None:
    """By the clock of the other capture the first one ends at 100, 30 seconds before the other."""
    pieces = Pieces(
        [
            Piece((1,), moment(1, 3600), moment(2, 3700)),
            Piece((0,), moment(1, 130), moment(2, 140)),
        ]
    )
    assert not pieces.is_without_silence({0: 0, 1: 3600 * SECOND})
