"""NVG305 and NVG307: NVGRE that does not fit its path, and virtual machines that moved."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.hearsay import is_redirect, kind_of
from nvgre_doctor.rules.advice import RAISE_MTU, policy
from nvgre_doctor.rules.base import Rule, Situation, about_flow, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of, refused_key_text
from nvgre_doctor.rules.refused_flows import (
    Flow,
    RefusedFlows,
    frames_of,
    keys_text,
    reporters_of,
    sightings_of,
)
from nvgre_doctor.vocabulary import Oddity, Severity
from nvgre_doctor.wire.facts import Nvgre, Other
from nvgre_doctor.wording import address_text, icmp_code, listed, plural

TOO_BIG: Final = frozenset({(4, 3, 4), (6, 2, 0)})
"""Fragmentation needed (RFC 1191) and packet too big (RFC 4443 section 3.2): version, type, code.
"""


def find_too_big(situation: Situation) -> Iterator[Finding]:
    """What it means
      NVGRE packets are larger than the path allows: they are refused as too big, or they arrive as
      fragments.

    How it is detected
      ICMP 3/4 or ICMPv6 packet too big quotes an NVGRE frame, or outer packets with protocol 47 are
      fragments.

    What it is not
      Not a matter of layouts. Small packets such as pings get through, so this looks like a
      connection that hangs.

    What to do
      NVGRE adds 42 bytes to each frame with IPv4 and 62 with IPv6 (without a tag). Raise the MTU of
      the physical network (jumbo frames), or lower the MTU of the virtual machines; on the host
      look at Get-NetAdapterAdvancedProperty -RegistryKeyword '*EncapOverhead'. RFC 7637 says that
      the sender must not fragment.

    Sources
      RFC 7637 section 4.4; RFC 1191; RFC 8201.
    """
    flows = RefusedFlows(situation)
    for (source, destination), refusals in flows(lambda r: kind_of(r.sign) in TOO_BIG):
        mtus = sorted({r.sign.next_hop_mtu for r in refusals if r.sign.next_hop_mtu})
        limit = f" The path allows {listed(str(mtu) for mtu in mtus)} bytes." if mtus else ""
        yield finding(
            "NVG305",
            Severity.WARNING,
            f"NVGRE from {address_text(source)} to {address_text(destination)} does not fit the"
            f" path: {plural(sum(r.count for r in refusals), 'packet')} refused as too big by"
            f" {listed(reporters_of(refusals))}.{limit}",
            about_flow(source, destination),
            frames_of(refusals),
            count=sightings_of(refusals),
            display_filter=flows.filter_of(refusals),
            advice=RAISE_MTU,
        )
    fragments: defaultdict[Flow, list[tuple[int, tuple[At, ...]]]] = defaultdict(list)
    for sign, sightings, ats in situation.sightings(Oddity.FIRST_FRAGMENT, Oddity.LATER_FRAGMENT):
        fragments[sign.source, sign.destination].append((sightings.count, ats))
    firsts = {
        (sign.source, sign.destination) for sign, _, _ in situation.sightings(Oddity.FIRST_FRAGMENT)
    }
    for (source, destination), seen in sorted(fragments.items()):
        if (
            source,
            destination,
        ) not in firsts:  # without a first fragment nothing says that it is NVGRE
            continue
        yield finding(
            "NVG305",
            Severity.WARNING,
            f"NVGRE from {address_text(source)} to {address_text(destination)} is fragmented:"
            f" {plural(sum(count for count, _ in seen), 'outer fragment')}.",
            about_flow(source, destination),
            [at for _, ats in seen for at in ats],
            count=sum(count for count, _ in seen),
            display_filter=for_wireshark.fragments(source, destination),
            advice=RAISE_MTU,
        )


def find_redirects(situation: Situation) -> Iterator[Finding]:
    """What it means
      The receiver tells the sender that a virtual machine moved to another host.

    How it is detected
      ICMP type 5 code 10 (ICMPv6 type 137 code 1) inside NVGRE: the REDIRECT of Hyper-V.

    What it is not
      Normal after a live migration, for a short time. Not a matter of layouts.

    What to do
      Nothing, unless it goes on: then the sender's policy is not updated. Compare
      Get-NetVirtualizationLookupRecord on both hosts.

    Sources
      MS-NVGREE section 2.2.2.
    """
    flows = RefusedFlows(situation)
    for (source, destination), refusals in flows(lambda r: is_redirect(r.sign)):
        yield finding(
            "NVG307",
            Severity.INFO,
            f"{address_text(destination)} tells {address_text(source)} that a virtual machine"
            f" moved: {plural(sum(r.count for r in refusals), 'REDIRECT message')};"
            f" {keys_text(refusals)}.",
            about_flow(source, destination),
            frames_of(refusals),
            count=sightings_of(refusals),
            display_filter=flows.filter_of(refusals),
            advice=policy(situation.host(source), situation.host(destination)),
        )


def shows_too_big(situation: Situation) -> Show:
    """The errors, and the fragments of flows whose first fragments show that they are NVGRE."""
    fragmented = {s[1:3] for s, _, _ in situation.sightings(Oddity.FIRST_FRAGMENT)}

    def show(frame: Frame) -> Iterator[Claim]:
        facts, refused = frame.facts, frame.refuses
        if isinstance(facts, Nvgre) and facts.is_fragment:
            yield _fragment(facts.source, facts.destination)
        elif isinstance(facts, Other) and facts.oddity is Oddity.LATER_FRAGMENT:
            flow = facts.source or b"", facts.destination or b""
            if flow in fragmented:
                yield _fragment(*flow)
        if refused is not None and kind_of(refused.sign) in TOO_BIG:
            source, destination = map(name_of, refused[:2])
            icmp = icmp_code(*kind_of(refused.sign))
            most = refused.sign.next_hop_mtu
            mtu = f", the path allows {most} bytes" if most else ""
            by = name_of(refused.sign.reporter)
            text = f"NVGRE from {source} to {destination} is too big ({icmp} from {by}{mtu})"
            yield Claim((source, destination), text)

    return show


def _fragment(source: bytes, destination: bytes) -> Claim:
    flow = name_of(source), name_of(destination)
    return Claim(flow, f"a fragment: NVGRE from {flow[0]} to {flow[1]} does not fit the path")


def shows_redirects(situation: Situation) -> Show:
    """The messages themselves."""

    def show(frame: Frame) -> Iterator[Claim]:
        refused = frame.refuses
        if refused is not None and is_redirect(refused.sign):
            source, destination = map(name_of, refused[:2])
            icmp = icmp_code(*kind_of(refused.sign))
            text = (
                f"{name_of(refused.sign.reporter)} tells {source} that a virtual machine moved"
                f" ({icmp}, {refused_key_text(refused)})"
            )
            yield Claim((source, destination), text)

    return show


RULES = (
    Rule("NVG305", Severity.WARNING, "NVGRE does not fit the path", find_too_big, shows_too_big),
    Rule("NVG307", Severity.INFO, "the virtual machine moved", find_redirects, shows_redirects),
)
