"""What must hold for every capture, whatever its bytes.

Knows the evidence and the readers of nvgre_doctor; must not know how an input was made.  Each check
raises AssertionError.
"""

import io
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO
from zlib import crc32

from nvgre_doctor.capture import open_capture
from nvgre_doctor.capture.batch import Progress
from nvgre_doctor.capture.formats import reader
from nvgre_doctor.capture.formats.pcap import FILE_HEADER, parse_header
from nvgre_doctor.capture.formats.reader import DamageError
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.evidence.intervals import parts
from nvgre_doctor.evidence.sampling import ALL_UNITS
from nvgre_doctor.evidence.signs import EXAMPLES
from nvgre_doctor.evidence.streams import streams
from nvgre_doctor.scan import exact as scan_module
from nvgre_doctor.scan.counting import FrameCounter, scan
from nvgre_doctor.scan.native import PURE_VARIABLE
from nvgre_doctor.vocabulary import Oddity, Status
from nvgre_doctor.wire.facts import Facts
from tests.exactly import scan_exactly
from tests.oddities import OF_OTHER_FRAMES

ABOUT_NVGRE = (Oddity.GRE_FLAGS, Oddity.FIRST_FRAGMENT, Oddity.INNER_TAG)
"""Signs that an NVGRE frame may have besides."""


class CountingStream(io.BytesIO):
    """A pipe that counts how often and how much is read from it."""

    reads = 0
    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.reads += 1
        self.taken += len(data)
        return data


@dataclass(frozen=True)
class Read:
    """Everything that one reading of a capture gave."""

    evidence: CaptureEvidence
    progress: Progress
    format: str | None
    compression: str | None


def read(data: bytes, exact: bool = False, rows: int = 50_000) -> Read:
    """Read a capture from a pipe.  `exact` decodes every frame.  Every byte is taken once, in
    a bounded number of reads.
    """
    stream = CountingStream(data)
    with _counted_decoding() as calls:
        found = read_at("-", stream, exact, rows)
    evidence = found.evidence
    assert stream.taken <= len(data)
    assert stream.reads <= len(data) // min(4096, reader.CHUNK // 2) + 8, (stream.reads, len(data))
    assert (
        calls[0] <= 2 * evidence.frames
    )  # an odd frame once; a plain one at most once, for the addresses of its stream
    return found


def read_at(
    path: str, stdin: BinaryIO | None = None, exact: bool = False, rows: int = 50_000
) -> Read:
    """The same from anywhere, without counting."""
    with open_capture(path, stdin=stdin) as capture:
        if exact:
            evidence = scan_exactly(capture.batches())
        else:
            counter = FrameCounter(rows)
            evidence = scan(capture.batches(walker=counter), counter)
        return Read(evidence, capture.progress, capture.format, capture.compression)


@contextmanager
def _counted_decoding() -> Iterator[list[int]]:
    """Counts the frames that the scan decodes."""
    calls, original = [0], scan_module.decode

    def counted(linktype: int, data: bytes, wire_length: int) -> Facts:
        calls[0] += 1
        return original(linktype, data, wire_length)

    scan_module.decode = counted
    try:
        yield calls
    finally:
        scan_module.decode = original


@contextmanager
def without_c() -> Iterator[None]:
    """All is counted in Python."""
    before = os.environ.get(PURE_VARIABLE)
    os.environ[PURE_VARIABLE] = "1"
    try:
        yield
    finally:
        del os.environ[PURE_VARIABLE]
        if before is not None:
            os.environ[PURE_VARIABLE] = before


FORWARD = ("pcap", "pcapng", "snoop")
"""Of a format that is read here and there, a prefix is another capture."""


def check_capture(data: bytes) -> None:
    """All of it."""
    found = read(data)
    check_progress(found.progress, len(data) if found.compression is None else None)
    check_accounts(found.evidence, found.progress)
    assert read(data, exact=True) == found
    assert read(data, rows=1) == found
    with without_c():
        assert read(data) == found
        assert read(data, rows=1) == found
    if found.format in FORWARD:
        if found.compression is None and found.progress.status is Status.CUT:
            check_prefix(data, found)
        check_cut(data, found)


def check_progress(progress: Progress, size: int | None) -> None:
    """Status, problems and counts agree."""
    assert progress.frames <= progress.numbered
    if progress.status in (Status.EMPTY, Status.UNREADABLE):
        assert progress.frames == 0
    if progress.status is Status.COMPLETE:
        assert progress.frames
        assert not progress.problems
    if progress.status in (Status.CUT, Status.UNREADABLE):
        assert progress.problems
    reasons = [problem.reason for problem in progress.problems]
    assert len(reasons) == len(set(reasons))  # each is told once, of all that have it
    for problem in progress.problems:
        assert problem.message.isprintable(), problem
        assert size is None or 0 <= problem.offset <= size
    assert (
        size is None or progress.bytes_read <= size + 3
    )  # Wireshark and we read the padding that is not counted


def check_accounts(evidence: CaptureEvidence, progress: Progress) -> None:
    """The identity of the evidence: every frame is NVGRE, or an ICMP error on the underlay, or has
    one sign that says why not.

    Every NVGRE frame is data of one stream, or control traffic, or a host's own error.
    """
    signs: Counter[Oddity] = Counter()
    for sign, sightings in evidence.signs.items():
        signs[sign.oddity] += sightings.count
    inner = sum(seen.count for sign, seen in evidence.icmp.items() if sign.is_inner)
    outer = sum(seen.count for sign, seen in evidence.icmp.items() if not sign.is_inner)
    found = list(streams(parts(evidence.units.packed.items())))
    data = sum(facts.frames for _, facts in found)

    assert evidence.frames == progress.frames
    assert evidence.frames == evidence.nvgre_frames + outer + sum(
        signs[oddity] for oddity in OF_OTHER_FRAMES
    )
    assert evidence.nvgre_frames == data + signs[Oddity.CONTROL] + signs[Oddity.HOST_ERROR]
    assert signs[Oddity.HOST_ERROR] <= inner
    assert inner <= evidence.nvgre_frames
    assert all(signs[oddity] <= evidence.nvgre_frames for oddity in ABOUT_NVGRE)
    unkept = sum(facts.frames for key, facts in found if not key.destination)
    units = evidence.units
    assert unkept + units.left_out.frames_of_ids == (
        units.unkept_frames.total() + units.left_out.frames
    )

    for key, facts in found:
        assert 1 <= facts.first.frame_number <= facts.last.frame_number <= progress.numbered
        assert 1 <= len(facts.low_octets) <= facts.frames
        assert list(facts.low_octets) == sorted(set(facts.low_octets))
        assert len(key.macs) in (0, 12)
        assert not facts.customer_addresses or key.macs
        assert len(facts.customer_addresses) in (0, 8, 32)
    assert evidence.is_thinned or len(evidence.units.packed) <= ALL_UNITS
    for seen in (*evidence.signs.values(), *evidence.icmp.values()):
        numbers = [moment.frame_number for moment in seen.examples]
        assert numbers == sorted(set(numbers))
        assert len(numbers) <= min(EXAMPLES, seen.count)
        assert all(1 <= number <= progress.numbered for number in numbers)


def check_prefix(data: bytes, found: Read) -> None:
    """The evidence of a damaged capture is that of its undamaged prefix.

    Except where a prefix of a pcap holds too few records to tell it from its relatives as surely as
    the whole file did.
    """
    undamaged = data[: found.progress.bytes_read]
    if is_of_other_kind(found.format, data, undamaged):
        return
    prefix = read(undamaged)
    assert prefix.evidence == found.evidence
    assert prefix.progress.numbered == found.progress.numbered


def check_cut(data: bytes, found: Read) -> None:
    """The frames of a prefix, cut anywhere, are the first frames of the whole; with that exception.
    What is compressed is told from its relatives by what it holds: of that, pcapng alone is cut.
    """
    prefix = data[: crc32(data) % (len(data) + 1)]
    if found.compression is not None and found.format != "pcapng":
        return
    if is_of_other_kind(found.format, data, prefix):
        return
    (whole, _), (first, last) = frames_of(data), frames_of(prefix)
    assert first == {number: frame for number, frame in whole.items() if number <= last}


Frame = tuple[int, int, int, bytes]
"""Link type, time, original length, and what was captured."""


def frames_of(data: bytes) -> tuple[dict[int, Frame], int]:
    """All frames by number, and the last number."""
    with open_capture("-", stdin=io.BytesIO(data)) as capture:
        frames = {
            number: (batch.linktype, batch.ts_ns(i), batch.wire_length(i), batch.frame(i))
            for batch in capture.batches()
            for i, number in enumerate(batch.numbers)
        }
        return frames, capture.progress.numbered


def is_of_other_kind(format_name: str | None, whole: bytes, prefix: bytes) -> bool:
    """Whether a prefix of a pcap capture looks like one of its relatives, or the whole does."""
    if format_name != "pcap" or len(prefix) < FILE_HEADER:
        return False
    try:
        return parse_header(whole) != parse_header(prefix)
    except DamageError:  # in both: the header is
        return False
