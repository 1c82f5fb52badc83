"""What an administrator can do next, as lines for PowerShell."""

from typing import Final

INSTALL_UPDATE: Final = "Install KB2779768 on {host} and restart it."
RAISE_MTU: Final = (
    "Raise the MTU of the physical network by at least 42 bytes (IPv6: 62), or lower that of the"
    " virtual machines."
)


def check_update(host: str) -> str:
    """How to see whether a host has the update."""
    return f"Check: Get-HotFix -Id KB2779768 -ComputerName {host}"


def check_policy(host: str) -> str:
    """How to see what a host knows about virtual machines elsewhere, and its own provider
    addresses.
    """
    return (
        f"Check on {host}: Get-NetVirtualizationLookupRecord; Get-NetVirtualizationProviderAddress"
    )
