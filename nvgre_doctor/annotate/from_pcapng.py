"""A pcapng capture is copied block by block, byte for byte.

Only the first section header and packets change that get a comment, or lose one of an earlier run,
and with packets the length of a section that told it. Simple packet blocks have no room for a
comment, and blocks of more than 4 MiB are not taken apart: both are copied as they are.
"""

import struct
from typing import BinaryIO, Final

from nvgre_doctor.annotate.marking import Marker
from nvgre_doctor.annotate.packets import section_with_comments, with_comments
from nvgre_doctor.capture import NO_TIME, Block
from nvgre_doctor.capture.formats.pcapng_blocks import (
    ENHANCED_PACKET,
    INTERFACE,
    NUMBERED,
    OBSOLETE_PACKET,
    PACKET_HEAD,
    SECTION,
    SIMPLE_PACKET,
    parse_interface,
)
from nvgre_doctor.capture.formats.pcapng_frames import Interfaces

_NAME_RESOLUTION: Final = 4
_DECRYPTION_SECRETS: Final = 10
_KEPT: Final = frozenset({SECTION, INTERFACE, _NAME_RESOLUTION, _DECRYPTION_SECRETS})
"""What the packets need that are written alone."""
_LENGTH_AT: Final = 16  # of a section, in its header
_SIMPLE_PACKET_HEAD: Final = 12  # bytes before the frame


class PcapngCopier:
    """Takes the blocks of a capture in order."""

    def __init__(self, marker: Marker, says: str, target: BinaryIO, *, only_findings: bool) -> None:
        """`target` must be able to seek.  The first section gets the comment `says`.

        With `only_findings`, packets that no finding points to are left out, and so is what speaks
        of the whole capture: statistics, journal entries, custom and unknown blocks.
        """
        self._marker = marker
        self._says = [says] if says else []
        self._target = target
        self._only_findings = only_findings
        self._numbered = 0  # frame numbers used
        self._order = "<"
        self._interfaces = Interfaces(self._order)
        self._header_at = 0  # of this section, in the target
        self._told_length = -1  # bytes of this section, as its header told; -1: not told
        self._section_read = 0  # bytes after its header, so far
        self._section_written = 0
        self._keeps = True  # the block whose pieces are passing

    def add(self, block: Block) -> None:
        """Write a block, or leave it out.  Errors: OSError of the target."""
        if block.kind == SECTION:
            if block.piece == 0:
                self.end_section(is_cut=False)
                self._begin_section(block)
            self._target.write(self._section_header(block) if block.is_whole else block.data)
            return
        data = block.data
        if block.piece == 0:
            data, self._keeps = self._changed(block)
        self._section_read += len(block.data)
        if self._keeps:
            self._target.write(data)
            self._section_written += len(data)

    def end_section(self, *, is_cut: bool) -> None:
        """Correct the length in the section header: where it was right, or where the section was
        not read to its end.
        """
        if self._told_length < 0 or not (is_cut or self._told_length == self._section_read):
            return
        end = self._target.tell()
        self._target.seek(self._header_at + _LENGTH_AT)
        self._target.write(struct.pack(self._order + "q", self._section_written))
        self._target.seek(end)

    def _begin_section(self, block: Block) -> None:
        self._order, self._interfaces = block.order, Interfaces(block.order)
        self._section_read = self._section_written = 0
        self._header_at = self._target.tell()
        (self._told_length,) = struct.unpack_from(block.order + "q", block.data, _LENGTH_AT)

    def _section_header(self, block: Block) -> bytes:
        says, self._says = self._says, []
        return section_with_comments(block.data, block.order, says)

    def _changed(self, block: Block) -> tuple[bytes, bool]:
        """The block as it is written, and whether it is.  Of a block in pieces, this is the first
        one.
        """
        if block.kind == INTERFACE:
            self._interfaces.add(parse_interface(block.data, block.order))
        elif block.kind in NUMBERED:
            self._numbered += 1
        elif block.kind in (ENHANCED_PACKET, OBSOLETE_PACKET, SIMPLE_PACKET):
            self._numbered += 1
            return self._packet(block)
        return block.data, block.kind in _KEPT or not self._only_findings

    def _packet(self, block: Block) -> tuple[bytes, bool]:
        copied = self._marker.copied
        comments = self._comments(block)
        has_room = block.is_whole and block.kind != SIMPLE_PACKET
        copied.without_room += bool(comments) and not has_room
        is_written = bool(comments) or not self._only_findings
        copied.written += is_written
        return with_comments(
            block.data, block.order, comments
        ) if has_room else block.data, is_written

    def _comments(self, block: Block) -> list[str]:
        """The comments on the frame of a packet block."""
        if block.kind == SIMPLE_PACKET:
            return self._comments_on_simple(block)
        data, order = block.data, block.order
        (number,) = struct.unpack_from(
            order + ("I" if block.kind == ENHANCED_PACKET else "H"), data, 8
        )
        kind = self._interfaces.kind_of(number)
        if kind is None:
            return []  # a frame of no known link type: the reader leaves it out as well
        captured, wire_length = struct.unpack_from(order + "II", data, 20)
        frame = data[PACKET_HEAD : PACKET_HEAD + captured]
        ts_ns = kind[1](data[12:20])
        return self._marker.comments(kind[0], frame, wire_length, self._numbered, ts_ns)

    def _comments_on_simple(self, block: Block) -> list[str]:
        """What would be said of a simple packet block: no time, interface 0, as long as all lengths
        allow.
        """
        if not self._interfaces.known:
            return []
        total, wire_length = struct.unpack_from(block.order + "II", block.data, 4)
        interface = self._interfaces.known[0]
        captured = min(wire_length, total - 16, interface.snaplen or wire_length)
        frame = block.data[_SIMPLE_PACKET_HEAD : _SIMPLE_PACKET_HEAD + captured]
        return self._marker.comments(
            interface.linktype, frame, wire_length, self._numbered, NO_TIME
        )
