"""The facts of frames are counted as evidence: exact for every frame, slow if it is done for each.

Knows facts and evidence; nothing about capture files, hosts or verdicts.
"""

from typing import Final

from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.parts import Moment, Net, Packet, PartKey, unit_key
from nvgre_doctor.evidence.rows import Row, Seen, pack, second_of
from nvgre_doctor.evidence.signs import IcmpInterval, IcmpSeen, IcmpSign, Sightings, Sign
from nvgre_doctor.vocabulary import Carried, Oddity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import IcmpError, Nvgre, Other, Quote, QuoteKind
from nvgre_doctor.wire.links import ETHERTYPE_ARP, TAG_ETHERTYPES
from nvgre_doctor.wire.marks import Marks, message_at, read_marks

_NAMED_HOSTS: Final = frozenset({Oddity.TOO_SHORT, Oddity.LATER_FRAGMENT})
"""Findings about these name the hosts."""
_ONLY_COUNTED: Final = frozenset({Oddity.NOT_GRE, Oddity.NOT_IP, Oddity.VXLAN})
"""Reasons of frames that are only counted: nobody asks which frames these were, and most frames of
a capture may be.
"""


def add_frame(
    evidence: CaptureEvidence, linktype: int, frame: bytes, wire_length: int, moment: Moment
) -> None:
    """Count one frame of everything but its number: the caller counts that."""
    facts = decode(linktype, frame, wire_length)
    if isinstance(facts, Other):
        add_other(evidence, facts, Sightings(1, (moment,)), linktype)
        return
    marks = read_marks(linktype, frame)
    if isinstance(facts, Nvgre):
        _add_nvgre(evidence, facts, marks, moment)
    else:
        evidence.add_icmp(_icmp_sign(facts), _icmp_seen(marks, moment))


def add_other(evidence: CaptureEvidence, facts: Other, seen: Sightings, linktype: int) -> None:
    """Count frames without NVGRE, of which all facts are the same."""
    if facts.oddity in _ONLY_COUNTED:
        evidence.add_sign(Sign(facts.oddity), Sightings(seen.count, ()))
    elif facts.oddity in _NAMED_HOSTS:
        evidence.add_sign(Sign(facts.oddity, facts.source or b"", facts.destination or b""), seen)
    else:
        detail = linktype if facts.oddity is Oddity.LINKTYPE else 0
        evidence.add_sign(Sign(facts.oddity, detail=detail), seen)


def _add_nvgre(evidence: CaptureEvidence, facts: Nvgre, marks: Marks, moment: Moment) -> None:
    evidence.nvgre_frames += 1
    ends, seen = (facts.source, facts.destination), Sightings(1, (moment,))
    if facts.gre_flags != layouts.GRE_FLAGS:
        evidence.add_sign(Sign(Oddity.GRE_FLAGS, *ends, facts.gre_flags), seen)
    if facts.is_fragment:
        evidence.add_sign(Sign(Oddity.FIRST_FRAGMENT, *ends), seen)
    if facts.inner_ethertype in TAG_ETHERTYPES:
        evidence.add_sign(Sign(Oddity.INNER_TAG, *ends), seen)
    macs = macs_of(facts)
    customers = customer_addresses(facts.inner_source, facts.inner_destination) if macs else b""
    error = facts.inner_error
    if error is not None:
        sign = _icmp_sign(error)
        if error.refuses_nvgre:
            sign = sign._replace(macs=macs, customer_addresses=customers)
        evidence.add_icmp(sign, _icmp_seen(marks, moment))
    is_control = layouts.is_control(facts.gre_key)
    if error is not None and (is_control or customers == facts.source + facts.destination):
        evidence.add_sign(Sign(Oddity.HOST_ERROR, *ends, facts.gre_key), seen)
    elif is_control:
        evidence.add_sign(Sign(Oddity.CONTROL, *ends, facts.gre_key), seen)
        if facts.inner_ethertype is None or not marks.is_sure:
            evidence.add_sign(Sign(Oddity.CUT_CONTROL, *ends), seen)
    else:
        key = PartKey(
            *ends, layouts.vsid(facts.gre_key), macs, _net(facts, customers), marks.is_sure
        )
        second = second_of(moment.ts_ns)
        packet = Packet(marks.order, marks.digest, 1, marks.hop_limit, marks.conversation)
        row = Row(second, second, 1, moment, moment, (packet,))
        unit = unit_key(key, layouts.flow_id(facts.gre_key), is_cut=facts.inner_ethertype is None)
        evidence.add_unit(unit, pack(Seen(customers, (row,))))


def _net(facts: Nvgre, customers: bytes) -> Net:
    if not customers or facts.inner_destination_mac is None:
        return Net.UNKNOWN
    if facts.inner_ethertype == ETHERTYPE_ARP:
        return Net.SUBNET
    return net_of(customers, facts.inner_destination_mac)


def net_of(customers: bytes, destination_mac: bytes) -> Net:
    """Of IP: how these customer addresses, source + destination, lie to each other."""
    middle = len(customers) // 2
    same = 3 if middle == 4 else 8  # bytes of a /24, and of a /64
    is_link_local = destination_mac[0] & 1 or customers[:same] == customers[middle : middle + same]
    return Net.SUBNET if is_link_local else Net.ROUTED


def _icmp_seen(marks: Marks, moment: Moment) -> IcmpSeen:
    second = second_of(moment.ts_ns)
    digests = ((message_at(marks, moment.ts_ns), 1),)
    return IcmpSeen((IcmpInterval(second, second, 1, moment, moment, (moment,), digests),))


def bare_sign(error: IcmpError) -> IcmpSign:
    """What an error says itself, without what only its quote tells."""
    return IcmpSign(
        error.reporter,
        error.addressee,
        error.version,
        error.type,
        error.code,
        error.carried is Carried.INNER,
        error.refuses_nvgre,
        error.next_hop_mtu or 0,
    )


def _icmp_sign(error: IcmpError) -> IcmpSign:
    quote, sign = error.quote, bare_sign(error)
    if (
        quote.kind is QuoteKind.OUTER_IP and not error.refuses_nvgre
    ):  # cut before GRE: see infer.hearsay
        return sign._replace(
            quoted_source=quote.source or b"",
            quoted_destination=quote.destination or b"",
            shows_gre=True,
        )
    if not error.refuses_nvgre:
        # About somebody else's traffic: only counted, so what it quotes must not make distinct
        # entries.
        return sign
    customers = customer_addresses(quote.inner_source, quote.inner_destination)
    return sign._replace(
        quoted_source=quote.source or b"",
        quoted_destination=quote.destination or b"",
        quoted_key=quote.gre_key,
        quoted_macs=macs_of(quote),
        quoted_customer_addresses=customers if quote.gre_key is None else b"",
    )


def macs_of(packet: Nvgre | Quote) -> bytes:
    """As in StreamKey: inner destination and source; empty where they were not captured."""
    return (packet.inner_destination_mac or b"") + (packet.inner_source_mac or b"")


def customer_addresses(source: bytes | None, destination: bytes | None) -> bytes:
    """Both, one after the other, or nothing: half of them identifies no flow."""
    return source + destination if source and destination else b""
