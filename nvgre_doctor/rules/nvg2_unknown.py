"""NVG204: hosts whose layout cannot be told, why, and what would settle it."""

from collections.abc import Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.diagnosis import HostVerdict, Stream, by_source
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Show
from nvgre_doctor.rules.nvg2_hosts import every_frame_of_host
from nvgre_doctor.vocabulary import Confidence, Layout, Severity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.layouts import Reading
from nvgre_doctor.wording import address_text, both_readings, plural


def find_unknown(situation: Situation) -> Iterator[Finding]:
    """What it means
      The frames of this host fit both layouts, so its layout cannot be told.

    How it is detected
      No evidence speaks for either layout: the keys lie between 0x00100000 and 0x00FFFFFE, where
      both readings are valid, and nothing else decides. Or the host only receives, or what was
      found contradicts itself, or the packets are cut so short that they may be answers which
      repeat the key of the other host.

    What it is not
      Neither healthy nor broken: unknown.

    What to do
      Give the VSIDs you know (--vsid 5001, or --inventory with an export of
      Get-NetVirtualizationLookupRecord), or capture both directions of one VM pair, or capture
      longer.

    Sources
      RFC 7637 sections 3.2 and 3.4; draft-sridharan-virtualization-nvgre-00.
    """
    streams = by_source(situation.diagnosis.streams)
    for host in situation.diagnosis.hosts.values():
        if host.layout is Layout.UNKNOWN:
            yield _unknown(host, streams.get(host.address, []))


def _unknown(host: HostVerdict, sent: list[Stream]) -> Finding:
    name = address_text(host.address)
    gre_keys = sorted({gre_key for stream in sent for gre_key in stream.gre_keys})
    lowest = {layouts.reading(gre_key): gre_key for gre_key in reversed(gre_keys)}
    if host.contradiction:
        why = "the inventory contradicts what the packets prove"
        settle = "Check the inventory: is it of this fabric, and of this time?"
    elif host.witnesses:
        why = "the evidence contradicts itself"
        settle = "Look at the frames, and capture again on one adapter only."
    elif not sent:
        why = f"no NVGRE from it was read, only {plural(host.frames_received, 'frame')} to it"
        settle = f"Capture on {name} itself, or where both directions pass."
    elif Reading.EITHER in lowest:
        why = f"key {both_readings(lowest[Reading.EITHER])} is valid under both layouts"
        settle = (
            "Give a VSID you know with --vsid or --inventory, or capture both directions of one VM"
            " pair."
        )
    elif lowest.keys() == {Reading.NEITHER}:
        why = f"key {both_readings(gre_keys[0])} is reserved under both layouts"
        settle = f"Find out what {name} is: this may be a plain GRE tunnel."
    else:  # a key that would decide, and is no evidence: see infer.gathering.without_echoes
        why = f"key {both_readings(gre_keys[-1])} may only repeat what the other host sends"
        settle = "Capture both directions of one VM pair with a snap length of 128 bytes or more."
    return finding(
        "NVG204",
        Severity.INFO,
        f"The layout of {name} cannot be told: {why}.",
        about_host(host.address),
        [stream.first for stream in sent],
        display_filter=for_wireshark.from_host(host.address),
        next_step=settle,
        confidence=Confidence.NONE,
    )


def shows_unknown(situation: Situation) -> Show:
    """Every frame of the host."""
    return every_frame_of_host("the layout of {} cannot be told: key {}")


UNKNOWN = Rule(
    "NVG204", Severity.INFO, "layout of a host cannot be told", find_unknown, shows_unknown
)
RULES = (UNKNOWN,)
