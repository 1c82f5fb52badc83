"""The loop in C on mutated captures: `python -m tests.fuzz.native --seconds 60`.

With a `_scanner` that was built with ASAN and UBSAN, and their runtimes preloaded, this is where
reads beyond a frame show: `.ci/run` does so.  The buffers are copied to where they end with the
memory that was asked for, and what is counted must be what decoding every frame says.
"""

import argparse
import io
import sys
import time
from random import Random

from nvgre_doctor.capture import open_capture
from nvgre_doctor.capture.formats import pcap, pcapng, reader
from nvgre_doctor.scan.counting import FrameCounter, scan
from nvgre_doctor.scan.native import scanner_class
from tests.exactly import scan_exactly
from tests.fuzz import captures
from tests.fuzz.frames import LINKTYPES, mixed_frames

BUFFER = 700  # bytes: many buffers, each of which the allocator guards at its end


def capture_of(dice: Random) -> bytes:
    """A random capture, some of its bytes changed."""
    frames = mixed_frames(dice, 60)
    if dice.random() < 0.5:
        data = bytearray(captures.random_pcapng(dice, frames))
    else:
        linktype = dice.choice(LINKTYPES)
        data = bytearray(
            captures.random_pcap(dice, [frame._replace(linktype=linktype) for frame in frames])
        )
    for _ in range(dice.choice((0, 1, 3, 10))):
        data[dice.randrange(24, len(data))] = dice.randrange(256)
    return bytes(data)


def check(data: bytes, rows: int | None) -> None:
    """C and Python together say what decoding every frame says."""
    counter = FrameCounter(rows)
    with open_capture("-", stdin=io.BytesIO(data)) as opened:
        found = scan(opened.batches(walker=counter), counter)
    with open_capture("-", stdin=io.BytesIO(data)) as opened:
        assert found == scan_exactly(opened.batches()), data.hex()


def main() -> int:
    """0: all was well."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if scanner_class() is None:
        print("the C extension is not built", file=sys.stderr)
        return 2
    for module in (reader, pcap, pcapng):
        module.CHUNK = BUFFER  # type: ignore[attr-defined]
    ends, seed = time.monotonic() + options.seconds, options.seed
    while time.monotonic() < ends:
        check(capture_of(Random(seed)), Random(seed).choice((None, 1, 5, 40)))
        seed += 1
    print(f"{seed - options.seed:,} mutated captures in the C loop: nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
