"""Fuzz for a long time, by hand: `python -m tests.fuzz.run --target pcapng --seconds 600`;
`--target all` takes one after the other.

With atheris (`pip install atheris`: wheels for Linux on x86-64, CPython 3.11 to 3.14) the fuzzer is
guided by coverage; without it, or with `--seeded N`, it is the blind mutation of the short run.
What breaks something is written to the current folder, and how to keep it is said.
NVGRE_DOCTOR_CORPUS adds its small captures to the seeds.
"""

import argparse
import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

LARGEST_SEED = 8192
CAPTURE_TARGETS = ("pcap", "pcapng", "etl", "netmon", "snoop", "compressed", "diagnosis")
KEEP = "keep it as tests/fuzz/crashes/{target}.SLUG and add a line to the table there"


def foreign_seeds(target: str) -> list[bytes]:
    """Small files of the corpus, where there is one."""
    folder = os.environ.get("NVGRE_DOCTOR_CORPUS")
    if folder is None or target not in CAPTURE_TARGETS:
        return []
    files = sorted(
        path
        for path in Path(folder).rglob("*")
        if path.is_file() and path.stat().st_size <= LARGEST_SEED
    )
    return [path.read_bytes() for path in files]


def run_seeded(target: "Target", seconds: float, seed: int) -> int:
    from tests.fuzz.mutate import mutate

    seeds = [*target.seeds(), *foreign_seeds(target.name)]
    dice, end, executions = Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = mutate(dice, dice.choice(seeds), seeds, target.longest)
        executions += 1
        try:
            target.check(data)
        except Exception:
            crash = Path(f"crash-{target.name}-{seed}-{executions}")
            crash.write_bytes(data)
            print(
                f"{target.name}: broke after {executions} executions: {crash};"
                f" {KEEP.format(target=target.name)}"
            )
            raise
    print(
        f"{target.name}: {executions} executions in {seconds:.0f} s (seed {seed}), nothing broke",
        flush=True,
    )
    return 0


def run_guided(name: str, seconds: float) -> int:
    """In a process of its own, which libFuzzer ends without cleaning up."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.run",
            "--target",
            name,
            "--seconds",
            str(seconds),
            "--here",
        ]
        return subprocess.run(command, check=False, env=os.environ | {"TMPDIR": scratch}).returncode


def run_guided_here(name: str, seconds: float) -> None:
    """Does not return."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["nvgre_doctor"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for number, seed in enumerate([*target.seeds(), *foreign_seeds(name)]):
        (folder / f"seed-{number:04}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds:.0f}",
        f"-max_len={target.longest}",
        "-print_final_stats=1",
        "-timeout=20",
    ]
    options += [f"-artifact_prefix={name}-", "-rss_limit_mb=2048", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(folder)], target.check)
    atheris.Fuzz()


def run_all(names: Sequence[str], arguments: argparse.Namespace) -> int:
    """One process for each target."""
    failed = 0
    for name in names:
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.run",
            "--target",
            name,
            "--seconds",
            str(arguments.seconds),
        ]
        if arguments.seeded is not None:
            command += ["--seeded", str(arguments.seeded)]
        print(f"--- {name}", flush=True)
        code = subprocess.run(command, check=False).returncode
        failed += code != 0
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", required=True, help="a name of tests/fuzz/targets.py, or all")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument(
        "--seeded", type=int, metavar="SEED", help="blind mutation from this seed, without atheris"
    )
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        run_guided_here(arguments.target, arguments.seconds)
    is_guided = arguments.seeded is None and importlib.util.find_spec("atheris") is not None
    if is_guided and arguments.target != "all":
        return run_guided(arguments.target, arguments.seconds)
    from tests.fuzz.targets import TARGETS

    if arguments.target == "all":
        return run_all(list(TARGETS), arguments)
    if arguments.seeded is None:
        print(
            "atheris is not installed (pip install atheris): blind mutation instead of guided",
            flush=True,
        )
    return run_seeded(TARGETS[arguments.target], arguments.seconds, arguments.seeded or 0)


if __name__ == "__main__":
    sys.exit(main())
