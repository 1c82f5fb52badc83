"""The frames that were found in one buffer of a pcapng file, until they are handed on as batches.

Knows packet blocks and interfaces; knows nothing about reading files, nor what to do about damage.
"""

import struct
from collections.abc import Callable, Iterator, Sequence

from nvgre_doctor.capture.batch import Batch, Clock, Columns, Progress, Records, Walker
from nvgre_doctor.capture.formats.pcapng_blocks import (
    ENHANCED_PACKET,
    PACKET_HEAD,
    STAMP_DISTANCE,
    Interface,
    no_clock,
)


class Interfaces:
    """Those of one section, as they become known."""

    def __init__(self, order: str, known: Sequence[Interface] = ()) -> None:
        """`order` is the byte order of the section."""
        self.known: list[Interface] = []
        self.records = Records(order, True, STAMP_DISTANCE)
        self._kinds: set[tuple[int, Clock]] = set()
        self._linktypes: set[int] = set()
        for interface in known:
            self.add(interface)

    def add(self, interface: Interface) -> None:
        """Take the next one."""
        kind = interface.linktype, interface.clock(self.records.order)
        self.known.append(interface)
        self.records.interfaces.append(kind)
        self._kinds.add(kind)
        self._linktypes.add(interface.linktype)

    @property
    def are_alike(self) -> bool:
        """Whether all agree in linktype and clock."""
        return len(self._kinds) == 1

    def kind_of(self, number: int) -> tuple[int, Clock] | None:
        """Linktype and clock of an interface; of one that is not described, those that all others
        agree in.
        """
        kinds = self.records.interfaces
        if number < len(kinds):
            return kinds[number]
        if len(self._linktypes) != 1:
            return None
        return kinds[0] if self.are_alike else (kinds[0][0], no_clock)

    @property
    def snaplen(self) -> int:
        """Of simple packet blocks, in bytes; 0: no limit."""
        return self.known[0].snaplen if self.known else 0


class Frames:
    """Frames of one section, in order."""

    def __init__(self) -> None:
        """None yet."""
        self.columns = Columns()
        self.may_have_options: list[int] = []  # stamps of enhanced packet blocks
        # By the stamp of a frame: its interface (obsolete block) or None (simple block).
        self._odd: dict[int, int | None] = {}
        self._walked: list[int] = []  # the first and last stamps that a walker met

    @property
    def are_any(self) -> bool:
        """Whether one was found, by whomever."""
        return bool(self.columns.stamps or self._walked)

    def add(self, stamp: int, captured: int, odd: int | bool | None) -> None:
        """Take one frame; its number is for the reader to add.  `odd`: True for an enhanced block,
        else see `_odd`.
        """
        self.columns.stamps.append(stamp)
        self.columns.lengths.append(captured)
        if odd is True:
            self.may_have_options.append(stamp)
        else:
            self._odd[stamp] = odd

    def walk_with(
        self, walker: Walker, records: Records, data: bytes, at: int, number: int
    ) -> tuple[int, int]:
        """Let a walker go over the blocks from `at` on.  Gives the offset and the frame number of
        what follows.
        """
        left = len(self.columns.stamps)
        after, number, last = walker.walk(records, data, at, number, self.columns)
        self.may_have_options += self.columns.stamps[left:]
        if last >= 0:
            self._walked += (at + PACKET_HEAD - STAMP_DISTANCE, last)
        return after, number

    def walk(self, data: bytes, at: int, order: str, known: int) -> int:
        """Take all whole enhanced packet blocks of `known` interfaces from `at` on, without their
        numbers.  Gives the offset of what follows.  A hot loop: about 0.15 us a frame.

        One `unpack` gets the closing length of the block before and the head of this one.
        """
        at -= 4
        stamps, lengths = self.columns.stamps, self.columns.lengths
        unpack = struct.Struct(order + "IIII8xI").unpack_from
        (total,) = struct.unpack_from(order + "I", data, at)
        before, with_options = len(stamps), self.may_have_options
        try:
            while True:
                trailer, kind, size, interface, captured = unpack(data, at)
                if kind != ENHANCED_PACKET or trailer != total or interface >= known:
                    break
                if size != (captured + 35) & -4:
                    if size & 3 or size < captured + 32:
                        break
                    with_options.append(at + 16)
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
        while with_options and with_options[-1] > at:
            with_options.pop()
        return at + 4

    def batches(self, data: bytes, known: Interfaces) -> Iterator[Batch]:
        """All frames, one batch for each linktype and clock."""
        records, columns, odd = known.records, self.columns, self._odd
        interfaces = records.interfaces
        if not columns.stamps:
            return
        if not odd and known.are_alike:
            yield _batch(data, records, *interfaces[0], columns)
            return
        kind_of = self._kinds(data, known)
        by_kind: dict[tuple[int, Clock], Columns] = {}
        for stamp, length, number in zip(
            columns.stamps, columns.lengths, columns.numbers, strict=True
        ):
            own = by_kind.setdefault(kind_of(stamp), Columns())
            own.stamps.append(stamp)
            own.lengths.append(length)
            own.numbers.append(number)
        for (linktype, clock), own in by_kind.items():
            yield _batch(data, records, linktype, clock, own)

    def tell_times(self, progress: Progress, data: bytes, known: Interfaces) -> None:
        """Tell those of the first and the last frame; stamps ascend."""
        stamps = self.columns.stamps
        ends = [*stamps[:1], *self._walked, *stamps[-1:]]
        if ends:
            kind_of = self._kinds(data, known)
            progress.tell_times(
                *(kind_of(at)[1](data[at : at + 8]) for at in (min(ends), max(ends)))
            )

    def _kinds(self, data: bytes, known: Interfaces) -> Callable[[int], tuple[int, Clock]]:
        """What gives linktype and clock of a frame by its stamp."""
        odd, kinds = self._odd, known.records.interfaces
        word = struct.Struct(known.records.order + "I").unpack_from

        def kind_of(stamp: int) -> tuple[int, Clock]:
            interface = odd[stamp] if stamp in odd else word(data, stamp - 4)[0]
            return (kinds[0][0], no_clock) if interface is None else kinds[interface]

        return kind_of


def _batch(data: bytes, records: Records, linktype: int, clock: Clock, columns: Columns) -> Batch:
    return Batch(
        linktype,
        data,
        columns.stamps,
        records.distance,
        columns.lengths,
        columns.numbers,
        records.order,
        clock,
    )
