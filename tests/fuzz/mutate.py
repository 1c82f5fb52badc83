"""Bytes made hostile, by chance alone: the same seed gives the same bytes for ever."""

import struct
from collections.abc import Sequence
from random import Random

NUMBERS = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    11,
    12,
    16,
    20,
    24,
    28,
    32,
    64,
    127,
    128,
    255,
    256,
    4096,
    65535,
    65536,
    262_144,
    262_145,
)
HUGE = (
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFC,
    0xFFFFFFFF,
    134_348_832,
    0x0A0D0D0A,
    0x1A2B3C4D,
    0xA1B2C3D4,
)
WORDS = (
    "0",
    "1",
    "-1",
    "1e999",
    "null",
    "true",
    "{}",
    "[]",
    '""',
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\r\n",
    "\ufeff",
    ",",
    ";",
    '"',
)


def mutate(dice: Random, data: bytes, others: Sequence[bytes], longest: int = 8192) -> bytes:
    """One to six changes."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        _change(dice, changed, others)
        del changed[longest:]
    return bytes(changed)


def _change(dice: Random, data: bytearray, others: Sequence[bytes]) -> None:
    at = dice.randrange(len(data) + 1)
    match dice.randrange(11):
        case 0:
            data[at : at + 1] = dice.randbytes(1)
        case 1:
            if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
        case 2:
            number = dice.choice((*NUMBERS, *HUGE, len(data), dice.randrange(2 * len(data) + 2)))
            at -= at % dice.choice((1, 4))
            data[at : at + 4] = struct.pack(dice.choice("<>") + "I", number & 0xFFFFFFFF)
        case 3:
            data[at : at + 2] = struct.pack(dice.choice("<>") + "H", dice.choice(NUMBERS) & 0xFFFF)
        case 4:
            del data[at : at + dice.choice((1, 2, 4, 16, 100))]
        case 5:
            del data[at:]
        case 6:
            data[at:at] = dice.randbytes(dice.choice((1, 2, 4, 20)))
        case 7:
            start = dice.randrange(len(data) + 1)
            data[at:at] = data[start : start + dice.choice((4, 16, 60, 200))]
        case 8:
            other = dice.choice(others)
            start = dice.randrange(len(other) + 1)
            data[at : at + dice.choice((0, 20, 10_000))] = other[
                start : start + dice.choice((4, 40, 10_000))
            ]
        case 9:
            data[at:at] = dice.choice(WORDS).encode(
                dice.choice(("utf-8", "utf-16-le")), "surrogatepass"
            )
        case 10:
            data[at : at + 40] = bytes(dice.choice((4, 40, 400)))
