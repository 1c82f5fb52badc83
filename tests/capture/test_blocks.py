"""pcapng blocks as they are stored: all of them, whole or in pieces, up to where they were read
before.
"""

import gzip
import io
import os
import struct
import tracemalloc

import pytest

from nvgre_doctor.capture import Block, ChangedError, open_capture
from nvgre_doctor.capture.formats.pcapng_copy import LONGEST_WHOLE
from tests.build import block, custom, epb, idb, isb, nrb, pcap, shb, spb

BLOCKS = {
    order: [
        shb(order),
        idb(1, order),
        nrb([("192.168.50.1", "host1")], order),
        epb(0, 0, b"frame", order),
        spb(b"frame", order),
        custom(b"own", order=order),
        isb(0, 0, 1, 0, order),
    ]
    for order in "<>"
}


def blocks_of(data: bytes, stop: int | None = None) -> list[Block]:
    with open_capture("-", stdin=io.BytesIO(data)) as capture:
        return list(capture.blocks(len(data) if stop is None else stop))


def test_blocks_come_as_they_are_stored_with_the_byte_order_of_their_section() -> None:
    both = BLOCKS["<"] + BLOCKS[">"]
    found = blocks_of(b"".join(both))
    assert [found_block.data for found_block in found] == both
    assert [found_block.order for found_block in found] == ["<"] * 7 + [">"] * 7
    assert [found_block.kind for found_block in found] == [0x0A0D0D0A, 1, 4, 6, 3, 0x0BAD, 5] * 2


@pytest.mark.long
def test_files_pipes_and_compressed_files_give_the_same_blocks(tmp_path) -> None:
    data = b"".join(BLOCKS["<"] * 3000)  # several buffers
    path = tmp_path / "capture.pcapng"
    for stored in (data, gzip.compress(data)):
        path.write_bytes(stored)
        with open_capture(path) as capture:
            assert list(capture.blocks(len(data))) == blocks_of(data)
    assert b"".join(found.data for found in blocks_of(data)) == data


@pytest.mark.parametrize("cut", range(-2, 3))
def test_reading_ends_with_the_last_block_before_the_offset(cut: int) -> None:
    data = b"".join(BLOCKS["<"])
    whole = len(data) - len(BLOCKS["<"][-1]) + cut
    found = blocks_of(data, whole)
    assert [found_block.data for found_block in found] == BLOCKS["<"][: 6 if cut >= 0 else 5]


@pytest.mark.parametrize(
    "size", [LONGEST_WHOLE - 4, LONGEST_WHOLE, LONGEST_WHOLE + 4, 3 * LONGEST_WHOLE]
)
def test_a_long_block_comes_in_pieces(size: int) -> None:
    long_block = block(0x0BADF00D, (bytes(range(256)) * (size // 256 + 1))[: size - 12])
    assert len(long_block) == size
    found = blocks_of(BLOCKS["<"][0] + long_block + BLOCKS["<"][1])
    pieces = found[1:-1]
    assert b"".join(piece.data for piece in pieces) == long_block
    assert {(piece.kind, piece.is_whole) for piece in pieces} == {
        (0x0BADF00D, size <= LONGEST_WHOLE)
    }
    assert [piece.piece for piece in pieces] == list(range(len(pieces)))
    assert (found[0].data, found[-1].data) == (BLOCKS["<"][0], BLOCKS["<"][1])


@pytest.mark.parametrize(
    "last", [BLOCKS["<"][1], block(0x0BADF00D, bytes(2 * LONGEST_WHOLE))], ids=["short", "long"]
)
@pytest.mark.parametrize("missing", [1, 4, 12, 20])
def test_a_file_that_became_shorter_is_noticed(missing: int, last: bytes) -> None:
    data = BLOCKS["<"][0] + last
    with pytest.raises(ChangedError):
        blocks_of(data[:-missing], len(data))


def test_something_else_than_a_block_is_noticed() -> None:
    with pytest.raises(ChangedError):
        blocks_of(b"".join(BLOCKS["<"]) + b"\xff" * 40)


def test_a_pcap_has_no_blocks() -> None:
    assert blocks_of(pcap([(0, b"frame")])) == []


@pytest.mark.long
def test_memory_does_not_grow_with_the_capture_or_with_a_block(tmp_path) -> None:
    path = tmp_path / "capture.pcapng"
    with open(path, "wb") as stream:
        stream.write(BLOCKS["<"][0] + BLOCKS["<"][1])
        stream.write(epb(0, 0, bytes(1400)) * 10_000)
        stream.write(struct.pack("<II", 0x0BADF00D, 100 << 20))
        stream.seek((100 << 20) - 12, os.SEEK_CUR)
        stream.write(struct.pack("<I", 100 << 20))
    with open_capture(path) as capture:
        tracemalloc.start()
        total = sum(len(found.data) for found in capture.blocks(path.stat().st_size))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert total == path.stat().st_size
    assert peak < 10 << 20
