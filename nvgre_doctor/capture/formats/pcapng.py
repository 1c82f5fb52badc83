"""pcapng files: sections of blocks.  Knows this format, nothing about packets.

Format: draft-ietf-opsawg-pcapng.  Each section has its own byte order and interfaces, numbered from
0, and each interface its linktype and time resolution.  Frame numbers are Wireshark's (4.0): every
packet block takes one, and custom blocks, journal entries and sysdig events, which hold no packet.
"""

import struct
from collections.abc import Iterator
from typing import ClassVar

from nvgre_doctor.capture.batch import MAX_FRAME, Batch, Progress, Walker
from nvgre_doctor.capture.formats.pcapng_blocks import (
    BYTE_ORDERS,
    ENHANCED_PACKET,
    HEAD,
    INTERFACE,
    MAX_BLOCK,
    MAX_INTERFACES,
    MIN_BLOCK,
    NUMBERED,
    OBSOLETE_PACKET,
    ONLY_A_HEADER,
    PACKET_HEAD,
    SECTION,
    SECTION_SIZE,
    SIMPLE_PACKET,
    STAMP_DISTANCE,
    STATISTICS,
    TOO_LONG,
    Section,
    fits,
    is_4_too_long,
    parse_interface,
    unknown_interface,
)
from nvgre_doctor.capture.formats.pcapng_copy import Block, read_blocks
from nvgre_doctor.capture.formats.pcapng_drops import tell_drop_counts
from nvgre_doctor.capture.formats.pcapng_frames import Frames, Interfaces
from nvgre_doctor.capture.formats.reader import Cursor, DamageError, Reader
from nvgre_doctor.capture.source import CHUNK, Source
from nvgre_doctor.vocabulary import Status


class PcapngReader(Reader[Section]):
    """Reads the blocks of a pcapng file."""

    name: ClassVar = "pcapng"
    is_prompt: ClassVar = True
    magics: ClassVar = (struct.pack("<I", SECTION),)  # alike in both byte orders
    has_blocks: ClassVar = True

    def __init__(self, source: Source, progress: Progress, head: bytes) -> None:
        """See `Reader`."""
        super().__init__(source, progress, head)
        self._order = "<"
        self._interfaces = Interfaces(self._order)
        self._walker: Walker | None = None
        self._unknown_reported: set[bool] = set()  # whether left out
        self._frames = Frames()  # those of this buffer

    def batches(
        self, start: Cursor[Section] | None, stop: int | None, walker: Walker | None = None
    ) -> Iterator[Batch]:
        """See `Reader.batches`."""
        begin = start or self.first()
        self._stop, self._walker = stop, walker
        if start is not None or stop is not None:
            self._order = begin.state.order
            self._interfaces = Interfaces(self._order, begin.state.interfaces)
            self._place(begin.offset)
        try:
            while not self._stopped():
                want = self._step()
                if want == 0:
                    self._walk()
                    continue
                yield from self._flush()
                if want > CHUNK:
                    yield from self._pass(want)
                elif not (self._have(want) or self._take_short(want)):
                    self._end(self._where())
                    break
        except DamageError:
            yield from self._flush()
            raise
        yield from self._flush()
        if start is None and self._base + self._at == SECTION_SIZE:
            self._progress.problems.append(ONLY_A_HEADER)

    def blocks(self, stop: int) -> Iterator[Block]:
        """See `Reader.blocks`."""
        return read_blocks(self._source, self._data, stop)

    def first(self) -> Cursor[Section]:
        """See `Reader.first`.  Reads the section header and the interfaces that stand before the
        first frame.
        """
        while self._have(MIN_BLOCK):
            (kind,) = struct.unpack_from(self._order + "I", self._data, self._at)
            if kind not in (SECTION, INTERFACE):
                break
            want = self._step()
            if want > CHUNK or not self._have(want):
                break
        return self.cursor()

    def cursor(self) -> Cursor[Section]:
        """See `Reader.cursor`."""
        return Cursor(self._base + self._at, Section(self._order, tuple(self._interfaces.known)))

    def find(self, offset: int, cursor: Cursor[Section], data: bytes) -> Cursor[Section] | None:
        """See `Reader.find`."""
        magic = struct.pack(cursor.state.order + "I", ENHANCED_PACKET)
        at = data.find(magic)
        while at >= 0:
            if (offset + at - cursor.offset) % 4 == 0 and fits(data, at, cursor.state.order):
                return Cursor(offset + at, cursor.state)
            at = data.find(magic, at + 1)
        return None

    def _where(self) -> str:
        number = self._progress.numbered
        return f"the block after frame {number}" if number else "a block before the first frame"

    def _damage(self, what: str, reason: str = "damaged-block") -> DamageError:
        offset, number = self._base + self._at, self._progress.numbered
        where = f"the block at byte {offset}, after frame {number}"
        return DamageError(reason, offset, f"{where}, {what}; what follows was not read")

    def _step(self) -> int:
        """Take the block at `_at`, of whatever type.  0: taken; else the bytes that must be in the
        buffer first (-1: flush).
        """
        have = len(self._data) - self._at
        if have < MIN_BLOCK:
            return MIN_BLOCK
        order = self._order
        (kind,) = struct.unpack_from(order + "I", self._data, self._at)
        if kind == SECTION:
            order = self._section_order()
            if self._frames.are_any:
                return -1  # what was collected belongs to the section before
        total: int = struct.unpack_from(order + "I", self._data, self._at + 4)[0]
        size = (total + 3) & ~3  # some writers do not count the padding; Wireshark reads them
        if not MIN_BLOCK <= size <= MAX_BLOCK:
            raise self._damage(f"claims a length of {total} bytes, which no block has")
        if size > CHUNK or have < size:
            return size
        (trailer,) = struct.unpack_from(order + "I", self._data, self._at + size - 4)
        if trailer != total:
            if self._take_short(size):
                return 0
            raise self._damage(f"has two lengths that differ ({total} and {trailer} bytes)")
        self._collect(kind, total, order)
        self._at += size
        return 0

    def _take_short(self, size: int) -> bool:
        """Take the block at `_at` if it ends 4 bytes before its length says."""
        if len(self._data) - self._at < max(size - 4, MIN_BLOCK):
            return False
        kind, total = struct.unpack_from(self._order + "II", self._data, self._at)
        if kind == SECTION or not is_4_too_long(self._data, self._at, self._order, total):
            return False
        self._collect(kind, total - 4, self._order)
        self._at += size - 4
        if TOO_LONG not in self.description.facts:
            self.description.facts.append(TOO_LONG)
        return True

    def _section_order(self) -> str:
        """The byte order of the section whose header is at `_at`, from its byte-order magic."""
        order = BYTE_ORDERS.get(self._data[self._at + 8 : self._at + 12])
        if order is None:
            raise self._damage("has no byte-order magic", "byte-order")
        return order

    def _pass(self, size: int) -> Iterator[Batch]:
        """Take the block at `_at`, which is longer than a buffer: keep its head, check its end."""
        begin = self._base + self._at
        if not self._have(HEAD if size > HEAD else size):
            raise self._cut(self._where(), begin)
        head = self._data[self._at : self._at + HEAD]
        (kind,) = struct.unpack_from(self._order + "I", head)
        order = self._section_order() if kind == SECTION else self._order
        (total,) = struct.unpack_from(order + "I", head, 4)
        left = size - 4
        while left > len(self._data) - self._at:
            left -= len(self._data) - self._at
            self._at = len(self._data)
            if not self._have(min(left, CHUNK)):
                raise self._cut(self._where(), begin)
        self._at += left
        if not self._have(4):
            raise self._cut(self._where(), begin)
        (trailer,) = struct.unpack_from(order + "I", self._data, self._at)
        after = self._data, self._base, self._at + 4
        self._data, self._base, self._at = head, begin, 0
        if trailer != total:
            raise self._damage(f"has two lengths that differ ({total} and {trailer} bytes)")
        self._collect(kind, total, order)
        yield from self._flush()
        self._data, self._base, self._at = after

    def _collect(self, kind: int, total: int, order: str) -> None:
        """Understand the block at `_at`, whose `total` length is right."""
        data, at = self._data, self._at
        if kind == SECTION:
            self._begin_section(total, order)
            self._progress.losses.begin_section()
            self.description.add_section(data[at : at + total], order)
        elif kind == INTERFACE:
            if total < 20:
                raise self._damage(f"is an interface description of {total} bytes, too few")
            if len(self._interfaces.known) >= MAX_INTERFACES:
                raise self._damage(f"is one of more than {MAX_INTERFACES} interfaces")
            self.description.add_interface(data[at : at + total], order)
            self._interfaces.add(parse_interface(data[at : at + total], order))
        elif kind in (ENHANCED_PACKET, OBSOLETE_PACKET):
            if total < PACKET_HEAD + 4:
                raise self._damage(f"is a packet block of {total} bytes, too few")
            enhanced = kind == ENHANCED_PACKET
            form = order + ("I8xI" if enhanced else "H10xI")
            number, captured = struct.unpack_from(form, data, at + 8)
            room = total - PACKET_HEAD - 4
            self._add(number, at + PACKET_HEAD, captured, room, enhanced or number)
        elif kind == SIMPLE_PACKET:
            if total < 16:
                raise self._damage(f"is a packet block of {total} bytes, too few")
            (captured,) = struct.unpack_from(order + "I", data, at + 8)
            snaplen = self._interfaces.snaplen
            self._add(0, at + 12, min(captured, total - 16, snaplen or captured), total - 16, None)
        elif kind in NUMBERED:
            self._progress.numbered += 1
        elif kind == STATISTICS:
            self.description.add_statistics(data[at : at + total], order, self._progress.losses)

    def _begin_section(self, total: int, order: str) -> None:
        if total < SECTION_SIZE:
            raise self._damage(f"is a section header of {total} bytes, too few")
        major, minor = struct.unpack_from(order + "HH", self._data, self._at + 12)
        if (major, minor) not in ((1, 0), (1, 2)):
            what = f"is a section header of pcapng version {major}.{minor}, which is not supported"
            raise self._damage(f"{what} (1.0 is usual)", "version")
        self._order, self._interfaces = order, Interfaces(order)

    def _add(
        self, interface: int, start: int, captured: int, room: int, odd: int | bool | None
    ) -> None:
        """Take one frame.  `odd`: see `Frames.add`."""
        if captured > room or captured > MAX_FRAME:
            raise self._damage(
                f"claims a frame of {captured} bytes where {min(room, MAX_FRAME)} are possible"
            )
        if interface >= len(self._interfaces.known):
            kind = self._interfaces.kind_of(interface)
            self._report_unknown(interface, None if kind is None else kind[0])
            if kind is None:
                self._progress.numbered += 1
                return
            odd = 0 if self._interfaces.are_alike else None
        self._frames.add(start - STAMP_DISTANCE, captured, odd)
        self._frames.columns.numbers.extend(self._count(1))

    def _report_unknown(self, interface: int, linktype: int | None) -> None:
        """Once for the frames that are left out, and once for those that are not."""
        if (linktype is None) not in self._unknown_reported:
            self._unknown_reported.add(linktype is None)
            place = self._progress.numbered + 1, self._base + self._at
            self._progress.problems.append(unknown_interface(*place, interface, linktype))
            self._progress.status = Status.CUT

    def _walk(self) -> None:
        """Take all enhanced packet blocks that follow in the buffer."""
        columns = self._frames.columns
        if self._walker is not None:
            begin = self._progress.numbered + 1
            self._at, number = self._frames.walk_with(
                self._walker, self._interfaces.records, self._data, self._at, begin
            )
            self._count(number - begin)
        before = len(columns.stamps)
        self._at = self._frames.walk(self._data, self._at, self._order, len(self._interfaces.known))
        columns.numbers.extend(self._count(len(columns.stamps) - before))

    def _count(self, frames: int) -> range:
        """The numbers of so many frames that follow."""
        first = self._progress.numbered + 1
        self._progress.numbered += frames
        self._progress.frames += frames
        return range(first, first + frames)

    def _flush(self) -> Iterator[Batch]:
        """Hand on what was collected."""
        frames, self._frames = self._frames, Frames()
        frames.tell_times(self._progress, self._data, self._interfaces)
        tell_drop_counts(self._progress.losses, self._data, frames.may_have_options, self._order)
        self._progress.bytes_read = self._base + self._at
        return frames.batches(self._data, self._interfaces)
