"""One frame becomes facts: exact and slow, used once per distinct header.

Puts the layers together: `links`, `ip`, `gre`, `inner`, `icmp` (with `quote`).  Keeps no state and
never raises, whatever the bytes. A cut frame gives fewer facts than the whole one, never other
facts.
"""

from typing import Final

from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.ethertypes import ETHERTYPE_IPV4, IP_ETHERTYPES
from nvgre_doctor.wire.facts import Facts, Nvgre, Other
from nvgre_doctor.wire.fields import number
from nvgre_doctor.wire.gre import PROTOCOL_GRE, read_gre
from nvgre_doctor.wire.icmp import inner_error, is_cut_before_code, is_icmp, outer_error, read_error
from nvgre_doctor.wire.inner import read_inner
from nvgre_doctor.wire.ip import IpPacket, read_ip
from nvgre_doctor.wire.links import strip_link
from nvgre_doctor.wire.mirrors import VXLAN_PORT, is_nvgre_in_erspan, is_nvgre_in_vxlan

_PROTOCOL_UDP: Final = 17


def decode(linktype: int, data: bytes, wire_length: int) -> Facts:
    """The facts of one frame.

    `linktype` as in https://www.tcpdump.org/linktypes.html, `data` the captured bytes,
    `wire_length` the frame's original length in bytes.  A header that ends early is TRUNCATED or
    TOO_SHORT when `wire_length` or the IP length says that more was sent, and MALFORMED when
    nothing does.
    """
    cut = len(data) < wire_length
    link = strip_link(linktype, data)
    if isinstance(link, Oddity):
        return Other(_blame(link, cut))
    ethertype, start = link
    if ethertype not in IP_ETHERTYPES:
        return Other(Oddity.NOT_IP, ethertype=ethertype)
    if start >= len(data):
        return Other(_blame(Oddity.TRUNCATED, cut))
    packet = read_ip(data[start:], cut)
    if packet is None or packet.version != (4 if ethertype == ETHERTYPE_IPV4 else 6):
        return Other(Oddity.MALFORMED)
    return _facts(packet)


def _facts(packet: IpPacket) -> Facts:
    source, destination = packet.source, packet.destination
    if packet.protocol == PROTOCOL_GRE:
        return _gre_facts(packet)
    if packet.protocol is None:
        reason = Oddity.TRUNCATED
    elif is_icmp(packet):
        message = read_error(packet)
        if message is not None and source is not None and destination is not None:
            return outer_error(message, source, destination)
        reason = Oddity.TRUNCATED if is_cut_before_code(packet) else Oddity.NOT_GRE
    elif packet.protocol == _PROTOCOL_UDP and not packet.fragment_offset:
        reason = Oddity.NOT_GRE
        if number(packet.payload, 2, 2) == VXLAN_PORT:
            is_mirror = is_nvgre_in_vxlan(packet.payload)
            reason = Oddity.NVGRE_IN_VXLAN if is_mirror else Oddity.VXLAN
    else:
        reason = Oddity.NOT_GRE
    return Other(_blame(reason, packet.cut), source, destination)


def _gre_facts(packet: IpPacket) -> Facts:
    source, destination, hop_limit = packet.source, packet.destination, packet.hop_limit
    if packet.fragment_offset:
        return Other(Oddity.LATER_FRAGMENT, source, destination)
    header = read_gre(packet.payload)
    if header is Oddity.GRE_OTHER and is_nvgre_in_erspan(packet.payload):
        header = Oddity.NVGRE_IN_ERSPAN
    if isinstance(header, Oddity):
        return Other(_blame(header, packet.cut), source, destination)
    gre_key = header.gre_key
    if gre_key is None or source is None or destination is None or hop_limit is None:
        return Other(_blame(Oddity.TOO_SHORT, packet.cut), source, destination)
    inner = read_inner(header.frame)
    message = read_error(inner.packet) if inner.packet is not None else None
    return Nvgre(
        source=source,
        destination=destination,
        gre_key=gre_key,
        gre_flags=header.flags,
        hop_limit=hop_limit,
        is_fragment=packet.more_fragments,
        inner_destination_mac=inner.destination_mac,
        inner_source_mac=inner.source_mac,
        inner_ethertype=inner.ethertype,
        inner_source=inner.source,
        inner_destination=inner.destination,
        inner_error=inner_error(message, inner.packet, source, destination, gre_key)
        if message is not None and inner.packet is not None
        else None,
    )


def _blame(reason: Oddity, cut: bool) -> Oddity:
    """A header that ends early although nothing was cut off contradicts itself."""
    return (
        Oddity.MALFORMED if not cut and reason in {Oddity.TRUNCATED, Oddity.TOO_SHORT} else reason
    )
