"""What was seen of one VM pair, in intervals: the rows of its units laid beside each other."""

from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter

from nvgre_doctor.evidence.bundles import Packed
from nvgre_doctor.evidence.parts import Interval, Part, PartKey, Unit, read_key
from nvgre_doctor.evidence.rows import (
    FIRST,
    LAST,
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


_Run = tuple[int, int, tuple[tuple[int, bool, Row], ...]]
"""Earliest and latest second, and rows with their low octet and whether they are cut."""


def _part(key: PartKey, units: list[tuple[int, bool, bytes]]) -> Part:
    """Intervals of a part, of the rows of its units."""
    octet, is_cut, packed = units[0]
    if len(units) == 1 and len(packed) <= 1 + packed[0] + ROW.size:  # as nearly always
        about = customers_of(packed) if key.destination else b""
        only = _interval(((octet, is_cut, ROW.unpack_from(packed, 1 + packed[0])),))
        return Part((only,), about, bytes((octet,)))
    runs: list[_Run] = []
    first: tuple[int, bytes] | None = None
    for octet, is_cut, packed in units:
        about = customers_of(packed)
        for row in rows_of(packed):
            runs.append((row[0], row[1], ((octet, is_cut, row),)))
            if first is None or (row[3], about) < first:
                first = row[3], about
    if len(runs) > 1:
        runs = settle(runs, _together)
    return Part(
        tuple(sorted([_interval(rows) for _, _, rows in runs])),
        first[1] if first is not None and key.destination else b"",
        bytes(sorted({octet for octet, _, _ in units})),
    )


def _together(runs: list[_Run]) -> _Run:
    if len(runs) == 1:
        return runs[0]
    return (
        min([run[0] for run in runs]),
        max([run[1] for run in runs]),
        tuple([row for run in runs for row in run[2]]),
    )


def _interval(rows: tuple[tuple[int, bool, Row], ...]) -> Interval:
    if len(rows) == 1:
        octet, is_cut, row = rows[0]
        ends = moments_of(row)
        whole = () if is_cut else (Unit(octet, row[2], *ends, packets_of(row)),)
        return Interval(*ends, whole, row[2])
    by_octet: defaultdict[int, list[Row]] = defaultdict(list)
    for octet, is_cut, row in rows:
        by_octet[octet if not is_cut else -1].append(row)
    first = min([row for _, _, row in rows], key=FIRST)
    last = max([row for _, _, row in rows], key=LAST)
    units = [
        Unit(octet, row[2], *moments_of(row), packets_of(row))
        for octet, row in sorted((octet, total(own)) for octet, own in by_octet.items())
        if octet >= 0
    ]
    frames = sum([row[2] for _, _, row in rows])
    return Interval(moments_of(first)[0], moments_of(last)[1], tuple(units), frames)
