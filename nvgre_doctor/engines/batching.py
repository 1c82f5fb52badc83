"""Which tasks travel together.  Knows weights; knows nothing about who works."""

import math
from collections.abc import Callable, Sequence
from typing import Final

from nvgre_doctor.engines import Task

BATCH_TASKS: Final = 64
BATCH_WEIGHT: Final = 64 << 20
IN_FLIGHT: Final = 4
"""Batches for each thread that may be under way, and so be repeated."""


def batches(
    tasks: Sequence[Task], weigh: Callable[[Task], int], most: int, threads: int
) -> list[list[Task]]:
    """Tasks side by side, up to `most` or of BATCH_WEIGHT together; fewer where threads would have
    nothing to do otherwise.
    """
    weights = [weigh(task) for task in tasks]
    shares = IN_FLIGHT * threads
    most = min(most, math.ceil(len(tasks) / shares) or 1)
    heaviest = min(BATCH_WEIGHT, math.ceil(sum(weights) / shares))
    found: list[list[Task]] = []
    room = 0
    for task, weight in zip(tasks, weights, strict=True):
        if not found or len(found[-1]) >= most or weight > room:
            found.append([])
            room = heaviest
        found[-1].append(task)
        room -= weight
    return found
