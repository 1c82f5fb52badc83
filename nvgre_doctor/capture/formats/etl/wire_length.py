"""The original length of a packet that a trace does not tell: as long as its IP header says, if it
was cut.
"""

from typing import Final

from nvgre_doctor.capture.formats.etl.packet_events import ETHERNET, RAW_IP

_IPV4, _IPV6 = b"\x08\x00", b"\x86\xdd"
_ETHERNET_HEADER: Final = 14
_IPV6_HEADER: Final = 40


def wire_length_of(linktype: int, data: bytes) -> int:
    """In bytes.  A packet that an adapter is to segment has an IP length of 0, and counts as whole;
    etl2pcapng says the same, but adds the length of an Ethernet header to raw IP as well.
    """
    if linktype == ETHERNET:
        at = _ETHERNET_HEADER
        version = {_IPV4: 4, _IPV6: 6}.get(data[12:14])
    elif linktype == RAW_IP:
        at, version = 0, data[0] >> 4 if data else None
    else:
        return len(data)
    if version == 4 and len(data) >= at + 20:
        return max(len(data), at + (data[at + 2] << 8 | data[at + 3]))
    if version == 6 and len(data) >= at + _IPV6_HEADER:
        return max(len(data), at + _IPV6_HEADER + (data[at + 4] << 8 | data[at + 5]))
    return len(data)
