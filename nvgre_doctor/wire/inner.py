"""The customer's Ethernet frame inside NVGRE, or inside a quote, as far as it is there.

Must not know what the addresses mean.
"""

from typing import NamedTuple

from nvgre_doctor.wire.ethertypes import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from nvgre_doctor.wire.fields import number
from nvgre_doctor.wire.ip import IpPacket, read_ip
from nvgre_doctor.wire.links import untagged_type


class InnerFrame(NamedTuple):
    """MACs, the type field right after them, and customer addresses from IP or ARP behind any
    tags.
    """

    destination_mac: bytes | None
    source_mac: bytes | None
    ethertype: int | None
    source: bytes | None
    destination: bytes | None
    packet: IpPacket | None


def read_inner(frame: bytes) -> InnerFrame:
    """Read the frame that starts at `frame[0]`; a destination MAC without the source MAC counts as
    not captured.
    """
    if len(frame) < 12:
        return InnerFrame(None, None, None, None, None, None)
    ethertype, start = untagged_type(frame, 12)
    packet: IpPacket | None = None
    addresses: tuple[bytes | None, bytes | None] = (None, None)
    if ethertype in {ETHERTYPE_IPV4, ETHERTYPE_IPV6}:
        packet = read_ip(frame[start:])
        if packet is not None and packet.version == (4 if ethertype == ETHERTYPE_IPV4 else 6):
            addresses = packet.source, packet.destination
        else:
            packet = None
    elif ethertype == ETHERTYPE_ARP:
        # dpkt loads in 30 ms: only when needed
        from nvgre_doctor.wire.dpkt_headers import arp_addresses

        addresses = arp_addresses(frame[start:])
    return InnerFrame(frame[:6], frame[6:12], number(frame, 12, 2), *addresses, packet)
