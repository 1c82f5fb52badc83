"""The verdict in one word and in one sentence, and what is no surprise.

An expectation changes what you are told, never what is found out: it is no evidence, and the
verdict stays what it is.
"""

from collections.abc import Iterable
from typing import Final

from nvgre_doctor.infer.diagnosis import Diagnosis
from nvgre_doctor.infer.refusals import is_prohibited
from nvgre_doctor.rules.base import Situation, about_flow
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, PairVerdict, Severity, Verdict
from nvgre_doctor.wording import LAYOUT_NAMES, address_text, icmp_codes, listed, plural

AS_EXPECTED: Final = " This is expected."

_CODES_OF_OLD_HOSTS: Final = frozenset(rule.code for rule in RULES if rule.is_of_old_host)


def verdict_of(situation: Situation, findings: Iterable[Finding]) -> Verdict:
    """The first that applies."""
    if not any(capture.could_be_judged for capture in situation.captures):
        return Verdict.UNREADABLE
    errors = {finding.code for finding in findings if finding.severity is Severity.ERROR}
    meant = {rule.verdict for rule in RULES if rule.code in errors}
    for verdict in Verdict:  # worst first
        if verdict in meant:
            return verdict
    if not situation.diagnosis.hosts and not situation.diagnosis.refusals:
        return Verdict.NO_NVGRE
    has_warnings = any(finding.severity is not Severity.INFO for finding in findings)
    return Verdict.WARNINGS if has_warnings else Verdict.HEALTHY


def headline_of(verdict: Verdict, situation: Situation, findings: Iterable[Finding]) -> str:
    """The verdict in one sentence."""
    diagnosis = situation.diagnosis
    if verdict is Verdict.MISMATCH:
        return _mismatch_headline(diagnosis)
    if verdict is Verdict.REFUSED:
        codes = {rule.code for rule in RULES if rule.verdict is Verdict.REFUSED}
        finding = next(finding for finding in findings if finding.code in codes)
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


def expectation_of(verdict: Verdict, told: Iterable[Finding]) -> str:
    """What to add to the headline where the old hosts behind the verdict are meant to be old, all
    of them.
    """
    if verdict not in (Verdict.MISMATCH, Verdict.OLD_LAYOUT):
        return ""
    is_surprise = any(
        finding.severity is Severity.ERROR
        for finding in told
        if finding.code in _CODES_OF_OLD_HOSTS
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


def tell_as_expected(findings: Iterable[Finding], situation: Situation) -> tuple[Finding, ...]:
    """The findings, in the same order; those that an old host causes which is meant to be old are
    notes, and say so.
    """
    return tuple(
        (
            finding._replace(
                severity=Severity.INFO, message=finding.message + AS_EXPECTED, next_step=""
            )
            if _is_expected(finding, situation)
            else finding
        )
        for finding in findings
    )


def _is_expected(finding: Finding, situation: Situation) -> bool:
    """Whether a host that the finding is about speaks the old layout, and is meant to."""
    if finding.code not in _CODES_OF_OLD_HOSTS:
        return False
    from ipaddress import ip_address  # only where something is expected

    addresses = [ip_address(host).packed for host in finding.subject.hosts]
    return any(
        situation.host(address).layout is Layout.OLD
        and situation.expected.get(address) is Layout.OLD
        for address in addresses
    )
