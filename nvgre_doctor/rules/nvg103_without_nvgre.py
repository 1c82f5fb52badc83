"""NVG103: captures without NVGRE, and what is in them instead."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from nvgre_doctor.rules.advice import Advice
from nvgre_doctor.rules.base import Rule, Situation, finding
from nvgre_doctor.rules.finding import Finding, Subject
from nvgre_doctor.vocabulary import Oddity, Severity
from nvgre_doctor.wording import PLAIN_GRE, address_text, ethertypes_words, listed, plural

INSTEAD: Final = {
    Oddity.HOST_ERROR: "messages of hosts inside NVGRE",
    Oddity.CONTROL: "control traffic of hosts (NVE to NVE)",
    Oddity.NVGRE_IN_ERSPAN: "NVGRE inside ERSPAN, a switch's mirror of it",
    Oddity.NVGRE_IN_VXLAN: "NVGRE inside VXLAN",
    Oddity.VXLAN: "VXLAN (UDP 4789), the default encapsulation since Windows Server 2016",
    Oddity.NOT_NVGRE: "GRE of hosts that you named as not NVGRE",
    Oddity.GRE_WITHOUT_KEY: "Ethernet over GRE without a key",
    Oddity.GRE_OTHER: "other GRE (ERSPAN, PPTP, IP in GRE or similar)",
    Oddity.TOO_SHORT: "GRE that is cut before the key",
    Oddity.LATER_FRAGMENT: "later fragments of GRE packets",
    Oddity.LINKTYPE: "link types that cannot be decoded",
    Oddity.NOT_GRE: "IP traffic that is not GRE",
    Oddity.NOT_IP: "",  # named by its EtherTypes
    Oddity.WIRELESS: "802.11 frames that pktmon wrote as Ethernet",
    Oddity.MALFORMED: "malformed frames",
    Oddity.TRUNCATED: "frames cut before the protocol",
}

_CAPTURE_THERE: Final = (
    "Capture on the physical adapter that holds the provider address, with no filter or with"
    ' "ip proto 47 or icmp".'
)


def find_no_nvgre(situation: Situation) -> Iterator[Finding]:
    """What it means
      The captures were read, and there is no NVGRE of Hyper-V hosts in them. Nothing can be said
      about layouts.

    How it is detected
      No frame has an outer GRE header with K=1 and protocol 0x6558, and no ICMP error quotes one.
      Or those that have it are control traffic only, or come from senders of plain GRE (Open
      vSwitch, Linux, switches).

    What it is not
      Not a sign of health: the captures may have been taken at the wrong place or with the wrong
      filter.

    What to do
      Capture on the physical adapter that holds the provider address, not on a virtual machine's
      adapter, without a filter or with the filter "ip proto 47 or icmp". If the message names
      VXLAN, the hosts use VXLAN and the layouts of NVGRE do not apply to them.

    Sources
      RFC 7637 section 3.2; RFC 7348 (VXLAN).
    """
    frames = sum(capture.frames for capture in situation.captures)
    if not frames or situation.has_nvgre:
        return
    counts: Counter[Oddity] = Counter()
    ethertypes: Counter[int] = Counter()
    for sign, sightings, _ in situation.sightings(*INSTEAD):
        counts[sign.oddity] += sightings.count
        if sign.oddity is Oddity.NOT_IP:
            ethertypes[sign.detail] += sightings.count
    senders = [address_text(host.address) for host in situation.senders]
    there = [
        f"{counts[oddity]} x {text}" if text else ethertypes_words(ethertypes)
        for oddity, text in INSTEAD.items()
        if counts[oddity]
    ]
    if senders:
        sent = sum(host.frames_sent for host in situation.senders)
        there.insert(0, f"{sent} x {PLAIN_GRE}, or NVGRE of another maker, from {listed(senders)}")
    is_there = any(part.nvgre_frames for part in situation.evidence.captures.values())
    which = " of a Hyper-V host" if senders else " data" if is_there else ""
    yield finding(
        "NVG103",
        Severity.WARNING,
        f"No NVGRE{which} in {plural(frames, 'frame')}."
        + (f" What is there instead: {'; '.join(there)}." if there else ""),
        Subject("capture"),
        (),
        count=counts[Oddity.VXLAN],
        display_filter="udp.dstport == 4789" if counts[Oddity.VXLAN] else "",
        advice=Advice(_next_step(senders, has_other_hosts=bool(counts[Oddity.NOT_NVGRE]))),
    )


def _next_step(senders: list[str], *, has_other_hosts: bool) -> str:
    if has_other_hosts:
        return "If one of these hosts is a Hyper-V host, correct not-nvgre in the configuration."
    if senders:
        is_or_are = "is" if len(senders) == 1 else "are"
        return f"Nothing to install: find out what {listed(senders)} {is_or_are}. {_CAPTURE_THERE}"
    return _CAPTURE_THERE


RULES = (Rule("NVG103", Severity.WARNING, "no NVGRE in the captures", find_no_nvgre),)
