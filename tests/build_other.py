"""Captures of other formats than pcap and pcapng, from `struct` alone.

As in `tests.build`: knows byte layouts, must not know anything of nvgre_doctor.
"""

import struct
from collections.abc import Iterable, Sequence

from tests.build import Frame


def _parts(frame: Frame) -> tuple[int, bytes, int]:
    """Time, captured bytes and original length."""
    return frame[0], frame[1], frame[2] if len(frame) == 3 else len(frame[1])


# --- snoop (RFC 1761) ----------------------------------------------------------------------------


def snoop(
    frames: Iterable[Frame], datalink: int = 4, version: int = 2, lost: Sequence[int] = ()
) -> bytes:
    """A snoop file; `lost` are the counters of the records, 0 where it is too short."""
    out = [b"snoop\0\0\0" + struct.pack(">II", version, datalink)]
    for number, frame in enumerate(frames):
        ts_ns, data, wire_length = _parts(frame)
        padding = -len(data) % 4
        seconds, rest = divmod(ts_ns, 1_000_000_000)
        out.append(
            struct.pack(
                ">6I",
                wire_length,
                len(data),
                24 + len(data) + padding,
                lost[number] if number < len(lost) else 0,
                seconds,
                rest // 1000,
            )
        )
        out.append(data + bytes(padding))
    return b"".join(out)


# --- Network Monitor -----------------------------------------------------------------------------

NETMON_BEGIN = 1_361_361_600_000_000_000
"""When every capture begins: 2013-02-20 12:00:00, wherever that was."""


def netmon(
    frames: Iterable[Frame],
    version: tuple[int, int] = (2, 0),
    network: int = 1,
    networks: Sequence[int] = (),
    holes: Sequence[int] = (),
    order: Sequence[int] | None = None,
    with_table: bool = True,
    month: int = 2,
) -> bytes:
    """A Network Monitor capture; from 2.1 on each record has its network, the first ones those of
    `networks`.

    `holes` are bytes left free before records, `order` the order in which the table names them;
    without a table it is one that was not closed.
    """
    major, minor = version
    body, offsets = bytearray(), []
    for number, frame in enumerate(frames):
        ts_ns, data, wire_length = _parts(frame)
        body += b"\0" * (holes[number] if number < len(holes) else 0)
        offsets.append(128 + len(body))
        since_us = (ts_ns - NETMON_BEGIN) // 1000
        if major == 1:
            body += struct.pack("<IHH", since_us // 1000, wire_length, len(data))
        else:
            body += struct.pack("<QII", since_us % (1 << 64), wire_length, len(data))
        body += data
        own = networks[number] if number < len(networks) else network
        if major == 2 and minor >= 1:
            body += struct.pack("<H", own)
        if major == 2 and minor >= 2:
            body += struct.pack("<I", 0xFFFFFFFF)
        if major == 2 and minor >= 3:
            body += struct.pack("<QB", ts_ns // 100 + 116_444_736_000_000_000, 4)
    table = b"".join(struct.pack("<I", offsets[i]) for i in order or range(len(offsets)))
    place = (128 + len(body), len(table)) if with_table else (0, 0)
    head = struct.pack(
        "<4sBBH8H10I",
        b"RTSS" if major == 1 else b"GMBU",
        minor,
        major,
        network,
        *(2013, month, 3, 20, 12, 0, 0, 0),
        *place,
        *[0] * 8,
    )
    return head.ljust(128, b"\0") + bytes(body) + (table if with_table else b"")
