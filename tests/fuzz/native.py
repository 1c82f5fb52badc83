"""The loop in C on mutated captures: `python -m tests.fuzz.native --seconds 60`.

With a `_scanner` that was built with ASAN and UBSAN, and their runtimes preloaded, this is where
reads beyond a frame show: `.ci/run` does so.  The buffers are copied to where they end with the
memory that was asked for, and what is counted must be what Python counts, and what decoding every
frame says.  `scanner` in tests/fuzz/targets.py is the same, and can be guided by what the mutations
reach in C: see tests/fuzz/run.py.
"""

import argparse
import io
import sys
import time
from random import Random

import pytest

from nvgre_doctor.capture import open_capture
from nvgre_doctor.capture.formats import pcap, pcapng, reader
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.scan.counting import FrameCounter, scan
from nvgre_doctor.scan.native import scanner_class
from tests.exactly import scan_exactly
from tests.fuzz import captures
from tests.fuzz.frames import LINKTYPES, mixed_frames
from tests.fuzz.invariants import without_c

BUFFERS = (700, 300, 1500, 4096)
"""Bytes: many buffers, each of which the allocator guards at its end."""
ROWS = (None, 1, 5, 40)
"""Of the table: a full one is emptied."""


def capture_of(dice: Random, frames: int = 60) -> bytes:
    """The first byte says how it is read.  The rest is a random capture, some of its bytes
    changed.
    """
    some = mixed_frames(dice, frames)
    if dice.random() < 0.5:
        data = bytearray(captures.random_pcapng(dice, some))
    else:
        linktype = dice.choice(LINKTYPES)
        data = bytearray(
            captures.random_pcap(dice, [frame._replace(linktype=linktype) for frame in some])
        )
    for _ in range(dice.choice((0, 1, 3, 10))):
        data[dice.randrange(24, len(data))] = dice.randrange(256)
    return bytes([dice.randrange(len(BUFFERS) * len(ROWS))]) + data


def seeds() -> list[bytes]:
    """A few of them, short ones."""
    return [capture_of(Random(n), 25) for n in range(30)]


def check(data: bytes) -> None:
    """C says what Python says, and what decoding every frame says."""
    how, capture = data[0] if data else 0, data[1:]
    rows = ROWS[how // len(BUFFERS) % len(ROWS)]
    with pytest.MonkeyPatch.context() as patch:
        for module in (reader, pcap, pcapng):
            patch.setattr(module, "CHUNK", BUFFERS[how % len(BUFFERS)])
        found = counted(capture, rows)
        with without_c():
            assert counted(capture, rows) == found, data.hex()
        with open_capture("-", stdin=io.BytesIO(capture)) as opened:
            assert scan_exactly(opened.batches()) == found, data.hex()


def counted(capture: bytes, rows: int | None) -> CaptureEvidence:
    """As the program counts."""
    counter = FrameCounter(rows)
    with open_capture("-", stdin=io.BytesIO(capture)) as opened:
        return scan(opened.batches(walker=counter), counter)


def main() -> int:
    """0: all was well."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if scanner_class() is None:
        print("the C extension is not built", file=sys.stderr)
        return 2
    ends, seed = time.monotonic() + options.seconds, options.seed
    while time.monotonic() < ends:
        check(capture_of(Random(seed)))
        seed += 1
    print(f"{seed - options.seed:,} mutated captures in the C loop: nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
