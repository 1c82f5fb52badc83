"""ICMP errors whose quote ends behind an IP header with protocol 47: who else exchanges NVGRE tells what they are about."""

from nvgre_doctor.evidence import CaptureEvidence, Evidence, IcmpSign


def decide_cut_quotes(evidence: Evidence) -> Evidence:
    """The evidence, in which such an error refuses NVGRE if NVGRE of the quoted flow was seen in any of the captures.

    A quote holds at least 8 bytes behind the IP header (RFC 792), which are flags, protocol and key; a small snap length cuts them off.
    Where no NVGRE of that flow was seen, the error stays one about other traffic.
    """
    flows = {ends for part in evidence.captures.values() for ends in part.directions}

    def decided(sign: IcmpSign) -> IcmpSign:
        is_cut = not sign.refuses_nvgre and bool(sign.quoted_source)
        if not is_cut:
            return sign
        if sign.quoted_source + sign.quoted_destination in flows:
            return sign._replace(refuses_nvgre=True)
        return IcmpSign(*sign[:8])

    def settled(part: CaptureEvidence) -> CaptureEvidence:
        if not any(sign.quoted_source and not sign.refuses_nvgre for sign in part.icmp):
            return part
        rest = CaptureEvidence(
            part.frames,
            part.nvgre_frames,
            part.directions,
            part.unkept,
            part.signs,
            is_thinned=part.is_thinned,
            vm_stream_count=part.vm_stream_count,
        )
        for sign, seen in part.icmp.items():
            rest.add_icmp(decided(sign), seen)
        return rest

    return Evidence({index: settled(part) for index, part in evidence.captures.items()})
