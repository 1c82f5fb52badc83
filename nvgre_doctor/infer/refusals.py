"""ICMP errors become refused flows: which flow, with which key, how many packets, and why."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.signs import EXAMPLES, IcmpSign
from nvgre_doctor.infer.causes import cause_of, find_answers
from nvgre_doctor.infer.diagnosis import About, RefusalFacts
from nvgre_doctor.infer.hearsay import icmp_errors, refused_flow
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.infer.refusal_counts import Refused, spells_of
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.vocabulary import Cause

Flow = tuple[bytes, bytes]
"""Source and destination."""


class Refusals(NamedTuple):
    """All ICMP errors that quote NVGRE frames, by flow, in order; and what each of them refuses."""

    facts: list[RefusalFacts]
    about: dict[IcmpSign, About]


def find_refusals(
    evidence: Evidence, streams: Iterable[Stream], hosts: Mapping[bytes, HostVerdict]
) -> Refusals:
    """Which flows are refused, by whom and why."""
    errors = [heard for heard in icmp_errors(evidence) if heard.sign.refuses_nvgre]
    if not errors:
        return Refusals([], {})
    index = _FlowIndex(streams, {heard.sign.addressee for heard in errors})
    abouts: dict[IcmpSign, About] = {}
    for sign in {heard.sign: None for heard in errors}:
        flow, gre_key = index.flow_and_key(sign)
        abouts[sign] = About(*flow, IcmpSign(*sign[:8]), gre_key)
    answers = find_answers(abouts, errors)
    found: defaultdict[About, Refused] = defaultdict(Refused)
    for heard in errors:
        about = abouts[heard.sign]
        for interval in heard.seen.intervals:
            cause = cause_of(about, interval, heard.captures[0], hosts, answers)
            found[about].add(cause, interval, heard.captures)
    return Refusals(list(_facts(found)), abouts)


def _facts(found: Mapping[About, Refused]) -> Iterator[RefusalFacts]:
    told = {about: list(seen.by_cause()) for about, seen in found.items()}
    causes: defaultdict[tuple[object, ...], set[Cause]] = defaultdict(set)
    for about, rows in told.items():
        causes[about[:3]].update(cause for cause, _ in rows)
    for about in sorted(told, key=_sortable):
        is_several = len(causes[about[:3]]) > 1
        for cause, row in told[about]:
            yield RefusalFacts(
                *about,
                row.packets,
                tuple(sorted(row.frames)[:EXAMPLES]),
                cause,
                row.sightings,
                tuple(sorted(spells_of(row.seen))) if is_several else (),
            )


def _sortable(about: About) -> tuple[object, ...]:
    gre_key = -1 if about.gre_key is None else about.gre_key
    return (about.source, about.destination, gre_key, about.sign)


class _FlowIndex:
    """Finds the flow and the key of a refusal whose quote does not hold them, by what else is
    quoted: MACs or customer addresses.
    """

    def __init__(self, streams: Iterable[Stream], senders: set[bytes]) -> None:
        """`senders` are those whose flows may be asked about."""
        self._flows: set[Flow] = set()
        self._found: defaultdict[tuple[bytes, bytes], list[Stream]] = defaultdict(list)
        for stream in streams:
            self._flows.add(stream[:2])
            if stream.source in senders:
                for quoted in {stream.macs, stream.customer_addresses} - {b""}:
                    self._found[stream.source, quoted].append(stream)

    def flow_and_key(self, sign: IcmpSign) -> tuple[Flow, int | None]:
        """The key, if what is quoted fits frames of one key only.  The message may come from
        another address of the host that refuses: then the flow is one that was heard.
        """
        source, destination = refused_flow(sign)
        customers = sign.quoted_source + sign.quoted_destination
        if sign.is_inner and (source, destination) not in self._flows:
            # A guest's own tunnel inside NVGRE looks like the packet of a host.
            fitting = self._found.get((sign.addressee, customers), [])
            if fitting:
                return self._one_of(sign.addressee, sign.reporter, fitting)
        quoted = sign.quoted_macs or sign.quoted_customer_addresses
        fitting = self._found.get((source, quoted), [])  # nothing where nothing is quoted
        if not sign.quoted_destination and (source, destination) not in self._flows:
            heard = {stream.destination for stream in fitting}
            if len(heard) == 1:
                destination = heard.pop()
        if sign.quoted_key is not None:
            return (source, destination), sign.quoted_key
        return self._one_of(source, destination, fitting)

    def _one_of(
        self, source: bytes, destination: bytes, fitting: Iterable[Stream]
    ) -> tuple[Flow, int | None]:
        gre_keys = {
            gre_key
            for stream in fitting
            if stream.destination == destination
            for gre_key in stream.gre_keys
        }
        return (source, destination), gre_keys.pop() if len(gre_keys) == 1 else None
