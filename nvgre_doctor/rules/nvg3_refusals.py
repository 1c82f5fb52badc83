"""NVG302 to NVG305 and NVG307: what ICMP says about NVGRE flows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from nvgre_doctor.filters import display
from nvgre_doctor.infer.diagnosis import At, RefusalFacts
from nvgre_doctor.infer.refusals import is_prohibited, is_redirect
from nvgre_doctor.rules.advice import INSTALL_UPDATE, RAISE_MTU, check_policy, check_update
from nvgre_doctor.rules.base import Rule, Situation, about_flow, finding
from nvgre_doctor.rules.findings import Finding
from nvgre_doctor.vocabulary import Cause, Layout, Oddity, Severity
from nvgre_doctor.wording import (
    ICMP_NAMES,
    LAYOUT_NAMES,
    address_text,
    both_readings,
    icmp_code,
    icmp_codes,
    listed,
    plural,
)

Flow = tuple[bytes, bytes]

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


def _kind(refusal: RefusalFacts) -> tuple[int, int, int]:
    return refusal.sign.version, refusal.sign.type, refusal.sign.code


def _messages(refusals: list[RefusalFacts]) -> str:
    """`2 ICMP 3/10 messages`."""
    return plural(sum(refusal.count for refusal in refusals), f"{icmp_codes(refusals)} message")


def _is_other_error(refusal: RefusalFacts) -> bool:
    return not (
        is_prohibited(refusal.sign) or is_redirect(refusal.sign) or _kind(refusal) in TOO_BIG
    )


def _by_flow(refusals: Iterable[RefusalFacts]) -> Iterator[tuple[Flow, list[RefusalFacts]]]:
    flows: defaultdict[Flow, list[RefusalFacts]] = defaultdict(list)
    for refusal in refusals:
        flows[refusal.source, refusal.destination].append(refusal)
    yield from flows.items()


def _frames(refusals: Iterable[RefusalFacts]) -> list[At]:
    return [at for refusal in refusals for at in refusal.frames]


def _filter(refusals: Iterable[RefusalFacts]) -> str:
    kinds = sorted({(*_kind(refusal), refusal.sign.reporter) for refusal in refusals})
    texts = [display.icmp_error(*kind) for kind in kinds]
    return texts[0] if len(texts) == 1 else " || ".join(f"({text})" for text in texts)


def _keys(refusals: Iterable[RefusalFacts]) -> str:
    gre_keys = sorted({refusal.gre_key for refusal in refusals if refusal.gre_key is not None})
    if not gre_keys:
        return "the key is not in the quote"
    return "key " + listed((both_readings(gre_key) for gre_key in gre_keys), 2)


def find_refused_by_layout(situation: Situation) -> Iterator[Finding]:
    """What it means
      The receiver refuses a flow with ICMP type 3 code 10 (ICMPv6 type 1 code 1), and the two hosts
      use different layouts: it reads another VSID than the sender wrote, and has no policy for it.

    How it is detected
      An ICMP 3/10 inside NVGRE (the UNREACHABLE of Hyper-V) or beside it quotes an NVGRE frame, and
      the layouts of both hosts are proven and differ at that time.

    What it is not
      Not a firewall: Wireshark names the code "host administratively prohibited", and nobody
      prohibited anything.

    What to do
      Bring both hosts to the same layout: install KB2779768 on the host with the old one.

    Sources
      MS-NVGREE section 2.2.2; RFC 7637 section 3.2; RFC 1122 section 3.2.2.1.
    """
    wanted = [
        r
        for r in situation.diagnosis.refusals
        if is_prohibited(r.sign) and r.cause is Cause.LAYOUT_MISMATCH
    ]
    for (source, destination), refusals in _by_flow(wanted):
        hosts = [situation.host(source), situation.host(destination)]
        spoken = [
            host.layout_between(refusals[0].frames[0], refusals[0].frames[-1]) for host in hosts
        ]
        old = address_text(hosts[0 if spoken[0] is Layout.OLD else 1].address)
        yield finding(
            "NVG302",
            Severity.ERROR,
            f"{address_text(destination)} does not accept what {address_text(source)} sends:"
            f" {_messages(refusals)}, because the sender uses {LAYOUT_NAMES[spoken[0]]} and the"
            f" receiver {LAYOUT_NAMES[spoken[1]]}; {_keys(refusals)}.",
            about_flow(source, destination),
            _frames(refusals),
            display_filter=_filter(refusals),
            next_step=f"{INSTALL_UPDATE.format(host=old)} {check_update(old)}",
        )


def find_refused_otherwise(situation: Situation) -> Iterator[Finding]:
    """What it means
      The receiver refuses a flow with ICMP type 3 code 10 (ICMPv6 type 1 code 1), and the layouts
      do not explain it: they agree, or they are not known.

    How it is detected
      An ICMP 3/10 inside NVGRE or beside it quotes an NVGRE frame.

    What it is not
      No evidence of a layout by itself. A 3/10 that quotes TCP or UDP of the underlay, or that a
      guest's own firewall sends inside its tunnel, is counted apart and not reported here.

    What to do
      Layouts agree: the policy for this VSID or virtual machine is missing on the receiver, or the
      machine moved. Compare Get-NetVirtualizationLookupRecord on both hosts. A 3/10 outside NVGRE
      from a Linux host is its firewall (REJECT with icmp-host-prohibited). Layouts not known: see
      NVG204 for what would settle them.

    Sources
      MS-NVGREE section 2.2.2; RFC 1122 section 3.2.2.1; RFC 4443 section 3.1.
    """
    wanted = [
        r
        for r in situation.diagnosis.refusals
        if is_prohibited(r.sign) and r.cause is not Cause.LAYOUT_MISMATCH
    ]
    for (source, destination), refusals in _by_flow(wanted):
        agree = all(refusal.cause is Cause.POLICY for refusal in refusals)
        why = (
            "The layouts agree: the policy is missing, the virtual machine moved, or a firewall"
            " refuses"
            if agree
            else "Whether the layouts differ is not known"
        )
        is_hnv = situation.has_hnv_signs(source, destination)
        doubt = (
            "" if is_hnv else " Nothing else here looks like Hyper-V: it may be a plain GRE tunnel."
        )
        reporters = sorted({address_text(refusal.sign.reporter) for refusal in refusals})
        yield finding(
            "NVG303",
            Severity.ERROR if is_hnv else Severity.WARNING,
            f"{listed(reporters)} {'refuses' if len(reporters) == 1 else 'refuse'} what"
            f" {address_text(source)} sends to {address_text(destination)}: {_messages(refusals)};"
            f" {_keys(refusals)}. {why}.{doubt}",
            about_flow(source, destination),
            _frames(refusals),
            display_filter=_filter(refusals),
            next_step=check_policy(address_text(destination)),
        )


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
    wanted = [r for r in situation.diagnosis.refusals if _is_other_error(r)]
    for (source, destination), refusals in _by_flow(wanted):
        names = [
            f"{r.count} x {icmp_code(*_kind(r))} from {address_text(r.sign.reporter)}"
            + (f" ({what_it_means(*_kind(r))})" if _kind(r) in ICMP_NAMES else "")
            for r in refusals
        ]
        yield finding(
            "NVG304",
            Severity.WARNING,
            f"What {address_text(source)} sends to {address_text(destination)} comes back with an"
            f" ICMP error: {listed(names)}; {_keys(refusals)}.",
            about_flow(source, destination),
            _frames(refusals),
            display_filter=_filter(refusals),
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
    wanted = [r for r in situation.diagnosis.refusals if _kind(r) in TOO_BIG]
    for (source, destination), refusals in _by_flow(wanted):
        mtus = sorted({r.sign.next_hop_mtu for r in refusals if r.sign.next_hop_mtu})
        limit = f" The path allows {listed(str(mtu) for mtu in mtus)} bytes." if mtus else ""
        yield finding(
            "NVG305",
            Severity.WARNING,
            f"NVGRE from {address_text(source)} to {address_text(destination)} does not fit the"
            f" path: {plural(sum(r.count for r in refusals), 'packet')} refused as too big by"
            f" {listed(sorted({address_text(r.sign.reporter) for r in refusals}))}.{limit}",
            about_flow(source, destination),
            _frames(refusals),
            display_filter=_filter(refusals),
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
    for (source, destination), refusals in _by_flow(wanted):
        yield finding(
            "NVG307",
            Severity.INFO,
            f"{address_text(destination)} tells {address_text(source)} that a virtual machine"
            f" moved: {plural(sum(r.count for r in refusals), 'REDIRECT message')};"
            f" {_keys(refusals)}.",
            about_flow(source, destination),
            _frames(refusals),
            display_filter=_filter(refusals),
            next_step=check_policy(address_text(source)),
        )


RULES = (
    Rule("NVG302", Severity.ERROR, "flow refused, and the layouts differ", find_refused_by_layout),
    Rule(
        "NVG303",
        Severity.ERROR,
        "flow refused, and the layouts do not explain it",
        find_refused_otherwise,
    ),
    Rule("NVG304", Severity.WARNING, "flow refused with another ICMP error", find_other_errors),
    Rule("NVG305", Severity.WARNING, "NVGRE does not fit the path", find_too_big),
    Rule("NVG307", Severity.INFO, "the virtual machine moved", find_redirects),
)
