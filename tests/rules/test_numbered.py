"""Times of a capture, as frame numbers: when something about hosts was so."""

from collections.abc import Callable

import pytest

from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import Diagnosis
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.infer.pieces import Piece, Pieces
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.numbered import ALWAYS, Times, at_times, is_in, times_of
from tests.situations import CURRENT, OLD, host, situation, span
from tests.worlds import SECOND, A


def times(known: HostVerdict, is_so: Callable[[At], bool]) -> Times:
    """In captures that hold nothing alike."""
    return times_of(
        Situation((), Evidence(), Diagnosis([], {}, [], []), Inventory()), [known], is_so
    )


def test_what_was_so_at_some_time_is_told_from_the_first_frame_to_the_last() -> None:
    known = host(A, spans=[span(OLD, 1, 4), span(CURRENT, 11, 14), span(CURRENT, 21, 24)])
    assert times(known, lambda at: at.frame_number > 10) == {0: [(11, 24)]}
    assert times(known, lambda at: at.frame_number < 10) == {0: [(1, 4)]}
    assert times(known, lambda at: not 10 < at.frame_number < 20) == {0: [(1, 4), (21, 24)]}


def test_what_was_never_so_has_no_time_and_what_was_always_so_has_all() -> None:
    known = host(A, spans=[span(OLD, 1, 4), span(CURRENT, 11, 14)])
    assert times(known, lambda _: False) == {}
    assert times(known, lambda _: True) == {0: [ALWAYS]}


def test_each_capture_that_holds_a_span_has_times_of_its_own_numbers() -> None:
    pieces = [[(1, 4), (31, 34)], [(11, 14), (41, 44)]]
    spans = [
        span(layout, *of_span[0])._replace(
            pieces=Pieces(
                Piece((capture,), Moment(first, first * SECOND), Moment(last, last * SECOND))
                for capture, (first, last) in enumerate(of_span)
            )
        )
        for layout, of_span in zip((OLD, CURRENT), pieces, strict=True)
    ]
    assert times(host(A, spans=spans), lambda at: at.frame_number in (11, 14, 41, 44)) == {
        0: [(11, 14)],
        1: [(41, 44)],
    }


def test_of_captures_that_are_alike_one_is_asked_for_all() -> None:
    asked = []

    def is_so(at: At) -> bool:
        asked.append((at.capture, at.frame_number))
        return at.frame_number > 10

    alike = [
        Piece((0, 1, 2), Moment(first, 0), Moment(last, 0)) for first, last in [(1, 4), (11, 14)]
    ]
    spans = [span(layout, *each) for layout, each in ((OLD, (1, 4)), (CURRENT, (11, 14)))]
    spans = [one._replace(pieces=Pieces([piece])) for one, piece in zip(spans, alike, strict=True)]
    same = Evidence(dict.fromkeys(range(3), CaptureEvidence(4, 4)))
    situation = Situation((), same, Diagnosis([], {}, [], []), Inventory())
    runs = times_of(situation, [host(A, spans=spans)], is_so)
    assert runs == {0: [(11, 14)], 1: [(11, 14)], 2: [(11, 14)]}
    assert asked == [(0, 1), (0, 4), (0, 11), (0, 14)]


def test_frames_are_in_order_of_their_numbers_where_a_clock_was_set_back() -> None:
    """The clock is an hour ahead from frame 11 to frame 14."""
    ahead = span(CURRENT, 11, 14)
    ahead = ahead._replace(
        first=ahead.first._replace(ts_ns=ahead.first.ts_ns + 3600 * SECOND),
        last=ahead.last._replace(ts_ns=ahead.last.ts_ns + 3600 * SECOND),
    )
    known = host(A, spans=[span(OLD, 1, 4), ahead, span(OLD, 21, 24)])
    assert times(known, lambda at: not 10 < at.frame_number < 20) == {0: [(1, 4), (21, 24)]}


@pytest.mark.parametrize(
    ("frame", "capture", "was_so"),
    [
        (4, 0, False),
        (5, 0, True),
        (8, 0, True),
        (9, 0, False),
        (12, 0, True),
        (5, 1, False),
        (3, 2, True),
    ],
)
def test_a_frame_is_in_a_time_of_its_own_capture_from_its_first_to_its_last_frame(
    frame: int, capture: int, was_so: bool
) -> None:
    told = {0: [(5, 8), (12, 12)], 2: [ALWAYS]}
    assert is_in(told, At(0, capture, frame)) is was_so


def test_of_very_many_captures_the_first_hundred_have_a_filter_of_their_own() -> None:
    told = {capture: [(capture + 1, capture + 2)] for capture in range(300, -1, -2)}
    filters = at_times(situation(captures=301), "nvgre", told)
    assert list(filters) == list(range(0, 200, 2))
    assert dict(filters)[198] == "nvgre && frame.number in {199..200}"
