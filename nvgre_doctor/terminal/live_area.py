"""The last lines of a terminal, drawn again and again in their place.  Knows text with colours, and
nothing about what it says.
"""

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.live import Live


class LiveArea:
    """Nothing is there until the first text; it is gone when it ends."""

    def __init__(self) -> None:
        """On standard output."""
        self._live: Live | None = None

    def show(self, text: str) -> bool:
        """Draw a text in place of the one before, as much as fits; False where nobody looks any
        more.
        """
        from rich.console import Console  # 27 ms that only terminals pay
        from rich.live import Live
        from rich.text import Text

        try:
            if self._live is None:
                console = Console(file=sys.stdout, highlight=False)
                self._live = Live(console=console, auto_refresh=False, transient=True)
                self._live.start()
            self._live.update(Text.from_ansi(text, no_wrap=True), refresh=True)
        except OSError:  # the terminal has gone away
            return False
        return True

    def end(self) -> None:
        """Take it away."""
        if self._live is not None:
            with contextlib.suppress(OSError):
                self._live.stop()
            self._live = None
