"""The facts of frames are counted as evidence: exact for every frame, slow if it is done for each.

Knows facts and evidence; nothing about capture files, hosts or verdicts.
"""

from typing import Final, NamedTuple

from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.parts import Moment, Net, PartKey, unit_key
from nvgre_doctor.evidence.rows import NO_PACKET, pack, second_of
from nvgre_doctor.evidence.signs import IcmpInterval, IcmpSeen, IcmpSign, Sightings, Sign
from nvgre_doctor.vocabulary import Carried, Oddity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.ethertypes import ETHERTYPE_ARP
from nvgre_doctor.wire.facts import IcmpError, Nvgre, Quote, QuoteKind
from nvgre_doctor.wire.links import TAG_ETHERTYPES
from nvgre_doctor.wire.marks import Inner, Marks, conversation_of, message_digest, read_marks

_NAMED_HOSTS: Final = frozenset({Oddity.TOO_SHORT, Oddity.LATER_FRAGMENT})
"""Findings about these name the hosts."""
_ONLY_COUNTED: Final = frozenset({Oddity.NOT_GRE, Oddity.NOT_IP, Oddity.VXLAN})
"""Reasons of frames that are only counted: nobody asks which frames these were, and most frames of
a capture may be.
"""


class Reading(NamedTuple):
    """What the evidence takes of a frame, but when it was and which packet."""

    signs: tuple[Sign, ...] = ()
    icmp: IcmpSign | None = None
    unit: bytes = b""  # as in `parts.unit_key`: of tenants' data
    customers: bytes = b""  # the same
    is_nvgre: bool = False


def read_frame(linktype: int, frame: bytes, wire_length: int) -> tuple[Reading, Marks]:
    """Decode one frame."""
    facts, marks = decode(linktype, frame, wire_length), read_marks(linktype, frame)
    if isinstance(facts, Nvgre):
        return _read_nvgre(facts, marks.inner), marks
    if isinstance(facts, IcmpError):
        return Reading(icmp=icmp_sign(facts)), marks
    if facts.oddity in _NAMED_HOSTS:
        sign = Sign(facts.oddity, facts.source or b"", facts.destination or b"")
    else:
        detail = linktype if facts.oddity is Oddity.LINKTYPE else facts.ethertype or 0
        sign = Sign(facts.oddity, detail=detail)
    return Reading((sign,)), marks


def add(
    evidence: CaptureEvidence, reading: Reading, seen: Sightings, packed: bytes, error: IcmpSeen
) -> None:
    """Count frames of one reading: how often it was seen, the rows of its unit, and the intervals
    of its ICMP error.
    """
    for sign in reading.signs:
        examples = () if sign.oddity in _ONLY_COUNTED else seen.examples
        evidence.add_sign(sign, Sightings(seen.count, examples))
    if reading.icmp is not None:
        evidence.add_icmp(reading.icmp, error)
    if reading.unit:
        evidence.units.add([(reading.unit, packed)])
    evidence.nvgre_frames += seen.count * reading.is_nvgre


def add_frame(
    evidence: CaptureEvidence, linktype: int, frame: bytes, wire_length: int, moment: Moment
) -> None:
    """Count one frame of everything but its number: the caller counts that."""
    reading, marks = read_frame(linktype, frame, wire_length)
    second = second_of(moment.ts_ns)
    packet = (*marks[:2], 1, marks.hop_limit, conversation_of(marks.inner))
    row = (second, second, 1, *moment, *moment, *packet, *NO_PACKET)
    digest = message_digest(marks.message_number, marks.message, moment.ts_ns)
    error = IcmpInterval(second, second, 1, moment, moment, (moment,), ((digest, 1),))
    seen = Sightings(1, (moment,))
    add(evidence, reading, seen, pack(reading.customers, [row]), IcmpSeen((error,)))


def _read_nvgre(facts: Nvgre, inner: Inner) -> Reading:
    ends = (facts.source, facts.destination)
    macs = macs_of(facts)
    customers = inner.customers if macs else b""
    signs = []
    if facts.gre_flags != layouts.GRE_FLAGS:
        signs.append(Sign(Oddity.GRE_FLAGS, *ends, facts.gre_flags))
    if facts.is_fragment:
        signs.append(Sign(Oddity.FIRST_FRAGMENT, *ends))
    if facts.inner_ethertype in TAG_ETHERTYPES:
        signs.append(Sign(Oddity.INNER_TAG, *ends))
    error = facts.inner_error
    icmp = None if error is None else icmp_sign(error)
    if icmp is not None and icmp.refuses_nvgre:
        icmp = icmp._replace(macs=macs, customer_addresses=customers)
    is_control = layouts.is_control(facts.gre_key)
    if error is not None and (is_control or customers == facts.source + facts.destination):
        signs.append(Sign(Oddity.HOST_ERROR, *ends, facts.gre_key))
    elif is_control:
        signs.append(Sign(Oddity.CONTROL, *ends, facts.gre_key))
        if facts.inner_ethertype is None or not inner.is_sure:
            signs.append(Sign(Oddity.CUT_CONTROL, *ends))
    else:
        net = net_of(customers, macs, is_arp=facts.inner_ethertype == ETHERTYPE_ARP)
        key = PartKey(*ends, layouts.vsid(facts.gre_key), macs, net, inner.is_sure)
        octet, is_cut = layouts.flow_id(facts.gre_key), facts.inner_ethertype is None
        unit = unit_key(key, octet, is_cut=is_cut)
        return Reading(tuple(signs), icmp, unit, customers, is_nvgre=True)
    return Reading(tuple(signs), icmp, is_nvgre=True)


def net_of(customers: bytes, macs: bytes, *, is_arp: bool = False) -> Net:
    """How these customer addresses lie to each other; `macs` begins with that of the
    destination.
    """
    if not customers:
        return Net.UNKNOWN
    middle = len(customers) // 2
    same = 3 if middle == 4 else 8  # bytes of a /24, and of a /64
    if is_arp or macs[0] & 1 or customers[:same] == customers[middle : middle + same]:
        return Net.SUBNET
    return Net.ROUTED


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


def icmp_sign(error: IcmpError) -> IcmpSign:
    """All that an error says, as it is counted; of one inside NVGRE that refuses it, MACs and
    customer addresses come beside.
    """
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
        if quote.kind is QuoteKind.NONE and error.carried is Carried.OUTER:
            return sign._replace(is_cut=True)
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
