"""Captures of few frames between very many hosts: `python -m tests.benchmarks.many_hosts star 10000
-o star.pcap`.

star       a hub, proven toward every host, and what it says to and hears from each of them
chain      hosts in a row, each of which agrees with the next one, and nothing is proven
addresses  every frame from another provider address to another one
ids        one host, every frame with another id and another VM pair
flags      every frame with other GRE flags, or to another host
quotes     every frame an ICMP error that quotes another flow
mtus       every frame an ICMP error with another next-hop MTU, or to another host

Must not know anything of nvgre_doctor.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tests import build

VSID_5001 = 0x00138900  # under either layout
CURRENT_ONLY = 0x5B8D8000
SHAPES = ("star", "chain", "addresses", "ids", "flags", "quotes", "mtus")
START_NS = 1_361_355_247_000_000_000


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _mac(number: int) -> str:
    return f"00:15:5d:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def _frame(
    source: int, destination: int, key: int, vms: tuple[int, int], flags: int = 0x2000
) -> bytes:
    inner = build.inner_frame(
        _mac(vms[0]),
        _mac(vms[1]),
        build.ipv4("10.0.0.4", "10.0.0.5", 6, build.tcp("10.0.0.4", "10.0.0.5", 49152, 445)),
    )
    packet = build.nvgre(_address(source), _address(destination), key, inner, flags=flags)
    return build.ethernet(packet)


def _error(number: int, code: int, quoted: int, mtu: int = 0) -> bytes:
    quote = _frame(quoted, 1, VSID_5001, (1, 2))[14:]
    message = build.icmp(3, code, quote, mtu)
    return build.ethernet(build.ipv4(_address(1), _address(2 + number), 1, message))


def _both_ways(one: int, two: int, pair: int) -> Iterator[bytes]:
    vms = 2 * pair, 2 * pair + 1
    yield _frame(one, two, VSID_5001, vms)
    yield _frame(two, one, VSID_5001, (vms[1], vms[0]))


def frames(shape: str, count: int) -> Iterator[bytes]:
    """The frames of a shape with `count` hosts."""
    for number in range(1, count + 1):
        if shape == "star":
            yield from _both_ways(0, number, number)
            yield _frame(0, number, CURRENT_ONLY, (0x800000 + number, 0x700000))
        elif shape == "chain":
            yield from _both_ways(number, number + 1, number)
        elif shape == "addresses":
            yield _frame(2 * number, 2 * number + 1, VSID_5001, (2 * number, 2 * number + 1))
        elif shape == "ids":
            yield _frame(1, 2, number << 8 & 0xFFFFFFFF, (2 * number, 2 * number + 1))
        elif shape == "flags":
            flags = 0x2000 | number << 3 & 0x0FF8  # reserved bits
            yield _frame(1, 2 + number // 512, VSID_5001, (1, 2), flags)
        elif shape == "quotes":
            yield _error(0, 10, 2 + number)
        else:
            yield _error(number // 60_000, 4, 2, 1 + number % 60_000)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write a capture of many hosts.")
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("count", type=int)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    rows = ((START_NS, frame) for frame in frames(arguments.shape, arguments.count))
    arguments.output.write_bytes(build.pcap(rows))


if __name__ == "__main__":
    main()
