"""The names of EtherTypes, for what is not looked into.

Source: the registry of the IEEE, and that of IANA (ieee-802-numbers).
"""

from typing import Final

ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_ARP: Final = 0x0806
ETHERTYPE_IPV6: Final = 0x86DD
IPV4_BYTES: Final = ETHERTYPE_IPV4.to_bytes(2)  # as they stand in a frame
ARP_BYTES: Final = ETHERTYPE_ARP.to_bytes(2)
IPV6_BYTES: Final = ETHERTYPE_IPV6.to_bytes(2)
IP_ETHERTYPES: Final = frozenset((ETHERTYPE_IPV4, ETHERTYPE_IPV6))
NO_ETHERTYPE: Final = 0  # of what is not IP, and has no EtherType of its own
LLC: Final = 4  # as Linux has it: a length and an 802.2 header in place of an EtherType

_NAMES: Final = {
    0x0806: "ARP",
    0x0842: "Wake-on-LAN",
    0x22EA: "SRP",
    0x22F0: "AVTP",
    0x22F3: "TRILL",
    0x6558: "bridged Ethernet",
    0x8035: "RARP",
    0x809B: "AppleTalk",
    0x80F3: "AppleTalk ARP",
    0x8100: "802.1Q",
    0x8137: "IPX",
    0x8808: "Ethernet flow control",
    0x8809: "slow protocols (LACP)",
    0x8847: "MPLS",
    0x8848: "MPLS with upstream labels",
    0x8863: "PPPoE discovery",
    0x8864: "PPPoE",
    0x8870: "jumbo LLC",
    0x888E: "802.1X",
    0x8892: "PROFINET",
    0x8899: "Realtek",
    0x88A2: "ATA over Ethernet",
    0x88A4: "EtherCAT",
    0x88A8: "802.1ad",
    0x88B5: "local experiments",
    0x88B6: "local experiments",
    0x88CC: "LLDP",
    0x88D9: "LLTD",
    0x88E5: "MACsec",
    0x88E7: "PBB",
    0x88F5: "MVRP",
    0x88F7: "PTP",
    0x8902: "CFM",
    0x8903: "FabricPath",
    0x8906: "FCoE",
    0x8909: "Cisco metadata",
    0x8914: "FCoE initialization",
    0x8915: "RoCE",
    0x8926: "VN-Tag",
    0x893F: "802.1BR",
    0x894F: "NSH",
    0x9000: "loopback test",
}


def ethertype_words(ethertype: int) -> str:
    """Return "MACsec, 0x88e5", "EtherType 0x1234", "802.2 LLC" or "no EtherType"."""
    if ethertype == NO_ETHERTYPE:
        return "no EtherType"
    if ethertype == LLC:
        return "802.2 LLC"
    name = _NAMES.get(ethertype)
    return f"{name}, 0x{ethertype:04x}" if name else f"EtherType 0x{ethertype:04x}"
