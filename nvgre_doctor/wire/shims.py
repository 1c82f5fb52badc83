"""What switches put between Ethernet and IP.  SHIMS is the table: one row an EtherType.

Knows headers up to the next EtherType; must not know link types.  Field values are big endian.
"""

from collections.abc import Callable
from typing import Final

from nvgre_doctor.wire.ethertypes import ETHERTYPE_IPV4, ETHERTYPE_IPV6, LLC
from nvgre_doctor.wire.fields import number

Next = tuple[int | None, int]
"""An EtherType, or None where it is cut off, and the offset behind it."""
Shim = Callable[[bytes, int], Next | None]
"""What follows a shim, from a frame and the offset behind the shim's own EtherType; None: neither
Ethernet nor IP.
"""

LONGEST_LENGTH: Final = 1500
"""Numbers up to this one in the place of an EtherType are lengths (IEEE 802.3)."""
_MACS: Final = 12
_VERSIONS: Final = {4: ETHERTYPE_IPV4, 6: ETHERTYPE_IPV6}
_SNAP: Final = b"\xaa\xaa\x03"
_SNAP_OF_ETHERTYPES: Final = frozenset((b"\0\0\0", b"\0\0\xf8"))  # RFC 1042, 802.1H
_LLC_IP: Final = b"\x06\x06\x03"
_PPP: Final = {0x0021: ETHERTYPE_IPV4, 0x0057: ETHERTYPE_IPV6, 0x0281: 0x8847, 0x0283: 0x8848}


def behind(size: int) -> Shim:
    """A tag of so many bytes, and then the next EtherType."""

    def read(data: bytes, at: int) -> Next:
        return number(data, at + size, 2), at + size + 2

    return read


def _frame_behind(size: int) -> Shim:
    """A tag of so many bytes, and then a whole Ethernet frame."""
    return behind(size + _MACS)


def _mpls(data: bytes, at: int) -> Next | None:
    """Labels up to the one with the bottom-of-stack bit, then whatever its first four bits say
    (RFC 3032, RFC 4928).
    """
    while True:
        label = number(data, at, 4)
        if label is None:
            return None, len(data)
        at += 4
        if label & 0x100:
            break
    if at >= len(data):
        return None, at
    version = _VERSIONS.get(data[at] >> 4)
    return None if version is None else (version, at)


def _pppoe(data: bytes, at: int) -> Next | None:
    """Six bytes, then the protocol of PPP (RFC 2516), the first byte of which may be left out."""
    size = 1 if data[at + 6 : at + 7] and data[at + 6] & 1 else 2
    protocol = number(data, at + 6, size)
    if protocol is None:
        return None, len(data)
    ethertype = _PPP.get(protocol)
    return None if ethertype is None else (ethertype, at + 6 + size)


def llc(data: bytes, at: int) -> Next | None:
    """An 802.2 header: SNAP with an EtherType, or IP."""
    head = data[at : at + 6]
    if head[:3] == _LLC_IP:
        return ETHERTYPE_IPV4, at + 3
    if head[:3] == _SNAP and head[3:] in _SNAP_OF_ETHERTYPES:
        return number(data, at + 6, 2), at + 8
    is_cut = len(head) < (6 if _SNAP.startswith(head[:3]) else 3)
    return (None, len(data)) if is_cut else None


_VLAN: Final = behind(2)

SHIMS: Final[dict[int, Shim]] = {
    0x8100: _VLAN,  # 802.1Q
    0x88A8: _VLAN,  # 802.1ad
    0x9100: _VLAN,  # stacked tags before 802.1ad
    0x9200: _VLAN,
    0x8847: _mpls,
    0x8848: _mpls,
    0x8864: _pppoe,  # session
    0x88E7: _frame_behind(4),  # PBB (802.1ah): I-TAG
    0x8903: _frame_behind(2),  # FabricPath
    0x8909: behind(6),  # Cisco metadata: the security group tag of TrustSec
    0x8926: behind(4),  # VN-Tag (802.1Qbh)
    0x893F: behind(6),  # E-TAG (802.1BR)
}


def behind_shims(data: bytes, ethertype: int | None, at: int) -> Next:
    """The first EtherType that is no shim, from one on that ends at `at`; as many deep as fit.  One
    that cannot be looked into stands for what is behind it.
    """
    while ethertype is not None:
        is_length = ethertype <= LONGEST_LENGTH
        shim = llc if is_length else SHIMS.get(ethertype)
        following = None if shim is None else shim(data, at)
        if following is None:
            return LLC if is_length else ethertype, at
        ethertype, at = following
    return None, at
