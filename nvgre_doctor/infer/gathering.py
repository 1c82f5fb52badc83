"""Evidence becomes streams: the captures laid over each other, and the packets that ICMP errors
quote beside them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.signs import IcmpSeen as Seen
from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.evidence.streams import streams
from nvgre_doctor.infer.diagnosis import At, Stream
from nvgre_doctor.wire import layouts


class IcmpSeen(NamedTuple):
    """Sightings of one ICMP error in one capture."""

    sign: IcmpSign
    capture: int
    sightings: Seen

    def frames(self) -> list[At]:
        """The example frames."""
        return [At(m.ts_ns, self.capture, m.frame_number) for m in self.sightings.examples]


def gather_streams(evidence: Evidence) -> list[Stream]:
    """Every stream of all captures, by source, destination, bits 31..8 and MACs."""
    merged: dict[tuple[bytes, bytes, int, bytes], Stream] = {}
    for stream in _streams(evidence):
        identity = stream[:4]
        known = merged.get(identity)
        merged[identity] = stream if known is None else _merge(known, stream)
    return sorted(merged.values())  # no two have the same first four fields


def count_frames(evidence: Evidence, streams: Iterable[Stream]) -> dict[tuple[bytes, bytes], int]:
    """NVGRE data frames by source and destination, 0 for flows that only quotes tell of; in
    order.
    """
    counts: defaultdict[tuple[bytes, bytes], int] = defaultdict(int)
    for stream in streams:
        if stream.destination:
            counts[stream.source, stream.destination] += stream.frames
    for part in evidence.captures.values():
        for ends, frames in part.units.unkept_frames.items():
            middle = len(ends) // 2
            counts[ends[:middle], ends[middle:]] += frames
    return dict(sorted(counts.items()))


def without_echoes(streams: list[Stream]) -> list[Stream]:
    """The streams that speak of their sender's layout: not those that may only repeat a key of the
    other host.

    An UNREACHABLE may carry the key that it refuses (MS-NVGREE section 2.2.2 does not say).  It
    looks like data where the capture cuts it before its inner addresses (behind the key, even
    before its MACs), and where an ICMP error quotes it.  VMs that answer each other tell data from
    an echo; where neither or both sides of a repeated key are answered, it is no evidence for
    either.
    """
    doubtful = [s for s in streams if not s.customer_addresses and s.destination]
    if not doubtful:
        return streams
    ends = {s[:2] for s in doubtful}
    seen: set[tuple[bytes, bytes, bytes]] = set()
    answers: set[tuple[bytes, bytes, int, bytes]] = (
        set()
    )  # streams whose VM pair is answered with the same upper bits
    for s in streams:
        if s[1::-1] in ends:
            seen.add((s.source, s.destination, s.macs))
            answers.add((s.destination, s.source, s.upper_bits, _reversed(s.macs)))

    def is_answered(s: Stream) -> bool:
        return bool(s.macs) and (s.destination, s.source, _reversed(s.macs)) in seen

    repeated: set[tuple[bytes, bytes, int]] = set()  # what both sides send
    of_others: set[tuple[bytes, bytes, int]] = set()  # and is data of the other side for certain
    for s in streams:
        if s[1::-1] in ends:
            echo = (s.destination, s.source, s.upper_bits)
            repeated.add(echo)
            if s.customer_addresses or is_answered(s):
                of_others.add(echo)
    echoes = {
        s[:4]
        for s in doubtful
        if s[:3] in repeated
        and (not s.macs or s[:4] not in answers)
        and (s[:3] in of_others or not is_answered(s))
    }
    return [s for s in streams if s[:4] not in echoes]


def _reversed(macs: bytes) -> bytes:
    return macs[6:] + macs[:6]


def icmp_errors(evidence: Evidence) -> Iterator[IcmpSeen]:
    """Every ICMP error, in the order of the evidence, which says nothing: what is made of them is
    put in order.
    """
    for index, part in evidence.captures.items():
        for sign, sightings in part.icmp.items():
            yield IcmpSeen(sign, index, sightings)


def refused_flow(sign: IcmpSign) -> tuple[bytes, bytes]:
    """Source and destination of the packet that an ICMP error is about.

    Where the quote does not hold the outer IP header, the error went back to who sent the packet,
    from who received it.
    """
    return sign.quoted_source or sign.addressee, sign.quoted_destination or sign.reporter


def _streams(evidence: Evidence) -> Iterator[Stream]:
    for index in sorted(evidence.captures):
        for key, facts in streams(evidence.captures[index]):
            if facts.customer_addresses == key.source + key.destination:
                # A host's own message, cut before its ICMP type: it may repeat the key of the other
                # side.
                continue
            first, last = facts.first, facts.last
            yield Stream(
                *key,
                facts.low_octets,
                facts.frames,
                At(first.ts_ns, index, first.frame_number),
                At(last.ts_ns, index, last.frame_number),
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
        b"",
    )


def _merge(a: Stream, b: Stream) -> Stream:
    """One stream of two, `b` from a later capture or from a quote, which has no customer
    addresses.
    """
    earlier = b if b.frames and b.first < a.first else a
    return a._replace(
        low_octets=bytes(sorted({*a.low_octets, *b.low_octets})),
        frames=a.frames + b.frames,
        first=min(a.first, b.first),
        last=max(a.last, b.last),
        customer_addresses=earlier.customer_addresses,
    )
