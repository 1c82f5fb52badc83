"""A page for one report: makes its text safe, names its frames, and shortens lists where somebody
reads a screen.

Knows the report's references (captures, frames); knows nothing about sections or findings.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from nvgre_doctor.report.model import Report
from nvgre_doctor.rules.finding import FrameRef
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.page import Page, Span, Style
from nvgre_doctor.terminal.visible import visible

MOST_ROWS: Final = 16
"""Rows of one list on a terminal without -v: a verdict, its hosts and its findings stay within two
screens.
"""

Row = TypeVar("Row")


class Sheet(Page):
    """The page that the sections of the text report write on."""

    def __init__(self, report: Report, display: Display) -> None:
        """An empty page as `display` wants it."""
        super().__init__(display.width, color=display.color)
        self.report = report
        self.detailed = display.verbosity > 0
        self.short_lists = display.width is not None and not self.detailed
        self._encoding = display.encoding

    def clean(self, text: str) -> str:
        """Text from a capture, a file name or an inventory, fit for this page."""
        return visible(text, self._encoding)

    def heading(self, text: str) -> None:
        """Add the heading of a section."""
        self.say(Span(text, Style.HEADING))

    def shown(self, rows: Sequence[Row], most: int = MOST_ROWS) -> Sequence[Row]:
        """The rows of a list that this page has room for."""
        return rows[:most] if self.short_lists else rows

    def more(self, number: int, noun: str, which: str = "") -> None:
        """Say how many rows were left out, if any, and how to see them."""
        if number > 0:
            what = (
                f"and {number} more"
                f" {noun if number == 1 else noun + 's'}{': ' if which else ''}{which}"
            )
            self.say(Span(f"{what} (-v shows them)", Style.DIM))

    def frames(self, frames: Iterable[FrameRef]) -> str:
        """Return "frame 3", "frames 3, 7", and with several captures "frame 3 of a.pcap, frames 2,
        9 of b.pcap".
        """
        by_capture: dict[int, list[str]] = {}
        for ref in frames:
            by_capture.setdefault(ref.capture, []).append(str(ref.frame))
        captures = self.report.captures
        return ", ".join(
            f"{'frame' if len(numbers) == 1 else 'frames'} {', '.join(numbers)}"
            + (f" of {self.clean(captures[capture].path)}" if len(captures) > 1 else "")
            for capture, numbers in by_capture.items()
        )
