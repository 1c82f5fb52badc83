"""NVG204: hosts whose layout cannot be told, why, and what would settle it."""

from collections.abc import Iterator

from nvgre_doctor.infer.gathering import by_source
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.rules.advice import Advice
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Show
from nvgre_doctor.rules.host_frames import every_frame_of_host, if_nvgre
from nvgre_doctor.vocabulary import Confidence, Layout, Sender, Severity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.layouts import Reading
from nvgre_doctor.wording import address_text, key_text, plural


def find_unknown(situation: Situation) -> Iterator[Finding]:
    """What it means
      The frames of this host fit both layouts, so its layout cannot be told.

    How it is detected
      No evidence speaks for either layout: the keys lie between 0x00100000 and 0x00FFFFFE, where
      both readings are valid, and nothing else decides. Or what was found contradicts itself, or
      the packets are cut so short that they may be answers which repeat the key of the other host,
      or the host only receives (then it is a note). Nothing is taken for granted here: where a
      reason would break an assumption (A1 value, A2 restart, A3 VM pair, A4 unique, A5 clocks), it
      is not used.

    What it is not
      Neither healthy nor broken: unknown. The verdict is "undecided" as long as a host that sent
      data is unknown. Tunnels of senders that are no Hyper-V hosts (Open vSwitch, switches,
      gateways) have numbers as keys that mean nothing here.

    What to do
      Give the VSIDs you know (--vsid 5001, or --inventory with an export of
      Get-NetVirtualizationLookupRecord), or capture both directions of one VM pair in one customer
      subnet, or capture longer.

    Sources
      RFC 7637 sections 3.2 and 3.4; draft-sridharan-virtualization-nvgre-00.
    """
    streams, data = by_source(situation.diagnosis.streams), DataFilters(situation)
    macs = {stream.macs for own in streams.values() for stream in own if stream.macs}
    for host in situation.diagnosis.hosts.values():
        if host.layout is Layout.UNKNOWN:
            sent = streams.get(host.address, [])
            pairs = {stream.macs for stream in sent if stream.macs}
            is_both_ways = any(pair[6:] + pair[:6] in macs for pair in pairs)
            yield _unknown(data, host, sent, is_both_ways)


def _unknown(
    data: DataFilters, host: HostVerdict, sent: list[Stream], is_both_ways: bool
) -> Finding:
    name = address_text(host.address)
    why, settle = _why(host, name, sent, is_both_ways)
    message = f"The layout of {name} cannot be told: {why}."
    if host.frames_sent and host.sender is Sender.OTHER:
        message += if_nvgre(host)
        settle = ""  # nothing could: a plain GRE tunnel has no layout
    return finding(
        "NVG204",
        Severity.WARNING if host.frames_sent else Severity.INFO,
        message,
        about_host(host.address),
        [stream.first for stream in sent if stream.frames],
        count=host.frames_sent,
        display_filter=data(host.address) if host.frames_sent else "",  # it would show nothing
        advice=Advice(settle),
        confidence=Confidence.NONE,
    )


def _why(host: HostVerdict, name: str, sent: list[Stream], is_both_ways: bool) -> tuple[str, str]:
    """Why a layout cannot be told, and what would settle it; `is_both_ways`: some VM pair was heard
    in both directions.
    """
    gre_keys = sorted({gre_key for stream in sent for gre_key in stream.gre_keys})
    lowest = {layouts.reading(gre_key): gre_key for gre_key in reversed(gre_keys)}
    if host.contradiction:
        return (
            "the inventory contradicts what the packets prove",
            "Check the inventory: is it of this fabric, and of this time?",
        )
    if not host.frames_sent:
        return (
            f"it sent no NVGRE here, it only received {plural(host.frames_received, 'frame')}",
            f"Capture on {name} itself, or where both directions pass.",
        )
    if Reading.OLD_ONLY in lowest and Reading.CURRENT_ONLY in lowest:
        old, current = lowest[Reading.OLD_ONLY], lowest[Reading.CURRENT_ONLY]
        return (
            f"key {key_text(old)} fits draft-00 only, and key {key_text(current)} fits"
            " RFC 7637 only",
            "Look at the frames, and capture again on one adapter only.",
        )
    if Reading.EITHER in lowest:
        return (
            f"key {key_text(lowest[Reading.EITHER])} is valid under both layouts",
            "Give a VSID you know with --vsid or --inventory"
            + (
                ": Get-NetVirtualizationLookupRecord on a Hyper-V host lists them."
                if is_both_ways
                else ", or capture both directions of one VM pair."
            ),
        )
    if lowest.keys() == {Reading.NEITHER}:
        return (
            f"key {key_text(gre_keys[0])} is reserved under both layouts",
            f"Find out what {name} is: this may be a plain GRE tunnel.",
        )
    # A key that would decide, and is no evidence: it may have been cut out of an answer.
    return (
        f"key {key_text(gre_keys[-1])} may only repeat what the other host sends"
        if gre_keys
        else "its keys are not told apart here",
        "Capture both directions of one VM pair with a snap length of 128 bytes or more.",
    )


def shows_unknown(situation: Situation) -> Show:
    """Every frame of the host."""
    return every_frame_of_host("the layout of {} cannot be told: key {}")


UNKNOWN = Rule(
    "NVG204", Severity.WARNING, "layout of a host cannot be told", find_unknown, shows_unknown
)
RULES = (UNKNOWN,)
