"""Captures behind URLs, read by the workers of a cluster: large ones in parts, which are put
together there.

Knows what of a capture is a task; nothing about packets or verdicts.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TypeVar

from nvgre_doctor.capture import archives_kept
from nvgre_doctor.capture.batch import Problem, Progress
from nvgre_doctor.capture.interruption import INTERRUPTED, Interruption
from nvgre_doctor.engines import Tell, tell_nobody
from nvgre_doctor.errors import GivenError
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.remote.schemes import check_urls
from nvgre_doctor.scan.files import CaptureRead, StretchRead, split, whole
from nvgre_doctor.scan.folding import Describe, Folded, Stored, Task, merge_folded, read_task
from nvgre_doctor.terminal.urls import scheme_of, shown
from nvgre_doctor.vocabulary import Status

if TYPE_CHECKING:
    from nvgre_doctor.engines.cluster import Cluster, DaskEngine

Answer = TypeVar("Answer")

PART: Final = 256 << 20
"""Bytes of the parts of large objects; what is smaller is read whole."""
_GUESSED: Final = 1 << 20
"""Bytes of an object whose size nobody says."""
DIED: Final = Problem("workers-died", 0, "every worker that read it died")
STOPPED: Final = Problem(INTERRUPTED, 0, "reading was interrupted at byte 0")


def fold_on_cluster(
    address: str,
    captures: Sequence[Stored],
    describe: Describe,
    tell: Tell,
    interruption: Interruption | None,
) -> Folded:
    """What is in `captures`, merged.  After an `interruption` it is what had been read before.

    Errors: GivenError where the extra is missing; those of engines.cluster.
    """
    with cluster_at(address, [one.url for one in captures]) as cluster:
        plans = engine_on(cluster, weight_of, _unsplit, _unsplit, interruption)
        large = [one for one in captures if weight_of(one) > PART]
        tasks = [task for one in captures if weight_of(one) <= PART for task in _unsplit(one)]
        parts: list[Task] = plans.fold(
            large, _split, _together, tell_nobody
        )  # to look is not to read
        reads = engine_on(
            cluster,
            lambda task: task.weight,
            partial(not_read, describe, DIED),
            partial(not_read, describe, STOPPED),
            interruption,
        )
        work, merge = partial(read_task, describe), partial(merge_folded, describe)
        folded: Folded = reads.fold([*tasks, *parts], work, merge, tell)
        return folded


def fold_each(
    address: str,
    captures: Sequence[Stored],
    describe: Describe,
    answer: Callable[[Folded], Answer],
    tell: Tell,
    interruption: Interruption | None,
) -> dict[int, Answer]:
    """The answer to each of `captures` by itself, which a worker gives; in what `answer` gets, it
    is capture 0.  After an `interruption` it is about nothing for those that were not read.

    Errors: as `fold_on_cluster`.
    """
    with cluster_at(address, [one.url for one in captures]) as cluster:
        engine = engine_on(
            cluster,
            weight_of,
            partial(_no_answer, describe, answer, DIED),
            partial(_no_answer, describe, answer, STOPPED),
            interruption,
        )
        work = partial(_answer, describe, answer)
        answers: dict[int, Answer] = engine.fold(captures, work, _all_answers, tell)
        return answers


def _answer(
    describe: Describe, answer: Callable[[Folded], Answer], one: Stored, tell: Tell
) -> dict[int, Answer]:
    """On a worker."""
    task = Task(0, 0, 1, whole(one.url, None))
    return {one.capture: answer(read_task(describe, task, tell))}


def _no_answer(
    describe: Describe, answer: Callable[[Folded], Answer], problem: Problem, one: Stored
) -> dict[int, Answer]:
    nothing = not_read(describe, problem, Task(0, 0, 1, whole(one.url, None)))
    return {one.capture: answer(merge_folded(describe, [nothing]))}


def _all_answers(parts: Iterable[dict[int, Answer]]) -> dict[int, Answer]:
    with archives_kept():  # they are read as they are asked for
        return {index: answer for part in parts for index, answer in part.items()}


def cluster_at(address: str, urls: Sequence[str]) -> "Cluster":
    """The cluster, whose workers can all read such URLs.  Errors: GivenError; those of
    engines.cluster.
    """
    if find_spec("distributed") is None:
        raise GivenError('--scheduler needs: pip install "nvgre-doctor[dask]"')
    from nvgre_doctor.engines.cluster import Cluster

    kinds = sorted({f"{scheme_of(url)}://" for url in urls})
    return Cluster(address, partial(check_urls, kinds))


def engine_on(
    cluster: "Cluster",
    weigh: Callable[[Any], int],
    killed: Callable[[Any], object],
    stopped: Callable[[Any], object],
    interruption: Interruption | None,
) -> "DaskEngine":
    """An engine that stops after an `interruption`; see there."""
    from nvgre_doctor.engines.cluster import DaskEngine

    return DaskEngine(
        cluster,
        weigh=weigh,
        killed=killed,
        stopped=stopped,
        is_stopped=lambda: interruption is not None and interruption.is_asked,
    )


def weight_of(one: Stored) -> int:
    """Bytes, known or guessed."""
    return _GUESSED if one.size is None else one.size


def _unsplit(one: Stored) -> list[Task]:
    return [Task(one.capture, 0, 1, whole(one.url, None), weight_of(one))]


def _split(one: Stored, tell: Tell) -> list[Task]:
    """On a worker: it looks where parts can begin."""
    size = weight_of(one)
    parts = split(one.url, size, -(-size // PART), None)
    weight = size // len(parts)
    return [Task(one.capture, n, len(parts), part, weight) for n, part in enumerate(parts)]


def _together(tasks: Iterable[list[Task]]) -> list[Task]:
    return [task for some in tasks for task in some]


def not_read(describe: Describe, problem: Problem, task: Task) -> Folded:
    """The result of a task that nobody did."""
    status = Status.INTERRUPTED if problem.reason == INTERRUPTED else Status.UNREADABLE
    progress = Progress(status, problems=[problem])
    path = shown(task.stretch.path)
    read = StretchRead(
        CaptureRead(path, None, None, progress, CaptureEvidence()), None, None, is_given_up=True
    )
    return Folded(waiting={task.capture: [(task, read)]})
