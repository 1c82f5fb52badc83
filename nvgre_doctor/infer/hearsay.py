"""ICMP errors: which of them are about NVGRE, as far as a quote and who sent it can tell.

A quote is what its sender says; it counts refusals, and says nothing of layouts.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from nvgre_doctor.evidence import CaptureEvidence, Captures, Evidence
from nvgre_doctor.evidence.bundles import unbundled
from nvgre_doctor.evidence.folded import FoldedCapture
from nvgre_doctor.evidence.parts import ends_of, halves, is_kept, is_sure, macs_of
from nvgre_doctor.evidence.rows import customers_of
from nvgre_doctor.evidence.signs import IcmpSeen, IcmpSign
from nvgre_doctor.wire.facts import IcmpError

ADMINISTRATIVELY_PROHIBITED: Final = frozenset({(4, 3, 10), (6, 1, 1)})
"""ICMP type 3 code 10 (RFC 1122 section 3.2.2.1) and ICMPv6 type 1 code 1 (RFC 4443 section 3.1):
version, type, code.
"""
REDIRECTS: Final = frozenset({(4, 5, 10), (6, 137, 1)})
"""REDIRECT of MS-NVGREE section 2.2.2: the VM moved."""


class Told(NamedTuple):
    """One ICMP error in one capture, or in several that are alike."""

    sign: IcmpSign
    captures: Captures
    seen: IcmpSeen


def kind_of(message: IcmpSign | IcmpError) -> tuple[int, int, int]:
    """Version, type and code of an ICMP message."""
    return message.version, message.type, message.code


def is_prohibited(message: IcmpSign | IcmpError) -> bool:
    """Whether an ICMP error is a 3/10 or its ICMPv6 twin."""
    return kind_of(message) in ADMINISTRATIVELY_PROHIBITED


def is_redirect(message: IcmpSign | IcmpError) -> bool:
    """Whether an ICMP message is the REDIRECT of MS-NVGREE."""
    return kind_of(message) in REDIRECTS


def icmp_errors(evidence: Evidence) -> Iterator[Told]:
    """Every ICMP error, capture by capture."""
    for capture, captures in evidence.different():
        for sign, seen in capture.icmp.items():
            yield Told(sign, captures, seen)


def count_other_prohibited(evidence: Evidence) -> int:
    """Every 3/10 and 1/1 that refuses no NVGRE frame: of the underlay, and of guests."""
    return sum(
        len(heard.captures) * heard.seen.count
        for heard in icmp_errors(evidence)
        if is_prohibited(heard.sign) and not heard.sign.refuses_nvgre
    )


def find_cut_refusals(evidence: Evidence) -> list[tuple[bytes, bytes]]:
    """Who sent a 3/10 or 1/1 to whom, that may refuse NVGRE: they exchange it, and the message was
    captured too short to tell.
    """
    return sorted(
        {
            (heard.sign.reporter, heard.sign.addressee)
            for heard in icmp_errors(evidence)
            if heard.sign.is_cut and is_prohibited(heard.sign)
        }
    )


def refused_flow(sign: IcmpSign) -> tuple[bytes, bytes]:
    """Source and destination of the packet that an ICMP error is about.

    Where the quote does not hold the outer IP header, the error went back to who sent the packet,
    from who received it.
    """
    return sign.quoted_source or sign.addressee, sign.quoted_destination or sign.reporter


def settle_errors(evidence: Evidence) -> Evidence:
    """The evidence, in which every ICMP error says truly whether it refuses NVGRE.

    A quote holds at least 8 bytes behind the IP header (RFC 792), which are flags, protocol and
    key; a small snap length cuts them off.  Such an error refuses NVGRE if NVGRE between the same
    addresses was seen in any of the captures, whichever way.  What shows protocol 47, and was
    captured too short to say for whom, may refuse NVGRE wherever it goes to somebody who sends it.
    An error from inside a tunnel whose MAC and customer address also carry tenant data is a guest's
    own, whatever it quotes.
    """
    different = [capture for capture, _ in evidence.different()]
    if not any(capture.icmp for capture in different):
        return evidence
    flows: set[bytes] = set()
    if any(map(_may_refuse, chain(*[capture.icmp for capture in different]))):
        flows = {ends for capture in different for ends, _ in capture.unkept_frames}
        for bundle in evidence.bundles():
            flows |= {ends_of(unit) for unit, _ in unbundled(bundle) if is_kept(unit)}
    senders = {halves(ends)[0] for ends in flows}
    guests = _guests(evidence)

    def settled(sign: IcmpSign) -> IcmpSign:
        if sign.refuses_nvgre:
            return _about_guests(sign) if _is_of_guest(sign, guests) else sign
        if not _may_refuse(sign):
            return sign
        source, destination = refused_flow(sign)
        if source + destination in flows or destination + source in flows:
            return sign._replace(refuses_nvgre=True, shows_gre=False) if sign.shows_gre else sign
        may_refuse = sign.shows_gre and not sign.quoted_destination and sign.addressee in senders
        return IcmpSign(*sign[:8], is_cut=may_refuse)

    def kept(capture: FoldedCapture) -> FoldedCapture:
        rest = CaptureEvidence()
        for sign, seen in capture.icmp.items():
            rest.add_icmp(settled(sign), seen)
        return capture._replace(icmp=rest.icmp)

    return evidence.changed(kept)


def _may_refuse(sign: IcmpSign) -> bool:
    return not sign.refuses_nvgre and (sign.shows_gre or sign.is_cut)


def _guests(evidence: Evidence) -> set[tuple[bytes, bytes]]:
    """MAC and customer address of those that tenant data is from and to, as far as an error has
    such a MAC.
    """
    macs_of_errors = {
        mac for heard in icmp_errors(evidence) if heard.sign.macs for mac in halves(heard.sign.macs)
    }
    guests: set[tuple[bytes, bytes]] = set()
    for bundle in evidence.bundles() if macs_of_errors else ():
        for unit, packed in unbundled(bundle):
            if unit[-12:-6] not in macs_of_errors and unit[-6:] not in macs_of_errors:
                continue  # as nearly always
            if is_sure(unit) and is_kept(unit) and (customers := customers_of(packed)):
                destination, source = halves(macs_of(unit))
                of_source, of_destination = halves(customers)
                guests |= {(source, of_source), (destination, of_destination)}
    return guests


def _is_of_guest(sign: IcmpSign, guests: set[tuple[bytes, bytes]]) -> bool:
    destination, source = halves(sign.macs)
    of_source, of_destination = halves(sign.customer_addresses)
    return not guests.isdisjoint({(source, of_source), (destination, of_destination)})


def _about_guests(sign: IcmpSign) -> IcmpSign:
    """The same error, as it is counted when it refuses no NVGRE."""
    return IcmpSign(*sign[:6], refuses_nvgre=False, next_hop_mtu=sign.next_hop_mtu)
