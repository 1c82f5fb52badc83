"""Whole processes, timed from start to exit, side by side.

Knows commands and how long they took; must not know what they do.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MAXRSS_UNIT = (
    1 if sys.platform == "darwin" else 1024
)  # getrusage(2): bytes on macOS, KiB elsewhere


class CommandError(Exception):
    """A measured command did not do its work, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is run.  `slow` commands take part in fewer rounds."""

    arguments: tuple[str, ...]
    exit_codes: frozenset[int] = frozenset({0})
    slow: bool = False


@dataclass(slots=True)
class Timing:
    """All runs of one command."""

    seconds: list[float] = field(default_factory=list)  # of all processors
    peaks: list[int] = field(default_factory=list)  # bytes of resident memory, largest process
    walls: list[float] = field(default_factory=list)  # seconds from start to exit

    @property
    def median(self) -> float:
        """Seconds of processor time: what else the machine does counts less."""
        return statistics.median(self.seconds)

    @property
    def wall(self) -> float:
        """Seconds from start to exit."""
        return statistics.median(self.walls)

    @property
    def peak(self) -> int:
        """The largest peak of all rounds, in bytes."""
        return max(self.peaks)

    @property
    def spread(self) -> float:
        """How far the slowest and the fastest run are apart, as a part of the median."""
        return (max(self.seconds) - min(self.seconds)) / self.median


def run(command: Command) -> tuple[float, float, int]:
    """Seconds of processor time, seconds from start to exit, and the child's peak resident memory
    in bytes (wait4: of the largest process in it).

    Linux lets a child start with its parent's peak: whoever calls this should be small, and makes
    its captures in processes of their own.
    """
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        child = subprocess.Popen(
            command.arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in command.exit_codes:
            errors.seek(0)
            said = errors.read(2000).decode(errors="replace").strip()
            raise CommandError(
                f"{' '.join(command.arguments)}\nended with {child.returncode}: {said}"
            )
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * _MAXRSS_UNIT


def interleave(commands: Mapping[str, Command], rounds: int, slow_rounds: int) -> dict[str, Timing]:
    """Run all commands in turn, `rounds` times, after one run of each that does not count (caches,
    bytecode); a single round measures nothing, and needs none.

    Slow ones take part in the first `slow_rounds` rounds only, and run once less: their start-up is
    nothing beside them.
    """
    timings = {name: Timing() for name in commands}
    for command in commands.values():
        if rounds > 1 and not command.slow:
            run(command)
    for number in range(rounds):
        for name, command in commands.items():
            if command.slow and number >= slow_rounds:
                continue
            seconds, wall, peak = run(command)
            timings[name].seconds.append(seconds)
            timings[name].walls.append(wall)
            timings[name].peaks.append(peak)
    return timings


def python(*arguments: str | Path) -> tuple[str, ...]:
    """A command line for this Python."""
    return (sys.executable, *(str(argument) for argument in arguments))
