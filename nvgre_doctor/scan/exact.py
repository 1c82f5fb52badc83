"""The facts of frames are counted as evidence: exact for every frame, slow if it is done for each.

Knows facts and evidence; nothing about capture files, hosts or verdicts.
"""

from typing import Final, NamedTuple

from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.signs import IcmpSign, Sightings, Sign
from nvgre_doctor.evidence.streams import Moment, StreamFacts, pack_stream
from nvgre_doctor.vocabulary import Carried, Oddity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wire.facts import Facts, IcmpError, Nvgre, Other, Quote, QuoteKind
from nvgre_doctor.wire.links import TAG_ETHERTYPES

_NAMED_HOSTS: Final = frozenset({Oddity.TOO_SHORT, Oddity.LATER_FRAGMENT})
"""Findings about these name the hosts."""
_ONLY_COUNTED: Final = frozenset({Oddity.NOT_GRE, Oddity.NOT_IP, Oddity.VXLAN})
"""Reasons of frames that are only counted: nobody asks which frames these were, and most frames of
a capture may be.
"""


class Tally(NamedTuple):
    """Frames of which all facts are the same: how many, the first EXAMPLES of them or fewer, the
    last one.
    """

    frames: int
    first: tuple[Moment, ...]
    last: Moment


def add_facts(evidence: CaptureEvidence, facts: Facts, tally: Tally, linktype: int) -> None:
    """Count decoded frames."""
    seen = Sightings(tally.frames, tally.first)
    if isinstance(facts, Nvgre):
        _add_nvgre(evidence, facts, tally, seen)
    elif isinstance(facts, IcmpError):
        evidence.add_icmp(_icmp_sign(facts), seen)
    else:
        _add_other(evidence, facts, seen, linktype)


def _add_other(evidence: CaptureEvidence, facts: Other, seen: Sightings, linktype: int) -> None:
    if facts.oddity in _ONLY_COUNTED:
        detail = facts.ethertype or 0
        evidence.add_sign(Sign(facts.oddity, detail=detail), Sightings(seen.count, ()))
    elif facts.oddity in _NAMED_HOSTS:
        evidence.add_sign(Sign(facts.oddity, facts.source or b"", facts.destination or b""), seen)
    else:
        detail = linktype if facts.oddity is Oddity.LINKTYPE else 0
        evidence.add_sign(Sign(facts.oddity, detail=detail), seen)


def _add_nvgre(evidence: CaptureEvidence, facts: Nvgre, tally: Tally, seen: Sightings) -> None:
    evidence.nvgre_frames += tally.frames
    ends = (facts.source, facts.destination)
    if facts.gre_flags != layouts.GRE_FLAGS:
        evidence.add_sign(Sign(Oddity.GRE_FLAGS, *ends, facts.gre_flags), seen)
    if facts.is_fragment:
        evidence.add_sign(Sign(Oddity.FIRST_FRAGMENT, *ends), seen)
    if facts.inner_ethertype in TAG_ETHERTYPES:
        evidence.add_sign(Sign(Oddity.INNER_TAG, *ends), seen)
    error = facts.inner_error
    if error is not None:
        evidence.add_icmp(_icmp_sign(error), seen)
    if error is not None and error.refuses_nvgre:
        evidence.add_sign(Sign(Oddity.HOST_ERROR, *ends, facts.gre_key), seen)
    elif layouts.is_control(facts.gre_key):
        evidence.add_sign(Sign(Oddity.CONTROL, *ends, facts.gre_key), seen)
    else:
        macs = macs_of(facts)
        packed = pack_stream(
            StreamFacts(
                tally.frames,
                tally.first[0],
                tally.last,
                customer_addresses(facts.inner_source, facts.inner_destination) if macs else b"",
                bytes([layouts.flow_id(facts.gre_key)]),
            )
        )
        key = layouts.vsid(facts.gre_key).to_bytes(3) + macs
        evidence.add_stream(facts.source + facts.destination, key, packed)


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
    ):  # cut before GRE: see infer.cut_quotes
        return sign._replace(
            quoted_source=quote.source or b"", quoted_destination=quote.destination or b""
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
