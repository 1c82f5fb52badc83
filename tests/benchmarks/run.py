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
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.bench import Bench, say
from tests.benchmarks.processes import ROOT, Command, CommandError, interleave, python
from tests.benchmarks.table import MEGABYTE, Bar, Row, Unit, markdown

DOCTOR = "nvgre-doctor"
SAMPLE_GLOB = "04-*"  # in sample_pcaps: 3 kB, and all kinds of inference have to run

COPY = "tcpdump -w /dev/null"
"""libpcap's copy of the capture: the least that anybody needs to look at every frame."""
C, PURE = "C", "Python"
"""The two loops that count frames; on a machine without the extension both are the second one."""
COPYS, LABS = "its time / the copy's", "its time / the lab's"


def _copy(capture: Path) -> Command:
    return Command(("tcpdump", "-r", str(capture), "-w", "/dev/null"))


def _peer_commands(capture: Path) -> dict[str, Command]:
    """Those that are installed."""
    fields = ("-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-e", "gre.key")
    commands = {
        "dpkt loop": Command(python(Path(__file__).with_name("peer_dpkt.py"), capture), slow=True),
        "tshark -T fields": Command(("tshark", "-nr", str(capture), *fields), slow=True),
        "tcpdump text": Command(("tcpdump", "-nr", str(capture), "proto", "47")),
        COPY: _copy(capture),
        "capinfos -c": Command(("capinfos", "-c", str(capture))),
    }
    missing = {name for name, command in commands.items() if not shutil.which(command.arguments[0])}
    for name in sorted(missing):
        say(f"not installed: {commands[name].arguments[0]}, so no row for {name!r}")
    return {name: command for name, command in commands.items() if name not in missing}


def measure_peers(bench: Bench) -> list[Row]:
    """The lab profile, and everyone else on the same file."""
    with bench.capture("lab") as lab:
        ours = {C: bench.doctor(lab), PURE: bench.doctor(lab, pure=True)}
        for command in ours.values():
            bench.check_answer(command, bench.frames)
        timings = interleave({**ours, **_peer_commands(lab)}, bench.rounds, bench.peers_rounds)
    c, pure = timings.pop(C), timings.pop(PURE)
    rows = []
    copy = timings.get(COPY)
    value = c.median / copy.median if copy else None
    rows.append(Row("lab", _name(C), bench.frames, c, value, COPYS, Bar(1.6, 1.3)))
    rows.append(Row("lab", _name(PURE), bench.frames, pure))
    bars = {
        "dpkt loop": Bar(12, None, at_least=True),
        "tcpdump text": Bar(2.4, None, at_least=True),
    }
    for name, timing in timings.items():
        value = timing.median / pure.median
        compared = f"its time / {_name(PURE)}'s"
        rows.append(Row("lab", name, bench.frames, timing, value, compared, bars.get(name)))
    return rows


def _name(scanner: str) -> str:
    return f"{DOCTOR}, {scanner}"


@dataclass(frozen=True, slots=True)
class Variant:
    """Another capture of as many frames: with C against the copy or the lab, and in Python against
    the lab.
    """

    bar: Bar
    pure_bar: Bar
    against_copy: bool = False
    profile: str = "lab"
    encapsulation: str = "ethernet"
    suffix: str = "pcap"
    times: float = 1
    snap: int = 0

    def __call__(self, bench: Bench) -> list[Row]:
        cut = f", snap {self.snap}" if self.snap else ""
        name = f"{self.profile}, {self.encapsulation}, {self.suffix}{cut}"
        shape = self.profile, self.encapsulation, self.suffix, self.times
        frames = int(self.times * bench.frames)
        with bench.capture("lab") as lab, bench.capture(*shape, snap=self.snap) as other:
            commands = {
                C: bench.doctor(other),
                PURE: bench.doctor(other, pure=True),
                "lab": bench.doctor(lab),
                "lab, pure": bench.doctor(lab, pure=True),
                COPY: _copy(other),
            }
            bench.check_answer(commands[C], frames)
            bench.check_answer(commands[PURE], frames)
            timings = interleave(commands, bench.rounds, 0)
        c, pure = timings[C], timings[PURE]
        base = timings[COPY if self.against_copy else "lab"]
        compared = COPYS if self.against_copy else LABS
        ratios = c.median / base.median, pure.median / timings["lab, pure"].median
        return [
            Row(name, _name(C), frames, c, ratios[0], compared, self.bar),
            Row(name, _name(PURE), frames, pure, ratios[1], LABS, self.pure_bar),
        ]


def measure_cores(bench: Bench) -> list[Row]:
    """Four times the frames, as one file and as four, with one thread and with two."""
    frames = 4 * bench.frames
    with ExitStack() as stack:
        one = stack.enter_context(bench.capture("lab", times=4))
        four = [stack.enter_context(bench.capture("lab", seed=seed)) for seed in (1, 2, 3, 4)]
        commands = {}
        for work, captures in (("one file", [one]), ("four files", four)):
            for jobs in (1, 2):
                command = commands[f"{work}, --jobs {jobs}"] = bench.doctor(*captures, jobs=jobs)
                bench.check_answer(command, frames)
        commands[COPY] = _copy(one)
        timings = interleave(commands, bench.rounds, 0)
    copy = timings.pop(COPY)
    rows = []
    for work in ("one file", "four files"):
        single, double = timings[f"{work}, --jobs 1"], timings[f"{work}, --jobs 2"]
        name, value = f"4x frames, {work}", single.median / copy.median
        rows.append(Row(name, f"{DOCTOR} --jobs 1", frames, single, value, COPYS, Bar(1.2, 0.9)))
        value, bar = single.wall / double.wall, Bar(1.7, None, at_least=True)
        compared = "--jobs 1's wall clock / its"
        rows.append(Row(name, f"{DOCTOR} --jobs 2", frames, double, value, compared, bar))
    rows.append(Row("4x frames, one file", COPY, frames, copy))
    return rows


def measure_gzip(bench: Bench) -> list[Row]:
    """Four times the frames, compressed."""
    with bench.capture("lab", times=4) as lab:
        packed = lab.with_suffix(".pcap.gz")
        with packed.open("wb") as file:
            subprocess.run(("gzip", "-1", "-c", str(lab)), stdout=file, check=True)
    unpack = Command(("gzip", "-dc", str(packed)))
    timings = interleave({C: bench.doctor(packed), "gzip -dc": unpack}, bench.rounds, 0)
    packed.unlink()
    value = timings[C].median / timings["gzip -dc"].median
    bar, frames = Bar(1.25, None), 4 * bench.frames
    row = Row("4x frames, gz", _name(C), frames, timings[C], value, "its time / gzip -dc's", bar)
    return [row, Row("4x frames, gz", "gzip -dc", frames, timings["gzip -dc"])]


def measure_hosts(bench: Bench) -> list[Row]:
    """Four times the hosts take four times the time."""
    rows = []
    few = max(bench.frames // 100, 100)
    for shape in ("star", "chain"):
        with bench.many_hosts(shape, few) as small, bench.many_hosts(shape, 4 * few) as large:
            commands = {"few": bench.doctor(small), "many": bench.doctor(large)}
            timings = interleave(commands, bench.rounds, 0)
        value = timings["many"].median / timings["few"].median
        work = f"{shape} of {4 * few:,} hosts"
        compared = f"its time / that of {few:,}"
        rows.append(Row(work, DOCTOR, 0, timings["many"], value, compared, Bar(4.5, None)))
    return rows


def measure_sample(bench: Bench) -> list[Row]:
    """From nothing to the verdict, on a small capture, beside a Python that does nothing."""
    sample = next((ROOT / "sample_pcaps").glob(SAMPLE_GLOB))
    commands = {report: bench.doctor(sample, report=report) for report in ("json", "text")}
    commands["import click"] = Command(python("-c", "import click"))
    timings = interleave(commands, 3 * bench.rounds, 0)
    click = timings.pop("import click")
    size = f"{sample.stat().st_size / 1000:.0f} kB sample"
    bars = {"json": Bar(1.86, None), "text": None}
    return [
        Row(
            size,
            f"{DOCTOR} --format {report}",
            0,
            timing,
            timing.median / click.median,
            "its time / that of `import click`",
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
            for scanner in (C, PURE):
                command = bench.doctor(capture, pure=scanner == PURE)
                timing = interleave({DOCTOR: command}, 1, 0)[DOCTOR]
                work = f"memory: {profile}, {times}x frames"
                frames, peak = times * bench.frames, timing.peak / MEGABYTE
                bar = Bar(limit, 40 if profile == "lab" else None, Unit.MEGABYTES)
                rows.append(Row(work, _name(scanner), frames, timing, peak, "its peak", bar))
    with bench.many_hosts("addresses", 40_000) as capture:
        timing = interleave({DOCTOR: bench.doctor(capture)}, 1, 0)[DOCTOR]
    peak, bar = timing.peak / MEGABYTE, Bar(150, None, Unit.MEGABYTES)
    rows.append(Row("memory: 80,000 hosts", DOCTOR, 40_000, timing, peak, "its peak", bar))
    return rows


def _link(encapsulation: str) -> Variant:
    return Variant(Bar(1.2, None), Bar(1.3, None), encapsulation=encapsulation)


WORKS: dict[str, Callable[[Bench], list[Row]]] = {
    "peers": measure_peers,
    "pcapng": Variant(Bar(1.8, 1.4), Bar(1.3, None), against_copy=True, suffix="pcapng"),
    "vlan": _link("vlan"),
    "sll2": _link("sll2"),
    "raw": _link("raw"),
    "ipv6": _link("ipv6"),
    "needle": Variant(Bar(1.3, 1.1), Bar(1.0, None), against_copy=True, profile="needle"),
    "entropy": Variant(Bar(2.2, 1.6), Bar(2.0, None), against_copy=True, profile="entropy"),
    "snap": Variant(Bar(1.3, None), Bar(2.0, None), snap=64),
    "refusals": Variant(Bar(2.0, None), Bar(1.0, None), profile="refusals", times=0.1),
    "cores": measure_cores,
    "gzip": measure_gzip,
    "hosts": measure_hosts,
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
