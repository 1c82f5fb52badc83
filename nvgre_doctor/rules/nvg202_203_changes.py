"""NVG202 and NVG203: hosts that speak one layout after the other, or both at once."""

from collections.abc import Iterator

from nvgre_doctor.infer.answers import LEAST_MARGIN
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.rules.advice import AFTER_UPDATE, HOTFIX, Advice, update
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.rules.host_frames import (
    every_frame_of_host,
    filter_around,
    frames_around,
    frames_behind,
    if_nvgre,
    reasons_for,
)
from nvgre_doctor.statements import statement
from nvgre_doctor.vocabulary import Confidence, Layout, Sender, Severity
from nvgre_doctor.wording import LAYOUT_NAMES, address_text, listed, plural


def find_change(situation: Situation) -> Iterator[Finding]:
    """What it means
      The host sent one layout first and the other later: it was updated (or the update was removed)
      and restarted while the capture ran. It may have changed several times.

    How it is detected
      Between two stretches of its frames it was silent for 20 seconds or more, and what it sent
      before needs one layout, what it sent after the other (A2 restart). Often one VM was heard
      with key V and later with V shifted left by eight bits (A3 VM pair, A4 unique). Without the
      silence a change is likely at most, and so it is where one of the two layouts is only likely.
      Where captures tell different layouts and share no packet, nothing tells which came first.

    What it is not
      Not a host that mixes layouts: see NVG203. Two hosts that share an address one after the other
      look the same. A tenant whose id became another one looks alike, where it is the number
      multiplied by 256. Not said of senders that are no Hyper-V hosts.

    What to do
      Nothing, if the update was meant. Frames before the change explain earlier refusals. Check
      that the other hosts follow.

    Sources
      RFC 7637 section 3.2; draft-sridharan-virtualization-nvgre-00.
    """
    data = DataFilters(situation)
    for host in situation.diagnosis.hosts.values():
        if host.sender is Sender.OTHER:
            continue
        if not host.changes:
            yield from _without_order(situation, data, host)
            continue
        name = address_text(host.address)
        are_proven = all(change.is_proven for change in host.changes)
        confidence = host.confidence if are_proven else Confidence.LIKELY
        sure = "changed" if confidence is Confidence.PROVEN else "probably changed"
        steps = [f"to {LAYOUT_NAMES[c.after]} in frame {c.at.frame_number}" for c in host.changes]
        before, after = host.changes[0].before, host.changes[-1].after
        if len(steps) == 1:
            message = (
                f"{name} {sure} from {LAYOUT_NAMES[before]} to {LAYOUT_NAMES[after]} during the"
                f" capture: first in frame {host.changes[0].at.frame_number}."
            )
        else:
            message = (
                f"{name} {sure} its layout {len(steps)} times during the capture, first from"
                f" {LAYOUT_NAMES[before]}: {listed(steps)}."
            )
        yield finding(
            "NVG202",
            Severity.WARNING,
            message,
            about_host(host.address),
            frames_around(host),
            display_filter=filter_around(situation, data, host),
            advice=update(host) if after is Layout.OLD else AFTER_UPDATE,
            confidence=confidence,
        )


def _without_order(situation: Situation, data: DataFilters, host: HostVerdict) -> Iterator[Finding]:
    """Captures that tell different layouts, and nothing says in which order."""
    if not host.is_unordered or host.address in situation.diagnosis.of_several_labs:
        return
    of_layouts = [
        [span for span in host.spans if span.layout is layout and span.margin >= LEAST_MARGIN]
        for layout in (Layout.OLD, Layout.CURRENT)
    ]
    if not all(of_layouts):
        return
    name = address_text(host.address)
    captures = [{capture for span in spans for capture in span.captures} for spans in of_layouts]
    old, current = (plural(len(these), "capture") for these in captures)
    yield finding(
        "NVG202",
        Severity.WARNING,
        f"{name} probably changed its layout: it speaks {LAYOUT_NAMES[Layout.OLD]} in {old} and"
        f" {LAYOUT_NAMES[Layout.CURRENT]} in {current}. Nothing in them tells which came first.",
        about_host(host.address),
        [span.first for spans in of_layouts for span in spans],
        display_filter=data(host.address),
        advice=Advice(
            f"Find out which capture is the latest. If {name} speaks {LAYOUT_NAMES[Layout.OLD]} in"
            " it, ask the host by its own name whether it has the update.",
            HOTFIX,
        ),
        confidence=Confidence.LIKELY,
    )


def find_both(situation: Situation) -> Iterator[Finding]:
    """What it means
      One provider address sends keys of both layouts at the same time. Its peers understand at most
      half of them.

    How it is detected
      Proofs for both layouts, two frames or more each, without a silence of 20 seconds between
      them (A1 value). A single frame that contradicts all others is no second layout: see NVG405.

    What it is not
      Not an update during the capture (NVG202). An address that two machines share (a duplicate
      address, failover within seconds, or NAT between the hosts) gives the same picture. Tunnels of
      Open vSwitch and Linux use any number as key: those are not reported here.

    What to do
      Look for a second machine with this address. On the host, compare the versions of Wnv.sys and
      Wnvapi.dll: the article this tool goes back to names them as the files that the update
      replaces.

    Sources
      RFC 7637 section 3.2; draft-sridharan-virtualization-nvgre-00.
    """
    data = DataFilters(situation)
    for host in situation.diagnosis.hosts.values():
        if host.layout is not Layout.BOTH or host.sender is Sender.OTHER:
            continue
        name = address_text(host.address)
        both = [reasons_for(host, layout)[:1] for layout in (Layout.OLD, Layout.CURRENT)]
        reasons = [reason for group in both for reason in group]
        why = f": {'; and '.join(map(statement, reasons))}" if reasons else ""
        is_hyper_v = host.sender is Sender.HYPER_V
        second = f"Look for a second machine with the address {name}"
        yield finding(
            "NVG203",
            Severity.ERROR if is_hyper_v else Severity.WARNING,
            f"{name} sends both layouts at the same time{why}.{if_nvgre(host)}",
            about_host(host.address),
            frames_behind(situation, host, reasons),
            count=host.frames_sent,
            display_filter=data(host.address),
            advice=(
                Advice(f"{second}, or for an update that is half installed.", HOTFIX)
                if is_hyper_v
                else Advice(f"{second}, and find out what it is.")
            ),
            confidence=host.confidence,
        )


def shows_change(situation: Situation) -> Show:
    """The last frame before a change, and the first one after it."""

    def show(frame: Frame) -> Iterator[Claim]:
        if frame.packet is None:
            return
        name = name_of(frame.packet.source)
        for change in situation.host(frame.packet.source).changes:
            if frame.at == change.at:
                text = f"here {name} speaks {LAYOUT_NAMES[change.after]} for the first time"
                yield Claim((name,), text)
            elif frame.at == change.last_before:
                text = f"here {name} speaks {LAYOUT_NAMES[change.before]} for the last time"
                yield Claim((name,), text)

    return show


def shows_both(situation: Situation) -> Show:
    """Every frame of the host."""
    return every_frame_of_host("{} sends both layouts at the same time: key {}")


RULES = (
    Rule(
        "NVG202",
        Severity.WARNING,
        "host changed layout during the capture",
        find_change,
        shows_change,
    ),
    Rule(
        "NVG203",
        Severity.ERROR,
        "host sends both layouts at the same time",
        find_both,
        shows_both,
    ),
)
