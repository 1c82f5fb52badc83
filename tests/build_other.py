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
