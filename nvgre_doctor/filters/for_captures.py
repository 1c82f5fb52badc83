"""The capture filter for the next capture: NVGRE of the hosts in question, and the ICMP errors
about it.

Syntax: pcap-filter(7), as tcpdump, dumpcap and Wireshark take it.  Knows
addresses; knows nothing about reports.
"""

from collections.abc import Iterable
from typing import Final

# Fragments carry protocol 47 too.  ICMP types: unreachable, redirect, time exceeded, parameter
# problem.
_IPV4: Final = (
    "ip proto 47 or (icmp and (icmp[0] == 3 or icmp[0] == 5 or icmp[0] == 11 or icmp[0] == 12))"
)
# ip6[40] is the ICMPv6 type: errors are 1 to 4, redirect is 137.  Old versions of libpcap do not
# know icmp6[0].
_IPV6: Final = "ip6 proto 47 or (icmp6 and (ip6[40] < 5 or ip6[40] == 137))"


def capture_filter(hosts: Iterable[str]) -> str:
    """A filter for frames without a VLAN tag; without hosts, for all NVGRE."""
    named = list(hosts)
    protocols = [
        protocol
        for protocol, is_wanted in (
            (_IPV4, not named or any(":" not in host for host in named)),
            (_IPV6, not named or any(":" in host for host in named)),
        )
        if is_wanted
    ]
    text = " or ".join(protocols)
    if not named:
        return text
    return f"({text}) and ({' or '.join(f'host {host}' for host in named)})"


def with_vlan(text: str) -> str:
    """The same filter for frames without a tag and with one.  `vlan` moves all offsets behind it,
    so it must come last.
    """
    return f"({text}) or (vlan and ({text}))"
