"""What was seen of frames that are alike: one VM pair, one direction, keys that share their upper
24 bits.

Knows numbers, times and addresses as bytes, and how two parts of one capture are put together.
"""

from struct import Struct
from typing import Final, NamedTuple


class Moment(NamedTuple):
    """One frame of a capture: 1-based number as Wireshark counts, nanoseconds since 1970 (-1: its
    block carries no time).
    """

    frame_number: int
    ts_ns: int


class StreamKey(NamedTuple):
    """Frames of one VM pair in one direction whose keys share the upper 24 bits.

    `macs` is as on the wire, inner destination then inner source (12 bytes).  It is empty when they
    were not captured.  Frames of VM pairs that are not kept are one stream for each source and
    upper 24 bits, with neither MACs nor destination.
    """

    source: bytes  # provider addresses, 4 or 16 bytes each
    destination: bytes
    upper_bits: int  # of the key: bits 31..8
    macs: bytes


class StreamFacts(NamedTuple):
    """What was seen of one stream.  Customer addresses are those of its first frame.

    Without MACs there are no customer addresses: the frames are of many VM pairs.
    """

    frames: int
    first: Moment
    last: Moment
    customer_addresses: bytes  # source + destination, 8 or 32 bytes, or empty
    low_octets: bytes  # distinct, ascending: bits 7..0 of the keys


UPPER_BITS: Final = 3
"""Bytes of bits 31..8 of a key."""
_FIXED: Final = Struct(
    "<QQQqqB"
)  # frames, first and last frame number, their times, length of addresses
_FRAME_NUMBERS: Final = Struct("<QQ")  # 8 bytes behind the start


def pack_stream(facts: StreamFacts) -> bytes:
    """Facts as bytes, a third of the size of the tuple: a capture of a hosting fabric has very many
    of them.
    """
    (first, first_ns), (last, last_ns), customers = (
        facts.first,
        facts.last,
        facts.customer_addresses,
    )
    fixed = _FIXED.pack(facts.frames, first, last, first_ns, last_ns, len(customers))
    return fixed + customers + facts.low_octets


def unpack_stream(packed: bytes) -> StreamFacts:
    """The inverse of pack_stream."""
    frames, first, last, first_ns, last_ns, length = _FIXED.unpack_from(packed)
    middle = _FIXED.size + length
    return StreamFacts(
        frames,
        Moment(first, first_ns),
        Moment(last, last_ns),
        packed[_FIXED.size : middle],
        packed[middle:],
    )


def shift_stream(packed: bytes, numbers: int) -> bytes:
    """Packed facts with `numbers` added to the first and the last frame number."""
    first, last = _FRAME_NUMBERS.unpack_from(packed, 8)
    shifted = bytearray(packed)
    _FRAME_NUMBERS.pack_into(shifted, 8, first + numbers, last + numbers)
    return bytes(shifted)


def merge_streams(one: bytes, two: bytes) -> bytes:
    """Packed facts about one stream from two parts of one capture."""
    if _FRAME_NUMBERS.unpack_from(two, 8) < _FRAME_NUMBERS.unpack_from(one, 8):
        one, two = two, one
    frames, first, last, first_ns, last_ns, length = _FIXED.unpack_from(one)
    more_frames, _, other_last, _, other_last_ns, other_length = _FIXED.unpack_from(two)
    if other_last > last:
        last, last_ns = other_last, other_last_ns
    middle = _FIXED.size + length
    lows, other_lows = one[middle:], two[_FIXED.size + other_length :]
    if lows != other_lows:
        lows = bytes(sorted({*lows, *other_lows}))
    fixed = _FIXED.pack(frames + more_frames, first, last, first_ns, last_ns, length)
    return fixed + one[_FIXED.size : middle] + lows


def add_stream(streams: dict[bytes, bytes], key: bytes, packed: bytes) -> None:
    """Count packed facts of a stream that may be known."""
    known = streams.get(key)
    streams[key] = packed if known is None else merge_streams(known, packed)
