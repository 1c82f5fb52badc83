"""Captures for the benchmark, of any number of frames: `python -m tests.benchmarks.profiles lab
--frames 1000000 -o lab.pcap`.

Knows what a capture is made of and how it is stored; must not know anything of nvgre_doctor.  The
same arguments give the same bytes, and a shorter capture is the beginning of a longer one.

| profile | what is in it
|
|---------|--------------------------------------------------------------------------------------------------------------|
| lab     | 16 hosts, 2 of them old, 240 VMs, 6,000 inner flows; a few are busy.  96 % NVGRE data,
pings and refusals     |
|         | inside NVGRE, 3 % storage traffic (TCP) and ARP between the hosts
|
| needle  | 2 % of the lab's NVGRE in TCP
|
| refusals | nothing but refusals inside NVGRE, in the lab
|
| entropy | 40 hosts, 5 of them old, 4,000 VMs, 400,000 inner flows, all equally busy
|
"""

import argparse
import gc
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from tests import build
from tests.benchmarks.fabric import Fabric, Scale, build_fabric
from tests.benchmarks.frames import (
    ENCAPSULATIONS,
    Encapsulation,
    arp_request,
    nvgre_template,
    ping,
    refusal,
    tcp_template,
)

START_US: Final = 1_361_355_247_000_000  # 2013-02-20 10:14:07 UTC
BLOCK: Final = 4096  # frames that are drawn and written at once
LONGEST_PAYLOAD: Final = 1380
UNDERLAY_CONNECTIONS: Final = 200


@dataclass(frozen=True, slots=True)
class Profile:
    """What a capture is made of.  Shares are parts of 100,000 frames."""

    scale: Scale
    nvgre: int
    underlay: int  # TCP between hosts
    pings: int = 0  # inside NVGRE
    arp: int = 0
    refusals: int = 0  # ICMP 3/10 inside NVGRE (MS-NVGREE section 2.2.2)
    skew: float = 1.0  # 1: all flows are equally busy; larger: the first ones are busier
    payloads: tuple[tuple[int, int], ...] = ()  # (bytes of TCP payload, weight)


_LAB: Final = Scale(hosts=16, old_hosts=2, vms=240, tenants=12, flows=6_000)
_ENTROPY: Final = Scale(hosts=40, old_hosts=5, vms=4_000, tenants=40, flows=400_000)
# Acknowledgments, requests, full segments.  The weights make an average frame of about 680 bytes.
_PAYLOADS: Final = ((0, 31), (64, 4), (220, 6), (512, 6), (LONGEST_PAYLOAD, 53))
_SEGMENTS: Final = ((0, 44), (220, 6), (512, 8), (LONGEST_PAYLOAD, 42))

PROFILES: Final = {
    "lab": Profile(
        _LAB, 96_000, 3_000, pings=500, arp=480, refusals=20, skew=2.0, payloads=_PAYLOADS
    ),
    "needle": Profile(_LAB, 2_000, 98_000, skew=2.0, payloads=_SEGMENTS),
    "refusals": Profile(_LAB, 0, 0, refusals=100_000, payloads=_PAYLOADS),
    "entropy": Profile(
        _ENTROPY, 96_000, 3_000, pings=500, arp=480, refusals=20, payloads=_PAYLOADS
    ),
}


def frames(profile: Profile, encapsulation: Encapsulation, seed: int) -> Iterator[list[bytes]]:
    """Blocks of frames, without end."""
    rng = random.Random(seed)
    fabric = build_fabric(profile.scale, rng)
    flows = [nvgre_template(encapsulation, flow) for flow in fabric.flows]
    underlay = []
    for _ in range(UNDERLAY_CONNECTIONS):
        source, destination = rng.sample(fabric.hosts, 2)
        underlay.append(
            tcp_template(encapsulation, source, destination, rng.randrange(49152, 65536))
        )
    rare = _rare(encapsulation, fabric)
    shares = {"nvgre": profile.nvgre, "underlay": profile.underlay}
    shares |= {"pings": profile.pings, "arp": profile.arp, "refusals": profile.refusals}
    noise = rng.randbytes(LONGEST_PAYLOAD)
    payloads = [noise[:size] for size, _ in profile.payloads]
    weights = [weight for _, weight in profile.payloads]
    ident = 0
    while True:
        block = []
        kinds = rng.choices(list(shares), list(shares.values()), k=BLOCK)
        for kind, payload in zip(kinds, rng.choices(payloads, weights, k=BLOCK), strict=True):
            drawn = rng.random()
            ident = ident + 1 & 0xFFFF
            if kind == "nvgre":
                template = flows[int(drawn**profile.skew * len(flows))]
                block.append(template.frame(payload if template.carries_payload else b"", ident))
            elif kind == "underlay":
                block.append(underlay[int(drawn * len(underlay))].frame(payload, ident))
            else:
                ready = rare[kind]
                block.append(ready[int(drawn * len(ready))])
        yield block


def _rare(encapsulation: Encapsulation, fabric: Fabric) -> dict[str, list[bytes]]:
    """Ready-made frames by kind."""
    answered = islice((flow for flow in fabric.flows if not flow.is_refused), 200)
    refused = islice((flow for flow in fabric.flows if flow.is_refused), 200)
    first, *others = fabric.hosts
    return {
        "pings": [ping(encapsulation, flow) for flow in answered],
        "refusals": [refusal(encapsulation, flow) for flow in refused],
        "arp": [arp_request(encapsulation, host, first) for host in others],
    }


_PCAP_RECORD = struct.Struct("<IIII").pack
_EPB = struct.Struct("<IIIIIII").pack
_PADDING = [b"", b"\0\0\0", b"\0\0", b"\0"]


def _pcap_record(time_us: int, frame: bytes, captured: int) -> bytes:
    return _PCAP_RECORD(*divmod(time_us, 1_000_000), captured, len(frame)) + frame[:captured]


def _pcapng_record(time_us: int, frame: bytes, size: int) -> bytes:
    padding = _PADDING[size & 3]
    length = 32 + size + len(padding)
    head = _EPB(6, length, 0, time_us >> 32, time_us & 0xFFFFFFFF, size, len(frame))
    return b"".join((head, frame[:size], padding, length.to_bytes(4, "little")))


def write(
    path: Path,
    profile: str,
    count: int,
    encapsulation: str = "ethernet",
    seed: int = 1,
    snap: int = 0,
) -> None:
    """Write a capture of `count` frames, cut at `snap` bytes if that is not 0; pcapng when the
    suffix of `path` says so.
    """
    shape = ENCAPSULATIONS[encapsulation]
    record: Callable[[int, bytes, int], bytes]
    if path.suffix == ".pcapng":
        head, record = build.pcapng((), shape.linktype), _pcapng_record
    else:
        head, record = build.pcap((), shape.linktype), _pcap_record
    gaps = random.Random(seed)
    time_us = START_US
    with path.open("wb") as file:
        file.write(head)
        for block in frames(PROFILES[profile], shape, seed):
            out = []
            for gap, frame in zip(gaps.choices(range(1, 25), k=BLOCK), block[:count], strict=False):
                time_us += gap
                out.append(record(time_us, frame, min(len(frame), snap or len(frame))))
            file.write(b"".join(out))
            count -= len(out)
            if not count:
                return


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write one benchmark capture.")
    parser.add_argument("profile", choices=PROFILES)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--encapsulation", choices=ENCAPSULATIONS, default="ethernet")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--snap", type=int, default=0, help="snap length in bytes; 0: none")
    parser.add_argument("-o", "--output", type=Path, required=True, help="FILE.pcap or FILE.pcapng")
    arguments = parser.parse_args()
    gc.disable()  # nothing here makes cycles, and 400,000 templates cost 5 s of looking for them
    write(
        arguments.output,
        arguments.profile,
        arguments.frames,
        arguments.encapsulation,
        arguments.seed,
        arguments.snap,
    )


if __name__ == "__main__":
    main()
