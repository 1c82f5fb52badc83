"""An event trace with the frames of a pcap capture: `python -m tests.benchmarks.traces pktmon
lab.pcap -o lab.etl`.

ndiscap  as `netsh trace` writes them: each frame once, buffers as they are
pktmon   each frame at three components, one after the other, in compressed buffers

Four processors, buffers of 64 kB.  Must not know anything of nvgre_doctor.
"""

import argparse
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.build_etl import BEGIN, Event, Trace, ndiscap, pktmon

KINDS = ("ndiscap", "pktmon")
PROCESSORS = 4
COMPONENTS = (11, 12, 13)
TRACE = Trace(buffer_size=65_536)
_HEADER = 0x48
_WRITTEN_AT = _HEADER + 32 + 0x24
_RECORD = struct.Struct("<8xII")


def frames(path: Path) -> Iterator[tuple[bytes, int]]:
    """Captured bytes and original length, of a little-endian pcap."""
    with path.open("rb") as file:
        file.seek(24)
        while head := file.read(_RECORD.size):
            captured, length = _RECORD.unpack(head)
            yield file.read(captured), length


def events(kind: str, path: Path) -> Iterator[Event]:
    """One microsecond after the other."""
    for number, (frame, length) in enumerate(frames(path)):
        ts_ns = BEGIN + 3000 * number
        if kind == "ndiscap":
            yield ndiscap(ts_ns, frame, thread=number % 8)
            continue
        for place, component in enumerate(COMPONENTS):
            yield pktmon(ts_ns + 1000 * place, frame, component, wire_length=length, group=number)


def buffers(trace: Trace, found: Iterator[Event]) -> Iterator[bytes]:
    """Events dealt to the processors, each with a buffer that is written when it is full."""
    full: list[list[bytes]] = [[] for _ in range(PROCESSORS)]
    used = [_HEADER] * PROCESSORS
    sequence = 1
    for number, event in enumerate(found):
        at, data = number % PROCESSORS, trace.event(event)
        if used[at] + len(data) > trace.buffer_size:
            yield trace.buffer(full[at], sequence, at)
            full[at], used[at], sequence = [], _HEADER, sequence + 1
        full[at].append(data)
        used[at] += len(data)
    for at, rest in enumerate(full):
        if rest:
            yield trace.buffer(rest, sequence, at)
            sequence += 1


def write(kind: str, capture: Path, target: Path) -> None:
    """The whole trace, with the number of its buffers in its header."""
    trace = replace(TRACE, compressed=kind == "pktmon")
    written = 1
    with target.open("wb") as file:
        file.write(trace.header())
        for buffer in buffers(trace, events(kind, capture)):
            file.write(buffer)
            written += 1
        file.seek(_WRITTEN_AT)
        file.write(struct.pack("<I", written))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write one event trace.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("capture", type=Path, help="a pcap capture")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    write(arguments.kind, arguments.capture, arguments.output)


if __name__ == "__main__":
    main()
