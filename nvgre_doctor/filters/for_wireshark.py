"""Wireshark display filters.  Every one was tried with tshark: masks work, shifts and slices of
gre.key do not.
"""

from typing import Final

from nvgre_doctor.wording import address_text

NVGRE: Final = "gre.proto == 0x6558 && gre.key"
INNER_TAG: Final = 'frame.protocols matches "gre:eth:ethertype:(vlan|ieee8021ad)"'
"""A VLAN tag behind GRE, whatever tags the outer frame has; `vlan` alone would show a whole trunk,
and no 802.1ad.
"""


def from_host(address: bytes) -> str:
    """NVGRE frames that a host sent."""
    return f"{_field(address, 'src')} == {address_text(address)} && {NVGRE}"


def between(one: bytes, two: bytes) -> str:
    """NVGRE frames between two hosts, both ways."""
    field = _field(one, "addr")
    return f"{field} == {address_text(one)} && {field} == {address_text(two)} && {NVGRE}"


def icmp_error(version: int, icmp_type: int, code: int, reporter: bytes) -> str:
    """ICMP errors of one kind from one host, outer and inner."""
    protocol = "icmp" if version == 4 else "icmpv6"
    return (
        f"{_field(reporter, 'src')} == {address_text(reporter)}"
        f" && {protocol}.type == {icmp_type} && {protocol}.code == {code}"
    )


def _field(address: bytes, end: str) -> str:
    return f"ip.{end}" if len(address) == 4 else f"ipv6.{end}"
