"""Frames become Evidence.  The one hot loop; knows batches, shapes and evidence, nothing about hosts or verdicts.

Most frames of a capture are alike: the same few headers again and again.  So the loop looks at each frame only as far as it must
to know that it is plain, takes its *header* (all bytes from the outer source address to the inner source MAC: one contiguous
slice that holds all the evidence needs, and nothing that changes from frame to frame) and counts it in a dict, the memo.
Headers are understood when the memo is folded into the evidence.  Every other frame is decoded, exactly and slowly.
That both ways give the same evidence is tested on random frames.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Final

from nvgre_doctor.capture.batch import Batch, Stamp
from nvgre_doctor.collect import add_facts, customer_addresses
from nvgre_doctor.evidence import (
    OCTET_SPREAD,
    CaptureEvidence,
    Direction,
    Moment,
    Oddity,
    Sightings,
    Sign,
    StreamFacts,
    pack_stream,
    vm_sample,
)
from nvgre_doctor.shapes import Shape, shape_of
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import Nvgre
from nvgre_doctor.wire.link import TAG_ETHERTYPES

MEMO_CAP: Final = 25_000
"""Headers in the memo: about 10 MB.  Folding sooner changes nothing but the speed."""
SHAPES_PER_BATCH: Final = 6
"""How many shapes are tried on one batch before the rest is decoded: hostile frames must not make the loop quadratic."""

_GRE: Final = 47
_UDP: Final = 17
_NVGRE: Final = b"\x20\x00\x65\x58"  # K and nothing else, transparent Ethernet bridging (RFC 7637 section 3.2)
_CONTROL: Final = b"\xff\xff\xff"  # in a key: control traffic, or one of a few keys that are decoded for nothing
_NEAR_CONTROL: Final = b"\x00\xff\xff"  # bits 31..8 of a control key, and of 255 keys that are none
_WHOLE: Final[list[Any]] = [0, 0, {}]  # what _Memo.thinned would hold of a direction of which all VM pairs are kept
_BITS: Final = tuple(1 << octet for octet in range(256))
_VXLAN_PORT: Final = b"\x12\xb5"
_WHOLE_PACKET: Final = frozenset({0x00, 0x40, 0x80, 0xC0, b""})  # no "more fragments", no offset; IPv6: nothing
_TCP_OR_UDP: Final = frozenset({6, 17})  # inner protocols that are no ICMP error
_IP_OR_ARP: Final = (
    8  # upper byte of the inner EtherTypes IPv4 and ARP: there the byte of IPv4's protocol can be trusted
)
_ICMP: Final = 1
_ICMPV6: Final = 58
_AH: Final = 51
_NO_OPTIONS: Final = 0x45
_ICMP_ERRORS: Final = frozenset({b"", b"\x03", b"\x04", b"\x05", b"\x0b", b"\x0c"})  # b"": the buffer ends there
_ICMPV6_ERRORS: Final = frozenset({b"", b"\x01", b"\x02", b"\x03", b"\x04", b"\x89"})

Cell = list[Any]
"""What the memo holds of one header: frames, number of the first and of the last frame, their stamps, and of the first frame its
hop limit (one byte) and customer addresses.

VM pairs that are not kept (see `evidence.Direction`) share a cell for each source and bits 31..8 of the key; it also holds 256 bytes that
tell which lowest octets their keys have.  A cell is a list, because nothing in Python is changed faster."""


def scan(batches: Iterable[Batch], memo_cap: int = MEMO_CAP) -> CaptureEvidence:
    """Count every frame of one capture, or of one part of it."""
    scanner = _Scanner(memo_cap)
    for batch in batches:
        scanner.add(batch)
    return scanner.finish()


class _Scanner:
    def __init__(self, memo_cap: int) -> None:
        self._evidence = CaptureEvidence()
        self._memos: defaultdict[tuple[int, Shape], _Memo] = defaultdict(_Memo)
        self._memo_cap = memo_cap
        self._time_of: Callable[[bytes], int] = len  # of the stamps in the memo; at first there are none
        self._not_gre = 0
        self._vxlan = 0
        self._usual: dict[int, Shape] = {}  # by linktype: the shape that took most frames of the last batch

    def add(self, batch: Batch) -> None:
        """Count the frames of one batch."""
        self._evidence.frames += len(batch.starts)
        odd: Sequence[int] = range(len(batch.starts))
        if batch.stamp is not None:
            if batch.stamp.time_of is not self._time_of:
                self._fold()
                self._time_of = batch.stamp.time_of
            odd = self._take_plain(batch, batch.stamp)
            if sum(len(memo.headers) for memo in self._memos.values()) >= self._memo_cap:
                self._fold_headers()
        for i in odd:
            facts = decode(batch.linktype, batch.frame(i), batch.wire_length(i))
            add_facts(self._evidence, facts, Moment(batch.numbers[i], batch.clock(i)), batch.linktype)

    def finish(self) -> CaptureEvidence:
        """All evidence."""
        self._fold()
        for oddity, count in ((Oddity.NOT_GRE, self._not_gre), (Oddity.VXLAN, self._vxlan)):
            if count:
                self._evidence.add_sign(Sign(oddity), Sightings(count, ()))
        return self._evidence

    def _take_plain(self, batch: Batch, stamp: Stamp) -> Sequence[int]:
        """Count what is plain, shape by shape, the usual one first.  Returns the frames that must be decoded."""
        odd: list[int] = []
        pending: Sequence[int] = range(len(batch.starts))
        shape = self._usual.get(batch.linktype)
        tried: set[int] = set()
        most = 0
        while pending and len(tried) < SHAPES_PER_BATCH:
            if shape is None:
                first = pending[0]
                shape = shape_of(batch.linktype, batch.data, batch.starts[first], batch.lengths[first])
                if shape is None or id(shape) in tried:
                    odd.append(first)
                    pending = pending[1:]
                    shape = None
                    continue
            tried.add(id(shape))
            before = len(pending)
            pending = self._take(batch, stamp, shape, pending, odd)
            if before - len(pending) > most:
                most = before - len(pending)
                self._usual[batch.linktype] = shape
            shape = None
        return [*odd, *pending]

    def _take(self, batch: Batch, stamp: Stamp, shape: Shape, pending: Sequence[int], odd: list[int]) -> Sequence[int]:
        """The hot loop.  Counts the plain frames of one shape, adds its other frames to `odd`, returns the other shapes'.

        One Struct gives all fields (70 ns a frame, however many they are).  Comparing them one by one in Python beats every
        way of doing it in C that was measured, because nearly every frame passes nearly every test.
        """
        data, starts = batch.data, batch.starts
        unpacker = shape.unpacker(stamp.distance, stamp.size)
        pending, others = shape.split_by_tags(data, starts, pending)
        whole = len(pending)
        while whole and starts[pending[whole - 1]] - stamp.distance + unpacker.size > len(data):
            whole -= 1  # the last frames of the buffer are shorter than what unpack reads
        odd.extend(pending[whole:])
        pending = pending[:whole]
        if whole == len(starts):
            positions, lengths, numbers = [start - stamp.distance for start in starts], batch.lengths, batch.numbers
        else:
            positions = [starts[i] - stamp.distance for i in pending]
            lengths, numbers = [batch.lengths[i] for i in pending], [batch.numbers[i] for i in pending]
        frames = zip(map(unpacker.unpack_from, repeat(data), positions), lengths, pending, numbers, strict=True)
        memo = self._memos[batch.linktype, shape]
        get, get_thinned = memo.headers.get, memo.thinned.get
        link_field, versions, plain_protocols = shape.link_field, shape.versions, shape.plain_protocols
        need, need_plain, inner_type_at = shape.need, shape.link_size + shape.ip_size, shape.inner_at + 12
        shortest_ip, shortest_nvgre = shape.counted_ip, shape.counted_ip + 42
        spread = OCTET_SPREAD
        not_gre = vxlan = 0
        other: list[int] = []
        odd_before = len(odd)
        for (  # the fields of `Shape.unpacker`
            (mark, link_found, version, ip_length, flags, offset, protocol, header, inner_type, inner_protocol),
            captured,
            i,
            number,
        ) in frames:
            if link_found != link_field or version not in versions:
                other.append(i)
            elif protocol == _GRE:
                if (
                    (inner_protocol in _TCP_OR_UDP and inner_type == _IP_OR_ARP)
                    or _is_quiet(data, starts[i] + inner_type_at)
                ) and not (
                    captured < need
                    or offset
                    or flags not in _WHOLE_PACKET
                    or (ip_length < shortest_nvgre and ip_length)  # 0: the adapter was to fill it in
                ):
                    cell = get(header)
                    if cell is None:
                        thinned = get_thinned(header[:-20], _WHOLE)
                        if (spread[header[-1]] ^ spread[header[-7]]) & thinned[0]:  # as in vm_sample
                            cell = thinned[2].get(header[-20:-13])
                        if cell is not None:
                            cell[6][header[-13]] = 1
                            thinned[1] += 1
                        else:
                            cell = self._new_cell(memo, batch, i, shape, header, number, mark)
                            if cell is None:
                                odd.append(i)
                                continue
                    cell[0] += 1
                    cell[2] = number
                    cell[4] = mark
                else:
                    odd.append(i)
            elif captured < need_plain or (ip_length < shortest_ip and ip_length):
                odd.append(i)
            elif protocol in plain_protocols:
                not_gre += 1
            elif protocol == _UDP and captured >= need_plain + 4 and (ip_length >= shortest_ip + 4 or not ip_length):
                if header[-18:-16] != _VXLAN_PORT:
                    not_gre += 1
                elif offset or flags not in _WHOLE_PACKET:
                    odd.append(i)
                else:
                    vxlan += 1
            else:
                odd.append(i)
        self._evidence.nvgre_frames += whole - len(other) - (len(odd) - odd_before) - not_gre - vxlan
        self._not_gre += not_gre
        self._vxlan += vxlan
        return sorted([*others, *other]) if others else other

    def _new_cell(
        self, memo: "_Memo", batch: Batch, i: int, shape: Shape, header: bytes, number: int, mark: bytes
    ) -> Cell | None:
        """The cell of a header that has none yet; None unless it is that of NVGRE data."""
        if header[-20:-16] != _NVGRE or _CONTROL in header[-16:-12]:
            return None
        hop_limit_at = batch.starts[i] + shape.hop_limit_at
        hop_limit = batch.data[hop_limit_at : hop_limit_at + 1]
        thinned = memo.thinned.get(header[:-20], _WHOLE)
        if vm_sample(header[-12:]) & thinned[0] and header[-16:-13] != _NEAR_CONTROL:
            shared: dict[bytes, Cell] = thinned[2]
            cell = shared.setdefault(header[-20:-13], [0, number, number, mark, mark, hop_limit, bytearray(256)])
            cell[6][header[-13]] = 1
            thinned[1] += 1
            return cell
        customers = _customer_addresses(batch, i, shape)
        if customers is None:
            return None
        cell = memo.headers[header] = [0, number, number, mark, mark, hop_limit + customers]
        return cell

    def _fold_headers(self) -> None:
        """Understand the headers in the memos, and forget them.  Headers that differ in the lowest octet are one stream."""
        directions: defaultdict[bytes, dict[bytes, Cell]] = defaultdict(dict)
        for header, cell in chain.from_iterable(memo.headers.items() for memo in self._memos.values()):
            _put(directions[header[:-20]], header[-16:-13] + header[-12:], [*cell, _BITS[header[-13]]])
        for memo in self._memos.values():
            memo.headers.clear()
        evidence = self._evidence
        fresh = sum(
            len(cells.keys() - evidence.direction(ends).vm_streams.keys()) for ends, cells in directions.items()
        )
        evidence.expect(fresh)
        unkept: dict[bytes, Cell] = {}
        for ends, cells in directions.items():
            direction = evidence.direction(ends)
            if evidence.is_thinned:
                evidence.raise_level(ends, direction.level_with(cells))
            for key, cell in cells.items():
                if direction.keeps(key[3:]):
                    evidence.add_stream(ends, key, self._pack(cell))
                else:  # put together as cells first: a tenth of the work
                    direction.unkept_frames += cell[0]
                    _put(unkept, ends[: len(ends) // 2] + key[:3], [*cell[:5], cell[5][:1], cell[6]])
        self._add_unkept(unkept)
        for memo in self._memos.values():
            memo.thin(evidence.directions)

    def _fold(self) -> None:
        """Understand everything in the memos, and begin new ones."""
        self._fold_headers()
        unkept: dict[bytes, Cell] = {}
        for memo in self._memos.values():
            for source, cells in memo.shared.items():
                for key, cell in cells.items():
                    low_octets = sum(_BITS[octet] for octet, seen in enumerate(cell[6]) if seen)
                    _put(unkept, source + key[-3:], [*cell[:6], low_octets])
            for ends, thinned in memo.thinned.items():
                self._evidence.direction(ends).unkept_frames += thinned[1]
        self._add_unkept(unkept)
        self._memos.clear()

    def _add_unkept(self, cells: dict[bytes, Cell]) -> None:
        for key, cell in cells.items():
            self._evidence.add_unkept(key, self._pack(cell))

    def _pack(self, cell: Cell) -> bytes:
        """A cell of seven fields as `evidence.pack_stream` has it."""
        frames, first, last, first_mark, last_mark, about, low_octets = cell
        first_moment = Moment(first, self._time_of(first_mark))
        last_moment = Moment(last, self._time_of(last_mark))
        return pack_stream(StreamFacts(frames, first_moment, last_moment, about[0], about[1:], _octets(low_octets)))


class _Memo:
    """The headers of one linktype and shape, whose frames come in order."""

    __slots__ = ("headers", "shared", "thinned")

    def __init__(self) -> None:
        self.headers: dict[bytes, Cell] = {}
        # By source address: by GRE flags and protocol and bits 31..8 of the key.
        self.shared: defaultdict[bytes, dict[bytes, Cell]] = defaultdict(dict)
        # By source + destination, where not all VM pairs are kept: Direction.mask, frames of those that are not, `shared` of the source.
        self.thinned: dict[bytes, list[Any]] = {}

    def thin(self, directions: Mapping[bytes, Direction]) -> None:
        """Take over which VM pairs are kept."""
        for ends, direction in directions.items():
            if direction.level:
                self.thinned.setdefault(ends, [0, 0, self.shared[ends[: len(ends) // 2]]])[0] = direction.mask


def _put(cells: dict[bytes, Cell], key: bytes, cell: Cell) -> None:
    """Add a cell of seven fields to that of the same key."""
    known = cells.get(key)
    if known is None:
        cells[key] = cell
        return
    frames, first, last, first_mark, last_mark, about, low_octets = cell
    known[0] += frames
    known[6] |= low_octets
    if first < known[1]:
        known[1], known[3], known[5] = first, first_mark, about
    if last > known[2]:
        known[2], known[4] = last, last_mark


def _octets(bits: int) -> bytes:
    """The positions of the bits that are set, ascending."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return bytes(found)


def _customer_addresses(batch: Batch, i: int, shape: Shape) -> bytes | None:
    """As `collect.customer_addresses`; None if the frame is not what it seems."""
    data, inner_ip = batch.data, batch.starts[i] + shape.inner_at + 14
    if data[inner_ip - 2 : inner_ip + 1] == b"\x08\x00\x45":
        length = data[inner_ip + 2] << 8 | data[inner_ip + 3]
        if length >= 20 or not length:
            return data[inner_ip + 12 : inner_ip + 20]
    facts = decode(batch.linktype, batch.frame(i), batch.wire_length(i))
    return customer_addresses(facts.inner_source, facts.inner_destination) if isinstance(facts, Nvgre) else None


def _is_quiet(data: bytes, type_at: int) -> bool:
    """Whether an inner frame, whose EtherType is at `type_at`, carries no ICMP error for certain, and no tag.

    May look at bytes behind a short frame: where decode finds an error, the bytes are the frame's own.
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
        return next_header in _TCP_OR_UDP
    return int.from_bytes(ethertype) not in TAG_ETHERTYPES
