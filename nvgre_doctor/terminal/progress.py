"""A progress bar on standard error for reads that take long.  Knows bytes and terminals; knows
nothing about captures.
"""

import contextlib
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE: Final = 0.5
"""Seconds without a bar; most captures are read by then, and rich need not be loaded."""


class ProgressBar:
    """Pass `update` to `diagnose`; the bar appears on a terminal only, and is gone when the `with`
    block ends.
    """

    def __init__(self, *, wanted: bool, color: bool) -> None:
        """`wanted` is the user's word; without a terminal there is none all the same."""
        self._wanted = wanted and sys.stderr is not None and sys.stderr.isatty()
        self._color = color
        self._begin = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Nothing is drawn yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Take the bar away, also after Ctrl-C."""
        if self._bar is not None:
            with contextlib.suppress(OSError):
                self._bar.stop()

    def update(self, done_bytes: int, total_bytes: int | None) -> None:
        """Show how many bytes of the files were read, of how many if that is known.  Cheap to call
        a few times a second.
        """
        if not self._wanted or time.monotonic() - self._begin < PATIENCE:
            return
        try:
            self._draw(done_bytes, total_bytes)
        except OSError:  # the terminal has gone away
            self._wanted = False

    def _draw(self, done_bytes: int, total_bytes: int | None) -> None:
        if self._bar is None:
            self._bar = _new_bar(color=self._color)
            self._task = self._bar.add_task("reading", total=total_bytes)
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, completed=done_bytes, total=total_bytes, refresh=True)


def _new_bar(*, color: bool) -> "Progress":
    from rich import progress  # 27 ms that short reads do not pay
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True, no_color=not color),
        transient=True,
        auto_refresh=False,  # no thread: it would compete with the scan
    )
