"""Models: frames that must be of one tenant, and which id of it leaves the fewest of them wrong.

A frame is explained by an id under draft-00 if that is its key, under RFC 7637 if it is bits 31..8
of its key.  Knows spans as numbers; nothing about what else is known of a host.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from nvgre_doctor.infer.groups import Group, group_units
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.octets import (
    TENTH,
    Classes,
    FlowIds,
    differ_in_octet,
    judge,
    share_conversation,
    without_lonely,
)
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.tables import NEW, OLD, Case, Table, make_table

MOST_SPANS: Final = 64
"""Of one model: what a VM pair sent in more of them is compared in stretches of time."""
MOST_ADDRESSES: Final = 64
"""MACs that more provider addresses sent are no VM pair."""


class Model:
    """Units of one tenant."""

    __slots__ = (
        "group",
        "hard",
        "is_broken",
        "is_plain",
        "is_shared",
        "is_soft",
        "left",
        "soft",
        "spans",
        "strays",
        "tenant",
        "units",
    )

    def __init__(self, group: Group, units: list[Heard], is_shared: bool) -> None:
        """`is_shared`: other models have some of these units as well."""
        self.group = group
        self.units = units
        self.is_shared = is_shared
        self.is_soft = group in (Group.ROUTED, Group.LOOSE)
        self.spans: tuple[int, ...] = tuple(sorted({unit.span for unit in units}))
        self.tenant: int | None
        self.left: list[Heard] = []
        self.strays: list[Heard] = []
        self.is_broken: bool
        self.is_plain = False  # hard, and without a doubt that is none to soft facts
        self.hard: Table
        self.soft: Table

    def solve(self, classes: Classes) -> None:
        """Find the id that leaves the fewest packets wrong, and the tables of all others."""
        places = self._places()
        cases = self._cases(places)
        self._judge(cases, places)
        certain: list[Case] = []
        perhaps: list[Case] = []
        for upper_bits, octets in self._neighbour_ids():
            case = self._as_neighbours(upper_bits, places)
            kind = self._flow_ids(upper_bits, octets, classes)
            if kind is FlowIds.CERTAIN or share_conversation(self.units, upper_bits):
                continue
            certain.append(case)
            if kind is FlowIds.NOTHING:
                perhaps.append(case)
        plain = list(cases.values())
        width = len(self.spans)
        self.soft = make_table(plain, perhaps, width)
        self.hard = make_table(plain, certain, width) if len(certain) > len(perhaps) else self.soft

    def _places(self) -> dict[int, int]:
        return {span: place for place, span in enumerate(self.spans)}

    def _cases(self, places: dict[int, int]) -> dict[int, Case]:
        """What every id explains."""
        cases: dict[int, Case] = {}
        for unit in self.units:
            place, weight = places[unit.span], unit.weight
            if unit.old_id is not None:
                _count(cases, unit.old_id, place, OLD, weight)
            if unit.new_id is not None:
                _count(cases, unit.new_id, place, NEW, weight)
        return cases

    def _judge(self, cases: dict[int, Case], places: dict[int, int]) -> None:
        """Settle on an id, and say what it leaves."""
        total = sum([unit.weight for unit in self.units])
        best, tenant = 0, None
        for number, case in cases.items():
            explained = sum(map(max, case.values()))
            if explained > best or (explained == best and tenant is not None and number < tenant):
                best, tenant = explained, number
        self.tenant = tenant
        if best == total or tenant is None:
            self.is_broken = tenant is None
            return
        case = cases[tenant]
        self.left = [unit for unit in self.units if not _explains(tenant, case, unit, places)]
        by_key: defaultdict[int, int] = defaultdict(int)
        for unit in self.left:
            by_key[unit.gre_key] += unit.weight
        wrong = total - best
        self.is_broken = max(by_key.values()) > 1 or (wrong > 1 and wrong * TENTH > total)
        if not self.is_broken and total > TENTH:
            self.strays = self.left

    def _neighbour_ids(self) -> Iterator[tuple[int, set[int]]]:
        if not differ_in_octet(self.units):
            return
        weights: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for unit in self.units:
            if unit.gre_key < 1 << 24:
                weights[unit.gre_key >> 8][unit.gre_key & 0xFF] += unit.weight
        for upper_bits, found in sorted(weights.items()):
            if len(found) > 1:
                yield upper_bits, without_lonely(found)

    def _as_neighbours(self, upper_bits: int, places: dict[int, int]) -> Case:
        """What is explained if the octets are ids of clones."""
        case: Case = {}
        for unit in self.units:
            place = places[unit.span]
            if unit.old_id is not None and unit.old_id >> 8 == upper_bits:
                case.setdefault(place, [0, 0])[OLD] += unit.weight
            if unit.new_id is not None and unit.new_id >> 8 == upper_bits:
                case.setdefault(place, [0, 0])[NEW] += unit.weight
        return case

    def _flow_ids(self, upper_bits: int, octets: set[int], classes: Classes) -> FlowIds:
        kinds = [
            classes.get((unit.span, upper_bits), FlowIds.NOTHING)
            for unit in self.units
            if unit.gre_key >> 8 == upper_bits
        ]
        return max(*kinds, min(judge(octets), FlowIds.PERHAPS))

    def best_tenant(self, place: int, layout: int) -> int | None:
        """The id that explains most if one span speaks this layout."""
        best, tenant = 0, None
        for number, case in sorted(self._cases(self._places()).items()):
            mine = case.get(place, (0, 0))
            explained = sum(map(max, case.values())) - max(mine) + mine[layout]
            if mine[layout] and explained > best:
                best, tenant = explained, number
        return tenant

    def stands_alone(self, place: int) -> bool:
        """Whether the frames of one span decide without those of others: they hold several
        FlowIDs.
        """
        span = self.spans[place]
        own: defaultdict[int, int] = defaultdict(int)
        for unit in self.units:
            if unit.span == span:
                own[unit.gre_key] += unit.weight
        return sum(own.values()) - max(own.values()) >= self.soft.margin(place, NEW)

    def taint(self) -> set[int]:
        """Every id that its units may mean."""
        return {
            number
            for unit in self.units
            for number in (unit.old_id, unit.new_id)
            if number is not None
        }


def _count(cases: dict[int, Case], number: int, place: int, layout: int, weight: int) -> None:
    case = cases.get(number)
    if case is None:
        case = cases[number] = {}
    mine = case.get(place)
    if mine is None:
        mine = case[place] = [0, 0]
    mine[layout] += weight


def _explains(tenant: int, case: Case, unit: Heard, places: dict[int, int]) -> bool:
    old, new = case.get(places[unit.span], (0, 0))
    return tenant == (unit.old_id if old >= new else unit.new_id)


def place_of(model: Model, span: int) -> int:
    """Where a span stands in a model."""
    return model.spans.index(span)


def _stretches(units: list[Heard], spans: Sequence[Span]) -> list[list[Heard]]:
    """The units of a VM pair in stretches of time of MOST_SPANS each, which overlap by half: a fact
    travels from one to the next.
    """
    numbers = {unit.span for unit in units}
    if len(numbers) <= MOST_SPANS:  # as nearly always
        return [units]
    if len({spans[number].address for number in numbers}) > MOST_ADDRESSES:
        return []
    half = MOST_SPANS // 2
    in_order = sorted(numbers, key=lambda number: (spans[number].ends()[0], number))
    places = {number: place // half for place, number in enumerate(in_order)}
    halves: list[list[Heard]] = [[] for _ in range(-(-len(in_order) // half))]
    for unit in units:
        halves[places[unit.span]].append(unit)
    return [one + two for one, two in pairwise(halves)]


def build_models(spans: Sequence[Span], classes: Classes) -> list[Model]:
    """Every group, solved; those of tenants that seem to be cloned are soft."""
    models = [
        Model(group, stretch, is_shared or stretch is not units)
        for group, units, is_shared in group_units(spans)
        for stretch in _stretches(units, spans)
        if len(stretch) > 1
    ]
    tainted: set[int] = set()
    for model in models:
        model.solve(classes)
        if model.is_broken:
            tainted |= model.taint()
    if tainted:
        for model in models:
            if not model.is_broken and not tainted.isdisjoint(model.taint()):
                model.is_soft = True
    if any(span.is_cut for span in spans):
        for model in models:
            model.is_soft |= any(spans[number].is_cut for number in model.spans)
    for model in models:
        model.is_plain = not model.is_soft and model.hard is model.soft
    return models
