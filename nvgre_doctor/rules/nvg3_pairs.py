"""NVG301 and NVG306: what two hosts do with each other."""

from collections import defaultdict
from collections.abc import Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.diagnosis import Stream
from nvgre_doctor.rules.advice import INSTALL_UPDATE, check_policy, check_update
from nvgre_doctor.rules.base import Rule, Situation, about_pair, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.vocabulary import Layout, PairVerdict, Severity, Verdict
from nvgre_doctor.wording import (
    LAYOUT_NAMES,
    address_text,
    both_readings,
    listed,
    plural,
    vm_pair_text,
)


def find_mismatch(situation: Situation) -> Iterator[Finding]:
    """What it means
      Two hosts that send NVGRE to each other use different layouts. Each reads another VSID than
      the other wrote: their virtual machines cannot talk, although every packet is well-formed.

    How it is detected
      The layouts of both hosts are proven, and they differ. For a host that changed its layout the
      later one counts.

    What it is not
      Not a fault of cabling, routing or firewalls: the packets arrive.

    What to do
      Install KB2779768 on the host with the old layout and restart it.

    Sources
      draft-sridharan-virtualization-nvgre-00; RFC 7637 section 3.2; Microsoft KB2779768.
    """
    for pair in situation.diagnosis.pairs:
        if pair.verdict is not PairVerdict.MISMATCH:
            continue
        one, two = (situation.host(address) for address in pair.hosts)
        old, current = (one, two) if one.layout is Layout.OLD else (two, one)
        old_name, current_name = address_text(old.address), address_text(current.address)
        sent = (
            situation.diagnosis.between(old.address, current.address),
            situation.diagnosis.between(current.address, old.address),
        )
        examples = [next((stream for stream in streams if stream.frames), None) for streams in sent]
        keys = " ".join(
            f"{address_text(s.source)} sends key {both_readings(s.lowest_gre_key)}."
            for s in examples
            if s is not None
        )
        yield finding(
            "NVG301",
            Severity.ERROR,
            f"{old_name} ({LAYOUT_NAMES[old.layout]}) and {current_name}"
            f" ({LAYOUT_NAMES[current.layout]}) cannot talk: they use different layouts. {keys}",
            about_pair(*pair.hosts),
            [stream.first for stream in examples if stream is not None],
            display_filter=for_wireshark.between(*pair.hosts),
            next_step=f"{INSTALL_UPDATE.format(host=old_name)} {check_update(old_name)}",
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
    for (one, two), silent in one_way_streams(situation):
        names = listed((vm_pair_text(stream.macs) for stream in silent), 3)
        yield finding(
            "NVG306",
            Severity.INFO,
            f"{plural(len(silent), 'VM pair')} between {address_text(one)} and {address_text(two)}"
            f" heard in one direction only: {names}.",
            about_pair(one, two),
            [stream.first for stream in silent],
            display_filter=for_wireshark.between(one, two),
            next_step=check_policy(address_text(two)),
        )


def one_way_streams(situation: Situation) -> Iterator[tuple[tuple[bytes, bytes], list[Stream]]]:
    """Pairs of hosts, both heard, with one stream for each VM pair between them that was heard in
    one direction only.
    """
    senders = {stream.source for stream in situation.diagnosis.streams if stream.frames}
    directions: defaultdict[tuple[bytes, bytes], dict[bytes, Stream]] = defaultdict(dict)
    for stream in situation.diagnosis.streams:
        if stream.frames and stream.macs and not stream.macs[0] & 1:  # unicast
            directions[stream.source, stream.destination].setdefault(stream.macs, stream)
    for pair in situation.diagnosis.pairs:
        one, two = pair.hosts
        if one not in senders or two not in senders:
            continue
        silent = [
            stream
            for source, destination in ((one, two), (two, one))
            for macs, stream in directions[source, destination].items()
            if macs[6:] + macs[:6] not in directions[destination, source]
        ]
        if silent:
            yield pair.hosts, silent


def shows_mismatch(situation: Situation) -> Show:
    """Frames between the two while their layouts differ, and errors that quote one."""

    def show(frame: Frame) -> Iterator[Claim]:
        if frame.packet is None:
            return
        source, destination = frame.packet.source, frame.packet.destination
        # In one order for both directions: Wireshark lists equal comments once.
        ends = sorted(
            (name_of(address), situation.layout_at(address, frame.at))
            for address in (source, destination)
        )
        (one, spoken), (two, other) = ends
        if spoken is not other and Layout.UNKNOWN not in (spoken, other):
            names = " and ".join(f"{name} ({LAYOUT_NAMES[layout]})" for name, layout in ends)
            yield Claim((one, two), f"{names} cannot talk: they use different layouts")

    return show


def shows_one_way(situation: Situation) -> Show:
    """Every frame of the VM pair."""
    silent = {(*s[:2], s.macs) for _, streams in one_way_streams(situation) for s in streams}

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is not None and (packet.source, packet.destination, packet.macs) in silent:
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
