"""One solution: spans, models, facts and answers.  A change without a silence is looked for once,
and everything is solved again.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.answers import Answer, answer_spans
from nvgre_doctor.infer.chains import Settled, follow
from nvgre_doctor.infer.cuts import cut_spans
from nvgre_doctor.infer.judged_senders import Judgement, judge_senders
from nvgre_doctor.infer.margins import Facts
from nvgre_doctor.infer.models import Model, build_models
from nvgre_doctor.infer.octets import FlowIds, classify
from nvgre_doctor.infer.spans import Parts, Span, find_spans
from nvgre_doctor.vocabulary import Sender


class Solution(NamedTuple):
    """Everything that was found out about spans."""

    spans: list[Span]
    models: list[Model]
    senders: Mapping[bytes, Judgement]
    facts: Facts
    settled: Settled
    answers: list[Answer]


def solve(parts: Parts, evidence: Evidence) -> Solution:
    """From what was heard."""
    solution = _solve(find_spans(parts), evidence)
    may_cut = [solution.senders[s.address].sender is not Sender.OTHER for s in solution.spans]
    cut = cut_spans(solution.spans, solution.models, solution.facts.strays, may_cut)
    return solution if cut is None else _solve(cut, evidence)


def _solve(spans: list[Span], evidence: Evidence) -> Solution:
    classes = classify(spans)
    models = build_models(spans, classes)
    senders = judge_senders(evidence, spans, models)
    if _reread_reserved(spans, classes, senders):
        models = build_models(spans, classes)
    facts = Facts(spans, models, [senders[span.address].sender for span in spans])
    settled = follow(facts)
    answers = answer_spans(spans, facts, settled, senders)
    return Solution(spans, models, senders, facts, settled, answers)


def _reread_reserved(
    spans: Sequence[Span],
    classes: Mapping[tuple[int, int], FlowIds],
    senders: Mapping[bytes, Judgement],
) -> bool:
    """Low octets of a reserved VSID that are FlowIDs: not draft-00, but a sender that writes any
    VSID.  Of Hyper-V only octets that are FlowIDs for certain say so.
    """
    found = False
    for number, span in enumerate(spans):
        sender = senders[span.address].sender
        needed = FlowIds.CERTAIN if sender is Sender.HYPER_V else FlowIds.PERHAPS
        for unit in span.heard:
            if unit.new_id is None and unit.old_id is not None:
                upper_bits = unit.gre_key >> 8
                if classes.get((number, upper_bits), FlowIds.NOTHING) >= needed:
                    unit.new_id = upper_bits
                    found = True
    return found
