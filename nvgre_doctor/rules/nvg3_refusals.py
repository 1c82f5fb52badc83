"""NVG302 and NVG303: flows that are refused with ICMP 3/10, because of layouts or otherwise."""

from collections.abc import Iterator

from nvgre_doctor.infer.refusals import is_prohibited, kind_of
from nvgre_doctor.rules.advice import INSTALL_UPDATE, check_policy, check_update
from nvgre_doctor.rules.base import Rule, Situation, about_flow, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of, quoted_key_text, refused_flow
from nvgre_doctor.rules.refused_flows import (
    by_flow,
    filter_of,
    frames_of,
    keys_text,
    messages_text,
)
from nvgre_doctor.vocabulary import Cause, Layout, Severity, Verdict
from nvgre_doctor.wire.facts import IcmpError
from nvgre_doctor.wording import LAYOUT_NAMES, address_text, icmp_code, listed


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
    for (source, destination), refusals in by_flow(wanted):
        hosts = [situation.host(source), situation.host(destination)]
        spoken = [
            host.layout_between(refusals[0].frames[0], refusals[0].frames[-1]) for host in hosts
        ]
        old = address_text(hosts[0 if spoken[0] is Layout.OLD else 1].address)
        yield finding(
            "NVG302",
            Severity.ERROR,
            f"{address_text(destination)} does not accept what {address_text(source)} sends:"
            f" {messages_text(refusals)}, because the sender uses {LAYOUT_NAMES[spoken[0]]} and the"
            f" receiver {LAYOUT_NAMES[spoken[1]]}; {keys_text(refusals)}.",
            about_flow(source, destination),
            frames_of(refusals),
            display_filter=filter_of(refusals),
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
    for (source, destination), refusals in by_flow(wanted):
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
            f" {address_text(source)} sends to {address_text(destination)}:"
            f" {messages_text(refusals)}; {keys_text(refusals)}. {why}.{doubt}",
            about_flow(source, destination),
            frames_of(refusals),
            display_filter=filter_of(refusals),
            next_step=check_policy(address_text(destination)),
        )


def shows_refused_by_layout(situation: Situation) -> Show:
    """The errors of that cause."""
    return _errors(situation, "their layouts differ", by_layout=True)


def shows_refused_otherwise(situation: Situation) -> Show:
    """The errors of any other cause."""
    return _errors(situation, "the layouts do not explain it", by_layout=False)


def _errors(situation: Situation, why: str, *, by_layout: bool) -> Show:
    """The ICMP errors themselves: frames that were refused look like those that were not."""

    def show(frame: Frame) -> Iterator[Claim]:
        error = frame.error
        if error is None or not is_prohibited(error):
            return
        source, destination = refused_flow(error)
        cause = situation.diagnosis.cause_of(source, destination, error, frame.at)
        if (cause is Cause.LAYOUT_MISMATCH) is by_layout:
            flow = name_of(source), name_of(destination)
            yield Claim(flow, f"{_refused(error, flow)}: {why}")

    return show


def _refused(error: IcmpError, flow: tuple[str, str]) -> str:
    by = name_of(error.reporter)
    to = "" if by == flow[1] else f" to {flow[1]}"
    icmp = icmp_code(*kind_of(error))
    return f"{by} refuses what {flow[0]} sends{to} ({icmp}, {quoted_key_text(error)})"


RULES = (
    Rule(
        "NVG302",
        Severity.ERROR,
        "flow refused, and the layouts differ",
        find_refused_by_layout,
        shows_refused_by_layout,
        verdict=Verdict.MISMATCH,
        is_of_old_host=True,
    ),
    Rule(
        "NVG303",
        Severity.ERROR,
        "flow refused, and the layouts do not explain it",
        find_refused_otherwise,
        shows_refused_otherwise,
        verdict=Verdict.REFUSED,
    ),
)
