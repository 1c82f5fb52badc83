"""Work in several processes, with the same results as in one.  Knows processes and pipes; knows
nothing about captures.

Every worker has a pipe of its own and shares no lock and no queue with others, so a worker that is
killed at any moment, even in the middle of a result, is always the end of a pipe.
(`concurrent.futures` waits for ever in that case: what is left of the result stays in a pipe that
other workers hold open.)  Workers only read, so ending them needs no more than a kill.
"""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Final, Generic, TypeVar

from nvgre_doctor.terminal.stopping import ignore_stop_signals, stop_signals_held

PATIENCE: Final = 0.2
"""Seconds between two looks at the workers, and between two words of a worker about its progress.
"""

Task = TypeVar("Task")
Result = TypeVar("Result")
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Progress:
    count: int


@dataclass(frozen=True, slots=True)
class _Failure:
    """An exception as text: not every exception can be pickled."""

    kind: str
    message: str
    trace: str


_OUT_OF_MEMORY: Final = _Failure("MemoryError", "", "")  # made while there is memory


@dataclass(frozen=True, slots=True)
class _Worker:
    process: BaseProcess
    pipe: "Connection[object, object]"


def run_in_processes(
    function: Callable[[Task, Tell], Result], tasks: Sequence[Task], processes: int, tell: Tell
) -> list[Result]:
    """`function(task, tell)` for every task, in the order of `tasks`, by up to `processes` workers.

    `function` must be importable by name.  The counts that it tells are told to `tell` in this
    process.  Where no process can be started (limits, no memory), the work is done with those that
    there are, or here. Raises ChildProcessError when a worker was killed, MemoryError when one ran
    out of memory, RuntimeError when `function` raised.
    """
    pool = _Pool(function, tell)
    try:
        pool.start(min(processes, len(tasks)))
        if not pool.workers:
            return [function(task, tell) for task in tasks]
        return pool.run(tasks)
    finally:
        pool.end()


class _Pool(Generic[Task, Result]):
    """Some workers, and what each of them is doing."""

    def __init__(self, function: Callable[[Task, Tell], Result], tell: Tell) -> None:
        self.workers: list[_Worker] = []
        self._function = function
        self._tell = tell

    def start(self, count: int) -> None:
        """Start up to `count` workers."""
        context = multiprocessing.get_context()
        with (
            stop_signals_held()
        ):  # a worker begins with these signals blocked, until it ignores them
            for _ in range(count):
                try:
                    ours, theirs = context.Pipe()
                except OSError:
                    return
                process = context.Process(target=_work, args=(theirs, self._function), daemon=True)
                try:
                    process.start()
                except OSError:
                    ours.close()
                    return
                finally:
                    theirs.close()
                self.workers.append(_Worker(process, ours))

    def run(self, tasks: Sequence[Task]) -> list[Result]:
        """Hand out the tasks, one at a time to each worker, and gather the results."""
        results: dict[int, Result] = {}
        waiting = iter(enumerate(tasks))
        doing: dict[Connection[object, object], tuple[_Worker, int]] = {}

        def next_task(worker: _Worker) -> None:
            for number, task in waiting:
                doing[worker.pipe] = worker, number
                with _talking_to(worker):
                    worker.pipe.send(task)
                return

        for worker in self.workers:
            next_task(worker)
        while doing:
            for pipe in wait(list(doing), PATIENCE):
                # Nothing but pipes was waited for.
                worker, number = doing[pipe]  # type: ignore[index]
                with _talking_to(worker):
                    message = worker.pipe.recv()
                if isinstance(message, _Progress):
                    self._tell(message.count)
                elif isinstance(message, _Failure):
                    _raise(message)
                else:
                    del doing[worker.pipe]
                    # What `function` returned.
                    results[number] = message  # type: ignore[assignment]
                    next_task(worker)
        return [results[number] for number in range(len(tasks))]

    def end(self) -> None:
        """End all workers, whatever they are doing."""
        with stop_signals_held():
            for worker in self.workers:
                worker.process.kill()
            for worker in self.workers:
                worker.process.join()
                worker.pipe.close()


@contextmanager
def _talking_to(worker: _Worker) -> Iterator[None]:
    """A pipe that ends, also in the middle of a message, means that its worker is gone."""
    try:
        yield
    except (EOFError, OSError):
        worker.process.join(PATIENCE * 10)
        raise ChildProcessError(_how_it_ended(worker.process.exitcode)) from None


def _how_it_ended(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        try:
            how = f"was killed with {signal.Signals(-exit_code).name}"
        except ValueError:
            how = f"was killed with signal {-exit_code}"
    else:
        how = (
            "ended unexpectedly"
            if exit_code is None
            else f"ended unexpectedly with code {exit_code}"
        )
    return f"a worker process {how}, perhaps for lack of memory. Try fewer processes, or --jobs 1."


def _raise(failure: _Failure) -> None:
    if failure == _OUT_OF_MEMORY:
        raise MemoryError
    error = RuntimeError(f"in a worker process: {failure.kind}: {failure.message}")
    error.add_note(failure.trace)
    raise error


def _work(pipe: "Connection[object, object]", function: Callable[[Task, Tell], Result]) -> None:
    """What a worker does until it is killed, or the main process is gone."""
    ignore_stop_signals()  # the main process listens, and ends the workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        while True:
            task: Task = pipe.recv()  # type: ignore[assignment]  # what the main process sends
            try:
                pipe.send(_attempt(pipe, function, task))
            except (
                MemoryError
            ):  # also while the result is packed, before the first byte of it is sent
                pipe.send(_OUT_OF_MEMORY)
    except (EOFError, OSError):  # nobody is there any more
        os._exit(1)


def _attempt(
    pipe: "Connection[object, object]", function: Callable[[Task, Tell], Result], task: Task
) -> object:
    told, untold = monotonic(), 0

    def tell(count: int) -> None:
        nonlocal told, untold
        untold += count
        if monotonic() - told >= PATIENCE:
            pipe.send(_Progress(untold))
            told, untold = monotonic(), 0

    try:
        result = function(task, tell)
        if untold:
            pipe.send(_Progress(untold))
        return result
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  the main process says it
        return _Failure(type(error).__name__, str(error), traceback.format_exc())


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
