"""Work in several threads, with the same results as in one.  Knows threads; knows nothing about
captures.

It is worth it where the work lets go of the interpreter: in reading, decompressing, and in the
loop in C.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

PATIENCE: Final = 0.2
"""Seconds after which the waiting thread looks for signals; only Windows needs it."""

Task = TypeVar("Task")
Result = TypeVar("Result")
Tell = Callable[[int], None]


class _StopError(BaseException):
    """Nobody wants the result any more."""


def run_in_threads(
    function: Callable[[Task, Tell], Result], tasks: Sequence[Task], threads: int, tell: Tell
) -> list[Result]:
    """`function(task, tell)` for every task, in the order of `tasks`, by up to `threads` threads.

    The counts that it tells are told to `tell` in this thread.  Raises what `function` raises
    first.  Where no thread can be started (limits, no memory), the work is done with those that
    there are, or here.  When this thread is interrupted, the others end the next time that they
    tell something.
    """
    said: SimpleQueue[int | tuple[int, Result] | BaseException] = SimpleQueue()
    waiting, lock, is_stopped = iter(enumerate(tasks)), threading.Lock(), threading.Event()

    def tell_here(count: int) -> None:
        if is_stopped.is_set():
            raise _StopError
        said.put(count)

    def work() -> None:
        try:
            for number, task in _one_by_one(waiting, lock):
                said.put((number, function(task, tell_here)))
        except _StopError:
            pass
        except BaseException as error:  # noqa: BLE001  the waiting thread raises it
            said.put(error)

    results: dict[int, Result] = {}
    try:
        started = [_start(work) for _ in range(min(threads, len(tasks)))]
        if not any(started):
            return [function(task, tell) for task in tasks]
        while len(results) < len(tasks):
            try:
                message = said.get(timeout=PATIENCE)
            except Empty:
                continue
            if isinstance(message, BaseException):
                raise message
            if isinstance(message, int):
                tell(message)
            else:
                results[message[0]] = message[1]
    finally:
        is_stopped.set()
    return [results[number] for number in range(len(tasks))]


def _start(work: Callable[[], None]) -> bool:
    """Whether another thread could be started: the system may have no room for it."""
    try:
        threading.Thread(target=work, daemon=True).start()
    except RuntimeError:
        return False
    return True


def _one_by_one(
    tasks: Iterator[tuple[int, Task]], lock: threading.Lock
) -> Iterator[tuple[int, Task]]:
    """What is left of the tasks: each of them is for one thread."""
    while True:
        with lock:
            task = next(tasks, None)
        if task is None:
            return
        yield task
