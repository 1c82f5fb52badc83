"""ICMP errors become refused flows: which flow, with which key, and whether the layouts explain
it.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import Final, NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.signs import EXAMPLES, IcmpSign
from nvgre_doctor.infer.diagnosis import At, HostVerdict, RefusalFacts, Stream
from nvgre_doctor.infer.gathering import IcmpSeen, icmp_errors, refused_flow
from nvgre_doctor.infer.kinds_of_evidence import SameLayout
from nvgre_doctor.vocabulary import Cause, Layout
from nvgre_doctor.wire.facts import IcmpError

ADMINISTRATIVELY_PROHIBITED: Final = frozenset({(4, 3, 10), (6, 1, 1)})
"""ICMP type 3 code 10 (RFC 1122 section 3.2.2.1) and ICMPv6 type 1 code 1 (RFC 4443 section 3.1):
version, type, code.
"""
REDIRECTS: Final = frozenset({(4, 5, 10), (6, 137, 1)})
"""REDIRECT of MS-NVGREE section 2.2.2: the VM moved."""


def kind_of(message: IcmpSign | IcmpError) -> tuple[int, int, int]:
    """Version, type and code of an ICMP message."""
    return message.version, message.type, message.code


def is_prohibited(message: IcmpSign | IcmpError) -> bool:
    """Whether an ICMP error is a 3/10 or its ICMPv6 twin."""
    return kind_of(message) in ADMINISTRATIVELY_PROHIBITED


def count_other_prohibited(evidence: Evidence) -> int:
    """Every 3/10 and 1/1 that refuses no NVGRE frame: of the underlay, and of guests."""
    return sum(
        seen.sightings.count
        for seen in icmp_errors(evidence)
        if is_prohibited(seen.sign) and not seen.sign.refuses_nvgre
    )


class _Row(NamedTuple):
    source: bytes
    destination: bytes
    sign: IcmpSign  # without what only the quote tells
    gre_key: int | None
    cause: Cause


def find_refusals(
    evidence: Evidence,
    streams: Iterable[Stream],
    hosts: Mapping[bytes, HostVerdict],
    ties: Iterable[SameLayout],
) -> list[RefusalFacts]:
    """All ICMP errors that quote NVGRE frames, by flow, in order."""
    errors = [seen for seen in icmp_errors(evidence) if seen.sign.refuses_nvgre]
    index = _FlowIndex(
        streams, {refused_flow(seen.sign) for seen in errors if seen.sign.quoted_key is None}
    )
    tied = {frozenset((tie.one.source, tie.two.source)) for tie in ties}
    counts: defaultdict[_Row, int] = defaultdict(int)
    frames: defaultdict[_Row, list[At]] = defaultdict(list)
    for seen in errors:
        source, destination = refused_flow(seen.sign)
        gre_key = seen.sign.quoted_key
        if gre_key is None:
            gre_key = index.identify(source, destination, seen.sign)
        bare = IcmpSign(*seen.sign[:8])
        row = _Row(
            source, destination, bare, gre_key, _cause(source, destination, seen, hosts, tied)
        )
        counts[row] += seen.sightings.count
        frames[row].extend(seen.frames())
    return [
        RefusalFacts(
            row.source,
            row.destination,
            row.sign,
            row.gre_key,
            count,
            _first(frames[row]),
            row.cause,
        )
        for row, count in sorted(counts.items(), key=lambda item: _sortable(item[0]))
    ]


def _first(frames: list[At]) -> tuple[At, ...]:
    return tuple(sorted(frames)[:EXAMPLES])


def _sortable(row: _Row) -> tuple[object, ...]:
    gre_key = -1 if row.gre_key is None else row.gre_key
    return (row.source, row.destination, gre_key, row.sign, row.cause)


def _cause(
    source: bytes,
    destination: bytes,
    seen: IcmpSeen,
    hosts: Mapping[bytes, HostVerdict],
    tied: set[frozenset[bytes]],
) -> Cause:
    """Only a 3/10 can be caused by layouts, and only proven layouts at the time of the refusal
    explain it.
    """
    if not is_prohibited(seen.sign):
        return Cause.UNKNOWN
    frames = seen.frames()
    spoken = [
        hosts[address].layout_between(min(frames), max(frames))
        if address in hosts
        else Layout.UNKNOWN
        for address in (source, destination)
    ]
    if Layout.UNKNOWN in spoken:
        return Cause.POLICY if frozenset((source, destination)) in tied else Cause.UNKNOWN
    return Cause.POLICY if spoken[0] is spoken[1] else Cause.LAYOUT_MISMATCH


class _FlowIndex:
    """Finds the key of a refused flow whose quote does not hold it, by what else is quoted: MACs or
    customer addresses.
    """

    def __init__(self, streams: Iterable[Stream], flows: Container[tuple[bytes, bytes]]) -> None:
        """`flows` are source and destination of those that may be asked about."""
        self._by_macs: defaultdict[tuple[bytes, bytes, bytes], set[int]] = defaultdict(set)
        self._by_customers: defaultdict[tuple[bytes, bytes, bytes], set[int]] = defaultdict(set)
        for stream in streams:
            if stream[:2] in flows:
                self._by_macs[*stream[:2], stream.macs].update(stream.gre_keys)
                self._by_customers[*stream[:2], stream.customer_addresses].update(stream.gre_keys)

    def identify(self, source: bytes, destination: bytes, sign: IcmpSign) -> int | None:
        """The key, if what is quoted fits frames of one key only."""
        if sign.quoted_macs:
            gre_keys = self._by_macs.get((source, destination, sign.quoted_macs), set())
        elif sign.quoted_customer_addresses:
            gre_keys = self._by_customers.get(
                (source, destination, sign.quoted_customer_addresses), set()
            )
        else:
            return None
        return next(iter(gre_keys)) if len(gre_keys) == 1 else None


def is_redirect(message: IcmpSign | IcmpError) -> bool:
    """Whether an ICMP message is the REDIRECT of MS-NVGREE."""
    return kind_of(message) in REDIRECTS
