"""The GRE header (RFC 2784, RFC 2890, RFC 1701), as far as it is there, and whether it is NVGRE's
(RFC 7637 section 3.2).

Must not know what a key means.  NVGRE is version 0, K=1, protocol 0x6558, whatever the other flags
say: a header that breaks RFC 7637 is worth a finding, not a blind eye.  The bit 0x0080 is an
acknowledgment number in version 1 only.
"""

from typing import Final, NamedTuple

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.fields import number
from nvgre_doctor.wire.layouts import GRE_PROTOCOL

PROTOCOL_GRE: Final = 47
"""GRE as an IP protocol."""
CHECKSUM: Final = 0x8000
ROUTING: Final = 0x4000
KEY: Final = 0x2000
SEQUENCE: Final = 0x1000
VERSION: Final = 0x0007
_PROTOCOL_BYTES: Final = GRE_PROTOCOL.to_bytes(2)


class NvgreHeader(NamedTuple):
    """A GRE header that is NVGRE's for certain."""

    flags: int  # the first 16 bits
    gre_key: int | None  # None: cut off
    frame: bytes  # what follows the header: the inner Ethernet frame


def read_gre(data: bytes) -> NvgreHeader | Oddity:
    """Read the header at `data[0]`; TOO_SHORT when what is there does not rule NVGRE out, and does
    not prove it.
    """
    flags, protocol = int.from_bytes(data[:2].ljust(2, b"\0")), data[2:4]
    if flags & VERSION or not _PROTOCOL_BYTES.startswith(protocol):
        return Oddity.GRE_OTHER
    if data and not flags & KEY:
        return Oddity.GRE_WITHOUT_KEY if len(protocol) == 2 else Oddity.GRE_OTHER
    if len(protocol) < 2:
        return Oddity.TOO_SHORT
    # RFC 1701: checksum and offset are both there when either C or R is set.
    key_start = 8 if flags & (CHECKSUM | ROUTING) else 4
    start = key_start + (8 if flags & SEQUENCE else 4)
    if flags & ROUTING:
        start = _behind_routing(data, start)
    return NvgreHeader(flags, number(data, key_start, 4), data[start:])


def _behind_routing(data: bytes, start: int) -> int:
    """Skip the source route entries (RFC 1701): family, offset, length, data; one with family 0 and
    length 0 is the last.
    """
    while entry := data[start : start + 4]:
        length = number(entry, 3, 1)
        if length is None:
            return len(data)
        start += 4 + length
        if not length and not entry[0] and not entry[1]:
            break
    return start
