"""Engines: tasks done by several threads, their results merged as they come."""

import threading
import time
from collections.abc import Callable, Iterable

import pytest

from nvgre_doctor.engines import Engine
from nvgre_doctor.engines.local import AHEAD, LocalEngine

ENGINES = [LocalEngine(), LocalEngine(2), LocalEngine(7)]


def nobody(count: int) -> None:
    raise AssertionError(count)


def sorted_together(parts: Iterable[list[int]]) -> list[int]:
    return sorted(number for part in parts for number in part)


@pytest.mark.parametrize("engine", ENGINES)
def test_all_results_are_merged(engine: Engine) -> None:
    found = engine.fold(range(100), lambda task, tell: [task, -task], sorted_together, nobody)
    assert found == list(range(-99, 1)) + list(range(100))


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_to_do_is_what_merging_makes_of_nothing(engine: Engine) -> None:
    assert engine.fold([], lambda task, tell: [task], sorted_together, nobody) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_what_tasks_tell_is_told_in_the_thread_that_waits(engine: Engine) -> None:
    told: list[tuple[int, int]] = []

    def work(task: int, tell: Callable[[int], None]) -> list[int]:
        tell(task)
        return []

    here = threading.get_ident()
    engine.fold(
        range(20), work, sorted_together, lambda count: told.append((count, threading.get_ident()))
    )
    assert sorted(told) == [(number, here) for number in range(20)]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_error_of_a_task_is_raised(engine: Engine) -> None:
    def work(task: int, tell: Callable[[int], None]) -> list[int]:
        if task == 5:
            raise LookupError("five")
        return [task]

    with pytest.raises(LookupError, match="five"):
        engine.fold(range(10), work, sorted_together, nobody)


@pytest.mark.parametrize("threads", [2, 5])
def test_few_results_wait_while_one_is_merged(threads: int) -> None:
    """Else memory would grow with the tasks where merging takes longer than the work."""
    begun = merged = 0
    most = 0
    lock = threading.Lock()

    def work(task: int, tell: Callable[[int], None]) -> list[int]:
        nonlocal begun, most
        with lock:
            begun += 1
            most = max(most, begun - merged)
        return [task]

    def slowly(parts: Iterable[list[int]]) -> list[int]:
        nonlocal merged
        found: list[int] = []
        for part in parts:
            time.sleep(0.001)
            with lock:
                merged += 1
            found += part
        return found

    assert len(LocalEngine(threads).fold(range(200), work, slowly, nobody)) == 200
    assert most <= (AHEAD + 1) * threads + 1


def test_threads_end_when_merging_fails() -> None:
    before = threading.active_count()

    def fail(parts: Iterable[list[int]]) -> list[int]:
        next(iter(parts))
        raise LookupError

    with pytest.raises(LookupError):
        LocalEngine(4).fold(range(1000), lambda task, tell: [task], fail, nobody)
    for _ in range(200):
        if threading.active_count() == before:
            break
        time.sleep(0.01)
    assert threading.active_count() == before


def test_work_is_done_here_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    where = LocalEngine(3).fold(
        range(9), lambda task, tell: [threading.get_ident()], sorted_together, nobody
    )
    assert set(where) == {threading.get_ident()}
