"""Answers: what is known of each span, from the widest facts that reached it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from nvgre_doctor.infer.chains import STRAY_SHARE, Settled
from nvgre_doctor.infer.margins import HARD, SOFT, Facts
from nvgre_doctor.infer.tables import NEW, OLD
from nvgre_doctor.vocabulary import Confidence, Layout, Sender

LEAST_MARGIN: Final = 2
"""One frame alone proves nothing."""
BOTH_MARGIN: Final = 10
"""So many packets of each layout prove that one address speaks both."""
LAYOUTS: Final = (Layout.OLD, Layout.CURRENT)


class Answer(NamedTuple):
    """The layout of one span.  `is_hard`: it rests on more than statistics."""

    layout: Layout = Layout.UNKNOWN
    confidence: Confidence = Confidence.NONE
    margin: int = 0
    is_hard: bool = False


def answer_spans(facts: Facts, settled: Settled, senders: Sequence[Sender]) -> list[Answer]:
    """One for each span."""
    return [
        _answer(
            settled.margins[HARD][number],
            settled.margins[SOFT][number],
            facts.by_range[number],
            facts.can_be_hard[number],
            sender,
        )
        for number, sender in enumerate(senders)
    ]


def _answer(
    hard: Sequence[int],
    soft: Sequence[int],
    by_range: Sequence[int],
    can_be_hard: tuple[bool, bool],
    sender: Sender,
) -> Answer:
    best = OLD if hard[OLD] > hard[NEW] else NEW
    if hard[best] >= LEAST_MARGIN and hard[best] >= STRAY_SHARE * hard[1 - best]:
        return Answer(LAYOUTS[best], Confidence.PROVEN, hard[best], True)
    best = OLD if soft[OLD] > soft[NEW] else NEW
    mine, other = soft[best], soft[1 - best]
    if mine > other and (other <= 1 or mine >= STRAY_SHARE * other):
        return Answer(LAYOUTS[best], Confidence.LIKELY, mine, hard[best] > 0)
    least = min(by_range)
    if least >= LEAST_MARGIN and sender is not Sender.OTHER:
        is_proven = least >= BOTH_MARGIN and all(can_be_hard)
        return Answer(
            Layout.BOTH, Confidence.PROVEN if is_proven else Confidence.LIKELY, least, True
        )
    return Answer()
