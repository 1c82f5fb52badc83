"""A fleet on this machine: many captures, a Dask cluster of real processes, and what its client
needs.

    python -m tests.benchmarks.fleet --files 10000 --workers 2 --folder /tmp/fleet

The captures are three of the profile "lab", under many names.  For each number of workers it prints
the time, the peak of the client, the bytes that came home for each file, and how long the client
worked after the last task; and whether the report is that of one process.
"""

import argparse
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.remote.fleet import fleet

FRAMES = 20_000
DIFFERENT = 3
_TOLD = ("seconds", "peak_mb", "after", "home")


def make(folder: Path, files: int) -> None:
    """The captures, as links to a few."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(DIFFERENT):
        path = folder / f"lab-{seed}.source"
        if not path.exists():
            args = ["lab", "--frames", str(FRAMES), "--seed", str(seed + 1), "-o", f"{path}.pcap"]
            subprocess.run([sys.executable, "-m", "tests.benchmarks.profiles", *args], check=True)
            os.replace(f"{path}.pcap", path)
    (folder / "captures").mkdir(exist_ok=True)
    for number in range(files):
        link = folder / "captures" / f"{number:05}.pcap"
        if not link.exists():
            os.link(folder / f"lab-{number % DIFFERENT}.source", link)


def measure(folder: Path, scheduler: str | None, output: Path) -> dict[str, float]:
    """In a process of its own: one run of `check`."""
    args = [sys.executable, "-m", "tests.benchmarks.fleet", "--client", "--folder", str(folder)]
    args += ["--output", str(output), *(["--scheduler", scheduler] if scheduler else [])]
    done = subprocess.run(args, check=True, capture_output=True, text=True)
    lines = [line.split() for line in done.stdout.splitlines()[-4:]]
    return {line[0]: float(line[1]) for line in lines if len(line) == 2 and line[0] in _TOLD}


def client(folder: Path, scheduler: str | None, output: Path) -> None:
    """What one run of `check` needs."""
    from nvgre_doctor.cli import main
    from nvgre_doctor.scan import fleet as reading

    told: dict[str, Any] = {}
    fold = reading.fold_on_cluster

    def folded(*args: Any) -> Any:
        told["home"] = fold(*args)
        told["last task"] = time.monotonic()
        return told["home"]

    reading.fold_on_cluster = folded
    begin = time.monotonic()
    more = ["--scheduler", scheduler] if scheduler else []
    main(["check", f"file://{folder}/captures/", "-q", "-o", f"json={output}", "-o",
          f"text={output}.txt", *more])  # fmt: skip
    end = time.monotonic()
    sys.stdout.flush()
    print("seconds", end - begin)
    print("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if "home" in told:
        print("after", end - told["last task"])
        print("home", len(pickle.dumps(told["home"], 5)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="See the module's text.")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "fleet")
    parser.add_argument("--alone", action="store_true", help="also one process, to compare bytes")
    parser.add_argument("--client", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--scheduler", help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.client:
        client(options.folder, options.scheduler, options.output)
        return 0
    make(options.folder, options.files)
    reports = []
    for workers in options.workers:
        with fleet(options.folder / "logs", workers) as running:
            output = options.folder / f"workers-{workers}.json"
            found = measure(options.folder, running.address, output)
            reports.append(output.read_bytes())
        print(
            f"{options.files} files, {workers} workers: {found['seconds']:.1f} s, client peak"
            f" {found['peak_mb']:.0f} MB, {found['home'] / options.files:.0f} bytes a file home,"
            f" {found['after']:.2f} s after the last task",
            flush=True,
        )
    if options.alone:
        output = options.folder / "alone.json"
        found = measure(options.folder, None, output)
        reports.append(output.read_bytes())
        print(f"one process: {found['seconds']:.1f} s, peak {found['peak_mb']:.0f} MB")
    print("the same bytes" if len(set(reports)) == 1 else "DIFFERENT reports")
    return 0 if len(set(reports)) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
