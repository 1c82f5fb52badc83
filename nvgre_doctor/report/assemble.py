"""A Diagnosis and its findings become a Report: names instead of bytes, the verdict, the headline
and the counts.
"""

from collections import defaultdict
from collections.abc import Iterable
from heapq import nsmallest
from typing import Final

from nvgre_doctor import __version__
from nvgre_doctor.infer.diagnosis import (
    Diagnosis,
    HostVerdict,
    PairFacts,
    RefusalFacts,
    Stream,
    Witness,
    by_source,
)
from nvgre_doctor.infer.refusals import count_other_prohibited, is_prohibited
from nvgre_doctor.report.model import (
    EvidenceItem,
    Host,
    LayoutChange,
    Pair,
    Refusal,
    Report,
    Segment,
    Summary,
)
from nvgre_doctor.rules.base import Situation, about_flow
from nvgre_doctor.rules.findings import Finding, frame_ref, frame_refs
from nvgre_doctor.rules.nvg2_expected import AS_EXPECTED, OF_AN_OLD_HOST, tell_as_expected
from nvgre_doctor.rules.registry import worst_first
from nvgre_doctor.vocabulary import Cause, Confidence, Kind, Layout, PairVerdict, Severity, Verdict
from nvgre_doctor.wording import (
    LAYOUT_NAMES,
    address_text,
    icmp_codes,
    listed,
    network_id,
    plural,
    statement,
)

FRAMES_SHOWN: Final = 4
"""Example frames of one reason."""


def assemble(
    situation: Situation, findings: tuple[Finding, ...], selected: frozenset[str]
) -> Report:
    """The report.  The verdict looks at all findings, as if nothing was expected: a sick network
    must not look healthy.
    """
    diagnosis = situation.diagnosis
    verdict = _verdict(situation, findings)
    told = tell_as_expected(findings, situation)
    shown = worst_first(finding for finding in told if finding.code in selected)
    streams = by_source(diagnosis.streams)
    hosts = tuple(_host(host, streams.get(host.address, [])) for host in diagnosis.hosts.values())
    return Report(
        __version__,
        verdict,
        _headline(verdict, situation, findings) + _expectation(verdict, told),
        situation.captures,
        hosts,
        tuple(_pair(pair) for pair in diagnosis.pairs),
        tuple(_refusal(refusal) for refusal in diagnosis.refusals),
        shown,
        Summary(
            errors=sum(finding.severity is Severity.ERROR for finding in shown),
            warnings=sum(finding.severity is Severity.WARNING for finding in shown),
            infos=sum(finding.severity is Severity.INFO for finding in shown),
            frames=sum(capture.frames for capture in situation.captures),
            nvgre_frames=sum(capture.nvgre_frames for capture in situation.captures),
            hosts=len(hosts),
            other_icmp_3_10=count_other_prohibited(situation.evidence),
            nvgre_frames_left_out=situation.nvgre_frames_left_out,
        ),
    )


def _verdict(situation: Situation, findings: Iterable[Finding]) -> Verdict:
    if not any(capture.could_be_judged for capture in situation.captures):
        return Verdict.UNREADABLE
    codes = {finding.code for finding in findings if finding.severity is Severity.ERROR}
    if codes & {"NVG301", "NVG302"}:
        return Verdict.MISMATCH
    if "NVG303" in codes:
        return Verdict.REFUSED
    if "NVG201" in codes:
        return Verdict.OLD_LAYOUT
    if not situation.diagnosis.hosts and not situation.diagnosis.refusals:
        return Verdict.NO_NVGRE
    has_warnings = any(finding.severity is not Severity.INFO for finding in findings)
    return Verdict.WARNINGS if has_warnings else Verdict.HEALTHY


def _headline(verdict: Verdict, situation: Situation, findings: Iterable[Finding]) -> str:
    diagnosis = situation.diagnosis
    if verdict is Verdict.MISMATCH:
        return _mismatch_headline(diagnosis)
    if verdict is Verdict.REFUSED:
        finding = next(finding for finding in findings if finding.code == "NVG303")
        source, destination = finding.subject.hosts
        names = icmp_codes(
            r
            for r in diagnosis.refusals
            if is_prohibited(r.sign) and about_flow(r.source, r.destination) == finding.subject
        )
        return (
            f"{source} is refused by {destination} with {names}, and the layouts are not known to"
            " differ."
        )
    if verdict is Verdict.OLD_LAYOUT:
        old = [address_text(h.address) for h in diagnosis.hosts.values() if h.layout is Layout.OLD]
        verb = "uses" if len(old) == 1 else "use"
        return (
            f"{listed(old)} {verb} the old NVGRE layout. Hosts with KB2779768 cannot talk to"
            f" {_them(old)}."
        )
    if verdict is Verdict.WARNINGS:
        severities = [finding.severity for finding in findings]
        errors, warnings = severities.count(Severity.ERROR), severities.count(Severity.WARNING)
        counts = [
            plural(count, noun)
            for count, noun in ((errors, "error"), (warnings, "warning"))
            if count
        ]
        verb = "is" if (errors or warnings) == 1 else "are"
        return f"No mismatch was found, but there {verb} {' and '.join(counts)}."
    if verdict is Verdict.HEALTHY:
        return _healthy_headline(diagnosis)
    if verdict is Verdict.NO_NVGRE and situation.nvgre_frames_left_out:
        return (
            "All that looks like NVGRE here is of hosts that you named as not NVGRE, so nothing can"
            " be said about layouts."
        )
    if verdict is Verdict.NO_NVGRE:
        return "There is no NVGRE data in these captures, so nothing can be said about layouts."
    return "None of the captures could be read and decoded."


def _expectation(verdict: Verdict, told: Iterable[Finding]) -> str:
    """What to add to the headline where the old hosts behind the verdict are meant to be old, all
    of them.
    """
    if verdict not in (Verdict.MISMATCH, Verdict.OLD_LAYOUT):
        return ""
    is_surprise = any(
        finding.severity is Severity.ERROR for finding in told if finding.code in OF_AN_OLD_HOST
    )
    return "" if is_surprise else AS_EXPECTED


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _mismatch_headline(diagnosis: Diagnosis) -> str:
    ends = {
        address
        for pair in diagnosis.pairs
        if pair.verdict is PairVerdict.MISMATCH
        for address in pair.hosts
    }
    hosts = [host for host in diagnosis.hosts.values() if host.address in ends]
    old = [address_text(host.address) for host in hosts if host.layout is Layout.OLD]
    current = [address_text(host.address) for host in hosts if host.layout is Layout.CURRENT]
    if not old or not current:
        names = icmp_codes(r for r in diagnosis.refusals if r.cause is Cause.LAYOUT_MISMATCH)
        return f"Flows were refused with {names} while the layouts of two hosts differed."
    return (
        f"{listed(old)} still {'uses' if len(old) == 1 else 'use'} the old NVGRE layout;"
        f" {listed(current)} {'does' if len(current) == 1 else 'do'} not. They cannot talk."
    )


def _healthy_headline(diagnosis: Diagnosis) -> str:
    hosts = list(diagnosis.hosts.values())
    known = [host for host in hosts if host.confidence is Confidence.PROVEN]
    layouts_spoken = sorted({LAYOUT_NAMES[host.layout] for host in known})
    if len(known) == len(hosts):
        return (
            f"All {plural(len(hosts), 'host')} speak {listed(layouts_spoken)}; nothing is refused."
        )
    return (
        f"Nothing is refused and no mismatch was found, but the layout of {len(hosts) - len(known)}"
        f" of {plural(len(hosts), 'host')} is not proven."
    )


def evidence_items(host: HostVerdict) -> tuple[EvidenceItem, ...]:
    """Why a host's layout is believed: one item for each kind of evidence and layout, strongest
    kind first.
    """
    groups: defaultdict[tuple[int, Layout], list[Witness]] = defaultdict(list)
    order = list(Kind)
    for witness in host.witnesses:
        groups[order.index(witness.kind), witness.layout].append(witness)
    items = []
    for (_, layout), witnesses in sorted(groups.items()):
        first = nsmallest(
            FRAMES_SHOWN, witnesses, key=lambda w: (w.stream.first, w.stream, w.partner or ())
        )
        best = first[0]
        ats = [s.first for w in first for s in (w.stream, w.partner) if s is not None]
        items.append(
            EvidenceItem(best.kind, layout, statement(best), frame_refs(ats, FRAMES_SHOWN))
        )
    return tuple(items)


def _host(host: HostVerdict, sent: list[Stream]) -> Host:
    changes: tuple[LayoutChange, ...] = ()
    if host.change is not None:
        changes = (LayoutChange(host.change.before, host.change.after, frame_ref(host.change.at)),)
    return Host(
        address_text(host.address),
        host.layout,
        host.confidence,
        evidence_items(host),
        changes,
        host.frames_sent,
        host.frames_received,
        _segments(host, sent),
    )


def _segments(host: HostVerdict, sent: Iterable[Stream]) -> tuple[Segment, ...]:
    """The virtual subnets of what a host sent.  While its layout is not known, keys with equal bits
    31..8 stand together.
    """
    groups: defaultdict[tuple[bool, int], list[Stream]] = defaultdict(list)
    for stream in sent:
        if not stream.frames:
            continue
        layout = host.layout if host.confidence is Confidence.LIKELY else host.layout_of(stream)
        is_known = layout in (Layout.OLD, Layout.CURRENT)
        groups[is_known, network_id(stream, layout) if is_known else stream.upper_bits].append(
            stream
        )
    return tuple(
        Segment(
            number if is_known else None,
            _gre_keys(streams),
            sum(stream.frames for stream in streams),
        )
        for (is_known, number), streams in sorted(groups.items())
    )


def _gre_keys(streams: Iterable[Stream]) -> tuple[int, ...]:
    """All of them, ascending."""
    low_octets: defaultdict[int, set[int]] = defaultdict(set)
    for stream in streams:
        low_octets[stream.upper_bits].update(stream.low_octets)
    return tuple(
        [
            upper_bits << 8 | low
            for upper_bits in sorted(low_octets)
            for low in sorted(low_octets[upper_bits])
        ]
    )


def _pair(pair: PairFacts) -> Pair:
    one, two = (address_text(address) for address in pair.hosts)
    if one <= two:
        return Pair((one, two), pair.verdict, pair.frames_forward, pair.frames_backward)
    return Pair((two, one), pair.verdict, pair.frames_backward, pair.frames_forward)


def _refusal(refusal: RefusalFacts) -> Refusal:
    sign = refusal.sign
    return Refusal(
        address_text(refusal.source),
        address_text(refusal.destination),
        address_text(sign.reporter),
        refusal.gre_key,
        "inner" if sign.is_inner else "outer",
        sign.version,
        sign.type,
        sign.code,
        refusal.count,
        frame_ref(refusal.frames[0]),
        refusal.cause,
    )
