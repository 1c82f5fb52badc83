"""What is measured, what it is compared with, and the bars.

Knows the rows of the table; must not know the command line.
"""

import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.benchmarks.bench import Bench, say
from tests.benchmarks.processes import ROOT, Command, interleave, python
from tests.benchmarks.table import MEGABYTE, Bar, Row, Unit

DOCTOR = "nvgre-doctor"
SAMPLE_GLOB = "04-*"  # in sample_pcaps: 3 kB, and all kinds of inference have to run

COPY = "tcpdump -w /dev/null"
"""libpcap's copy of the capture: the least that anybody needs to look at every frame."""
C, PURE = "C", "Python"
"""The two loops that count frames; on a machine without the extension both are the second one."""
READING = "nvgre_doctor reads, no more"
DISSECT, DISSECT_BYTES = "dissect.etl, with values", "dissect.etl, time and bytes"
TRACES = (("ndiscap", 0.2, 1), ("pktmon", 0.03, 3))
"""Kind, its packets as a part of the frames of a benchmark, and events for each packet."""
MOST_OF_A_TRACE = 40 + 4 * 0.065
"""MB: one buffer for each of its processors may be open."""
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
            commands = {
                f"{scanner}, {hosts}": bench.doctor(capture, pure=scanner == PURE)
                for scanner in (C, PURE)
                for hosts, capture in (("few", small), ("many", large))
            }
            timings = interleave(commands, bench.rounds, 0)
        work = f"{shape} of {4 * few:,} hosts"
        compared = f"its time / that of {few:,}"
        for scanner in (C, PURE):
            timing = timings[f"{scanner}, many"]
            value = timing.median / timings[f"{scanner}, few"].median
            rows.append(Row(work, _name(scanner), 0, timing, value, compared, Bar(4.5, None)))
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


def measure_traces(bench: Bench) -> list[Row]:
    """Event traces, beside the only other reader in Python of both kinds."""
    rows = []
    for kind, times, events in TRACES:
        with ExitStack() as stack:
            capture = stack.enter_context(bench.capture("lab", times=times, snap=128))
            trace = stack.enter_context(bench.trace(kind, capture))
            commands = {C: bench.doctor(trace), PURE: bench.doctor(trace, pure=True)}
            frames = int(times * bench.frames) * events
            for command in commands.values():
                bench.check_answer(command, frames)
            commands[READING] = Command(python("-m", "tests.benchmarks.read_frames", trace))
            if find_spec("dissect"):
                arguments = python("-m", "tests.benchmarks.peer_dissect", trace)
                commands[DISSECT] = Command(arguments, slow=True)
                commands[DISSECT_BYTES] = Command((*arguments, "--bytes"), slow=True)
            else:
                say("not installed: dissect.etl, so no row for it")
            timings = interleave(commands, bench.rounds, bench.peers_rounds)
        name, reading = f"trace of {kind}", timings[READING]
        rows += [Row(name, _name(scanner), frames, timings[scanner]) for scanner in (C, PURE)]
        rows.append(Row(name, READING, frames, reading))
        for peer, bar in (DISSECT, Bar(4, None, at_least=True)), (DISSECT_BYTES, None):
            if peer in timings:
                value = timings[peer].median / reading.median
                compared = f"its time / {READING}'s"
                rows.append(Row(name, peer, frames, timings[peer], value, compared, bar))
    return rows


def measure_memory(bench: Bench) -> list[Row]:
    """Peak memory: it may grow with what talks, not with frames.  One run each, it hardly
    varies.
    """
    rows = []

    def measure(work: str, capture: Path, frames: int, bar: Bar) -> None:
        for scanner in (C, PURE):
            command = bench.doctor(capture, pure=scanner == PURE)
            timing = interleave({DOCTOR: command}, 1, 0)[DOCTOR]
            peak = timing.peak / MEGABYTE
            name = f"memory: {work}"
            rows.append(Row(name, _name(scanner), frames, timing, peak, "its peak", bar))

    for kind, times, events in TRACES:
        for more in (1, 4):
            with (
                bench.capture("lab", times=more * times, snap=128) as capture,
                bench.trace(kind, capture) as trace,
            ):
                frames = int(more * times * bench.frames) * events
                bar = Bar(MOST_OF_A_TRACE, None, Unit.MEGABYTES)
                measure(f"trace of {kind}, {frames:,} frames", trace, frames, bar)
    for profile, times, bar in (
        ("entropy", 1, Bar(120, None, Unit.MEGABYTES)),
        ("entropy", 5, Bar(120, None, Unit.MEGABYTES)),
        ("lab", 1, Bar(60, 40, Unit.MEGABYTES)),
        ("lab", 4, Bar(60, 40, Unit.MEGABYTES)),
    ):
        with bench.capture(profile, times=times) as capture:
            measure(f"{profile}, {times}x frames", capture, times * bench.frames, bar)
    frames = bench.frames // 25
    for shape, times in (("addresses", 1), ("ids", 2), ("flags", 2), ("quotes", 2), ("mtus", 2)):
        with bench.many_hosts(shape, times * frames) as capture:
            bar = Bar(150, None, Unit.MEGABYTES)
            measure(f"80,000 {shape}" if frames == 40_000 else shape, capture, times * frames, bar)
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
    "mpls": _link("mpls"),
    "needle": Variant(Bar(1.3, 1.1), Bar(1.0, None), against_copy=True, profile="needle"),
    "entropy": Variant(Bar(2.2, 1.6), Bar(2.0, None), against_copy=True, profile="entropy"),
    "snap": Variant(Bar(1.3, None), Bar(2.0, None), snap=64),
    "refusals": Variant(Bar(2.0, None), Bar(1.0, None), profile="refusals", times=0.1),
    "cores": measure_cores,
    "gzip": measure_gzip,
    "hosts": measure_hosts,
    "sample": measure_sample,
    "traces": measure_traces,
    "memory": measure_memory,
}


SHARE_THE_LAB = {"peers"} | {name for name, work in WORKS.items() if isinstance(work, Variant)}
