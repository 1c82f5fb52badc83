"""Somebody asks for the reading to end here, while the rest of the program goes on.

Knows no signals: whoever hears of the wish calls `Interruption.ask`.  To whoever reads it is an
error of the operating system, so that what was read before it counts.
"""

from typing import Any, BinaryIO, Final, cast

INTERRUPTED: Final = "interrupted"
"""Reason of the problem of a capture that was not read to its end for that."""


class StoppedError(OSError):
    """Nothing more is to be read."""


class Interruption:
    """The wish to read no further."""

    def __init__(self) -> None:
        """Nobody has asked."""
        self.is_asked = False
        self.is_waiting = False  # the thread that hears of it waits for bytes, perhaps for ever

    def ask(self) -> None:
        """Read no further.  Call it as a signal handler, in the thread that waits: it raises
        KeyboardInterrupt where that waits, and only there, so that nothing is left half counted.
        """
        self.is_asked = True
        if self.is_waiting:
            raise KeyboardInterrupt


class _Stoppable:
    """A binary file that is not buffered, until somebody asks: then no read succeeds."""

    def __init__(self, raw: BinaryIO, interruption: Interruption, *, may_wait: bool) -> None:
        self._raw = raw
        self._interruption = interruption
        self._may_wait = may_wait

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def read(self, count: int = -1) -> bytes | None:
        """As the file does it.  Errors: OSError, StoppedError."""
        wish = self._interruption
        try:
            wish.is_waiting = self._may_wait
            if wish.is_asked:
                raise StoppedError
            return self._raw.read(count)
        except KeyboardInterrupt:
            if wish.is_asked:
                raise StoppedError from None
            raise
        finally:
            wish.is_waiting = False


def stoppable(raw: BinaryIO, interruption: Interruption, *, may_wait: bool) -> BinaryIO:
    """The same file, of which no read succeeds after an `interruption`; `may_wait` for what is no
    regular file, and is read where `ask` is called.  Errors of reading: OSError, StoppedError.
    """
    return cast("BinaryIO", _Stoppable(raw, interruption, may_wait=may_wait))
