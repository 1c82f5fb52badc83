"""The blocks of pcapng, and what they say about frames and times.  Knows nothing about reading
files.

Format: draft-ietf-opsawg-pcapng.
"""

import struct
from typing import Final, NamedTuple

from nvgre_doctor.capture.batch import (
    FRAMES_LEFT_OUT,
    MAX_FRAME,
    NO_TIME,
    Clock,
    Problem,
    WordClock,
)
from nvgre_doctor.capture.formats.pcapng_options import read_values

SECTION: Final = 0x0A0D0D0A
BYTE_ORDERS: Final = {struct.pack(order + "I", 0x1A2B3C4D): order for order in "<>"}
"""Of a section, by its byte-order magic."""
INTERFACE: Final = 1
OBSOLETE_PACKET: Final = 2
SIMPLE_PACKET: Final = 3
STATISTICS: Final = 5
ENHANCED_PACKET: Final = 6
NUMBERED: Final = frozenset({0x0BAD, 0x40000BAD, 0x9, 0x204, 0x216, 0x221})
"""Blocks that take a frame number and hold no packet: custom (to copy or not), systemd journal,
sysdig events of three versions.
"""

MIN_BLOCK: Final = 12
MAX_BLOCK: Final = 134_348_832
"""Bytes of the longest block that is believed, as in Wireshark.  Blocks above `CHUNK` pass by
without being held.
"""

STAMP_DISTANCE: Final = 16  # from the time in an enhanced or obsolete packet block to the frame
PACKET_HEAD: Final = 28  # bytes before the frame, of an enhanced and of an obsolete packet block
SECTION_SIZE: Final = 28
HEAD: Final = PACKET_HEAD + MAX_FRAME  # bytes of a block that are ever looked at
_IN_A_ROW: Final = 6  # blocks that must fit to believe that one of them begins here
MAX_INTERFACES: Final = 65_536
"""Per section.  Real captures have a handful; memory stays bounded."""


class Interface(NamedTuple):
    """An Interface Description Block."""

    linktype: int
    snaplen: int  # bytes, 0: no limit
    per_second: int  # ticks
    offset_ns: int

    def clock(self, order: str) -> Clock:
        """Of times that are stored as two words in this byte order."""
        return WordClock(
            order, are_seconds=False, per_second=self.per_second, offset_ns=self.offset_ns
        )


class Section(NamedTuple):
    """What the blocks before a point say about those after it, in one section."""

    order: str  # "<" little endian, ">" big endian
    interfaces: tuple[Interface, ...]


def parse_interface(block: bytes, order: str) -> Interface:
    """An Interface Description Block, from its type field on.  Options that are damaged are not
    used.
    """
    linktype, snaplen = struct.unpack_from(order + "H2xI", block, 8)
    resolution, offset_s = 6, 0
    for code, value in read_values(block, 16, len(block) - 4, order):
        if code == 9 and len(value) == 1:  # if_tsresol
            resolution = value[0]
        elif code == 14 and len(value) == 8:  # if_tsoffset
            (offset_s,) = struct.unpack(order + "q", value)
    per_second = 1 << (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    return Interface(linktype, snaplen, per_second, offset_s * 10**9)


TOO_LONG: Final = ("Note", "blocks end 4 bytes before their lengths say, as etl2pcapng once wrote")


def is_4_too_long(data: bytes, at: int, order: str, total: int) -> bool:
    """Whether the block at `at` ends 4 bytes before its `total` length says.  etl2pcapng once wrote
    such blocks.
    """
    end = at + ((total + 3) & ~3) - 4
    return end - at >= MIN_BLOCK and data[end - 4 : end] == struct.pack(order + "I", total)


def unknown_interface(
    frame_number: int, offset: int, interface: int, linktype: int | None
) -> Problem:
    """A frame of an interface that is not described; `linktype` is what it was read with."""
    reason, what = FRAMES_LEFT_OUT, "it was left out, and so are all others like it"
    if linktype is not None:
        reason = "assumed-interface"
        what = f"it was read as one of link type {linktype}, as all others are"
    return Problem(
        reason,
        offset,
        f"frame {frame_number} (block at byte {offset}) names interface {interface}, which the"
        f" capture does not describe: {what}; the capture is damaged or was badly merged",
    )


ONLY_A_HEADER: Final = Problem(
    "only-a-header",
    0,
    "the capture ends behind its first header: etl2pcapng writes such a file from a trace of"
    " pktmon, or from one that was made without `capture=yes`; read the .etl itself",
)


def no_clock(stamp: bytes) -> int:
    """Of frames whose blocks carry no time."""
    return NO_TIME


def fits(data: bytes, at: int, order: str) -> bool:
    """Whether _IN_A_ROW whole blocks follow each other from `at` on, each with two equal
    lengths.
    """
    for _ in range(_IN_A_ROW):
        if at + MIN_BLOCK > len(data):
            return False
        (total,) = struct.unpack_from(order + "I", data, at + 4)
        if total % 4 or not MIN_BLOCK <= total <= len(data) - at:
            return False
        if struct.unpack_from(order + "I", data, at + total - 4) != (total,):
            return False
        at += total
    return True
