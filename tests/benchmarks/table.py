"""What was measured, against what it should be, as one Markdown table.

Knows bars and rows; must not know how anything was run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tests.benchmarks.processes import Timing

MEGABYTE = 1_000_000


class Unit(StrEnum):
    """What a compared value is measured in."""

    TIMES = "x"
    SECONDS = "s"
    MEGABYTES = "MB"


@dataclass(frozen=True, slots=True)
class Bar:
    """What must be reached (`limit`) and what would be good (`aim`)."""

    limit: float | None
    aim: float | None
    unit: Unit = Unit.TIMES
    at_least: bool = False

    def holds(self, value: float, limit: float) -> bool:
        """Whether `value` is on the good side of `limit`."""
        return value >= limit if self.at_least else value <= limit

    def text(self, limit: float | None) -> str:
        """The limit as people write it."""
        if limit is None:
            return ""
        return f"{'>=' if self.at_least else '<='} {limit:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """One command's times, and one comparison."""

    work: str
    tool: str
    frames: int
    timing: Timing
    value: float | None = None  # in the unit of `bar`
    compared: str = ""  # what `value` is
    bar: Bar | None = None

    @property
    def misses(self) -> bool:
        """The bar is not reached."""
        if self.bar is None or self.bar.limit is None or self.value is None:
            return False
        return not self.bar.holds(self.value, self.bar.limit)


HEADINGS = (
    "work",
    "command",
    "median s",
    "spread",
    "us/frame",
    "peak MB",
    "compared",
    "value",
    "bar",
    "aim",
)


def markdown(rows: Iterable[Row], judge: bool) -> str:
    """The table; without `judge` it names the bars and does not say whether they are met."""
    cells = [HEADINGS, *(_cells(row, judge) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _cells(row: Row, judge: bool) -> tuple[str, ...]:
    median = row.timing.median
    cells = [row.work, row.tool, f"{median:.3f}", f"{row.timing.spread:.0%}"]
    cells += [
        f"{median / row.frames * 1e6:.3f}" if row.frames else "",
        f"{row.timing.peak / MEGABYTE:.0f}",
    ]
    if row.value is None:
        return (*cells, "", "", "", "")
    unit = row.bar.unit if row.bar else Unit.TIMES
    value = f"{row.value:.2f} {unit}" if unit is not Unit.MEGABYTES else f"{row.value:.0f} {unit}"
    cells += [row.compared, value]
    if row.bar is None:
        return (*cells, "", "")
    for limit, good, bad in (
        (row.bar.limit, "meets", "misses"),
        (row.bar.aim, "reached", "not yet"),
    ):
        verdict = good if limit is not None and row.bar.holds(row.value, limit) else bad
        cells.append(row.bar.text(limit) + (f": {verdict}" if judge and limit is not None else ""))
    return tuple(cells)
