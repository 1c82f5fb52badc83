"""NVG302 and NVG303: flows that are refused with ICMP 3/10, because of layouts or otherwise."""

from collections.abc import Iterator

from nvgre_doctor.infer.diagnosis import About, RefusalFacts
from nvgre_doctor.infer.hearsay import is_prohibited, kind_of
from nvgre_doctor.infer.refused_frames import FrameCauses
from nvgre_doctor.rules.advice import let_pass, policy, since_updated, update
from nvgre_doctor.rules.base import Rule, Situation, about_flow, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of, refused_key_text
from nvgre_doctor.rules.refused_flows import (
    RefusedFlows,
    frames_of,
    keys_text,
    refused_text,
    reporters_of,
    sightings_of,
)
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, Severity, Verdict
from nvgre_doctor.wording import LAYOUT_NAMES, icmp_code, listed


def find_refused_by_layout(situation: Situation) -> Iterator[Finding]:
    """What it means
      The receiver refuses a flow with ICMP type 3 code 10 (ICMPv6 type 1 code 1), and the two hosts
      use different layouts: it reads another VSID than the sender wrote, and has no policy for it.

    How it is detected
      An ICMP 3/10 inside NVGRE (the UNREACHABLE of Hyper-V) or beside it quotes an NVGRE frame, and
      the layouts of both hosts differ at the time of the refusal (A2 restart). Packets are counted,
      however often each was captured. Where only refusals were captured, and each host refuses the
      other's key, K and K shifted left by eight bits, it is likely.

    What it is not
      Not a firewall: Wireshark names the code "host administratively prohibited", and nobody
      prohibited anything. No proof of a layout: anybody can send an ICMP error.

    What to do
      Bring both hosts to the same layout: install KB2779768 on the host with the old one
      (Get-NetVirtualizationProviderAddress on the hosts says which of them has its address). Where
      that host was updated meanwhile, nothing is left to do.

    Sources
      MS-NVGREE section 2.2.2; RFC 7637 section 3.2; RFC 1122 section 3.2.2.1.
    """
    flows = RefusedFlows(situation)
    for (source, destination), refusals in flows(is_by_layout):
        frames = frames_of(refusals)
        sender, receiver = (
            situation.host(address).spoken_between(min(frames), max(frames))
            for address in (source, destination)
        )
        if sender is None or receiver is None:
            is_certain, is_source_old = False, is_lower(situation, source, destination)
            why = "the layouts differ"
        else:
            is_certain = sender.confidence is receiver.confidence is Confidence.PROVEN
            is_source_old = sender.layout is Layout.OLD
            now = situation.host(source).layout, situation.host(destination).layout
            why = (
                "the layouts differ"
                if now == (sender.layout, receiver.layout)
                else f"the sender used {LAYOUT_NAMES[sender.layout]} then, and the receiver"
                f" {LAYOUT_NAMES[receiver.layout]}"
            )
        old = situation.host(source if is_source_old else destination)
        yield finding(
            "NVG302",
            Severity.ERROR,
            f"{refused_text(refusals)}, {'' if is_certain else 'probably '}because {why};"
            f" {keys_text(refusals)}.",
            about_flow(source, destination),
            frames,
            count=sightings_of(refusals),
            display_filter=flows.filter_of(refusals),
            advice=(
                since_updated(old)
                if old.layout is Layout.CURRENT
                else update(old, is_certain=is_certain)
            ),
            confidence=Confidence.PROVEN if is_certain else Confidence.LIKELY,
        )


def is_by_layout(refusal: RefusalFacts) -> bool:
    """Whether this refusal is one that layouts explain."""
    return is_prohibited(refusal.sign) and refusal.cause is Cause.LAYOUT_MISMATCH


def is_lower(situation: Situation, source: bytes, destination: bytes) -> bool:
    """Whether the keys of a flow are those of the opposite one, eight bits lower: the old layout of
    the same ids.
    """
    sent, answered = (
        {r.gre_key for r in situation.diagnosis.refusals if (r.source, r.destination) == flow}
        for flow in ((source, destination), (destination, source))
    )
    return bool({k for k in sent if k is not None} & {k >> 8 for k in answered if k is not None})


def find_refused_otherwise(situation: Situation) -> Iterator[Finding]:
    """What it means
      A flow is refused with ICMP type 3 code 10 (ICMPv6 type 1 code 1), and the layouts do not
      explain it: they agree, or they are not known, or who refuses it is neither end of the flow.

    How it is detected
      An ICMP 3/10 inside NVGRE or beside it quotes an NVGRE frame, or shows IP protocol 47 between
      two hosts that exchange NVGRE. Packets are counted, however often each was captured.

    What it is not
      No evidence of a layout by itself: a quote is hearsay. A 3/10 that quotes TCP or UDP of the
      underlay, or that a guest sends inside its tunnel with its own MACs, is counted apart and not
      reported here.

    What to do
      Refused by a third address: let that firewall or router pass IP protocol 47. Layouts agree:
      the policy for this VSID or virtual machine is missing on the receiver, or the machine moved.
      Compare Get-NetVirtualizationLookupRecord on both hosts. A 3/10 outside NVGRE from a Linux
      host is its firewall (REJECT with icmp-host-prohibited). Layouts not known: see NVG204 for
      what would settle them.

    Sources
      MS-NVGREE section 2.2.2; RFC 1122 section 3.2.2.1; RFC 4443 section 3.1.
    """
    flows = RefusedFlows(situation)
    for (source, destination), refusals in flows(is_otherwise):
        causes = {refusal.cause for refusal in refusals}
        is_third = causes == {Cause.THIRD_PARTY}
        if is_third:
            why = "That is neither end of the flow: a firewall or a router"
        elif causes == {Cause.POLICY}:
            why = (
                "The layouts agree: the policy is missing, the virtual machine moved, or a firewall"
                " refuses"
            )
        else:
            why = "Whether the layouts differ is not known"
        doubt = "" if situation.is_nvgre(source, destination) else " It is a plain GRE tunnel."
        yield finding(
            "NVG303",
            Severity.ERROR if situation.is_hyper_v(source, destination) else Severity.WARNING,
            f"{refused_text(refusals, ', on the way,' if is_third else '')};"
            f" {keys_text(refusals)}. {why}.{doubt}",
            about_flow(source, destination),
            frames_of(refusals),
            count=sightings_of(refusals),
            display_filter=flows.filter_of(refusals),
            advice=(
                let_pass(listed(reporters_of(refusals)))
                if is_third
                else policy(situation.host(destination), situation.host(source))
            ),
        )


def is_otherwise(refusal: RefusalFacts) -> bool:
    """Whether this refusal is one that layouts do not explain."""
    return is_prohibited(refusal.sign) and refusal.cause is not Cause.LAYOUT_MISMATCH


def shows_refused_by_layout(situation: Situation) -> Show:
    """The errors of that cause."""
    return _errors(situation, "their layouts differ", by_layout=True)


def shows_refused_otherwise(situation: Situation) -> Show:
    """The errors of any other cause."""
    return _errors(situation, "the layouts do not explain it", by_layout=False)


def _errors(situation: Situation, why: str, *, by_layout: bool) -> Show:
    """The ICMP errors themselves: frames that were refused look like those that were not."""

    cause_of = FrameCauses(situation.diagnosis.refusals)

    def show(frame: Frame) -> Iterator[Claim]:
        refused = frame.refuses
        if refused is None or not is_prohibited(refused.sign):
            return
        if (cause_of(refused, frame.at) is Cause.LAYOUT_MISMATCH) is by_layout:
            flow = name_of(refused.source), name_of(refused.destination)
            yield Claim(flow, f"{_refused(refused, flow)}: {why}")

    return show


def _refused(refused: About, flow: tuple[str, str]) -> str:
    by = name_of(refused.sign.reporter)
    to = "" if by == flow[1] else f" to {flow[1]}"
    icmp = icmp_code(*kind_of(refused.sign))
    return f"{by} refuses what {flow[0]} sends{to} ({icmp}, {refused_key_text(refused)})"


BY_LAYOUT = Rule(
    "NVG302",
    Severity.ERROR,
    "flow refused, and the layouts differ",
    find_refused_by_layout,
    shows_refused_by_layout,
    verdict=Verdict.MISMATCH,
    is_of_old_host=True,
)
OTHERWISE = Rule(
    "NVG303",
    Severity.ERROR,
    "flow refused, and the layouts do not explain it",
    find_refused_otherwise,
    shows_refused_otherwise,
    verdict=Verdict.REFUSED,
)
RULES = (BY_LAYOUT, OTHERWISE)
