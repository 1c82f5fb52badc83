"""Packets that were logged as several events, as Server 2012 does: one begins, others follow, one
ends it.
"""

from typing import Final

from nvgre_doctor.capture.batch import MAX_FRAME
from nvgre_doctor.capture.formats.etl.packet_events import END, START, Piece

_MOST_OPEN: Final = 4096
_MOST_BYTES: Final = 16 << 20
_Key = tuple[object, int]


class Fragments:
    """Collects the events of each interface and thread: two processors log at the same time."""

    def __init__(self) -> None:
        """None are open."""
        self._open: dict[_Key, list[bytes]] = {}
        self._sizes: dict[_Key, int] = {}
        self._bytes = 0

    def add(self, piece: Piece) -> bytes | None:
        """The whole packet that `piece` ends; None where it ends none, or one whose beginning is
        missing.
        """
        key = piece.point, piece.thread
        if piece.parts & START:
            self._drop(key)
            while self._open and (len(self._open) >= _MOST_OPEN or self._bytes >= _MOST_BYTES):
                self._drop(next(iter(self._open)))  # the oldest
            self._open[key], self._sizes[key] = [], 0
        parts = self._open.get(key)
        if parts is None:
            return None
        if self._sizes[key] + len(piece.data) > MAX_FRAME:
            self._drop(key)
            return None
        parts.append(piece.data)
        self._sizes[key] += len(piece.data)
        self._bytes += len(piece.data)
        if not piece.parts & END:
            return None
        self._drop(key)
        return b"".join(parts)

    def _drop(self, key: _Key) -> None:
        if self._open.pop(key, None) is not None:
            self._bytes -= self._sizes.pop(key)
