"""How often and when the frames of one unit were seen, as packed bytes: a capture of a hosting
fabric has very many units.

A row is what was seen without a long silence.  Silences are found on the line of whole seconds, so
rows merge exactly in whatever order they come; only where there are more than SILENCES, and a clock
that was set back besides, it matters what came first.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from operator import itemgetter
from struct import Struct
from typing import Any, Final, TypeVar

from nvgre_doctor.evidence.parts import SILENCE_S, SILENCES, Moment, Packet

NO_TIME: Final = -1
TIMELESS_S: Final = -(1 << 62)
"""The second of frames whose blocks carry no time: far from all others."""
_SECOND_NS: Final = 1_000_000_000

Row = tuple[Any, ...]
"""Earliest and latest second; frames; number and nanoseconds of the first and of the last one; the
fields of its smallest packet, and of the second smallest or NO_PACKET.
"""
ROW: Final = Struct("<qqQQqQqH8sQBIH8sQBI")
"""A unit is packed as the length of its customer addresses, these addresses (those of its first
frame), and its rows in order of time.  Where the VM pair is not kept there is the smallest low
octet in place of the addresses."""
NO_PACKET: Final = (0, bytes(8), 0, 0, 0)
_PACKETS: Final = 2
FIRST: Final = itemgetter(3)
LAST: Final = itemgetter(5)
"""Of a row: the numbers of its first and of its last frame."""
_FRAMES: Final = Struct("<Q")
_NUMBERS: Final = Struct("<QqQ")  # first frame, its time, last frame

T = TypeVar("T", bound=Sequence[Any])


def second_of(ts_ns: int) -> int:
    """Whole seconds since 1970."""
    return TIMELESS_S if ts_ns == NO_TIME else ts_ns // _SECOND_NS


def pack(customer_addresses: bytes, rows: Iterable[Row]) -> bytes:
    """Rows in order, packed."""
    packed = [b"%c%b" % (len(customer_addresses), customer_addresses)]
    packed += [ROW.pack(*row) for row in rows]
    return b"".join(packed)


def customers_of(packed: bytes) -> bytes:
    """Customer addresses, or an octet: see ROW."""
    return packed[1 : 1 + packed[0]]


def rows_of(packed: bytes) -> list[Row]:
    """The rows, in order."""
    return list(ROW.iter_unpack(packed[1 + packed[0] :]))


def frames_of(packed: bytes) -> int:
    """How many frames there are."""
    begin = 1 + packed[0] + 16
    return sum(_FRAMES.unpack_from(packed, at)[0] for at in range(begin, len(packed), ROW.size))


def labelled(packed: bytes, octet: bytes) -> bytes:
    """The same with a low octet in place of customer addresses."""
    return b"\1%b%b" % (octet, packed[1 + packed[0] :])


def shift(packed: bytes, numbers: int) -> bytes:
    """The same with `numbers` added to every frame number."""
    shifted = bytearray(packed)
    for at in range(1 + packed[0] + 24, len(packed), ROW.size):
        first, first_ns, last = _NUMBERS.unpack_from(packed, at)
        _NUMBERS.pack_into(shifted, at, first + numbers, first_ns, last + numbers)
    return bytes(shifted)


def shift_moment(moment: Moment, numbers: int) -> Moment:
    """The same frame where `numbers` frames come before."""
    return Moment(moment.frame_number + numbers, moment.ts_ns)


def merge(parts: Sequence[bytes]) -> bytes:
    """What was seen of one unit in several places."""
    rows = [rows_of(packed) for packed in parts]
    about = [customers_of(packed) for packed in parts]
    if len(about[0]) == 1:
        customers = min(about)
    else:
        _, customers = min(
            (min(map(FIRST, own)), customers) for own, customers in zip(rows, about, strict=True)
        )
    return pack(customers, settle([row for own in rows for row in own], total))


def settle(rows: Iterable[T], add: Callable[[list[T]], T]) -> list[T]:
    """Rows, which begin with their earliest and latest second, in order; those put together that no
    long silence divides; and of the silences the longest.
    """
    runs: list[list[T]] = []
    latest = 0
    for row in sorted(rows, key=itemgetter(0, 1)):
        if runs and row[0] - latest <= SILENCE_S:
            runs[-1].append(row)
            latest = max(latest, row[1])
        else:
            runs.append([row])
            latest = row[1]
    settled = [add(run) for run in runs]
    if len(settled) <= SILENCES + 1:
        return settled
    silences = sorted(
        (before[1] - after[0], index) for index, (before, after) in enumerate(pairwise(settled), 1)
    )
    begins = [0, *sorted(index for _, index in silences[:SILENCES]), len(settled)]
    return [add(settled[begin:end]) for begin, end in pairwise(begins)]


def total(rows: list[Row]) -> Row:
    """Rows of one unit as one."""
    if len(rows) == 1:
        return rows[0]
    first, last = min(rows, key=FIRST), max(rows, key=LAST)
    packets: dict[tuple[int, bytes], tuple[Any, ...]] = {}
    for row in rows:
        for packet in (row[7:12], row[12:]):
            same = packets.get(packet[:2])
            if same is not None:
                more = packet[2] + same[2], max(packet[3], same[3]), max(packet[4], same[4])
                packets[packet[:2]] = (*packet[:2], *more)
            elif packet[2]:
                packets[packet[:2]] = packet
    one, two = (*sorted(packets.values())[:_PACKETS], NO_PACKET)[:_PACKETS]
    return (
        min(row[0] for row in rows),
        max(row[1] for row in rows),
        sum(row[2] for row in rows),
        *first[3:5],
        *last[5:7],
        *one,
        *two,
    )


_moment: Callable[[Row], Moment] = partial(tuple.__new__, Moment)
_packet: Callable[[Row], Packet] = partial(tuple.__new__, Packet)
# Without a frame of Python for each: a fabric has very many.


def moments_of(row: Row) -> tuple[Moment, Moment]:
    """The first and the last frame."""
    return _moment(row[3:5]), _moment(row[5:7])


def packets_of(row: Row) -> tuple[Packet, ...]:
    """One, or two."""
    one = _packet(row[7:12])
    return (one, _packet(row[12:])) if row[14] else (one,)
