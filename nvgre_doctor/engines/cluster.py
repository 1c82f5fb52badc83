"""Work on the workers of a Dask cluster, with the same result as here.  The only module that
imports distributed; knows nothing about captures.

Tasks travel in batches, results are merged on the workers in a tree, and one result comes home.  A
worker that dies costs nothing but time: Dask does its tasks again.  Tasks that die with several
workers are done again one by one, until the one that kills is found.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any, Final, Generic, Self
from uuid import uuid4

import distributed

from nvgre_doctor import __version__
from nvgre_doctor.engines import Result, Task, Tell
from nvgre_doctor.engines.batching import BATCH_TASKS, IN_FLIGHT, batches
from nvgre_doctor.engines.comparing import compare, ready
from nvgre_doctor.engines.on_worker import (
    ClusterError,
    Failed,
    SchedulerLostError,
    Sealed,
    TaskError,
    as_raised,
    do,
    together,
)
from nvgre_doctor.terminal.urls import redacted, shown

INPUTS: Final = 8
"""Of one merge."""
CONNECT_SECONDS: Final = 10
WORKER_SECONDS: Final = 60
_POLL: Final = 0.2  # seconds, after which the waiting thread looks for signals
_LOOK: Final = 5.0  # seconds without a message, after which workers are counted


@dataclass(slots=True)
class _Part(Generic[Task]):
    """A future, and the tasks whose results it is."""

    future: Any
    tasks: Sequence[Task]
    level: int = 0  # of merging


class Cluster:
    """The workers that a scheduler has.  A context manager; the workers stay when it is left."""

    def __init__(self, address: str, check: Callable[[], object]) -> None:
        """`check` is called on every worker, and raises a DoctorError where something is missing.

        Errors: ClusterError.
        """
        self.name = shown(address)
        self._ready = ready()
        self._ready.__enter__()
        try:
            self.client = self._connected(address, check)
        except BaseException:
            self._ready.__exit__(None, None, None)
            raise

    def __enter__(self) -> Self:
        """The cluster itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Let the scheduler forget what is still under way."""
        with suppress(OSError, TimeoutError):
            self.client.close(timeout=CONNECT_SECONDS)
        self._ready.__exit__(None, None, None)

    def lost(self) -> SchedulerLostError:
        """What is raised when nobody answers any more."""
        return SchedulerLostError(f"the scheduler at {self.name} was lost")

    def _connected(self, address: str, check: Callable[[], object]) -> Any:
        try:
            client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TypeError, ValueError, RuntimeError, ImportError) as error:
            why = redacted(str(error).partition("\n")[0]) or type(error).__name__
            raise ClusterError(f"no scheduler of Dask answers at {self.name}: {why}") from None
        try:
            client.wait_for_workers(1, WORKER_SECONDS)
            compare(client, check)
        except TimeoutError:
            client.close()
            raise ClusterError(
                f"the scheduler at {self.name} has no worker after {WORKER_SECONDS} s: start one"
                f" with `dask worker {self.name}`"
            ) from None
        except BaseException:
            client.close()
            raise
        return client


class DaskEngine:
    """Does tasks of one kind on a cluster."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        weigh: Callable[[Any], int],
        killed: Callable[[Any], Any],
        stopped: Callable[[Any], Any],
        is_stopped: Callable[[], bool],
    ) -> None:
        """`weigh` says how much a task is (bytes); `killed` and `stopped` are the results of a task
        whose workers all died, and of one that was not done because `is_stopped`.
        """
        self.cluster = cluster
        self.weigh = weigh
        self.is_stopped = is_stopped
        self._killed, self._stopped = killed, stopped

    def fold(
        self,
        tasks: Sequence[Task],
        work: Callable[[Task, Tell], Result],
        merge: Callable[[Iterable[Result]], Result],
        tell: Tell,
    ) -> Result:
        """See `Engine`.  The weight of a task is told when it is done.  Errors: ClusterError,
        SchedulerLostError; TaskError for what `work` raises.
        """
        run: _Run[Task, Result] = _Run(self, work, merge, tell)
        results: list[Result] = []
        for size in (BATCH_TASKS, 1):
            results += run.done(batches(tasks, self.weigh, size, run.threads))
            tasks = run.take_suspects()
        for task in tasks:  # alone, so that nothing else dies with it
            results += run.done([[task]])
            results += map(self._killed, run.take_suspects())
        results += map(self._stopped, run.not_done)
        return results[0] if len(results) == 1 else merge(results)


class _Run(Generic[Task, Result]):
    """One fold: what is under way."""

    def __init__(
        self,
        engine: DaskEngine,
        work: Callable[[Task, Tell], Result],
        merge: Callable[[Iterable[Result]], Result],
        tell: Tell,
    ) -> None:
        self._engine, self._client, self._tell = engine, engine.cluster.client, tell
        self._work, self._merge = Sealed((__version__, work, merge)), Sealed(merge)
        self._said: SimpleQueue[str] = SimpleQueue()  # keys of futures that ended
        self._running: dict[str, _Part[Task]] = {}
        self._suspects: list[Task] = []
        self.not_done: list[Task] = []
        self.threads = self._count_threads()

    def take_suspects(self) -> list[Task]:
        """The tasks that went down with their workers since the last time."""
        suspects, self._suspects = self._suspects, []
        return suspects

    def done(self, wanted: Sequence[Sequence[Task]]) -> list[Result]:
        """The result of all batches but of what dies: one, or none; more where it was stopped."""
        waiting = list(reversed(wanted))
        finished: dict[int, list[_Part[Task]]] = {}
        while not self._engine.is_stopped():
            reads = sum(part.level == 0 for part in self._running.values())
            while waiting and reads < IN_FLIGHT * self.threads:
                self._submit(waiting.pop())
                reads += 1
            self._merge_what_is_done(finished, is_last=not waiting and not self._running)
            if not self._running:
                return [self._home(part) for parts in finished.values() for part in parts]
            part = self._next()
            if part is not None and not self._has_died(part):
                finished.setdefault(part.level, []).append(part)
                if part.level == 0:
                    self._tell(sum(map(self._engine.weigh, part.tasks)))
        self._client.cancel([part.future for part in self._running.values()])
        for part in self._running.values():
            self.not_done += part.tasks
        self._running.clear()
        self.not_done += [task for batch in waiting for task in batch]
        return [self._home(part) for parts in finished.values() for part in parts]

    def _submit(self, batch: Sequence[Task]) -> None:
        future = self._client.submit(
            do, self._work, Sealed(batch), pure=False, retries=2, key=_key("read")
        )
        self._watch(_Part(future, batch))

    def _merge_what_is_done(self, finished: dict[int, list[_Part[Task]]], *, is_last: bool) -> None:
        """Eight results of one level become one of the next; in the end, whatever there is."""
        for level in sorted(finished):
            while len(finished[level]) >= INPUTS:
                self._submit_merge(finished[level][:INPUTS], level + 1)
                del finished[level][:INPUTS]
        rest = [part for level in sorted(finished) for part in finished[level]]
        if is_last and not self._running and len(rest) > 1:
            finished.clear()
            for at in range(0, len(rest), INPUTS):
                some = rest[at : at + INPUTS]
                if len(some) == 1:
                    finished.setdefault(some[0].level, []).append(some[0])
                else:
                    self._submit_merge(some, max(part.level for part in some) + 1)

    def _submit_merge(self, parts: Sequence[_Part[Task]], level: int) -> None:
        future = self._client.submit(
            together, self._merge, *[part.future for part in parts],
            pure=False, retries=2, key=_key("merge"), priority=level,
        )  # fmt: skip
        self._watch(_Part(future, [task for part in parts for task in part.tasks], level))

    def _watch(self, part: _Part[Task]) -> None:
        self._running[part.future.key] = part
        part.future.add_done_callback(lambda future: self._said.put(future.key))

    def _next(self) -> _Part[Task] | None:
        """The next part that ended; None after a signal."""
        begin = monotonic()
        while not self._engine.is_stopped():
            with suppress(Empty):
                return self._running.pop(self._said.get(timeout=_POLL), None)
            if self._client.status != "running":
                raise self._engine.cluster.lost()
            if monotonic() - begin > _LOOK:
                self.threads = self._count_threads()
                begin = monotonic()
        return None

    def _count_threads(self) -> int:
        """Of all workers; some may come and go, and none at all is waited for a while."""
        until = monotonic() + WORKER_SECONDS
        while not (threads := sum(self._asked().values())):
            if monotonic() > until:
                name = self._engine.cluster.name
                raise ClusterError(
                    f"the scheduler at {name} has had no worker for {WORKER_SECONDS} s"
                )
            if self._engine.is_stopped():
                return 1
            sleep(_POLL)
        return threads

    def _asked(self) -> dict[str, int]:
        try:
            threads: dict[str, int] = self._client.nthreads()
        except (OSError, TimeoutError, distributed.CancelledError):
            raise self._engine.cluster.lost() from None
        return threads

    def _has_died(self, part: _Part[Task]) -> bool:
        status = part.future.status
        if status == "finished":
            return False
        if status == "lost":  # with the worker that had the result: Dask makes it anew
            sleep(_POLL)
            self._watch(part)
            return True
        if status != "error":
            raise self._engine.cluster.lost()
        error = part.future.exception()
        if not isinstance(error, distributed.KilledWorker):
            raise TaskError(redacted(f"{type(error).__name__}: {error}"))
        self._suspects += part.tasks
        return True

    def _home(self, part: _Part[Task]) -> Result:
        try:
            found = part.future.result()
        except (OSError, TimeoutError, distributed.CancelledError):
            raise self._engine.cluster.lost() from None
        if isinstance(found, Failed):
            raise as_raised(found)
        result: Result = found
        return result


def _key(what: str) -> str:
    """The name of a task, as the dashboard of Dask shows it."""
    return f"nvgre-doctor-{what}-{uuid4().hex}"
