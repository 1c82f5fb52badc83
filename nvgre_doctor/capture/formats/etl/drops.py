"""Why Windows says that it dropped a packet: the numbers that pktmon logs.

Source: the drop reasons of Microsoft's network stack, as microsoft/retina (MIT) and the help of
pktmon list them.  Those of the virtual switch and of network virtualization have names here, all
others their numbers.
"""

from typing import Final

_NAMES: Final = {
    1: "InvalidData",
    2: "InvalidPacket",
    3: "Resources",
    4: "NotReady",
    5: "Disconnected",
    6: "NotAccepted",
    7: "Busy",
    8: "Filtered",
    9: "FilteredVLAN",
    10: "UnauthorizedVLAN",
    11: "UnauthorizedMAC",
    12: "FailedSecurityPolicy",
    13: "FailedPvlanSetting",
    14: "Qos",
    15: "Ipsec",
    16: "MacSpoofing",
    17: "DhcpGuard",
    18: "RouterGuard",
    19: "BridgeReserved",
    20: "VirtualSubnetId",
    21: "RequiredExtensionMissing",
    22: "InvalidConfig",
    23: "MTUMismatch",
    24: "NativeFwdingReq",
    25: "InvalidVlanFormat",
    26: "InvalidDestMac",
    27: "InvalidSourceMac",
    28: "InvalidFirstNBTooSmall",
    29: "Wnv",
    30: "StormLimit",
    31: "InjectedIcmp",
    32: "FailedDestinationListUpdate",
    33: "NicDisabled",
    34: "FailedPacketFilter",
    35: "SwitchDataFlowDisabled",
    36: "FilteredIsolationUntagged",
    37: "InvalidPDQueue",
    38: "LowPower",
}


def reason_text(reason: int) -> str:
    """Return "20 (VirtualSubnetId)", or "907"."""
    name = _NAMES.get(reason)
    return f"{reason} ({name})" if name else str(reason)
