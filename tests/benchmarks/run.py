"""Measure nvgre-doctor and its peers: `python -m tests.benchmarks.run [--frames N] [--rounds R]
[--only NAME...]`.

Whole processes, start to exit, in turn, in one run.  Files come from the page cache: each was just
written, and is read once before the rounds that count.  Needs nine times the space of one capture
(1,000,000 frames: 6 GB), tshark, tcpdump and capinfos for the rows about them, and os.wait4 (not
Windows).
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from tests.benchmarks.bench import Bench, say
from tests.benchmarks.processes import CommandError
from tests.benchmarks.table import Row, markdown
from tests.benchmarks.works import SHARE_THE_LAB, WORKS


def _machine() -> str:
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}"
        f" {platform.machine()}, {os.cpu_count()} cores"
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure nvgre-doctor and its peers.")
    parser.add_argument(
        "--frames",
        type=_positive,
        default=1_000_000,
        help="per capture (default 1,000,000: 680 MB)",
    )
    parser.add_argument("--rounds", type=_positive, default=5)
    parser.add_argument(
        "--peers-rounds", type=_positive, default=3, help="of the slow ones, dpkt and tshark"
    )
    parser.add_argument(
        "--folder", type=Path, help="keep the captures here, and use those that are here"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=WORKS,
        default=list(WORKS),
        metavar="NAME",
        help=", ".join(WORKS),
    )
    parser.add_argument(
        "--small",
        action="store_true",
        help="2,000 frames, one round, judge nothing: does it work?",
    )
    parsed = parser.parse_args(arguments)
    if parsed.small:
        parsed.frames, parsed.rounds, parsed.peers_rounds = 2_000, 1, 1
    return parsed


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table.  0: all bars are met (or --small), 1: some are not, 2: something measured
    did not work.
    """
    options = _arguments(arguments)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="nvgre-doctor-bench-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(
            folder.resolve(),
            options.folder is not None,
            options.frames,
            options.rounds,
            options.peers_rounds,
        )
        try:
            # Most works are compared with the lab: write it once.
            with (
                bench.capture("lab") if SHARE_THE_LAB.intersection(options.only) else nullcontext()
            ):
                for name in options.only:
                    say(f"measuring {name}")
                    rows += WORKS[name](bench)
        except (CommandError, subprocess.CalledProcessError) as error:
            say(f"stopped: {error}")
            return 2
    print(
        f"{options.frames:,} frames, {options.rounds} rounds,"
        f" {_machine()}\n\n{markdown(rows, judge=not options.small)}"
    )
    return int(not options.small and any(row.misses for row in rows))


if __name__ == "__main__":
    sys.exit(main())
