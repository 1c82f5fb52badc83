"""Captures for the faults: as large as needed and made at once, because they repeat themselves.

Knows the bytes of four frames of healthy traffic: two packets in each direction, because copies of
one packet prove nothing.  Must not know anything of nvgre_doctor.
"""

import bz2
import struct
from pathlib import Path
from typing import Final

from tests import build

KEY: Final = (
    0x05000000  # VSID 327680: the top octet is not zero, so it can only be the current layout
)
START_NS: Final = 1_361_355_247_000_000_000


def _frame(number: int) -> bytes:
    """From host A to host B, or back; the customer's frame is a ping."""
    a, b = (
        ("10.0.0.1", "00:15:5d:00:00:01", "192.168.1.1"),
        ("10.0.0.2", "00:15:5d:00:00:02", "192.168.1.2"),
    )
    (source, source_mac, customer), (destination, destination_mac, other) = (
        (a, b) if number % 2 == 0 else (b, a)
    )
    inner = build.inner_frame(
        source_mac, destination_mac, build.ipv4(customer, other, 1, build.echo())
    )
    return build.ethernet(build.nvgre(source, destination, KEY, inner, ident=number))


FRAMES: Final = tuple(map(_frame, range(4)))
TIMES_NS: Final = tuple(START_NS + number * 1_000_000 for number in range(4))
RECORD: Final = 16 + len(FRAMES[0])  # bytes; all frames are equally long
HEADER: Final = build.pcap(())
FOUR: Final = build.pcap(list(zip(TIMES_NS, FRAMES, strict=True)))[len(HEADER) :]


def records(count: int) -> bytes:
    """So many records, without the file header."""
    return FOUR * (count // 4) + FOUR[: count % 4 * RECORD]


def healthy(count: int) -> bytes:
    """A capture of `count` frames: two hosts with the current layout."""
    return HEADER + records(count)


def healthy_pcapng(count: int) -> bytes:
    """The same as pcapng."""
    blocks = [build.epb(0, *each) for each in zip(TIMES_NS, FRAMES, strict=True)]
    return (
        build.shb() + build.idb() + b"".join(blocks) * (count // 4) + b"".join(blocks[: count % 4])
    )


def write_slow(path: Path, megabytes: int) -> int:
    """A capture that takes long to read for its size: bzip2, member after member.  Returns the
    number of frames.
    """
    in_member = (1 << 20) // RECORD & ~1
    member = bz2.compress(records(in_member))
    path.write_bytes(bz2.compress(HEADER) + member * megabytes)
    return in_member * megabytes


def write_wide(path: Path, hosts: int) -> None:
    """Every host sends one frame: what was seen of it takes much memory, and long to hand over."""
    frame = bytearray(FRAMES[0])
    stamp = struct.pack("<IIII", START_NS // 10**9, 0, len(frame), len(frame))
    out = [HEADER]
    for number in range(hosts):
        struct.pack_into(
            ">I", frame, 14 + 12, 0x0A000000 + number
        )  # the outer source address; the checksum is not looked at
        out += [stamp, bytes(frame)]
    path.write_bytes(b"".join(out))
