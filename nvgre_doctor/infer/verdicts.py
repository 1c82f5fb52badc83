"""Witnesses become one verdict per host: which layout, how sure, and when it changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from nvgre_doctor.infer.by_inventory import by_inventory
from nvgre_doctor.infer.diagnosis import At, Change, HostVerdict, Stream, Witness
from nvgre_doctor.infer.gathering import without_echoes
from nvgre_doctor.infer.kinds_of_evidence import (
    SameLayout,
    by_both_directions,
    by_flow_id,
    by_layout_change,
    by_range,
)
from nvgre_doctor.infer.likely import by_low_octet
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Confidence, Kind, Layout

Hosts = dict[bytes, HostVerdict]

RESTART_NS: Final = 20_000_000_000
"""A host changes its layout by a restart, which takes longer than this.  So what is proven of it
holds at least that long before
and after, even if the capture lost the frames that would show a change."""


def is_group_address(address: bytes) -> bool:
    """Whether an outer destination is a multicast group or broadcast (RFC 7637 section 4.2): no
    host answers to it.
    """
    if len(address) == 4:
        return address[0] >= 0xE0
    return address[0] == 0xFF


def judge_hosts(
    streams: list[Stream], frames: Mapping[tuple[bytes, bytes], int], inventory: Inventory
) -> tuple[Hosts, list[SameLayout]]:
    """A verdict for every provider address, and the ties between streams that fit either layout.

    `frames` counts them by source and destination; a flow that is only known from quotes has none.
    """
    hosts = _new_hosts(frames)
    streams = without_echoes(streams)
    direction_witnesses, same = by_both_directions(streams)
    found: defaultdict[bytes, list[Witness]] = defaultdict(list)
    for witness in (
        *by_range(streams),
        *by_flow_id(streams),
        *direction_witnesses,
        *by_layout_change(streams),
    ):
        found[witness.stream.source].append(witness)
    for address, host in hosts.items():
        host.witnesses = found[address]
        _settle(host)
    _follow_ties(hosts, same)
    _ask_inventory(hosts, streams, inventory)
    _guess(hosts, streams, same)
    return hosts, same


def _new_hosts(frames: Mapping[tuple[bytes, bytes], int]) -> Hosts:
    hosts: Hosts = {}
    for (source, destination), count in frames.items():
        hosts.setdefault(source, HostVerdict(source)).frames_sent += count
        if not is_group_address(destination):
            hosts.setdefault(destination, HostVerdict(destination)).frames_received += count
    return {address: hosts[address] for address in sorted(hosts, key=lambda a: (len(a), a))}


def _settle(host: HostVerdict) -> None:
    """Layout, confidence and change from the proofs at hand.

    Proofs for both layouts mean a change if all of one lie before all of the other, and both at the
    same time otherwise. The same stream proven both ways means that something does not add up: then
    nothing is proven.
    """
    old = [w.stream for w in host.witnesses if w.layout is Layout.OLD]
    current = [w.stream for w in host.witnesses if w.layout is Layout.CURRENT]
    host.change = None
    if not old and not current:
        return
    host.confidence = Confidence.PROVEN
    if not old or not current:
        host.layout = Layout.OLD if old else Layout.CURRENT
        return
    if {s[:4] for s in old} & {s[:4] for s in current}:
        host.layout, host.confidence = Layout.UNKNOWN, Confidence.NONE
        return
    for before, after, earlier, later in (
        (Layout.OLD, Layout.CURRENT, old, current),
        (Layout.CURRENT, Layout.OLD, current, old),
    ):
        last_before, first_after = max(s.last for s in earlier), min(s.first for s in later)
        if last_before < first_after:
            host.layout, host.change = after, Change(before, after, last_before, first_after)
            return
    host.layout = Layout.BOTH


def _follow_ties(hosts: Mapping[bytes, HostVerdict], ties: Iterable[SameLayout]) -> None:
    """Evidence "same layout as a proven peer", round by round, until nothing new is learned.

    Ties bind streams, not hosts: a stream stands on one side of its host's change, so nothing is
    carried across it, nor across a time in which the host may have changed unseen.  Each round
    looks only at the verdicts of the round before: the order of the ties does not matter.
    """
    open_ties = dict(enumerate(ties))
    of_host: defaultdict[bytes, list[int]] = defaultdict(list)
    for number, tie in open_ties.items():
        of_host[tie.one.source].append(number)
        of_host[tie.two.source].append(number)
    spans = {address: _span(host.witnesses) for address, host in hosts.items() if host.witnesses}
    worth_a_look = list(open_ties)
    while worth_a_look:
        learned: defaultdict[bytes, list[Witness]] = defaultdict(list)
        for number in worth_a_look:
            one, two = open_ties[number]
            layout_one = hosts[one.source].layout_of(one)
            layout_two = hosts[two.source].layout_of(two)
            if layout_one is not Layout.UNKNOWN and layout_two is not Layout.UNKNOWN:
                del open_ties[number]
            elif _is_proven_at(hosts[one.source], spans, one):
                learned[two.source].append(Witness(Kind.SAME_LAYOUT_PEER, layout_one, two, one))
                del open_ties[number]
            elif _is_proven_at(hosts[two.source], spans, two):
                learned[one.source].append(Witness(Kind.SAME_LAYOUT_PEER, layout_two, one, two))
                del open_ties[number]
        for address, witnesses in learned.items():
            hosts[address].witnesses.extend(witnesses)
            _settle(hosts[address])
            first, last = _span(witnesses)
            known = spans.setdefault(address, (first, last))
            spans[address] = min(known[0], first), max(known[1], last)
        # A tie between hosts about which nothing new is known says what it said before.
        worth_a_look = sorted(
            {number for address in learned for number in of_host[address] if number in open_ties}
        )


Span = tuple[At, At]
"""The first and the last frame of a host's proofs."""


def _span(witnesses: list[Witness]) -> Span:
    streams = [witness.stream for witness in witnesses]
    return min(stream.first for stream in streams), max(stream.last for stream in streams)


def _is_proven_at(host: HostVerdict, spans: Mapping[bytes, Span], stream: Stream) -> bool:
    """Whether the host's layout is proven for the time of a stream: between two of its proofs, or
    close to one.
    """
    layout = host.layout_of(stream)
    if (
        layout is Layout.UNKNOWN or host.change is not None
    ):  # with a change, it is known which side the stream is on
        return layout is not Layout.UNKNOWN
    first, last = spans[host.address]
    return (
        first.ts_ns - RESTART_NS <= stream.last.ts_ns
        and stream.first.ts_ns <= last.ts_ns + RESTART_NS
    )


def _ask_inventory(hosts: Hosts, streams: list[Stream], inventory: Inventory) -> None:
    """Evidence 6.  The administrator's word beats what was guessed; where it contradicts a proof,
    nothing is proven.
    """
    words: defaultdict[bytes, list[Witness]] = defaultdict(list)
    for witness in by_inventory(streams, inventory):
        words[witness.stream.source].append(witness)
    for address, witnesses in words.items():
        host = hosts[address]
        against = [
            w for w in witnesses if host.layout_of(w.stream) not in (w.layout, Layout.UNKNOWN)
        ]
        if against:
            host.witnesses.extend(against)
            host.layout, host.confidence, host.contradiction = Layout.UNKNOWN, Confidence.NONE, True
            host.change = None
            continue
        host.witnesses.extend(witnesses)
        _settle(host)


def _guess(hosts: Hosts, streams: list[Stream], ties: Iterable[SameLayout]) -> None:
    """Evidence 5, for hosts without any proof."""
    unproven = {
        host.address
        for host in hosts.values()
        if host.confidence is not Confidence.PROVEN
        and not host.contradiction
        and not host.witnesses
    }
    for witness in by_low_octet((stream for stream in streams if stream.source in unproven), ties):
        host = hosts[witness.stream.source]
        host.witnesses.append(witness)
        host.layout, host.confidence = witness.layout, Confidence.LIKELY
