"""snoop files: whole, cut, damaged, as tshark reads them."""

import struct

import pytest

from nvgre_doctor.capture import open_capture
from nvgre_doctor.vocabulary import Status
from tests.build_other import snoop
from tests.capture.hostile import check_prefixes
from tests.capture.reading import Frame, read_both, read_bytes
from tests.capture.test_tshark import by_tshark, by_us

TIME = 1_700_000_000_123_456_000
FRAMES = [(TIME, b"a" * 60, 60), (TIME + 1000, b"b" * 61, 1514), (TIME - 5000, b"", 9)]


def test_frames_have_their_times_lengths_and_bytes(tmp_path):
    reading = read_both(snoop(FRAMES), tmp_path)
    assert (reading.format, reading.status, reading.problems) == ("snoop", Status.COMPLETE, [])
    assert reading.frames == [
        Frame(1, TIME, 60, 1, b"a" * 60),
        Frame(2, TIME + 1000, 1514, 1, b"b" * 61),
        Frame(3, TIME - 5000, 9, 1, b""),
    ]


@pytest.mark.parametrize(("datalink", "linktype"), [(0, 1), (4, 1), (2, 6), (8, 10)])
def test_the_datalink_type_becomes_a_linktype(datalink, linktype):
    assert [f.linktype for f in read_bytes(snoop(FRAMES, datalink)).frames] == [linktype] * 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (snoop(FRAMES, version=3), "snoop version 3 is not supported (2 is usual)"),
        (snoop(FRAMES, datalink=5), "the datalink type 5 of snoop is not supported"),
    ],
)
def test_what_is_not_supported_is_said(data, words):
    reading = read_bytes(data)
    assert (reading.status, reading.reasons, reading.message) == (
        Status.UNREADABLE,
        ["version"],
        words,
    )


def test_a_file_without_frames_is_empty():
    reading = read_bytes(snoop([]))
    assert (reading.format, reading.status) == ("snoop", Status.EMPTY)


def test_lost_packets_are_those_of_the_last_record(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(snoop(FRAMES, lost=[0, 3, 7]))
    with open_capture(path) as capture:
        assert sum(len(batch.numbers) for batch in capture.batches()) == 3
        assert [i.dropped_by_interface for i in capture.description.interfaces] == [7]


def test_no_prefix_gives_fewer_frames_than_a_shorter_one():
    check_prefixes(snoop(FRAMES))


def test_a_last_record_without_its_padding_counts():
    data = snoop(FRAMES[:2])
    assert [len(read_bytes(data[:-cut]).frames) for cut in (1, 3, 4)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("captured", "size"), [(61, 84), (262_145, 262_169), (60, 23), (60, 1 << 31)]
)
def test_a_record_that_contradicts_itself_ends_the_reading(captured, size):
    data = snoop(FRAMES[:1]) + struct.pack(">6I", 60, captured, size, 0, 0, 0) + bytes(300)
    reading = read_bytes(data)
    assert (reading.status, reading.reasons, len(reading.frames)) == (
        Status.CUT,
        ["record-length"],
        1,
    )
    assert reading.problems[0].offset == 16 + 24 + 60


@pytest.mark.peer
def test_tshark_reads_the_same(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(snoop(FRAMES))
    assert by_us(path) == by_tshark(path)
