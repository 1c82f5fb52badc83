"""NVG2xx: which layout single hosts speak."""

from collections.abc import Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.rules.advice import INSTALL_UPDATE, check_update
from nvgre_doctor.rules.base import Rule, Situation, about_host, finding
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Claim, Frame, Show, name_of
from nvgre_doctor.vocabulary import Confidence, Layout, Severity, Verdict
from nvgre_doctor.wire import layouts
from nvgre_doctor.wording import (
    LAYOUT_NAMES,
    address_text,
    both_readings,
    key_text,
    statement,
)


def find_old_layout(situation: Situation) -> Iterator[Finding]:
    """What it means
      The host writes the tenant's id into the low 24 bits of the GRE key, as the first NVGRE draft
      has it. Windows Server 2012 did so until update KB2779768. Hosts with the update read the
      upper 24 bits and cannot talk to it.

    How it is detected
      By value (as a VSID the key would be reserved), by the two directions of a VM pair, by a host
      that changed, by a peer that is known and must speak the same, or by your inventory.
      Statistical evidence alone makes it "likely" and a warning.

    What it is not
      A plain GRE tunnel of Open vSwitch or Linux with a small key looks the same on the wire.
      Without a sign of Hyper-V (MAC addresses 00:15:5D or 00:1D:D8, a peer with the shifted key, an
      UNREACHABLE inside NVGRE, many keys to one peer) this is only a warning. If all hosts use the
      old layout, they can talk to each other.

    What to do
      Get-HotFix -Id KB2779768 -ComputerName HOST shows whether the update is there. Update rollups
      of Windows Server 2012 were not cumulative: install the update itself and restart the host.
      Update all hosts of the fabric together.

    Sources
      draft-sridharan-virtualization-nvgre-00; RFC 7637 sections 3.2 and 3.4; Microsoft KB2779768.
    """
    for host in situation.diagnosis.hosts.values():
        if host.layout is not Layout.OLD:
            continue
        name = address_text(host.address)
        is_hnv = bool(host.hnv_signs)
        is_error = host.confidence is Confidence.PROVEN and is_hnv
        reason = next(statement(w) for w in host.witnesses if w.layout is Layout.OLD)
        doubt = (
            ""
            if is_hnv
            else (
                " Nothing else here looks like Hyper-V: it may be a plain GRE tunnel (Open vSwitch,"
                " Linux)."
            )
        )
        sure = "uses" if host.confidence is Confidence.PROVEN else "probably uses"
        frames = [w.stream.first for w in host.witnesses if w.layout is Layout.OLD]
        yield finding(
            "NVG201",
            Severity.ERROR if is_error else Severity.WARNING,
            f"{name} {sure} the old NVGRE layout (draft-00): {reason}.{doubt}",
            about_host(host.address),
            frames,
            display_filter=for_wireshark.from_host(host.address),
            next_step=(
                f"{INSTALL_UPDATE.format(host=name)} {check_update(name)}"
                if is_hnv
                else f"Find out what {name} is. If it is a Hyper-V host: {check_update(name)}"
            ),
            confidence=host.confidence,
        )


def find_change(situation: Situation) -> Iterator[Finding]:
    """What it means
      The host sent one layout first and the other later: it was updated (or the update was removed)
      and restarted while the capture ran.

    How it is detected
      Every proof for the one layout lies before every proof for the other. Often one VM was heard
      with key V and later with V shifted left by eight bits.

    What it is not
      Not a host that mixes layouts: see NVG203. Two hosts that share an address one after the other
      look the same.

    What to do
      Nothing, if the update was meant. Frames before the change explain earlier refusals. Check
      that the other hosts follow.

    Sources
      RFC 7637 section 3.2; draft-sridharan-virtualization-nvgre-00.
    """
    for host in situation.diagnosis.hosts.values():
        change = host.change
        if change is not None:
            name = address_text(host.address)
            yield finding(
                "NVG202",
                Severity.WARNING,
                f"{name} changed from {LAYOUT_NAMES[change.before]} to {LAYOUT_NAMES[change.after]}"
                f" during the capture: first in frame {change.at.frame_number}.",
                about_host(host.address),
                [change.last_before, change.at],
                display_filter=for_wireshark.from_host(host.address),
                next_step=check_update(name),
            )


def find_both(situation: Situation) -> Iterator[Finding]:
    """What it means
      One provider address sends keys of both layouts at the same time. Its peers understand at most
      half of them.

    How it is detected
      Proofs for both layouts, and their frames are mixed in time.

    What it is not
      Not a single update during the capture (NVG202). An address that two machines share (a
      duplicate address, or NAT between the hosts) gives the same picture.

    What to do
      Look for a second machine with this address. On the host, compare the versions of Wnv.sys and
      Wnvapi.dll: the article this tool goes back to names them as the files that the update
      replaces.

    Sources
      RFC 7637 section 3.2; draft-sridharan-virtualization-nvgre-00.
    """
    for host in situation.diagnosis.hosts.values():
        if host.layout is not Layout.BOTH:
            continue
        name = address_text(host.address)
        old, current = (
            next(w for w in host.witnesses if w.layout is layout)
            for layout in (Layout.OLD, Layout.CURRENT)
        )
        yield finding(
            "NVG203",
            Severity.ERROR if host.hnv_signs else Severity.WARNING,
            f"{name} sends both layouts at the same time: {statement(old)}; and"
            f" {statement(current)}.",
            about_host(host.address),
            [old.stream.first, current.stream.first],
            display_filter=for_wireshark.from_host(host.address),
            next_step=(
                f"Look for a second machine with the address {name}, or for an update that is half"
                f" installed. {check_update(name)}"
            ),
        )


def shows_old_layout(situation: Situation) -> Show:
    """Frames that the host sent in the old layout, and errors that quote one."""

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is None or situation.layout_at(packet.source, frame.at) is not Layout.OLD:
            return
        if layouts.fits_old(packet.gre_key):
            name = name_of(packet.source)
            confidence = situation.host(packet.source).confidence
            uses = "uses" if confidence is Confidence.PROVEN else "probably uses"
            key, tni = key_text(packet.gre_key), layouts.tni(packet.gre_key)
            text = f"{name} {uses} the old NVGRE layout (draft-00): key {key} is TNI {tni}"
            yield Claim((name,), text)

    return show


def shows_change(situation: Situation) -> Show:
    """The last frame before the change, and the first one after it."""

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        change = None if packet is None else situation.host(packet.source).change
        if packet is None or change is None:
            return
        name = name_of(packet.source)
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


def every_frame_of_host(text: str) -> Show:
    """`text` has a place for the host's name and one for its key."""

    def show(frame: Frame) -> Iterator[Claim]:
        if frame.packet is not None:
            name = name_of(frame.packet.source)
            yield Claim((name,), text.format(name, both_readings(frame.packet.gre_key)))

    return show


RULES = (
    Rule(
        "NVG201",
        Severity.ERROR,
        "host uses the old layout",
        find_old_layout,
        shows_old_layout,
        verdict=Verdict.OLD_LAYOUT,
        is_of_old_host=True,
    ),
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
