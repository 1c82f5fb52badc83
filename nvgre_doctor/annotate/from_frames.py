"""A capture of any format becomes pcapng, frame by frame: one section, an interface for each kind
of frames, an enhanced packet block for each frame.
"""

from typing import BinaryIO, NamedTuple

from nvgre_doctor.annotate.marking import Marker
from nvgre_doctor.annotate.packets import (
    ORDER,
    interface_block,
    packet_block,
    section_header,
    section_with_comments,
    with_comments,
)
from nvgre_doctor.capture import Batch, Description, OpenCapture
from nvgre_doctor.scan.files import ProgressCallback


class _Kind(NamedTuple):
    """What the frames of one batch have in common."""

    linktype: int
    time_digits: int  # as in Batch; the same number is if_tsresol


class _Interfaces:
    """The interfaces that were written, numbered from 0."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._numbers: dict[_Kind, int] = {}
        self._described = 0

    def describe(self, description: Description) -> None:
        """Write those that the capture has described since the last time: the first of each
        kind.
        """
        for interface in description.interfaces[self._described :]:
            kind = _Kind(interface.linktype, interface.tsresol)
            self._add(kind, interface.snaplen, interface.fcs_octets)
        self._described = len(description.interfaces)

    def number(self, batch: Batch) -> int:
        """That of the frames of a batch.  One that was not described is written first."""
        kind = _Kind(batch.linktype, batch.time_digits)
        self._add(kind, 0, 0)
        return self._numbers[kind]

    def _add(self, kind: _Kind, snaplen: int, fcs_octets: int) -> None:
        if kind not in self._numbers:
            self._numbers[kind] = len(self._numbers)
            self._target.write(
                interface_block(kind.linktype, snaplen, kind.time_digits, fcs_octets)
            )


def write_frames(
    source: OpenCapture,
    marker: Marker,
    says: str,
    target: BinaryIO,
    tell: ProgressCallback,
    *,
    only_findings: bool,
) -> None:
    """Write all frames, or those that a finding points to.  Time resolution and link type stay, and
    so does the snap length where the capture tells it.

    The section gets the comment `says`.  Errors: OSError of `target`.
    """
    interfaces = _Interfaces(target)
    target.write(section_with_comments(section_header(), ORDER, [says] if says else []))
    for batch in source.batches():
        interfaces.describe(source.description)
        interface, tick_ns = interfaces.number(batch), 10 ** (9 - batch.time_digits)
        for i, number in enumerate(batch.numbers):
            frame, wire_length, ts_ns = batch.frame(i), batch.wire_length(i), batch.ts_ns(i)
            comments = marker.comments(batch.linktype, frame, wire_length, number, ts_ns)
            if comments or not only_findings:
                # A frame without a time, or from before 1970, becomes one of 1970.
                ticks = max(ts_ns, 0) // tick_ns
                block = packet_block(interface, ticks, frame, wire_length)
                target.write(with_comments(block, ORDER, comments))
                marker.copied.written += 1
        tell(source.position(), source.size)
    interfaces.describe(source.description)
