"""Damage of every kind: no exception, bounded time, and every frame before the damage counts."""

import random
import struct

import pytest

from nvgre_doctor.capture.formats import pcap as pcap_module
from nvgre_doctor.capture.formats import pcapng, reader
from nvgre_doctor.vocabulary import Status
from tests.build import block, custom, epb, idb, isb, opb, option, pcap, shb, spb
from tests.build import pcapng as build_pcapng
from tests.capture.reading import read_both, read_bytes, read_path

TIME = 1_700_000_000_123_456_000
FRAMES = [(TIME + i, bytes([65 + i]) * (20 + 7 * i)) for i in range(9)]

SMALL = {
    "micro": pcap(FRAMES),
    "nano": pcap(FRAMES, byte_order=">", magic="nano"),
    "modified": pcap(FRAMES, magic="modified"),
    "pcapng": build_pcapng(FRAMES),
    "all blocks": b"".join(
        [
            shb(options=option(1, b"\xff")),
            idb(1),
            idb(113, tsresol=9, tsoffset=5, name="two"),
            epb(0, TIME, b"a" * 60),
            epb(1, TIME, b"b" * 61, options=option(1, b"comment")),
            custom(b"c" * 20),
            opb(0, TIME, b"d" * 33),
            spb(b"e" * 20),
            isb(),
            block(0x77, b"f" * 32),
            shb(">"),
            idb(101, ">"),
            epb(0, TIME, b"g" * 40, ">"),
        ]
    ),
}
EACH = pytest.mark.parametrize("data", list(SMALL.values()), ids=list(SMALL))


@EACH
def test_every_prefix_gives_the_frames_that_are_whole_and_says_where_it_stops(data):
    whole = read_bytes(data)
    assert whole.status is Status.COMPLETE
    ends = []
    for length in range(len(data)):
        reading = read_bytes(data[:length])
        assert reading.frames == whole.frames[: len(reading.frames)]
        assert reading.bytes_read <= length
        if reading.status is Status.CUT:
            assert reading.problems[0].offset == reading.bytes_read <= length
        ends.append(len(reading.frames))
    assert ends == sorted(ends)
    assert ends[-1] == len(whole.frames) - 1


@EACH
@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(n, marks=pytest.mark.long) for n in range(6, 60))]
)
def test_random_damage_leaves_every_frame_before_it(data, seed, tmp_path):
    chance = random.Random(seed)
    whole = read_bytes(data)
    damaged = bytearray(data)
    first = len(data)
    for _ in range(chance.choice([1, 1, 1, 4])):
        at = chance.randrange(len(data))
        first = min(first, at)
        if chance.random() < 0.5:
            damaged[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        elif chance.random() < 0.5:
            word = chance.choice(
                [0, 1, 11, 12, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF, 262_144, 262_145]
            )
            damaged[at : at + 4] = struct.pack(chance.choice("<>") + "I", word)
        else:
            damaged[at : at + chance.randrange(40)] = chance.randbytes(chance.randrange(40))
    before = len(read_bytes(data[:first]).frames)
    reading = read_both(bytes(damaged), tmp_path)
    assert reading.frames[:before] == whole.frames[:before]
    assert reading.status is not Status.COMPLETE or reading.problems == []


@pytest.mark.parametrize(
    "magic", [b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a", b"\x34\xcd\xb2\xa1"]
)
@pytest.mark.parametrize("seed", range(25))
def test_random_bytes_after_a_magic_are_survived(magic, seed):
    chance = random.Random(seed)
    reading = read_bytes(magic + chance.randbytes(chance.randrange(5000)))
    assert reading.status in (Status.CUT, Status.UNREADABLE, Status.EMPTY)


@pytest.fixture
def small_buffers(monkeypatch):
    """Buffers of a few bytes, so that every record lies across their edges."""

    def shrink(size):
        for module in (reader, pcap_module, pcapng):
            monkeypatch.setattr(module, "CHUNK", size)

    return shrink


@EACH
@pytest.mark.parametrize("size", [13, 28, 64, 100, 257])
def test_the_size_of_the_buffers_does_not_matter(data, size, small_buffers, tmp_path):
    tail = struct.pack("<I", 0xFFFFFF00) * 8
    whole, damaged = read_bytes(data), read_bytes(data + tail)
    assert damaged.status is Status.CUT
    small_buffers(size)
    assert read_both(data, tmp_path) == whole
    assert read_both(data + tail, tmp_path) == damaged


@pytest.mark.parametrize("size", [262_144, 262_145])
@pytest.mark.parametrize(
    ("make", "reason"), [(pcap, "record-length"), (build_pcapng, "damaged-block")]
)
def test_a_frame_that_is_too_long_stops_the_reading_although_it_is_whole_in_the_buffer(
    size, make, reason
):
    frames = [(0, bytes(60)), (1, bytes(60)), (2, bytes(size)), (3, bytes(60))]
    reading = read_bytes(make(frames))
    fits = size == 262_144
    assert [len(frame.data) for frame in reading.frames] == (
        [60, 60, 262_144, 60] if fits else [60, 60]
    )
    assert (reading.status, reading.reasons) == (
        (Status.COMPLETE, []) if fits else (Status.CUT, [reason])
    )


def test_a_sparse_file_behind_a_huge_block_is_passed_without_being_held(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(build_pcapng(FRAMES) + struct.pack("<II", 0x77, 134_348_832))
    with open(path, "r+b") as file:
        file.truncate(134_348_832)
    reading = read_path(path)
    assert len(reading.frames) == 9
    assert (reading.status, reading.reasons) == (Status.CUT, ["cut-record"])
