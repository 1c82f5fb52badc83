"""Frames that are alike, while they are counted: they become evidence when there are enough of
them.

Knows rows of the evidence, and times as they are stored; nothing about frames.
"""

from operator import itemgetter
from typing import Any, Final

from nvgre_doctor.capture.batch import Clock
from nvgre_doctor.evidence.parts import SILENCE_S, Moment
from nvgre_doctor.evidence.rows import NO_PACKET, pack, settle, total
from nvgre_doctor.evidence.signs import DIGESTS, EXAMPLES, IcmpInterval, IcmpSeen, Sightings
from nvgre_doctor.wire.marks import conversation_of, digest_of, look, message_digest

_ORDER: Final = itemgetter(0)
_ANY_DIGEST: Final = b"\xff" * 9
_ANY_ORDER: Final = 1 << 16  # of packets, while fewer than two are known


class Tally:
    """Frames of one unit, or of one ICMP error, without a long silence; and those before."""

    __slots__ = (
        "before",
        "customers",
        "digests",
        "earliest",
        "early",
        "examples",
        "fine",
        "first",
        "first_time",
        "flags",
        "frames",
        "largest",
        "last",
        "late",
        "latest",
        "order",
        "packets",
        "shown",
    )

    def __init__(
        self, number: int, time: bytes, second: int, customers: bytes = b"", flags: int = 0
    ) -> None:
        """No frame yet; its first one has this number and this time, as it is stored."""
        self.before: list[tuple[Any, ...]] = []
        self.shown = self.customers = customers  # of the first frame, and of the last one
        self.flags = flags
        self._begin(number, time, second)

    def _begin(self, number: int, time: bytes, second: int) -> None:
        self.frames = 0
        self.first, self.first_time, self.earliest = number, time, second
        self.last, self.early, self.fine, self.late, self.latest = number, time, b"", b"", second
        self.order = _ANY_ORDER  # of the second smallest packet
        self.packets: list[list[Any]] = []  # as Packet
        self.examples: list[tuple[int, bytes]] = []
        self.digests: dict[bytes, int] = {}
        self.largest = _ANY_DIGEST  # of these, where there are DIGESTS

    def turn(self, number: int, time: bytes, second: int) -> None:
        """Before a frame is counted that is not of the latest second.  Behind a long silence
        everything begins anew.
        """
        if self.earliest - SILENCE_S <= second <= self.latest + SILENCE_S:
            self.earliest = min(self.earliest, second)
            self.latest = max(self.latest, second)
        else:
            self.before.append(self._fields())
            self._begin(number, time, second)

    def count(self, number: int, time: bytes, second: int) -> None:
        """One frame."""
        if second != self.latest:
            self.turn(number, time, second)
        self.frames += 1
        self.last, self.early = number, time
        if len(self.examples) < EXAMPLES:
            self.examples.append((number, time))

    def take(self, order: int, told: bytes, inner: bytes, hop_limit: int) -> None:
        """The packet of the frame that was counted, if its order is `self.order` or smaller; `told`
        is what its digest is of, `inner` what it says of its conversation.
        """
        for packet in self.packets:
            if packet[0] == order and packet[1] == told:
                packet[2] += 1
                packet[3] = max(packet[3], hop_limit)
                if packet[4] != inner:
                    packet[5] = max(packet[5], _conversation(inner))
                return
        self.packets.append([order, told, 1, hop_limit, inner, 0])
        if len(self.packets) > 1:
            self.packets.sort(key=_ORDER)
            if len({packet[0] for packet in self.packets}) < len(self.packets):
                self.packets.sort(key=_digested)
            del self.packets[2:]
            self.order = self.packets[1][0]

    def take_message(self, order: int, told: bytes, ts_ns: int) -> None:
        """The packet of an ICMP error."""
        digest = message_digest(order, told, ts_ns)
        if digest > self.largest:
            return
        digests = self.digests
        if digest in digests:
            digests[digest] += 1
            return
        digests[digest] = 1
        if len(digests) > DIGESTS:
            del digests[self.largest]
        if len(digests) == DIGESTS:
            self.largest = max(digests)

    @property
    def all_frames(self) -> int:
        """Those before a silence, too."""
        before: int = sum(fields[2] for fields in self.before)
        return self.frames + before

    def packed(self, clock: Clock) -> bytes:
        """What is known of the frames of a unit, as the evidence keeps it."""
        rows = [
            (
                *fields[:4],
                clock(fields[4]),
                fields[5],
                clock(fields[6]),
                *_packet(fields[7][0]),
                *(_packet(fields[7][1]) if len(fields[7]) > 1 else NO_PACKET),
            )
            for fields in (*self.before, self._fields())
        ]
        return pack(self.shown, settle(rows, total) if self.before else rows)

    def error(self, clock: Clock) -> IcmpSeen:
        """What is known of the frames of an ICMP error."""
        intervals = [
            IcmpInterval(
                fields[0],
                fields[1],
                fields[2],
                Moment(fields[3], clock(fields[4])),
                Moment(fields[5], clock(fields[6])),
                tuple(Moment(number, clock(time)) for number, time in fields[8]),
                tuple(sorted(fields[9].items())),
            )
            for fields in (*self.before, self._fields())
        ]
        return IcmpSeen(tuple(intervals[:1])) + IcmpSeen(tuple(intervals[1:]))

    def sightings(self, clock: Clock) -> Sightings:
        """How often these frames were seen, and the first ones."""
        examples = [each for fields in (*self.before, self._fields()) for each in fields[8]]
        first = sorted(examples)[:EXAMPLES]
        return Sightings(self.all_frames, tuple(Moment(n, clock(time)) for n, time in first))

    def _fields(self) -> tuple[Any, ...]:
        last_time = self.early + self.fine + self.late
        times = self.earliest, self.latest, self.frames, self.first, self.first_time, self.last
        return (*times, last_time, self.packets, self.examples, self.digests)


def _digested(packet: list[Any]) -> tuple[int, bytes]:
    return packet[0], digest_of(packet[1])


def _packet(packet: list[Any]) -> tuple[int, bytes, int, int, int]:
    order, told, frames, hop_limit, inner, spoken = packet
    return order, digest_of(told), frames, hop_limit, max(spoken, _conversation(inner))


def _conversation(inner: bytes) -> int:
    return conversation_of(look(inner))
