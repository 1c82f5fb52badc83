"""The words that people read for keys, hosts, evidence, ICMP messages and counts.  One place, so
that the same thing has the same words everywhere.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from nvgre_doctor.capture.losses import Losses
from nvgre_doctor.infer.diagnosis import RefusalFacts, Stream, Witness
from nvgre_doctor.vocabulary import Confidence, Kind, Layout, Verdict
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.ethertypes import ethertype_words

LAYOUT_NAMES: Final = {
    Layout.OLD: "draft-00",
    Layout.CURRENT: "RFC 7637",
    Layout.BOTH: "both layouts",
    Layout.UNKNOWN: "an unknown layout",
}
LAYOUT_WORDS: Final = {
    "draft-00": "draft-00",
    "rfc7637": "RFC 7637",
    "both": "both",
    "unknown": "unknown",
}
SURE_WORDS: Final = {Confidence.PROVEN: "proven", Confidence.LIKELY: "likely", Confidence.NONE: "-"}
VERDICT_WORDS: Final = {
    Verdict.MISMATCH: "MISMATCH",
    Verdict.REFUSED: "REFUSED",
    Verdict.OLD_LAYOUT: "OLD LAYOUT",
    Verdict.WARNINGS: "WARNINGS",
    Verdict.HEALTHY: "HEALTHY",
    Verdict.NO_NVGRE: "NO NVGRE",
    Verdict.UNREADABLE: "UNREADABLE",
}
# Names of RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1 and RFC 4443 section 3.
ICMP_NAMES: Final[dict[tuple[int, ...], str]] = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 4): "fragmentation needed",
    (4, 3, 5): "source route failed",
    (4, 3, 9): "network administratively prohibited",
    (4, 3, 10): "host administratively prohibited",
    (4, 3, 13): "communication administratively prohibited",
    (4, 5, 10): "redirect, the VM moved",
    (4, 11, 0): "time to live exceeded",
    (4, 11, 1): "fragment reassembly time exceeded",
    (6, 1, 0): "no route to destination",
    (6, 1, 1): "administratively prohibited",
    (6, 1, 3): "address unreachable",
    (6, 1, 4): "port unreachable",
    (6, 1, 5): "source address failed policy",
    (6, 1, 6): "route rejected",
    (6, 2, 0): "packet too big",
    (6, 3, 0): "hop limit exceeded",
    (6, 3, 1): "fragment reassembly time exceeded",
    (6, 4, 1): "next header not recognized",
    (6, 137, 1): "redirect, the VM moved",
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
    """The raw key and what it is under either layout: "0x00138900 (TNI 1280256, or VSID 5001 with
    FlowID 0)".
    """
    octet = layouts.reserved_octet(gre_key)
    old = _id_words("TNI", layouts.tni(gre_key)) + (
        f" with top octet 0x{octet:02x}" if octet else ""
    )
    current = f"{_id_words('VSID', layouts.vsid(gre_key))} with FlowID {layouts.flow_id(gre_key)}"
    return f"0x{gre_key:08x} ({old}, or {current})"


def _id_words(noun: str, network_id: int) -> str:
    """Return "TNI 5001", "VSID 19 [reserved]" (0 to 4095) or "VSID 16777215 [NVE to NVE]" (RFC 7637
    section 3.4).
    """
    if layouts.is_usable(network_id):
        return f"{noun} {network_id}"
    return (
        f"{noun} {network_id} [{'NVE to NVE' if network_id == layouts.CONTROL_ID else 'reserved'}]"
    )


def icmp_code(version: int, icmp_type: int, code: int) -> str:
    """`ICMP 3/10`: type and code."""
    return f"{'ICMPv6' if version == 6 else 'ICMP'} {icmp_type}/{code}"


def icmp_words(version: int, icmp_type: int, code: int) -> str:
    """Name an ICMP message: "ICMP 3/10 (host administratively prohibited)"."""
    name = ICMP_NAMES.get((version, icmp_type, code))
    return icmp_code(version, icmp_type, code) + (f" ({name})" if name else "")


def icmp_codes(refusals: Iterable[RefusalFacts]) -> str:
    """`ICMP 3/10 or ICMPv6 1/1` where there are both."""
    signs = (refusal.sign for refusal in refusals)
    return " or ".join(sorted({icmp_code(sign.version, sign.type, sign.code) for sign in signs}))


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def ethertypes_words(ethertypes: Counter[int], limit: int = 4) -> str:
    """Return "5 x MACsec, 0x88e5; 2 x ARP, 0x0806", the commonest first."""
    ranked = sorted(ethertypes.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{count} x {ethertype_words(ethertype)}" for ethertype, count in ranked[:limit]]
    if rest := sum(count for _, count in ranked[limit:]):
        parts.append(f"{rest} x other EtherTypes")
    return "; ".join(parts)


def losses_words(losses: Losses) -> str:
    """Return "7 packets" or "3 events and 1 buffer of events"; empty where nothing was lost."""
    lost = [
        plural(count, *words)
        for count, words in (
            (losses.packets, ("packet",)),
            (losses.events, ("event",)),
            (losses.buffers, ("buffer of events", "buffers of events")),
        )
        if count
    ]
    return " and ".join(lost)


def listed(items: Iterable[str], limit: int = 4) -> str:
    """The first few of many, with how many are left."""
    all_items = list(items)
    rest = len(all_items) - limit
    return ", ".join(all_items[:limit]) + (f" and {rest} more" if rest > 0 else "")


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
