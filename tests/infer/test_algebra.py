"""What must hold in every world: nobody is ever proven wrong, and what does not matter changes
nothing.

`outline` is what is compared: verdicts, reasons of what is proven, counts, pairs and refusals, with
hosts by their number.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from nvgre_doctor.infer.diagnosis import Diagnosis
from nvgre_doctor.known.inventory import Inventory, LookupRecord
from nvgre_doctor.wording import address_text
from tests import build
from tests.infer.truth import CURRENT, OLD, VSIDS, Event, World, other_traffic, reordered, worlds
from tests.worlds import (
    MILLISECOND,
    NOON,
    A,
    B,
    C,
    D,
    diagnose_tapes,
    findings_of,
    host_of,
    judge_tapes,
    known_vsids,
    lookups,
    vm,
)

pytestmark = pytest.mark.long

NAMES = (A, B, C, D)
few = settings(max_examples=60, deadline=None)


def outline(diagnosis: Diagnosis, names: Sequence[str] = NAMES) -> dict[str, Any]:
    """Everything that does not depend on how hosts are called and when frames came."""
    number = {build.ip(name): index for index, name in enumerate(names)}
    hosts = {
        number[host.address]: (
            host.layout,
            host.confidence,
            (
                frozenset((w.kind, w.layout) for w in host.witnesses)
                if host.confidence == "proven"
                else None
            ),
            (host.change.before, host.change.after) if host.change else None,
            host.frames_sent,
            host.frames_received,
            frozenset(host.hnv_signs),
        )
        for host in diagnosis.hosts.values()
        if host.address in number
    }
    pairs = {
        (frozenset(number[end] for end in pair.hosts), pair.verdict): frozenset(
            zip(
                (number[end] for end in pair.hosts),
                (pair.frames_forward, pair.frames_backward),
                strict=True,
            )
        )
        for pair in diagnosis.pairs
        if set(pair.hosts) <= set(number)
    }
    refusals: Counter[Any] = Counter()
    for refusal in diagnosis.refusals:
        refusals[
            number[refusal.source],
            number[refusal.destination],
            refusal.gre_key,
            refusal.sign.is_inner,
        ] += refusal.count
    return {"hosts": hosts, "pairs": pairs, "refusals": refusals}


def check_truth(world: World, diagnosis: Diagnosis) -> None:
    """No proven layout is wrong, no witness is wrong, and no change is invented."""
    for number, plan in enumerate(world.layouts):
        host = diagnosis.hosts.get(build.ip(NAMES[number]))
        if host is None or host.confidence != "proven":
            continue
        assert host.layout in world.spoken(number)
        for witness in host.witnesses:
            era = 0 if witness.stream.last.ts_ns < NOON + 200 * 10**9 else 1
            assert witness.layout == plan[era], witness
        if host.change is not None:
            assert (host.change.before, host.change.after) == plan


# --- the worst defect --------------------------------------------------------


@given(worlds(), st.sampled_from([0, 0, 76, 96, 128]))
@settings(max_examples=400, deadline=None)
def test_no_host_is_ever_proven_wrong(world: World, snaplen: int) -> None:
    diagnosis = diagnose_tapes(world.record(NAMES, snaplen))
    check_truth(world, diagnosis)
    for number, (layout, _) in enumerate(world.layouts):
        host = diagnosis.hosts.get(build.ip(NAMES[number]))
        if host is not None and host.confidence == "proven":
            assert host.layout == layout


@given(worlds(refusals=False), st.sampled_from([42, 54, 64, 70]))
@settings(max_examples=100, deadline=None)
def test_no_host_is_ever_proven_wrong_by_frames_that_are_cut_short(
    world: World, snaplen: int
) -> None:
    check_truth(world, diagnose_tapes(world.record(NAMES, snaplen)))


def lost_change(*events: Event) -> World:
    return World(((OLD, CURRENT), (OLD, OLD), (OLD, OLD)), frozenset({2000001, 1000000}), events)


@given(worlds(changes=True))
@example(
    lost_change(
        Event(0, 0, 1, 2000001, vm(1), vm(2)),
        Event(0, 1, 0, 2000001, vm(2), vm(1)),
        Event(1, 0, 2, 1000000 << 8, vm(3), vm(4)),
    )
)
@settings(max_examples=300, deadline=None)
def test_no_host_is_ever_proven_wrong_while_hosts_change_and_the_capture_loses_frames(
    world: World,
) -> None:
    check_truth(world, diagnose_tapes(world.record(NAMES)))


def records(world: World, with_macs: bool, with_addresses: bool) -> list[LookupRecord]:
    found = []
    for event in world.events:
        vsid = (
            event.gre_key if world.layouts[event.sender][event.era] == OLD else event.gre_key >> 8
        )
        for machine, host in (
            (event.source_vm, event.sender),
            (event.destination_vm, event.receiver),
        ):
            found.append(
                LookupRecord(
                    vsid,
                    build.ip(NAMES[host]) if with_addresses else None,
                    build.mac(machine.mac) if with_macs else None,
                )
            )
    return found


@given(
    worlds(changes=True), st.booleans(), st.booleans(), st.sets(st.sampled_from(VSIDS), max_size=2)
)
@settings(max_examples=120, deadline=None)
def test_a_true_and_complete_inventory_proves_nobody_wrong_and_contradicts_only_hosts_that_changed(
    world: World, with_macs: bool, with_addresses: bool, unused: set[int]
) -> None:
    inventory = lookups(*records(world, with_macs, with_addresses)).with_vsids(world.vsids | unused)
    diagnosis = diagnose_tapes(world.record(NAMES), inventory=inventory)
    check_truth(world, diagnosis)
    for number, (before, after) in enumerate(world.layouts):
        host = diagnosis.hosts.get(build.ip(NAMES[number]))
        assert host is None or before != after or not host.contradiction


@given(worlds(), st.sets(st.sampled_from(VSIDS), min_size=1, max_size=6))
@settings(max_examples=120, deadline=None)
def test_no_inventory_turns_a_proven_verdict_around_silently(world: World, vsids: set[int]) -> None:
    frames = world.record(NAMES)
    before = diagnose_tapes(frames)
    situation = judge_tapes(frames, inventory=known_vsids(*vsids))
    told = {
        f.subject.hosts[0]
        for f in findings_of(situation, "NVG204")
        if "inventory contradicts" in f.message
    }
    for address, host in before.hosts.items():
        if host.confidence != "proven":
            continue
        after = situation.diagnosis.hosts[address]
        if after.contradiction:
            assert (after.layout, after.confidence) == ("unknown", "none")
            assert address_text(address) in told
        else:
            assert (after.layout, after.confidence) == (host.layout, "proven")


# --- what does not matter ----------------------------------------------------


@given(worlds(changes=True), st.permutations(NAMES))
@few
def test_it_does_not_matter_how_hosts_are_numbered(world: World, names: list[str]) -> None:
    assert outline(diagnose_tapes(world.record(names)), names) == outline(
        diagnose_tapes(world.record(NAMES))
    )


@given(worlds(changes=True))
@few
def test_it_does_not_matter_which_host_comes_first(world: World) -> None:
    numbers = ("10.0.0.1", "172.16.9.200", "172.16.10.3", "203.0.113.7")
    for names in (numbers, numbers[::-1]):
        assert outline(diagnose_tapes(world.record(names)), names) == outline(
            diagnose_tapes(world.record(NAMES))
        )


@given(worlds(changes=True), st.data())
@few
def test_it_does_not_matter_in_which_order_frames_come_on_one_side_of_a_change(
    world: World, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(world.events))))
    shuffled = reordered(world, order)
    assert (
        outline(diagnose_tapes(shuffled.record(NAMES)))["hosts"]
        == outline(diagnose_tapes(world.record(NAMES)))["hosts"]
    )


@given(worlds(changes=True), st.data())
@few
def test_it_does_not_matter_what_else_is_on_the_wire(world: World, data: st.DataObject) -> None:
    frames = world.record(NAMES)
    crowded: list[build.Frame] = []
    noise = other_traffic({"one": A, "two": B})
    for frame in frames:
        crowded += [(frame[0], data.draw(st.sampled_from(noise)))] * data.draw(st.integers(0, 2))
        crowded.append(frame)
    crowded += [(NOON + 999 * 10**9, frame) for frame in noise]
    assert outline(diagnose_tapes(crowded)) == outline(diagnose_tapes(frames))


def doubled(whole: dict[str, Any]) -> dict[str, Any]:
    return {
        "hosts": {n: (*h[:4], 2 * h[4], 2 * h[5], h[6]) for n, h in whole["hosts"].items()},
        "pairs": {
            ends: frozenset((n, 2 * f) for n, f in counts)
            for ends, counts in whole["pairs"].items()
        },
        "refusals": Counter({row: 2 * count for row, count in whole["refusals"].items()}),
    }


@given(worlds(changes=True))
@few
def test_a_capture_of_every_packet_at_two_points_counts_double_and_says_the_same(
    world: World,
) -> None:
    frames = world.record(NAMES)
    twice = [
        (frame[0] + MILLISECOND // 10 * copy, *frame[1:]) for frame in frames for copy in (0, 1)
    ]
    assert outline(diagnose_tapes(twice)) == doubled(outline(diagnose_tapes(frames)))
    assert outline(diagnose_tapes(frames, frames)) == doubled(outline(diagnose_tapes(frames)))


@given(worlds(changes=True), st.data())
@few
def test_it_does_not_matter_over_how_many_files_a_capture_is_spread(
    world: World, data: st.DataObject
) -> None:
    frames = world.record(NAMES)
    homes = data.draw(st.lists(st.integers(0, 2), min_size=len(frames), max_size=len(frames)))
    files = [
        [frame for frame, home in zip(frames, homes, strict=True) if home == n] for n in range(3)
    ]
    assert outline(diagnose_tapes(*files)) == outline(diagnose_tapes(frames))


@given(worlds())
@few
def test_nothing_is_worse_than_nothing(world: World) -> None:
    """A capture with one more frame of a VM pair never proves the opposite of what it proved
    without it.
    """
    assume(world.events)
    frames = world.record(NAMES)
    shorter, longer = diagnose_tapes(frames[:-1]), diagnose_tapes(frames)
    for address, host in shorter.hosts.items():
        if host.confidence == "proven" and longer.hosts[address].confidence == "proven":
            assert longer.hosts[address].layout == host.layout


def test_the_outline_sees_differences() -> None:
    world = World(
        ((OLD, OLD), (CURRENT, CURRENT)), frozenset({5001}), (Event(0, 0, 1, 5001, vm(1), vm(2)),)
    )
    other = World(
        ((OLD, OLD), (CURRENT, CURRENT)),
        frozenset({5001}),
        (Event(0, 1, 0, 5001 << 8, vm(2), vm(1)),),
    )
    assert outline(diagnose_tapes(world.record(NAMES))) != outline(
        diagnose_tapes(other.record(NAMES))
    )
    assert host_of(diagnose_tapes(world.record(NAMES)), A).confidence == "proven"
    assert diagnose_tapes(world.record(NAMES), inventory=Inventory()).hosts.keys() == {
        build.ip(A),
        build.ip(B),
    }
