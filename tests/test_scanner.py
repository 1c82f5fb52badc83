"""The loop in C: what it takes, what it leaves, and that it believes nobody."""

import struct
import threading

import pytest

from nvgre_doctor.capture import open_capture
from nvgre_doctor.capture.batch import Columns, Records, WordClock
from nvgre_doctor.capture.formats import pcap, pcapng, reader
from nvgre_doctor.evidence.rows import frames_of, rows_of
from nvgre_doctor.scan.counting import FrameCounter
from nvgre_doctor.scan.native import scanner_class
from tests import build, build_shims

Scanner = scanner_class()
pytestmark = pytest.mark.skipif(Scanner is None, reason="the C extension is not built")

TIME = 1_700_000_000_000_000_000
MACS = "00:15:5d:0a:00:01", "00:15:5d:0a:00:02"
TCP = build.ipv4("10.0.0.4", "10.0.0.5", 6, build.tcp("10.0.0.4", "10.0.0.5", 49152, 445))
INNER = build.inner_frame(*MACS, TCP)
PACKET = build.nvgre("192.168.50.1", "192.168.50.2", 0x00138900, INNER)
ETHERNET_IPV4 = (14, 12, True, 0, b"\x08\x00", 4)
TABLE = bytes(256)
SEED = bytes(range(120))
CLOCK = WordClock("<", are_seconds=False, per_second=1_000_000)


def scanner(rows=100):
    made = Scanner(SEED, TABLE, 262_144, rows)
    assert made.add_kind(True, 1_000_000, 0) == 0
    made.add_way(0, *ETHERNET_IPV4)
    return made


def walk(made, data, *, at=0, distance=16, is_pcapng=False, kinds=b"\0"):
    left = [], [], []
    end = made.walk(data, at, 1, False, is_pcapng, distance, bytearray(kinds), *left)
    return end, left


def record(frame):
    return struct.pack("<IIII", 1_700_000_000, 5, len(frame), len(frame)) + frame


@pytest.fixture
def left_to_python(monkeypatch):
    """How many frames of a buffer the loop in C leaves at most, behind the first one."""
    for module in (reader, pcap, pcapng):
        monkeypatch.setattr(module, "CHUNK", 4096)
    counts = []
    add = FrameCounter.add

    def counted(counter, batch):
        counts.append(len(batch.stamps))
        add(counter, batch)

    monkeypatch.setattr(FrameCounter, "add", counted)
    return lambda: max(counts[1:], default=0)


@pytest.mark.parametrize("linktype", [1, 113, 276, 0, 108, 12, 14, 101, 228])
@pytest.mark.parametrize("make", [build.pcap, build.pcapng])
def test_plain_frames_do_not_come_to_python(make, linktype, left_to_python, tmp_path):
    (tmp_path / "a").write_bytes(make([(TIME, build.link(linktype, PACKET))] * 500, linktype))
    counter = FrameCounter()
    with open_capture(tmp_path / "a") as capture:
        for batch in capture.batches(walker=counter):
            counter.add(batch)
    assert counter.finish().nvgre_frames == 500
    # A pcapng's reader takes the first block of a buffer.
    assert left_to_python() == (1 if make is build.pcapng else 0)


def test_plain_frames_behind_one_label_do_not_come_to_python(left_to_python, tmp_path):
    frames = [build_shims.MACS + build_shims.mpls(PACKET, label) for label in range(500)]
    (tmp_path / "a").write_bytes(build.pcap([(TIME, frame) for frame in frames]))
    counter = FrameCounter()
    with open_capture(tmp_path / "a") as capture:
        for batch in capture.batches(walker=counter):
            counter.add(batch)
    assert counter.finish().nvgre_frames == 500
    assert left_to_python() == 0


def test_interfaces_with_two_clocks_and_two_linktypes_do_not_come_to_python(
    left_to_python, tmp_path
):
    blocks = [build.shb(), build.idb(1, tsresol=9), build.idb(101, tsresol=6)]
    for n in range(500):
        linktype = 101 if n % 2 else 1
        frame = build.link(linktype, PACKET)
        blocks.append(build.epb(n % 2, TIME + n, frame, tsresol=6 if n % 2 else 9))
    (tmp_path / "a").write_bytes(b"".join(blocks))
    counter = FrameCounter()
    with open_capture(tmp_path / "a") as capture:
        for batch in capture.batches(walker=counter):
            counter.add(batch)
    assert counter.finish().nvgre_frames == 500
    assert left_to_python() <= 16  # the first batches are two, of half a buffer


def test_every_prefix_of_a_buffer_ends_before_the_record_that_is_cut():
    data = record(build.ethernet(PACKET)) * 3
    size = len(data) // 3
    for length in range(len(data) + 1):
        (at, number, last, is_full), left = walk(scanner(), data[:length])
        assert (at, number, is_full) == (length // size * size, length // size + 1, False)
        assert last == (at - size if at else -1)
        assert left == ([], [], [])


def test_what_is_not_plain_is_left_with_offset_length_and_number():
    ping = build.ethernet(build.ipv4("10.0.0.1", "10.0.0.2", 1, build.icmp(3, 1, bytes(20))))
    data = record(build.ethernet(PACKET)) + record(ping)
    first = 16 + len(build.ethernet(PACKET))
    assert walk(scanner(), data) == ((len(data), 3, first, False), ([first], [len(ping)], [2]))


def test_more_frames_than_are_left_at_once_are_all_left_in_order():
    data = record(b"x" * 12 + b"\x08\0" + b"x" * 6) * 10_000
    end, (stamps, lengths, numbers) = walk(scanner(), data)
    assert end == (len(data), 10_001, 359_964, False)
    assert (stamps, lengths) == (list(range(0, 360_000, 36)), [20] * 10_000)
    assert numbers == list(range(1, 10_001))


def test_a_full_table_is_told_and_nothing_is_counted_twice():
    frames = [
        build.ethernet(build.nvgre("192.168.50.1", "192.168.50.2", vsid << 8, INNER))
        for vsid in range(0x1000, 0x1003)
    ]
    data = b"".join(map(record, frames))
    made = scanner(rows=2)
    (at, number, last, is_full), _ = walk(made, data)
    assert (at, number, last, is_full) == (len(data) // 3 * 2, 3, len(data) // 3, True)
    units, *others = made.take()
    assert ([frames_of(packed) for _, packed in units], others) == ([1, 1], [[], 2, 0, 0, 0])
    assert walk(made, data, at=at)[0] == (len(data), 2, at, False)
    assert len(made.take()[0]) == 1


def test_a_unit_holds_all_that_the_evidence_takes():
    made = scanner()
    packets = [
        build.nvgre("192.168.50.1", "192.168.50.2", 0x00138947, INNER, ttl=ttl, ident=ident)
        for ttl, ident in ((127, 9), (128, 7), (60, 7), (64, 300))
    ]
    walk(made, b"".join(record(build.ethernet(packet)) for packet in packets))
    (((unit, packed),), directions, *counts) = made.take()
    assert unit == bytes.fromhex("05 c0a83201 c0a83202 00138947 00155d0a0002 00155d0a0001")
    assert packed[:9] == bytes([8, 10, 0, 0, 4, 10, 0, 0, 5])
    second = 1_700_000_000
    moment = second * 1_000_000_000 + 5_000
    (row,) = rows_of(packed)
    assert row[:7] == (second, second, 4, 1, moment, 4, moment)
    assert [row[at] for at in (7, 9, 10, 12, 14, 15)] == [7, 2, 128, 9, 1, 127]
    assert row[11] == row[16] != 0
    assert (directions, counts) == ([], [4, 0, 0, 0])


@pytest.mark.parametrize("tags", [(), ((0x8100, 7),), ((0x88A8, 7), (0x8100, 9))])
def test_arp_between_hosts_is_counted_and_not_looked_at(tags):
    made = scanner()
    frame = build.ethernet(build.arp(MACS[0], "192.168.50.1", "192.168.50.2"), tags=tags)
    end, (stamps, _, _) = walk(made, record(frame) * 3)
    assert (end[1], stamps, made.take()) == (4, [], ([], [], 0, 0, 0, 3))


def test_what_may_be_a_frame_of_802_11_is_left_though_it_may_look_like_arp():
    made = scanner()
    arp = build.arp(MACS[0], "192.168.50.1", "192.168.50.2")
    _, (stamps, _, _) = walk(made, record(build.ethernet(arp, dst="08:15:5d:0a:00:01")))
    assert (stamps, made.take()) == ([0], ([], [], 0, 0, 0, 0))


def test_a_new_unit_begins_behind_a_silence():
    made = scanner()
    data = b""
    for second in (100, 120, 141, 130):
        frame = build.ethernet(PACKET)
        data += struct.pack("<IIII", second, 0, len(frame), len(frame)) + frame
    walk(made, data)
    units, *_ = made.take()
    assert [rows_of(packed)[0][:6] for _, packed in units] == [
        (100, 120, 2, 1, 100_000_000_000, 2),
        (130, 141, 2, 3, 141_000_000_000, 4),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": -1},
        {"at": 5},
        {"distance": 8},
        {"distance": 1000},
        {"kinds": b""},
        {"is_pcapng": True, "distance": 20},
    ],
)
def test_a_wrong_call_is_refused(wrong):
    with pytest.raises(ValueError, match="no such buffer"):
        walk(scanner(), b"\0\0\0\0", **wrong)


@pytest.mark.parametrize(
    "way",
    [
        (1, 14, 12, True, 0, b"\x08\x00", 4),
        (-1, 14, 12, True, 0, b"\x08\x00", 4),
        (0, 14, 13, True, 0, b"\x08\x00", 4),
        (0, 14, 0, True, 0, b"\x08", 4),
        (0, 14, 0, False, 0, b"12345", 4),
        (0, 18, 12, False, 19, b"\x88\x47", 4),
        (0, 18, 12, True, 16, b"\x88\x47", 4),
    ],
)
def test_a_link_header_that_cannot_be_is_refused(way):
    with pytest.raises(ValueError, match="no such link header"):
        scanner().add_way(*way)


def test_more_kinds_and_link_headers_than_there_is_room_for_are_left_to_python():
    made = scanner()
    assert [made.add_kind(False, 1 << 32, 0) for _ in range(80)] == [*range(1, 62), *[62] * 19]
    for _ in range(40):
        made.add_way(0, *ETHERNET_IPV4)
    frame = record(build.ethernet(PACKET))
    assert walk(made, frame, kinds=b"\x3e")[1] == ([0], [len(frame) - 16], [1])
    assert walk(made, frame)[1] == ([], [], [])


def test_two_threads_cannot_walk_at_once():
    """One of them is refused, or comes later: nothing is counted twice or lost."""
    made, data = scanner(), record(build.ethernet(PACKET)) * 50_000
    walked = []

    def work():
        try:
            walked.append(walk(made, data)[0][1] - 1)
        except RuntimeError as error:
            assert str(error) == "this scanner is walking already"  # noqa: PT017

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert walked
    assert frames_of(made.take()[0][0][1]) == sum(walked)


def test_a_walker_goes_on_where_interfaces_are_added():
    frame = build.ethernet(PACKET)
    blocks = [build.epb(interface, TIME, frame) for interface in (0, 1)]
    records, left, counter = Records("<", True, 16, [(1, CLOCK)]), Columns(), FrameCounter()
    assert counter.walk(records, blocks[0], 0, 1, left) == (len(blocks[0]), 2, 12)
    assert counter.walk(records, blocks[1], 0, 2, left) == (0, 2, -1)
    records.interfaces.append((1, CLOCK))
    assert counter.walk(records, blocks[1], 0, 2, left) == (len(blocks[1]), 3, 12)
    assert left == Columns()
    assert counter.finish().nvgre_frames == 2
