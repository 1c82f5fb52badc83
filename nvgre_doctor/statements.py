"""One sentence for each reason why a host speaks a layout: what the captures show."""

from collections.abc import Callable
from typing import Final

from nvgre_doctor.infer.host import Reason
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.vocabulary import Kind, Layout
from nvgre_doctor.wire import layouts
from nvgre_doctor.wording import LAYOUT_NAMES, address_text, key_text, listed, vm_pair_text


def statement(reason: Reason) -> str:
    """One reason in one sentence."""
    return _STATEMENTS[reason.kind](reason)


def network_id(stream: Stream, layout: Layout) -> int:
    """The stream's VSID or TNI under a layout."""
    return layouts.tni(stream.lowest_gre_key) if layout is Layout.OLD else stream.upper_bits


def _tenant(reason: Reason) -> int:
    """The id that the VM pair settled on."""
    if reason.tenant is not None:
        return reason.tenant
    return network_id(reason.streams[0], reason.layout)


def _range(reason: Reason) -> str:
    wanted = (
        layouts.Reading.OLD_ONLY if reason.layout is Layout.OLD else layouts.Reading.CURRENT_ONLY
    )
    gre_keys = [gre_key for stream in reason.streams for gre_key in stream.gre_keys]
    gre_key = next((k for k in gre_keys if layouts.reading(k) is wanted), gre_keys[0])
    if reason.layout is Layout.OLD:
        return (
            f"key {key_text(gre_key)} is TNI {layouts.tni(gre_key)};"
            f" as a VSID it would be {layouts.vsid(gre_key)}, which is reserved"
        )
    return (
        f"key {key_text(gre_key)} is VSID {layouts.vsid(gre_key)};"
        f" as a TNI its top octet would have to be 0, and it is {layouts.reserved_octet(gre_key)}"
    )


def _flow_id(reason: Reason) -> str:
    one = reason.streams[0]
    gre_keys = {k for s in reason.streams if s.macs == one.macs for k in s.gre_keys}
    back = {k for s in reason.streams if s.macs != one.macs for k in s.gre_keys}
    keys = listed((key_text(gre_key) for gre_key in sorted(gre_keys)), 3)
    if len(gre_keys) == 1 and back:
        keys += f" one way and {key_text(min(back))} back, in one conversation"
    return (
        f"VM pair {vm_pair_text(one.macs)} uses keys {keys}: one VSID {one.upper_bits}, several"
        " FlowIDs"
    )


def _both_directions(reason: Reason) -> str:
    one = reason.streams[0]
    other = next((s for s in reason.streams if s.macs[:6] != one.macs[:6]), one)
    return (
        f"VM pair {vm_pair_text(one.macs)}: key {key_text(one.lowest_gre_key)} one way,"
        f" {key_text(other.lowest_gre_key)} the other: both are VSID {_tenant(reason)}"
    )


def _layout_change(reason: Reason) -> str:
    one = reason.streams[0]
    other = next((s for s in reason.streams if s.upper_bits != one.upper_bits), None)
    if other is None:
        return (
            f"VM pair {vm_pair_text(one.macs)} has key {key_text(one.lowest_gre_key)} before a"
            f" silence and after it, so one layout{_because(reason)}"
        )
    first, second = sorted((one, other), key=lambda s: s.first)
    return (
        f"VM {one.inner_source_mac.hex(':')} sent key {key_text(first.lowest_gre_key)} and then"
        f" {key_text(second.lowest_gre_key)}: both are VSID {_tenant(reason)}"
    )


def _same_layout_peer(reason: Reason) -> str:
    one = reason.streams[0]
    peer = address_text(reason.partner or one.destination)
    spoken = reason.because[0].layout if reason.because else reason.layout
    return (
        f"VM pair {vm_pair_text(one.macs)} has one VSID, and {peer} speaks"
        f" {LAYOUT_NAMES[spoken]}{_because(reason)}, so key {key_text(one.lowest_gre_key)} is"
        f" {LAYOUT_NAMES[reason.layout]}"
    )


def _because(reason: Reason) -> str:
    """Why the other end or the other side of a silence is known, in parentheses."""
    return f" ({statement(reason.because[0])})" if reason.because else ""


def _low_octet(reason: Reason) -> str:
    gre_key = reason.streams[0].lowest_gre_key
    if reason.layout is Layout.CURRENT:
        return (
            f"the low octet of every key is 0, as in {key_text(gre_key)}: a host that generates no"
            " FlowID"
        )
    return (
        f"every VM pair with key {key_text(gre_key)} has the same low octet; FlowIDs would differ"
        " from flow to flow"
    )


def _inventory(reason: Reason) -> str:
    gre_key = reason.streams[0].lowest_gre_key
    as_tni, as_vsid = f"TNI {layouts.tni(gre_key)}", f"VSID {layouts.vsid(gre_key)}"
    known, other = (as_tni, as_vsid) if reason.layout is Layout.OLD else (as_vsid, as_tni)
    return f"key {key_text(gre_key)} read as {known} is in the inventory; read as {other} it is not"


_STATEMENTS: Final[dict[Kind, Callable[[Reason], str]]] = {
    Kind.RANGE: _range,
    Kind.FLOW_ID: _flow_id,
    Kind.BOTH_DIRECTIONS: _both_directions,
    Kind.LAYOUT_CHANGE: _layout_change,
    Kind.SAME_LAYOUT_PEER: _same_layout_peer,
    Kind.LOW_OCTET: _low_octet,
    Kind.INVENTORY: _inventory,
}
