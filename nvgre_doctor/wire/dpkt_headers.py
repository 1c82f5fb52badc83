"""The headers that dpkt reads: fixed ones, which count only when they are whole.

Why so few: dpkt raises the same NeedData for "cut off" and "says nonsense", hides which fields of a
cut header are there (an ICMP quote may end inside the IP header), decodes all layers eagerly, takes
the GRE flag 0x0080 for an acknowledgment number in version 0 too, stops after two VLAN tags, and
loses an IPv6 packet whose extension header is cut.  For this program a cut field must never look
like an absent one, so IP, GRE and ICMP are read by `ip`, `gre` and `icmp`. The tests compare them
with dpkt wherever dpkt is right.

Loading dpkt takes 30 ms; other modules import this one inside the function that needs it.
"""

from typing import ClassVar

import dpkt
from dpkt.arp import ARP
from dpkt.sll import SLL
from dpkt.sll2 import SLL2


class _Sll(SLL):  # type: ignore[misc]
    """Linux cooked capture, one layer only: with an empty protocol switch dpkt does not go on to
    the payload.
    """

    _typesw: ClassVar[dict[int, type]] = {}


class _Sll2(SLL2):  # type: ignore[misc]
    """Linux cooked capture version 2, one layer only."""

    _typesw: ClassVar[dict[int, type]] = {}


def sll_protocol(data: bytes) -> int | None:
    """The protocol (ethertype) of a Linux cooked header of 16 bytes; None when it is cut."""
    try:
        return int(_Sll(data[:16]).ethtype)
    except dpkt.UnpackError:
        return None


def sll2_protocol(data: bytes) -> int | None:
    """The protocol (ethertype) of a Linux cooked header version 2 of 20 bytes; None when it is
    cut.
    """
    try:
        return int(_Sll2(data[:20]).ethtype)
    except dpkt.UnpackError:
        return None


def arp_addresses(data: bytes) -> tuple[bytes, bytes] | tuple[None, None]:
    """Sender and target of an ARP packet for IPv4 over Ethernet (RFC 826); None when it is cut or
    for something else.
    """
    try:
        arp = ARP(data)
    except dpkt.UnpackError:
        return None, None
    if (arp.pro, arp.hln, arp.pln) != (0x0800, 6, 4):
        return None, None
    return bytes(arp.spa), bytes(arp.tpa)
