"""How a watch stands, how it was wanted, and who is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from nvgre_doctor.report.model import Report
from nvgre_doctor.watching.rates import Rates
from nvgre_doctor.watching.said import Event

OLD_S: Final = 86_400
"""A newest frame of this age is of a capture of old days, and no reader is behind."""


class Wanted(NamedTuple):
    """How to watch."""

    window_s: float | None = 600  # None: all that was ever read
    interval_s: float = 1
    for_s: float | None = None
    until_finding: bool = False


class Standing(NamedTuple):
    """How a watch stands, beside its report."""

    sources: tuple[str, ...]
    window_s: float | None
    now_ns: int
    frames: int  # read so far
    nvgre_frames: int
    rates: Rates  # since the look before
    reading: str  # the newest file
    lag_s: float | None  # age of the newest frame
    behind_s: int  # 0: not behind
    lost: int  # how often something was lost
    problems: int
    open: tuple[tuple[dict[str, Any], int], ...]  # findings, and since when


class Outlet(Protocol):
    """Somebody who is told."""

    def say(self, events: Sequence[Event]) -> bool:
        """Whether somebody still listens."""

    def show(self, report: Report, standing: Standing, *, is_last: bool) -> None:
        """How things stand; after every look."""


@dataclass(slots=True)
class Counts:
    """What a watch has read since it began."""

    frames: int = 0
    nvgre_frames: int = 0
    lost: int = 0
    problems: int = 0
    reading: str = ""
    newest_ns: int | None = None
