"""What a compressed file expands to, as a source of bytes.

Knows decompressors; knows nothing about captures.
"""

from typing import BinaryIO, ClassVar, Final

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.decompress import Codec, Decompressor
from nvgre_doctor.capture.source import StreamSource

_PIECE: Final = (
    1 << 12
)  # compressed bytes per call of a decompressor: what a damaged stream can lose at most
_FINELY: Final = 64
"""Of what is left near the end, where checksums are, this part at once, and in the end one byte: a
wrong checksum must not cost data.
"""


def beginning(head: bytes, codec: Codec, most: int) -> bytes:
    """Up to `most` bytes of what a compressed file expands to that begins with `head`; as far as
    that is enough for them, and not damaged.
    """
    try:
        return codec.new().decompress(head, most)
    except codec.errors():
        return b""


class CompressedSource(StreamSource):
    """What a compressed file expands to, member after member.

    Every call is bounded in input and output, so a decompression bomb costs no more memory than any
    other capture.
    """

    stored: ClassVar = 1 << 16
    """Compressed bytes per read."""

    def __init__(self, raw: BinaryIO, head: bytes, codec: Codec) -> None:
        """`head` and `raw` as stored, that is compressed."""
        super().__init__(raw, head)
        self._codec = codec
        self._decompressor: Decompressor = codec.new()
        self._buffer = b""
        self._at = 0  # compressed bytes of `_buffer` that were handed over
        self._ended = False

    def _next(self, most: int) -> bytes:
        while not self._ended:
            if self._decompressor.eof and not self._next_member():
                break
            piece = b""
            if self._decompressor.needs_input:
                piece = self._piece()
                if not piece:
                    name = self._codec.name
                    self._fail(
                        "cut-compressed",
                        f"the {name} data ends early; the file is cut short: copy it again",
                    )
                    break
            try:
                part = self._decompressor.decompress(piece, most)
            except self._codec.errors() as error:
                where = self.position() - len(self._buffer) + self._at
                name = self._codec.name
                self._fail(
                    "damaged-compressed",
                    f"the {name} data is damaged near byte {where} of the compressed file"
                    f" ({error}): copy it again, or see what `{self._codec.tester}` says",
                )
                break
            if part:
                return part
        return b""

    def _piece(self) -> bytes:
        """The next compressed bytes: few of them near the end, so that a wrong checksum there does
        not cost what it follows.
        """
        # What grows may have no more for long: nothing is waited for while there is something.
        enough = 1 if self.is_growing else 2 * _PIECE
        while len(self._buffer) - self._at < enough and (more := self.stored_bytes(self.stored)):
            self._buffer, self._at = self._buffer[self._at :] + more, 0
        left = len(self._buffer) - self._at
        step = _PIECE if left > _PIECE else max(left // _FINELY, 1)
        piece = self._buffer[self._at : self._at + step]
        self._at += len(piece)
        return piece

    def _next_member(self) -> bool:
        """Begin the next member of the file, if there is one; padding with zeros may stand
        between.
        """
        self._at -= len(self._decompressor.unused_data)
        while True:
            rest = self._buffer[self._at :].lstrip(b"\0")
            if len(rest) < self._codec.longest_magic:
                more = self.stored_bytes(self.stored)
                self._buffer, self._at = rest + more, 0
                if more:
                    continue
            else:
                self._at = len(self._buffer) - len(rest)
            break
        if not rest:
            self._ended = True
            return False
        if not rest.startswith(self._codec.magics):
            self._fail(
                "trailing-data",
                f"bytes that are not {self._codec.name} follow the {self._codec.name} data: they"
                " are ignored",
            )
            return False
        self._decompressor = self._codec.new()
        return True

    def _fail(self, reason: str, message: str) -> None:
        if self.failure is None:  # else the reading error was first
            self.failure = Problem(reason, 0, message)
        self._ended = True
