"""Plain LZ77: the examples of MS-XCA, what a greedy compressor makes, and hostile bytes."""

import tracemalloc
from random import Random

import pytest

from nvgre_doctor.capture.formats.etl.lz77 import decompress
from tests.build_etl import lz77

ALPHABET = b"abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("packed", "data"),
    [  # MS-XCA section 3.1
        (b"\x3f\0\0\0" + ALPHABET, ALPHABET),
        (b"\xff\xff\xff\x1fabc\x17\0\x0f\xff\x26\x01", b"abc" * 100),
    ],
)
def test_the_examples_of_the_specification(packed, data):
    assert decompress(packed, 0, len(data)) == (data, True)


def test_what_was_compressed_comes_out_again():
    dice = Random(1)
    for _ in range(300):
        words = [dice.randbytes(dice.randrange(1, 40)) for _ in range(5)]
        data = b"".join(
            dice.choice(words) * dice.choice((1, 1, 2, 30)) for _ in range(dice.randrange(60))
        )
        assert decompress(b"head" + lz77(data), 4, len(data)) == (b"head" + data, True)


def test_a_long_match_has_its_length_in_32_bits():
    packed = b"\0\0\0\x40a\x07\0\x0f\xff\0\0" + (100_000).to_bytes(4, "little")
    assert decompress(packed, 0, 100_004) == (b"a" * 100_004, True)
    packed = b"\0\0\0\x10abc\x17\0\x0f\xff\0\0" + (200_000).to_bytes(4, "little")
    assert decompress(packed, 0, 200_006) == ((b"abc" * 66_669)[:200_006], True)


def test_a_match_cannot_reach_into_what_stands_before():
    assert decompress(b"head" + b"\0\0\0\x80\0\0", 4, 100) == (b"head", False)


def test_no_prefix_gives_anything_else_than_the_beginning():
    data = b"".join(bytes([n]) * (n * n) for n in range(30)) + b"abc" * 300
    packed, shorter = lz77(data), 0
    for size in range(len(packed)):
        out, is_whole = decompress(packed[:size], 0, len(data))
        assert not is_whole
        assert data.startswith(out)
        assert len(out) >= shorter
        shorter = len(out)


@pytest.mark.parametrize(
    "packed",
    [
        b"\0\0\0\x80\0\0",  # a match before the first byte
        b"\0\0\0\x40a\x10\0",  # and one behind it
        b"\0\0\0\x40a\x07\0\x0f\xff\x05\0",  # a length that needs no 16 bits
    ],
)
def test_a_match_that_makes_no_sense_ends_it(packed):
    out, is_whole = decompress(packed, 0, 100)
    assert (out, is_whole) == (b"a" * (out == b"a"), False)


def test_a_bomb_gives_no_more_than_was_asked_for():
    bomb = b"\0\0\0\x40a\x07\0\x0f\xff\0\0\xff\xff\xff\xff"
    tracemalloc.start()
    out, is_whole = decompress(bomb, 0, 1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(out), is_whole) == (1 << 20, True)
    assert peak < 3 << 20


def test_random_bytes_raise_nothing():
    dice = Random(2)
    for _ in range(3000):
        out, _ = decompress(dice.randbytes(dice.randrange(80)), 0, 4096)
        assert len(out) <= 4096
