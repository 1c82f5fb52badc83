"""NVG205, and what is no surprise: the layouts that hosts are meant to speak.

An expectation changes what you are told, never what is found out: it is no evidence, and the
verdict stays what it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from nvgre_doctor.filters import display
from nvgre_doctor.rules.advice import INSTALL_UPDATE, check_update
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.findings import Finding
from nvgre_doctor.vocabulary import Confidence, Layout, Severity
from nvgre_doctor.wording import LAYOUT_NAMES, address_text

OF_AN_OLD_HOST: Final = frozenset({"NVG201", "NVG301", "NVG302"})
"""Findings that a host with the old layout causes: its own, and those about it and its peers."""
AS_EXPECTED: Final = " This is expected."


def find_unexpected(situation: Situation) -> Iterator[Finding]:
    """What it means
      A host does not speak the layout that your configuration expects of it.

    How it is detected
      The configuration names the host or its network under expect, and the packets say something
      else. A layout that is only likely makes this a warning. A host that changed its layout is
      judged by the later one.

    What it is not
      Not reported while the layout cannot be told (NVG204). Without expect in the configuration
      this never appears.

    What to do
      Find out who changed the host: Get-HotFix -Id KB2779768 -ComputerName HOST. If the change was
      meant, correct expect in the configuration.

    Sources
      Your configuration; RFC 7637 section 3.2; draft-sridharan-virtualization-nvgre-00.
    """
    for host in situation.diagnosis.hosts.values():
        expected = situation.expected.get(host.address)
        if expected is None or host.layout in (expected, Layout.UNKNOWN):
            continue
        name = address_text(host.address)
        is_likely = host.confidence is Confidence.LIKELY
        if expected is Layout.CURRENT:
            advice = f"{INSTALL_UPDATE.format(host=name)} {check_update(name)}"
        else:
            advice = (
                f"If {name} was updated on purpose, correct expect in the configuration."
                f" {check_update(name)}"
            )
        yield finding(
            "NVG205",
            Severity.WARNING if is_likely else Severity.ERROR,
            f"{name} {'probably uses' if is_likely else 'uses'} {LAYOUT_NAMES[host.layout]},"
            f" and {LAYOUT_NAMES[expected]} is expected of it.",
            about_host(host.address),
            [witness.stream.first for witness in host.witnesses if witness.layout is not expected],
            display_filter=display.from_host(host.address),
            next_step=advice,
            confidence=host.confidence,
        )


def tell_as_expected(findings: Iterable[Finding], situation: Situation) -> tuple[Finding, ...]:
    """The findings, in the same order; those that an old host causes which is meant to be old are
    notes, and say so.
    """
    return tuple(
        (
            replace(
                finding, severity=Severity.INFO, message=finding.message + AS_EXPECTED, next_step=""
            )
            if _is_expected(finding, situation)
            else finding
        )
        for finding in findings
    )


def _is_expected(finding: Finding, situation: Situation) -> bool:
    """Whether a host that the finding is about speaks the old layout, and is meant to."""
    if finding.code not in OF_AN_OLD_HOST:
        return False
    addresses = [ip_address(host).packed for host in finding.subject.hosts]
    return any(
        situation.host(address).layout is Layout.OLD
        and situation.expected.get(address) is Layout.OLD
        for address in addresses
    )


RULES = (
    Rule("NVG205", Severity.ERROR, "host does not speak the expected layout", find_unexpected),
)
