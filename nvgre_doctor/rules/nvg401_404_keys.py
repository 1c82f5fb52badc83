"""NVG401 and NVG404: ids that are reserved, or not in the inventory, host by host."""

from collections.abc import Callable, Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.gathering import by_source
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.rules.advice import POLICY, Advice
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.vocabulary import Confidence, Layout, Severity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.layouts import Reading
from nvgre_doctor.wording import address_text, both_readings, key_text, listed


def find_reserved_keys(situation: Situation) -> Iterator[Finding]:
    """What it means
      A host sends a key that is valid under neither layout: the tenant's id would be reserved in
      both. Or it speaks RFC 7637, and its VSID is reserved.

    How it is detected
      The key is below 0x00001000. Of a host that speaks RFC 7637 it is below 0x00100000: then its
      VSID is below 4096.

    What it is not
      Usually not Hyper-V: plain GRE tunnels and port mirrors use small numbers as keys, and NVGRE
      of other makers (switches, OpenBSD) takes any VSID.

    What to do
      Find out what the host is. If it is a Hyper-V host, its VSID must be 4096 or more.

    Sources
      RFC 7637 section 3.4.
    """
    is_reserved, data = _reserved(situation), DataFilters(situation)
    streams = [
        s
        for s in situation.diagnosis.streams
        if s.frames and is_reserved(s.source, s.lowest_gre_key, s.first)
    ]
    for address, sent in by_source(streams).items():
        gre_keys = sorted({k for s in sent for k in s.gre_keys})
        name = address_text(address)
        keys = f"key {listed((both_readings(k) for k in gre_keys), 2)}"
        are_odd = gre_keys[-1] < layouts.LOWEST_VSID
        yield finding(
            "NVG401",
            Severity.WARNING,
            f"{name} sends keys that are valid under neither layout: {keys}. This is probably not"
            " NVGRE."
            if are_odd
            else f"{name} speaks RFC 7637 with VSIDs that are reserved: {keys}. Hyper-V uses 4096"
            " and more.",
            about_host(address),
            [s.first for s in sent],
            count=sum(s.frames for s in sent),
            display_filter=f"{data(address)} && gre.key#1 < 0x{1 if are_odd else 0x100:05x}000",
            advice=Advice(f"Find out what {name} is; a VSID of Hyper-V is 4096 or more."),
        )


def _reserved(situation: Situation) -> Callable[[bytes, int, At], bool]:
    """Whether a key that a host sent at some time is valid under neither layout, or not under the
    current one that the host speaks.  Strays are told elsewhere.
    """
    strays = {(stray.host, stray.gre_key) for stray in situation.diagnosis.strays}

    def is_reserved(source: bytes, gre_key: int, at: At) -> bool:
        reading = layouts.reading(gre_key)
        if reading is not Reading.OLD_ONLY or (source, gre_key) in strays:
            return reading is Reading.NEITHER
        return situation.layout_at(source, at) is Layout.CURRENT

    return is_reserved


def shows_reserved_keys(situation: Situation) -> Show:
    """Frames with such a key."""
    is_reserved = _reserved(situation)

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is None:
            return
        if is_reserved(packet.source, packet.gre_key, frame.at):
            text = f"key {key_text(packet.gre_key)} is valid under neither layout"
            yield Claim((name_of(packet.source),), text)

    return show


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


def shows_unlisted(situation: Situation) -> Show:
    """Frames with such an id."""
    unlisted = {(stream.source, stream.upper_bits) for stream in unlisted_streams(situation)}

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is None:
            return
        if (packet.source, layouts.vsid(packet.gre_key)) in unlisted:
            text = f"key {key_text(packet.gre_key)} is not in the inventory"
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
    Rule("NVG404", Severity.WARNING, "VSID not in the inventory", find_unlisted, shows_unlisted),
)
