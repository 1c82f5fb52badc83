"""What was compared, for the summary at the end of a test run."""

from collections import Counter

COMPARED: Counter[str] = Counter()
"""Frames or captures, by what they were compared with."""
DIFFERENCES: Counter[str] = Counter()
"""Accepted differences, by class."""
NOT_RUN: list[str] = []
"""Comparisons that could not be made, and why."""


def lines() -> list[str]:
    """For people."""
    compared = [f"{count:,} {what}" for what, count in COMPARED.items()]
    differences = [f"    {count:6,}  {name}" for name, count in sorted(DIFFERENCES.items())]
    return [
        *compared,
        *(["accepted differences, by class:", *differences] if differences else []),
        *NOT_RUN,
    ]
