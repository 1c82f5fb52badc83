"""What switches put between Ethernet and IP, and mirrors, from `struct` alone.

As in `tests.build`: knows byte layouts, must not know anything of nvgre_doctor.  A shim is what
follows the two MACs, the EtherType of the IP packet included; shims are put into each other.
"""

import struct
from collections.abc import Callable

from tests.build import DESTINATION_MAC, SOURCE_MAC, ethernet, gre, mac, udp

MACS = mac(DESTINATION_MAC) + mac(SOURCE_MAC)


def typed(packet: bytes) -> bytes:
    """An IP packet behind its EtherType."""
    return (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00") + packet


def vlan(rest: bytes, ethertype: int = 0x8100) -> bytes:
    return struct.pack(">HH", ethertype, 0x2064) + rest


def mpls(packet: bytes, *labels: int, ethertype: int = 0x8847) -> bytes:
    """Labels from the outside in, each of 20 bits; the last one has the bottom-of-stack bit.  What
    follows has no EtherType.
    """
    stack = b"".join(
        struct.pack(">I", label << 12 | 3 << 9 | (number == len(labels)) << 8 | 64)
        for number, label in enumerate(labels, 1)
    )
    return struct.pack(">H", ethertype) + stack + packet


def vn_tag(rest: bytes) -> bytes:
    return struct.pack(">HI", 0x8926, 0x80010002) + rest


def e_tag(rest: bytes) -> bytes:
    return struct.pack(">HHHH", 0x893F, 0x2000, 0x1005, 0) + rest


def cisco_metadata(rest: bytes) -> bytes:
    return struct.pack(">HBBHH", 0x8909, 1, 1, 1, 34) + rest


def fabricpath(rest: bytes) -> bytes:
    return struct.pack(">HH", 0x8903, 1 << 6 | 32) + MACS + rest


def pbb(rest: bytes) -> bytes:
    return struct.pack(">HI", 0x88E7, 10011) + MACS + rest


def pppoe(packet: bytes, compressed: bool = False) -> bytes:
    protocol = 0x57 if packet[0] >> 4 == 6 else 0x21
    inner = (bytes([protocol]) if compressed else struct.pack(">H", protocol)) + packet
    return struct.pack(">HBBHH", 0x8864, 0x11, 0, 7, len(inner)) + inner


def snap(rest: bytes, organization: bytes = b"\0\0\0") -> bytes:
    """802.3: a length in place of the EtherType."""
    inner = b"\xaa\xaa\x03" + organization + rest
    return struct.pack(">H", min(len(inner), 1500)) + inner


def llc_ip(packet: bytes) -> bytes:
    return struct.pack(">H", min(len(packet) + 3, 1500)) + b"\x06\x06\x03" + packet


SHIMS: dict[str, Callable[[bytes], bytes]] = {
    "MPLS": lambda packet: mpls(packet, 16),
    "MPLS of 0x45": lambda packet: mpls(packet, 0x45454, 0x45454),
    "three MPLS labels": lambda packet: mpls(packet, 100, 200, 300),
    "MPLS, upstream labels": lambda packet: mpls(packet, 16, ethertype=0x8848),
    "VN-Tag": lambda packet: vn_tag(typed(packet)),
    "802.1BR": lambda packet: e_tag(typed(packet)),
    "Cisco metadata": lambda packet: cisco_metadata(typed(packet)),
    "FabricPath": lambda packet: fabricpath(typed(packet)),
    "PBB": lambda packet: vlan(pbb(typed(packet)), 0x88A8),
    "PPPoE": pppoe,
    "PPPoE, compressed": lambda packet: pppoe(packet, compressed=True),
    "LLC/SNAP": lambda packet: snap(typed(packet)),
    "802.1H": lambda packet: snap(typed(packet), b"\0\0\xf8"),
    "VN-Tag, VLAN": lambda packet: vn_tag(vlan(typed(packet))),
    "VLAN, Cisco metadata": lambda packet: vlan(cisco_metadata(typed(packet))),
    "VLAN, MPLS": lambda packet: vlan(mpls(packet, 16)),
    "VLAN, LLC/SNAP": lambda packet: vlan(snap(typed(packet))),
    "PBB, VLAN, MPLS": lambda packet: pbb(vlan(mpls(packet, 17, 18))),
    "FabricPath, VLAN": lambda packet: fabricpath(vlan(typed(packet))),
    "LLC/SNAP, VLAN": lambda packet: snap(vlan(typed(packet))),
    "VN-Tag twice": lambda packet: vn_tag(vn_tag(typed(packet))),
}
"""From an IP packet to what follows the MACs."""


def shimmed(name: str, packet: bytes) -> bytes:
    """A frame of Ethernet."""
    return MACS + SHIMS[name](packet)


def wireless(
    packet: bytes, subtype: int = 8, flags: int = 1, organization: bytes = b"\0\0\0"
) -> bytes:
    """A data frame of 802.11 with its addresses and SNAP."""
    head = bytes([subtype << 4 | 8, flags]) + b"\x30\0" + MACS + mac(SOURCE_MAC) + b"\x10\0"
    if flags & 3 == 3:
        head += mac(DESTINATION_MAC)
    if subtype & 8:
        head += b"\0\0" + (bytes(4) if flags & 0x80 else b"")
    return head + b"\xaa\xaa\x03" + organization + typed(packet)


# --- mirrors -------------------------------------------------------------------------------------


def erspan(frame: bytes, version: int = 2) -> bytes:
    """A GRE packet with a mirrored frame (draft-foschiano-erspan); 4: 3 with a subheader."""
    if version == 1:
        return gre(frame, protocol=0x88BE)
    if version == 2:
        return gre(struct.pack(">II", 0x10010064, 5) + frame, protocol=0x88BE, sequence=9)
    flags = 1 if version == 4 else 0
    header = struct.pack(">IIHH", 0x20010064, 5, 0, flags) + bytes(8 * flags)
    return gre(header + frame, protocol=0x22EB, sequence=9)


def vxlan(src: str, dst: str, frame: bytes) -> bytes:
    """A UDP packet of VXLAN."""
    return udp(src, dst, 49152, 4789, b"\x08\0\0\0\0\x13\x89\0" + frame)


def mirrored(packet: bytes) -> bytes:
    """A frame as a mirror holds it."""
    return ethernet(packet)
