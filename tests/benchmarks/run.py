"""Measure nvgre-doctor and its peers: `python -m tests.benchmarks.run [--frames N] [--rounds R]
[--only NAME...]`.

Knows what is compared with what, and the bars; whole processes, start to exit, in turn, in one
run.  Files come from the page cache: each was just written, and is read once before the rounds that
count.  Needs nine times the space of one capture (1,000,000 frames: 6 GB), tshark, tcpdump and
capinfos for the rows about them, and os.wait4 (not Windows).
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.bench import Bench, say
from tests.benchmarks.processes import ROOT, Command, CommandError, interleave, python
from tests.benchmarks.table import MEGABYTE, Bar, Row, Unit, markdown

DOCTOR = "nvgre-doctor"
SAMPLE_GLOB = "04-*"  # in sample_pcaps: 3 kB, and all kinds of inference have to run

COPY = "tcpdump -w /dev/null"
PEERS = {
    "dpkt loop": Bar(20, 25, at_least=True),
    "tshark -T fields": Bar(33, 40, at_least=True),
    "tcpdump text": Bar(4, 5, at_least=True),
    COPY: Bar(None, 2.5),
    "capinfos -c": None,
}


def _peer_commands(capture: Path) -> dict[str, Command]:
    """Those that are installed."""
    fields = ("-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-e", "gre.key")
    commands = {
        "dpkt loop": Command(python(Path(__file__).with_name("peer_dpkt.py"), capture), slow=True),
        "tshark -T fields": Command(("tshark", "-nr", str(capture), *fields), slow=True),
        "tcpdump text": Command(("tcpdump", "-nr", str(capture), "proto", "47")),
        COPY: Command(("tcpdump", "-r", str(capture), "-w", "/dev/null")),
        "capinfos -c": Command(("capinfos", "-c", str(capture))),
    }
    missing = {name for name, command in commands.items() if not shutil.which(command.arguments[0])}
    for name in sorted(missing):
        say(f"not installed: {commands[name].arguments[0]}, so no row for {name!r}")
    return {name: command for name, command in commands.items() if name not in missing}


def measure_peers(bench: Bench) -> list[Row]:
    """The lab profile, and everyone else on the same file."""
    with bench.capture("lab") as lab:
        doctor = bench.doctor(lab)
        bench.check_answer(doctor, bench.frames)
        timings = interleave(
            {DOCTOR: doctor, **_peer_commands(lab)}, bench.rounds, bench.peers_rounds
        )
    ours = timings.pop(DOCTOR)
    rows = [Row("lab", DOCTOR, bench.frames, ours)]
    for name, timing in timings.items():
        bar = PEERS[name]
        if bar is None or bar.at_least:
            value, compared = timing.median / ours.median, f"its time / {DOCTOR}'s"
        else:
            value, compared = ours.median / timing.median, f"{DOCTOR}'s time / its"
        rows.append(Row("lab", name, bench.frames, timing, value, compared, bar))
    return rows


@dataclass(frozen=True, slots=True)
class Variant:
    """Another capture of as many frames, against the lab profile as Ethernet in a pcap."""

    bar: Bar
    profile: str = "lab"
    encapsulation: str = "ethernet"
    suffix: str = "pcap"

    def __call__(self, bench: Bench) -> list[Row]:
        name = f"{self.profile}, {self.encapsulation}, {self.suffix}"
        with (
            bench.capture("lab") as lab,
            bench.capture(self.profile, self.encapsulation, self.suffix) as other,
        ):
            commands = {"lab": bench.doctor(lab), name: bench.doctor(other)}
            bench.check_answer(commands[name], bench.frames)
            timings = interleave(commands, bench.rounds, 0)
        value = timings[name].median / timings["lab"].median
        return [
            Row(name, DOCTOR, bench.frames, timings[name], value, "its time / the lab's", self.bar)
        ]


def measure_cores(bench: Bench) -> list[Row]:
    """Four times the frames: as one file and as two, with one process and with two."""
    frames = 4 * bench.frames
    with (
        bench.capture("lab", times=4) as one,
        bench.capture("lab", times=2) as first,
        bench.capture("lab", times=2, seed=2) as second,
    ):
        commands = {}
        for work, captures in (("one file", (one,)), ("two files", (first, second))):
            for jobs in (1, 2):
                command = commands[f"{work}, --jobs {jobs}"] = bench.doctor(*captures, jobs=jobs)
                bench.check_answer(command, frames)
        if shutil.which("tcpdump"):
            commands[COPY] = _peer_commands(one)[COPY]
        timings = interleave(commands, bench.rounds, 0)
    copy = timings.pop(COPY, None)
    rows = []
    for work in ("one file", "two files"):
        single, double = timings[f"{work}, --jobs 1"], timings[f"{work}, --jobs 2"]
        rows.append(Row(f"4x frames, {work}", f"{DOCTOR} --jobs 1", frames, single))
        bar = Bar(1.6, None, at_least=True)
        value = single.median / double.median
        rows.append(
            Row(
                f"4x frames, {work}",
                f"{DOCTOR} --jobs 2",
                frames,
                double,
                value,
                "--jobs 1's time / its",
                bar,
            )
        )
    if copy is not None:
        value = timings["one file, --jobs 2"].median / copy.median
        rows.append(
            Row(
                "4x frames, one file",
                COPY,
                frames,
                copy,
                value,
                "--jobs 2's time / its",
                Bar(None, 1.0),
            )
        )
    return rows


def measure_sample(bench: Bench) -> list[Row]:
    """From nothing to the verdict, on a small capture."""
    sample = next((ROOT / "sample_pcaps").glob(SAMPLE_GLOB))
    commands = {report: bench.doctor(sample, report=report) for report in ("json", "text")}
    timings = interleave(commands, 3 * bench.rounds, 0)
    bars = {"json": Bar(0.20, 0.12, Unit.SECONDS), "text": None}
    size = f"{sample.stat().st_size / 1000:.0f} kB sample"
    return [
        Row(
            size,
            f"{DOCTOR} --format {report}",
            0,
            timing,
            timing.median if bars[report] else None,
            "its time",
            bars[report],
        )
        for report, timing in timings.items()
    ]


def measure_memory(bench: Bench) -> list[Row]:
    """Peak memory: it may grow with what talks, not with frames.  One run each, it hardly
    varies.
    """
    rows = []
    for profile, times, limit in (
        ("entropy", 1, 120),
        ("entropy", 5, 120),
        ("lab", 1, 60),
        ("lab", 4, 60),
    ):
        with bench.capture(profile, times=times) as capture:
            timing = interleave({DOCTOR: bench.doctor(capture)}, 1, 0)[DOCTOR]
        work = f"memory: {profile}, {times}x frames"
        bar = Bar(limit, 40 if profile == "lab" else None, Unit.MEGABYTES)
        rows.append(
            Row(work, DOCTOR, times * bench.frames, timing, timing.peak / MEGABYTE, "its peak", bar)
        )
    return rows


WORKS: dict[str, Callable[[Bench], list[Row]]] = {
    "peers": measure_peers,
    "pcapng": Variant(Bar(1.3, 1.3), suffix="pcapng"),
    "vlan": Variant(Bar(1.5, 1.2), encapsulation="vlan"),
    "sll2": Variant(Bar(1.5, 1.2), encapsulation="sll2"),
    "raw": Variant(Bar(1.5, 1.2), encapsulation="raw"),
    "ipv6": Variant(Bar(1.5, 1.2), encapsulation="ipv6"),
    "needle": Variant(Bar(1.0, 0.67), profile="needle"),
    "entropy": Variant(Bar(2.5, 1.5), profile="entropy"),
    "cores": measure_cores,
    "sample": measure_sample,
    "memory": measure_memory,
}


SHARE_THE_LAB = {"peers"} | {name for name, work in WORKS.items() if isinstance(work, Variant)}


# --- command line ------------------------------------------------------------


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
        help="20,000 frames, one round, judge nothing: does it work?",
    )
    parsed = parser.parse_args(arguments)
    if parsed.small:
        parsed.frames, parsed.rounds, parsed.peers_rounds = 20_000, 1, 1
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
