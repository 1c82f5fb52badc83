"""How often and when the frames of one unit were seen, as packed bytes: a capture of a hosting
fabric has very many units.

A row is what was seen without a long silence.  Silences are found on the line of whole seconds, so
rows merge exactly in whatever order they come; only where there are more than SILENCES, and a clock
that was set back besides, it matters what came first.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from struct import Struct
from typing import Final, NamedTuple, Protocol, TypeVar

from nvgre_doctor.evidence.parts import SILENCE_S, SILENCES, Moment, Packet

NO_TIME: Final = -1
TIMELESS_S: Final = -(1 << 62)
"""The second of frames whose blocks carry no time: far from all others."""
_SECOND_NS: Final = 1_000_000_000

ROW: Final = Struct("<qqQQqQq H8sQBI H8sQBI")
"""The fields of a Row, of its moments and of its packets, of which the second may be NO_PACKET.  A
unit is the length of its customer addresses, these addresses, and rows in order of time."""
NO_PACKET: Final = (0, bytes(8), 0, 0, 0)
_PACKETS: Final = 2


def second_of(ts_ns: int) -> int:
    """Whole seconds since 1970."""
    return TIMELESS_S if ts_ns == NO_TIME else ts_ns // _SECOND_NS


class Timed(Protocol):
    """What was seen without a long silence."""

    @property
    def earliest_s(self) -> int:
        """Whole seconds since 1970."""

    @property
    def latest_s(self) -> int:
        """The same."""


R = TypeVar("R", bound=Timed)


class Row(NamedTuple):
    """Frames of one unit without a long silence."""

    earliest_s: int
    latest_s: int
    frames: int
    first: Moment  # by frame number
    last: Moment
    packets: tuple[Packet, ...]  # the two smallest, by order and digest, or one


class Seen(NamedTuple):
    """All rows of one unit."""

    customer_addresses: bytes  # of its first frame
    rows: tuple[Row, ...]  # in order of time

    def __add__(self, other: object) -> "Seen":
        if not isinstance(other, Seen):
            return NotImplemented
        earlier = min(self, other, key=first_of)
        return tidy(Seen(earlier.customer_addresses, (*self.rows, *other.rows)))


def tidy(seen: Seen) -> Seen:
    """The same with its rows in order, and those put together that no long silence divides."""
    return Seen(seen.customer_addresses, tuple(settle(seen.rows, total)))


def first_of(seen: Seen) -> Moment:
    """The first frame."""
    return min(row.first for row in seen.rows)


def pack(seen: Seen) -> bytes:
    """A quarter of the size."""
    packed = [b"%c%b" % (len(seen.customer_addresses), seen.customer_addresses)]
    for row in seen.rows:
        one, two = (*row.packets, NO_PACKET)[:_PACKETS]
        packed.append(ROW.pack(*row[:3], *row.first, *row.last, *one, *two))
    return b"".join(packed)


def unpack(packed: bytes) -> Seen:
    """The inverse of pack."""
    rows_at = 1 + packed[0]
    return Seen(
        packed[1:rows_at], tuple(_row(*fields) for fields in ROW.iter_unpack(packed[rows_at:]))
    )


def shift(packed: bytes, numbers: int) -> bytes:
    """The same with `numbers` added to every frame number."""
    seen = unpack(packed)
    rows = tuple(
        row._replace(first=shift_moment(row.first, numbers), last=shift_moment(row.last, numbers))
        for row in seen.rows
    )
    return pack(seen._replace(rows=rows))


def settle(rows: Iterable[R], add: Callable[[list[R]], R]) -> list[R]:
    """Rows in order, with those put together that no long silence divides; and of the silences the
    longest.
    """
    ordered = sorted(rows, key=_times)
    runs: list[list[R]] = []
    latest_s = 0
    for row in ordered:
        if runs and row.earliest_s - latest_s <= SILENCE_S:
            runs[-1].append(row)
            latest_s = max(latest_s, row.latest_s)
        else:
            runs.append([row])
            latest_s = row.latest_s
    settled = [add(run) for run in runs]
    if len(settled) <= SILENCES + 1:
        return settled
    silences = sorted(
        (before.latest_s - after.earliest_s, index)
        for index, (before, after) in enumerate(pairwise(settled), 1)
    )
    begins = [0, *sorted(index for _, index in silences[:SILENCES]), len(settled)]
    return [add(settled[begin:end]) for begin, end in pairwise(begins)]


def _times(row: Timed) -> tuple[int, int]:
    return row.earliest_s, row.latest_s


def total(rows: list[Row]) -> Row:
    """Rows of one unit as one."""
    if len(rows) == 1:
        return rows[0]
    return Row(
        min(row.earliest_s for row in rows),
        max(row.latest_s for row in rows),
        sum(row.frames for row in rows),
        min(row.first for row in rows),
        max(row.last for row in rows),
        smallest(packet for row in rows for packet in row.packets),
    )


def smallest(packets: Iterable[Packet]) -> tuple[Packet, ...]:
    """The two smallest packets.  What is seen of one in several places is put together."""
    known: dict[tuple[int, bytes], Packet] = {}
    for packet in packets:
        same = known.get(packet[:2], packet)
        known[packet[:2]] = packet._replace(
            frames=packet.frames + (same.frames if same is not packet else 0),
            hop_limit=max(packet.hop_limit, same.hop_limit),
            conversation=max(packet.conversation, same.conversation),
        )
    return tuple(sorted(known.values())[:_PACKETS])


def _row(
    earliest_s: int,
    latest_s: int,
    frames: int,
    first: int,
    first_ns: int,
    last: int,
    last_ns: int,
    *packets: int | bytes,
) -> Row:
    one, two = Packet(*packets[:5]), Packet(*packets[5:])  # type: ignore[arg-type]
    return Row(
        earliest_s,
        latest_s,
        frames,
        Moment(first, first_ns),
        Moment(last, last_ns),
        (one, two) if two.frames else (one,),
    )


def shift_moment(moment: Moment, numbers: int) -> Moment:
    """The same frame where `numbers` frames come before."""
    return Moment(moment.frame_number + numbers, moment.ts_ns)
