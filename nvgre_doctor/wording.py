"""Sentences about keys, hosts and evidence.  One place, so that the same thing has the same words
everywhere.
"""

from collections.abc import Callable, Iterable
from typing import Final

from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.infer.diagnosis import RefusalFacts, Stream, Witness
from nvgre_doctor.vocabulary import Kind, Layout
from nvgre_doctor.wire import layouts

LAYOUT_NAMES: Final = {
    Layout.OLD: "draft-00",
    Layout.CURRENT: "RFC 7637",
    Layout.BOTH: "both layouts",
    Layout.UNKNOWN: "an unknown layout",
}


def address_text(address: bytes) -> str:
    """A provider or customer address as people write it."""
    if len(address) == 4:
        return ".".join(map(str, address))
    from socket import AF_INET6, inet_ntop  # 2 ms that most captures need not wait for

    return inet_ntop(AF_INET6, address)


def key_text(gre_key: int) -> str:
    """A GRE key as Wireshark shows it."""
    return f"0x{gre_key:08x}"


def vm_pair_text(macs: bytes) -> str:
    """Inner source and destination MAC; the second is shortened to what differs: 00:15:5d:0a:00:01
    / :02.
    """
    source, destination = macs[6:].hex(":"), macs[:6].hex(":")
    if source != destination and source[:14] == destination[:14]:
        destination = destination[14:]
    return f"{source} / {destination}"


def both_readings(gre_key: int) -> str:
    """The key and what it means under either layout."""
    return (
        f"key {key_text(gre_key)} (TNI {layouts.tni(gre_key)} with top octet"
        f" {layouts.reserved_octet(gre_key)}, or VSID {layouts.vsid(gre_key)} with FlowID"
        f" {layouts.flow_id(gre_key)})"
    )


def icmp_name(sign: IcmpSign) -> str:
    """`ICMP 3/10`: type and code."""
    return f"{'ICMPv6' if sign.version == 6 else 'ICMP'} {sign.type}/{sign.code}"


def icmp_names(refusals: Iterable[RefusalFacts]) -> str:
    """`ICMP 3/10 or ICMPv6 1/1` where there are both."""
    return " or ".join(sorted({icmp_name(refusal.sign) for refusal in refusals}))


def statement(witness: Witness) -> str:
    """One witness in one sentence."""
    return _STATEMENTS[witness.kind](witness)


def network_id(stream: Stream, layout: Layout) -> int:
    """The stream's VSID or TNI under a layout."""
    return layouts.tni(stream.lowest_gre_key) if layout is Layout.OLD else stream.upper_bits


def _range(witness: Witness) -> str:
    wanted = (
        layouts.Reading.OLD_ONLY if witness.layout is Layout.OLD else layouts.Reading.CURRENT_ONLY
    )
    gre_key = next(k for k in witness.stream.gre_keys if layouts.reading(k) is wanted)
    if witness.layout is Layout.OLD:
        return (
            f"key {key_text(gre_key)} is TNI {layouts.tni(gre_key)};"
            f" as a VSID it would be {layouts.vsid(gre_key)}, which is reserved"
        )
    return (
        f"key {key_text(gre_key)} is VSID {layouts.vsid(gre_key)};"
        f" as a TNI its top octet would have to be 0, and it is {layouts.reserved_octet(gre_key)}"
    )


def _flow_id(witness: Witness) -> str:
    stream = witness.stream
    keys = " and ".join(key_text(gre_key) for gre_key in stream.gre_keys[:2])
    return (
        f"VM pair {vm_pair_text(stream.macs)} uses keys {keys}: one VSID {stream.upper_bits},"
        " several FlowIDs"
    )


def _both_directions(witness: Witness) -> str:
    stream, partner = witness.stream, witness.partner or witness.stream
    return (
        f"VM pair {vm_pair_text(stream.macs)}: key {key_text(stream.lowest_gre_key)} one way,"
        f" {key_text(partner.lowest_gre_key)} the other: both are VSID"
        f" {network_id(stream, witness.layout)}"
    )


def _layout_change(witness: Witness) -> str:
    stream, partner = witness.stream, witness.partner or witness.stream
    first, second = sorted((stream, partner), key=lambda s: s.first)
    return (
        f"VM {stream.inner_source_mac.hex(':')} sent key {key_text(first.lowest_gre_key)} and then"
        f" {key_text(second.lowest_gre_key)}: both are VSID {network_id(stream, witness.layout)}"
    )


def _same_layout_peer(witness: Witness) -> str:
    stream, partner = witness.stream, witness.partner or witness.stream
    return (
        f"VM pair {vm_pair_text(stream.macs)} uses key {key_text(stream.lowest_gre_key)} in both"
        f" directions, so {address_text(stream.source)} speaks the same layout as"
        f" {address_text(partner.source)}, which speaks {LAYOUT_NAMES[witness.layout]}"
    )


def _low_octet(witness: Witness) -> str:
    gre_key = witness.stream.lowest_gre_key
    if witness.layout is Layout.CURRENT:
        return (
            f"the low octet of every key is 0, as in {key_text(gre_key)}: a host that generates no"
            " FlowID"
        )
    return (
        f"every VM pair with key {key_text(gre_key)} has the same low octet; FlowIDs would differ"
        " from flow to flow"
    )


def _inventory(witness: Witness) -> str:
    gre_key = witness.stream.lowest_gre_key
    as_tni, as_vsid = f"TNI {layouts.tni(gre_key)}", f"VSID {layouts.vsid(gre_key)}"
    known, other = (as_tni, as_vsid) if witness.layout is Layout.OLD else (as_vsid, as_tni)
    return f"key {key_text(gre_key)} read as {known} is in the inventory; read as {other} it is not"


_STATEMENTS: Final[dict[Kind, Callable[[Witness], str]]] = {
    Kind.RANGE: _range,
    Kind.FLOW_ID: _flow_id,
    Kind.BOTH_DIRECTIONS: _both_directions,
    Kind.LAYOUT_CHANGE: _layout_change,
    Kind.SAME_LAYOUT_PEER: _same_layout_peer,
    Kind.LOW_OCTET: _low_octet,
    Kind.INVENTORY: _inventory,
}
