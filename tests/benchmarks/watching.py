"""What `watch` takes: how long after the deciding frame its line comes, how much of a core, and how
much memory.

    python -m tests.benchmarks.watching pipe        # or ring; --rate, --seconds
    python -m tests.benchmarks.watching long        # --frames, --files: a day, by a set clock

A writer and the watch share the machine.
"""

import argparse
import json
import resource
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from nvgre_doctor.terminal.memory import resident_bytes
from nvgre_doctor.watching.ring import Folder
from tests import build
from tests.program import PROGRAM, environment
from tests.watching.watched import HEADER, OLD, RFC, watching
from tests.worlds import SECOND, Tape, Vm, vm

HOSTS, CHUNK = 8, 500
RING_BYTES, RING_FILES = 20_000_000, 5


def traffic(frames: int) -> bytearray:
    """Records of healthy hosts."""
    tape = Tape()
    for i in range(frames // 2):
        one, two = i % HOSTS, (i + 1) % HOSTS
        key = 5001 + one << 8
        hosts = f"10.0.0.{1 + one}", f"10.0.0.{1 + two}"
        tape.ping(*hosts, key, key, vm(1 + one), vm(100 + one))
    return bytearray(build.pcap(tape.frames, magic="nano")[HEADER:])


def stamped(records: bytearray, ns: int) -> bytes:
    """The same at another time."""
    at, size = 0, len(records)
    seconds, rest = divmod(ns, SECOND)
    while at < size:
        struct.pack_into("<II", records, at, seconds, rest)
        at += 16 + int.from_bytes(records[at + 8 : at + 12], "little")
    return bytes(records)


def mismatch(number: int, ns: int) -> tuple[bytes, str]:
    """Two hosts that nobody has heard of, and cannot talk; the address of the old one."""
    one, two = f"10.1.{number}.1", f"10.1.{number}.2"
    tape = Tape(now_ns=ns)
    guests = [Vm(f"00:15:5d:0b:{number:02x}:0{i}", f"10.2.{number}.{i}") for i in (1, 2)]
    tape.ping(one, two, RFC, OLD, *guests)
    return build.pcap(tape.frames, magic="nano")[HEADER:], two


class Ring:
    """Writes as dumpcap does: files of a size, of which the last few are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number, self._files = folder, 0, list[Path]()
        self._next()

    def _next(self) -> None:
        self._number += 1
        path = self._folder / f"ring_{self._number:05}_20130220120000.pcap"
        self._file = path.open("wb", buffering=0)
        self._file.write(build.pcap([], magic="nano"))
        self._files.append(path)
        if len(self._files) > RING_FILES:
            self._files.pop(0).unlink()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        if self._file.tell() > RING_BYTES:
            self._file.close()
            self._next()


def write_at_rate(write: Callable[[bytes], object], rate: int, seconds: float) -> dict[str, float]:
    """Write, with a mismatch now and then; when each was written, by address."""
    records, written = traffic(CHUNK), dict[str, float]()
    begin = time.time()
    chunks, decisions = 0, 0
    while (now := time.time()) < begin + seconds:
        if now > begin + 2 + decisions * 0.37 and decisions < 250 and now < begin + seconds - 3:
            data, address = mismatch(decisions, time.time_ns())
            write(data)
            written[address] = time.time()
            decisions += 1
        write(stamped(records, time.time_ns()))
        chunks += 1
        time.sleep(max(0.0, begin + chunks * CHUNK / rate - time.time()))
    print(f"wrote {chunks * CHUNK / (time.time() - begin):,.0f} frames/s, {decisions} decisions")
    return written


def live(source: str, rate: int, seconds: float, extra: list[str], *, is_pure: bool) -> None:
    """Latency, share of a core, memory."""
    with tempfile.TemporaryDirectory() as folder:
        is_pipe = source == "pipe"
        ring = None if is_pipe else Ring(Path(folder))
        args = [*PROGRAM, "watch", "-" if is_pipe else folder, "-f", "jsonl", "--fail-on", "never"]
        process = subprocess.Popen(
            [*args, *extra],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(**({"NVGRE_DOCTOR_PURE": "1"} if is_pure else {})),
        )
        assert process.stdin is not None
        assert process.stdout is not None
        heard, lines = dict[str, float](), list[dict[str, object]]()

        def listen() -> None:
            for line in process.stdout or ():
                event = json.loads(line)
                lines.append(event)
                if event["event"] == "appeared" and event["finding"]["code"] == "NVG201":
                    heard[event["finding"]["subject"]["address"]] = time.time()

        listener = threading.Thread(target=listen)
        listener.start()
        if ring is None:
            process.stdin.write(build.pcap([], magic="nano"))
        write = ring.write if ring is not None else process.stdin.write
        written = write_at_rate(write, rate, seconds)
        peak = peak_of(process.pid)
        process.stdin.close()
        if ring is not None:
            process.terminate()
        listener.join()
        process.wait()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        late = sorted(heard[address] - at for address, at in written.items() if address in heard)
        p95 = late[int(len(late) * 0.95)]
        cpu = used.ru_utime + used.ru_stime
        names = [str(line["event"]) for line in lines]
        print("not heard:", *sorted(set(written) - set(heard)))
        print(
            f"{source}: {len(late)} of {len(written)} heard; median {late[len(late) // 2]:.2f} s,"
            f" p95 {p95:.2f} s, worst {late[-1]:.2f} s; {100 * cpu / seconds:.0f} % of a core;"
            f" peak {peak // 1_000_000} MB; lost {names.count('lost')},"
            f" behind {names.count('behind')}"
        )


def peak_of(pid: int) -> int:
    """Bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 0


def long(frames: int, files: int) -> None:
    """Memory, over a day of a ring."""
    records, each = traffic(CHUNK), frames // files
    sizes: list[int] = []
    with tempfile.TemporaryDirectory() as place, watching(Folder(place), window_s=600) as watched:
        for number in range(1, files + 1):
            path = Path(place) / f"ring_{number:05}_20130220120000.pcap"
            with path.open("wb", buffering=0) as file:
                file.write(build.pcap([], magic="nano"))
                for _ in range(each // CHUNK):
                    file.write(stamped(records, watched.clock.ns))
            watched.look(86_400 / files)
            watched.kept.events.clear()
            watched.kept.standings.clear()
            sizes.append(resident_bytes() or 0)
            for old in sorted(Path(place).iterdir())[:-RING_FILES]:
                old.unlink()
        read = watched.watch._counts.frames
    quarter = files // 4
    quarters = [max(sizes[i * quarter : (i + 1) * quarter]) / 1e6 for i in range(4)]
    print(
        f"{read:,} frames, {files} files, 24 h: most in each quarter",
        *map("{:.1f}".format, quarters),
        "MB",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("pipe", "ring", "long"))
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--frames", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--pure", action="store_true", help="with the loop in Python")
    given, extra = parser.parse_known_args()
    if given.what == "long":
        long(given.frames, given.files)
    else:
        live(given.what, given.rate, given.seconds, extra, is_pure=given.pure)


if __name__ == "__main__":
    main()
