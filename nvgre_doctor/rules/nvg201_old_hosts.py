"""NVG201: hosts that speak the old layout."""

from collections.abc import Iterator

from nvgre_doctor.infer.gathering import by_source
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.rules.advice import update
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.rules.host_frames import (
    filter_in,
    frames_behind,
    frames_in,
    if_nvgre,
    reasons_for,
)
from nvgre_doctor.statements import statement
from nvgre_doctor.vocabulary import Confidence, Layout, Sender, Severity, Verdict
from nvgre_doctor.wire import layouts
from nvgre_doctor.wording import address_text, key_text


def find_old_layout(situation: Situation) -> Iterator[Finding]:
    """What it means
      The host writes the tenant's id into the low 24 bits of the GRE key, as the first NVGRE draft
      has it. Windows Server 2012 did so until update KB2779768. Hosts with the update read the
      upper 24 bits and cannot talk to it.

    How it is detected
      By value (as a VSID the key would be reserved), by the two directions of a VM pair, by a host
      that changed, by a peer that is known and must speak the same, or by your inventory. Each
      reason rests on assumptions, which -v and JSON name: A1 value (a Hyper-V host writes ids 4096
      to 16777214 only, draft-00 a zero top octet), A2 restart (one layout while a host is not
      silent for 20 seconds), A3 VM pair (two MACs in one customer subnet have one VSID), A4 unique
      (no MAC pair is cloned into several tenants), A5 clocks (those of several captures agree).
      Proven means that two frames or more would have to be wrong. Less than that is "likely" and a
      warning. The verdict is that of the last stretch of time without a silence of 20 seconds in
      which the layout is known.

    What it is not
      A plain GRE tunnel of Open vSwitch or Linux with a small key looks the same on the wire. So
      only a Hyper-V host is called an error: it sends UNREACHABLE or control messages inside NVGRE,
      or has a peer with the shifted key, or starts with TTL 128 and carries guests with MACs
      00:15:5D or 00:1D:D8. If all hosts use the old layout, they can talk to each other.

    What to do
      A provider address is no name to log on to: Get-NetVirtualizationProviderAddress on the hosts
      says which of them has it. Get-HotFix -Id KB2779768 -ComputerName HOSTNAME shows whether the
      update is there. Update rollups of Windows Server 2012 were not cumulative: install the update
      itself and restart the host. Update all hosts of the fabric together. Where the layout is only
      likely, find out first.

    Sources
      draft-sridharan-virtualization-nvgre-00; RFC 7637 sections 3.2 and 3.4; Microsoft KB2779768.
    """
    streams, data = by_source(situation.diagnosis.streams), DataFilters(situation)
    for host in situation.diagnosis.hosts.values():
        if host.layout is not Layout.OLD:
            continue
        reasons = reasons_for(host, Layout.OLD)
        is_proven = host.confidence is Confidence.PROVEN
        because = f": {statement(reasons[0])}" if reasons else ""
        yield finding(
            "NVG201",
            Severity.ERROR if is_proven and host.sender is Sender.HYPER_V else Severity.WARNING,
            f"{_uses_old(host)}{because}.{if_nvgre(host)}{_stale(host)}",
            about_host(host.address),
            frames_behind(situation, host, reasons),
            count=frames_in(situation, host, streams.get(host.address, ()), Layout.OLD),
            display_filter=filter_in(situation, data, host, Layout.OLD),
            advice=update(host),
            confidence=host.confidence,
        )


def _uses_old(host: HostVerdict) -> str:
    """`A probably uses the old NVGRE layout (draft-00)`."""
    name = address_text(host.address)
    if host.sender is Sender.OTHER:
        return f"{name} writes plain GRE keys that look like the old NVGRE layout (draft-00)"
    uses = "uses" if host.confidence is Confidence.PROVEN else "probably uses"
    if_nvgre = ", if this is NVGRE" if host.sender is Sender.UNCLEAR else ""
    return f"{name} {uses} the old NVGRE layout (draft-00){if_nvgre}"


def _stale(host: HostVerdict) -> str:
    """What is not known of a host that was silent for a while and sent more."""
    if not host.is_stale or host.proven_to is None:
        return ""
    return (
        f" That is known up to frame {host.proven_to.frame_number}; what it sent after a silence"
        " does not tell."
    )


def shows_old_layout(situation: Situation) -> Show:
    """Frames that the host sent in the old layout."""

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is None:
            return
        if situation.layout_at(packet.source, frame.at) is Layout.OLD:
            uses = _uses_old(situation.host(packet.source))
            key = f"key {key_text(packet.gre_key)}"
            tni = f" is TNI {layouts.tni(packet.gre_key)}"
            is_old = layouts.fits_old(packet.gre_key)
            yield Claim((name_of(packet.source),), f"{uses}: {key}{tni if is_old else ''}")

    return show


RULES = (
    Rule(
        "NVG201",
        Severity.ERROR,
        "host uses the old layout",
        find_old_layout,
        shows_old_layout,
        verdict=Verdict.OLD_LAYOUT,
        is_of_old_host=True,
    ),
)
