"""The events that hold a packet, or a part of one, and those that name where it was seen.

ndiscap is the provider behind `netsh trace capture=yes`: 1001 on an adapter, 1003 on a port of a
virtual switch.  pktmon logs a packet (160) at each component that it passes, and where one drops it
(170), with the reason.
"""

from collections import Counter
from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple
from uuid import UUID

from nvgre_doctor.capture.description import MAX_DESCRIBED, MAX_TEXT
from nvgre_doctor.capture.formats.etl.events import read_events, user_data

ETHERNET: Final = 1
RAW_IP: Final = 101
WIRELESS: Final = 105
UNKNOWN: Final = 147  # of the linktypes that everybody may give a meaning

NDISCAP: Final = UUID("2ed6006e-4729-4609-b423-3ee7bcd678ef").bytes_le
PKTMON: Final = UUID("4d4f80d9-c8bd-4d73-bb5b-19c90402c5ac").bytes_le
_NDISCAP_NAME: Final = "Microsoft-Windows-NDIS-PacketCapture (ndiscap)"
_PKTMON_NAME: Final = "Microsoft-Windows-PktMon (pktmon)"
OTHERS: Final = {
    UUID("c22d1b14-c242-49de-9f17-1d76b8b9c458").bytes_le: "the Windows Filtering Platform",
    UUID("d84521f7-2235-4237-a7c0-14e3a9676286").bytes_le: "NdisWan",
}
"""Providers of packets that are not read."""

START: Final = 1
END: Final = 2
WHOLE: Final = START | END
_EVENT: Final = Struct("<8xI4xq16sH6xQ").unpack_from  # thread, ticks, provider, id, keywords
_FRAGMENT: Final = Struct("<III").unpack_from  # interface below, interface, bytes
_SWITCH: Final = Struct("<III").unpack_from  # interface below, interface, source port
_WORD: Final = Struct("<I").unpack_from
_PKTMON: Final = Struct("<14xHH4xI4xHH")
"""Type, component, why it was dropped, original length, logged length."""
_COMPONENT: Final = Struct("<HH").unpack_from
_PKTMON_LINKTYPES: Final = {1: ETHERNET, 2: WIRELESS, 3: RAW_IP}
_WIRELESS, _WWAN = 0x10000, 0x200  # keywords

Point = tuple[str, int, int]
"""Where a packet was seen: by whom, number of a component or interface, of a switch port or -1."""


class Piece(NamedTuple):
    """A packet, or one of the events that make one together."""

    linktype: int
    wire_length: int  # -1: not logged
    data: bytes
    parts: int  # START, END, both or neither
    thread: int
    point: Point


class Census:
    """Who wrote a trace, and what its events say beside packets.  Bounded, whatever they say."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self.has_ndiscap = self.has_pktmon = False
        self.others: set[str] = set()  # providers of packets that are not read
        self.names: dict[Point, tuple[bytes, bytes]] = {}  # name and description, in UTF-8
        self.drops: Counter[int] = Counter()  # by Windows' reason

    @property
    def providers(self) -> str:
        """Those whose packets were read, and then those whose are not; nothing where none are."""
        read = ((self.has_ndiscap, _NDISCAP_NAME), (self.has_pktmon, _PKTMON_NAME))
        unread = [f"{name}, not read" for name in sorted(self.others)]
        return "; ".join([name for is_there, name in read if is_there] + unread)

    def name(self, point: Point, name: bytes, text: bytes) -> None:
        """A component or port is called so."""
        if point in self.names or len(self.names) < MAX_DESCRIBED:
            self.names[point] = name[:MAX_TEXT], text[:MAX_TEXT]

    def drop(self, reason: int) -> None:
        """Windows dropped a packet."""
        if reason in self.drops or len(self.drops) < MAX_DESCRIBED:
            self.drops[reason] += 1


def read_pieces(data: bytes, census: Census) -> Iterator[tuple[int, Piece | None]]:
    """The packets in a buffer, each behind its time in ticks; the offset of what is no event, and
    None, where the events end before the buffer.  A hot loop: about 1.5 us a packet.
    """
    for at, end in read_events(data):
        if at < 0:
            yield end, None
            return
        thread, ticks, provider, number, keywords = _EVENT(data, at)
        if provider == PKTMON:
            start = user_data(data, at, end)
            if number in (160, 170) and start + _PKTMON.size <= end:
                census.has_pktmon = True
                yield ticks, _by_pktmon(data, start, end, number == 170, census)
            elif number == 20 and start + 4 <= end:
                component, _ = _COMPONENT(data, start)
                name, start = _text(data, start + 4, end)
                census.name(("pktmon", component, -1), name, _text(data, start, end)[0])
        elif provider == NDISCAP:
            start = user_data(data, at, end)
            if number == 1001 and start + 12 <= end:
                _, interface, size = _FRAGMENT(data, start)
                point = ("ndiscap", interface, -1)
                start += 12
            elif number == 1003 and start + 12 <= end:
                point, start, size = _by_switch(data, start, end, census)
            else:
                continue
            census.has_ndiscap = True
            linktype = ETHERNET
            if keywords & _WIRELESS:
                linktype = WIRELESS
            elif keywords & _WWAN:
                linktype = RAW_IP
            frame = data[start : min(start + size, end)]
            yield ticks, Piece(linktype, -1, frame, keywords >> 30 & WHOLE, thread, point)
        elif provider in OTHERS:
            census.others.add(OTHERS[provider])


def _by_pktmon(data: bytes, start: int, end: int, is_drop: bool, census: Census) -> Piece:
    kind, component, reason, wire_length, size = _PKTMON.unpack_from(data, start)
    if is_drop:
        census.drop(reason)
    start += _PKTMON.size
    frame = data[start : min(start + size, end)]
    linktype = _PKTMON_LINKTYPES.get(kind, UNKNOWN)
    length = max(wire_length, len(frame))
    return Piece(linktype, length, frame, WHOLE, 0, ("pktmon", component, -1))


def _by_switch(data: bytes, start: int, end: int, census: Census) -> tuple[Point, int, int]:
    """Where it was seen, and where its bytes begin and how many they are."""
    _, interface, port = _SWITCH(data, start)
    point = ("ndiscap", interface, port)
    port_name, start = _text(data, start + 12, end)
    nic_name, start = _text(data, start, end)
    nic_type, start = _text(data, start, end)
    if point not in census.names:
        census.name(point, b"vNIC:" + nic_type + b":" + port_name, nic_name)
    if start + 4 > end:
        return point, end, 0
    start += 4 + 8 * _WORD(data, start)[0]
    if start + 4 > end:
        return point, end, 0
    return point, start + 4, _WORD(data, start)[0]


def _text(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """UTF-16 up to its zero as UTF-8, and the offset behind it."""
    stop = data.find(b"\0\0", at, end)
    while stop >= 0 and (stop - at) % 2:
        stop = data.find(b"\0\0", stop + 1, end)
    if stop < 0:
        stop = end
    text = data[at : min(stop, at + 2 * MAX_TEXT)].decode("utf-16-le", "backslashreplace")
    return text.encode("utf-8", "backslashreplace"), min(stop + 2, end)
