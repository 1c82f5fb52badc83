"""What is true of refusals: how many packets of each flow, which keys, which causes may be told.

A count is a range: what is cut may or may not be counted, and over IPv6, whose header has no
identification, equal refusals are bytes for bytes one packet.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tests.proof.fabric import Fabric, Machine
from tests.proof.packets import Packet, Refusal

CAUSES = ("layout-mismatch", "policy", "third-party")

Found = tuple[int, int, Packet, int]
"""Capture, frame number of the first sighting, packet, and the most octets captured of it."""


class RefusedFlow(NamedTuple):
    """Refusals of one kind about one flow.  A message inside NVGRE from another address of the
    refusing host, whose quote is no IP header, names that address only: then either is right.
    """

    source: str
    destinations: frozenset[str]
    by: str
    carried: str
    kind: tuple[int, int]
    surely: int
    at_most: int
    keys: frozenset[int]  # of which a quote shows the key
    causes: dict[str, int]  # of how many packets each cause may be told

    def fits(self, row: dict[str, object]) -> bool:
        """Whether a row of the report is of this flow."""
        icmp = row["icmp"]
        assert isinstance(icmp, dict)
        return (
            row["source"] == self.source
            and row["by"] == self.by
            and row["destination"] in self.destinations
            and row["carried"] == self.carried
            and (icmp["type"], icmp["code"]) == self.kind
        )

    def __str__(self) -> str:
        ends = f"{self.source} -> {'/'.join(sorted(self.destinations))} by {self.by}"
        return f"{ends} {self.carried} {self.kind}"


def refused_flows(
    fabric: Fabric, found: list[Found], exchanged: set[tuple[str, str]]
) -> tuple[RefusedFlow, ...]:
    """The flows of all ICMP errors that were captured far enough to tell what they are."""
    groups: dict[tuple[object, ...], list[tuple[Packet, Refusal, int]]] = {}
    for _, _, packet, octets in found:
        refusal = packet.refusal
        if refusal and octets >= refusal.maybe_from:
            destination = None if _is_vague(refusal) else refusal.destination
            key = refusal.source, refusal.by, refusal.carried, refusal.kind, destination
            groups.setdefault(key, []).append((packet, refusal, octets))
    known = _Eras(fabric, found)
    return tuple(_flow(groups[key], exchanged, known) for key in sorted(groups, key=repr))


def _is_vague(refusal: Refusal) -> bool:
    return refusal.carried == "inner" and refusal.by != refusal.destination


def _flow(
    members: list[tuple[Packet, Refusal, int]], exchanged: set[tuple[str, str]], known: "_Eras"
) -> RefusedFlow:
    sure = [
        packet.data[:octets]
        for packet, refusal, octets in members
        if must_count(refusal, octets, exchanged)
    ]
    first = members[0][1]
    causes: Counter[str] = Counter()
    for packet, refusal, _ in members:
        causes.update(_causes(packet, refusal, known))
    destinations = {refusal.destination for _, refusal, _ in members}
    return RefusedFlow(
        first.source,
        frozenset(destinations | {first.by} if _is_vague(first) else destinations),
        first.by,
        first.carried,
        first.kind,
        len(set(sure)) if ":" in first.source else len(sure),
        len(members),
        frozenset(refusal.key for _, refusal, octets in members if octets >= refusal.key_from),
        dict(causes),
    )


def must_count(refusal: Refusal, octets: int, exchanged: set[tuple[str, str]]) -> bool:
    """Whether so much was captured that nobody can take it for anything else."""
    low, high = sorted((refusal.source, refusal.destination))
    is_heard = (low, high) in exchanged or octets >= refusal.key_from
    return octets >= refusal.surely_from and is_heard


def _causes(packet: Packet, refusal: Refusal, known: "_Eras") -> Iterable[str]:
    """The causes that may be told of one packet; that it is not known may always be told."""
    if not known.both(refusal, packet.at_ns):
        return CAUSES  # nobody heard what the hosts spoke then
    if refusal.by != refusal.destination:
        return {refusal.cause, "third-party"}  # whose address that is, no frame says
    return (refusal.cause,)


class _Eras:
    """The times between the restarts of a host: in which of them it was heard to send data."""

    def __init__(self, fabric: Fabric, found: list[Found]) -> None:
        self.machines = {
            address: machine
            for machine in [*fabric.machines, *fabric.others]
            for address in machine.addresses
        }
        self.heard = {
            (packet.source, self._era(self.machines[packet.source], packet.at_ns))
            for _, _, packet, _ in found
            if packet.kind == "data"
        }

    @staticmethod
    def _era(machine: Machine, at_ns: int) -> int:
        starts = [start for start, _ in machine.downs] + [start for start, _ in machine.layouts]
        return sum(start <= at_ns for start in starts)

    def both(self, refusal: Refusal, at_ns: int) -> bool:
        return all(
            not self.machines[address].is_replaced
            and (address, self._era(self.machines[address], at_ns)) in self.heard
            for address in (refusal.source, refusal.destination)
        )
