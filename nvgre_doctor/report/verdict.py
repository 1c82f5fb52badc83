"""The verdict in one word: the first that applies."""

from collections.abc import Iterable
from typing import Final

from nvgre_doctor.infer.diagnosis import PairFacts
from nvgre_doctor.infer.hearsay import find_cut_refusals
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.nvg302_303_refusals import OTHERWISE
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.vocabulary import (
    Confidence,
    Layout,
    PairVerdict,
    Sender,
    Severity,
    Verdict,
)

ENOUGH: Final = 2
"""Frames that would have to be wrong: what one frame could turn round is undecided."""


def verdict_of(situation: Situation, findings: Iterable[Finding]) -> Verdict:
    """The first that applies: it looks at all findings, whatever was selected."""
    if not any(capture.could_be_judged for capture in situation.captures):
        return Verdict.UNREADABLE
    if not situation.has_nvgre:
        return Verdict.NO_NVGRE
    told = list(findings)
    errors = {finding.code for finding in told if finding.severity is Severity.ERROR}
    meant = {rule.verdict for rule in RULES if rule.code in errors} | {*_meant_besides(situation)}
    if any(finding.code == OTHERWISE.code for finding in told):
        meant.add(Verdict.REFUSED)
    doubts = (unknown_senders, thin_mismatches, thin_old_hosts, cut_refusals)
    if any(doubt(situation) for doubt in doubts):
        meant.add(Verdict.UNDECIDED)
    if any(finding.severity is not Severity.INFO for finding in told):
        meant.add(Verdict.WARNINGS)
    return next((verdict for verdict in Verdict if verdict in meant), Verdict.HEALTHY)


def unknown_senders(situation: Situation) -> list[HostVerdict]:
    """Hosts that sent what may be NVGRE, in a layout that nothing speaks for."""
    return [
        host
        for host in situation.senders
        if host.sender is not Sender.OTHER and host.confidence is Confidence.NONE
    ]


def cut_refusals(situation: Situation) -> list[tuple[bytes, bytes]]:
    """Who may refuse NVGRE of whom, in messages that were captured too short to tell."""
    return find_cut_refusals(situation.evidence)


def is_firm(situation: Situation, pair: PairFacts) -> bool:
    """Whether no single frame could turn a mismatch round."""
    return pair.confidence is Confidence.PROVEN or all(
        situation.host(address).margin >= ENOUGH for address in pair.hosts
    )


def mismatches(situation: Situation) -> list[PairFacts]:
    """Pairs of hosts with different layouts."""
    return [pair for pair in situation.diagnosis.pairs if pair.verdict is PairVerdict.MISMATCH]


def thin_mismatches(situation: Situation) -> list[PairFacts]:
    """Those that one frame could turn round."""
    return [pair for pair in mismatches(situation) if not is_firm(situation, pair)]


def old_hosts(situation: Situation) -> list[HostVerdict]:
    """Hyper-V hosts with the old layout, where no single frame could turn that round."""
    return [host for host in _old_hyper_v_hosts(situation) if host.margin >= ENOUGH]


def thin_old_hosts(situation: Situation) -> list[HostVerdict]:
    """Those for which less speaks."""
    return [host for host in _old_hyper_v_hosts(situation) if host.margin < ENOUGH]


def _old_hyper_v_hosts(situation: Situation) -> list[HostVerdict]:
    return [
        host
        for host in situation.diagnosis.hosts.values()
        if host.layout is Layout.OLD and host.sender is Sender.HYPER_V
    ]


def _meant_besides(situation: Situation) -> Iterable[Verdict]:
    """What is only likely, and a warning, but more than a single frame says so."""
    if any(is_firm(situation, pair) for pair in mismatches(situation)):
        yield Verdict.MISMATCH
    if old_hosts(situation):
        yield Verdict.OLD_LAYOUT
