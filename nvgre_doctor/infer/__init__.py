"""Evidence becomes a Diagnosis: a verdict for each host and pair, and the refused flows.  Knows no
rules and no text.

The way of it: `spans` and `models` say what can be compared, `margins` what each span's own frames
prove, `chains` what that says of others, `answers` what is known of each span, `verdicts` what that
makes of hosts.
"""

import gc

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.answers import Answer
from nvgre_doctor.infer.clocks import Clocks
from nvgre_doctor.infer.diagnosis import Diagnosis
from nvgre_doctor.infer.gathering import count_frames
from nvgre_doctor.infer.guesses import guess
from nvgre_doctor.infer.hearing import hear
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.infer.labs import find_hosts_of_several_labs
from nvgre_doctor.infer.leftovers import find_contradictions, find_strays
from nvgre_doctor.infer.pairs import judge_pairs
from nvgre_doctor.infer.reasons import Explaining
from nvgre_doctor.infer.refusals import find_refusals
from nvgre_doctor.infer.solving import solve
from nvgre_doctor.infer.verdicts import by_address, in_order, new_hosts, tell_host
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Confidence, Layout


def infer(evidence: Evidence, inventory: Inventory) -> Diagnosis:
    """What the evidence of all captures together means; `hearsay.settle_errors` comes before."""
    was_enabled = gc.isenabled()
    gc.disable()  # it would look at millions of small values again and again: none is garbage yet
    try:
        return _infer(evidence, inventory)
    finally:
        if was_enabled:
            gc.enable()


def _infer(evidence: Evidence, inventory: Inventory) -> Diagnosis:
    spans, streams, copies = hear(evidence)
    frames = count_frames(evidence, streams)
    hosts = new_hosts(frames)
    solution = solve(spans, evidence, inventory)
    clocks = Clocks(evidence)
    orders = {
        address: in_order(numbers, solution.spans, clocks)
        for address, numbers in by_address(solution.spans).items()
    }
    certain = [numbers for numbers, is_known in orders.values() if is_known]
    guessed = guess(solution.spans, solution.facts, solution.settled, solution.answers, certain)
    explaining = Explaining(solution, guessed)
    deciding: dict[bytes, Answer] = {}
    for address, (numbers, is_known) in orders.items():
        host = hosts.setdefault(address, HostVerdict(address))
        host.sender, host.sender_reasons = solution.senders[address]
        decides = tell_host(
            host, numbers, solution.spans, solution.answers, is_known=is_known, clocks=clocks
        )
        if decides is not None:
            deciding[address] = solution.answers[decides]
        host.reasons = explaining.of_host(host, numbers, decides)
        if address in solution.contradicted:
            _take_back(host)
    refusals = find_refusals(evidence, streams, hosts)
    return Diagnosis(
        streams,
        hosts,
        judge_pairs(frames, hosts, deciding),
        refusals.facts,
        find_strays(solution.spans, solution.models, solution.answers),
        find_contradictions(solution.spans, solution.models),
        copies,
        find_hosts_of_several_labs(solution, evidence.captures, copies),
        refusals.about,
    )


def _take_back(host: HostVerdict) -> None:
    """The inventory contradicts what packets prove: nothing is known."""
    host.layout, host.confidence, host.margin = Layout.UNKNOWN, Confidence.NONE, 0
    host.proven_from = host.proven_to = None
    host.is_stale, host.contradiction = False, True
    host.changes, host.spans, host.is_unordered = [], [], False
