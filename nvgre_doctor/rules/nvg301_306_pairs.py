"""NVG301 and NVG306: what two hosts do with each other."""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import PairFacts
from nvgre_doctor.rules.advice import policy, update
from nvgre_doctor.rules.base import Rule, Situation, about_pair, finding
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.rules.numbered import Times, at_times, count_sent, is_in, times_of
from nvgre_doctor.rules.nvg302_303_refusals import is_by_layout, is_lower
from nvgre_doctor.rules.refused_flows import RefusedFlows, frames_of, keys_text, sightings_of
from nvgre_doctor.vocabulary import Confidence, Layout, PairVerdict, Severity, Verdict
from nvgre_doctor.wording import (
    LAYOUT_NAMES,
    address_text,
    listed,
    plural,
    vm_pair_text,
)

MOST_FILTERED: Final = 32
"""VM pairs that one display filter names."""


def find_mismatch(situation: Situation) -> Iterator[Finding]:
    """What it means
      Two hosts that send NVGRE to each other use different layouts. Each reads another VSID than
      the other wrote: their virtual machines cannot talk, although every packet is well-formed.

    How it is detected
      The layouts of both hosts are known for their last stretch of time, and they differ. What that
      rests on (A1 value, A2 restart, A3 VM pair, A4 unique, A5 clocks) stands with each host. If
      one of them is only likely, so is the mismatch, and this is a warning; likewise where only
      refusals were captured, and each host refuses the other's key, K and K shifted by eight bits.

    What it is not
      Not a fault of cabling, routing or firewalls: the packets arrive.

    What to do
      Find the host with the old layout: Get-NetVirtualizationProviderAddress on the hosts says
      which of them has the address. Install KB2779768 on it and restart it. Where the mismatch is
      only likely, find out first whether the update is missing.

    Sources
      draft-sridharan-virtualization-nvgre-00; RFC 7637 section 3.2; Microsoft KB2779768.
    """
    data = DataFilters(situation)
    times_of_pairs = _times(situation)
    counts = count_sent(
        situation,
        {
            flow: times
            for (one, two), times in times_of_pairs.items()
            if times
            for flow in (one + two, two + one)
        },
    )
    for pair in situation.diagnosis.pairs:
        if pair.verdict is not PairVerdict.MISMATCH:
            continue
        one, two = (situation.host(address) for address in pair.hosts)
        old, current = (one, two) if one.layout is Layout.OLD else (two, one)
        old_name, current_name = address_text(old.address), address_text(current.address)
        ends = old.address, current.address
        times = times_of_pairs.get(pair.hosts)
        sent = [
            [s for s in situation.diagnosis.between(*flow) if s.frames]
            for flow in (ends, ends[::-1])
        ]
        text = data(*pair.hosts)
        is_proven = pair.confidence is Confidence.PROVEN
        cannot = "cannot talk: they use" if is_proven else "probably cannot talk: they seem to use"
        yield finding(
            "NVG301",
            Severity.ERROR if is_proven else Severity.WARNING,
            f"{old_name} ({LAYOUT_NAMES[old.layout]}) and {current_name}"
            f" ({LAYOUT_NAMES[current.layout]}) {cannot} different layouts.",
            about_pair(*pair.hosts),
            [
                next((s.first for s in streams if is_in(times, s.first)), streams[0].last)
                if times
                else streams[0].first
                for streams in sent
                if streams
            ],
            count=(
                counts[ends[0] + ends[1]] + counts[ends[1] + ends[0]]
                if times
                else pair.frames_forward + pair.frames_backward
            ),
            display_filter=at_times(situation, text, times) if times else text,
            advice=update(old, is_certain=is_proven),
            confidence=pair.confidence,
        )
    yield from _refused_crosswise(situation)


def _times(situation: Situation) -> dict[tuple[bytes, bytes], Times]:
    """When the hosts of a pair spoke different layouts, where one of them changed its own."""
    times = {}
    for pair in situation.diagnosis.pairs:
        hosts = [situation.host(address) for address in pair.hosts]
        if pair.verdict is PairVerdict.MISMATCH and any(host.is_mixed for host in hosts):
            times[pair.hosts] = times_of(situation, hosts, partial(_differ, situation, pair.hosts))
    return times


def _differ(situation: Situation, ends: tuple[bytes, bytes], at: At) -> bool:
    spoken = {situation.layout_at(address, at) for address in ends}
    return len(spoken) == 2 and Layout.UNKNOWN not in spoken


def _refused_crosswise(situation: Situation) -> Iterator[Finding]:
    """Two hosts of which no data was captured, and each refuses the other's key."""
    heard = {pair.hosts for pair in situation.diagnosis.pairs}
    flows = RefusedFlows(situation)
    refused = dict(flows(is_by_layout))
    for (source, destination), refusals in refused.items():
        back = refused.get((destination, source))
        if back is None or source >= destination or (source, destination) in heard:
            continue
        both = [*refusals, *back]
        is_source_old = is_lower(situation, source, destination)
        old = situation.host(source if is_source_old else destination)
        one, two = address_text(source), address_text(destination)
        yield finding(
            "NVG301",
            Severity.WARNING,
            f"{one} and {two} probably cannot talk: each refuses the other's key, and one is the"
            f" other eight bits higher. {two} refuses {keys_text(refusals)} of {one}. {one} refuses"
            f" {keys_text(back)} of {two}.",
            about_pair(source, destination),
            frames_of(both),
            count=sightings_of(both),
            display_filter=flows.filter_of(both),
            advice=update(old, is_certain=False),
            confidence=Confidence.LIKELY,
        )


def find_one_way(situation: Situation) -> Iterator[Finding]:
    """What it means
      Virtual machines on two hosts: frames of a pair of them were seen in one direction only,
      although both hosts were heard.

    How it is detected
      Frames with inner source A and destination B, none with B and A, and NVGRE frames from both
      hosts.

    What it is not
      Often harmless: traffic that needs no answer, a short capture, or a capture filter. With a
      mismatch it is what a ping without a reply looks like.

    What to do
      If a mismatch or a refusal is reported for these hosts, that is the reason. Otherwise capture
      longer, and look at whether the receiving virtual machine runs.

    Sources
      RFC 7637 section 3.2.
    """
    data = DataFilters(situation)
    for pair, silent in silent_vm_pairs(situation):
        one, two = pair.hosts
        names = listed((vm_pair_text(vms.macs) for vms in silent), 3)
        is_few = len(silent) <= MOST_FILTERED
        machines = for_wireshark.any_of(for_wireshark.vm_pair(vms.macs) for vms in silent)
        yield finding(
            "NVG306",
            Severity.INFO,
            f"{plural(len(silent), 'VM pair')} between {address_text(one)} and {address_text(two)}"
            f" heard in one direction only: {names}"
            f"{'' if is_few else ' (too many for a display filter)'}.",
            about_pair(one, two),
            [vms.first for vms in silent],
            count=sum(vms.frames for vms in silent),
            display_filter=f"{data(one, two)} && ({machines})" if is_few else "",
            advice=policy(situation.host(two), situation.host(one)),
        )


class OneWay(NamedTuple):
    """What one VM sent to another that is never heard to answer."""

    source: bytes
    destination: bytes
    macs: bytes  # as in Stream
    first: At
    frames: int


def silent_vm_pairs(situation: Situation) -> Iterator[tuple[PairFacts, list[OneWay]]]:
    """Pairs of hosts, both heard, with the VM pairs between them that were heard in one direction
    only.
    """
    senders = {stream.source for stream in situation.diagnosis.streams if stream.frames}
    directions: defaultdict[tuple[bytes, bytes], dict[bytes, OneWay]] = defaultdict(dict)
    for s in situation.diagnosis.streams:
        if s.frames and s.macs and not s.macs[0] & 1:  # unicast
            of_flow = directions[s.source, s.destination]
            known = of_flow.get(s.macs)
            first, frames = s.first, s.frames
            if known is not None:
                first, frames = min(known.first, first), known.frames + frames
            of_flow[s.macs] = OneWay(s.source, s.destination, s.macs, first, frames)
    for pair in situation.diagnosis.pairs:
        one, two = pair.hosts
        if one not in senders or two not in senders:
            continue
        silent = [
            vms
            for source, destination in ((one, two), (two, one))
            for macs, vms in directions[source, destination].items()
            if macs[6:] + macs[:6] not in directions[destination, source]
        ]
        if silent:
            yield pair, silent


def shows_mismatch(situation: Situation) -> Show:
    """Frames between the two while their layouts differ."""
    known = {
        pair.hosts: pair.confidence is Confidence.PROVEN
        for pair in situation.diagnosis.pairs
        if pair.verdict is PairVerdict.MISMATCH
    }
    times = _times(situation)

    def show(frame: Frame) -> Iterator[Claim]:
        if frame.packet is None:
            return
        source, destination = frame.packet[:2]
        # In one order for both directions: Wireshark lists equal comments once.
        ends = (source, destination) if source < destination else (destination, source)
        if ends not in known or (ends in times and not is_in(times[ends], frame.at)):
            return
        named = sorted(
            (name_of(address), situation.layout_at(address, frame.at)) for address in ends
        )
        names = " and ".join(f"{name} ({LAYOUT_NAMES[layout]})" for name, layout in named)
        cannot = "cannot" if known[ends] else "probably cannot"
        one, two = (name for name, _ in named)
        yield Claim((one, two), f"{names} {cannot} talk: they use different layouts")

    return show


def shows_one_way(situation: Situation) -> Show:
    """Every frame of the VM pair."""
    silent = {vms[:3] for _, of_pair in silent_vm_pairs(situation) for vms in of_pair}

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is None:
            return
        if (packet.source, packet.destination, packet.macs) in silent:
            one, two = sorted((name_of(packet.source), name_of(packet.destination)))
            text = f"VM pair {vm_pair_text(packet.macs)} is heard in this direction only"
            yield Claim((one, two), text)

    return show


RULES = (
    Rule(
        "NVG301",
        Severity.ERROR,
        "two hosts use different layouts",
        find_mismatch,
        shows_mismatch,
        verdict=Verdict.MISMATCH,
        is_of_old_host=True,
    ),
    Rule(
        "NVG306",
        Severity.INFO,
        "VM pair heard in one direction only",
        find_one_way,
        shows_one_way,
    ),
)
