"""NVGRE that lies inside something else: a switch's mirror of it (ERSPAN), another overlay (VXLAN).

Says only whether it is there: a mirror shows frames of other hosts a second time, and which of them
is not for this program to sort out.
"""

from typing import Final

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.ethertypes import ETHERTYPE_IPV4, IP_ETHERTYPES
from nvgre_doctor.wire.gre import (
    CHECKSUM,
    KEY,
    PROTOCOL_GRE,
    ROUTING,
    SEQUENCE,
    VERSION,
    NvgreHeader,
    read_gre,
)
from nvgre_doctor.wire.ip import read_ip
from nvgre_doctor.wire.links import ETHERNET, strip_link

VXLAN_PORT: Final = 4789
"""RFC 7348 section 5."""
_ERSPAN: Final = b"\x88\xbe"  # types I and II
_ERSPAN_3: Final = b"\x22\xeb"
_ERSPAN_HEADER: Final = 8
_ERSPAN_3_HEADER: Final = 12
_SUBHEADER: Final = 8  # of type III, if the last bit of its header says so
_UDP_AND_VXLAN: Final = 8 + 8


def is_nvgre_in_erspan(payload: bytes) -> bool:
    """Whether a GRE packet is ERSPAN (draft-foschiano-erspan) around NVGRE."""
    flags, protocol = int.from_bytes(payload[:2]), payload[2:4]
    if flags & (VERSION | ROUTING | CHECKSUM) or protocol not in (_ERSPAN, _ERSPAN_3):
        return False
    start = 4 + (4 if flags & KEY else 0) + (4 if flags & SEQUENCE else 0)
    if protocol == _ERSPAN:
        start += _ERSPAN_HEADER if flags & SEQUENCE else 0  # type I has no header
    else:
        header = payload[start : start + _ERSPAN_3_HEADER]
        start += _ERSPAN_3_HEADER + (_SUBHEADER if header[-1:] and header[-1] & 1 else 0)
    return _holds_nvgre(payload[start:])


def is_nvgre_in_vxlan(payload: bytes) -> bool:
    """Whether a UDP packet to VXLAN_PORT is VXLAN around NVGRE."""
    return _holds_nvgre(payload[_UDP_AND_VXLAN:])


def _holds_nvgre(frame: bytes) -> bool:
    """Whether an Ethernet frame shows for certain that it is NVGRE."""
    link = strip_link(ETHERNET, frame)
    if isinstance(link, Oddity) or link[0] not in IP_ETHERTYPES:
        return False
    packet = read_ip(frame[link[1] :])
    if packet is None or packet.version != (4 if link[0] == ETHERTYPE_IPV4 else 6):
        return False
    if packet.protocol != PROTOCOL_GRE or packet.fragment_offset:
        return False
    header = read_gre(packet.payload)
    return isinstance(header, NvgreHeader) and header.gre_key is not None
