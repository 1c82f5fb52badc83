"""NVG405: frames whose keys contradict everything else that their host sent."""

from collections import defaultdict
from collections.abc import Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.diagnosis import Stray
from nvgre_doctor.rules.advice import Advice
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.vocabulary import Severity
from nvgre_doctor.wording import LAYOUT_NAMES, address_text, both_readings, key_text, listed, plural


def find_strays(situation: Situation) -> Iterator[Finding]:
    """What it means
      A single frame says something else than everything else that this host sent. It is named here,
      and it was not used: one frame alone proves nothing.

    How it is detected
      One packet, however often it was captured, whose key fits the other layout only, or makes a VM
      pair contradict itself, beside ten times as many packets that agree (A1 value, A3 VM pair).

    What it is not
      Not a host that speaks both layouts (NVG203) or changed (NVG202): those need two packets or
      more on each side. No proof of an attack: a bit that flipped on the way looks the same.

    What to do
      Look at the frame: are its checksums right, does it come from another MAC address or with
      another TTL than the others? Then it is damaged, or somebody else sent it.

    Sources
      RFC 7637 section 3.2.
    """
    data = DataFilters(situation)
    for address, strays in _by_host(situation).items():
        gre_keys = sorted({stray.gre_key for stray in strays})
        named = listed(
            f"key {both_readings(s.gre_key)} in frame {s.at.frame_number}, as"
            f" {LAYOUT_NAMES[s.layout_it_would_mean]} would write it"
            for s in strays
        )
        contradict = "contradicts" if len(strays) == 1 else "contradict"
        yield finding(
            "NVG405",
            Severity.WARNING,
            f"{plural(len(strays), 'frame')} of {address_text(address)} {contradict} everything"
            f" else that it sent: {named}. Not used for any verdict.",
            about_host(address),
            [stray.at for stray in strays],
            display_filter=f"{data(address)} && {for_wireshark.keys(gre_keys)}",
            advice=Advice(
                "Look at the frame: wrong checksums, another MAC address or another TTL than in the"
                " others mean that it was damaged on the way, or that somebody else sent it."
            ),
        )


def _by_host(situation: Situation) -> dict[bytes, list[Stray]]:
    hosts: defaultdict[bytes, list[Stray]] = defaultdict(list)
    for stray in situation.diagnosis.strays:
        hosts[stray.host].append(stray)
    return {host: sorted(strays, key=lambda stray: stray.at) for host, strays in hosts.items()}


def shows_strays(situation: Situation) -> Show:
    """These frames."""
    strays = {(stray.host, stray.at): stray for stray in situation.diagnosis.strays}

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is None:
            return
        if (packet.source, frame.at) in strays:
            name = name_of(packet.source)
            text = f"key {key_text(packet.gre_key)} contradicts all else that {name} sent"
            yield Claim((name,), text)

    return show


RULES = (
    Rule("NVG405", Severity.WARNING, "stray frames, named and not used", find_strays, shows_strays),
)
