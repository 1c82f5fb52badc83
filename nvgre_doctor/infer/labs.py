"""Captures that were given together and may be of different labs: they share no packet, and what
each of them says by itself cannot all be true of one network.

A suspicion, which changes no verdict: captures of one network can look so as well, for example
when a tenant got another id between them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from nvgre_doctor.infer.answers import LAYOUTS, LEAST_MARGIN
from nvgre_doctor.infer.diagnosis import Copies
from nvgre_doctor.infer.groups import Group
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.models import Model
from nvgre_doctor.infer.solving import Solution
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.tables import NEW, OLD
from nvgre_doctor.vocabulary import Layout

Networks = Mapping[int, int]
"""By capture: the first of those that packets tie it to."""


def find_hosts_of_several_labs(
    solution: Solution, captures: Iterable[int], copies: Iterable[Copies]
) -> list[bytes]:
    """The addresses about which captures contradict each other that share no packet, in order."""
    captures = list(captures)
    if len(captures) < 2:
        return []
    if not any(map(_has_other_ids, solution.models)) and not _has_other_layouts(solution):
        return []  # as nearly always: captures may be thousands
    networks = _networks(captures, copies)
    if len(set(networks.values())) < 2:
        return []
    found = _with_other_ids(solution.spans, solution.models, networks)
    found |= _with_other_layouts(solution, networks)
    return sorted(found, key=lambda address: (len(address), address))


def _networks(captures: Iterable[int], copies: Iterable[Copies]) -> dict[int, int]:
    leaders = {capture: capture for capture in captures}

    def leader(capture: int) -> int:
        while leaders[capture] != capture:
            capture = leaders[capture]
        return capture

    for tie in copies:
        if tie.other_capture is not None:
            one, two = sorted((leader(tie.capture), leader(tie.other_capture)))
            leaders[two] = one
    return {capture: leader(capture) for capture in leaders}


def _has_other_ids(model: Model) -> bool:
    return model.is_broken and model.group is Group.PAIR


def _has_other_layouts(solution: Solution) -> bool:
    spoken: defaultdict[bytes, set[Layout]] = defaultdict(set)
    for number, answer in enumerate(solution.answers):
        if answer.layout in LAYOUTS:
            spoken[solution.spans[number].address].add(answer.layout)
    return any(len(layouts) > 1 for layouts in spoken.values())


def _with_other_ids(
    spans: Sequence[Span], models: Iterable[Model], networks: Networks
) -> set[bytes]:
    """Hosts of VM pairs that have one id in each network, and no id that fits in all of them."""
    found: set[bytes] = set()
    for model in models:
        if not _has_other_ids(model):
            continue
        units: defaultdict[int, list[Heard]] = defaultdict(list)
        for unit in model.units:
            units[networks[unit.first.capture]].append(unit)
        ids = [
            _ids_of_all(heard)
            for heard in units.values()
            if sum(unit.weight for unit in heard) >= LEAST_MARGIN
        ]
        alone = [fitting for fitting in ids if fitting]
        if alone and not set.intersection(*alone):
            found |= {spans[unit.span].address for unit in model.units}
    return found


def _ids_of_all(units: Iterable[Heard]) -> set[int]:
    """The ids that these frames can all have, each in some layout."""
    return set.intersection(*({unit.old_id, unit.new_id} - {None} for unit in units))  # type: ignore[arg-type]


def _with_other_layouts(solution: Solution, networks: Networks) -> set[bytes]:
    """Hosts that speak one layout in one network and the other in another, by more than statistics,
    where an update cannot be the reason: that comes between them, and some guest is there before
    and after.
    """
    spans, answers, by_range = solution.spans, solution.answers, solution.facts.by_range
    known: defaultdict[bytes, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, span in enumerate(spans):
        answer = answers[number]
        if answer.layout in LAYOUTS:
            of_layout = by_range[number][LAYOUTS.index(answer.layout)]
            surely = answer.margin if answer.is_hard else of_layout
            if surely >= LEAST_MARGIN:
                known[span.address][networks[span.pieces.first_capture]].append(number)
    found: set[bytes] = set()
    for address, of_networks in known.items():
        spoken: defaultdict[Layout, list[Span]] = defaultdict(list)
        for numbers in of_networks.values():
            if len({answers[number].layout for number in numbers}) == 1:
                spoken[answers[numbers[0]].layout] += [spans[number] for number in numbers]
        if len(spoken) > 1 and not _may_be_update(spoken[LAYOUTS[OLD]], spoken[LAYOUTS[NEW]]):
            found.add(address)
    return found


def _may_be_update(before: Iterable[Span], after: Iterable[Span]) -> bool:
    """Whether all of the one lie before the other, and a guest of the one is in the other too."""
    last = max(span.ends()[1].ts_ns for span in before)
    first = min(span.ends()[0].ts_ns for span in after)
    return last < first and not _guests(before).isdisjoint(_guests(after))


def _guests(spans: Iterable[Span]) -> set[bytes]:
    return {unit.macs[6:] for span in spans for unit in span.heard if unit.macs}
