"""Frames become Evidence.  Knows batches, shapes and evidence, nothing about hosts or verdicts.

Most frames of a capture are alike: the same few headers again and again.  So the scan looks at each
frame only as far as it must to know that it is plain, takes its *header* (all bytes from the outer
source address to the inner EtherType: one contiguous slice that holds all the evidence needs, and
nothing that changes from frame to frame) and counts it in the memo.  Most plain frames are counted
before they get here, by the express lane.  Memos are folded into the evidence now and then. Every
frame that is not plain is decoded, exactly and slowly.  That all ways give the same evidence is
tested on random frames.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Final

from nvgre_doctor.capture.batch import Batch
from nvgre_doctor.evidence import CaptureEvidence, sampling
from nvgre_doctor.evidence.signs import Sightings, Sign
from nvgre_doctor.evidence.streams import Moment
from nvgre_doctor.scan.exact import ONLY_COUNTED, add_facts, customer_addresses
from nvgre_doctor.scan.express import Express
from nvgre_doctor.scan.memo import Memo
from nvgre_doctor.scan.shapes import (
    GRE,
    IN_PARTS,
    IP_OR_ARP,
    TCP_OR_UDP,
    Shape,
    is_data,
    plain_customers,
    shape_of,
)
from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import Nvgre, Other
from nvgre_doctor.wire.links import TAG_ETHERTYPES

MEMO_CAP: Final = 100_000
"""Headers in the memos: up to 80 MB, if each is of another direction.  Folding sooner changes
nothing but the speed.
"""
SHAPES_PER_BATCH: Final = 6
"""How many shapes are tried on one batch before the rest is decoded: hostile frames must not make
the loop quadratic.
"""

_MEMOS: Final = 64  # hostile captures have another clock for each frame
_UDP: Final = 17
_VXLAN_PORT: Final = b"\x12\xb5"
_ICMP: Final = 1
_ICMPV6: Final = 58
_AH: Final = 51
_NO_OPTIONS: Final = 0x45
_ICMP_ERRORS: Final = frozenset(
    {b"", b"\x03", b"\x04", b"\x05", b"\x0b", b"\x0c"}
)  # b"": the buffer ends there
_ICMPV6_ERRORS: Final = frozenset({b"", b"\x01", b"\x02", b"\x03", b"\x04", b"\x89"})


def scan(batches: Iterable[Batch], scanner: "Scanner | None" = None) -> CaptureEvidence:
    """Count every frame of one capture, or of one part of it; with the `scanner` whose `express`
    lane the reader uses.
    """
    scanner = scanner or Scanner()
    for batch in batches:
        scanner.add(batch)
    return scanner.finish()


class Scanner:
    """Counts batch by batch."""

    def __init__(self, memo_cap: int = MEMO_CAP) -> None:
        """Nothing counted."""
        self.express = Express()
        self._evidence = CaptureEvidence()
        self._memos: dict[tuple[int, Shape, Callable[[int], int]], Memo] = {}
        self._memo_cap = memo_cap
        # Streams in the memos beyond which it is time to see which VM pairs are kept.
        self._crowd = sampling.ALL_VM_STREAMS
        self._counted: defaultdict[Oddity, int] = defaultdict(
            int
        )  # frames of which nothing else is kept
        self._usual: dict[
            int, Shape
        ] = {}  # by linktype: the shape that took most frames of the last batch

    def add(self, batch: Batch) -> None:
        """Count the frames of one batch."""
        self._evidence.frames += len(batch.stamps)
        odd: Sequence[int] = range(len(batch.stamps))
        if batch.time_of is not None:
            odd = self._take_plain(batch, batch.time_of)
            self._make_room()
        for i in odd:
            facts = decode(batch.linktype, batch.frame(i), batch.wire_length(i))
            if isinstance(facts, Other) and facts.oddity in ONLY_COUNTED:
                self._counted[facts.oddity] += 1
            else:
                add_facts(
                    self._evidence, facts, Moment(batch.numbers[i], batch.clock(i)), batch.linktype
                )

    def finish(self) -> CaptureEvidence:
        """All evidence."""
        self._fold()
        express = self.express
        self._evidence.frames += express.nvgre_frames + express.not_gre
        self._evidence.nvgre_frames += express.nvgre_frames
        self._counted[Oddity.NOT_GRE] += express.not_gre
        for oddity, count in self._counted.items():
            if count:
                self._evidence.add_sign(Sign(oddity), Sightings(count, ()))
        return self._evidence

    def _take_plain(self, batch: Batch, time_of: Callable[[int], int]) -> Sequence[int]:
        """Count what is plain, shape by shape, the usual one first.  Returns the frames that must
        be decoded.
        """
        odd: list[int] = []
        pending: Sequence[int] = range(len(batch.stamps))
        shape = self._usual.get(batch.linktype)
        tried: set[int] = set()
        most = 0
        at = 0  # in `pending`: what is before that is in `odd`
        while at < len(pending) and len(tried) < SHAPES_PER_BATCH:
            if shape is None:
                first = pending[at]
                start = batch.stamps[first] + batch.distance
                shape = shape_of(batch.linktype, batch.data, start, batch.lengths[first])
                if shape is None or id(shape) in tried:
                    odd.append(first)
                    at += 1
                    shape = None
                    continue
            tried.add(id(shape))
            pending, at = pending[at:], 0
            before = len(pending)
            memo = self._memo(batch.linktype, shape, time_of)
            pending = self._take(batch, shape, memo, pending, odd)
            if before - len(pending) > most:
                most = before - len(pending)
                self._usual[batch.linktype] = shape
                self.express.open(batch.linktype, shape, memo)
            shape = None
        return [*odd, *pending[at:]]

    def _memo(self, linktype: int, shape: Shape, time_of: Callable[[int], int]) -> Memo:
        memo = self._memos.get((linktype, shape, time_of))
        if memo is None:
            memo = self._memos[linktype, shape, time_of] = Memo(time_of, self._evidence)
        return memo

    def _take(
        self, batch: Batch, shape: Shape, memo: Memo, pending: Sequence[int], odd: list[int]
    ) -> Sequence[int]:
        """Counts the plain frames of one shape, adds its other frames to `odd`, returns the other
        shapes'.  The other hot loop.

        One Struct gives all fields (70 ns a frame, however many they are).  Comparing them one by
        one in Python beats every way of doing it in C that was measured, because nearly every frame
        passes nearly every test.
        """
        data, stamps = batch.data, batch.stamps
        unpacker = shape.unpacker(f"{batch.order}Q{batch.distance - 8}x")
        pending, others = shape.split_by_tags(data, stamps, batch.distance, pending)
        whole = len(pending)
        while whole and stamps[pending[whole - 1]] + unpacker.size > len(data):
            whole -= 1  # the last frames of the buffer are shorter than what unpack reads
        odd.extend(pending[whole:])
        pending = pending[:whole]
        lengths, numbers = batch.lengths, batch.numbers
        if whole != len(stamps):
            stamps, lengths, numbers = (
                [column[i] for i in pending] for column in (stamps, lengths, numbers)
            )
        rows = zip(
            map(unpacker.unpack_from, repeat(data), stamps), lengths, pending, numbers, strict=True
        )
        get, get_other = memo.headers.get, memo.other_headers.get
        frames, begun, last, last_times = memo.frames, memo.begun, memo.last, memo.last_times
        (link_high, link_low), usual, versions = shape.link_field, shape.version, shape.versions
        plain_protocols, shortest, shortest_ip = (
            shape.plain_protocols,
            shape.shortest_nvgre,
            shape.counted_ip,
        )
        in_parts = IN_PARTS[batch.order]
        need, need_plain, inner_type_at = (
            shape.need,
            shape.need_plain,
            batch.distance + shape.inner_at + 12,
        )
        not_gre = vxlan = 0
        other: list[int] = []
        odd_before = len(odd)
        for row, captured, i, number in rows:
            # fmt: off
            (raw_time, high, low, version, length_high, length_low,
             fragment, protocol, header, inner_protocol) = row  # the fields of `Shape.unpacker`
            # fmt: on
            if (
                high != link_high
                or low != link_low
                or (version != usual and version not in versions)
            ):
                other.append(i)
            elif protocol == GRE:
                if (
                    (inner_protocol in TCP_OR_UDP and header[-2] == IP_OR_ARP)
                    or _is_quiet(data, batch.stamps[i] + inner_type_at)
                ) and not (
                    captured < need
                    or (fragment and fragment & in_parts)
                    or not (
                        length_high or length_low >= shortest or not length_low
                    )  # 0: the adapter was to fill it in
                ):
                    cell = get(header) if header[-2] == IP_OR_ARP else get_other(header)
                    if cell is None or number < begun[cell][0]:
                        cell = _learn(memo, batch, i, shape, header, raw_time)
                        if cell is None:
                            odd.append(i)
                            continue
                    frames[cell] += 1
                    if number > last[cell]:  # the express lane was here before
                        last[cell] = number
                        last_times[cell] = raw_time
                else:
                    odd.append(i)
            elif captured < need_plain or not (
                length_high or length_low >= shortest_ip or not length_low
            ):
                odd.append(i)
            elif protocol in plain_protocols:
                not_gre += 1
            elif (
                protocol == _UDP
                and captured >= need_plain + 4
                and (length_high or length_low >= shortest_ip + 4 or not length_low)
            ):
                if header[-20:-18] != _VXLAN_PORT:
                    not_gre += 1
                elif fragment and fragment & in_parts:
                    odd.append(i)
                else:
                    vxlan += 1
            else:
                odd.append(i)
        self._evidence.nvgre_frames += (
            whole - len(other) - (len(odd) - odd_before) - not_gre - vxlan
        )
        self._counted[Oddity.NOT_GRE] += not_gre
        self._counted[Oddity.VXLAN] += vxlan
        return sorted([*others, *other]) if others else other

    def _make_room(self) -> None:
        """Keep the memos within bounds."""
        memos = self._memos.values()
        if (
            len(memos) > _MEMOS
            or sum(
                max(len(memo.headers) + len(memo.other_headers), len(memo.begun)) for memo in memos
            )
            >= self._memo_cap
        ):
            self._fold()
        elif not self._evidence.is_thinned and sum(len(memo.begun) for memo in memos) > self._crowd:
            self._thin()
            self._crowd *= 2

    def _thin(self) -> None:
        """See which VM pairs are kept, if there are too many, and let the memos put together the
        streams of the others.
        """
        wanted: defaultdict[bytes, set[bytes]] = defaultdict(set)
        for memo in self._memos.values():
            for ends in memo.thinned:
                self._evidence.raise_level(ends, memo.level(ends))
            for ends, key, _ in memo.streams():
                wanted[ends].add(key)
        self._evidence.make_room(wanted)
        for memo in self._memos.values():
            memo.take_over_levels()

    def _fold(self) -> None:
        """Understand everything in the memos, and begin new ones."""
        self._thin()
        for memo in self._memos.values():
            memo.fold()
        self._memos.clear()
        self.express.close()


def _learn(
    memo: Memo, batch: Batch, i: int, shape: Shape, header: bytes, raw_time: int
) -> int | None:
    """The cell for a frame whose header is not in the memo; None unless it is NVGRE data."""
    if not is_data(header):
        return None
    number, inner_ip = batch.numbers[i], batch.stamps[i] + batch.distance + shape.inner_at + 14
    cell = memo.cell_of(header, number, raw_time, plain_customers(batch.data, inner_ip))
    if cell is None:
        facts = decode(batch.linktype, batch.frame(i), batch.wire_length(i))
        if isinstance(facts, Nvgre):
            customers = customer_addresses(facts.inner_source, facts.inner_destination)
            cell = memo.cell_of(header, number, raw_time, customers)
    return cell


def _is_quiet(data: bytes, type_at: int) -> bool:
    """Whether an inner frame, whose EtherType is at `type_at`, carries no ICMP error for certain,
    and no tag.

    May look at bytes behind a short frame: where decode finds an error, the bytes are the frame's
    own.
    """
    ethertype, ip = data[type_at : type_at + 2], type_at + 2
    if ethertype == b"\x08\x00":
        protocol = data[ip + 9]
        if protocol == _ICMP:
            return data[ip] == _NO_OPTIONS and data[ip + 20 : ip + 21] not in _ICMP_ERRORS
        return protocol != _AH
    if ethertype == b"\x86\xdd":
        next_header = data[ip + 6]
        if next_header == _ICMPV6:
            return data[ip + 40 : ip + 41] not in _ICMPV6_ERRORS
        return next_header in TCP_OR_UDP
    return int.from_bytes(ethertype) not in TAG_ETHERTYPES
