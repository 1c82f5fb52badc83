"""A fleet on this machine: many captures, a Dask cluster of real processes, and what its client
needs.

    python -m tests.benchmarks.fleet --files 10000 --workers 2 --folder /tmp/fleet

The captures are links to sixty: three of the profile "lab", each with twenty different ends.  For
each number of workers it prints the time, the peak of the client, the bytes that came home for each
file, and how long the client worked after the last task; and whether the report is that of one
process.  `--different` makes every capture one of another time: they have no stream in common, and
take room for each.
"""

import argparse
import os
import pickle
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests import build
from tests.benchmarks.profiles import START_US
from tests.remote.fleet import fleet

FRAMES = 20_000
LABS = 3
ENDS = 20
_NUMBER = 16 + 14 + 4  # where a record holds the identification of an IPv4 header
_TOLD = ("seconds", "cpu", "peak_mb", "after", "cpu_after", "home")


def make(folder: Path, files: int, *, frames: int = FRAMES, different: bool = False) -> None:
    """The captures: links to a few, or each of another time."""
    captures = folder / "captures"
    captures.mkdir(parents=True, exist_ok=True)
    labs = []
    for seed in range(LABS):
        path = folder / f"lab-{seed}.source"
        if not path.exists():
            args = ["lab", "--frames", str(frames), "--seed", str(seed + 1), "-o", f"{path}.pcap"]
            subprocess.run([sys.executable, "-m", "tests.benchmarks.profiles", *args], check=True)
            os.replace(f"{path}.pcap", path)
        labs.append(path)
    for number in range(files):
        place = captures / f"{number:05}.pcap"
        if place.exists():
            continue
        lab, end = labs[number % LABS], number // LABS % ENDS
        if different:
            place.write_bytes(_later(lab.read_bytes(), number))
            continue
        source = folder / f"{lab.stem}-{end:02}.source"
        if not source.exists():
            source.write_bytes(lab.read_bytes() + _end(end))
        os.link(source, place)


def _end(number: int) -> bytes:
    """Records of packets between two VMs that no other end has, a second after the beginning."""
    inner = build.inner_frame(f"00:15:5d:fe:00:{number:02x}", "00:15:5d:fe:01:01", bytes(100))
    frame = build.ethernet(build.nvgre("192.168.50.1", "192.168.50.2", 0x00138900, inner))
    times = [1000 * START_US + 10**9 + 1000 * each for each in range(5)]
    return build.pcap([(ts_ns, frame) for ts_ns in times])[24:]


def _later(capture: bytes, hours: int) -> bytes:
    """The same flows so much later, in packets that their senders numbered otherwise."""
    moved = bytearray(capture)
    at = 24
    while at < len(moved):
        time_s, _, captured = struct.unpack_from("<III", moved, at)
        struct.pack_into("<I", moved, at, time_s + 3600 * hours)
        (number,) = struct.unpack_from(">H", moved, at + _NUMBER)
        struct.pack_into(">H", moved, at + _NUMBER, number + 7919 * hours & 0xFFFF)
        at += 16 + captured
    return bytes(moved)


def measure(folder: Path, scheduler: str | None, output: Path) -> dict[str, float]:
    """In a process of its own: one run of `check`."""
    args = [sys.executable, "-m", "tests.benchmarks.fleet", "--client", "--folder", str(folder)]
    args += ["--output", str(output), *(["--scheduler", scheduler] if scheduler else [])]
    done = subprocess.run(args, check=True, capture_output=True, text=True)
    lines = [line.split() for line in done.stdout.splitlines()[-len(_TOLD) :]]
    return {line[0]: float(line[1]) for line in lines if len(line) == 2 and line[0] in _TOLD}


def client(folder: Path, scheduler: str | None, output: Path) -> None:
    """What one run of `check` needs."""
    from nvgre_doctor.cli import main
    from nvgre_doctor.scan import fleet as reading

    told: dict[str, Any] = {}
    fold = reading.fold_on_cluster

    def folded(*args: Any) -> Any:
        told["home"] = fold(*args)
        told["last task"], told["cpu"] = time.monotonic(), time.process_time()
        return told["home"]

    reading.fold_on_cluster = folded
    begin = time.monotonic()
    more = ["--scheduler", scheduler] if scheduler else []
    main(["check", f"file://{folder}/captures/", "-q", "-o", f"json={output}", "-o",
          f"text={output}.txt", *more])  # fmt: skip
    end, cpu = time.monotonic(), time.process_time()
    sys.stdout.flush()
    print("seconds", end - begin)
    print("cpu", cpu)
    print("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if "home" in told:
        print("after", end - told["last task"])
        print("cpu_after", cpu - told["cpu"])
        print("home", len(pickle.dumps(told["home"], 5)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="See the module's text.")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--frames", type=int, default=FRAMES, help="of a new folder")
    parser.add_argument("--different", action="store_true", help="no two captures of one time")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "fleet")
    parser.add_argument("--alone", action="store_true", help="also one process, to compare bytes")
    parser.add_argument("--client", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--scheduler", help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.client:
        client(options.folder, options.scheduler, options.output)
        return 0
    make(options.folder, options.files, frames=options.frames, different=options.different)
    reports = []
    for workers in options.workers:
        with fleet(options.folder / "logs", workers) as running:
            output = options.folder / f"workers-{workers}.json"
            found = measure(options.folder, running.address, output)
            reports.append(output.read_bytes())
        print(
            f"{options.files} files, {workers} workers: {found['seconds']:.1f} s, client peak"
            f" {found['peak_mb']:.0f} MB, {found['home'] / options.files:.0f} bytes a file home,"
            f" {found['after']:.2f} s after the last task ({found['cpu_after']:.2f} s of CPU)",
            flush=True,
        )
    if options.alone:
        output = options.folder / "alone.json"
        found = measure(options.folder, None, output)
        reports.append(output.read_bytes())
        print(
            f"{options.files} files, one process: {found['seconds']:.1f} s ({found['cpu']:.1f} s of"
            f" CPU), peak {found['peak_mb']:.0f} MB"
        )
    print("the same bytes" if len(set(reports)) == 1 else "DIFFERENT reports")
    return 0 if len(set(reports)) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
