"""Captures of Microsoft Network Monitor 1.x and 2.x (.cap).  All words are little endian.

Format: Microsoft's help of Network Monitor 3, and what Wireshark's wiretap says of files that it
has seen.  Records lie where a table at the end of the file says.  Where that is missing, because
the capture was not closed, they are taken one behind the other; Wireshark refuses such a file.
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, NamedTuple

from nvgre_doctor.capture.batch import MAX_FRAME, NO_TIME, Problem, Progress
from nvgre_doctor.capture.description import Description, InterfaceDescription
from nvgre_doctor.capture.formats.laying import FrameReader, Laid, bounded
from nvgre_doctor.capture.formats.reader import COPY_AGAIN, DamageError
from nvgre_doctor.capture.source import FileSource, Source
from nvgre_doctor.vocabulary import Status

_FILE_HEADER: Final = 128
_HEADER: Final = struct.Struct("<4sBBH8H10I")
_RECORD_1: Final = struct.Struct("<IHH")
_RECORD_2: Final = struct.Struct("<QII")
_FILETIME_OF_1970: Final = 116_444_736_000_000_000
_TABLE_PIECE: Final = 1 << 16  # bytes of the table that are read at once
_WINDOW: Final = 1 << 16  # bytes that are read at a record, more if it is longer
_SMALL_WINDOW: Final = 1 << 12  # the same where the table goes backward
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ETHERNET, _WIRELESS, _RAW_IP, _UNKNOWN = 1, 105, 101, 147
_NETWORKS: Final = {0: 1, 1: 1, 2: 6, 3: 10, 6: _WIRELESS, 7: _RAW_IP, 8: _RAW_IP, 9: _RAW_IP}
_AS_LINKTYPE: Final = range(0xE000, 0xE080)
_WIRELESS_OF_ANALYZER: Final = 0xE080
_OF_ANALYZER: Final = range(0xE081, 0xE08B)
_FIRST_OF_SPECIAL: Final = 0xFFE0
"""Events, network information, filters: no packets, but Wireshark numbers them, except ..."""
_NOTES: Final = frozenset((0xFFFC, 0xFFFD, 0xFFFE))
"""... payload headers, network information of another kind, DNS caches."""
_LOCAL_TIME: Final = (
    "those of the clock on the wall where it was captured, as the file does not tell the time zone"
)


class _Kind(NamedTuple):
    """How the records of a version look."""

    head: struct.Struct
    trailer: int  # bytes behind the data
    time_digits: int
    is_local: bool  # times count from a local time; else each record has its own in UTC


def _kind_of(major: int, minor: int) -> _Kind | None:
    if major == 1:
        return _Kind(_RECORD_1, 0, 3, True)
    if major == 2:
        trailer = {0: 0, 1: 2, 2: 6}.get(minor, 15)
        return _Kind(_RECORD_2, trailer, 7, trailer < 15)
    return None


class NetmonReader(FrameReader):
    """Reads the records that the frame table names."""

    name: ClassVar = "netmon"
    magics: ClassVar = (b"RTSS", b"GMBU")
    needs_file: ClassVar = True

    _kind: _Kind
    _network: int  # of all frames, where records have no trailer
    _start_ns: int | None  # what times of records are added to; None: nonsense
    _file: FileSource
    _size: int  # of the file, in bytes

    def __init__(self, source: Source, progress: Progress, head: bytes) -> None:
        """See `Reader`."""
        super().__init__(source, progress, head)
        kind = _kind_of(head[5], head[4]) if len(head) > 5 else None
        self.time_digits = kind.time_digits if kind else 9

    def frames(self) -> Iterator[Laid]:
        """See `FrameReader.frames`."""
        assert isinstance(self._source, FileSource)  # `needs_file`
        self._file, self._size = self._source, self._source.size or 0
        head = self._file.read_at(0, _FILE_HEADER)
        self._data = b""
        if len(head) < _FILE_HEADER:
            raise self._cut("its file header", 0)
        table_at, table_size = self._read_header(head)
        if table_size and _FILE_HEADER <= table_at <= self._size - table_size:
            yield from self._by_table(table_at, table_size)
            self._check_source()
        else:
            yield from self._one_by_one(table_at)

    def _read_header(self, head: bytes) -> tuple[int, int]:
        """Offset and size of the frame table, in bytes."""
        _, minor, major, network, *fields = _HEADER.unpack_from(head)
        kind = _kind_of(major, minor)
        if kind is None:
            raise DamageError(
                "version", 4, f"Network Monitor version {major}.{minor} is not supported"
            )
        self._kind, self._network = kind, network
        year, month, _, day, hour, minute, second, ms = fields[:8]
        try:
            start = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            self._start_ns = (start - _EPOCH) // timedelta(seconds=1) * 10**9 + ms * 10**6
        except ValueError:
            self._start_ns = None
        self.description = Description(f"version {major}.{minor}", sections=1)
        if kind.is_local:
            self.description.facts.append(("Times", _LOCAL_TIME))
            self.description.is_local_time = True
        return fields[8], fields[9] & ~3

    def _by_table(self, table_at: int, table_size: int) -> Iterator[Laid]:
        """Frames in the order of the table."""
        read = bad = 0
        for piece in range(0, table_size, _TABLE_PIECE):
            table = self._file.read_at(table_at + piece, min(_TABLE_PIECE, table_size - piece))
            entries = struct.iter_unpack("<I", table[: len(table) & ~3])
            for entry_at, (offset,) in enumerate(entries):
                record = self._record(offset)
                if record is None:
                    if not bad:
                        self._report(offset, table_at + piece + 4 * entry_at)
                    bad += 1
                    yield None
                    continue
                size, network, ts_ns, wire_length, data = record
                read += size
                if read > self._size:
                    raise DamageError(
                        "overlap",
                        offset,
                        "the frame table names records that lie over each other (the one at byte"
                        f" {offset} is one too many): it is damaged, and what follows was not read",
                    )
                self._progress.bytes_read = read
                yield from self._frame(network, ts_ns, wire_length, data)

    def _one_by_one(self, table_at: int) -> Iterator[Laid]:
        """Frames as they lie behind each other, up to the table that should be there."""
        at, end = _FILE_HEADER, self._size
        if _FILE_HEADER <= table_at < end:
            end = table_at
        while at < end:
            record = self._record(at)
            if record is None or not 0 < len(record[4]) <= record[3]:
                break
            self._progress.bytes_read = at + record[0]
            yield from self._frame(*record[1:])
            at += record[0]
        self._check_source()
        raise DamageError(
            "no-frame-table",
            at,
            "the capture has no frame table: it was not closed, or it is cut short. Frames were"
            f" taken one behind the other up to byte {at}; {COPY_AGAIN}",
        )

    def _record(self, offset: int) -> tuple[int, int, int, int, bytes] | None:
        """The record at an offset: its size, the network, time in ns, original length, bytes; None
        where there is none.
        """
        head, trailer = self._kind.head, self._kind.trailer
        if offset < _FILE_HEADER or not self._load(offset, head.size):
            return None
        delta, wire_length, captured = head.unpack_from(self._data, offset - self._base)
        size = head.size + captured + trailer
        if captured > MAX_FRAME or not self._load(offset, size):
            return None
        start = offset - self._base + head.size
        behind = start + captured
        network = self._network
        if trailer:
            (network,) = struct.unpack_from("<H", self._data, behind)
        if not self._kind.is_local:
            (filetime,) = struct.unpack_from("<Q", self._data, behind + 6)
            ts_ns = bounded((filetime - _FILETIME_OF_1970) * 100)
        elif self._start_ns is None:
            ts_ns = NO_TIME
        elif head is _RECORD_1:
            ts_ns = bounded(self._start_ns + delta * 1_000_000)
        else:  # counted in microseconds, and multiplied by 10 before it gets a sign
            ticks = (delta * 10 + (1 << 63)) % (1 << 64) - (1 << 63)
            ts_ns = bounded(self._start_ns + ticks * 100)
        return size, network, ts_ns, wire_length, self._data[start:behind]

    def _load(self, offset: int, size: int) -> bool:
        """Get what lies at an offset into the buffer, and some more if the file goes forward."""
        if self._base <= offset and offset + size <= self._base + len(self._data):
            return True
        window = _WINDOW if offset >= self._base else _SMALL_WINDOW
        self._data, self._base = self._file.read_at(offset, max(size, window)), offset
        return len(self._data) >= size

    def _frame(self, network: int, ts_ns: int, wire_length: int, data: bytes) -> Iterator[Laid]:
        """The frame of a record, or what stands for its number."""
        if network in _NOTES:
            return
        if network >= _FIRST_OF_SPECIAL or network in _OF_ANALYZER:
            yield None
            return
        if network in _AS_LINKTYPE:
            linktype = network & 0xFF
        elif network == _WIRELESS_OF_ANALYZER:
            linktype = _WIRELESS
        else:
            linktype = _NETWORKS.get(network, _UNKNOWN)
        if linktype == _WIRELESS and len(data) >= 3:  # version, length, and more about the radio
            length = data[1] | data[2] << 8
            data, wire_length = data[length:], max(wire_length - length, 0)
        self._describe(linktype)
        yield linktype, ts_ns, wire_length, data

    def _describe(self, linktype: int) -> None:
        """An interface for each linktype."""
        interfaces = self.description.interfaces
        if all(interface.linktype != linktype for interface in interfaces):
            digits = self.time_digits
            interfaces.append(InterfaceDescription(1, len(interfaces), linktype, 0, digits))

    def _report(self, offset: int, entry_at: int) -> None:
        message = (
            f"the frame table names a record at byte {offset} that is not there, or makes no sense:"
            " it was left out, and so are all others like it"
        )
        self._progress.problems.append(Problem("bad-record", entry_at, message))
        self._progress.status = Status.CUT
