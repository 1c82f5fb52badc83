"""One field of a header: there as a whole, or None.  The single place where "cut off" is told from
"present".
"""


def field(data: bytes, start: int, size: int) -> bytes | None:
    """`size` bytes from `start` on, None unless all of them are there."""
    value = data[start : start + size]
    return value if len(value) == size else None


def number(data: bytes, start: int, size: int) -> int | None:
    """The big endian number in `size` bytes from `start` on, None unless all of them are there."""
    value = data[start : start + size]
    return int.from_bytes(value) if len(value) == size else None
