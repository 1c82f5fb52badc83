"""ICMP errors whose quote ends behind an IP header with protocol 47: who else exchanges NVGRE tells
what they are about.
"""

from dataclasses import replace

from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.signs import IcmpSign


def decide_cut_quotes(evidence: Evidence) -> Evidence:
    """The evidence, in which such an error refuses NVGRE if NVGRE of the quoted flow was seen in
    any of the captures.

    A quote holds at least 8 bytes behind the IP header (RFC 792), which are flags, protocol and
    key; a small snap length cuts them off. Where no NVGRE of that flow was seen, the error stays
    one about other traffic.
    """
    flows = {ends for part in evidence.captures.values() for ends in part.frames_by_ends()}

    def decided(sign: IcmpSign) -> IcmpSign:
        if sign.refuses_nvgre or not sign.quoted_source:
            return sign
        if sign.quoted_source + sign.quoted_destination in flows:
            return sign._replace(refuses_nvgre=True)
        return IcmpSign(*sign[:8])

    def settled(part: CaptureEvidence) -> CaptureEvidence:
        rest = replace(part, icmp={})
        for sign, seen in part.icmp.items():
            rest.add_icmp(decided(sign), seen)
        return rest

    return Evidence({index: settled(part) for index, part in evidence.captures.items()})
