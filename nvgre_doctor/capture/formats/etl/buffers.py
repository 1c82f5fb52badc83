"""The buffers of a trace: where they lie, in which order, and what is in one when it is unpacked.

Knows WMI_BUFFER_HEADER.  The first pass reads only these headers and keeps two numbers for each
buffer; the second unpacks one buffer at a time for each processor.
"""

import struct
from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

from nvgre_doctor.capture.formats.etl.lz77 import decompress
from nvgre_doctor.capture.formats.etl.trace_header import BUFFER_HEADER, PREALLOCATED, TraceHeader
from nvgre_doctor.capture.source import FileSource

_HEADER: Final = struct.Struct("<II16xq8xH6xIHH16x")
"""Bytes on disk, bytes used when unpacked (with this header), sequence number, processor, again
bytes used, flags, type."""
_COMPRESSED: Final = 0x40
_PROCESSOR_INDEX: Final = 0x20  # else the processor is one byte, as before Windows 8
_ZEROS: Final = bytes(BUFFER_HEADER)


class Damage(NamedTuple):
    """What is wrong at an offset of the file."""

    offset: int
    what: str  # "cut" or "damaged"


class Buffer(NamedTuple):
    """One that was read."""

    offset: int  # in the file
    stored: int  # bytes there
    data: bytes  # with its header, unpacked
    is_whole: bool


class Index:
    """Where the buffers of each processor lie, by their sequence numbers."""

    def __init__(self, source: FileSource, header: TraceHeader) -> None:
        """Read all buffer headers."""
        self._source = source
        self._header = header
        self._offsets: dict[int, array[int]] = {}
        self._sequences: dict[int, array[int]] = {}
        self.damage: Damage | None = None  # where the first pass had to end
        self.is_compressed = False
        self._read()

    @property
    def processors(self) -> list[int]:
        """Their numbers, ascending."""
        return sorted(self._offsets)

    def _read(self) -> None:
        at, end = 0, self._source.size or 0
        while at < end:
            head = self._source.read_at(at, BUFFER_HEADER)
            if len(head) < BUFFER_HEADER:
                self.damage = Damage(at, "cut")
                return
            size, used, sequence, processor, _, flags, _ = _HEADER.unpack(head)
            if head == _ZEROS and self._header.mode & PREALLOCATED:
                return  # the rest was never used
            if not BUFFER_HEADER <= size <= self._header.buffer_size or used < BUFFER_HEADER:
                self.damage = Damage(at, "damaged")
                return
            if not flags & _PROCESSOR_INDEX:
                processor &= 0xFF
            self.is_compressed |= bool(flags & _COMPRESSED)
            self._offsets.setdefault(processor, array("q")).append(at)
            self._sequences.setdefault(processor, array("q")).append(sequence)
            if at + size > end:
                self.damage = Damage(at, "cut")
            at += size

    def buffers(self, processor: int) -> Iterator[Buffer]:
        """Those of one processor, in order: a file that was written round and round begins in its
        middle.
        """
        offsets, sequences = self._offsets[processor], self._sequences[processor]
        order = sorted(range(len(offsets)), key=sequences.__getitem__)
        for index in order:
            yield self._buffer(offsets[index])

    def _buffer(self, offset: int) -> Buffer:
        size, used, _, _, _, flags, _ = _HEADER.unpack(
            self._source.read_at(offset, BUFFER_HEADER).ljust(BUFFER_HEADER, b"\0")
        )
        size = min(size, self._header.buffer_size)
        data = self._source.read_at(offset, size)
        if flags & _COMPRESSED:
            wanted = min(used, self._header.buffer_size) - BUFFER_HEADER
            unpacked, is_whole = decompress(data, BUFFER_HEADER, wanted)
            is_whole &= used - BUFFER_HEADER <= wanted
            return Buffer(offset, len(data), unpacked, is_whole)
        return Buffer(offset, len(data), data[:used], len(data) >= used)
