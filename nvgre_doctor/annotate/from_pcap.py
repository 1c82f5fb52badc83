"""A pcap capture becomes pcapng: one section, one interface, an enhanced packet block for each
record.
"""

from itertools import chain
from typing import BinaryIO, Final

from nvgre_doctor.annotate.marking import Marker
from nvgre_doctor.annotate.packets import (
    ORDER,
    interface_block,
    packet_block,
    section_header,
    with_comments,
)
from nvgre_doctor.capture import OpenCapture
from nvgre_doctor.scan.files import ProgressCallback

_NANOSECONDS: Final = 9


def convert_pcap(
    source: OpenCapture,
    marker: Marker,
    target: BinaryIO,
    tell: ProgressCallback,
    *,
    only_findings: bool,
) -> None:
    """Write all frames, or those that a finding points to.  Time resolution, link type and snap
    length stay.

    Errors: OSError of `target`.
    """
    batches = source.batches()
    first = next(batches, None)  # now the file header was read
    if not source.description.interfaces:
        return
    (interface,) = source.description.interfaces
    tick_ns = 1 if interface.tsresol == _NANOSECONDS else 1000
    target.write(section_header())
    target.write(
        interface_block(
            interface.linktype, interface.snaplen, interface.tsresol, interface.fcs_octets
        )
    )
    for batch in chain(() if first is None else (first,), batches):
        for i, number in enumerate(batch.numbers):
            frame, wire_length, ts_ns = batch.frame(i), batch.wire_length(i), batch.clock(i)
            comments = marker.comments(batch.linktype, frame, wire_length, number, ts_ns)
            if comments or not only_findings:
                block = packet_block(ts_ns // tick_ns, frame, wire_length)
                target.write(with_comments(block, ORDER, comments))
                marker.copied.written += 1
        tell(source.position(), source.size)
