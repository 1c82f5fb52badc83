"""Fuzz for a long time, by hand: `python -m tests.fuzz.run --target pcapng --seconds 600`;
`--target all` takes one after the other.

With atheris (`pip install atheris`: wheels for Linux on x86-64, CPython 3.11 to 3.14) the fuzzer is
guided by coverage; without it, or with `--seeded N`, it is the blind mutation of the short run.
What breaks something is written to the current folder, and how to keep it is said.
`scanner` is guided by what is reached in C, in a copy whose loop in C clang builds with ASAN and
UBSAN; without clang by what is reached in Python, as all others.
NVGRE_DOCTOR_CORPUS adds its small captures to the seeds.
"""

import argparse
import importlib
import importlib.util
import os
import shutil
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
NATIVE = "LD_PRELOAD"  # of libFuzzer: what is reached in C counts
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
            str(Path.cwd()),
        ]
        environment = os.environ | {"TMPDIR": scratch}
        copy = Path.cwd()
        if name == "scanner" and shutil.which("clang"):
            copy = Path(scratch, "copy")
            environment |= sanitized(copy)
        return subprocess.run(command, check=False, cwd=copy, env=environment).returncode


def sanitized(copy: Path) -> dict[str, str]:
    """Build the loop in C in a copy of all that is tested; the environment that it needs."""
    root = Path(__file__).resolve().parents[2]
    for folder in ("nvgre_doctor", "tests"):
        unused = shutil.ignore_patterns("*.so", "node_modules", "__pycache__")
        shutil.copytree(root / folder, copy / folder, ignore=unused)
    for file in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / file, copy)
    build = {
        "CC": "clang",
        "LDSHARED": "clang -shared",
        "CFLAGS": "-O1 -g -fsanitize=fuzzer-no-link,address,undefined"
        " -fno-sanitize-recover=undefined",
    }
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(command, cwd=copy, check=True, env=os.environ | build)
    if not list(copy.glob("nvgre_doctor/scan/_scanner.*so")):  # it is optional
        raise SystemExit("the loop in C could not be built: clang needs libclang_rt, too")
    atheris = importlib.import_module("atheris")
    return {
        NATIVE: str(Path(atheris.path(), "asan_with_fuzzer.so")),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python ends with memory that it has not given back
        "PYTHONMALLOC": "malloc",  # which is guarded
        "PYTHONPATH": str(copy),
    }


def run_guided_here(name: str, seconds: float, place: str) -> None:
    """Does not return.  What breaks something is written to `place`."""
    atheris = importlib.import_module("atheris")
    python = [] if NATIVE in os.environ else ["nvgre_doctor"]
    with atheris.instrument_imports(include=python, enable_loader_override=False):
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
    options += [f"-artifact_prefix={place}/{name}-", "-rss_limit_mb=2048", "-verbosity=0"]
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
    parser.add_argument("--here", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        run_guided_here(arguments.target, arguments.seconds, arguments.here)
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
