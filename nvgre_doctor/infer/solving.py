"""One solution: spans, models, margins and answers.  A change without a silence is looked for once,
and everything is solved again.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.answers import LEAST_MARGIN, Answer, answer_spans
from nvgre_doctor.infer.chains import STRAY_SHARE, Settled, follow
from nvgre_doctor.infer.cuts import cut_spans
from nvgre_doctor.infer.listed import Listed, look_up
from nvgre_doctor.infer.margins import Facts
from nvgre_doctor.infer.models import Model, build_models
from nvgre_doctor.infer.octets import FlowIds, classify
from nvgre_doctor.infer.senders import Judgement, judge_senders
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.tables import NEW, OLD
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Confidence, Layout, Sender


class Solution(NamedTuple):
    """Everything that was found out about spans."""

    spans: list[Span]
    models: list[Model]
    senders: Mapping[bytes, Judgement]
    listed: Mapping[int, Listed]
    facts: Facts
    settled: Settled
    answers: list[Answer]
    contradicted: frozenset[bytes]  # hosts of which the inventory says something else


def solve(spans: list[Span], evidence: Evidence, inventory: Inventory) -> Solution:
    """From what was heard."""
    solution = _solve(spans, evidence, inventory)
    may_cut = [solution.senders[s.address].sender is not Sender.OTHER for s in solution.spans]
    cut = cut_spans(solution.spans, solution.models, solution.facts.strays, may_cut)
    return solution if cut is None else _solve(cut, evidence, inventory)


def _solve(spans: list[Span], evidence: Evidence, inventory: Inventory) -> Solution:
    classes = classify(spans)
    models = build_models(spans, classes)
    senders = judge_senders(evidence, spans, models, inventory)
    if _reread_reserved(spans, classes, senders):
        models = build_models(spans, classes)
    listed = look_up(spans, inventory)
    of_spans = [senders[span.address].sender for span in spans]
    facts = Facts(spans, models, of_spans, {})
    settled = follow(facts)
    answers = answer_spans(facts, settled, of_spans)
    contradicted: frozenset[bytes] = frozenset()
    if listed:
        contradicted = frozenset(
            spans[number].address
            for number, known in listed.items()
            if _contradicts(known, answers[number])
        )
        facts = Facts(spans, models, of_spans, listed)
        settled = follow(facts)
        answers = answer_spans(facts, settled, of_spans)
    return Solution(spans, models, senders, listed, facts, settled, answers, contradicted)


def _contradicts(known: Listed, answer: Answer) -> bool:
    """Whether a record says something else than what packets prove."""
    if answer.confidence is not Confidence.PROVEN or answer.layout is Layout.BOTH:
        return False
    spoken = OLD if answer.layout is Layout.OLD else NEW
    against, agreeing = known.hard_margin(1 - spoken), known.hard_margin(spoken)
    return against >= LEAST_MARGIN and against >= STRAY_SHARE * agreeing


def _reread_reserved(
    spans: Sequence[Span],
    classes: Mapping[tuple[int, int], FlowIds],
    senders: Mapping[bytes, Judgement],
) -> bool:
    """Low octets of a reserved VSID that are FlowIDs: not draft-00, but a sender that writes any
    VSID.  Of Hyper-V only octets that are FlowIDs for certain say so; others say nothing at all.
    """
    found = False
    for number, span in enumerate(spans):
        is_hyper_v = senders[span.address].sender is Sender.HYPER_V
        for unit in span.heard:
            if unit.new_id is None and unit.old_id is not None:
                upper_bits = unit.gre_key >> 8
                flow_ids = classes.get((number, upper_bits), FlowIds.NOTHING)
                if flow_ids is FlowIds.CERTAIN or (flow_ids is FlowIds.PERHAPS and not is_hyper_v):
                    unit.new_id = upper_bits
                elif flow_ids is FlowIds.PERHAPS:
                    unit.old_id = None
                else:
                    continue
                found = True
    return found
