"""Frames that are alike, while they are counted: they become evidence when there are enough of
them.

Knows rows of the evidence, and times as they are stored; nothing about frames.
"""

from typing import Any, Final

from nvgre_doctor.capture.batch import Clock
from nvgre_doctor.evidence.parts import SILENCE_S, Moment, Packet
from nvgre_doctor.evidence.rows import Row, settle, total
from nvgre_doctor.evidence.signs import DIGESTS, EXAMPLES, IcmpInterval

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

    def take(self, order: int, digest: bytes, conversation: int, hop_limit: int) -> None:
        """The packet of the frame that was counted, if its order is `self.order` or smaller."""
        for packet in self.packets:
            if packet[0] == order and packet[1] == digest:
                packet[2] += 1
                packet[3] = max(packet[3], hop_limit)
                packet[4] = max(packet[4], conversation)
                return
        self.packets.append([order, digest, 1, hop_limit, conversation])
        self.packets.sort()
        if len(self.packets) > 1:
            del self.packets[2:]
            self.order = self.packets[1][0]

    def take_message(self, digest: bytes) -> None:
        """The packet of an ICMP error."""
        digests = self.digests
        if digest in digests or len(digests) < DIGESTS:
            digests[digest] = digests.get(digest, 0) + 1
        elif digest < (largest := max(digests)):
            del digests[largest]
            digests[digest] = 1

    def rows(self, clock: Clock) -> tuple[Row, ...]:
        """What is known of the frames of a unit."""
        rows = [
            Row(earliest, latest, frames, first, last, tuple(Packet(*each) for each in packets))
            for earliest, latest, frames, first, last, packets, _, _ in self._spans(clock)
        ]
        return tuple(settle(rows, total)) if self.before else (rows[0],)

    def intervals(self, clock: Clock) -> tuple[IcmpInterval, ...]:
        """What is known of the frames of an ICMP error."""
        return tuple(
            IcmpInterval(
                earliest, latest, frames, first, last, examples, tuple(sorted(digests.items()))
            )
            for earliest, latest, frames, first, last, _, examples, digests in self._spans(clock)
        )

    def _spans(self, clock: Clock) -> list[tuple[Any, ...]]:
        return [
            (
                *fields[:3],
                Moment(fields[3], clock(fields[4])),
                Moment(fields[5], clock(fields[6])),
                fields[7],
                tuple(Moment(number, clock(time)) for number, time in fields[8]),
                fields[9],
            )
            for fields in (*self.before, self._fields())
        ]

    def _fields(self) -> tuple[Any, ...]:
        last_time = self.early + self.fine + self.late
        times = self.earliest, self.latest, self.frames, self.first, self.first_time, self.last
        return (*times, last_time, self.packets, self.examples, self.digests)
