"""Compressed captures: every codec, members, damage, bombs."""

import bz2
import gzip
import io
import lzma
import struct
import sys
import tracemalloc
import zlib

import pytest

from nvgre_doctor.capture import open_capture
from nvgre_doctor.capture.decompress import CODECS
from nvgre_doctor.capture.unpacking import CompressedSource
from nvgre_doctor.vocabulary import Status
from tests.build import epb, idb, pcap, pcapng, shb
from tests.capture.reading import read_both, read_bytes

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TIME = 1_700_000_000_123_456_000
FRAMES = [(TIME + i, bytes([i % 251]) * (50 + i % 99)) for i in range(3000)]
DATA = [data for _, data in FRAMES]
PLAIN = pcap(FRAMES)

COMPRESS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}
ALL = pytest.mark.parametrize("name", list(COMPRESS))


@ALL
@pytest.mark.parametrize("plain", [PLAIN, pcapng(FRAMES)], ids=["pcap", "pcapng"])
def test_a_compressed_capture_reads_like_the_plain_one(tmp_path, name, plain):
    reading = read_both(COMPRESS[name](plain), tmp_path)
    assert reading.frame_data == DATA
    assert (reading.compression, reading.status, reading.problems) == (name, Status.COMPLETE, [])
    assert reading.bytes_read == len(plain)


@ALL
def test_several_members_are_one_capture(tmp_path, name):
    compress = COMPRESS[name]
    members = [compress(PLAIN[i : i + 40_000]) for i in range(0, len(PLAIN), 40_000)]
    reading = read_both(b"".join([*members, compress(b"")]), tmp_path)
    assert reading.frame_data == DATA
    assert reading.status is Status.COMPLETE


@pytest.mark.parametrize("name", ["gzip", "xz"])
def test_padding_with_zeros_after_a_member_is_no_problem(name):
    reading = read_bytes(COMPRESS[name](PLAIN) + bytes(100_000))
    assert reading.frame_data == DATA
    assert reading.problems == []


@ALL
def test_something_else_after_the_compressed_data_is_said(name):
    reading = read_bytes(COMPRESS[name](PLAIN) + b"no such member")
    assert reading.frame_data == DATA
    assert (reading.status, reading.reasons) == (Status.CUT, ["trailing-data"])
    assert f"bytes that are not {name}" in reading.message


def test_frames_that_zstd_says_to_skip_are_skipped():
    skip = b"\x5a\x2a\x4d\x18" + struct.pack("<I", 5) + b"hello"
    assert read_bytes(skip + zstd.compress(PLAIN) + skip).frame_data == DATA


@pytest.mark.parametrize(
    ("name", "at_least"), [("gzip", 2500), ("bzip2", 0), ("xz", 2500), ("zstd", 1000)]
)
def test_a_cut_compressed_file_gives_what_is_there(name, at_least):
    reading = read_bytes(COMPRESS[name](PLAIN)[:-60])
    assert len(reading.frames) >= at_least  # bzip2 gives nothing of a block that is not whole
    assert reading.frame_data == DATA[: len(reading.frames)]
    assert reading.reasons == ["cut-compressed"]
    assert f"the {name} data ends early" in reading.message


def test_a_cut_gzip_gives_every_frame_that_gzip_itself_gives():
    packed = zlib.compressobj(wbits=31)
    first = packed.compress(PLAIN[:60_000]) + packed.flush(zlib.Z_SYNC_FLUSH)
    reading = read_bytes(first + packed.compress(PLAIN[60_000:]) + packed.flush()[:5])
    whole = [data for data in DATA if data]
    assert len(reading.frames) > 500
    assert reading.frame_data == whole[: len(reading.frames)]
    assert reading.status is Status.CUT


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz"])
def test_a_wrong_checksum_at_the_end_costs_no_frame(name):
    frames = FRAMES[:100]
    packed = bytearray(COMPRESS[name](pcap(frames)))
    if name == "gzip":
        packed[-6] ^= 1
    elif name == "bzip2":
        packed[-3] ^= 4
    else:
        index = 4 * (struct.unpack_from("<I", packed, len(packed) - 8)[0] + 1)
        packed[-12 - index - 1] ^= 1  # the check stands before the index and the footer of 12 bytes
    reading = read_bytes(bytes(packed))
    assert reading.frame_data == DATA[:100]
    assert (reading.status, reading.reasons) == (Status.CUT, ["damaged-compressed"])
    assert f"the {name} data is damaged near byte" in reading.message


def test_the_end_of_compressed_data_takes_no_step_for_each_byte(monkeypatch):
    """An archive can hold thousands of members that are nothing but ends."""
    pieces, piece = [], CompressedSource._piece
    monkeypatch.setattr(CompressedSource, "_piece", lambda s: pieces.append(piece(s)) or pieces[-1])
    empty = b"\x1f\x8b\x08" + bytes(7) + b"\0\0\0\xff\xff" * 815 + b"\1\0\0\xff\xff" + bytes(8)
    assert len(empty) == 4098
    assert read_bytes(empty).status is Status.EMPTY
    assert b"".join(pieces) == empty
    assert len(pieces) < 500


@ALL
def test_garbage_after_the_magic_is_unreadable(name):
    reading = read_bytes(COMPRESS[name](PLAIN)[:6] + b"\xa5" * 500)
    assert (reading.frames, reading.status) == ([], Status.UNREADABLE)
    assert reading.reasons[0] in ("damaged-compressed", "cut-compressed")


@ALL
def test_every_prefix_of_a_compressed_capture_ends_without_an_exception(name):
    packed = COMPRESS[name](pcap(FRAMES[:12]))
    seen = 0
    for length in range(len(packed)):
        reading = read_bytes(packed[:length])
        assert reading.frame_data == DATA[: len(reading.frames)]
        assert reading.status is not Status.COMPLETE
        assert len(reading.frames) >= seen
        seen = len(reading.frames)


@ALL
def test_compressed_text_and_compressed_nothing_are_named(name):
    reading = read_bytes(COMPRESS[name](b"just some text\n" * 10))
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["text"])
    assert reading.message.startswith(f"inside the {name} data: this is text")
    assert (read_bytes(COMPRESS[name](b"")).status, read_bytes(COMPRESS[name](b"")).reasons) == (
        Status.EMPTY,
        ["empty-file"],
    )


def test_a_capture_compressed_twice_is_named():
    reading = read_bytes(bz2.compress(gzip.compress(PLAIN)))
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["compressed-twice"])
    assert "compressed again, with gzip" in reading.message


def test_without_the_zstd_library_the_extra_is_named(monkeypatch):
    """The modules are hidden as they would be on a Python without them."""
    for module in CODECS[3].modules:
        monkeypatch.setitem(sys.modules, module, None)
    reading = read_bytes(zstd.compress(PLAIN))
    assert (reading.status, reading.compression, reading.reasons) == (
        Status.UNREADABLE,
        "zstd",
        ["zstd-missing"],
    )
    assert 'pip install "nvgre-doctor[zstd]"' in reading.message


# --- bombs -------------------------------------------------------------------


def _repeated(prefix: bytes, unit: bytes, times: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    out = [packer.compress(prefix)] + [packer.compress(unit) for _ in range(times)]
    return b"".join(out) + packer.flush()


def _peak(packed: bytes) -> tuple[int, list[str], int]:
    """Frames, problems, and the highest memory while reading."""
    tracemalloc.start()
    try:
        with open_capture("-", stdin=io.BytesIO(packed)) as capture:
            frames = sum(len(batch.stamps) for batch in capture.batches())
            return (
                frames,
                [problem.reason for problem in capture.progress.problems],
                tracemalloc.get_traced_memory()[1],
            )
    finally:
        tracemalloc.stop()


MEBIBYTE = 1 << 20


@pytest.mark.parametrize(
    ("prefix", "reasons"),
    [
        (b"", ["zeros"]),
        pytest.param(pcap([(TIME, b"x")]), ["zeros"], marks=pytest.mark.long),
        pytest.param(shb() + idb() + epb(0, TIME, b"x"), ["damaged-block"], marks=pytest.mark.long),
        pytest.param(
            shb() + idb() + epb(0, TIME, b"x") + struct.pack("<II", 0x77, 128 * MEBIBYTE),
            ["damaged-block"],
            marks=pytest.mark.long,
        ),
    ],
    ids=["zeros", "pcap", "pcapng", "a block of zeros"],
)
def test_a_bomb_of_zeros_stops_in_bounded_memory(prefix, reasons):
    frames, found, peak = _peak(_repeated(prefix, bytes(MEBIBYTE), 200))
    assert frames == (1 if prefix else 0)
    assert found == reasons
    assert peak < 8 * MEBIBYTE


@pytest.mark.long
def test_a_bomb_of_frames_is_a_long_capture_in_bounded_memory():
    unit = pcap([(TIME, bytes(262_000))] * 4)[24:]
    frames, found, peak = _peak(_repeated(pcap([]), unit, 100))
    assert (frames, found) == (400, [])
    assert peak < 4 * MEBIBYTE


def test_an_xz_header_that_asks_for_gigabytes_of_memory_is_refused():
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 28}]
    packed = lzma.compress(PLAIN[:2000], filters=filters)
    frames, found, peak = _peak(packed)
    assert (frames, found) == (0, ["damaged-compressed"])
    assert peak < 4 * MEBIBYTE
