"""pcap files: one header, then records.  Knows this format and its relatives, nothing about
packets.

Format: libpcap's pcap-savefile(5), draft-ietf-opsawg-pcap.  All words are in the byte order of the
machine that wrote the file; the magic number tells which.
"""

import struct
from collections.abc import Callable, Iterator
from typing import ClassVar, Final, NamedTuple

from nvgre_doctor.capture.batch import MAX_FRAME, Batch, Clock, Columns, Records, Walker, WordClock
from nvgre_doctor.capture.description import ENDIAN, Description, InterfaceDescription
from nvgre_doctor.capture.formats.reader import Cursor, DamageError, Reader
from nvgre_doctor.capture.source import CHUNK

FILE_HEADER: Final = 24
_MICRO: Final = 0xA1B2C3D4
_NANO: Final = 0xA1B23C4D
_MODIFIED: Final = 0xA1B2CD34  # 24-byte record headers
_MAGICS: Final = (_MICRO, _NANO, _MODIFIED)

_RELATIVES: Final = {_MICRO: (24, 20), _NANO: (), _MODIFIED: (28,)}
"""Other record header sizes under the same magic: Red Hat 6.1 (24 bytes), Nokia (20), SuSE 6.3
(28).
"""

_FCS_GIVEN: Final = 0x04000000
"""The flag in the linktype word that says that its upper four bits are the length of frame check
sequences, in 16-bit words.
"""

_TRIED: Final = 16  # records that are looked at, to tell a relative
_IN_A_ROW: Final = 6  # records that must fit to believe that one of them begins here
_ZEROS: Final = bytes(1 << 16)
"""4096 record headers of nothing are not frames but the unwritten end of a file, or a decompression
bomb.  (Wireshark would go on
counting them as empty frames.)"""


class PcapHeader(NamedTuple):
    """What the file header says, as far as reading records needs it."""

    order: str  # "<" little endian, ">" big endian
    linktype: (
        int  # low 16 bits of its word; the upper ones tell the length of frame check sequences
    )
    subsecond_ns: int  # nanoseconds per unit of the second word of a time: 1000 or 1
    record_header: int  # bytes

    @property
    def clock(self) -> Clock:
        """Seconds, and parts of a second."""
        return WordClock(self.order, are_seconds=True, per_second=10**9 // self.subsecond_ns)

    @property
    def time_digits(self) -> int:
        """Decimal places of a second."""
        return 9 if self.subsecond_ns == 1 else 6


def parse_header(head: bytes) -> PcapHeader:
    """The file header, which begins with one of `_MAGICS`, and the kind of the records that
    follow.  Raises DamageError.
    """
    order = "<" if struct.unpack_from("<I", head)[0] in _MAGICS else ">"
    magic, major, minor, linktype = struct.unpack_from(order + "IHH12xI", head)
    if major < 2:
        raise DamageError(
            "version",
            4,
            f"pcap version {major}.{minor} is not supported (2.4 is usual); the file may be"
            " damaged",
        )
    size = 24 if magic == _MODIFIED else 16
    header = PcapHeader(order, linktype & 0xFFFF, 1 if magic == _NANO else 1000, size)
    # Two records that make sense are proof enough of the usual kind: what follows them is damaged,
    # not of another kind.
    if not _fits(head, FILE_HEADER, header, 0) and not _fits(head, FILE_HEADER, header, 2, 2):
        for size in _RELATIVES[magic]:
            relative = header._replace(record_header=size)
            if _fits(head, FILE_HEADER, relative, 2):
                return relative
    return header


def _fits(data: bytes, at: int, header: PcapHeader, least: int, tried: int = _TRIED) -> bool:
    """Whether all records from `at` on, up to `tried`, make sense, and there are `least` whole ones
    that are not empty.
    """
    second = 1_000_000_000 // header.subsecond_ns
    unpack = struct.Struct(header.order + "4xIII").unpack_from
    whole = 0
    while whole < tried and at + 16 <= len(data):
        fraction, length, wire_length = unpack(data, at)
        if length > MAX_FRAME or fraction >= second:
            return False
        if least and not 0 < length <= wire_length:
            return False
        at += header.record_header + length
        whole += at <= len(data)
    return whole >= least


class PcapReader(Reader[PcapHeader]):
    """Reads the records of a pcap file."""

    name: ClassVar = "pcap"
    is_prompt: ClassVar = True
    magics: ClassVar = tuple(struct.pack(order + "I", magic) for order in "<>" for magic in _MAGICS)

    _first: Cursor[PcapHeader] | None = None
    _whole = False  # the input ends with this buffer
    _header: PcapHeader

    def batches(
        self, start: Cursor[PcapHeader] | None, stop: int | None, walker: Walker | None = None
    ) -> Iterator[Batch]:
        """See `Reader.batches`."""
        begin = start or self.first()
        self._header = begin.state
        self._stop = stop
        if start is None and stop is None:
            self._at = begin.offset
        else:
            self._place(begin.offset)
        yield from self._records(walker)

    def first(self) -> Cursor[PcapHeader]:
        """See `Reader.first`."""
        if self._first is None:
            # More than the header only tells relatives of the format.
            self._have(FILE_HEADER if self._source.is_growing else CHUNK)
            if len(self._data) < FILE_HEADER:
                self._end("its file header")
            header = parse_header(self._data)
            self.description = _describe(self._data, header)
            self._first = Cursor(FILE_HEADER, header)
        return self._first

    def cursor(self) -> Cursor[PcapHeader]:
        """See `Reader.cursor`."""
        return Cursor(self._base + self._at, self._header)

    def find(
        self, offset: int, cursor: Cursor[PcapHeader], data: bytes
    ) -> Cursor[PcapHeader] | None:
        """See `Reader.find`."""
        for at in range(len(data)):
            if _fits(data, at, cursor.state, _IN_A_ROW):
                return Cursor(offset + at, cursor.state)
        return None

    def _records(self, walker: Walker | None) -> Iterator[Batch]:
        header, size = self._header, self._header.record_header
        records = Records(header.order, False, size, [(header.linktype, header.clock)])
        incl_len = struct.Struct(self._header.order + "8xI").unpack_from
        while True:
            number = self._progress.numbered + 1
            self._progress.bytes_read = self._base + self._at
            if self._stopped():
                return
            if not self._have(size):
                return self._end(f"frame {number}")
            (length,) = incl_len(self._data, self._at)
            if length > MAX_FRAME:
                raise DamageError(
                    "record-length",
                    self._base + self._at,
                    f"frame {number} claims to hold {length} bytes, more than the {MAX_FRAME} that"
                    f" are possible: the record at byte {self._base + self._at} is damaged, or"
                    " bytes are missing before it; what follows was not read",
                )
            if not length and self._only_zeros():
                raise DamageError(
                    "zeros",
                    self._base + self._at,
                    f"only zero bytes follow frame {number - 1} (from byte {self._base + self._at}"
                    " on): the capture was not closed properly, or the disk was full; all frames"
                    " before were read",
                )
            if not self._have(size + length):
                return self._end(f"frame {number}")
            yield self._walk(records, incl_len, walker)

    def _only_zeros(self) -> bool:
        """Whether the record at `_at` begins a long run of zeros."""
        self._whole = not self._have(len(_ZEROS))
        return self._data.startswith(_ZEROS, self._at)

    def _walk(
        self,
        records: Records,
        incl_len: Callable[[bytes, int], tuple[int]],
        walker: Walker | None,
    ) -> Batch:
        """All records that lie wholly in the buffer; the first one does.  A hot loop: about 0.1 us
        a frame.
        """
        data, at, number, size = self._data, self._at, self._progress.numbered + 1, records.distance
        columns, first, last = Columns(), at, at
        stamps, lengths = columns.stamps, columns.lengths
        if walker is not None:
            at, number, last = walker.walk(records, data, at, number, columns)
        before = len(stamps)
        try:
            while True:
                (length,) = incl_len(data, at)
                stamps.append(at)
                lengths.append(length)
                at += size + length
        except struct.error:  # the buffer ends: cheaper than to ask each time
            pass
        if at > len(data):
            lengths.pop()
            at = stamps.pop()
        too_long = columns.drop_too_long(before)
        if too_long is not None:
            at = too_long  # to be looked at again
        if not all(lengths) and not self._whole:
            zeros_from = len(data.rstrip(b"\0"))
            for index, record in enumerate(stamps):
                if lengths[index] or record == self._at:
                    continue
                if record >= zeros_from or data.startswith(_ZEROS, record):
                    at = columns.drop_from(index)  # to be looked at again, with what follows
                    break
        walked = range(number, number + len(stamps) - before)
        columns.numbers.extend(walked)
        self._at = at
        self._progress.frames += walked.stop - 1 - self._progress.numbered
        self._progress.numbered = walked.stop - 1
        ((linktype, clock),) = records.interfaces
        if walked:
            last = stamps[-1]
        self._progress.tell_times(*(clock(data[each : each + 8]) for each in (first, last)))
        return Batch(
            linktype,
            data,
            stamps,
            size,
            lengths,
            columns.numbers,
            records.order,
            clock,
            self._header.time_digits,
        )


def _describe(head: bytes, header: PcapHeader) -> Description:
    """What the file header says, in the terms of pcapng: one section with one interface."""
    major, minor, snaplen, linktype = struct.unpack_from(header.order + "4xHH8xII", head)
    unit = "nanoseconds" if header.time_digits == 9 else "microseconds"
    odd = f", record headers of {header.record_header} bytes" if header.record_header != 16 else ""
    fcs_octets = (linktype >> 28) * 2 if linktype & _FCS_GIVEN else 0
    interface = InterfaceDescription(1, 0, header.linktype, snaplen, header.time_digits, fcs_octets)
    return Description(
        f"version {major}.{minor}, {ENDIAN[header.order]}, {unit}{odd}",
        sections=1,
        interfaces=[interface],
        is_of_one_interface=True,
    )
