"""Pairs: two hosts that exchanged NVGRE data, and whether they speak one layout."""

from collections.abc import Mapping
from typing import Final

from nvgre_doctor.infer.answers import LEAST_MARGIN, Answer
from nvgre_doctor.infer.diagnosis import PairFacts
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.infer.verdicts import is_group_address
from nvgre_doctor.vocabulary import Confidence, Layout, PairVerdict

_LAYOUTS: Final = {Layout.OLD, Layout.CURRENT}


def judge_pairs(
    frames: Mapping[tuple[bytes, bytes], int],
    hosts: Mapping[bytes, HostVerdict],
    deciding: Mapping[bytes, Answer],
) -> list[PairFacts]:
    """Every two hosts with data in either direction; `deciding` are the answers behind verdicts."""
    pairs: dict[tuple[bytes, bytes], PairFacts] = {}
    for (source, destination), count in frames.items():
        if not count or is_group_address(destination) or source == destination:
            continue
        low, high = sorted((source, destination))
        pair = pairs.setdefault((low, high), PairFacts((low, high)))
        if source == low:
            pair.frames_forward = count
        else:
            pair.frames_backward = count
    for pair in pairs.values():
        one, two = (hosts[address] for address in pair.hosts)
        pair.verdict, pair.confidence = _judge(
            one, two, deciding.get(one.address), deciding.get(two.address)
        )
    return [pairs[key] for key in sorted(pairs, key=lambda k: (len(k[0]), k))]


def _judge(
    one: HostVerdict, two: HostVerdict, answer: Answer | None, other: Answer | None
) -> tuple[PairVerdict, Confidence]:
    """Agreeing needs two proofs.  Statistics alone make no mismatch, nor does one frame that is
    not hard.
    """
    nothing = PairVerdict.UNKNOWN, Confidence.NONE
    if answer is None or other is None or one.is_stale or two.is_stale:
        return nothing
    if not {one.layout, two.layout} <= _LAYOUTS:
        return nothing
    are_proven = one.confidence is two.confidence is Confidence.PROVEN
    if one.layout is two.layout:
        return (PairVerdict.AGREE, Confidence.PROVEN) if are_proven else nothing
    if not all(a.margin >= (1 if a.is_hard else LEAST_MARGIN) for a in (answer, other)):
        return nothing
    return PairVerdict.MISMATCH, Confidence.PROVEN if are_proven else Confidence.LIKELY
