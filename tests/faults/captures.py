"""Captures for the faults: as large as needed and made at once, because they repeat themselves.

Knows the bytes of two frames of healthy traffic; must not know anything of nvgre_doctor.
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
    return build.ethernet(build.nvgre(source, destination, KEY, inner))


FRAMES: Final = (_frame(0), _frame(1))
RECORD: Final = 16 + len(FRAMES[0])  # bytes; both frames are equally long
HEADER: Final = build.pcap(())
PAIR: Final = build.pcap([(START_NS, FRAMES[0]), (START_NS + 1_000_000, FRAMES[1])])[len(HEADER) :]


def records(count: int) -> bytes:
    """An even number of records, without the file header."""
    assert count % 2 == 0
    return PAIR * (count // 2)


def healthy(count: int) -> bytes:
    """A capture of `count` frames: two hosts with the current layout."""
    return HEADER + records(count)


def healthy_pcapng(count: int) -> bytes:
    """The same as pcapng."""
    head = build.shb() + build.idb()
    return head + (
        build.epb(0, START_NS, FRAMES[0]) + build.epb(0, START_NS + 1_000_000, FRAMES[1])
    ) * (count // 2)


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
