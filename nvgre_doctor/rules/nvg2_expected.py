"""NVG205: hosts that do not speak the layout that they are meant to speak."""

from collections.abc import Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.rules.advice import INSTALL_UPDATE, check_update
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
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
      Find out who changed the host: Get-HotFix -Id KB2779768 -ComputerName HOST. If the change was
      meant, correct expect in the configuration.

    Sources
      Your configuration; RFC 7637 section 3.2; draft-sridharan-virtualization-nvgre-00.
    """
    for host in situation.diagnosis.hosts.values():
        expected = situation.expected.get(host.address)
        if expected is None or host.layout in (expected, Layout.UNKNOWN):
            continue
        name = address_text(host.address)
        is_likely = host.confidence is Confidence.LIKELY
        if expected is Layout.CURRENT:
            advice = f"{INSTALL_UPDATE.format(host=name)} {check_update(name)}"
        else:
            advice = (
                f"If {name} was updated on purpose, correct expect in the configuration."
                f" {check_update(name)}"
            )
        yield finding(
            "NVG205",
            Severity.WARNING if is_likely else Severity.ERROR,
            f"{name} {'probably uses' if is_likely else 'uses'} {LAYOUT_NAMES[host.layout]},"
            f" and {LAYOUT_NAMES[expected]} is expected of it.",
            about_host(host.address),
            [witness.stream.first for witness in host.witnesses if witness.layout is not expected],
            display_filter=for_wireshark.from_host(host.address),
            next_step=advice,
            confidence=host.confidence,
        )


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
