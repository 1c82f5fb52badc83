"""NVG205: hosts that do not speak the layout that they are meant to speak."""

from collections.abc import Iterator

from nvgre_doctor.infer.gathering import by_source
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.rules.advice import Advice, look_at_update, update
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.rules.host_frames import filter_in, frames_behind, frames_in, reasons_for
from nvgre_doctor.vocabulary import Confidence, Layout, Severity
from nvgre_doctor.wording import LAYOUT_NAMES, address_text


def find_unexpected(situation: Situation) -> Iterator[Finding]:
    """What it means
      A host does not speak the layout that your configuration expects of it.

    How it is detected
      The configuration names the host or its network under expect, and the packets say something
      else. A layout that is only likely makes this a warning. A host that changed its layout is
      judged by the later one.

    What it is not
      Not reported while the layout cannot be told (NVG204). Without expect in the configuration
      this never appears.

    What to do
      Find out who changed the host: Get-NetVirtualizationProviderAddress on the hosts says which of
      them has the address, Get-HotFix -Id KB2779768 -ComputerName HOSTNAME whether it has the
      update. If the change was meant, correct expect in the configuration.

    Sources
      Your configuration; RFC 7637 section 3.2; draft-sridharan-virtualization-nvgre-00.
    """
    streams, data = by_source(situation.diagnosis.streams), DataFilters(situation)
    for host in situation.diagnosis.hosts.values():
        expected = situation.expected.get(host.address)
        if expected is None or host.layout in (expected, Layout.UNKNOWN):
            continue
        name = address_text(host.address)
        is_proven = host.confidence is Confidence.PROVEN
        unexpected = [layout for layout in (Layout.OLD, Layout.CURRENT) if layout is not expected]
        yield finding(
            "NVG205",
            Severity.ERROR if is_proven else Severity.WARNING,
            f"{name} {'uses' if is_proven else 'probably uses'} {LAYOUT_NAMES[host.layout]},"
            f" and {LAYOUT_NAMES[expected]} is expected of it.",
            about_host(host.address),
            frames_behind(situation, host, reasons_for(host, *unexpected)),
            count=frames_in(situation, host, streams.get(host.address, ()), host.layout),
            display_filter=filter_in(situation, data, host, host.layout),
            advice=_advice(host, expected),
            confidence=host.confidence,
        )


def _advice(host: HostVerdict, expected: Layout) -> Advice:
    if expected is Layout.CURRENT:
        return update(host)
    meant = (
        f"If {address_text(host.address)} was updated on purpose, correct expect in the"
        " configuration."
    )
    look = look_at_update(host)
    return Advice(f"{meant} {look.next_step}", look.check)


def shows_unexpected(situation: Situation) -> Show:
    """Frames of the host in the layout that is not expected of it."""

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        expected = None if packet is None else situation.expected.get(packet.source)
        if packet is None or expected is None:
            return
        spoken = situation.layout_at(packet.source, frame.at)
        if spoken not in (expected, Layout.UNKNOWN):
            name = name_of(packet.source)
            uses = f"{name} uses {LAYOUT_NAMES[spoken]}"
            yield Claim((name,), f"{uses}, and {LAYOUT_NAMES[expected]} is expected of it")

    return show


RULES = (
    Rule(
        "NVG205",
        Severity.ERROR,
        "host does not speak the expected layout",
        find_unexpected,
        shows_unexpected,
        claim="{} speaks the expected layout",  # "speaks RFC 7637" may be true, and what is wrong
    ),
)
