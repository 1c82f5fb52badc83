"""NVG304, NVG305 and NVG307: what other ICMP errors and fragments say about NVGRE flows."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.infer.diagnosis import At
from nvgre_doctor.infer.refusals import is_prohibited, is_redirect, kind_of
from nvgre_doctor.rules.advice import RAISE_MTU, check_policy
from nvgre_doctor.rules.base import Rule, Situation, about_flow, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of, quoted_key_text, refused_flow
from nvgre_doctor.rules.refused_flows import Flow, by_flow, filter_of, frames_of, keys_text
from nvgre_doctor.vocabulary import Oddity, Severity
from nvgre_doctor.wire.facts import IcmpError, Nvgre, Other
from nvgre_doctor.wording import ICMP_NAMES, address_text, icmp_code, listed, plural

TOO_BIG: Final = frozenset({(4, 3, 4), (6, 2, 0)})
"""Fragmentation needed (RFC 1191) and packet too big (RFC 4443 section 3.2): version, type, code.
"""
WHAT_IT_MEANS: Final[dict[tuple[int, ...], str]] = {
    (4, 3, 2): "there is no GRE at all on the receiver",
    (4, 3, 3): "the receiver has GRE, but no tunnel with this key",
    (4, 3, 9): "a filter on the way",
    (4, 3, 13): "a filter on the way",
    (4, 11, 0): "a routing loop, or a TTL that is too small",
    (6, 3, 0): "a routing loop, or a hop limit that is too small",
    (6, 4, 1): "there is no GRE at all on the receiver",
}
"""What some ICMP errors say about NVGRE, beside their names: version, type, code."""


def what_it_means(*kind: int) -> str:
    """`protocol unreachable: there is no GRE at all on the receiver`; `kind` is in ICMP_NAMES."""
    return ": ".join(table[kind] for table in (ICMP_NAMES, WHAT_IT_MEANS) if kind in table)


def _is_other(message: IcmpSign | IcmpError) -> bool:
    return not (is_prohibited(message) or is_redirect(message) or kind_of(message) in TOO_BIG)


def find_other_errors(situation: Situation) -> Iterator[Finding]:
    """What it means
      An NVGRE flow is refused with another ICMP error: the packets do not reach the virtual switch
      of the receiver at all.

    How it is detected
      An ICMP error other than 3/10, 3/4 and redirects quotes an NVGRE frame.

    What it is not
      Not a matter of layouts: hosts that read a wrong VSID answer with 3/10.

    What to do
      3/2 (or ICMPv6 4/1): there is no GRE on the receiver; is the address right, and is network
      virtualization enabled there? 3/3: a Linux host with GRE, but without a tunnel of this key.
      3/9 and 3/13: a router or firewall filters GRE (IP protocol 47). 3/0, 3/1 and 11/0: routing of
      the provider network.

    Sources
      RFC 792; RFC 1812 section 5.2.7.1; RFC 4443 section 3.
    """
    wanted = [r for r in situation.diagnosis.refusals if _is_other(r.sign)]
    for (source, destination), refusals in by_flow(wanted):
        names = [
            f"{r.count} x {icmp_code(*kind_of(r.sign))} from {address_text(r.sign.reporter)}"
            + (f" ({what_it_means(*kind_of(r.sign))})" if kind_of(r.sign) in ICMP_NAMES else "")
            for r in refusals
        ]
        yield finding(
            "NVG304",
            Severity.WARNING,
            f"What {address_text(source)} sends to {address_text(destination)} comes back with an"
            f" ICMP error: {listed(names)}; {keys_text(refusals)}.",
            about_flow(source, destination),
            frames_of(refusals),
            display_filter=filter_of(refusals),
            next_step=(
                f"Look at the path for IP protocol 47. {check_policy(address_text(destination))}"
            ),
        )


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
    wanted = [r for r in situation.diagnosis.refusals if kind_of(r.sign) in TOO_BIG]
    for (source, destination), refusals in by_flow(wanted):
        mtus = sorted({r.sign.next_hop_mtu for r in refusals if r.sign.next_hop_mtu})
        limit = f" The path allows {listed(str(mtu) for mtu in mtus)} bytes." if mtus else ""
        yield finding(
            "NVG305",
            Severity.WARNING,
            f"NVGRE from {address_text(source)} to {address_text(destination)} does not fit the"
            f" path: {plural(sum(r.count for r in refusals), 'packet')} refused as too big by"
            f" {listed(sorted({address_text(r.sign.reporter) for r in refusals}))}.{limit}",
            about_flow(source, destination),
            frames_of(refusals),
            display_filter=filter_of(refusals),
            next_step=RAISE_MTU,
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
            display_filter=(
                "(ip.flags.mf == 1 || ip.frag_offset > 0) && ip.proto == 47"
                if len(source) == 4
                else "ipv6.fraghdr"
            ),
            next_step=RAISE_MTU,
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
    wanted = [r for r in situation.diagnosis.refusals if is_redirect(r.sign)]
    for (source, destination), refusals in by_flow(wanted):
        yield finding(
            "NVG307",
            Severity.INFO,
            f"{address_text(destination)} tells {address_text(source)} that a virtual machine"
            f" moved: {plural(sum(r.count for r in refusals), 'REDIRECT message')};"
            f" {keys_text(refusals)}.",
            about_flow(source, destination),
            frames_of(refusals),
            display_filter=filter_of(refusals),
            next_step=check_policy(address_text(source)),
        )


def shows_other_errors(situation: Situation) -> Show:
    """The errors themselves."""

    def show(frame: Frame) -> Iterator[Claim]:
        error = frame.error
        if error is not None and _is_other(error):
            kind = kind_of(error)
            meaning = f": {what_it_means(*kind)}" if kind in ICMP_NAMES else ""
            source, destination = map(name_of, refused_flow(error))
            text = (
                f"{icmp_code(*kind)} from {name_of(error.reporter)} about NVGRE from {source} to"
                f" {destination} ({quoted_key_text(error)}){meaning}"
            )
            yield Claim((source, destination), text)

    return show


def shows_too_big(situation: Situation) -> Show:
    """The errors, and the fragments of flows whose first fragments show that they are NVGRE."""
    fragmented = {s[1:3] for s, _, _ in situation.sightings(Oddity.FIRST_FRAGMENT)}

    def show(frame: Frame) -> Iterator[Claim]:
        facts, error = frame.facts, frame.error
        if isinstance(facts, Nvgre) and facts.is_fragment:
            yield _fragment(facts.source, facts.destination)
        elif isinstance(facts, Other) and facts.oddity is Oddity.LATER_FRAGMENT:
            flow = facts.source or b"", facts.destination or b""
            if flow in fragmented:
                yield _fragment(*flow)
        if error is not None and kind_of(error) in TOO_BIG:
            source, destination = map(name_of, refused_flow(error))
            icmp = icmp_code(*kind_of(error))
            mtu = f", the path allows {error.next_hop_mtu} bytes" if error.next_hop_mtu else ""
            by = name_of(error.reporter)
            text = f"NVGRE from {source} to {destination} is too big ({icmp} from {by}{mtu})"
            yield Claim((source, destination), text)

    return show


def _fragment(source: bytes, destination: bytes) -> Claim:
    flow = name_of(source), name_of(destination)
    return Claim(flow, f"a fragment: NVGRE from {flow[0]} to {flow[1]} does not fit the path")


def shows_redirects(situation: Situation) -> Show:
    """The messages themselves."""

    def show(frame: Frame) -> Iterator[Claim]:
        error = frame.error
        if error is not None and is_redirect(error):
            source, destination = map(name_of, refused_flow(error))
            icmp = icmp_code(*kind_of(error))
            text = (
                f"{name_of(error.reporter)} tells {source} that a virtual machine moved"
                f" ({icmp}, {quoted_key_text(error)})"
            )
            yield Claim((source, destination), text)

    return show


RULES = (
    Rule(
        "NVG304",
        Severity.WARNING,
        "flow refused with another ICMP error",
        find_other_errors,
        shows_other_errors,
    ),
    Rule("NVG305", Severity.WARNING, "NVGRE does not fit the path", find_too_big, shows_too_big),
    Rule("NVG307", Severity.INFO, "the virtual machine moved", find_redirects, shows_redirects),
)
