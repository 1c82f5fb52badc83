"""What encapsulates at a provider address: Hyper-V, something else, or unclear.

Judged apart from the layout: other senders write any number as their key, so only a Hyper-V host
can be proven to use the old layout.  The MACs of guests say where guests live, and the outer hop
limit says who sent the packet: Windows starts at 128, Linux at 64, appliances often at 255.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.infer.groups import Group
from nvgre_doctor.infer.hearsay import icmp_errors
from nvgre_doctor.infer.models import Model
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Oddity, Sender
from nvgre_doctor.wire.gre import CHECKSUM, SEQUENCE

HYPER_V_VENDORS: Final = {bytes.fromhex(prefix) for prefix in ("00155d", "001dd8")}
"""Vendor prefixes of MAC addresses that Hyper-V and VMM give to virtual machines."""
OTHER_VENDORS: Final = {
    bytes.fromhex(prefix)
    for prefix in ("005056", "000c29", "000569", "525400", "fa163e", "00163e", "080027")
}
"""VMware, QEMU, OpenStack, Xen and VirtualBox."""
WINDOWS_HOP_LIMITS: Final = range(65, 129)
"""A hop limit that started at 128."""
SURE_PACKETS: Final = 2
"""How many packets each side of a mismatch must have sent to name both ends as Hyper-V."""


class Judgement(NamedTuple):
    """What a sender is, and the facts that say so."""

    sender: Sender
    reasons: tuple[str, ...]


class _Signs:
    """Frames of one address, counted."""

    __slots__ = ("guests", "hop_limits")

    def __init__(self) -> None:
        self.hop_limits: Counter[str] = Counter()
        self.guests: Counter[str] = Counter()


def judge_senders(
    evidence: Evidence, spans: Sequence[Span], models: Iterable[Model], inventory: Inventory
) -> dict[bytes, Judgement]:
    """Every provider address that sent data."""
    signs: defaultdict[bytes, _Signs] = defaultdict(_Signs)
    for span in spans:
        of_address = signs[span.address]
        for heard in span.heard:
            limit = max([packet.hop_limit for packet in heard.packets])
            of_address.hop_limits[_origin(limit)] += heard.frames
            if heard.macs:
                of_address.guests[_vendor(heard.macs[6:9])] += heard.frames
    messages = {
        told.sign.reporter: "it sent an UNREACHABLE or REDIRECT message inside NVGRE"
        for told in icmp_errors(evidence)
        if told.sign.is_inner and told.sign.refuses_nvgre
    }
    for _, sign, _ in evidence.signs(Oddity.CONTROL):
        messages.setdefault(sign.source, "it sent control traffic of NVGRE")
    flagged = {
        sign.source
        for _, sign, _ in evidence.signs(Oddity.GRE_FLAGS)
        if sign.detail & (CHECKSUM | SEQUENCE)
    }
    sure = {
        record.provider_address: "the inventory names it"
        for record in inventory.records
        if record.provider_address
    }
    for address in _with_shifted_ids(spans, models):
        sure[address] = "a peer writes the same id eight bits higher or lower"
    return {
        address: _judge(found, messages.get(address), sure.get(address), address in flagged)
        for address, found in signs.items()
    }


def _origin(hop_limit: int) -> str:
    if hop_limit in WINDOWS_HOP_LIMITS:
        return "128"
    return "64" if 0 < hop_limit < WINDOWS_HOP_LIMITS.start else "255"


def _vendor(prefix: bytes) -> str:
    if prefix in HYPER_V_VENDORS:
        return "Hyper-V"
    return "other" if prefix in OTHER_VENDORS else ""


def _judge(signs: _Signs, message: str | None, sure: str | None, is_flagged: bool) -> Judgement:
    origin, frames = _most(signs.hop_limits)
    is_windows = origin == "128" and 2 * frames > signs.hop_limits.total()
    guests = signs.guests
    are_ours = 2 * guests["Hyper-V"] > guests.total()
    are_foreign = 2 * guests["other"] > guests.total()
    reasons = [f"its hop limits start at {origin}"] if frames else []
    if are_ours:
        reasons.append("its guests have MAC addresses of Hyper-V")
    if are_foreign:
        reasons.append("its guests have MAC addresses of other hypervisors")
    if is_flagged:
        reasons.append("it sets checksum or sequence numbers in GRE")
    if message:
        reasons.append(message)
    if sure:
        reasons.append(sure)
    if sure or (is_windows and (message or (are_ours and not is_flagged))):
        sender = Sender.HYPER_V
    elif is_flagged or are_foreign or (frames and not is_windows):
        sender = Sender.OTHER
    else:
        sender = Sender.UNCLEAR
    return Judgement(sender, tuple(reasons))


def _most(counts: Mapping[str, int]) -> tuple[str, int]:
    """The commonest, and of several the first in order."""
    count, name = min(((-count, name) for name, count in counts.items()), default=(0, ""))
    return name, -count


def _with_shifted_ids(spans: Sequence[Span], models: Iterable[Model]) -> set[bytes]:
    """Both ends of a VM pair whose one id is the other shifted by eight bits, and nothing else."""
    found: set[bytes] = set()
    for model in models:
        if model.group is not Group.PAIR or model.is_soft or model.left:
            continue
        old = [unit for unit in model.units if unit.old_id == model.tenant]
        if not old or len(old) == len(model.units):
            continue
        new = [unit for unit in model.units if unit.old_id != model.tenant]
        sides = [{spans[unit.span].address for unit in units} for units in (old, new)]
        # No other id explains both sides: it would be this one eight bits higher, and lower.
        if sides[0].isdisjoint(sides[1]) and all(
            sum(unit.weight for unit in units) >= SURE_PACKETS for units in (old, new)
        ):
            found |= sides[0] | sides[1]
    return found
