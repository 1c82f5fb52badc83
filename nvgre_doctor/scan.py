"""Frames become Evidence.  The one hot loop; knows batches, shapes and evidence, nothing about hosts or verdicts.

Most frames of a capture are alike: the same few headers again and again.  So the loop looks at each frame only as far as it must
to know that it is plain, takes its *header* (all bytes from the outer source address to the inner source MAC: one contiguous
slice that holds all the evidence needs, and nothing that changes from frame to frame) and counts it in a dict, the memo.
Headers are understood when the memo is folded into the evidence.  Every other frame is decoded, exactly and slowly.
That both ways give the same evidence is tested on random frames.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import Any, Final

from nvgre_doctor.capture.batch import Batch, Stamp
from nvgre_doctor.collect import add_facts, customer_addresses
from nvgre_doctor.evidence import CaptureEvidence, Moment, Oddity, Sightings, Sign, StreamFacts, pack_stream
from nvgre_doctor.shapes import Shape, shape_of
from nvgre_doctor.wire.decode import decode
from nvgre_doctor.wire.facts import Nvgre
from nvgre_doctor.wire.layouts import VLAN_ETHERTYPES

MEMO_CAP: Final = 50_000
"""Headers in the memo: about 20 MB.  Folding sooner changes nothing but the speed."""
SHAPES_PER_BATCH: Final = 6
"""How many shapes are tried on one batch before the rest is decoded: hostile frames must not make the loop quadratic."""

_GRE: Final = 47
_UDP: Final = 17
_NVGRE: Final = b"\x20\x00\x65\x58"  # K and nothing else, transparent Ethernet bridging (RFC 7637 section 3.2)
_CONTROL_UPPER: Final = b"\xff\xff\xff"
_CONTROL_OLD: Final = b"\x00\xff\xff\xff"
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
hop limit (one byte) and customer addresses.  A list, because nothing in Python is changed faster."""


def scan(batches: Iterable[Batch], memo_cap: int = MEMO_CAP) -> CaptureEvidence:
    """Count every frame of one capture, or of one part of it."""
    scanner = _Scanner(memo_cap)
    for batch in batches:
        scanner.add(batch)
    return scanner.finish()


class _Scanner:
    def __init__(self, memo_cap: int) -> None:
        self._evidence = CaptureEvidence()
        self._memos: dict[
            tuple[int, Shape], dict[bytes, Cell]
        ] = {}  # of one linktype and shape: its frames come in order
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
            if sum(map(len, self._memos.values())) >= self._memo_cap:
                self._fold()
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
        pending, untagged = shape.split_by_tags(data, starts, pending)
        other = list(untagged)
        whole = len(pending)
        while whole and starts[pending[whole - 1]] - stamp.distance + unpacker.size > len(data):
            whole -= 1  # the last frames of the buffer are shorter than what unpack reads
        if whole < len(pending):
            odd.extend(pending[whole:])
            pending = pending[:whole]
        if len(pending) == len(starts):
            positions, lengths, numbers = [start - stamp.distance for start in starts], batch.lengths, batch.numbers
        else:
            positions = [starts[i] - stamp.distance for i in pending]
            lengths, numbers = [batch.lengths[i] for i in pending], [batch.numbers[i] for i in pending]
        memo = self._memos.setdefault((batch.linktype, shape), {})
        get = memo.get
        link_field, versions, plain_protocols = shape.link_field, shape.versions, shape.plain_protocols
        need, need_plain, counted_ip = shape.need, shape.link_size + shape.ip_size, shape.counted_ip
        shortest_nvgre, need_port, shortest_udp = counted_ip + 42, need_plain + 4, counted_ip + 4
        nvgre = not_gre = vxlan = 0
        for (
            fields,
            captured,
            number,
            i,
        ) in zip(  # not strict: cut at `pending`, which may be shorter than a batch's columns
            map(unpacker.unpack_from, repeat(data), positions), lengths, numbers, pending, strict=False
        ):
            mark, link_found, version, ip_length, flags, offset, protocol, header, inner_type, inner_protocol = fields
            if link_found != link_field or version not in versions:
                other.append(i)
            elif protocol == _GRE:
                if (
                    captured < need
                    or (ip_length < shortest_nvgre and ip_length)  # 0: the adapter was to fill it in
                    or offset
                    or flags not in _WHOLE_PACKET
                    or (
                        (inner_type != _IP_OR_ARP or inner_protocol not in _TCP_OR_UDP)
                        and not _is_quiet(data, starts[i] + shape.inner_at + 12)
                    )
                ):
                    odd.append(i)
                    continue
                cell = get(header)
                if cell is None:
                    cell = self._new_cell(memo, batch, i, shape, header, number, mark)
                    if cell is None:
                        odd.append(i)
                        continue
                cell[0] += 1
                cell[2] = number
                cell[4] = mark
                nvgre += 1
            elif captured < need_plain or (ip_length < counted_ip and ip_length):
                odd.append(i)
            elif protocol in plain_protocols:
                not_gre += 1
            elif protocol == _UDP and captured >= need_port and (ip_length >= shortest_udp or not ip_length):
                if header[-18:-16] != _VXLAN_PORT:
                    not_gre += 1
                elif offset or flags not in _WHOLE_PACKET:
                    odd.append(i)
                else:
                    vxlan += 1
            else:
                odd.append(i)
        self._evidence.nvgre_frames += nvgre
        self._not_gre += not_gre
        self._vxlan += vxlan
        other.sort()  # the untagged ones stand first
        return other

    def _new_cell(
        self, memo: dict[bytes, Cell], batch: Batch, i: int, shape: Shape, header: bytes, number: int, mark: bytes
    ) -> Cell | None:
        """A place in the memo for a header that was not seen since the last fold; None unless it is that of NVGRE data."""
        if header[-20:-16] != _NVGRE or header[-16:-13] == _CONTROL_UPPER or header[-16:-12] == _CONTROL_OLD:
            return None
        data, start = batch.data, batch.starts[i]
        inner_ip = start + shape.inner_at + 14
        inner_length = data[inner_ip + 2] << 8 | data[inner_ip + 3]
        if data[inner_ip - 2 : inner_ip + 1] == b"\x08\x00\x45" and (inner_length >= 20 or not inner_length):
            customers = data[inner_ip + 12 : inner_ip + 20]
        else:
            facts = decode(batch.linktype, batch.frame(i), batch.wire_length(i))
            if not isinstance(facts, Nvgre):
                return None
            customers = customer_addresses(facts.inner_source, facts.inner_destination)
        hop_limit_at = start + shape.hop_limit_at
        cell = [0, number, number, mark, mark, data[hop_limit_at : hop_limit_at + 1] + customers]
        memo[header] = cell
        return cell

    def _fold(self) -> None:
        """Understand the headers in the memo, and begin a new one.  Headers that differ in the lowest octet are one stream."""
        streams: dict[bytes, Cell] = {}
        get = streams.get
        for header, cell in chain.from_iterable(memo.items() for memo in self._memos.values()):
            key = header[:-20] + header[-16:-13] + header[-12:]
            known = get(key)
            if known is None:
                streams[key] = [*cell, [header[-13]]]
                continue
            frames, first, last, first_mark, last_mark, about = cell
            known[0] += frames
            known[6].append(header[-13])
            if first < known[1]:
                known[1], known[3], known[5] = first, first_mark, about
            if last > known[2]:
                known[2], known[4] = last, last_mark
        time_of, add_stream = self._time_of, self._evidence.add_stream
        for key, (frames, first, last, first_mark, last_mark, about, low_octets) in streams.items():
            facts = StreamFacts(
                frames,
                Moment(first, time_of(first_mark)),
                Moment(last, time_of(last_mark)),
                about[0],
                about[1:],
                bytes(sorted(set(low_octets))),
            )
            add_stream(key, pack_stream(facts))
        self._memos.clear()


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
    return int.from_bytes(ethertype) not in VLAN_ETHERTYPES
