"""The table judges by its bars."""

from tests.benchmarks.processes import Timing
from tests.benchmarks.table import Bar, Row, Unit, markdown

TIMING = Timing([2.0, 1.0, 4.0], [30_000_000, 50_000_000, 40_000_000])


def test_row_shows_median_spread_time_per_frame_and_largest_peak() -> None:
    line = markdown([Row("lab", "nvgre-doctor", 1_000_000, TIMING)], judge=True).splitlines()[2]
    assert [cell.strip() for cell in line.split("|")[1:7]] == [
        "lab",
        "nvgre-doctor",
        "2.000",
        "150%",
        "2.000",
        "50",
    ]


def test_value_on_the_limit_meets_and_beyond_it_misses() -> None:
    for value, bar, misses in (
        (20.0, Bar(20, 25, at_least=True), False),
        (19.9, Bar(20, 25, at_least=True), True),
        (1.3, Bar(1.3, 1.3), False),
        (1.31, Bar(1.3, 1.3), True),
        (99.0, Bar(None, 1.0), False),
    ):
        assert Row("work", "tool", 1, TIMING, value, "its time", bar).misses is misses


def test_judged_row_says_meets_misses_reached_and_not_yet() -> None:
    rows = [
        Row("work", "tool", 1, TIMING, 22.0, "its time", Bar(20, 25, at_least=True)),
        Row("work", "tool", 1, TIMING, 0.11, "its time", Bar(0.2, 0.12, Unit.SECONDS)),
        Row("work", "tool", 1, TIMING, 121.0, "its peak", Bar(120, None, Unit.MEGABYTES)),
    ]
    first, second, third = markdown(rows, judge=True).splitlines()[2:]
    assert ">= 20 x: meets" in first
    assert ">= 25 x: not yet" in first
    assert "<= 0.2 s: meets" in second
    assert "<= 0.12 s: reached" in second
    assert "121 MB" in third
    assert "<= 120 MB: misses" in third


def test_without_judgment_the_bars_are_named_only() -> None:
    table = markdown(
        [Row("work", "tool", 1, TIMING, 22.0, "its time", Bar(20, 25, at_least=True))], judge=False
    )
    assert ">= 20 x " in table
    assert "meets" not in table
    assert "not yet" not in table
