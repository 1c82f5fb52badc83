"""How the program is asked to stop: Ctrl-C, Ctrl-Break, SIGTERM and SIGHUP are one thing.

Knows signals; knows nothing about the work.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

STOP_SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)
"""A terminal, `timeout` and service managers send them to all processes of a group at once."""


_hearers: list[tuple[Callable[[], None], tuple[int, ...]]] = []


@contextmanager
def on_first_interrupt(
    hear: Callable[[], None], *, of_all: tuple[int, ...] = (signal.SIGINT,)
) -> Iterator[None]:
    """Inside, the first Ctrl-C calls `hear` and raises nothing (unless `hear` does): what was begun
    can be brought to an end.  A second one ends the process at once, as always.

    `of_all` are the signals that do so: Ctrl-C alone, or all STOP_SIGNALS.
    """
    hearer = hear, of_all
    _hearers.append(hearer)
    try:
        yield
    finally:
        _hearers.remove(hearer)


@contextmanager
def stopping_cleanly(*, process_ends: bool) -> Iterator[None]:
    """Turn the first stop signal into KeyboardInterrupt: what is half done is cleaned up.

    A second Ctrl-C ends the process at once; a second one of the others is ignored, because
    `timeout` sends two of them. A signal that is ignored stays ignored (`nohup`, background jobs),
    and a handler of somebody else stays in place.  With `process_ends` no signal raises anything
    afterwards: nothing is left that a KeyboardInterrupt could save.
    """
    if (
        threading.current_thread() is not threading.main_thread()
    ):  # Python sets handlers nowhere else
        yield
        return
    usual = {
        number: handler
        for number in STOP_SIGNALS
        if (handler := signal.getsignal(number)) in (signal.SIG_DFL, signal.default_int_handler)
    }
    is_stopped = False

    def stop(number: int, frame: object) -> None:
        nonlocal is_stopped
        if _hearers and number in _hearers[-1][1]:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if number != signal.SIGINT:
                signal.signal(number, signal.SIG_IGN)
            _hearers[-1][0]()
            return
        is_stopped = True
        for other in usual:
            signal.signal(other, signal.SIG_DFL if other == signal.SIGINT else signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in usual:
        signal.signal(number, stop)
    try:
        yield
    finally:
        if not (is_stopped and process_ends):
            for number, handler in usual.items():
                signal.signal(number, signal.SIG_DFL if process_ends else handler)
