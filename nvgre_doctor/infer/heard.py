"""What was heard: the frames of one span with one key, of one VM pair.

Knows how copies of one packet are told from several packets, and which ids a key can mean.
"""

from typing import Final

from nvgre_doctor.evidence import Captures
from nvgre_doctor.evidence.parts import Packet, PartKey, Unit, weight_of
from nvgre_doctor.infer.at import At, at
from nvgre_doctor.wire import layouts

COPIES_NS: Final = 100_000_000
"""Copies of a packet are captured within this time, at whatever points."""


class Heard:
    """The frames of one span with one key, to one provider address, of one VM pair."""

    __slots__ = (
        "_is_repeated",
        "customers",
        "destination",
        "first",
        "frames",
        "gre_key",
        "last",
        "macs",
        "net",
        "new_id",
        "old_id",
        "packets",
        "span",
        "subnet",
        "weight",
    )

    def __init__(
        self,
        span: int,
        captures: Captures,
        key: PartKey,
        unit: Unit,
        customers: bytes,
        subnet: bytes,
    ) -> None:
        """Of one unit in one capture, or alike in several; `subnet` of the customers: one, or two
        after each other.
        """
        self.span = span
        self.destination = key.destination
        self.gre_key = gre_key = key.upper_bits << 8 | unit.low_octet
        self.macs = key.macs
        self.net = key.net
        self.subnet = subnet
        self.customers = customers
        copies = len(captures)
        self.frames = copies * unit.frames
        self.first = at(unit.first, captures[0])
        self.last = at(unit.last, captures[0])
        self.packets = unit.packets if copies == 1 else _copied(unit.packets, copies)
        self._is_repeated = len(unit.packets) == 1 and _is_long(unit)
        self.weight = 1 + self._is_repeated if len(unit.packets) == 1 else unit.weight
        self.old_id = gre_key if layouts.fits_old(gre_key) else None
        self.new_id = key.upper_bits if layouts.is_usable(key.upper_bits) else None

    def absorb(self, other: "Heard") -> None:
        """Count the frames of another one as well."""
        known: dict[bytes, Packet] = {packet.digest: packet for packet in self.packets}
        for packet in other.packets:
            mine = known.get(packet.digest)
            if mine is not None:
                packet = mine._replace(  # noqa: PLW2901
                    frames=mine.frames + packet.frames,
                    hop_limit=max(mine.hop_limit, packet.hop_limit),
                )
            known[packet.digest] = packet
        self.packets = tuple(sorted(known.values())[:2])
        self.frames += other.frames
        self._is_repeated |= other._is_repeated
        self.weight = max(weight_of(self.frames, self.packets), 1 + self._is_repeated)
        if _place(other.first) < _place(self.first):
            self.first = other.first
        if other.last.capture == self.last.capture:
            self.last = max(self.last, other.last, key=_place)
        elif other.last.capture < self.last.capture:
            self.last = other.last


def _copied(packets: tuple[Packet, ...], copies: int) -> tuple[Packet, ...]:
    """The packets of a unit as often as captures hold it."""
    return tuple([Packet(p[0], p[1], copies * p.frames, p[3], p[4]) for p in packets])


def _is_long(unit: Unit) -> bool:
    """Whether its frames lie too far apart to be copies of one packet: its sender numbers
    nothing.
    """
    return min(unit.first.ts_ns, unit.last.ts_ns) >= 0 and (
        abs(unit.last.ts_ns - unit.first.ts_ns) > COPIES_NS
    )


def _place(at: At) -> tuple[int, int]:
    return at.capture, at.frame_number
