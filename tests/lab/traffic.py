"""Traffic of the virtual machines: real pings, and what `ping` itself counts."""

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from tests.lab.lab import Lab, Vm
from tests.lab.processes import LabError, Started


@dataclass(frozen=True, slots=True)
class Pings:
    """What one `ping` counted."""

    sent: int
    answered: int


class Pinging:
    """Pings that run at the same time, one for each pair of VMs; the first VM of a pair pings the
    second.
    """

    def __init__(self, lab: Lab, pairs: Sequence[tuple[Vm, Vm]], *options: str) -> None:
        command = ["ping", "-n", "-D", "-O", "-i", "0.2", "-W", "1", *options]
        self._running = [
            lab.processes.start(vm.namespace.inside(*command, other.address)) for vm, other in pairs
        ]

    def wait_until_answered(self, number: int) -> None:
        """Wait until every pair has had so many answers."""
        self._wait_for_lines("bytes from", number)

    def wait_until_lost(self, number: int) -> None:
        """Wait until every pair has missed so many answers."""
        self._wait_for_lines("no answer yet", number)

    def results(self) -> list[Pings]:
        """Wait for the end; what each counted."""
        return [self._result(process) for process in self._running]

    def stop(self) -> None:
        """End them all."""
        for process in self._running:
            process.end(signal.SIGINT)

    def _wait_for_lines(self, words: str, number: int) -> None:
        for process in self._running:
            process.wait_until_ready(partial(self._has_said, process, words, number))

    @staticmethod
    def _has_said(process: Started, words: str, number: int) -> bool:
        return process.said.count(words) >= number

    @staticmethod
    def _result(process: Started) -> Pings:
        process.wait()
        numbers = re.search(r"(\d+) packets transmitted, (\d+) received", process.said)
        if numbers is None:
            raise LabError(f"ping: {process.said}")
        return Pings(int(numbers[1]), int(numbers[2]))


def ping(lab: Lab, *pairs: tuple[Vm, Vm]) -> list[Pings]:
    """Three requests from every pair's first VM to its second, all pairs at the same time."""
    return Pinging(lab, pairs, "-c", "3").results()


@contextmanager
def ping_while(lab: Lab, *pairs: tuple[Vm, Vm]) -> Iterator[Pinging]:
    """Requests, five in a second, for as long as the block runs."""
    pinging = Pinging(lab, pairs)
    yield pinging
    pinging.stop()
