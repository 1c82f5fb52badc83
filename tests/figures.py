"""Figures that tests leave for the end of the run.  Tests run in several processes: each has its
own figures, and hands them to the one that prints them (see conftest.py).
"""

from collections import Counter
from typing import Any

from tests.reached import REACHED

COMPARED: Counter[str] = Counter()
"""Frames or captures, by what they were compared with."""
DIFFERENCES: Counter[str] = Counter()
"""Accepted differences, by class."""
EXECUTIONS: Counter[str] = Counter()
"""Of the fuzzer, by target."""
NOT_COMPARED: Counter[str] = Counter()
"""Why comparisons could not be made."""
_ALL = {
    "compared": COMPARED,
    "differences": DIFFERENCES,
    "executions": EXECUTIONS,
    "not compared": NOT_COMPARED,
    "reached": REACHED,
}


def handed_over() -> dict[str, dict[str, int]]:
    """The figures of this process, in types that go from one to another."""
    return {name: dict(figures) for name, figures in _ALL.items()}


def take(theirs: dict[str, dict[str, int]]) -> None:
    """Add the figures of another process."""
    for name, figures in theirs.items():
        _ALL[name].update(figures)


def sections() -> list[tuple[str, list[str]]]:
    """Headings and lines, for people and for `.ci/run`."""
    compared = [f"{count:,} {what}" for what, count in sorted(COMPARED.items())]
    differences = [f"    {count:6,}  {name}" for name, count in sorted(DIFFERENCES.items())]
    if differences:
        compared += ["accepted differences, by class:", *differences]
    compared += [f"NOT COMPARED: {reason}" for reason in sorted(NOT_COMPARED)]
    each = ", ".join(f"{name} {count:,}" for name, count in sorted(EXECUTIONS.items()))
    fuzzed = [f"{EXECUTIONS.total():,} executions: {each}"] if EXECUTIONS else []
    return [
        (heading, lines)
        for heading, lines in (("compared with tshark and dpkt", compared), ("fuzzed", fuzzed))
        if lines
    ]


def scenarios(stats: dict[str, list[Any]]) -> list[str]:
    """How many scenarios of the lab were right, and how many faults were survived."""
    lines = []
    for folder, done, missed in (
        ("tests/lab/", "lab: {} of {} scenarios right", "lab: {} SCENARIOS WERE NOT RUN"),
        ("tests/faults/", "faults survived: {} of {}", "faults: {} WERE NOT TRIED"),
    ):
        counts = {
            outcome: sum(
                folder in getattr(report, "nodeid", "") for report in stats.get(outcome, ())
            )
            for outcome in ("passed", "failed", "error", "skipped")
        }
        skipped = counts.pop("skipped")
        if skipped:
            lines.append(missed.format(skipped))
        if total := sum(counts.values()):
            lines.append(done.format(counts["passed"], total))
    return lines
