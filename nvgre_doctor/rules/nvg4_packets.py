"""NVG4xx: packets that break the rules, host by host."""

from collections.abc import Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.diagnosis import At, HostVerdict, Stream, by_source
from nvgre_doctor.rules.advice import POLICY, Advice, find_owner
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.vocabulary import Confidence, Layout, Oddity, Sender, Severity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.facts import Nvgre
from nvgre_doctor.wire.layouts import Reading
from nvgre_doctor.wire.links import TAG_ETHERTYPES
from nvgre_doctor.wording import address_text, both_readings, listed, plural


def find_reserved_keys(situation: Situation) -> Iterator[Finding]:
    """What it means
      A host sends a key that is valid under neither layout: the tenant's id would be reserved in
      both.

    How it is detected
      The key is below 0x00001000.

    What it is not
      Usually not Hyper-V: plain GRE tunnels and port mirrors use small numbers as keys.

    What to do
      Find out what the host is. If it is a Hyper-V host, its VSID must be 4096 or more.

    Sources
      RFC 7637 section 3.4.
    """
    streams = [
        s
        for s in situation.diagnosis.streams
        if s.frames and layouts.reading(s.lowest_gre_key) is Reading.NEITHER
    ]
    data = DataFilters(situation)
    for address, sent in by_source(streams).items():
        gre_keys = sorted(
            {k for s in sent for k in s.gre_keys if layouts.reading(k) is Reading.NEITHER}
        )
        yield finding(
            "NVG401",
            Severity.WARNING,
            f"{address_text(address)} sends keys that are valid under neither layout:"
            f" key {listed((both_readings(k) for k in gre_keys), 2)}. This is probably not NVGRE.",
            about_host(address),
            [s.first for s in sent],
            count=sum(s.frames for s in sent),
            display_filter=f"{data(address)} && gre.key#1 < 0x00001000",
            advice=Advice(
                f"Find out what {address_text(address)} is; a VSID of Hyper-V is 4096 or more."
            ),
        )


def find_flags(situation: Situation) -> Iterator[Finding]:
    """What it means
      The GRE header has bits set that RFC 7637 does not allow. A Hyper-V host may drop such
      packets.

    How it is detected
      The first 16 bits are not 0x2000 (K=1, everything else 0), and the protocol is 0x6558.

    What it is not
      Not the layout of the key. Plain GRE tunnels with a checksum or sequence numbers do this, and
      are fine as such.

    What to do
      Find out what the sender is. If it is the peer of a Hyper-V host, turn checksums and sequence
      numbers off.

    Sources
      RFC 7637 section 3.2; RFC 2784; RFC 2890.
    """
    for address, (flags, count, ats) in _signs_by_source(situation, Oddity.GRE_FLAGS).items():
        words = listed(f"0x{word:04x}" for word in sorted(flags))
        yield finding(
            "NVG402",
            Severity.WARNING,
            f"{address_text(address)} sends {plural(count, 'packet')} whose GRE flags are {words}"
            " instead of 0x2000.",
            about_host(address),
            ats,
            count=count,
            display_filter=(
                f"{for_wireshark.from_host(address)} && gre.flags_and_version#1 != 0x2000"
            ),
            advice=Advice(
                "Find out what the sender is; turn GRE checksums and sequence numbers off."
            ),
        )


def find_inner_tags(situation: Situation) -> Iterator[Finding]:
    """What it means
      The frame inside NVGRE carries an 802.1Q tag. The receiver must drop such a frame.

    How it is detected
      The EtherType behind the inner MAC addresses is that of a VLAN tag.

    What it is not
      A tag outside, on the physical network, is fine. Plain GRE tunnels may carry tags.

    What to do
      Remove the VLAN id from the virtual machine's network adapter: Get-VMNetworkAdapterVlan shows
      it.

    Sources
      RFC 7637 section 3.3.
    """
    for address, (_, count, ats) in _signs_by_source(situation, Oddity.INNER_TAG).items():
        yield finding(
            "NVG403",
            Severity.WARNING,
            f"{address_text(address)} sends {plural(count, 'frame')} with an 802.1Q tag inside"
            " NVGRE.",
            about_host(address),
            ats,
            count=count,
            display_filter=f"{for_wireshark.from_host(address)} && {for_wireshark.INNER_TAG}",
            advice=_remove_tag(situation.host(address)),
        )


def _remove_tag(host: HostVerdict) -> Advice:
    name = address_text(host.address)
    if host.sender is Sender.OTHER:
        return Advice(
            f"Remove the VLAN tag of the port behind {name}, if its peer is a Hyper-V host."
        )
    return Advice(
        f"{find_owner(name)}, and remove the VLAN id from its virtual machine's adapter.",
        "Get-VMNetworkAdapterVlan",
    )


def _signs_by_source(
    situation: Situation, oddity: Oddity
) -> dict[bytes, tuple[set[int], int, list[At]]]:
    hosts: dict[bytes, tuple[set[int], int, list[At]]] = {}
    for sign, sightings, ats in situation.sightings(oddity):
        details, count, frames = hosts.get(sign.source, (set(), 0, []))
        details.add(sign.detail)
        frames += ats
        hosts[sign.source] = details, count + sightings.count, frames
    return dict(sorted(hosts.items()))


def find_unlisted(situation: Situation) -> Iterator[Finding]:
    """What it means
      A host uses a VSID that is not in the inventory.

    How it is detected
      The id in the key, as the host means it, is not among the VSIDs given with --vsid or
      --inventory. For a host whose layout is not known, neither reading of the key is among them.
      Only with --vsid or --inventory.

    What it is not
      No evidence of a layout. The inventory may be old, or of another fabric.

    What to do
      Export the inventory again: Get-NetVirtualizationLookupRecord | Export-Csv lookup.csv. If the
      VSID is still missing, find out who configured it.

    Sources
      RFC 7637 section 3.4; the MSFT_NetVirtualizationLookupRecordSettingData class.
    """
    data = DataFilters(situation)
    for address, unlisted in by_source(unlisted_streams(situation)).items():
        gre_keys = sorted({s.lowest_gre_key for s in unlisted})
        is_known = situation.host(address).layout is not Layout.UNKNOWN
        yield finding(
            "NVG404",
            Severity.WARNING,
            f"{address_text(address)} uses ids that are not in the inventory:"
            f" key {listed((both_readings(k) for k in gre_keys), 3)}.",
            about_host(address),
            [s.first for s in unlisted],
            count=sum(s.frames for s in unlisted),
            display_filter=f"{data(address)} && {_any_key(unlisted)}",
            advice=Advice("Export the inventory again, and look who configured this id.", POLICY),
            confidence=Confidence.PROVEN if is_known else Confidence.NONE,
        )


def _any_key(streams: list[Stream]) -> str:
    """A filter for all frames of streams, whatever their low octets."""
    ranges = {(s.upper_bits << 8, s.upper_bits << 8 | 0xFF) for s in streams}
    return for_wireshark.key_ranges(sorted(ranges))


def unlisted_streams(situation: Situation) -> list[Stream]:
    """Streams whose id, as their sender means it, is not in the inventory; none where there is no
    inventory.
    """
    known = situation.inventory.vsids
    if not known:
        return []
    return [
        s
        for s in situation.diagnosis.streams
        if s.frames and not _is_listed(s, situation.host(s.source).layout_of(s), known)
    ]


def _is_listed(stream: Stream, layout: Layout, known: frozenset[int]) -> bool:
    readings = set()
    if layout is not Layout.OLD:
        readings.add(stream.upper_bits)
    if layout is not Layout.CURRENT:
        readings |= {layouts.tni(k) for k in stream.gre_keys if layouts.reserved_octet(k) == 0}
    return bool(readings & known)


def shows_reserved_keys(situation: Situation) -> Show:
    """Frames with such a key."""

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is not None and layouts.reading(packet.gre_key) is Reading.NEITHER:
            text = f"key {both_readings(packet.gre_key)} is valid under neither layout"
            yield Claim((name_of(packet.source),), text)

    return show


def shows_flags(situation: Situation) -> Show:
    """Frames with such flags."""

    def show(frame: Frame) -> Iterator[Claim]:
        facts = frame.facts
        if isinstance(facts, Nvgre) and facts.gre_flags != layouts.GRE_FLAGS:
            text = f"the GRE flags are 0x{facts.gre_flags:04x} instead of 0x2000"
            yield Claim((name_of(facts.source),), text)

    return show


def shows_inner_tags(situation: Situation) -> Show:
    """Frames with such a tag."""

    def show(frame: Frame) -> Iterator[Claim]:
        facts = frame.facts
        if isinstance(facts, Nvgre) and facts.inner_ethertype in TAG_ETHERTYPES:
            name = name_of(facts.source)
            yield Claim((name,), f"{name} sends an 802.1Q tag inside NVGRE")

    return show


def shows_unlisted(situation: Situation) -> Show:
    """Frames with such an id."""
    unlisted = {(stream.source, stream.upper_bits) for stream in unlisted_streams(situation)}

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is not None and (packet.source, layouts.vsid(packet.gre_key)) in unlisted:
            text = f"key {both_readings(packet.gre_key)} is not in the inventory"
            yield Claim((name_of(packet.source),), text)

    return show


RULES = (
    Rule(
        "NVG401",
        Severity.WARNING,
        "key valid under neither layout",
        find_reserved_keys,
        shows_reserved_keys,
    ),
    Rule("NVG402", Severity.WARNING, "GRE header breaks RFC 7637", find_flags, shows_flags),
    Rule(
        "NVG403",
        Severity.WARNING,
        "inner frame carries an 802.1Q tag",
        find_inner_tags,
        shows_inner_tags,
    ),
    Rule("NVG404", Severity.WARNING, "VSID not in the inventory", find_unlisted, shows_unlisted),
)
