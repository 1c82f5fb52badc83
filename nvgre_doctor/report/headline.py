"""The verdict in one sentence."""

from collections.abc import Iterable

from nvgre_doctor.infer.diagnosis import Diagnosis
from nvgre_doctor.report.verdict import (
    cut_refusals,
    mismatches,
    old_hosts,
    thin_mismatches,
    thin_old_hosts,
    unknown_senders,
)
from nvgre_doctor.rules.base import Situation, about_flow
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.nvg302_303_refusals import BY_LAYOUT, OTHERWISE, is_otherwise
from nvgre_doctor.rules.nvg304_errors import OTHER_ERRORS, is_other
from nvgre_doctor.rules.refused_flows import reporters_of
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, Sender, Severity, Verdict
from nvgre_doctor.wording import (
    LAYOUT_NAMES,
    PLAIN_GRE,
    address_text,
    icmp_codes,
    listed,
    plural,
)


def headline_of(verdict: Verdict, situation: Situation, findings: Iterable[Finding]) -> str:
    """One sentence; all findings count, whatever was selected."""
    told = list(findings)
    if verdict is Verdict.MISMATCH:
        return _mismatch(situation, told)
    if verdict is Verdict.REFUSED:
        finding = next(finding for finding in told if finding.code == OTHERWISE.code)
        return f"{_refused(situation, finding)}, {_of_layouts(situation, finding)}."
    if verdict is Verdict.OLD_LAYOUT:
        return _old_layout(situation)
    if verdict is Verdict.UNDECIDED:
        return _undecided(situation, told)
    if verdict is Verdict.WARNINGS:
        return _warnings(situation, told)
    if verdict is Verdict.HEALTHY:
        return _healthy(situation)
    if verdict is Verdict.NO_NVGRE:
        return _no_nvgre(situation, told)
    if len(situation.captures) == 1:
        return "The capture could not be read, or nothing in it decoded."
    return "None of the captures could be read and decoded."


def suspicion_of(diagnosis: Diagnosis) -> str:
    """What to add where the captures may be of different labs: then nothing that they say together
    is worth much.
    """
    if not diagnosis.of_several_labs:
        return ""
    names = listed(map(address_text, diagnosis.of_several_labs))
    return (
        f" The captures contradict each other about {names}: they may be of different labs;"
        " --each diagnoses each capture by itself."
    )


def _mismatch(situation: Situation, findings: list[Finding]) -> str:
    pairs = mismatches(situation)
    ends = {address for pair in pairs for address in pair.hosts}
    hosts = [host for host in situation.diagnosis.hosts.values() if host.address in ends]
    old = [address_text(host.address) for host in hosts if host.layout is Layout.OLD]
    current = [address_text(host.address) for host in hosts if host.layout is Layout.CURRENT]
    if not old or not current:
        return _refused_by_layout(situation, findings)
    if any(pair.confidence is Confidence.PROVEN for pair in pairs):
        return (
            f"{listed(old)} still {_verb(old, 'use')} the old NVGRE layout; {listed(current)}"
            f" {'does' if len(current) == 1 else 'do'} not. They cannot talk."
        )
    return (
        f"{listed(old)} probably still {_verb(old, 'use')} the old NVGRE layout; {listed(current)}"
        f" probably {'does' if len(current) == 1 else 'do'} not. Then they cannot talk."
    )


def _refused_by_layout(situation: Situation, findings: list[Finding]) -> str:
    """Where the hosts agree by now, or no data of them was captured."""
    names = icmp_codes(r for r in situation.diagnosis.refusals if r.cause is Cause.LAYOUT_MISMATCH)
    first = next(finding for finding in findings if finding.code == BY_LAYOUT.code)
    if first.confidence is Confidence.PROVEN:
        return f"Flows were refused with {names} while the layouts of two hosts differed."
    if situation.diagnosis.hosts:
        return (
            f"Flows were refused with {names}, probably because the layouts of two hosts differed."
        )
    one, two = sorted(first.subject.hosts)
    return (
        f"{one} and {two} refuse each other with {names}, each the other's key: probably one of"
        " them still uses the old NVGRE layout. Then they cannot talk."
    )


def _refused(situation: Situation, finding: Finding) -> str:
    """`A is refused by B with ICMP 3/10`, without a period."""
    source, destination = finding.subject.hosts
    rows = [
        refusal
        for refusal in situation.diagnosis.refusals
        if about_flow(refusal.source, refusal.destination) == finding.subject
        and (is_otherwise(refusal) if finding.code == OTHERWISE.code else is_other(refusal.sign))
    ]
    ends = [row for row in rows if row.cause is not Cause.THIRD_PARTY]
    if finding.code == OTHER_ERRORS.code:
        ends = [row for row in rows if row.sign.reporter == row.destination]
    by, names = listed(reporters_of(ends or rows)), icmp_codes(ends or rows)
    if ends:
        return f"{source} is refused by {by} with {names}"
    return f"{source} is refused by {by} on the way to {destination}, with {names}"


def _of_layouts(situation: Situation, finding: Finding) -> str:
    """What is known of both ends of a flow that is refused, and not because of them."""
    proven = [
        host.layout
        for host in situation.diagnosis.hosts.values()
        if host.confidence is Confidence.PROVEN
        and address_text(host.address) in finding.subject.hosts
    ]
    if proven in ([Layout.OLD] * 2, [Layout.CURRENT] * 2):
        return f"though both speak {LAYOUT_NAMES[proven[0]]}"
    return "and the layouts are not known to differ"


def _first(findings: list[Finding], *codes: str) -> Finding | None:
    return next((finding for finding in findings if finding.code in codes), None)


def _old_layout(situation: Situation) -> str:
    hosts = old_hosts(situation)
    names = [address_text(host.address) for host in hosts]
    is_proven = any(host.confidence is Confidence.PROVEN for host in hosts)
    return (
        f"{listed(names)} {'' if is_proven else 'probably '}{_verb(names, 'use')} the old NVGRE"
        f" layout. Hosts with KB2779768 cannot talk to {'it' if len(names) == 1 else 'them'}."
    )


def _undecided(situation: Situation, findings: list[Finding]) -> str:
    error = _first(findings, OTHER_ERRORS.code)
    refused = f"{_refused(situation, error)}. " if error else ""
    unknown = [address_text(host.address) for host in unknown_senders(situation)]
    if unknown:
        return (
            f"{refused}The layout of {listed(unknown)} cannot be told, so nobody knows whether all"
            " can talk."
        )
    thin = thin_mismatches(situation)
    if thin:
        one, two = map(address_text, thin[0].hosts)
        return f"{refused}Whether {one} and {two} use different layouts rests on a single frame."
    old = [address_text(host.address) for host in thin_old_hosts(situation)]
    if not old:
        by, source = map(address_text, cut_refusals(situation)[0])
        return (
            f"{refused}{by} sends ICMP errors to {source} that may refuse NVGRE, but they were"
            " captured too short to tell. Capture whole frames."
        )
    return (
        f"{refused}{listed(old)} may use the old NVGRE layout, but too little was captured to say"
        " so."
    )


def _warnings(situation: Situation, findings: list[Finding]) -> str:
    error = _first(findings, OTHER_ERRORS.code)
    if error:
        return f"No mismatch was found, but {_refused(situation, error)}."
    hosts = situation.diagnosis.hosts.values()
    old = [address_text(host.address) for host in hosts if host.layout is Layout.OLD]
    if old:
        return (
            f"{listed(old)} {_verb(old, 'use')} the old NVGRE layout, if this is NVGRE: nothing"
            " here says that for certain."
        )
    severities = [finding.severity for finding in findings]
    errors, warnings = severities.count(Severity.ERROR), severities.count(Severity.WARNING)
    counts = [
        plural(count, noun) for count, noun in ((errors, "error"), (warnings, "warning")) if count
    ]
    verb = "is" if (errors or warnings) == 1 else "are"
    return f"No mismatch was found, but there {verb} {' and '.join(counts)}."


def _healthy(situation: Situation) -> str:
    hosts = [host for host in situation.senders if host.sender is not Sender.OTHER]
    spoken = sorted({LAYOUT_NAMES[host.layout] for host in hosts})
    is_proven = all(host.confidence is Confidence.PROVEN and not host.is_stale for host in hosts)
    names = [address_text(host.address) for host in hosts]
    of_some = len(situation.diagnosis.hosts) > len(hosts)
    which = f" that {_verb(names, 'send')} NVGRE" if of_some else ""
    whole = "The only host" if len(hosts) == 1 else f"All {len(hosts)} hosts"
    return (
        f"{whole}{which} {'' if is_proven else 'probably '}{_verb(names, 'speak')}"
        f" {listed(spoken)}; nothing is refused."
    )


def _no_nvgre(situation: Situation, findings: list[Finding]) -> str:
    senders = [address_text(host.address) for host in situation.senders]
    if senders:
        refusal = _first(findings, OTHERWISE.code, OTHER_ERRORS.code)
        refused = f" {_refused(situation, refusal)}." if refusal else ""
        return (
            f"No Hyper-V host sends here: {listed(senders)} {_verb(senders, 'send')} {PLAIN_GRE},"
            f" or NVGRE of another maker.{refused}"
        )
    if situation.nvgre_frames_left_out:
        return (
            "All that looks like NVGRE here is of hosts that you named as not NVGRE, so nothing can"
            " be said about layouts."
        )
    where = "this capture" if len(situation.captures) == 1 else "these captures"
    return f"There is no NVGRE data in {where}, so nothing can be said about layouts."


def _verb(names: list[str], verb: str) -> str:
    return verb + "s" if len(names) == 1 else verb
