"""What a small damaged capture costs at most, by hand: `python -m tests.fuzz.costs`.

Each format has its seeds mutated, 10,000 times unless --mutations says otherwise, and each mutant
is diagnosed from a file, as `nvgre-doctor check` does it: once for the time, and once for the
memory.  Nothing may raise, take more than SECONDS, or more than MEGABYTES.
"""

import argparse
import sys
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from nvgre_doctor import diagnose
from tests.fuzz import scratch
from tests.fuzz.mutate import mutate
from tests.fuzz.targets import TARGETS

FORMATS = ("pcap", "pcapng", "etl", "netmon", "snoop", "archive", "compressed")
SECONDS = 1.0
MEGABYTES = 60
SEED = 20120904


class Cost(NamedTuple):
    """The most that one capture took."""

    seconds: float = 0.0  # of a processor
    octets: int = 0  # beyond what was there before


def cost_of(data: bytes) -> Cost:
    """Of one capture.  What is loaded once counts with the first."""
    path = scratch.file("capture", data)
    begin = time.process_time()
    diagnose([path])
    seconds = time.process_time() - begin
    tracemalloc.start()
    try:
        diagnose([path])
        return Cost(seconds, tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def most(name: str, mutations: int, seed: int = SEED) -> Cost:
    """Of so many mutants of a format.  One that is too much, or that breaks something, is kept as
    a file in the current folder.
    """
    target = TARGETS[name]
    seeds, dice, worst = target.seeds(), Random(seed), Cost()
    for data in seeds[:3]:
        cost_of(data)
    for number in range(mutations):
        data = mutate(dice, dice.choice(seeds), seeds, target.longest)
        try:
            cost = cost_of(data)
            assert cost.seconds <= SECONDS, cost
            assert cost.octets <= MEGABYTES * 1_000_000, cost
        except Exception:
            kept = Path(f"cost-{name}-{seed}-{number}")
            kept.write_bytes(data)
            print(f"{name}: mutant {number} is kept as {kept}")
            raise
        worst = Cost(max(worst.seconds, cost.seconds), max(worst.octets, cost.octets))
    return worst


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
        worst = most(name, options.mutations, options.seed)
        print(
            f"{name}: {options.mutations:,} mutants, none above {worst.seconds:.2f} s of a"
            f" processor or {worst.octets / 1e6:.0f} MB",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
