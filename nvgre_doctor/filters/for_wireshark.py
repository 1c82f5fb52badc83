"""Wireshark display filters.  Every one was tried with tshark 4.0: masks work, shifts and slices of
gre.key do not.

`ip.src#1` is that of the outermost IP header: without #1, inner and quoted headers match as well.
"""

from collections.abc import Iterable
from typing import Final

from nvgre_doctor.wording import address_text, key_text

NVGRE: Final = "gre.proto == 0x6558 && gre.key"
"""Also where an ICMP error quotes it."""
OUTERMOST: Final = "gre.proto#1 == 0x6558 && gre.key#1"
INNER_TAG: Final = 'frame.protocols matches "gre:eth:ethertype:(vlan|ieee8021ad)"'
"""A VLAN tag behind GRE, whatever tags the outer frame has; `vlan` alone would show a whole trunk,
and no 802.1ad.
"""
CUT_BEFORE_KEY: Final = (
    "(ip.proto#1 == 47 && ip.frag_offset#1 == 0 || ipv6.nxt#1 == 47) && frame.cap_len < frame.len"
    " && !gre.key#1 && !(gre.flags.key#1 == 0) && !(gre.proto#1 != 0x6558)"
)
"""GRE that may be NVGRE, and ends before its key."""
CONTROL_KEY: Final = "(gre.key#1 >= 0xffffff00 || gre.key#1 == 0x00ffffff)"
"""NVE-to-NVE messages, in either position."""
CUT_CONTROL: Final = (
    f"{OUTERMOST} && {CONTROL_KEY} && frame.cap_len < frame.len && !icmp.type && !icmpv6.type"
    " && !(ip.proto#2 != 1) && !(ipv6.nxt#2 != 58) && !arp"
)
"""Those that end before it could be seen whether they are ICMP."""


def from_host(address: bytes) -> str:
    """NVGRE frames that a host sent."""
    return f"{_field(address, 'src')} == {address_text(address)} && {_nvgre(address)}"


def between(one: bytes, two: bytes) -> str:
    """NVGRE frames between two hosts, both ways."""
    field = _field(one, "addr")
    return f"{field} == {address_text(one)} && {field} == {address_text(two)} && {_nvgre(one)}"


def of_hosts_before_4(addresses: Iterable[str]) -> str:
    """GRE that names these hosts, or all, for a Wireshark that cannot ask for one layer."""
    ends = any_of(f"{'ipv6' if ':' in a else 'ip'}.addr == {a}" for a in addresses)
    return f"gre && ({ends})" if ends else "gre"


def not_own_message(address: bytes) -> str:
    """Not an UNREACHABLE or REDIRECT that a host sends inside NVGRE: its inner source is the host
    itself.
    """
    return f"!({_field(address, 'src', 2)} == {address_text(address)})"


def vm_pair(macs: bytes) -> str:
    """Frames from one virtual machine to another; `macs` as in `Stream`.

    By their bytes behind the outer MACs, for Wireshark has no fields of a header that is cut off
    behind its MACs; where it has them, they are no others, for these bytes may be quoted.
    """
    destination, source = macs[:6].hex(":"), macs[6:].hex(":")
    return (
        f"frame[14:] contains {destination}:{source}"
        f" && !(eth.dst#2 != {destination}) && !(eth.src#2 != {source})"
    )


def vm_pair_both_ways(macs: bytes) -> str:
    """Frames between two virtual machines."""
    return any_of((vm_pair(macs), vm_pair(macs[6:] + macs[:6])))


def any_of(filters: Iterable[str]) -> str:
    """What one of them shows, or another."""
    texts = list(dict.fromkeys(filters))
    return texts[0] if len(texts) == 1 else " || ".join(f"({text})" for text in texts)


def keys(gre_keys: Iterable[int]) -> str:
    """Any of these keys, outermost."""
    return f"gre.key#1 in {{{', '.join(map(key_text, gre_keys))}}}"


def key_ranges(ranges: Iterable[tuple[int, int]]) -> str:
    """Keys from one to another, outermost."""
    texts = (f"{key_text(low)} .. {key_text(high)}" for low, high in ranges)
    return f"gre.key#1 in {{{', '.join(texts)}}}"


def icmp_error(
    version: int,
    icmp_type: int,
    code: int,
    reporter: bytes,
    addressee: bytes,
    inner_sources: Iterable[bytes] = (),
) -> str:
    """ICMP errors of one kind from one host to another: on the underlay, or inside NVGRE, with one
    of these addresses inside.
    """
    inside = [
        f"{_field(inner, 'src', 2 if len(inner) == len(reporter) else 1)} == {address_text(inner)}"
        for inner in inner_sources
    ]
    protocol = "icmp" if version == 4 else "icmpv6"
    next_header = "ip.proto#1" if len(reporter) == 4 else "ipv6.nxt#1"
    number = 47 if inside else 1 if version == 4 else 58
    ends = [
        f"{_field(reporter, 'src')} == {address_text(reporter)}",
        f"{_field(addressee, 'dst')} == {address_text(addressee)}",
        f"{next_header} == {number}",
        f"{protocol}.type == {icmp_type} && {protocol}.code == {code}",
    ]
    if inside:
        ends.append(inside[0] if len(inside) == 1 else f"({' || '.join(inside)})")
    return " && ".join(ends)


def fragments(source: bytes, destination: bytes) -> str:
    """Outer fragments of GRE from one host to another."""
    ends = (
        f"{_field(source, 'src')} == {address_text(source)}"
        f" && {_field(destination, 'dst')} == {address_text(destination)}"
    )
    if len(source) == 4:
        return f"{ends} && ip.proto#1 == 47 && (ip.flags.mf#1 == 1 || ip.frag_offset#1 > 0)"
    return f"{ends} && ipv6.fraghdr.nxt == 47"


def quoted_destination(address: bytes, *, is_inner: bool) -> str:
    """ICMP errors that quote a packet to this host, from the outer IP header on."""
    return f"{_field(address, 'dst', 3 if is_inner else 2)} == {address_text(address)}"


def quoted_gre(address_length: int) -> str:
    """ICMP errors on the underlay that quote GRE, and not other traffic of the underlay."""
    return "ip.proto#2 == 47" if address_length == 4 else "ipv6.nxt#2 == 47"


def _nvgre(address: bytes) -> str:
    """Outer NVGRE of this IP version, and no ICMP error that quotes it.

    An IPv6 header may be followed by others before GRE.
    """
    return (
        f"ip.proto#1 == 47 && {OUTERMOST}"
        if len(address) == 4
        else f"ipv6.nxt#1 != 58 && {OUTERMOST}"
    )


def _field(address: bytes, end: str, layer: int = 1) -> str:
    return f"ip.{end}#{layer}" if len(address) == 4 else f"ipv6.{end}#{layer}"
