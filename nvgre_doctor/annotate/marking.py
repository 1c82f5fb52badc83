"""From frames to comments, and the count of both.

Most frames of a capture are alike, so what is said of the commonest kind is remembered by the bytes
that decide it.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from nvgre_doctor.annotate.pointing import Note, Pointer
from nvgre_doctor.infer.at import At
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.links import ETHERNET

REMEMBERED: Final = 50_000
"""Distinct headers: about 20 MB.  Then it begins anew."""

_IPV4: Final = b"\x08\x00\x45"  # EtherType, then version 4 and a header without options
_NVGRE: Final = b"\x20\x00\x65\x58"
_GRE, _ICMP, _TCP, _UDP = 47, 1, 6, 17
_ECHO: Final = (0, 8)  # reply, request
_WHOLE: Final = (
    b"\0\0",
    b"\x40\0",
)  # fragment words: no fragment, with or without "don't fragment"


@dataclass(slots=True)
class Copied:
    """What was found and written.  A frame is flagged if a finding points to it."""

    frames: int = 0  # in the capture
    written: int = 0
    flagged: int = 0
    without_room: int = 0  # flagged, in a block that cannot take a comment
    by_code: Counter[str] = field(default_factory=Counter)  # flagged frames of each code


class Marker:
    """Knows the findings of a capture, and sees its frames one after the other."""

    def __init__(self, pointer: Pointer) -> None:
        """Nothing is counted yet."""
        self._pointer = pointer
        self._memo: dict[bytes, list[Note]] = {}
        self.copied = Copied()

    def comments(
        self, linktype: int, frame: bytes, wire_length: int, frame_number: int, ts_ns: int
    ) -> list[str]:
        """The comments on one frame; none if no finding points to it."""
        self.copied.frames += 1
        if self._pointer.is_idle:
            return []
        notes = self._notes(
            linktype, frame, wire_length, At(ts_ns, self._pointer.capture, frame_number)
        )
        if not notes:
            return []
        self.copied.flagged += 1
        for note in notes:
            self.copied.by_code[note.code] += 1
        return [f"nvgre-doctor {note.code}: {note.text}" for note in notes]

    def _notes(self, linktype: int, frame: bytes, wire_length: int, at: At) -> list[Note]:
        header = plain_header(linktype, frame) if self._pointer.is_timeless(at) else None
        if header is None:
            return self._pointer.notes(decode(linktype, frame, wire_length), at)
        notes = self._memo.get(header)
        if notes is None:
            if len(self._memo) >= REMEMBERED:
                self._memo.clear()
            notes = self._memo[header] = self._pointer.notes(
                decode(linktype, frame, wire_length), at
            )
        return notes


def plain_header(linktype: int, frame: bytes) -> bytes | None:
    """The bytes that decide everything that can be said of the commonest kind of frame; None for
    all other frames.

    That kind: Ethernet without a tag, a whole IPv4 packet without options, NVGRE, and in it IPv4
    without options with TCP, UDP or an echo, all headers captured.  The bytes: outer source address
    to inner source MAC, and the customer addresses.
    """
    if linktype != ETHERNET or len(frame) < 77 or frame[23] != _GRE or frame[12:15] != _IPV4:
        return None
    if frame[34:38] != _NVGRE or frame[54:57] != _IPV4 or frame[20:22] not in _WHOLE:
        return None
    protocol = frame[65]
    if protocol not in (_TCP, _UDP) and not (protocol == _ICMP and frame[76] in _ECHO):
        return None
    outer_length, inner_length = frame[16] << 8 | frame[17], frame[58] << 8 | frame[59]
    if (
        0 < outer_length < 63 or 0 < inner_length < 21
    ):  # up to the first byte behind the inner header; 0: left to the adapter
        return None
    return frame[26:54] + frame[68:76]
