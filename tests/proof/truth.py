"""What is true of recorded frames: layouts, pairs, refusals.  Of what was captured, not of what was
sent: a host that no capture heard has no truth.
"""

from collections import Counter
from typing import NamedTuple

from tests.proof.fabric import NEW, OLD, Fabric
from tests.proof.recording import Recording, Seen
from tests.proof.refused import Found, RefusedFlow, must_count, refused_flows

NO_NVGRE = "no-nvgre"


class Spoken(NamedTuple):
    """One data packet that an address sent: its true time, and where it was captured first."""

    at_ns: int
    layout: str
    capture: int
    frame: int


class HostTruth(NamedTuple):
    """An address that sent data.  `layouts` in the order in which they were spoken, each once for
    every time; `kind` is that of its machine.
    """

    address: str
    kind: str
    spoken: tuple[Spoken, ...]  # by true time
    is_two_machines: bool

    @property
    def layouts(self) -> list[str]:
        """As they followed one another: [draft-00, rfc7637, draft-00] for two changes."""
        found: list[str] = []
        for one in self.spoken:
            if found[-1:] != [one.layout]:
                found.append(one.layout)
        return found

    @property
    def last(self) -> str:
        return self.spoken[-1].layout


class Truth(NamedTuple):
    hosts: dict[str, HostTruth]
    mismatched: frozenset[tuple[str, str]]  # hosts of one layout each, which differ, sorted
    exchanged: frozenset[tuple[str, str]]  # every two hosts that exchanged data, sorted
    unclear: frozenset[str]  # whose own messages were cut before they could be told from data
    refusals: tuple[RefusedFlow, ...]
    other_icmp_3_10: tuple[int, int] | None  # None: one packet was captured several times
    has_old: bool  # a Hyper-V host whose last layout is draft-00 was heard
    has_two_machines: bool  # A2 is broken: of two machines with one address, perhaps unseen


def truth_of(fabric: Fabric, recordings: list[Recording]) -> Truth:
    found = _first_sightings(recordings)
    hosts = _hosts(fabric, found)
    exchanged = {
        tuple(sorted((seen.packet.source, seen.packet.destination)))
        for recording in recordings
        for seen in recording.frames
        if seen.packet.kind in ("data", "guest-error", "stray")
    }
    single = {
        address: host.last
        for address, host in hosts.items()
        if len(host.layouts) == 1 and host.last != NO_NVGRE
    }
    mismatched = {(a, b) for a, b in exchanged if {single.get(a), single.get(b)} == {OLD, NEW}}
    return Truth(
        hosts,
        frozenset(mismatched),
        frozenset(exchanged),  # type: ignore[arg-type]
        _unclear(found),
        refused_flows(fabric, found, exchanged),  # type: ignore[arg-type]
        _other_icmp(found, recordings, exchanged),  # type: ignore[arg-type]
        any(host.kind == "hyper-v" and host.last == OLD for host in hosts.values()),
        any(host.is_two_machines and len(host.layouts) > 1 for host in hosts.values()),
    )


def _first_sightings(recordings: list[Recording]) -> list[Found]:
    """Every packet once."""
    first: dict[int, tuple[int, int, Seen]] = {}
    length: Counter[int] = Counter()
    for index, recording in enumerate(recordings):
        for number, seen in enumerate(recording.frames, 1):
            if seen.is_wrong:
                continue
            first.setdefault(id(seen.packet), (index, number, seen))
            length[id(seen.packet)] = max(length[id(seen.packet)], len(seen.data))
    return [
        (index, number, seen.packet, length[packet])
        for packet, (index, number, seen) in first.items()
    ]


def _hosts(fabric: Fabric, found: list[Found]) -> dict[str, HostTruth]:
    spoken: dict[str, list[Spoken]] = {}
    for capture, number, packet, _ in found:
        if packet.kind in ("data", "guest-error"):
            layout = packet.layout or NO_NVGRE
            spoken.setdefault(packet.source, []).append(
                Spoken(packet.at_ns, layout, capture, number)
            )
    machines = {
        address: machine
        for machine in [*fabric.machines, *fabric.others]
        for address in machine.addresses
    }
    return {
        address: HostTruth(
            address,
            machines[address].kind,
            tuple(sorted(all_spoken)),
            machines[address].is_replaced,
        )
        for address, all_spoken in spoken.items()
    }


def _unclear(found: list[Found]) -> frozenset[str]:
    return frozenset(
        address
        for _, _, packet, octets in found
        if packet.refusal and packet.refusal.carried == "inner"
        if octets < packet.refusal.maybe_from
        for address in (packet.source, packet.destination)
    )


def _other_icmp(
    found: list[Found], recordings: list[Recording], exchanged: set[tuple[str, str]]
) -> tuple[int, int] | None:
    """How many ICMP 3/10 of the underlay and of guests, which refuse no NVGRE, there are; and at
    most, if those are counted that are cut before it can be told.
    """
    frames = [seen for recording in recordings for seen in recording.frames if not seen.is_wrong]
    if len(frames) != len(found):
        return None
    others = sum(
        octets >= (36 if packet.kind == "underlay-refusal" else 98 if ":" in packet.source else 78)
        for _, _, packet, octets in found
        if packet.kind in ("underlay-refusal", "guest-error")
    )
    cut = sum(
        packet.refusal is not None and not must_count(packet.refusal, octets, exchanged)
        for _, _, packet, octets in found
    )
    return others, others + cut
