"""The loop for plain frames as a C extension, where it could be built; NVGRE_DOCTOR_PURE=1 does
without it.

Knows what `_scanner.c` wants to know, and what it says; nothing about frames.
"""

import os
from typing import TYPE_CHECKING, Final, Literal, TypeGuard

from nvgre_doctor.capture.batch import MAX_FRAME, Clock, Columns, Records, WordClock
from nvgre_doctor.evidence import CaptureEvidence, sampling
from nvgre_doctor.evidence.signs import Sign
from nvgre_doctor.scan.plain import Layout, layout_of
from nvgre_doctor.vocabulary import Oddity
from nvgre_doctor.wire.ethertypes import ETHERTYPE_ARP

if TYPE_CHECKING:
    from nvgre_doctor.scan._scanner import Scanner

PURE_VARIABLE: Final = "NVGRE_DOCTOR_PURE"
_ORDERS: Final[dict[str, Literal["little", "big"]]] = {"<": "little", ">": "big"}
ONLY_COUNTED: Final = (
    Sign(Oddity.NOT_GRE),
    Sign(Oddity.VXLAN),
    Sign(Oddity.NOT_IP, detail=ETHERTYPE_ARP),
)
_NONE: Final = 62  # of the linktypes with their clocks, in _scanner.c
ROWS: Final = 49_152
"""Of the table in _scanner.c: 13 MB, of which only what is used is touched."""


def scanner_class() -> "type[Scanner] | None":
    """The extension; None where Python does its work."""
    if os.environ.get(PURE_VARIABLE, "") not in {"", "0"}:
        return None
    try:
        from nvgre_doctor.scan._scanner import Scanner
    except ImportError:
        return None
    return Scanner


class Native:
    """Counts the plain frames of one capture while its reader walks over the records.

    It knows no link headers but that of the first frame: `learn` tells it those that Python met.
    """

    def __init__(self, scanner: "type[Scanner]", rows: int) -> None:
        """With a table of so many rows, or ROWS."""
        self._class = scanner
        self._scanner: Scanner | None = None
        self._most = min(rows, ROWS)
        # With more units it is time to see which VM pairs are kept.
        self._few = min(self._most, sampling.ALL_UNITS + sampling.ALL_UNITS // 4)
        self._kinds: dict[tuple[int, Clock], int] = {}
        self._records: Records | None = None
        self._of_interfaces = bytearray()  # kind of each interface of these records
        self._ways: dict[int, set[tuple[int, int, bool, int, bytes, int]]] = {}  # by linktype

    def walk(
        self, records: Records, data: bytes, at: int, number: int, left: Columns
    ) -> tuple[int, int, int, bool]:
        """As `capture.batch.Walker`; and whether it stopped because the table is full: then it must
        be folded.
        """
        if not self._ways:
            next_stamp = at + 12 if records.is_pcapng else at
            self._peek(records, data, left.stamps[-1] if left.stamps else next_stamp)
        if self._scanner is None:
            self._scanner = self._class(
                os.urandom(120), sampling.OCTET_SPREAD, MAX_FRAME, self._few
            )
        if records is not self._records:
            self._records, self._of_interfaces = records, bytearray()
        for interface in records.interfaces[len(self._of_interfaces) :]:
            self._of_interfaces.append(self._kind(self._scanner, interface))
        return self._scanner.walk(
            data,
            at,
            number,
            records.order == ">",
            records.is_pcapng,
            records.distance,
            self._of_interfaces,
            left.stamps,
            left.lengths,
            left.numbers,
        )

    def _peek(self, records: Records, data: bytes, stamp: int) -> None:
        """Learn from the first frame."""
        number, begin = 0, stamp + records.distance
        if records.is_pcapng:
            number = int.from_bytes(data[stamp - 4 : stamp], _ORDERS[records.order])
        if number < len(records.interfaces):
            linktype, clock = records.interfaces[number]
            layout = layout_of(linktype, data[begin : begin + 128], records.distance, clock)
            if layout is not None:
                self.learn(linktype, layout)

    def learn(self, linktype: int, layout: Layout) -> None:
        """Take plain frames with this link header from now on."""
        plain = layout.plain
        sizes = plain.size, plain.decisive_at, plain.may_be_tagged, plain.bottom_at
        way = (*sizes, layout.decisive, layout.version)
        if way not in self._ways.setdefault(linktype, set()):
            self._ways[linktype].add(way)
            for (other, _), kind in self._kinds.items():
                if other == linktype and kind < _NONE and self._scanner is not None:
                    self._scanner.add_way(kind, *way)

    def fold(self, evidence: CaptureEvidence) -> dict[Sign, int]:
        """Add everything that was counted, and begin again.  Gives how many other frames were
        counted.
        """
        if self._scanner is None:
            return {}
        units, directions, nvgre, *others = self._scanner.take()
        evidence.frames += nvgre + sum(others)
        evidence.nvgre_frames += nvgre
        evidence.units.add(units, directions)
        self._scanner.limit(
            self._most if evidence.is_thinned else self._few,
            sampling.VM_STREAMS if evidence.is_thinned else 0,
        )
        for ends, mask in evidence.units.masks().items():
            self._scanner.keep(ends, mask)
        return dict(zip(ONLY_COUNTED, others, strict=True))

    def _kind(self, scanner: "Scanner", interface: tuple[int, Clock]) -> int:
        kind = self._kinds.get(interface)
        if kind is None:
            linktype, clock = interface
            kind = scanner.add_kind(*clock[1:]) if _is_simple(clock) else _NONE
            self._kinds[interface] = kind
            for way in self._ways.get(linktype, ()) if kind < _NONE else ():
                scanner.add_way(kind, *way)
        return kind


def _is_simple(clock: Clock) -> TypeGuard[WordClock]:
    """Whether 64 bits are enough for its times, and for what is on the way to them."""
    return (
        isinstance(clock, WordClock)
        and clock.per_second <= 1 << 32
        and abs(clock.offset_ns) <= 4 * 10**18
    )
