"""The files of a folder that are to be read, in the order in which they are: by the numbers in
their names, and after all others what was written anew.

Knows names and sizes; opens nothing.  A folder may hold very many of them, so they are put in order
once, and a file that has not begun is not asked about at every step.
"""

from collections import deque
from collections.abc import Iterator
from time import monotonic

from nvgre_doctor.watching.names import natural

Place = tuple[int, list[tuple[bool, int, str]]]


class Waiting:
    """Names, and how large the files were when they were seen last."""

    def __init__(self) -> None:
        """None yet."""
        self.turns: dict[str, int] = {}
        """How often a file was written anew; also of files that are not waiting."""
        self._sizes: dict[str, int] = {}
        self._places: dict[str, Place] = {}
        self._queue: deque[str] | None = None
        """In order, without those that were asked about; None: they must be put in order."""
        self._was_asked = False  # about one that has not begun
        self._next_s = 0.0  # when it is asked about again

    def __contains__(self, name: str | None) -> bool:
        return name in self._sizes

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def names(self) -> list[str]:
        """The same in order."""
        return sorted(self._sizes, key=self._places.__getitem__)

    def put(self, name: str, size: int) -> None:
        """A file that is to be read, or its size now."""
        if name not in self._sizes:
            self._places[name] = self.turns.get(name, 0), natural(name)
            self._queue = None
        self._sizes[name] = size

    def put_anew(self, name: str, size: int) -> None:
        """The same of one that was written anew since it was read, or before it was."""
        self.take(name)
        self.turns[name] = self.turns.get(name, 0) + 1
        self.put(name, size)

    def take(self, name: str) -> int:
        """Let it wait no more; its size, 0 where it did not wait."""
        self._places.pop(name, None)
        return self._sizes.pop(name, 0)

    def ask(self, poll_s: float) -> Iterator[str]:
        """In order, until somebody finds one that has begun.  The others are not asked about again
        before `poll_s` has passed, or another file has come.
        """
        if self._queue is None or (self._was_asked and monotonic() >= self._next_s):
            self._queue, self._was_asked = deque(self.names()), False
        queue = self._queue
        while queue:
            if queue[0] in self._sizes:
                yield queue[0]
                self._was_asked, self._next_s = True, monotonic() + poll_s / 2
            queue.popleft()
