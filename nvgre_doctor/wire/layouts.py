"""The two layouts of the 32-bit GRE Key.  THE domain file: every line says which text it stands on.

draft-00 (draft-sridharan-virtualization-nvgre-00, September 2011), "old": bits 31..24 reserved,
must be 0; bits 23..0 the tenant network id (TNI). draft-02 (February 2013) to RFC 7637 (September
2015), "current": bits 31..8 the virtual subnet id (VSID); bits 7..0 the FlowID, 0 if not generated
(RFC 7637 section 3.2).
"""

from enum import StrEnum
from typing import Final

GRE_FLAGS: Final = 0x2000
"""K=1, C=0, S=0, version 0: the only flags RFC 7637 section 3.2 allows."""
GRE_PROTOCOL: Final = 0x6558
"""Transparent Ethernet bridging (RFC 7637 section 3.2)."""
LOWEST_VSID: Final = 0x1000
"""0..0xFFF are reserved (RFC 7637 section 3.4)."""
CONTROL_ID: Final = 0xFFFFFF
"""Vendor-specific messages from NVE to NVE (RFC 7637 section 3.4)."""


class Reading(StrEnum):
    """What the value of one key says by itself."""

    OLD_ONLY = "draft-00 only"
    CURRENT_ONLY = "RFC 7637 only"
    EITHER = "either"  # value alone cannot tell
    NEITHER = "neither"  # reserved under both: a plain GRE tunnel number, or broken
    CONTROL = "control"  # NVE-to-NVE messages in one of the two positions: no evidence


def vsid(gre_key: int) -> int:
    """The upper 24 bits: the VSID of the current layout (RFC 7637 section 3.2)."""
    return gre_key >> 8


def flow_id(gre_key: int) -> int:
    """The lowest octet: the FlowID of the current layout (RFC 7637 section 3.2)."""
    return gre_key & 0xFF


def tni(gre_key: int) -> int:
    """The lower 24 bits: the TNI of the old layout (draft-00)."""
    return gre_key & 0xFFFFFF


def reserved_octet(gre_key: int) -> int:
    """The top octet: reserved in the old layout, must be 0 (draft-00)."""
    return gre_key >> 24


def is_usable(network_id: int) -> bool:
    """Whether a 24-bit VSID or TNI may carry tenant traffic (RFC 7637 section 3.4)."""
    return LOWEST_VSID <= network_id < CONTROL_ID


def fits_old(gre_key: int) -> bool:
    """Whether a host that speaks draft-00 can have written this key for tenant traffic."""
    return reserved_octet(gre_key) == 0 and is_usable(tni(gre_key))


def fits_current(gre_key: int) -> bool:
    """Whether a host that speaks RFC 7637 can have written this key for tenant traffic."""
    return is_usable(vsid(gre_key))


def is_control(gre_key: int) -> bool:
    """Whether the key holds 0xFFFFFF in either position: NVE-to-NVE messages (RFC 7637 section
    3.4), no tenant data.
    """
    return vsid(gre_key) == CONTROL_ID or gre_key == CONTROL_ID


def reading(gre_key: int) -> Reading:
    """What the value alone says."""
    if is_control(gre_key):
        return Reading.CONTROL
    old, current = fits_old(gre_key), fits_current(gre_key)
    if old and current:
        return Reading.EITHER
    if old:
        return Reading.OLD_ONLY
    return Reading.CURRENT_ONLY if current else Reading.NEITHER
