"""pcapng blocks with our comments in them.  Knows blocks and bytes; nothing about findings.

Format: draft-ietf-opsawg-pcapng sections 4.1 to 4.3 and appendix A (the obsolete packet block,
which has its options in the same place).
"""

import re
import struct
from collections.abc import Sequence
from typing import Final

from nvgre_doctor.capture.formats.pcapng_blocks import (
    ENHANCED_PACKET,
    INTERFACE,
    PACKET_HEAD,
    SECTION,
    SECTION_SIZE,
)
from nvgre_doctor.capture.formats.pcapng_options import (
    COMMENT,
    read_options,
    write_end,
    write_option,
)

ORDER: Final = "<"
"""Byte order of the blocks that are made here."""
_OURS: Final = re.compile(rb"nvgre-doctor (?:NVG[0-9]{3}: |says[ :])")
_SECTION_HEAD: Final = SECTION_SIZE - 4  # bytes before the options of a section header
_COMMENT_HEAD: Final = 4  # bytes of an option before its value
_MICROSECONDS: Final = 6
_TSRESOL: Final = 9
_FCS_LENGTH: Final = 13


def is_annotated(head: bytes) -> bool:
    """Whether a file that begins like this has our comment in its section header."""
    return bool(_OURS.match(head, _SECTION_HEAD + _COMMENT_HEAD))


def with_comments(block: bytes, order: str, comments: Sequence[str]) -> bytes:
    """An enhanced or obsolete packet block with these comments of ours, and without those of an
    earlier run.

    Ours come first: then the other options need not be understood, whatever is in them.  A block
    that has none and gets none stays as it is, byte for byte.
    """
    (captured,) = struct.unpack_from(order + "I", block, 20)
    return _with_options(block, PACKET_HEAD + ((captured + 3) & ~3), order, comments)


def section_with_comments(block: bytes, order: str, comments: Sequence[str]) -> bytes:
    """The same of a section header."""
    return _with_options(block, _SECTION_HEAD, order, comments)


def _with_options(block: bytes, options_at: int, order: str, comments: Sequence[str]) -> bytes:
    theirs = _without_ours(block[options_at:-4], order)
    ours = b"".join(write_option(COMMENT, comment.encode(), order) for comment in comments)
    if not ours and len(theirs) == len(block) - 4 - options_at:
        return block
    if theirs == write_end(order):
        theirs = b""
    if ours and not theirs:
        theirs = write_end(order)
    return _block(block[:4], block[8:options_at] + ours + theirs, order)


def _without_ours(options: bytes, order: str) -> bytes:
    kept = []
    at = 0
    for option in read_options(options, 0, len(options), order):
        if option.code == COMMENT and _OURS.match(option.value):
            kept.append(options[at : option.start])
            at = option.end
    return b"".join((*kept, options[at:]))


def section_header() -> bytes:
    """A Section Header Block of unknown length."""
    return _block(
        struct.pack(ORDER + "I", SECTION), struct.pack(ORDER + "IHHq", 0x1A2B3C4D, 1, 0, -1), ORDER
    )


def interface_block(linktype: int, snaplen: int, tsresol: int, fcs_octets: int) -> bytes:
    """An Interface Description Block.  `snaplen` in bytes, `tsresol` as in if_tsresol (6:
    microseconds).
    """
    options = b""
    if tsresol != _MICROSECONDS:
        options += write_option(_TSRESOL, bytes([tsresol]), ORDER)
    if fcs_octets:
        options += write_option(_FCS_LENGTH, bytes([fcs_octets]), ORDER)
    if options:
        options += write_end(ORDER)
    body = struct.pack(ORDER + "HHI", linktype, 0, snaplen) + options
    return _block(struct.pack(ORDER + "I", INTERFACE), body, ORDER)


def packet_block(interface: int, ticks: int, frame: bytes, wire_length: int) -> bytes:
    """An Enhanced Packet Block without options.  `ticks` in the resolution of the interface."""
    head = struct.pack(
        ORDER + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), wire_length
    )
    body = head + frame.ljust((len(frame) + 3) & ~3, b"\0")
    return _block(struct.pack(ORDER + "I", ENHANCED_PACKET), body, ORDER)


def _block(kind: bytes, body: bytes, order: str) -> bytes:
    length = struct.pack(order + "I", len(body) + 12)
    return kind + length + body + length
