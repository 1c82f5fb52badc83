"""What time it is, while a watch runs: as the wall says when it begins, and from then on steady.  A
clock that is set back or forth meanwhile moves no window.
"""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Nanoseconds since 1970."""

    def now_ns(self) -> int:
        """Never less than before."""

    def wait(self, seconds: float, ended: threading.Event) -> None:
        """Until then, or until it is ended."""


class SteadyClock:
    """The time of this computer."""

    def __init__(self) -> None:
        """As it is now."""
        self._ahead_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """See `Clock`."""
        return time.monotonic_ns() + self._ahead_ns

    def wait(self, seconds: float, ended: threading.Event) -> None:
        """See `Clock`; in pieces, as Windows hears of Ctrl-C only between them."""
        until = time.monotonic() + seconds
        while not ended.is_set() and (left := until - time.monotonic()) > 0:
            ended.wait(min(left, 0.2))
