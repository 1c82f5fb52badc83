"""What was seen of one VM pair, in intervals: the rows of its units laid beside each other."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from nvgre_doctor.evidence.bundles import Packed
from nvgre_doctor.evidence.parts import Interval, Part, PartKey, Unit, read_key
from nvgre_doctor.evidence.rows import (
    ROW,
    Row,
    customers_of,
    moments_of,
    packets_of,
    rows_of,
    settle,
    total,
)


def parts(units: Packed) -> Iterator[tuple[PartKey, Part]]:
    """Everything, in a fixed order.  Parts of VM pairs that are not kept have no destination."""
    found: defaultdict[PartKey, list[tuple[int, bool, bytes]]] = defaultdict(list)
    for unit, packed in units:
        key, octet, is_cut = read_key(unit)
        found[key].append((octet if key.destination else packed[1], is_cut, packed))
    for key, of_key in sorted(found.items(), key=itemgetter(0)):
        yield key, _part(key, of_key)


class _Rows(NamedTuple):
    earliest: int
    latest: int
    rows: tuple[tuple[int, bool, Row], ...]  # with low octet, and whether it is cut


def _part(key: PartKey, units: list[tuple[int, bool, bytes]]) -> Part:
    """Intervals of a part, of the rows of its units."""
    if len(units) == 1 and len(units[0][2]) <= 1 + units[0][2][0] + ROW.size:  # as nearly always
        octet, is_cut, packed = units[0]
        row = ROW.unpack_from(packed, 1 + packed[0])
        ends = moments_of(row)
        whole = () if is_cut else (Unit(octet, row[2], *ends, packets_of(row)),)
        about = customers_of(packed) if key.destination else b""
        return Part((Interval(*ends, whole, row[2]),), about, bytes((octet,)))
    rows = [
        _Rows(row[0], row[1], ((octet, is_cut, row),))
        for octet, is_cut, packed in units
        for row in rows_of(packed)
    ]
    intervals = [_interval(run.rows) for run in settle(rows, _together)]
    first = min((row[3], customers_of(packed)) for _, _, packed in units for row in rows_of(packed))
    return Part(
        tuple(sorted(intervals)),
        first[1] if key.destination else b"",
        bytes(sorted({octet for octet, _, _ in units})),
    )


def _together(runs: list[_Rows]) -> _Rows:
    return _Rows(
        min(run.earliest for run in runs),
        max(run.latest for run in runs),
        tuple(row for run in runs for row in run.rows),
    )


def _interval(rows: Iterable[tuple[int, bool, Row]]) -> Interval:
    by_octet: defaultdict[int, list[Row]] = defaultdict(list)
    for octet, is_cut, row in rows:
        by_octet[octet if not is_cut else -1].append(row)
    whole = total([row for of_octet in by_octet.values() for row in of_octet])
    by_octet.pop(-1, None)
    units = []
    for octet, of_octet in sorted(by_octet.items()):
        row = total(of_octet)
        units.append(Unit(octet, row[2], *moments_of(row), packets_of(row)))
    return Interval(*moments_of(whole), tuple(units), whole[2])
