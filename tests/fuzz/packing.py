"""Rows of a page that are packed are, unpacked, the same rows.

Knows what rows a page has; what packed rows look like is known to `tests.html_page`.
"""

from nvgre_doctor.reporters.html.packed_rows import Cell, packed
from nvgre_doctor.terminal.visible import visible
from tests.html_page import read, unpacked

ROW, CELL, PART = "\n", "\t", "|"
"""End a row, a cell, a text of a cell in an input."""
NUMBER = "#"
"""Before a cell that is a number."""
_SEEDS = """
10.0.0.1\tkey 0x00001389 is TNI 5001\t0x00138900\tVSID 5001\t00:15:5d:00:00:01\t#7
10.0.0.2\tkey 0x0000138a is TNI 5002\t0x00138a00\tVSID 5002\t00:15:5d:00:00:02\t#9
10.0.0.9\tkey 0x0000138a is TNI 5003\t0x00138a00\tVSID 5002\t00:15:5d:00:00:02\t#4294967296

999.1.1.1\t0x0000138\t007\t99999999999999999999\t1.2.3\t0xffffffff\t4294967295\t16777215
fe80::1\tfd00:10::2\t12:34:56\t::\t2013-02-20 10:14:07 to 10:19:07 UTC\t-1\t#-1\t#0
frame 3 of a.pcap|frame 4 of a.pcap\tNVG201\t0x6558\tip.src#1\tgre.key == 0x00138900
1280256 is 5001 << 8, 5001 is 1280256 >> 8\t0x00138900 0x00001389 0x13890000 1280256
0x5b8d8000 is 6000000 or 1536000000\t0x005b8d80 6000000\t0xff5b8d80 6000000
<script>\t</script><!--\t##[error]\t##vso[x]\t::error::\t\x1b[31m\t\u202e\t\x01a\x02b\x03c\t\\x01
"""


def seeds() -> list[bytes]:
    """All rows, each row, and rows that rise and fall."""
    lines = _SEEDS.split(ROW)
    steps = [f"10.0.{n % 3}.{n}\t{n * 4999}\t{5000 - n}\t0x{n << 20:08x}" for n in range(40)]
    return [text.encode() for text in (_SEEDS, *lines, ROW.join(steps), ROW.join(lines * 9))]


def rows_of(data: bytes) -> list[list[Cell]]:
    """The rows that an input stands for."""
    text = data.decode("utf-8", "surrogateescape")
    return [[_cell(cell) for cell in row.split(CELL)] for row in text.split(ROW)]


def _cell(text: str) -> Cell:
    digits = text.removeprefix(NUMBER)
    if digits != text and digits.removeprefix("-").isdecimal() and digits.isascii():
        return int(digits[:20])
    if PART in text:
        return tuple(text.split(PART))
    return text or None


def shown(cell: Cell) -> str:
    """What must come back."""
    if isinstance(cell, tuple):
        return "\x03".join(map(visible, cell))
    return "" if cell is None else visible(str(cell))


def check(data: bytes) -> None:
    rows = rows_of(data)
    back = unpacked(read(packed("x", rows)), "x")
    assert back == [[shown(cell) for cell in row] for row in rows]
