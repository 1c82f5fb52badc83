"""Hosts that are alike share a box of the map: the finest grouping that a person can still see.

120 lines between 16 hosts are a smear; two old hosts and fourteen current ones are an answer.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable
from ipaddress import ip_network
from typing import Final, NamedTuple

from nvgre_doctor.report.model import Host
from nvgre_doctor.reporters.html.relations import Bond, Relations
from nvgre_doctor.reporters.html.shown import LOOKS, word_of

MOST_SINGLE: Final = 10
"""Hosts up to which each has a box of its own."""
MOST_BOXES: Final = 24


class Group(NamedTuple):
    """Hosts of one box, by their places; all have one word for their layout."""

    word: str
    places: tuple[int, ...]
    network: str  # what they share, if that is why they are together, or ""


class Edge(NamedTuple):
    """What is between two groups (or within one), of one kind."""

    one: int
    other: int
    bond: Bond
    pairs: int
    refused: int


def groups_of(relations: Relations) -> list[Group]:
    """The first grouping with few enough boxes; the last one, if none has."""
    groups: list[Group] = []
    words = [word_of(host) for host in relations.hosts]
    for key in _keys(relations, words):
        members: defaultdict[Hashable, list[int]] = defaultdict(list)
        for place in range(len(relations.hosts)):
            members[key(place)].append(place)
        groups = [
            Group(words[places[0]], tuple(places), _network(label))
            for label, places in members.items()
        ]
        if len(groups) <= MOST_BOXES:
            break
    return groups


def edges_of(relations: Relations, groups: list[Group]) -> list[Edge]:
    """The lines between boxes, worst first."""
    group_of = {place: index for index, group in enumerate(groups) for place in group.places}
    pairs: defaultdict[tuple[int, int, Bond], int] = defaultdict(int)
    refused: defaultdict[tuple[int, int, Bond], int] = defaultdict(int)
    for link in relations.links:
        one, other = sorted((group_of[link.one], group_of[link.other]))
        pairs[one, other, link.bond] += 1
        refused[one, other, link.bond] += link.refused
    order = list(Bond)
    return sorted(
        (Edge(*key, count, refused[key]) for key, count in pairs.items()),
        key=lambda edge: (order.index(edge.bond), edge.one, edge.other),
    )


def _keys(relations: Relations, words: list[str]) -> list[Callable[[int], Hashable]]:
    """From the finest to the coarsest: what hosts of one box have in common."""
    hosts, cannot, refused = relations.hosts, relations.cannot_reach, relations.is_refused
    coarse = [
        (words[place], bool(cannot[place]), refused[place], bool(host.changes))
        for place, host in enumerate(hosts)
    ]

    def alone(place: int, *, refused_too: bool) -> bool:
        host = hosts[place]
        is_refused = refused_too and refused[place] and not cannot[place]
        return LOOKS[words[place]] == "old" or bool(host.changes) or is_refused

    keys: list[Callable[[int], Hashable]] = [
        lambda place: place if alone(place, refused_too=True) else (words[place], cannot[place]),
        lambda place: place if alone(place, refused_too=False) else (words[place], cannot[place]),
        lambda place: (words[place], cannot[place], bool(hosts[place].changes)),
        lambda place: (*coarse[place], _network_of(hosts[place])),
        lambda place: coarse[place],
    ]
    if len(hosts) <= MOST_SINGLE:
        keys.insert(0, lambda place: place)
    return keys


def _network_of(host: Host) -> str:
    """The /24 of an IPv4 address, the /64 of an IPv6 address."""
    length = 64 if ":" in host.address else 24
    return str(ip_network(f"{host.address}/{length}", strict=False))


def _network(label: Hashable) -> str:
    return label[-1] if isinstance(label, tuple) and isinstance(label[-1], str) else ""
