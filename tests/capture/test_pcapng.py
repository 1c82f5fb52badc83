"""pcapng: sections, interfaces, every packet block, times, frame numbers, and what damage does."""

import struct

import pytest

from nvgre_doctor.capture import NO_TIME
from nvgre_doctor.vocabulary import Status
from tests.build import block, epb, idb, isb, nrb, opb, option, pcapng, shb, spb
from tests.capture.reading import Frame, read_both, read_bytes

ORDERS = pytest.mark.parametrize("order", ["<", ">"])
TIME = 1_700_000_000_123_456_789
WHOLE_US = TIME // 1000 * 1000
MICRO = 1_700_000_000_123_456_000
DATA = bytes(range(61))  # not a multiple of 4: padded in its block


@ORDERS
def test_enhanced_packet_blocks_give_frames_times_and_lengths(tmp_path, order):
    data = pcapng([(TIME, DATA), (TIME + 10**9, DATA, 1500)], 113, order)
    reading = read_both(data, tmp_path)
    assert reading.frames == [
        Frame(1, MICRO, 61, 113, DATA),
        Frame(2, MICRO + 10**9, 1500, 113, DATA),
    ]
    assert (reading.format, reading.status, reading.problems) == ("pcapng", Status.COMPLETE, [])
    assert reading.bytes_read == len(data)


@ORDERS
def test_obsolete_packet_blocks_give_frames_times_and_lengths(order):
    data = (
        shb(order)
        + idb(1, order)
        + idb(101, order, tsresol=9)
        + opb(1, TIME, DATA, order, 1500, tsresol=9)
    )
    assert read_bytes(data).frames == [Frame(1, TIME, 1500, 101, DATA)]


@ORDERS
def test_simple_packet_blocks_have_no_time_and_belong_to_interface_0(order):
    data = (
        shb(order)
        + idb(228, order)
        + idb(1, order)
        + spb(DATA, order)
        + epb(1, TIME, b"last", order)
    )
    assert read_bytes(data).frames == [
        Frame(1, NO_TIME, 61, 228, DATA),
        Frame(2, MICRO, 4, 1, b"last"),
    ]


@pytest.mark.parametrize(
    ("snaplen", "block_holds", "wire_length", "captured"),
    [
        (0, 61, 61, 61),
        (40, 40, 1500, 40),
        (40, 64, 1500, 40),
        (1000, 64, 1500, 64),
        (1000, 61, 61, 61),
    ],
)
def test_a_simple_packet_is_as_long_as_snap_length_original_length_and_block_allow(
    snaplen, block_holds, wire_length, captured
):
    payload = bytes(range(64))[:block_holds]
    data = shb() + idb(snaplen=snaplen) + spb(payload, wire_length=wire_length)
    assert read_bytes(data).frames == [Frame(1, NO_TIME, wire_length, 1, payload[:captured])]


@ORDERS
def test_all_block_kinds_side_by_side_in_one_buffer(order):
    head = shb(order) + idb(1, order, snaplen=100)
    data = (
        head
        + epb(0, TIME, b"a", order)
        + opb(0, TIME, b"bb", order)
        + spb(b"ccc", order)
        + epb(0, TIME, b"dddd", order)
    )
    frames = read_bytes(data).frames
    assert [(frame.number, frame.ts_ns, frame.data) for frame in frames] == [
        (1, MICRO, b"a"),
        (2, MICRO, b"bb"),
        (3, NO_TIME, b"ccc"),
        (4, MICRO, b"dddd"),
    ]


# --- times -------------------------------------------------------------------


@ORDERS
@pytest.mark.parametrize(
    ("tsresol", "ticks", "ts_ns"),
    [
        (None, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (0, 1_700_000_000, 1_700_000_000_000_000_000),
        (3, 1_700_000_000_123, 1_700_000_000_123_000_000),
        (6, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (7, 17_000_000_001_234_567, 1_700_000_000_123_456_700),  # 100 ns, as Windows counts
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (10, 17_000_000_001_234_567_899, 1_700_000_000_123_456_789),  # rounded down
        (12, 1_999_999_999_999_999, 1_999_999_999_999),  # rounded down
        (19, 18_000_000_000_000_000_000, 1_800_000_000),
        (127, 2**64 - 1, 0),
        (0x80, 1_700_000_000, 1_700_000_000_000_000_000),
        (0x80 | 1, 3, 1_500_000_000),
        (0x80 | 10, 1025, 1_000_976_562),  # 1 s + 1/1024 s = 976562.5 ns, rounded down
        (0x80 | 20, 1_782_579_200_129_453, 1_700_000_000_123_456_001),
        (0x80 | 32, 7_301_444_403_730_242_871, 1_700_000_000_123_456_788),
        (0x80 | 63, 2**63 + 2**62, 1_500_000_000),
    ],
)
def test_time_resolutions_are_exact_and_rounded_down_to_nanoseconds(order, tsresol, ticks, ts_ns):
    data = shb(order) + idb(1, order, tsresol=tsresol) + epb(0, 0, DATA, order, ticks=ticks)
    assert [frame.ts_ns for frame in read_bytes(data).frames] == [ts_ns]


@ORDERS
@pytest.mark.parametrize(
    ("offset_s", "ts_ns"), [(1000, 1_700_001_000_123_456_000), (-1000, 1_699_999_000_123_456_000)]
)
def test_the_time_offset_of_an_interface_is_added(order, offset_s, ts_ns):
    data = (
        shb(order)
        + idb(1, order, tsoffset=offset_s)
        + epb(0, 0, DATA, order, ticks=1_700_000_000_123_456)
    )
    assert [frame.ts_ns for frame in read_bytes(data).frames] == [ts_ns]


def test_each_interface_has_its_own_time_resolution_and_linktype():
    interfaces = idb(1, tsresol=9) + idb(276, tsresol=3) + idb(1, tsresol=0x80 | 10)
    packets = epb(2, 0, b"c", ticks=1024) + epb(1, 0, b"b", ticks=2000) + epb(0, 0, b"a", ticks=3)
    assert read_bytes(shb() + interfaces + packets).frames == [
        Frame(1, 1_000_000_000, 1, 1, b"c"),
        Frame(2, 2_000_000_000, 1, 276, b"b"),
        Frame(3, 3, 1, 1, b"a"),
    ]


@pytest.mark.parametrize(
    "options",
    [
        option(9, b""),
        option(9, b"\x09\x00\x00\x00"),
        option(14, b"\x01\x00\x00\x00"),
        struct.pack("<HH", 0, 0) + option(9, b"\x09"),  # after the end of options
        struct.pack("<HH", 2, 500) + b"ab\0\0" + option(9, b"\x09"),  # longer than its block
        option(2, b"\xff\xfe\xfd") + option(3, b"\xc3"),  # not UTF-8
        b"\x09",
    ],
    ids=["empty", "long", "short offset", "after the end", "too long", "not UTF-8", "stump"],
)
def test_options_that_are_damaged_leave_microseconds(options):
    body = struct.pack("<HHI", 1, 0, 0) + options
    data = (
        shb()
        + block(1, body + b"\0" * (-len(body) % 4))
        + epb(0, 0, DATA, ticks=1_700_000_000_123_456)
    )
    assert [frame.ts_ns for frame in read_bytes(data).frames] == [MICRO]


def test_comments_that_are_not_utf_8_do_no_harm():
    comment = option(1, b"\xff\x00\xc3(")
    data = (
        shb(options=comment)
        + idb(options=comment)
        + epb(0, TIME, DATA, options=comment)
        + epb(0, TIME, b"x")
    )
    assert read_bytes(data).frame_data == [DATA, b"x"]


# --- sections and interfaces -------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [("<", ">"), (">", "<"), ("<", "<")])
def test_each_section_has_its_own_byte_order_and_interfaces(tmp_path, first, second):
    one = shb(first) + idb(1, first) + idb(113, first) + epb(1, TIME, b"one", first)
    two = shb(second) + idb(101, second, tsresol=9) + epb(0, TIME, b"two", second, tsresol=9)
    assert read_both(one + two, tmp_path).frames == [
        Frame(1, MICRO, 3, 113, b"one"),
        Frame(2, TIME, 3, 101, b"two"),
    ]


@pytest.mark.parametrize("length", [-1, 0, 4, 1 << 40])
def test_the_length_of_a_section_is_not_needed(length):
    data = (shb(length=length) + idb() + epb(0, TIME, b"one")) * 2
    assert read_bytes(data).frame_data == [b"one", b"one"]


def test_an_interface_may_be_described_between_packets(tmp_path):
    data = (
        shb()
        + idb(1)
        + epb(0, TIME, b"one")
        + idb(101)
        + epb(1, TIME, b"two")
        + epb(0, TIME, b"three")
    )
    assert [(frame.linktype, frame.data) for frame in read_both(data, tmp_path).frames] == [
        (1, b"one"),
        (101, b"two"),
        (1, b"three"),
    ]


def test_a_buffer_gives_one_batch_per_linktype_with_the_numbers_of_the_file(tmp_path):
    from nvgre_doctor.capture import open_capture

    path = tmp_path / "two.pcapng"
    path.write_bytes(
        shb() + idb(1) + idb(113) + b"".join(epb(i % 2, TIME, bytes([i])) for i in range(100))
    )
    with open_capture(path) as capture:
        batches = list(capture.batches())
    assert [(batch.linktype, list(batch.numbers)) for batch in batches] == [
        (1, list(range(1, 101, 2))),
        (113, list(range(2, 101, 2))),
    ]


@pytest.mark.parametrize("number", [1, 2, 0xFFFFFFFF])
@pytest.mark.parametrize(
    ("described", "time"),
    [([idb()], WHOLE_US), ([idb()] * 2, WHOLE_US), ([idb(), idb(tsresol=9)], -1)],
)
def test_a_packet_of_an_unknown_interface_is_one_of_the_only_link_type(number, described, time):
    """Its time is only known where all clocks agree."""
    if number < len(described):
        number += 1
    packets = [epb(n, TIME, data) for n, data in ((0, b"a"), (number, b"b"), (number, b"c"))]
    reading = read_bytes(shb() + b"".join(described + packets) + epb(0, TIME, b"d"))
    assert [(f.number, f.ts_ns, f.data) for f in reading.frames] == [
        (1, WHOLE_US, b"a"),
        (2, time, b"b"),
        (3, time, b"c"),
        (4, WHOLE_US, b"d"),
    ]
    assert (reading.status, reading.reasons) == (Status.CUT, ["assumed-interface"])
    assert f"names interface {number}" in reading.message
    assert "read as one of link type 1, as all others are" in reading.message


@pytest.mark.parametrize("number", [2, 3, 0xFFFFFFFF])
def test_among_several_link_types_it_is_left_out_and_named_once(number):
    data = (
        shb()
        + idb()
        + idb(113)
        + epb(0, TIME, b"a")
        + epb(number, TIME, b"b")
        + epb(number, TIME, b"c")
        + epb(0, TIME, b"d")
    )
    reading = read_bytes(data)
    assert [(frame.number, frame.data) for frame in reading.frames] == [(1, b"a"), (4, b"d")]
    assert (reading.status, reading.reasons) == (Status.CUT, ["unknown-interface"])
    assert f"frame 2 (block at byte 104) names interface {number}" in reading.message


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("count", [1, 3])
def test_blocks_that_end_4_bytes_before_their_lengths_say_are_read(count, order, tmp_path):
    """As etl2pcapng once wrote them: in both places the total length is 4 too large."""
    frames = [bytes([65 + n]) * (60 + n) for n in range(count)]
    blocks = []
    for frame in frames:
        block = epb(0, TIME, frame, order, options=option(1, "PID=0", order))
        length = struct.pack(order + "I", len(block) + 4)
        blocks.append(block[:4] + length + block[8:-4] + length)
    reading = read_both(shb(order) + idb(order=order) + b"".join(blocks), tmp_path)
    assert (reading.status, reading.problems) == (Status.COMPLETE, [])
    assert reading.frame_data == frames


def test_a_section_without_anything_says_how_it_came_about(tmp_path):
    reading = read_both(shb(), tmp_path)
    assert (reading.status, reading.reasons) == (Status.EMPTY, ["only-a-header"])
    assert "etl2pcapng writes such a file" in reading.message


def test_an_interface_that_is_described_too_late_is_unknown_before():
    reading = read_bytes(shb() + epb(0, TIME, b"a") + spb(b"b") + idb() + epb(0, TIME, b"c"))
    assert [(frame.number, frame.data) for frame in reading.frames] == [(3, b"c")]


def test_the_interfaces_of_a_section_end_with_it():
    reading = read_bytes(shb() + idb() + epb(0, TIME, b"a") + shb() + epb(0, TIME, b"b"))
    assert reading.frame_data == [b"a"]
    assert reading.reasons == ["unknown-interface"]


# --- blocks without packets --------------------------------------------------


@pytest.mark.parametrize(
    "kind", [0, 0x7, 0x8, 0xA, 0xB, 0x201, 0x205, 0x12345678, 0x80000001, 0xFFFFFFFF]
)
def test_unknown_blocks_are_passed_over_and_take_no_number(kind):
    data = (
        shb()
        + idb()
        + epb(0, TIME, b"a")
        + block(kind, bytes(40))
        + nrb()
        + isb()
        + epb(0, TIME, b"b")
    )
    reading = read_bytes(data)
    assert [(frame.number, frame.data) for frame in reading.frames] == [(1, b"a"), (2, b"b")]
    assert reading.status is Status.COMPLETE


@pytest.mark.parametrize("kind", [0xBAD, 0x40000BAD, 0x9, 0x204, 0x216, 0x221])
def test_custom_blocks_journal_entries_and_sysdig_events_take_a_number(kind):
    odd = block(kind, struct.pack("<I", 32473) + bytes(60))
    data = odd + epb(0, TIME, b"a") + odd + odd + epb(0, TIME, b"b") + epb(0, TIME, b"c") + odd
    reading = read_bytes(shb() + idb() + data)
    assert [(frame.number, frame.data) for frame in reading.frames] == [
        (2, b"a"),
        (5, b"b"),
        (6, b"c"),
    ]


@pytest.mark.parametrize("size", [262_132, 262_136, 1_000_000, 20_000_000])
def test_a_block_larger_than_a_buffer_passes_by(tmp_path, size):
    data = shb() + idb() + epb(0, TIME, b"a") + block(0x77, bytes(size)) + epb(0, TIME, b"b")
    reading = read_both(data, tmp_path)
    assert reading.frame_data == [b"a", b"b"]
    assert (reading.status, reading.bytes_read) == (Status.COMPLETE, len(data))


@ORDERS
@pytest.mark.parametrize("make", [epb, opb])
def test_a_packet_block_larger_than_a_buffer_gives_its_frame(tmp_path, order, make):
    comments = option(1, b"x" * 60_000, order) * 8
    packets = (
        make(0, TIME, b"a", order, options=comments)
        + make(0, TIME, b"b" * 262_144, order)
        + make(0, TIME, b"c", order)
    )
    reading = read_both(shb(order) + idb(1, order) + packets, tmp_path)
    assert reading.frame_data == [b"a", b"b" * 262_144, b"c"]
    assert [frame.ts_ns for frame in reading.frames] == [MICRO, MICRO, MICRO]


@ORDERS
def test_section_and_interface_blocks_larger_than_a_buffer_are_understood(tmp_path, order):
    comments = option(1, b"x" * 60_000, order) * 8
    data = (
        shb(order, options=comments)
        + idb(101, order, tsresol=9, options=comments)
        + epb(0, TIME, b"a", order, tsresol=9)
    )
    frames = read_both(data, tmp_path).frames
    assert [(frame.linktype, frame.data) for frame in frames] == [(101, b"a")]


# --- damage ------------------------------------------------------------------

GOOD = shb() + idb() + epb(0, TIME, DATA)


def _raw(kind: int, body: bytes, total: int, trailer: int) -> bytes:
    return struct.pack("<II", kind, total) + body + struct.pack("<I", trailer)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (_raw(0x77, bytes(8), 0, 0), "claims a length of 0 bytes"),
        (_raw(6, bytes(8), 4, 4), "claims a length of 4 bytes"),
        (_raw(6, bytes(8), 8, 8), "claims a length of 8 bytes"),
        (_raw(0x77, bytes(8), 0xFFFFFFFC, 20), "claims a length of 4294967292 bytes"),
        (_raw(0x77, bytes(8), 0xFFFFFFFF, 20), "claims a length of 4294967295 bytes"),
        (_raw(6, bytes(8), 134_348_836, 20), "claims a length of 134348836 bytes"),
        (_raw(0x77, bytes(8), 20, 24), "has two lengths that differ (20 and 24 bytes)"),
        (
            _raw(6, struct.pack("<5I", 0, 0, 0, 4, 4) + b"abcd", 36, 40),
            "has two lengths that differ (36 and 40 bytes)",
        ),
        (
            _raw(0x77, b"abcde" + b"\0\0\0" + b"\0" * 4, 17, 17),
            "has two lengths that differ (17 and 0 bytes)",
        ),
        (_raw(6, struct.pack("<3I", 0, 0, 0), 24, 24), "is a packet block of 24 bytes, too few"),
        (_raw(2, struct.pack("<3I", 0, 0, 0), 24, 24), "is a packet block of 24 bytes, too few"),
        (_raw(3, b"", 12, 12), "is a packet block of 12 bytes, too few"),
        (_raw(1, b"\1\0\0\0", 16, 16), "is an interface description of 16 bytes, too few"),
        (
            _raw(6, struct.pack("<5I", 0, 0, 0, 5, 5) + b"abcd", 36, 36),
            "claims a frame of 5 bytes where 4 are possible",
        ),
        (
            _raw(6, struct.pack("<5I", 0, 0, 0, 0xFFFFFFFF, 5) + b"abcd", 36, 36),
            "claims a frame of 4294967295 bytes",
        ),
        (
            _raw(2, struct.pack("<5I", 0, 0, 0, 9, 9) + b"abcd", 36, 36),
            "claims a frame of 9 bytes where 4 are possible",
        ),
        (block(0x0A0D0D0A, bytes(16)), "has no byte-order magic"),
        (
            block(0x0A0D0D0A, struct.pack("<I", 0x1A2B3C4D)),
            "is a section header of 16 bytes, too few",
        ),
        (shb(version=(2, 0)), "is a section header of pcapng version 2.0"),
    ],
)
def test_a_damaged_block_ends_the_capture_there_and_says_why(tmp_path, bad, words):
    reading = read_both(GOOD + bad + epb(0, TIME, b"lost"), tmp_path)
    assert reading.frame_data == [DATA]
    assert reading.status is Status.CUT
    assert reading.problems[0].offset == len(GOOD) == reading.bytes_read
    assert "the block at byte 144, after frame 1, " + words in reading.message


def test_a_frame_longer_than_any_frame_ends_the_capture_there(tmp_path):
    reading = read_both(GOOD + epb(0, TIME, bytes(262_145)) + epb(0, TIME, b"lost"), tmp_path)
    assert reading.frame_data == [DATA]
    assert "claims a frame of 262145 bytes where 262144 are possible" in reading.message


@pytest.mark.parametrize("size", [300_000, 2_000_000])
def test_a_large_block_with_two_lengths_gives_no_frame(tmp_path, size):
    bad = bytearray(epb(0, TIME, b"lost", options=option(1, b"x" * 60_000) * (size // 60_000)))
    bad[-4:] = b"\1\2\3\4"
    reading = read_both(GOOD + bytes(bad) + epb(0, TIME, b"lost"), tmp_path)
    assert reading.frame_data == [DATA]
    assert "has two lengths that differ" in reading.message
    assert reading.problems[0].offset == 144


def test_the_frame_before_a_damaged_block_counts_at_the_edge_of_a_buffer_too(tmp_path):
    frames = 4000
    packet = epb(0, TIME, b"x" * 33)
    bad = packet[:-4] + b"\1\2\3\4"
    for count in range(frames - 5, frames):
        reading = read_both(shb() + idb() + packet * count + bad + packet, tmp_path)
        assert len(reading.frames) == count
        assert reading.problems[0].offset == 48 + 68 * count


@pytest.mark.parametrize("version", [(1, 1), (1, 3), (2, 0), (0, 1)])
def test_another_version_is_refused_by_name(version):
    reading = read_bytes(shb(version=version) + idb() + epb(0, TIME, b"a"))
    assert (reading.status, reading.reasons, reading.frames) == (Status.UNREADABLE, ["version"], [])


def test_version_1_2_is_read():
    assert read_bytes(shb(version=(1, 2)) + idb() + epb(0, TIME, b"a")).frame_data == [b"a"]


def test_a_section_without_packets_is_an_empty_capture():
    reading = read_bytes(shb() + idb())
    assert (reading.status, reading.problems) == (Status.EMPTY, [])


def test_a_length_that_does_not_count_the_padding_is_read_as_wireshark_reads_it():
    padded = (
        struct.pack("<II", 6, 33)
        + struct.pack("<5I", 0, 0, 0, 1, 1)
        + b"x\0\0\0"
        + struct.pack("<I", 33)
    )
    assert read_bytes(shb() + idb() + padded + epb(0, TIME, b"y")).frame_data == [b"x", b"y"]


def test_a_file_cut_in_a_block_says_where():
    reading = read_bytes(GOOD + epb(0, TIME, DATA)[:-1])
    assert reading.frame_data == [DATA]
    assert (reading.status, reading.reasons, reading.problems[0].offset) == (
        Status.CUT,
        ["cut-record"],
        144,
    )
    assert "in the middle of the block after frame 1 (at byte 144)" in reading.message


@pytest.mark.long
def test_a_flood_of_interfaces_ends_in_bounded_memory():
    reading = read_bytes(shb() + idb() * 65_536 + epb(0, TIME, b"a") + idb() + epb(0, TIME, b"b"))
    assert reading.frame_data == [b"a"]
    assert "more than 65536 interfaces" in reading.message
