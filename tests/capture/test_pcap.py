"""pcap: every magic in both byte orders, the relatives, and what damage does."""

import struct

import pytest

from nvgre_doctor.vocabulary import Status
from tests.build import pcap
from tests.capture.reading import Frame, read_both, read_bytes

SECOND = 1_700_000_000
MICRO, NANO = SECOND * 10**9 + 123_456_000, SECOND * 10**9 + 123_456_789


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "time"), [("micro", MICRO), ("nano", NANO), ("modified", MICRO)])
def test_every_magic_in_both_byte_orders_gives_frames_times_and_lengths(
    tmp_path, order, magic, time
):
    data = pcap([(NANO, b"first"), (NANO + 10**9, b"second", 1500)], 101, order, magic)
    reading = read_both(data, tmp_path)
    assert reading.frames == [
        Frame(1, time, 5, 101, b"first"),
        Frame(2, time + 10**9, 1500, 101, b"second"),
    ]
    assert (reading.format, reading.compression, reading.status) == ("pcap", None, Status.COMPLETE)
    assert reading.problems == []
    assert reading.bytes_read == len(data)


def test_the_upper_bits_of_the_linktype_word_are_not_part_of_the_linktype():
    assert [frame.linktype for frame in read_bytes(pcap([(0, b"x")], 276, fcs_words=2)).frames] == [
        276
    ]


def test_a_time_after_2038_is_not_negative():
    assert (
        read_bytes(pcap([(4_000_000_000 * 10**9, b"x")])).frames[0].ts_ns
        == 4_000_000_000_000_000_000
    )


def test_a_microsecond_count_above_a_second_is_added_exactly():
    record = struct.pack("<IIII", SECOND, 2_500_000, 1, 1) + b"x"
    assert (
        read_bytes(pcap([(NANO, b"y")]) + record).frames[1].ts_ns
        == (SECOND + 2) * 10**9 + 500_000_000
    )


def test_empty_frames_are_frames():
    reading = read_bytes(pcap([(MICRO, b""), (MICRO, b"x"), (MICRO, b"")]))
    assert reading.frame_data == [b"", b"x", b""]
    assert reading.status is Status.COMPLETE


def test_a_capture_without_frames_is_empty_and_no_problem():
    reading = read_bytes(pcap([]))
    assert (reading.status, reading.problems, reading.format) == (Status.EMPTY, [], "pcap")


def test_the_longest_frame_is_262144_bytes_and_larger_than_a_buffer(tmp_path):
    frames = [
        (MICRO, b"a"),
        (MICRO, bytes(range(256)) * 1024),
        (MICRO, b"b"),
        (MICRO, b"c" * 262_144),
        (MICRO, b"d"),
    ]
    assert read_both(pcap(frames), tmp_path).frame_data == [data for _, data in frames]


@pytest.mark.parametrize("length", [262_145, 262_200, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_record_longer_than_any_frame_ends_the_capture_there(tmp_path, length):
    good = pcap([(MICRO, b"x" * 60), (MICRO, b"y" * 60)])
    reading = read_both(
        good + struct.pack("<IIII", SECOND, 0, length, length) + bytes(range(256)) * 2048, tmp_path
    )
    assert reading.frame_data == [b"x" * 60, b"y" * 60]
    assert (reading.status, reading.reasons, reading.problems[0].offset) == (
        Status.CUT,
        ["record-length"],
        176,
    )
    assert f"frame 3 claims to hold {length} bytes" in reading.message
    assert reading.bytes_read == 176


def test_version_1_is_refused_by_name():
    data = bytearray(pcap([(MICRO, b"x")]))
    data[4:6] = b"\1\0"
    reading = read_bytes(bytes(data))
    assert (reading.status, reading.reasons, reading.frames) == (Status.UNREADABLE, ["version"], [])
    assert "pcap version 1.4" in reading.message


def test_a_file_cut_in_a_record_says_which_and_where():
    reading = read_bytes(pcap([(MICRO, b"x" * 60), (MICRO, b"y" * 60)])[:-1])
    assert reading.frame_data == [b"x" * 60]
    assert (reading.status, reading.reasons, reading.problems[0].offset) == (
        Status.CUT,
        ["cut-record"],
        100,
    )
    assert "in the middle of frame 2 (at byte 100)" in reading.message


def test_a_file_cut_in_its_header_says_so():
    reading = read_bytes(pcap([])[:20])
    assert (reading.format, reading.status, reading.reasons) == ("pcap", Status.CUT, ["cut-record"])
    assert "in the middle of its file header" in reading.message


# --- zeros at the end --------------------------------------------------------


@pytest.mark.parametrize("zeros", [1 << 16, 1 << 20, 3_000_001])
@pytest.mark.parametrize("frames", [1, 200])
def test_a_long_run_of_zeros_is_not_read_as_empty_frames(tmp_path, zeros, frames):
    good = pcap([(MICRO, b"x" * 1484)] * frames)
    reading = read_both(good + bytes(zeros), tmp_path)
    assert len(reading.frames) == frames
    assert (reading.status, reading.reasons, reading.problems[0].offset) == (
        Status.CUT,
        ["zeros"],
        len(good),
    )
    assert reading.bytes_read == len(good)


@pytest.mark.parametrize("before", [1, 174, 175])  # 175 frames end at the edge of a buffer
def test_a_short_run_of_zeros_is_read_as_wireshark_reads_it(tmp_path, before):
    good = pcap([(MICRO, b"x" * 1484)] * before)
    reading = read_both(good + bytes(160) + struct.pack("<IIII", SECOND, 0, 1, 1) + b"z", tmp_path)
    assert len(reading.frames) == before + 11
    assert reading.frames[-1] == Frame(before + 11, SECOND * 10**9, 1, 1, b"z")
    assert reading.status is Status.COMPLETE


def test_zeros_that_end_the_file_early_are_read_as_wireshark_reads_them(tmp_path):
    reading = read_both(pcap([(MICRO, b"x")]) + bytes(16 * 4095), tmp_path)
    assert len(reading.frames) == 4096
    assert reading.status is Status.COMPLETE


# --- relatives: the same magic, other record headers -------------------------


def _relative(magic: int, extra: bytes, frames: list[bytes]) -> bytes:
    out = struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262_144, 1)
    for data in frames:
        out += struct.pack("<IIII", SECOND, 123_456, len(data), len(data) + 4) + extra + data
    return out


RELATIVES = [
    (0xA1B2C3D4, bytes.fromhex("0200000000080000"), "Red Hat 6.1"),
    (0xA1B2C3D4, b"\xde\xad\xbe\xef", "Nokia"),
    (0xA1B2CD34, bytes.fromhex("020000000008000001020304"), "SuSE 6.3"),
]


@pytest.mark.parametrize(("magic", "extra", "name"), RELATIVES, ids=[row[2] for row in RELATIVES])
def test_the_relatives_of_pcap_are_told_by_their_records(tmp_path, magic, extra, name):
    frames = [bytes([0x55 + i]) * (60 + i) for i in range(20)]
    reading = read_both(_relative(magic, extra, frames), tmp_path)
    assert reading.frame_data == frames
    assert reading.frames[3] == Frame(4, SECOND * 10**9 + 123_456_000, 67, 1, frames[3])
    assert reading.status is Status.COMPLETE


@pytest.mark.parametrize(
    "record",
    [
        struct.pack("<IIII", SECOND, 5_000_000, 60, 60)
        + b"\x45" * 60,  # more microseconds than a second has
        struct.pack("<IIII", 0, 0, 60, 40) + b"\x45" * 60,  # captured more than there was
        struct.pack("<IIII", SECOND, 0, 70, 70)
        + b"\x45" * 60,  # ten bytes lost: the next header is read too late
    ],
    ids=["microseconds", "lengths", "lost bytes"],
)
def test_a_normal_file_with_an_odd_record_stays_normal(record):
    frames = [(MICRO, bytes([0x45 + i]) * (60 + i)) for i in range(8)]
    ordinary = pcap(frames)
    assert read_bytes(pcap([]) + record + ordinary[24:]).frame_data[0][:60] == b"\x45" * 60
    reading = read_bytes(ordinary[:100] + record + ordinary[100:])
    assert reading.frame_data[0] == b"\x45" * 60
    assert reading.frame_data[1][:60] == b"\x45" * 60


def test_a_normal_file_cut_eight_bytes_into_the_second_record_stays_normal():
    reading = read_bytes(pcap([(MICRO, b"\x45" * 60), (MICRO, b"\x46" * 60)])[: 24 + 76 + 8])
    assert reading.frame_data == [b"\x45" * 60]
    assert reading.reasons == ["cut-record"]
