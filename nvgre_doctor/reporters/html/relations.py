"""Who can talk to whom, and who is in trouble: what map, matrix, timeline and tables show alike.

Knows the Report; knows nothing about drawing.
"""

from collections import defaultdict
from enum import StrEnum
from typing import Final, NamedTuple

from nvgre_doctor.report.model import Host, Refusal, Report
from nvgre_doctor.reporters.html.shown import LOOKS, word_of
from nvgre_doctor.vocabulary import Cause, Layout, PairVerdict

_RANKS: Final = {"both": 0, "old": 1}


class Bond(StrEnum):
    """What is known about the traffic of two hosts, worst first."""

    CANNOT = "cannot"  # their layouts differ
    DIFFERED = "differed"  # they agree now; something was refused while they differed
    REFUSED = "refused"  # their layouts do not explain it
    UNKNOWN = "unknown"
    AGREE = "agree"


class Link(NamedTuple):
    """Two hosts that exchanged NVGRE, by their places in the order of trouble."""

    one: int
    other: int
    bond: Bond
    refused: int  # ICMP messages that refuse something, in both directions


class Relations(NamedTuple):
    """All hosts, those with trouble first, and what is between them."""

    hosts: tuple[Host, ...]
    links: tuple[Link, ...]
    cannot_reach: tuple[frozenset[str], ...]  # addresses, for each host
    is_refused: tuple[bool, ...]  # whether something that a host sent or was sent is refused
    refusals_elsewhere: int  # of flows of which an end is no host, or that exchanged nothing


def is_refusal(refusal: Refusal) -> bool:
    """Whether an ICMP error says that something is not accepted: not that it is too long, or too
    old.
    """
    if refusal.icmp_version == 6:
        return refusal.icmp_type == 1
    return refusal.icmp_type == 3 and refusal.icmp_code != 4


def relations_of(report: Report) -> Relations:
    """Everything that pairs and refusals say about hosts."""
    refused: defaultdict[tuple[str, str], int] = defaultdict(int)
    explained: set[tuple[str, str]] = set()
    for refusal in filter(is_refusal, report.refusals):
        flow = _sorted(refusal.source, refusal.destination)
        refused[flow] += refusal.count
        if refusal.cause is Cause.LAYOUT_MISMATCH:
            explained.add(flow)
    bonds: dict[tuple[str, str], Bond] = {}
    cannot: defaultdict[str, set[str]] = defaultdict(set)
    for pair in report.pairs:
        both = _sorted(*pair.hosts)
        if pair.verdict is PairVerdict.MISMATCH:
            bonds[both] = Bond.CANNOT
            cannot[both[0]].add(both[1])
            cannot[both[1]].add(both[0])
        elif both in refused:
            bonds[both] = Bond.DIFFERED if both in explained else Bond.REFUSED
        else:
            bonds[both] = Bond.AGREE if pair.verdict is PairVerdict.AGREE else Bond.UNKNOWN
    in_refusals = {host for flow in refused for host in flow}
    hosts = sorted(report.hosts, key=lambda host: _trouble(host, cannot, in_refusals))
    places = {host.address: place for place, host in enumerate(hosts)}
    links = [
        Link(places[one], places[other], bond, refused[one, other])
        for (one, other), bond in bonds.items()
        if one in places and other in places
    ]
    return Relations(
        tuple(hosts),
        tuple(links),
        tuple(frozenset(cannot[host.address]) for host in hosts),
        tuple(host.address in in_refusals for host in hosts),
        sum(count for flow, count in refused.items() if flow not in bonds),
    )


def _sorted(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def _trouble(
    host: Host, cannot: dict[str, set[str]], in_refusals: set[str]
) -> tuple[int, bool, bool, bool, bool]:
    """Least for the worst; a stable sort keeps the order by address."""
    return (
        _RANKS.get(LOOKS[word_of(host)], 2),
        host.address not in cannot,
        host.address not in in_refusals,
        not host.changes,
        host.layout != Layout.UNKNOWN,
    )
