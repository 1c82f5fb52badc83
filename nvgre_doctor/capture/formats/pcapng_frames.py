"""The frames that were found in one buffer of a pcapng file, until they are handed on as batches.

Knows packet blocks and interfaces; knows nothing about reading files, nor what to do about damage.
"""

import struct
from collections.abc import Iterator, Sequence

from nvgre_doctor.capture.batch import NO_TIME, Batch, Columns, Records
from nvgre_doctor.capture.formats.pcapng_blocks import (
    ENHANCED_PACKET,
    PACKET_HEAD,
    STAMP_DISTANCE,
    Interface,
)


class Frames:
    """Frames of one section, in order."""

    def __init__(self) -> None:
        """None yet."""
        self.columns = Columns()
        # By the stamp of a frame: its interface (obsolete block) or None (simple block).
        self._odd: dict[int, int | None] = {}

    def add(self, stamp: int, captured: int, odd: int | bool | None) -> None:
        """Take one frame; its number is for the reader to add.  `odd`: True for an enhanced block,
        else see `_odd`.
        """
        self.columns.stamps.append(stamp)
        self.columns.lengths.append(captured)
        if odd is not True:
            self._odd[stamp] = odd

    def walk(self, data: bytes, at: int, order: str, known: int) -> int:
        """Take all whole enhanced packet blocks of `known` interfaces from `at` on, without their
        numbers.  Gives the offset of what follows.  A hot loop: about 0.15 us a frame.

        One `unpack` gets the closing length of the block before and the head of this one.
        """
        at -= 4
        stamps, lengths = self.columns.stamps, self.columns.lengths
        unpack = struct.Struct(order + "IIII8xI").unpack_from
        (total,) = struct.unpack_from(order + "I", data, at)
        before = len(stamps)
        try:
            while True:
                trailer, kind, size, interface, captured = unpack(data, at)
                if kind != ENHANCED_PACKET or trailer != total or interface >= known:
                    break
                if size != (captured + 35) & -4 and (size & 3 or size < captured + 32):
                    break
                stamps.append(at + 16)
                lengths.append(captured)
                at += size
                total = size
        except struct.error:  # the buffer ends: cheaper than to ask each time
            pass
        if len(stamps) > before and (
            at + 4 > len(data) or struct.unpack_from(order + "I", data, at)[0] != total
        ):
            lengths.pop()  # not whole, or wrong: the reader will say
            at = stamps.pop() - 16
        too_long = self.columns.drop_too_long(before)
        if too_long is not None:
            at = too_long - 16  # the same
        return at + 4

    def batches(
        self, data: bytes, order: str, interfaces: Sequence[Interface], kinds: int
    ) -> Iterator[Batch]:
        """All frames, one batch per kind of interface; `kinds` is how many kinds there are."""
        columns, odd = self.columns, self._odd
        if not columns.stamps:
            return
        if kinds == 1:
            yield _batch(data, order, interfaces[0], columns, odd)
            return
        word = struct.Struct(order + "I").unpack_from
        by_kind: dict[tuple[int, int, int, int], tuple[Interface, Columns]] = {}
        for stamp, length, number in zip(
            columns.stamps, columns.lengths, columns.numbers, strict=True
        ):
            interface = interfaces[odd[stamp] or 0 if stamp in odd else word(data, stamp - 4)[0]]
            _, own = by_kind.setdefault(interface.kind, (interface, Columns()))
            own.stamps.append(stamp)
            own.lengths.append(length)
            own.numbers.append(number)
        for interface, own in by_kind.values():
            yield _batch(data, order, interface, own, odd)


def records_of(interfaces: Sequence[Interface], order: str) -> Records:
    """How the next packet blocks look, where all interfaces are of one kind."""
    first, before = interfaces[0], PACKET_HEAD - STAMP_DISTANCE
    time_of = first.clock(order)
    return Records(first.linktype, order, STAMP_DISTANCE, time_of, before, len(interfaces))


def _batch(
    data: bytes, order: str, interface: Interface, columns: Columns, odd: dict[int, int | None]
) -> Batch:
    stamps = columns.stamps
    word, raw_time = (struct.Struct(order + code).unpack_from for code in "IQ")
    time_of = interface.clock(order)

    def clock(index: int) -> int:
        stamp = stamps[index]
        return NO_TIME if odd.get(stamp, 0) is None else time_of(*raw_time(data, stamp))

    def wire_length(index: int) -> int:
        return int(word(data, stamps[index] + STAMP_DISTANCE - 4)[0])

    return Batch(
        interface.linktype,
        data,
        stamps,
        STAMP_DISTANCE,
        columns.lengths,
        columns.numbers,
        clock,
        wire_length,
        order,
        None if None in odd.values() else time_of,
    )
