"""Work in several threads of this process, with the same result as in one.  Knows threads; knows
nothing about captures.

It is worth it where the work lets go of the interpreter: in reading, decompressing, and in the
loop in C.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import Final

from nvgre_doctor.engines import Result, Task, Tell

PATIENCE: Final = 0.2
"""Seconds after which the waiting thread looks for signals; only Windows needs it."""
AHEAD: Final = 1
"""Results of each thread that may wait to be merged: then it waits too, as memory is bounded."""


class _StopError(BaseException):
    """Nobody wants the result any more."""


class LocalEngine:
    """Up to so many threads.  One: this one."""

    def __init__(self, threads: int = 1) -> None:
        """None is started before there is work."""
        self._threads = threads

    def fold(
        self,
        tasks: Sequence[Task],
        work: Callable[[Task, Tell], Result],
        merge: Callable[[Iterable[Result]], Result],
        tell: Tell,
    ) -> Result:
        """See `Engine`; results are merged here as they come.

        What the work tells is told to `tell` in this thread.  Where no thread can be started
        (limits, no memory), the work is done with those that there are, or here.  When this thread
        is interrupted, the others end the next time that they tell something.
        """
        threads = min(self._threads, len(tasks))
        if threads < 2:
            return merge(work(task, tell) for task in tasks)
        with closing(_results(tasks, work, threads, tell)) as results:
            return merge(results)


def _results(
    tasks: Sequence[Task], work: Callable[[Task, Tell], Result], threads: int, tell: Tell
) -> Generator[Result, None, None]:
    said: SimpleQueue[int | tuple[Result] | BaseException] = SimpleQueue()
    waiting, lock, is_stopped = iter(tasks), threading.Lock(), threading.Event()
    room = threading.Semaphore(AHEAD * threads)

    def tell_here(count: int) -> None:
        if is_stopped.is_set():
            raise _StopError
        said.put(count)

    def run() -> None:
        try:
            for task in _one_by_one(waiting, lock, room):
                if is_stopped.is_set():
                    return
                said.put((work(task, tell_here),))
        except _StopError:
            pass
        except BaseException as error:  # noqa: BLE001  the waiting thread raises it
            said.put(error)

    try:
        started = [_start(run) for _ in range(threads)]
        if not any(started):
            yield from (work(task, tell) for task in tasks)
            return
        left = len(tasks)
        while left:
            try:
                message = said.get(timeout=PATIENCE)
            except Empty:
                continue
            if isinstance(message, BaseException):
                raise message
            if isinstance(message, int):
                tell(message)
            else:
                left -= 1
                yield message[0]
                room.release()
    finally:
        is_stopped.set()
        room.release(threads)


def _start(work: Callable[[], None]) -> bool:
    """Whether another thread could be started: the system may have no room for it."""
    try:
        threading.Thread(target=work, daemon=True).start()
    except RuntimeError:
        return False
    return True


def _one_by_one(
    tasks: Iterator[Task], lock: threading.Lock, room: threading.Semaphore
) -> Iterator[Task]:
    """What is left of the tasks, while there is room for results: each is for one thread."""
    while True:
        room.acquire()
        with lock:
            try:
                task = next(tasks)
            except StopIteration:
                room.release()  # others wait to see that nothing is left
                return
        yield task
