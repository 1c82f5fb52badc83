"""The first event of a trace, TRACE_LOGFILE_HEADER: its clock, and what else is told there."""

import struct
from typing import Final, NamedTuple

from nvgre_doctor.capture.formats.laying import bounded

BUFFER_HEADER: Final = 0x48
_HEADER: Final = BUFFER_HEADER + 32  # behind a SYSTEM_TRACE_HEADER
_TICKS_AT: Final = BUFFER_HEADER + 16
_TIMES_AT: Final = {4: _HEADER + 0xF0, 8: _HEADER + 0xF8}  # by the size of a pointer
_TIMES: Final = struct.Struct("<qqqII")  # boot, clock rate, start, kind of clock, buffers lost
SIZE: Final = _TIMES_AT[8] + _TIMES.size  # bytes that hold all of it
_FILETIME_OF_1970: Final = 116_444_736_000_000_000
_SECOND: Final = 1_000_000_000
_LARGEST_BUFFER: Final = 1 << 24
PREALLOCATED: Final = 0x20  # of `mode`
_CLOCKS: Final = {1: "performance counter", 2: "system time", 3: "processor cycles"}


class TraceHeader(NamedTuple):
    """What is used of it."""

    pointer_size: int  # bytes
    buffer_size: int  # bytes of one, at most
    version: tuple[int, int, int]  # of Windows: major, minor, build
    processors: int
    is_open: bool  # the session was not stopped when the file was copied
    mode: int  # LogFileMode
    events_lost: int
    buffers_lost: int
    clock: str
    frequency: int  # ticks a second
    start_ns: int  # since 1970
    start_ticks: int

    def time_of(self, ticks: int) -> int:
        """In nanoseconds since 1970, or NO_TIME; in integers, as floats would drift."""
        return bounded(self.start_ns + (ticks - self.start_ticks) * _SECOND // self.frequency)


def is_trace(head: bytes) -> bool:
    """Whether this is how a trace begins: a WMI_BUFFER_HEADER, then a SYSTEM_TRACE_HEADER of type 1
    or 2 (32 and 64 bits).
    """
    if len(head) < BUFFER_HEADER + 4:
        return False
    (size,), kind = struct.unpack_from("<I", head), head[BUFFER_HEADER + 2 : BUFFER_HEADER + 4]
    return BUFFER_HEADER < size <= _LARGEST_BUFFER and kind in (b"\1\xc0", b"\2\xc0")


def read_trace_header(head: bytes) -> TraceHeader | None:
    """Of a trace that begins with `head`; None where that is too short, or says nonsense."""
    if len(head) < SIZE:
        return None
    (ticks,) = struct.unpack_from("<q", head, _TICKS_AT)
    size, major, minor, build, processors, end = struct.unpack_from("<IBB2xIIq", head, _HEADER)
    mode, written, pointer_size, lost, mhz = struct.unpack_from("<II4xIII", head, _HEADER + 0x20)
    if pointer_size not in _TIMES_AT or not BUFFER_HEADER < size <= _LARGEST_BUFFER:
        return None
    _, rate, start, clock, buffers_lost = _TIMES.unpack_from(head, _TIMES_AT[pointer_size])
    frequency = {2: 10_000_000, 3: mhz * 1_000_000}.get(clock, rate)
    if frequency <= 0:
        return None
    return TraceHeader(
        pointer_size,
        size,
        (major, minor, build),
        processors,
        not end and not written,
        mode,
        lost,
        buffers_lost,
        f"{_CLOCKS.get(clock, 'unknown clock')} at {frequency} ticks a second",
        frequency,
        (start - _FILETIME_OF_1970) * 100,
        ticks,
    )
