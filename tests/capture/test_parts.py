"""A large file can be read in parts by several readers, and the parts prove that they fit."""

import pickle
import random
import struct

import pytest

from nvgre_doctor.capture import open_capture
from tests.build import custom, epb, idb, pcap, pcapng, shb
from tests.capture.reading import frames_of, read_path

TIME = 1_700_000_000_123_456_000


def _frames(count=4000, seed=1):
    chance = random.Random(seed)
    return [
        (TIME + i * 1000, chance.randbytes(chance.choice([60, 61, 98, 590, 1514])))
        for i in range(count)
    ]


def read_in_parts(path, count):
    """All frames, part by part as long as they fit, then the rest at once; the problems; and how
    many parts did fit.
    """
    with open_capture(path) as capture:
        parts = pickle.loads(pickle.dumps(capture.parts(count)))
    frames, numbered, cursor, fitting = [], 0, None, 0
    for start, stop in parts:
        with open_capture(path) as capture:
            part = frames_of(capture, start=start, stop=stop)
            if (fitting and cursor != start) or capture.progress.problems:
                break
            frames += [frame._replace(number=frame.number + numbered) for frame in part]
            numbered += capture.progress.numbered
            cursor = capture.cursor()
            fitting += 1
    with open_capture(path) as capture:
        frames += frames_of(capture, start=cursor, numbered=numbered)
        return frames, capture.progress.problems, fitting


def assert_parts_equal_the_whole(path, count, fitting):
    whole = read_path(path)
    assert read_in_parts(path, count) == (whole.frames, whole.problems, fitting)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("make", [pcap, pcapng])
@pytest.mark.parametrize(
    "count", [1, 3, *(pytest.param(count, marks=pytest.mark.long) for count in (2, 7))]
)
def test_parts_give_what_one_reader_gives(tmp_path, order, make, count):
    path = tmp_path / "a"
    path.write_bytes(make(_frames(), 1, order))
    assert_parts_equal_the_whole(path, count, fitting=count)


@pytest.mark.parametrize("magic", ["micro", "nano", "modified"])
def test_parts_of_every_magic(tmp_path, magic):
    path = tmp_path / "a"
    path.write_bytes(pcap(_frames(), magic=magic))
    assert_parts_equal_the_whole(path, 3, fitting=3)


def test_parts_of_a_pcapng_with_two_linktypes_and_custom_blocks_keep_the_numbers(tmp_path):
    chance = random.Random(5)
    blocks = [shb(), idb(1), idb(113, tsresol=9)]
    for ts_ns, data in _frames():
        blocks.append(epb(chance.randrange(2), ts_ns, data))
        if chance.random() < 0.1:
            blocks.append(custom(data))
    path = tmp_path / "a"
    path.write_bytes(b"".join(blocks))
    assert_parts_equal_the_whole(path, 4, fitting=4)


@pytest.mark.parametrize("change", [shb() + idb(101), shb(">") + idb(1, ">"), idb(101)])
def test_a_part_after_a_change_of_section_or_interfaces_does_not_fit(tmp_path, change):
    order = ">" if change.startswith(shb(">")) else "<"
    frames = _frames()
    packets = b"".join(epb(0, ts_ns, data) for ts_ns, data in frames[:1000])
    more = b"".join(epb(0, ts_ns, data, order) for ts_ns, data in frames[1000:])
    path = tmp_path / "a"
    path.write_bytes(shb() + idb(1) + packets + change + more)
    with open_capture(path) as capture:
        parts = capture.parts(2)
    assert_parts_equal_the_whole(path, 2, fitting=1)
    assert len(parts) == (1 if order == ">" else 2)


def test_a_capture_inside_a_frame_does_not_give_a_part_that_fits(tmp_path):
    inner = pcap([(TIME, b"x" * 60)] * 800)
    outer = [(TIME, inner)] * 21
    path = tmp_path / "a"
    path.write_bytes(pcap(outer))
    assert_parts_equal_the_whole(path, 2, fitting=1)


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_every_stop_ends_at_the_first_record_at_or_after_it(tmp_path, make):
    path = tmp_path / "a"
    path.write_bytes(make([(TIME, bytes([i]) * 40) for i in range(10)]))
    record, first = (56, 24) if make is pcap else (72, 48)
    for stop in range(first, first + 10 * record + 1):
        with open_capture(path) as capture:
            frames = frames_of(capture, stop=stop)
            expected = -(-(stop - first) // record)
            assert [frame.data[0] for frame in frames] == list(range(expected))
            assert capture.cursor().offset == first + expected * record
            assert capture.progress.problems == []


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("make", [pcap, pcapng])
def test_parts_of_a_damaged_file_give_what_one_reader_gives(tmp_path, make, seed):
    chance = random.Random(seed)
    damaged = bytearray(make(_frames(1500, seed)))
    for _ in range(chance.choice([1, 3])):
        at = chance.randrange(24, len(damaged))
        damaged[at : at + chance.choice([1, 4, 50])] = chance.randbytes(chance.choice([1, 4, 50]))
    path = tmp_path / "a"
    path.write_bytes(bytes(damaged))
    whole = read_path(path)
    assert read_in_parts(path, 3)[:2] == (whole.frames, whole.problems)


def test_what_cannot_be_split_is_one_part_or_none(tmp_path):
    import gzip
    import io

    path = tmp_path / "a"
    path.write_bytes(gzip.compress(pcap(_frames())))
    with open_capture(path) as capture:
        assert capture.parts(4) == []
    with open_capture("-", stdin=io.BytesIO(pcap(_frames()))) as capture:
        assert capture.parts(4) == []
    path.write_bytes(pcap([]))
    with open_capture(path) as capture:
        assert [(start.offset, stop) for start, stop in capture.parts(4)] == [(24, None)]
    path.write_bytes(b"no capture")
    with open_capture(path) as capture:
        assert capture.parts(4) == []


def test_a_damaged_part_has_no_cursor(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(pcap(_frames(100)) + struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 0))
    with open_capture(path) as capture:
        assert len(frames_of(capture)) == 100
        assert capture.cursor() is None


def test_asking_for_parts_does_not_disturb_the_reading(tmp_path):
    for make in (pcap, pcapng):
        path = tmp_path / "a"
        path.write_bytes(make(_frames()))
        with open_capture(path) as capture:
            capture.parts(3)
            assert frames_of(capture) == read_path(path).frames
