"""Parts and spans by hand, for tests of single modules of inference."""

from collections.abc import Mapping

from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.parts import (
    Interval,
    Moment,
    Net,
    Packet,
    Part,
    PartKey,
    Unit,
    unit_key,
)
from nvgre_doctor.evidence.rows import NO_PACKET, pack, second_of
from nvgre_doctor.infer.clocks import Offsets, compare_clocks
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.hearing import hear
from nvgre_doctor.infer.pieces import Piece
from nvgre_doctor.infer.spans import Span
from tests import build

SECOND = 1_000_000_000
SUBNET = build.ip("10.1.1.1") + build.ip("10.1.1.2")
ROUTED = build.ip("10.1.1.1") + build.ip("10.1.2.2")
MACS = bytes.fromhex("00155d0a000200155d0a0001")
BACK = MACS[6:] + MACS[:6]
A, B, C = (build.ip(f"192.168.50.{number}") for number in (1, 2, 3))


def moment(frame: int, second: float = 0) -> Moment:
    return Moment(frame, int(second * SECOND))


def packets(count: int, seed: int = 0, frames: int = 1, hop_limit: int = 128) -> tuple[Packet, ...]:
    """The one or two packets that are kept of so many."""
    return tuple(
        Packet(seed + n, (seed + n).to_bytes(8), frames, hop_limit, 0)
        for n in range(1, min(count, 2) + 1)
    )


def unit(
    low_octet: int = 0,
    count: int = 2,
    first: int = 1,
    last: int = 2,
    seed: int = 0,
    seconds: tuple[float, float] = (0, 0),
) -> Unit:
    """So many packets."""
    ends = moment(first, seconds[0]), moment(last, seconds[1])
    return Unit(low_octet, count, *ends, packets(count, seed))


def interval(*units: Unit) -> Interval:
    """Of these units."""
    return Interval(
        min(one.first for one in units),
        max(one.last for one in units),
        units,
        sum(one.frames for one in units),
    )


def key(
    upper_bits: int,
    source: bytes = A,
    destination: bytes = B,
    macs: bytes = MACS,
    net: Net = Net.SUBNET,
    *,
    is_sure: bool = True,
) -> PartKey:
    """Of one part."""
    return PartKey(source, destination, upper_bits, macs, net, is_sure)


def part(*intervals: Interval, customers: bytes = SUBNET) -> Part:
    """What was heard of it."""
    octets = {unit.low_octet for interval in intervals for unit in interval.units}
    return Part(intervals, customers, bytes(sorted(octets)))


def evidence_of(captures: Mapping[int, Mapping[PartKey, Part]]) -> Evidence:
    """Captures in which these parts were heard."""
    return Evidence({index: _capture(parts) for index, parts in captures.items()})


def _capture(parts: Mapping[PartKey, Part]) -> CaptureEvidence:
    capture = CaptureEvidence()
    for of, told in parts.items():
        for each in told.intervals:
            for one in each.units or (Unit(0, each.frames, each.first, each.last, ()),):
                seconds = sorted((second_of(one.first.ts_ns), second_of(one.last.ts_ns)))
                packed = [field for packet in one.packets for field in packet]
                packed += NO_PACKET * (2 - len(one.packets))
                row = (*seconds, one.frames, *one.first, *one.last, *packed)
                unit = unit_key(of, one.low_octet, is_cut=not each.units)
                capture.units.add([(unit, pack(told.customer_addresses, [row]))])
    return capture


def spans_in(captures: Mapping[int, Mapping[PartKey, Part]]) -> list[Span]:
    """What is found in them."""
    return hear(evidence_of(captures)).spans


def offsets_in(captures: Mapping[int, Mapping[PartKey, Part]]) -> Offsets:
    """How their clocks differ."""
    return compare_clocks(evidence_of(captures))


def heard(
    gre_key: int,
    count: int = 2,
    span: int = 0,
    macs: bytes = MACS,
    *,
    destination: bytes = B,
    first: int = 1,
    last: int = 2,
    net: Net = Net.SUBNET,
    customers: bytes = SUBNET,
    conversations: tuple[int, ...] = (),
) -> Heard:
    """So many packets with one key."""
    subnet = {Net.SUBNET: customers[:3], Net.ROUTED: customers[:3] + customers[4:7]}.get(net, b"")
    told = unit(gre_key & 0xFF, count, first, last)
    if conversations:
        told = told._replace(
            packets=tuple(
                packet._replace(conversation=conversation)
                for packet, conversation in zip(told.packets, conversations, strict=True)
            )
        )
    of = key(gre_key >> 8, destination=destination, macs=macs, net=net)
    return Heard(span, (0,), of, told, customers, subnet)


def span_of(*units: Heard, address: bytes = A, first: int = 1, last: int = 100) -> Span:
    """A span in which these were heard."""
    return Span(address, [Piece((0,), moment(first), moment(last, 1))], list(units))


def vm_macs(number: int) -> bytes:
    """The MACs of one VM pair of many; `back` has them the other way."""
    return (
        b"\x00\x15\x5d\x00"
        + (2 * number).to_bytes(2)
        + b"\x00\x15\x5d\x00"
        + (2 * number + 1).to_bytes(2)
    )


def back(macs: bytes) -> bytes:
    """The other direction."""
    return macs[6:] + macs[:6]
