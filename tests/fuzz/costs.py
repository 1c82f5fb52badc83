"""What a small damaged capture costs at most, by hand: `python -m tests.fuzz.costs`.

Each format has its seeds mutated, 10,000 times unless --mutations says otherwise, and each mutant
is diagnosed from a file, as `nvgre-doctor check` does it: once for the time, and once for the
memory.  Nothing may raise, take more than SECONDS, or more than MEGABYTES.
"""

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from nvgre_doctor import diagnose
from tests.fuzz import scratch
from tests.fuzz.mutate import mutate
from tests.fuzz.targets import TARGETS

FORMATS = ("pcap", "pcapng", "etl", "netmon", "snoop", "archive", "compressed")
SECONDS = 1.0
MEGABYTES = 60
SEED = 20120904


class CostError(Exception):
    """One of them costs too much."""


def seconds_of(path: str) -> float:
    """Of a processor."""
    begin = time.process_time()
    diagnose([path])
    seconds = time.process_time() - begin
    if seconds > SECONDS:
        raise CostError(f"{seconds:.2f} s")
    return seconds


def megabytes_of(path: str) -> float:
    """Beyond what was there before, while tracemalloc runs."""
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    diagnose([path])
    megabytes = (tracemalloc.get_traced_memory()[1] - before) / 1_000_000
    if megabytes > MEGABYTES:
        raise CostError(f"{megabytes:.0f} MB")
    return megabytes


def most(name: str, mutations: int, cost_of: Callable[[str], float], seed: int = SEED) -> float:
    """Of so many mutants of a format.  One that costs too much, or that breaks something, is kept
    as a file in the current folder.
    """
    target = TARGETS[name]
    seeds, dice, worst = target.seeds(), Random(seed), 0.0
    for data in seeds[:3]:  # what is loaded once does not count
        diagnose([scratch.file("capture", data)])
    for number in range(mutations):
        data = mutate(dice, dice.choice(seeds), seeds, target.longest)
        try:
            worst = max(worst, cost_of(scratch.file("capture", data)))
        except Exception:
            kept = Path(f"cost-{name}-{seed}-{number}")
            kept.write_bytes(data)
            print(f"{name}: mutant {number} is kept as {kept}")
            raise
    return worst


def most_megabytes(name: str, mutations: int, seed: int = SEED) -> float:
    """The same of memory."""
    tracemalloc.start()
    try:
        return most(name, mutations, megabytes_of, seed)
    finally:
        tracemalloc.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each format."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutations", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", nargs="+", choices=FORMATS, default=FORMATS, metavar="FORMAT")
    options = parser.parse_args(arguments)
    for name in options.only:
        seconds = most(name, options.mutations, seconds_of, options.seed)
        megabytes = most_megabytes(name, options.mutations, options.seed)
        print(
            f"{name}: {options.mutations:,} mutants, none above {seconds:.2f} s of a processor or"
            f" {megabytes:.0f} MB",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
