"""The rules: from what was found out to findings.  Explicit registration, in order of their
codes.
"""

from collections.abc import Iterable
from typing import ClassVar

from nvgre_doctor.errors import GivenError
from nvgre_doctor.known.ignored import Ignore, ignores_of
from nvgre_doctor.rules import (
    nvg101_102_105_captures,
    nvg103_without_nvgre,
    nvg104_copies,
    nvg201_old_hosts,
    nvg202_203_changes,
    nvg204_unknown,
    nvg205_expected,
    nvg301_306_pairs,
    nvg302_303_refusals,
    nvg304_errors,
    nvg305_307_paths,
    nvg308_contradictions,
    nvg401_404_keys,
    nvg402_403_packets,
    nvg405_strays,
)
from nvgre_doctor.rules.base import Rule, Situation
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.vocabulary import Severity

RULES: list[Rule] = sorted(
    nvg101_102_105_captures.RULES
    + nvg103_without_nvgre.RULES
    + nvg104_copies.RULES
    + nvg201_old_hosts.RULES
    + nvg202_203_changes.RULES
    + nvg204_unknown.RULES
    + nvg205_expected.RULES
    + nvg301_306_pairs.RULES
    + nvg302_303_refusals.RULES
    + nvg304_errors.RULES
    + nvg305_307_paths.RULES
    + nvg308_contradictions.RULES
    + nvg401_404_keys.RULES
    + nvg402_403_packets.RULES
    + nvg405_strays.RULES,
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
