"""snoop files of Solaris (RFC 1761): one header, then records.  All words are big endian."""

import struct
from collections.abc import Iterator
from typing import ClassVar, Final

from nvgre_doctor.capture.batch import MAX_FRAME
from nvgre_doctor.capture.description import Description, InterfaceDescription
from nvgre_doctor.capture.formats.laying import FrameReader, Laid
from nvgre_doctor.capture.formats.reader import DamageError

_FILE_HEADER: Final = 16
_RECORD: Final = struct.Struct(">6I")
"""Original length, captured length, length of the whole record, packets lost so far, seconds,
microseconds."""
_LINKTYPES: Final = {0: 1, 2: 6, 4: 1, 8: 10}
"""IEEE 802.3 and Ethernet, token ring, FDDI."""


class SnoopReader(FrameReader):
    """Reads the records of a snoop file."""

    name: ClassVar = "snoop"
    magics: ClassVar = (b"snoop\0\0\0",)
    time_digits = 6

    def frames(self) -> Iterator[Laid]:
        """See `FrameReader.frames`."""
        if not self._have(_FILE_HEADER):
            return self._end("its file header")
        version, datalink = struct.unpack_from(">II", self._data, 8)
        if version != 2:
            raise DamageError(
                "version", 8, f"snoop version {version} is not supported (2 is usual)"
            )
        linktype = _LINKTYPES.get(datalink)
        if linktype is None:
            raise DamageError(
                "version", 12, f"the datalink type {datalink} of snoop is not supported"
            )
        interface = InterfaceDescription(1, 0, linktype, 0)
        self.description = Description(
            "version 2, big endian, microseconds",
            sections=1,
            interfaces=[interface],
            is_of_one_interface=True,
        )
        self._at = _FILE_HEADER
        while True:
            number = self._progress.numbered + 1
            self._progress.bytes_read = self._base + self._at
            if not self._have(_RECORD.size):
                return self._end(f"frame {number}")
            wire_length, captured, size, lost, seconds, fraction = _RECORD.unpack_from(
                self._data, self._at
            )
            if captured > MAX_FRAME or not captured <= size - _RECORD.size <= MAX_FRAME + 8192:
                offset = self._base + self._at
                raise DamageError(
                    "record-length",
                    offset,
                    f"frame {number} claims to hold {captured} bytes in a record of {size} (at byte"
                    f" {offset}): the record is damaged, or bytes are missing before it; what"
                    " follows was not read",
                )
            is_whole = self._have(size)  # with its padding
            start = self._at + _RECORD.size
            data = self._data[start : start + captured]
            if len(data) < captured:
                return self._end(f"frame {number}")
            interface.dropped_by_interface = lost
            self._progress.losses.tell_packets(0, lost)
            yield linktype, seconds * 1_000_000_000 + fraction * 1000, wire_length, data
            if not is_whole:
                self._progress.bytes_read = self._base + start + captured
                return self._end(f"the padding of frame {number}")
            self._at += size
