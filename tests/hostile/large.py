"""What large hostile captures cost, by hand: `python -m tests.hostile.large FOLDER`.

Each kind multiplies one thing that a capture can multiply, in a capture of 100 MB and in one of a
quarter of that, which are made in FOLDER, checked by the program, and deleted.  Four times the
bytes may cost 4.5 times the time of a processor, and no more than MEGABYTES of memory.
"""

import argparse
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from tests import build
from tests.build_etl import BEGIN, etl, ndiscap
from tests.program import PROGRAM, environment

MEGABYTES: Final = 300
TIMES: Final = 4.5
A, B = "192.168.50.1", "192.168.50.2"
INNER = build.inner_frame(
    "00:15:5d:0a:00:01",
    "00:15:5d:0a:00:02",
    build.ipv4("10.0.0.4", "10.0.0.5", 6, build.tcp("10.0.0.4", "10.0.0.5", 49152, 445)),
)
DATA = build.ethernet(build.nvgre(A, B, 0x00138900, INNER))
SOURCE, DESTINATION, FLAGS, KEY, MACS = 26, 30, 34, 38, 42  # offsets in it
MTU, QUOTED_SOURCE, QUOTED_DESTINATION, QUOTED_KEY = 40, 54, 58, 66  # in an ICMP error
FRAGMENT = build.ethernet(build.ipv4(A, B, 47, b"\x20\0\x65\x58", fragment=0xB9))
LABELLED = (  # behind 300 MPLS labels
    DATA[:12] + b"\x88\x47" + struct.pack(">I", 1 << 16) * 299 + b"\0\1\1\0" + DATA[14:]
)
CHUNK: Final = 1 << 20

Field = tuple[int, str, Callable[[int], int]]
"""Offset, format of struct, and the value in frame number n."""


def address(n: int) -> int:
    """All of 10.0.0.0/8, one after the other, far from each other."""
    return 0x0A000000 | n * 0x9E3779 & 0xFFFFFF


def error(code: int) -> bytes:
    quote = build.nvgre(A, B, 0x00138900, INNER)[:28]
    return build.ethernet(build.ipv4(B, A, 1, build.icmp(3, code, quote)))


def changing(frame: bytes, fields: Sequence[Field]) -> Iterator[bytes]:
    """A pcap of one frame again and again, with other values in these fields."""
    yield build.pcap([])
    buffer = bytearray(16) + frame
    for n in count():
        struct.pack_into("<IIII", buffer, 0, n // 1000, n % 1000, len(frame), len(frame))
        for offset, form, value in fields:
            struct.pack_into(form, buffer, 16 + offset, value(n))
        yield bytes(buffer)


def blocks(each: Callable[[int], bytes]) -> Iterator[bytes]:
    yield build.shb() + build.idb()
    for n in count():
        yield each(n)


def section(n: int) -> bytes:
    interfaces = build.idb(name=f"eth{n}") + build.idb(n % 300)
    return build.shb() + interfaces + build.epb(0, n * 1000, DATA)


def comments(n: int) -> bytes:
    options = b"".join(build.option(1, f"comment {n} {i}") for i in range(4))
    return build.epb(0, n * 1000, DATA, options=options)


def trace() -> Iterator[bytes]:
    """An event trace of hosts that no two frames share."""
    frames = [bytearray(DATA) for _ in range(8)]
    events = [ndiscap(BEGIN + n * 1000, bytes(frame)) for n, frame in enumerate(frames)]
    whole = etl(events)
    head = len(etl([]))
    yield whole[:head]
    buffer, places, place = bytearray(whole[head:]), [], -1
    while (place := buffer.find(DATA, place + 1)) >= 0:
        places.append(place)
    for n in count():
        for i, at in enumerate(places):
            struct.pack_into(">I", buffer, at + SOURCE, address(len(places) * n + i))
        yield bytes(buffer)


def far(n: int) -> int:
    """Of 32 bits, whose upper and lower octets change."""
    return n * 257 & 0xFFFFFFFF


FRAMES: Final[dict[str, tuple[bytes, Sequence[Field]]]] = {
    "hosts": (DATA, [(SOURCE, ">I", address), (DESTINATION, ">I", lambda n: address(n + 1))]),
    "VM pairs": (DATA, [(MACS + 8, ">I", address)]),
    "keys": (DATA, [(KEY, ">I", far)]),
    "flags": (DATA, [(FLAGS, ">H", lambda n: 0x2008 | n & 0x70), (SOURCE, ">I", address)]),
    "refused keys": (error(10), [(QUOTED_KEY, ">I", far)]),
    "refused hosts": (error(10), [(QUOTED_SOURCE, ">I", address)]),
    "MTUs": (
        error(4),
        [
            (MTU, ">H", lambda n: 1 + n % 0x7FFF),
            (QUOTED_DESTINATION, ">I", lambda n: address(n >> 4)),
        ],
    ),
    "senders of errors": (error(1), [(SOURCE, ">I", address)]),
    "fragments": (FRAGMENT, [(SOURCE, ">I", address)]),
    "labels": (LABELLED, [(14, ">I", lambda n: (16 + n % 0xFFFF0) << 12)]),
    "empty records": (b"", []),
}
OTHERS: Final = {
    "sections": lambda: blocks(section),
    "comments": lambda: blocks(comments),
    "event trace": trace,
}
KINDS: Final = (*FRAMES, *OTHERS)


def make(kind: str, size: int, path: Path) -> None:
    """A capture of about so many bytes."""
    with path.open("wb") as file:
        left, parts, length = size, list[bytes](), 0
        for part in changing(*FRAMES[kind]) if kind in FRAMES else OTHERS[kind]():
            parts.append(part)
            length += len(part)
            if length >= min(CHUNK, left):
                file.write(b"".join(parts))
                left, parts, length = left - length, [], 0
                if left <= 0:
                    return


def cost_of(path: Path) -> tuple[float, float]:
    """Seconds of a processor and megabytes at most that `check` takes.

    Linux lets a process begin with the peak of the one that started it, so this one is small.
    """
    process = subprocess.Popen(
        [*PROGRAM, "check", "-f", "json", "-o", f"{path}.json", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"{path.name}: exit code {process.returncode}")
    Path(f"{path}.json").unlink()
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each kind; 1 where one costs too much."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=int, default=100, metavar="N")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS, metavar="KIND")
    parser.add_argument("--most", type=int, default=MEGABYTES, metavar="MB", help="memory")
    parser.add_argument("--times", type=float, default=TIMES, metavar="N", help="of a quarter")
    options = parser.parse_args(arguments)
    is_dear = False
    for kind in options.only:
        costs = []
        for size in (options.megabytes * 250_000, options.megabytes * 1_000_000):
            path = options.folder / f"hostile-{kind.replace(' ', '-')}"
            make(kind, size, path)
            costs.append(cost_of(path))
            path.unlink()
        (before, _), (seconds, megabytes) = costs
        is_bad = seconds > options.times * before or megabytes > options.most
        is_dear |= is_bad
        print(
            f"{kind:18} {seconds:6.1f} s, {seconds / before:.1f} times a quarter of it, peak"
            f" {megabytes:.0f} MB{': too much' if is_bad else ''}",
            flush=True,
        )
    return int(is_dear)


if __name__ == "__main__":
    sys.exit(main())
