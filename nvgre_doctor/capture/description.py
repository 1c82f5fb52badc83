"""What a capture says about itself: who wrote it, its interfaces, and how many packets it lost.

Knows the describing blocks of pcapng and the header of pcap; knows nothing about frames.  Whatever
a capture claims, memory stays bounded.  Texts are raw bytes of strangers: show them with care.
"""

import struct
from dataclasses import dataclass, field
from typing import Final

from nvgre_doctor.capture.formats.pcapng_options import COMMENT, read_values
from nvgre_doctor.capture.losses import Losses

MAX_DESCRIBED: Final = 256
"""Interfaces that are kept, over all sections; the others are only counted."""
MAX_TEXT: Final = 256
"""Bytes that are kept of one text."""
MAX_COMMENTS: Final = 16
"""Comments that are kept of a capture; the others are only counted."""
MAX_COMMENT: Final = 1024
"""Bytes that are kept of one comment."""

_SECTION_OPTIONS: Final = (
    24  # where the options of a section header, an interface and a statistics block begin
)
_INTERFACE_OPTIONS: Final = 16
_STATISTICS_OPTIONS: Final = 20
_MICROSECONDS: Final = 6
_RECEIVED: Final = 4  # isb_ifrecv
_DROPPED: Final = (5, 7)  # isb_ifdrop, isb_osdrop
_MOST_INTERFACES: Final = 65_536  # of one section


@dataclass(slots=True)
class InterfaceDescription:
    """One interface.  Counters are those of its last statistics block, None where the capture does
    not tell.
    """

    section: int  # 1-based
    number: int  # 0-based, within its section
    linktype: int
    snaplen: int  # bytes, 0: no limit
    tsresol: int = _MICROSECONDS  # as in pcapng's if_tsresol: n for 10^-n s, 0x80 | n for 2^-n s
    fcs_octets: int = 0  # bytes of frame check sequence at the end of each frame
    name: bytes = b""
    text: bytes = b""  # if_description
    os: bytes = b""
    capture_filter: bytes = b""
    received: int | None = None  # packets
    dropped_by_interface: int | None = None
    dropped_by_os: int | None = None


@dataclass(slots=True)
class Description:
    """What was found so far; complete when the frames are exhausted."""

    variant: str = ""  # such as "version 2.4, little endian, microseconds"
    hardware: bytes = b""  # the computer that captured
    os: bytes = b""
    application: bytes = b""
    comments: list[bytes] = field(default_factory=list)  # of sections and interfaces, as written
    comments_left_out: int = 0
    sections: int = 0
    interfaces: list[InterfaceDescription] = field(default_factory=list)
    interfaces_left_out: int = 0
    is_of_one_interface: bool = False  # there can be no other one, so it needs no number
    is_local_time: bool = False  # its times are not in UTC, and nobody knows in what
    facts: list[tuple[str, str]] = field(default_factory=list)
    """What else there is to say: a word, and what it says."""
    _known: int = 0  # interfaces of this section so far, described or not
    _begin: int = 0  # in `interfaces`: where those of this section begin

    def add_section(self, block: bytes, order: str) -> None:
        """A Section Header Block."""
        self.sections += 1
        self._known, self._begin = 0, len(self.interfaces)
        is_first = self.sections == 1
        if is_first:
            major, minor = struct.unpack_from(order + "HH", block, 12)
            self.variant = f"version {major}.{minor}, {ENDIAN[order]}"
        for code, value in read_values(block, _SECTION_OPTIONS, len(block) - 4, order):
            text = value[:MAX_TEXT]
            if code == COMMENT:
                self._add_comment(value)
            elif not is_first:
                continue
            elif code == 2:
                self.hardware = text
            elif code == 3:
                self.os = text
            elif code == 4:
                self.application = text

    def add_interface(self, block: bytes, order: str) -> None:
        """An Interface Description Block."""
        number = self._known
        self._known += 1
        if len(self.interfaces) >= MAX_DESCRIBED:
            self.interfaces_left_out += 1
            return
        linktype, snaplen = struct.unpack_from(order + "H2xI", block, 8)
        interface = InterfaceDescription(self.sections, number, linktype, snaplen)
        for code, value in read_values(block, _INTERFACE_OPTIONS, len(block) - 4, order):
            text = value[:MAX_TEXT]
            if code == COMMENT:
                self._add_comment(value)
            elif code == 2:
                interface.name = text
            elif code == 3:
                interface.text = text
            elif code == 9 and len(value) == 1:
                interface.tsresol = value[0]
            elif code == 11 and text[:1] == b"\0":  # a filter as text; others are byte code
                interface.capture_filter = text[1:]
            elif code == 12:
                interface.os = text
            elif code == 13 and len(value) == 1:
                interface.fcs_octets = value[0]
        self.interfaces.append(interface)

    def _add_comment(self, text: bytes) -> None:
        if len(self.comments) < MAX_COMMENTS:
            self.comments.append(text[:MAX_COMMENT])
        else:
            self.comments_left_out += 1

    def add_statistics(self, block: bytes, order: str, losses: Losses) -> None:
        """An Interface Statistics Block: counters since the beginning of the section, so the last
        one counts.
        """
        if len(block) < _STATISTICS_OPTIONS + 4:
            return
        (number,) = struct.unpack_from(order + "I", block, 8)
        counts = {
            code: int.from_bytes(value, "little" if order == "<" else "big")
            for code, value in read_values(block, _STATISTICS_OPTIONS, len(block) - 4, order)
            if len(value) == 8 and code in (_RECEIVED, *_DROPPED)
        }
        if counts.keys() & {*_DROPPED} and number < _MOST_INTERFACES:
            losses.tell_packets(number, sum(counts.get(code, 0) for code in _DROPPED))
        if self._begin + number < len(self.interfaces):
            interface = self.interfaces[self._begin + number]
            interface.received = counts.get(_RECEIVED, interface.received)
            by_interface, by_os = (counts.get(code) for code in _DROPPED)
            if by_interface is not None:
                interface.dropped_by_interface = by_interface
            if by_os is not None:
                interface.dropped_by_os = by_os


ENDIAN: Final = {"<": "little endian", ">": "big endian"}
