"""Evidence becomes a Diagnosis: a verdict for each host and pair, and the refused flows.  Knows no
rules and no text.
"""

from collections.abc import Mapping

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.diagnosis import Diagnosis, HostVerdict, PairFacts
from nvgre_doctor.infer.gathering import count_frames, gather_streams
from nvgre_doctor.infer.kinds_of_evidence import SameLayout
from nvgre_doctor.infer.refusals import find_refusals
from nvgre_doctor.infer.senders import find_hnv_signs
from nvgre_doctor.infer.verdicts import is_group_address, judge_hosts
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Confidence, Layout, PairVerdict


def infer(evidence: Evidence, inventory: Inventory) -> Diagnosis:
    """What the evidence of all captures together means."""
    streams = gather_streams(evidence)
    frames = count_frames(evidence, streams)
    hosts, ties = judge_hosts(streams, frames, inventory)
    pairs = _judge_pairs(frames, hosts, ties)
    find_hnv_signs(evidence, streams, hosts, pairs)
    return Diagnosis(streams, hosts, pairs, find_refusals(evidence, streams, hosts, ties))


def _judge_pairs(
    frames: Mapping[tuple[bytes, bytes], int],
    hosts: Mapping[bytes, HostVerdict],
    ties: list[SameLayout],
) -> list[PairFacts]:
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
    tied = {frozenset((tie.one.source, tie.two.source)) for tie in ties}
    for pair in pairs.values():
        one, two = pair.hosts
        pair.verdict = _judge_pair(hosts[one], hosts[two], frozenset(pair.hosts) in tied)
    return [pairs[key] for key in sorted(pairs, key=lambda k: (len(k[0]), k))]


def _judge_pair(one: HostVerdict, two: HostVerdict, are_tied: bool) -> PairVerdict:
    """Only proven layouts make a mismatch.  Two hosts that are tied agree, even while nobody knows
    in which layout.
    """
    if one.confidence is two.confidence is Confidence.PROVEN and Layout.BOTH not in (
        one.layout,
        two.layout,
    ):
        return PairVerdict.AGREE if one.layout is two.layout else PairVerdict.MISMATCH
    has_changed = one.change is not None or two.change is not None
    return PairVerdict.AGREE if are_tied and not has_changed else PairVerdict.UNKNOWN
