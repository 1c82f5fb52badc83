"""Reads an event trace: the packets of all processors in the order of their times.

Must be able to seek.  In memory are one unpacked buffer for each processor, and the packets that
are not whole yet.
"""

from collections.abc import Iterator
from heapq import merge
from typing import ClassVar, Final

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.description import MAX_DESCRIBED, Description, InterfaceDescription
from nvgre_doctor.capture.formats.etl.buffers import Damage, Index
from nvgre_doctor.capture.formats.etl.drops import reason_text
from nvgre_doctor.capture.formats.etl.fragments import Fragments
from nvgre_doctor.capture.formats.etl.packet_events import (
    END,
    WHOLE,
    WIRELESS,
    Census,
    Piece,
    Point,
    read_pieces,
)
from nvgre_doctor.capture.formats.etl.trace_header import (
    SIZE,
    TraceHeader,
    is_trace,
    read_trace_header,
)
from nvgre_doctor.capture.formats.etl.wire_length import wire_length_of
from nvgre_doctor.capture.formats.laying import FrameReader, Laid
from nvgre_doctor.capture.formats.reader import COPY_AGAIN, DamageError
from nvgre_doctor.capture.source import FileSource

_MOST_UNPACKED: Final = 1 << 28
"""Bytes of all buffers that are open at a time: 256 processors with buffers of 1 MB."""
_MOST_TIMES: Final = 1000
"""What a byte of the file may expand to, as in gzip: LZ77 makes 16 MB of 87 bytes."""
_PROTECTED: Final = 0x40  # in the second byte of 802.11: ndiscap logs what is decrypted already
_SEEN_ONLY_SO: Final = (
    "this reader was checked against the documented layout of ndiscap and not against a real trace"
    " of it: tell us if `etl2pcapng INPUT out.pcapng` gives other frames"
)

_NANOSECONDS: Final = 9
_Event = tuple[int, int, Piece]  # ticks, processor


class EtlReader(FrameReader):
    """Reads the packets of ndiscap and pktmon in a trace."""

    name: ClassVar = "etl"
    magics: ClassVar = ()
    needs_file: ClassVar = True
    time_digits = 9

    _census: Census
    _unpacked = 0  # bytes of the buffers that are open
    _expanded = 0  # bytes of all buffers so far
    _damaged: tuple[int, int] | None = None  # offset of the first buffer, and how many

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        """See `Reader.recognizes`."""
        return is_trace(head)

    def frames(self) -> Iterator[Laid]:
        """See `FrameReader.frames`."""
        assert isinstance(self._source, FileSource)  # `needs_file`
        header = read_trace_header(self._source.read_at(0, SIZE))
        if header is None:
            raise DamageError(
                "trace-header",
                0,
                "the header of this event trace is cut or damaged, so the times of its events are"
                " not known: copy the file again",
            )
        index = Index(self._source, header)
        self._census = Census()
        _describe(self.description, header, index)
        self._progress.losses.tell_events(header.events_lost, header.buffers_lost)
        streams = [self._events(index, processor) for processor in index.processors]
        events = streams[0] if len(streams) == 1 else merge(*streams)
        points = _Points(self.description, self._census)
        yield from self._packets(events, header, points)
        points.name()
        self._conclude(header, index)

    def _events(self, index: Index, processor: int) -> Iterator[_Event]:
        """The packets that one processor logged, in order."""
        for buffer in index.buffers(processor):
            size = len(buffer.data)
            self._unpacked += size
            if self._unpacked > _MOST_UNPACKED:
                raise DamageError(
                    "too-many-buffers",
                    buffer.offset,
                    f"more than {_MOST_UNPACKED} bytes of buffers are needed at once to put the"
                    " processors of this trace in order: it is damaged",
                )
            self._expanded += size
            if self._expanded > _MOST_UNPACKED + _MOST_TIMES * (self._source.size or 0):
                raise DamageError(
                    "too-many-buffers",
                    buffer.offset,
                    f"the buffers of this trace expand to more than {_MOST_TIMES} times its size:"
                    " it is damaged, and what follows was not read",
                )
            is_whole = buffer.is_whole
            for ticks, piece in read_pieces(buffer.data, self._census):
                if piece is None:
                    is_whole = False
                else:
                    yield ticks, processor, piece
            if not is_whole:
                first, count = self._damaged or (buffer.offset, 0)
                self._damaged = min(first, buffer.offset), count + 1
            self._progress.bytes_read += buffer.stored
            self._unpacked -= size

    def _packets(
        self, events: Iterator[_Event], header: TraceHeader, points: "_Points"
    ) -> Iterator[Laid]:
        """The packets that the events of all processors make."""
        fragments = Fragments()
        for ticks, _, piece in events:
            linktype, wire_length, data, parts, _, point = piece
            if parts != WHOLE:
                whole = fragments.add(piece)
                if whole is None:
                    if parts & END:  # etl2pcapng gives it a number
                        yield None
                    continue
                data = whole
            if wire_length < 0:
                if linktype == WIRELESS and len(data) > 1:
                    data = b"%c%c%b" % (data[0], data[1] & ~_PROTECTED, data[2:])
                wire_length = wire_length_of(linktype, data)
            points.count(point, linktype)
            yield linktype, header.time_of(ticks), wire_length, data

    def _conclude(self, header: TraceHeader, index: Index) -> None:
        """What is to be said of the whole trace.  Raises DamageError."""
        census = self._census
        if census.providers:
            self.description.facts.append(("Provider", census.providers))
        for reason, count in sorted(census.drops.items()):
            told = f"{count} x by Windows itself, reason {reason_text(reason)}"
            self.description.facts.append(("Dropped", told))
        if census.has_ndiscap:
            self.description.facts.append(("Note", _SEEN_ONLY_SO))
        self._check_source()
        if index.damage is not None:
            raise _damage_of(index.damage)
        if self._damaged is not None:
            offset, count = self._damaged
            raise DamageError(
                "damaged-buffer",
                offset,
                f"buffers of this trace are damaged ({count}, the first one at byte {offset}): what"
                " could be read of them counts",
            )
        if header.is_open:
            raise DamageError(
                "open-trace",
                0,
                "the trace was not stopped before this file was copied, so its end may be missing:"
                " stop it first, with `netsh trace stop` or `pktmon stop`",
            )
        if not self._progress.numbered:
            self._progress.problems.append(_no_packets(census))


class _Points:
    """The places where packets were seen, as interfaces of the description."""

    def __init__(self, description: Description, census: Census) -> None:
        self._description = description
        self._names = census.names
        self._known: dict[tuple[Point, int], InterfaceDescription] = {}

    def count(self, point: Point, linktype: int) -> None:
        """One more packet there."""
        interface = self._known.get((point, linktype))
        if interface is None:
            interface = InterfaceDescription(1, point[1], linktype, 0, _NANOSECONDS, received=0)
            if len(self._known) < MAX_DESCRIBED:
                self._known[point, linktype] = interface
                self._description.interfaces.append(interface)
            else:
                self._description.interfaces_left_out += 1
        interface.received = (interface.received or 0) + 1

    def name(self) -> None:
        """Give them the names that stood anywhere in the trace."""
        for (point, _), interface in self._known.items():
            interface.name, interface.text = self._names.get(point, (b"", b""))


def _describe(description: Description, header: TraceHeader, index: Index) -> None:
    packing = ", compressed buffers" if index.is_compressed else ""
    description.variant = f"{header.pointer_size * 8} bit{packing}"
    description.sections = 1
    major, minor, build = header.version
    description.os = f"Windows {major}.{minor} build {build}".encode()
    description.facts.append(("Clock", header.clock))


def _damage_of(damage: Damage) -> DamageError:
    at = damage.offset
    if damage.what == "cut":
        return DamageError(
            "cut-record",
            at,
            f"the trace ends in the middle of a buffer (at byte {at}): {COPY_AGAIN}",
        )
    return DamageError(
        "damaged-buffer",
        at,
        f"the buffer at byte {at} has a header that makes no sense: what follows was not read",
    )


def _no_packets(census: Census) -> Problem:
    others = " and ".join(sorted(census.others))
    held = f"; it holds packets of {others}, which are not read" if others else ""
    return Problem(
        "no-packets",
        0,
        "this is an event trace without packets of ndiscap or pktmon: it was made without"
        f" `capture=yes` (netsh trace) or without `--capture` (pktmon){held}",
    )
