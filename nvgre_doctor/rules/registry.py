"""The rules: from what was found out to findings.  Explicit registration, in order of their
codes.
"""

from collections.abc import Iterable
from typing import ClassVar

from nvgre_doctor.errors import GivenError
from nvgre_doctor.known.ignored import Ignore, ignores_of
from nvgre_doctor.rules import (
    nvg1_captures,
    nvg1_copies,
    nvg1_without_nvgre,
    nvg2_changes,
    nvg2_expected,
    nvg2_hosts,
    nvg2_unknown,
    nvg3_contradictions,
    nvg3_errors,
    nvg3_pairs,
    nvg3_paths,
    nvg3_refusals,
    nvg4_keys,
    nvg4_packets,
    nvg4_strays,
)
from nvgre_doctor.rules.base import Rule, Situation
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.vocabulary import Severity

RULES: list[Rule] = sorted(
    nvg1_captures.RULES
    + nvg1_copies.RULES
    + nvg1_without_nvgre.RULES
    + nvg2_hosts.RULES
    + nvg2_changes.RULES
    + nvg2_unknown.RULES
    + nvg2_expected.RULES
    + nvg3_pairs.RULES
    + nvg3_refusals.RULES
    + nvg3_errors.RULES
    + nvg3_paths.RULES
    + nvg3_contradictions.RULES
    + nvg4_keys.RULES
    + nvg4_packets.RULES
    + nvg4_strays.RULES,
    key=lambda rule: rule.code,
)

_WORST_FIRST = {severity: position for position, severity in enumerate(Severity)}


class UnknownCodeError(GivenError):
    """A code, or a prefix of one, that no rule has."""

    help_helps: ClassVar[bool] = True


def find_all(situation: Situation) -> tuple[Finding, ...]:
    """The findings of every rule: worst first, then by code, then in the rule's order."""
    return worst_first(finding for rule in RULES for finding in rule.find(situation))


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity, then by code; what is equal in both keeps its order."""
    return tuple(
        sorted(findings, key=lambda finding: (_WORST_FIRST[finding.severity], finding.code))
    )


def select_codes(select: Iterable[str] = (), ignore: Iterable[Ignore | str] = ()) -> frozenset[str]:
    """The codes to report: those that begin with a selected prefix (all, if none is given) and with
    no prefix that is ignored whoever it is about.

    UnknownCodeError for a prefix that fits no code.
    """
    rows = ignores_of(ignore)
    selected, ignored = _expand(select), _expand(row.code for row in rows if not row.hosts)
    _expand(row.code for row in rows)
    codes = {rule.code for rule in RULES}
    return frozenset((selected or codes) - ignored)


def _expand(prefixes: Iterable[str]) -> set[str]:
    codes: set[str] = set()
    for prefix in prefixes:
        fitting = {rule.code for rule in RULES if prefix and rule.code.startswith(prefix.upper())}
        if not fitting:
            known = ", ".join(rule.code for rule in RULES)
            raise UnknownCodeError(f"no finding has the code {prefix!r}; known codes: {known}")
        codes |= fitting
    return codes
