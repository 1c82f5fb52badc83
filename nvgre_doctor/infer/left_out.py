"""Evidence without the hosts that are known not to speak NVGRE: their packets count as other GRE,
and say nothing about layouts.

Open vSwitch and Linux write tunnel keys that look like the old layout, so only a person can tell.
"""

from functools import cache
from typing import Final

from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.folded import FoldedCapture
from nvgre_doctor.evidence.parts import ends_of
from nvgre_doctor.evidence.signs import IcmpSign, Sightings, Sign
from nvgre_doctor.infer.hearsay import refused_flow
from nvgre_doctor.known.expectations import NetworkTable
from nvgre_doctor.vocabulary import Oddity

_NVGRE: Final = frozenset({Oddity.HOST_ERROR, Oddity.CONTROL})
"""Counted as NVGRE frames, like the frames of streams, and nowhere else."""
_OTHER_GRE: Final = frozenset({Oddity.TOO_SHORT, Oddity.LATER_FRAGMENT})
"""Counted as nothing else.  All other oddities with addresses are about frames that are counted
already.
"""


def leave_out(evidence: Evidence, not_nvgre: NetworkTable[bool]) -> Evidence:
    """The evidence as if every packet from or to these provider addresses were GRE that is no
    NVGRE.
    """

    @cache  # as many entries as there are hosts
    def is_out(address: bytes) -> bool:
        return address in not_nvgre

    @cache  # as many entries as there are directions
    def is_left(ends: bytes) -> bool:
        middle = len(ends) // 2 if len(ends) in (8, 32) else len(ends)
        return not (is_out(ends[:middle]) or (ends[middle:] and is_out(ends[middle:])))

    def kept(part: FoldedCapture) -> FoldedCapture:
        rest = CaptureEvidence(part.frames, part.nvgre_frames)
        for ends, frames in part.frames_by_ends().items():
            if not is_left(ends):
                _count_out(rest, frames, are_nvgre=True)
        rest.units.packed = {unit: rows for unit, rows in part.units() if is_left(ends_of(unit))}
        rest.units.unkept_frames.update(
            {ends: frames for ends, frames in part.unkept_frames if is_left(ends)}
        )
        for sign, seen in part.signs.items():
            if not (is_out(sign.source) or is_out(sign.destination)):
                rest.add_sign(sign, seen)
            elif sign.oddity in _NVGRE | _OTHER_GRE:
                _count_out(rest, seen.count, are_nvgre=sign.oddity in _NVGRE)
        for icmp_sign, error in part.icmp.items():
            is_about_nvgre = icmp_sign.refuses_nvgre or icmp_sign.is_cut
            about_out = is_about_nvgre and any(map(is_out, refused_flow(icmp_sign)))
            rest.add_icmp(_about_other_traffic(icmp_sign) if about_out else icmp_sign, error)
        return rest.folded()._replace(left_out=part.left_out, cut=part.cut)

    return evidence.changed(kept)


def _count_out(rest: CaptureEvidence, frames: int, *, are_nvgre: bool) -> None:
    rest.add_sign(Sign(Oddity.NOT_NVGRE), Sightings(frames, ()))
    if are_nvgre:
        rest.nvgre_frames -= frames


def _about_other_traffic(sign: IcmpSign) -> IcmpSign:
    """The same error, as it is counted when it quotes no NVGRE."""
    return IcmpSign(*sign[:6], refuses_nvgre=False, next_hop_mtu=sign.next_hop_mtu)
