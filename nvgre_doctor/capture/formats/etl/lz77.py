"""Plain LZ77 (MS-XCA section 2.4, "XPRESS" without Huffman): how pktmon compresses its buffers."""

from struct import Struct, error
from typing import Final

_WORD: Final = Struct("<I").unpack_from
_SHORTEST: Final = 3  # bytes of a match
_MOST_AT_ONCE: Final = 1 << 16  # bytes of a match that are made in memory before they are added


def decompress(data: bytes, at: int, size: int) -> tuple[bytes, bool]:
    """The first `at` bytes of `data` as they are, and then what the others expand to, `size` bytes
    or fewer; and whether these are all.

    They are not where `data` ends early, or where a match begins before the beginning.  Memory and
    time are bounded by `size`, whatever the bytes.  A hot loop: about 25 ns a byte.
    """
    out, first, size = bytearray(data[:at]), at, at + size
    half = -1  # where the byte is of which one match has used the lower half
    try:
        while len(out) < size:
            (flags,) = _WORD(data, at)
            at += 4
            left = 32
            while left:
                literals = left - flags.bit_length()
                if literals:
                    out += data[at : at + literals]
                    at += literals
                    left -= literals
                    if not left or at >= len(data):
                        break
                left -= 1
                flags ^= 1 << left
                symbol = data[at] | data[at + 1] << 8
                at += 2
                length = symbol & 7
                if length == 7:
                    if half < 0:
                        half = at
                        length = data[at] & 15
                        at += 1
                    else:
                        length = data[half] >> 4
                        half = -1
                    if length == 15:
                        length, at = _long(data, at)
                    length += 7
                length = min(length + _SHORTEST, size - len(out))
                distance = (symbol >> 3) + 1
                start = len(out) - distance
                if start < first:
                    raise ValueError
                if distance >= length:
                    out += out[start : start + length]
                elif length < _MOST_AT_ONCE:  # it repeats itself
                    out += (out[start:] * (length // distance + 1))[:length]
                else:
                    piece = out[start:] * (_MOST_AT_ONCE // distance)
                    for rest in range(length, 0, -len(piece)):
                        out += piece[:rest]
                if len(out) >= size:
                    break
    except (IndexError, ValueError, error):  # the input ends (cheaper than to ask), or is wrong
        pass
    del out[size:]  # literals are taken as many as there are
    return bytes(out), len(out) >= size


def _long(data: bytes, at: int) -> tuple[int, int]:
    """A length of 15 and more, and the offset behind it."""
    length, after = data[at], at + 1
    if length < 255:
        return length + 15, after
    length, after = data[at + 1] | data[at + 2] << 8, at + 3
    if not length:
        (length,) = _WORD(data, after)
        after += 4
    if length < 15 + 7:
        raise ValueError
    return length - 7, after
