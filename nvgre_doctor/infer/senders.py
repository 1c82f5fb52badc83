"""Signs of Hyper-V network virtualization: what tells its hosts from plain GRE tunnels, whose key
looks like the old layout.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.diagnosis import HostVerdict, PairFacts, Stream
from nvgre_doctor.vocabulary import Kind, Oddity, PairVerdict

HYPERV_VENDORS: Final = {
    bytes.fromhex("00155d"): "Hyper-V",
    bytes.fromhex("001dd8"): "System Center VMM",
}
"""Vendor prefixes of MAC addresses that Hyper-V and VMM give to virtual machines."""
OTHER_VENDORS: Final = {
    bytes.fromhex(prefix)
    for prefix in ("005056", "000c29", "000569", "525400", "fa163e", "00163e", "080027")
}
"""VMware, QEMU, OpenStack, Xen and VirtualBox: their machines speak against Hyper-V."""
MANY_SEGMENTS: Final = 16
"""A plain tunnel has one key, and a pair of hosts a handful of tunnels; HNV has one key for each
VSID and FlowID.
"""


def find_hnv_signs(
    evidence: Evidence,
    streams: Sequence[Stream],
    hosts: Mapping[bytes, HostVerdict],
    pairs: Iterable[PairFacts],
) -> None:
    """Add to each host why it looks like a Hyper-V host.  The outer TTL is no sign of its own:
    others use 128 too.
    """
    vms = {(s.source, s.macs[6:9]) for s in streams} | {
        (s.destination, s.macs[:3]) for s in streams
    }
    for address, prefix in vms:
        vendor = HYPERV_VENDORS.get(prefix)
        if vendor is not None and address in hosts:
            hosts[address].hnv_signs.add(f"a virtual machine with a {vendor} MAC address")
    segments: defaultdict[tuple[bytes, bytes], set[int]] = defaultdict(set)
    for stream in streams:
        if stream.destination:  # otherwise it is of many VM pairs, to any number of peers
            segments[stream.source, stream.destination].add(stream.upper_bits)
    others = {
        s.source for s in streams if s.macs[:3] in OTHER_VENDORS or s.macs[6:9] in OTHER_VENDORS
    }
    for (source, _), upper_bits in segments.items():
        if len(upper_bits) >= MANY_SEGMENTS and source not in others:
            hosts[source].hnv_signs.add("many keys to one peer")
    for pair in pairs:
        if pair.verdict is PairVerdict.MISMATCH:
            for address in pair.hosts:
                hosts[address].hnv_signs.add(
                    "a peer that writes the same id eight bits higher or lower"
                )
    for host in hosts.values():
        if any(witness.kind is Kind.LAYOUT_CHANGE for witness in host.witnesses):
            host.hnv_signs.add("the same virtual machine with both layouts of one id")
    for _, sign, _ in evidence.signs(Oddity.HOST_ERROR):
        for address in (sign.source, sign.destination):
            if address in hosts:
                hosts[address].hnv_signs.add("an UNREACHABLE or REDIRECT message inside NVGRE")
