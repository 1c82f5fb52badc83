"""Who does the work.  Knows tasks and results; knows nothing about captures."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Tell = Callable[[int], None]
"""Told how much was done since it was told the last time."""


def tell_nobody(count: int) -> None:
    """Where it was told already, or is told otherwise."""


class Engine(Protocol):
    """Does tasks, and puts their results together."""

    def fold(
        self,
        tasks: Sequence[Task],
        work: Callable[[Task, Tell], Result],
        merge: Callable[[Iterable[Result]], Result],
        tell: Tell,
    ) -> Result:
        """`merge` of `work(task, tell)` for every task, in whatever order and groups: results are
        a monoid, whose identity is that of nothing.  Raises what `work` raises first.
        """
