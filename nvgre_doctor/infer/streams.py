"""Evidence becomes streams: the captures laid over each other, and the packets that ICMP errors quote beside them."""

from collections.abc import Iterator
from dataclasses import dataclass

from nvgre_doctor.evidence import Evidence, IcmpSign, Sightings, StreamKey, unpack_stream
from nvgre_doctor.infer.model import At, Stream
from nvgre_doctor.wire import layouts


@dataclass(frozen=True, slots=True)
class IcmpSeen:
    """Sightings of one ICMP error in one capture."""

    sign: IcmpSign
    capture: int
    sightings: Sightings

    def frames(self) -> list[At]:
        """The example frames."""
        return [At(m.ts_ns, self.capture, m.frame_number) for m in self.sightings.examples]


def gather_streams(evidence: Evidence) -> list[Stream]:
    """Every stream of all captures, sorted."""
    merged: dict[tuple[bytes, bytes, int, bytes], Stream] = {}
    for stream in _streams(evidence):
        identity = stream[:4]
        known = merged.get(identity)
        merged[identity] = stream if known is None else _merge(known, stream)
    return [merged[identity] for identity in sorted(merged)]


def icmp_errors(evidence: Evidence) -> Iterator[IcmpSeen]:
    """Every ICMP error, in order."""
    for index in sorted(evidence.captures):
        for sign in sorted(evidence.captures[index].icmp, key=_sortable):
            yield IcmpSeen(sign, index, evidence.captures[index].icmp[sign])


def refused_flow(sign: IcmpSign) -> tuple[bytes, bytes]:
    """Source and destination of the packet that an ICMP error is about.

    Where the quote does not hold the outer IP header, the error went back to who sent the packet, from who received it.
    """
    return sign.quoted_source or sign.addressee, sign.quoted_destination or sign.reporter


def _sortable(sign: IcmpSign) -> tuple[object, ...]:
    return (*sign[:10], -1 if sign.quoted_key is None else sign.quoted_key, *sign[11:])


def _streams(evidence: Evidence) -> Iterator[Stream]:
    for index in sorted(evidence.captures):
        for packed_key, packed in evidence.captures[index].streams.items():
            key, facts = StreamKey.unpack(packed_key), unpack_stream(packed)
            if facts.customer_addresses == key.source + key.destination:
                continue  # a host's own message, cut before its ICMP type: it may repeat the key of the other side
            first, last = facts.first, facts.last
            yield Stream(
                *key,
                facts.low_octets,
                facts.frames,
                At(first.ts_ns, index, first.frame_number),
                At(last.ts_ns, index, last.frame_number),
                facts.hop_limit,
                facts.customer_addresses,
            )
    for seen in icmp_errors(evidence):
        quoted = _quoted_stream(seen)
        if quoted is not None:
            yield quoted


def _quoted_stream(seen: IcmpSeen) -> Stream | None:
    sign = seen.sign
    if not sign.refuses_nvgre or sign.quoted_key is None or layouts.is_control(sign.quoted_key):
        return None
    frames = seen.frames()
    return Stream(
        *refused_flow(sign),
        layouts.vsid(sign.quoted_key),
        sign.quoted_macs,
        bytes([layouts.flow_id(sign.quoted_key)]),
        0,
        min(frames),
        max(frames),
        0,
        b"",
    )


def _merge(a: Stream, b: Stream) -> Stream:
    captured = a if a.frames and (not b.frames or a.first <= b.first) else b if b.frames else a
    return captured._replace(
        low_octets=bytes(sorted({*a.low_octets, *b.low_octets})),
        frames=a.frames + b.frames,
        first=min(a.first, b.first),
        last=max(a.last, b.last),
    )
