"""Event traces of Windows (.etl), from `struct` alone.

As in `tests.build`: knows byte layouts, must not know anything of nvgre_doctor.  Times are integer
nanoseconds since 1970; a trace counts in ticks of 100 ns unless another frequency is given.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

NDISCAP = UUID("2ed6006e-4729-4609-b423-3ee7bcd678ef")
PKTMON = UUID("4d4f80d9-c8bd-4d73-bb5b-19c90402c5ac")
WFP = UUID("c22d1b14-c242-49de-9f17-1d76b8b9c458")
RUNDOWN = UUID("68fdd900-4a3e-11d1-84f4-0000f80464e3")

BEGIN = 1_361_361_600_000_000_000
"""When every trace begins: 2013-02-20 12:00:00 UTC."""
BEGIN_TICKS = 5_000_000_000
PACKET_START, PACKET_END = 0x40000000, 0x80000000
WHOLE = PACKET_START | PACKET_END
ETHERNET, WWAN, WIRELESS, SWITCH = 0x1, 0x200, 0x10000, 0x1000000
_FILETIME_OF_1970 = 116_444_736_000_000_000


@dataclass(frozen=True)
class Event:
    """One event before it has a clock."""

    ts_ns: int
    provider: UUID
    number: int
    data: bytes
    keywords: int = 0
    thread: int = 0
    items: Sequence[bytes] = ()  # extended data
    kind: int = 0x13  # EVENT_HEADER of 64 bits


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def ndiscap(
    ts_ns: int,
    data: bytes,
    interface: int = 7,
    parts: int = WHOLE,
    media: int = ETHERNET,
    thread: int = 4,
    size: int | None = None,
    more: bytes = bytes(16),
    items: Sequence[bytes] = (),
) -> Event:
    """1001: a packet, or a part of one, on an adapter; `more` are the two fields of Windows 10."""
    head = struct.pack("<III", 3, interface, len(data) if size is None else size)
    return Event(ts_ns, NDISCAP, 1001, head + data + more, parts | media, thread, items)


def vmswitch(
    ts_ns: int,
    data: bytes,
    port: int = 2,
    names: tuple[str, str, str] = ("Port-1", "vm1", "Synthetic"),
    destinations: int = 1,
    interface: int = 9,
) -> Event:
    """1003: a packet on a port of a virtual switch."""
    head = struct.pack("<III", 3, interface, port) + b"".join(_utf16(name) for name in names)
    head += struct.pack("<I", destinations) + bytes(8 * destinations)
    body = struct.pack("<I", len(data)) + data + struct.pack("<I", 8) + bytes(8)
    return Event(ts_ns, NDISCAP, 1003, head + body, WHOLE | ETHERNET | SWITCH, 4)


def pktmon(
    ts_ns: int,
    data: bytes,
    component: int = 11,
    packet_type: int = 1,
    wire_length: int | None = None,
    drop_reason: int | None = None,
    group: int = 1,
    appearance: int = 1,
    size: int | None = None,
) -> Event:
    """160: a packet at a component; 170 if it was dropped there."""
    head = struct.pack(
        "<Q7HIIHH",
        group,
        1,
        appearance,
        3,
        packet_type,
        component,
        1,
        1,
        drop_reason or 0,
        0,
        len(data) if wire_length is None else wire_length,
        len(data) if size is None else size,
    )
    return Event(ts_ns, PKTMON, 160 if drop_reason is None else 170, head + data, 0x10)


def component(ts_ns: int, number: int, name: str, text: str) -> Event:
    """20: the name of a component."""
    return Event(ts_ns, PKTMON, 20, struct.pack("<HH", number, 2) + _utf16(name) + _utf16(text), 2)


@dataclass(frozen=True)
class Trace:
    """What a session is like."""

    pointer_size: int = 8
    frequency: int = 10_000_000
    clock: int = 1  # 1 performance counter, 2 system time, 3 processor cycles
    mhz: int = 2600
    buffer_size: int = 4096
    mode: int = 1
    end_time: int = 1
    events_lost: int = 0
    buffers_lost: int = 0
    compressed: bool = False

    @property
    def per_second(self) -> int:
        return {2: 10_000_000, 3: self.mhz * 1_000_000}.get(self.clock, self.frequency)

    def ticks(self, ts_ns: int) -> int:
        return BEGIN_TICKS + (ts_ns - BEGIN) * self.per_second // 10**9

    def event(self, event: Event) -> bytes:
        """With its header, padded to 8 bytes."""
        items = b""
        for number, item in enumerate(event.items):
            padded = item + bytes(-len(item) % 8)
            more = number + 1 < len(event.items)
            items += struct.pack("<HHHH", 8 + len(padded), 1, more, len(item)) + padded
        body = items + event.data
        head = struct.pack(
            "<HBBHHIIq16sHBBBBHQ",
            80 + len(body),
            event.kind,
            0xC0,
            bool(items),
            0,
            event.thread,
            4,
            self.ticks(event.ts_ns),
            event.provider.bytes_le,
            event.number,
            0,
            16,
            4,
            0,
            0,
            event.keywords,
        )
        whole = head + bytes(24) + body
        return whole + bytes(-len(whole) % 8)

    def buffer(
        self,
        events: Sequence[Event | bytes],
        sequence: int,
        processor: int = 0,
        flags: int = 0x20,
        kind: int = 0,
    ) -> bytes:
        """One buffer; events may be given as bytes."""
        body = b"".join(e if isinstance(e, bytes) else self.event(e) for e in events)
        used = 0x48 + len(body)
        assert used <= self.buffer_size
        if self.compressed and kind != 4:
            body, flags = lz77(body), flags | 0x40
            size = 0x48 + len(body)
        else:
            size = self.buffer_size
            body = body.ljust(size - 0x48, b"\xff")
        head = struct.pack(
            "<IIIiqqqHHIIHH",
            size,
            used,
            used,
            0,
            0,
            sequence,
            0,
            processor,
            2,
            0,
            used,
            flags,
            kind,
        )
        return head.ljust(0x48, b"\0") + body

    def header(self) -> bytes:
        """The first buffer."""
        wide = self.pointer_size == 8
        fields = struct.pack(
            "<I4BIIqIIIIIIII",
            self.buffer_size,
            10, 0, 0, 0,
            20348,
            8,
            self.end_time,
            156250,
            0,
            self.mode,
            int(self.end_time != 0),
            1,
            self.pointer_size,
            self.events_lost,
            self.mhz,
        )  # fmt: skip
        fields += bytes(2 * self.pointer_size) + bytes(0xAC)
        fields += bytes(-len(fields) % 8)
        filetime = BEGIN // 100 + _FILETIME_OF_1970
        fields += struct.pack(
            "<qqqII", filetime, self.frequency, filetime, self.clock, self.buffers_lost
        )
        fields += _utf16("NetTrace-lab") + _utf16("C:\\lab.etl")
        marker = 0xC0020002 if wide else 0xC0010002
        system = struct.pack("<IHHIIqII", marker, 32 + len(fields), 0, 4, 4, BEGIN_TICKS, 0, 0)
        event = system + fields
        return self.buffer([event + bytes(-len(event) % 8)], 0, kind=4, flags=1)


def etl(
    events: Sequence[Event | bytes], trace: Trace | None = None, each: int = 8, processors: int = 1
) -> bytes:
    """A trace: `each` events a buffer, the buffers dealt to the processors event by event."""
    trace = trace or Trace()
    out, sequence = [trace.header()], 1
    queues = [events[start::processors] for start in range(processors)]
    for start in range(0, max(map(len, queues), default=0), each):
        for processor, queue in enumerate(queues):
            if part := queue[start : start + each]:
                out.append(trace.buffer(part, sequence, processor))
                sequence += 1
    return b"".join(out)


def lz77(data: bytes) -> bytes:
    """Plain LZ77 (MS-XCA 2.3): greedy, with the last place of each three bytes."""
    out = bytearray()
    flags_at, flags, count = 0, 0, 32
    half = -1
    seen: dict[bytes, int] = {}
    at = 0
    while at < len(data):
        if count == 32:
            if out:
                struct.pack_into("<I", out, flags_at, flags)
            flags_at, flags, count = len(out), 0, 0
            out += bytes(4)
        count += 1
        key = data[at : at + 3]
        start = seen.get(key, -1)
        if len(key) == 3 and start >= 0 and at - start <= 8192:
            length = 3
            while at + length < len(data) and data[start + length] == data[at + length]:
                length += 1
            flags |= 1 << 32 - count
            extra = length - 3
            out += struct.pack("<H", (at - start - 1) << 3 | min(extra, 7))
            if extra >= 7:
                extra -= 7
                if half < 0:
                    half = len(out)
                    out.append(min(extra, 15))
                else:
                    out[half] |= min(extra, 15) << 4
                    half = -1
                if extra >= 15:
                    if extra - 15 < 255:
                        out.append(extra - 15)
                    else:
                        out += b"\xff" + struct.pack("<H", extra + 7)
        else:
            length = 1
            out.append(data[at])
        for place in range(at, at + length):
            seen[data[place : place + 3]] = place
        at += length
    if out:
        flags |= (1 << 32 - count) - 1  # what follows would be matches: there are none
        struct.pack_into("<I", out, flags_at, flags)
    return bytes(out)
