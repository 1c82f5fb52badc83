"""Captures become evidence: read one after the other, or in several threads, and laid over each
other as they come, with the same result.

Knows which captures there are, and who reads them; nothing about packets or verdicts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from nvgre_doctor.capture import archives_kept
from nvgre_doctor.capture.interruption import Interruption
from nvgre_doctor.capture.searching import Found
from nvgre_doctor.engines import Tell
from nvgre_doctor.engines.local import LocalEngine
from nvgre_doctor.evidence import Evidence, merge
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.scan.files import (
    CaptureRead,
    Meter,
    ProgressCallback,
    Stretch,
    StretchRead,
    join,
    read_stretch,
    sizes_of,
    split,
    threads_for,
    whole,
)
from nvgre_doctor.terminal.urls import is_url

Describe = Callable[[CaptureRead], Capture]


class Task(NamedTuple):
    """A stretch of a capture: which of how many."""

    capture: int
    part: int
    parts: int
    stretch: Stretch
    weight: int = 0  # bytes, where somebody asks


class Stored(NamedTuple):
    """A capture behind a URL, for the workers of a cluster."""

    capture: int
    url: str
    size: int | None  # bytes, where known


@dataclass(slots=True)
class Folded:
    """What was read of some captures, by their index."""

    captures: dict[int, Capture] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    waiting: dict[int, list[tuple[Task, StretchRead]]] = field(default_factory=dict)
    """Of captures that are read in parts: those of which others are missing."""


def fold_captures(
    found: Sequence[Found],
    jobs: int,
    describe: Describe,
    progress: ProgressCallback | None,
    interruption: Interruption | None = None,
    scheduler: str | None = None,
) -> Folded:
    """Every capture, with up to `jobs` threads where that is worth it; `describe` says what is kept
    of one beside its evidence.  With a `scheduler`, its workers read what lies behind URLs.

    After an `interruption` (asked for in this thread) it is what was read before it.
    """
    sizes = sizes_of(found)
    known = sum(size or 0 for size in sizes)
    meter = Meter(progress, None if None in sizes else known)
    threads = threads_for(known, jobs, sum(is_url(one.path) for one in found))
    tasks: list[Task] = []
    here: list[Task] = []
    elsewhere: list[Stored] = []
    for index, ((path, _), size) in enumerate(zip(found, sizes, strict=True)):
        # Standard input and pipes are read here: a thread that waits for one could not be stopped.
        if scheduler is not None and is_url(path):
            elsewhere.append(Stored(index, path, size))
        elif threads == 1 or (size is None and not is_url(path)):
            here.append(Task(index, 0, 1, whole(path, interruption)))
        else:
            parts = split(path, size or 0, threads, interruption)
            tasks += [Task(index, n, len(parts), part) for n, part in enumerate(parts)]
    work, together = partial(read_task, describe), partial(merge_folded, describe)
    folded = [
        LocalEngine(several).fold(some, work, together, meter.add)
        for several, some in ((threads, tasks), (1, here))
    ]
    if scheduler is not None and elsewhere:
        from nvgre_doctor.scan.fleet import fold_on_cluster  # only for clusters

        folded.append(fold_on_cluster(scheduler, elsewhere, describe, meter.add, interruption))
    return together(folded) if here or tasks else folded[-1]


def read_task(describe: Describe, task: Task, tell: Tell) -> Folded:
    """One task."""
    read = read_stretch(task.stretch, tell)
    if task.parts > 1:
        return Folded(waiting={task.capture: [(task, read)]})
    return _whole(describe, task.capture, read.read)


def _whole(describe: Describe, index: int, read: CaptureRead) -> Folded:
    return Folded({index: describe(read)}, Evidence({index: read.evidence}))


def merge_folded(describe: Describe, parts: Iterable[Folded]) -> Folded:
    """Laid over each other as they come, which is when they are read; the parts of a capture put
    together when the last one is there.
    """
    folded = Folded()

    def evidence() -> Iterator[Evidence]:
        for part in parts:
            folded.captures |= part.captures
            yield part.evidence
            for index, of_capture in part.waiting.items():
                found = folded.waiting.setdefault(index, [])
                found += of_capture
                if len(found) == found[0][0].parts:
                    joined = _whole(describe, index, _joined(folded.waiting.pop(index)))
                    folded.captures |= joined.captures
                    yield joined.evidence

    with archives_kept():
        folded.evidence = merge(evidence())
    return folded


def _joined(found: list[tuple[Task, StretchRead]]) -> CaptureRead:
    in_order = sorted(found, key=lambda one: one[0].part)
    for _, read in in_order:
        if read.is_given_up:
            return read.read
    return join([task.stretch for task, _ in in_order], [read for _, read in in_order])
