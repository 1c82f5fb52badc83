"""What is no surprise: an expectation changes what you are told, never what is found out.

It is no evidence, and the verdict stays what it is.
"""

from collections.abc import Iterable
from typing import Final

from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.vocabulary import Layout, Severity, Verdict

AS_EXPECTED: Final = " This is expected."

_CODES_OF_OLD_HOSTS: Final = frozenset(rule.code for rule in RULES if rule.is_of_old_host)


def expectation_of(verdict: Verdict, told: Iterable[Finding]) -> str:
    """What to add to the headline where the old hosts behind the verdict are meant to be old, all
    of them.
    """
    if verdict not in (Verdict.MISMATCH, Verdict.OLD_LAYOUT):
        return ""
    is_surprise = any(
        finding.severity is not Severity.INFO
        for finding in told
        if finding.code in _CODES_OF_OLD_HOSTS
    )
    return "" if is_surprise else AS_EXPECTED


def tell_as_expected(findings: Iterable[Finding], situation: Situation) -> tuple[Finding, ...]:
    """The findings, in the same order; those that an old host causes which is meant to be old are
    notes, and say so.
    """
    return tuple(
        (
            finding._replace(
                severity=Severity.INFO,
                message=finding.message + AS_EXPECTED,
                next_step="",
                check=None,
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
