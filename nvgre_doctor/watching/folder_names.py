"""The names in a folder, asked for again and again, and no more often than they must be."""

import os
from time import monotonic
from typing import Final

from nvgre_doctor.watching.names import natural

_LOOKS: Final = 10
"""How many looks at a folder in which nothing seems to have changed come before it is listed."""


class Listing:
    """Hidden files are left out."""

    def __init__(self, path: str) -> None:
        """Of a folder, which may be gone for a time."""
        self.path = path
        self._looked = self._listed = float("-inf")
        self._modified_ns = -1
        self._is_gone = False

    def forget(self) -> None:
        """List it anew with the next look: something has changed."""
        self._modified_ns = -1

    def rest(self) -> None:
        """What was done with the names is over.  That takes half of the time at most, as otherwise
        nothing would be read in a folder with very many files.
        """
        now = monotonic()
        self._looked = now + (now - self._looked)

    def names(self, poll_s: float) -> list[str] | None:
        """In order; None where nothing seems to have changed, in looks every `poll_s`.  Errors:
        OSError, once while there is no folder.
        """
        now = monotonic()
        if now - self._looked < poll_s / 2:
            return None
        self._looked = now
        try:
            modified_ns = os.stat(self.path).st_mtime_ns
            if modified_ns == self._modified_ns and now - self._listed < _LOOKS * poll_s:
                return None
            with os.scandir(self.path) as entries:
                names = [entry.name for entry in entries if not entry.name.startswith(".")]
        except OSError:
            was_gone, self._is_gone = self._is_gone, True
            if was_gone:
                return None
            raise
        self._is_gone = False
        self._modified_ns, self._listed = modified_ns, now
        return sorted(names, key=natural)
