"""Reads one capture and counts what is in it.  Judges nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nvgre_doctor.capture import NO_TIME, Batch, Description, Problem, open_capture
from nvgre_doctor.capture.losses import Losses
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.scan.counting import scan
from nvgre_doctor.vocabulary import Oddity, Status


class IcmpKind(NamedTuple):
    """One kind of ICMP error or redirect."""

    version: int  # 4 ICMP, 6 ICMPv6
    type: int
    code: int
    is_inner: bool  # inside NVGRE
    about_nvgre: bool  # quotes an NVGRE packet, or is a host's own message inside NVGRE


@dataclass(slots=True)
class Lengths:
    """Times and lengths of all frames; times in nanoseconds since 1970, None where no frame has
    one.
    """

    first_ns: int | None = None
    last_ns: int | None = None
    cut_frames: int = 0  # captured shorter than they were
    longest: int = 0  # captured bytes


class Contents(NamedTuple):
    """One capture.  `bytes` is how much of it could be understood, uncompressed."""

    path: str
    format: str | None
    compression: str | None
    status: Status
    problems: tuple[Problem, ...]
    bytes: int
    description: Description
    lengths: Lengths
    evidence: CaptureEvidence
    losses: Losses

    @property
    def counts(self) -> Counter[Oddity]:
        """Frames by what they are."""
        counts: Counter[Oddity] = Counter()
        for sign, seen in self.evidence.signs.items():
            counts[sign.oddity] += seen.count
        return counts

    @property
    def ethertypes(self) -> Counter[int]:
        """Frames that are not IP, by their EtherTypes."""
        counts: Counter[int] = Counter()
        for sign, seen in self.evidence.signs.items():
            if sign.oddity is Oddity.NOT_IP:
                counts[sign.detail] += seen.count
        return counts

    @property
    def was_decoded(self) -> bool:
        """Whether at least one frame could be read and decoded."""
        counts = self.counts
        return (
            self.evidence.frames
            > counts[Oddity.LINKTYPE] + counts[Oddity.TRUNCATED] + counts[Oddity.MALFORMED]
        )

    @property
    def linktypes_not_decoded(self) -> list[int]:
        """Link types of frames that could not be decoded."""
        return sorted(
            {sign.detail for sign in self.evidence.signs if sign.oddity is Oddity.LINKTYPE}
        )

    @property
    def icmp_errors(self) -> list[tuple[IcmpKind, int]]:
        """ICMP errors and redirects with their numbers, those about NVGRE first."""
        kinds: Counter[IcmpKind] = Counter()
        for sign, seen in self.evidence.icmp.items():
            kinds[
                IcmpKind(sign.version, sign.type, sign.code, sign.is_inner, sign.refuses_nvgre)
            ] += seen.count
        return sorted(kinds.items(), key=lambda item: (not item[0].about_nvgre, item[0]))


def read_contents(path: str) -> Contents:
    """Read one capture ("-": standard input) to its end.  What cannot be read never raises;
    `problems` says so.
    """
    lengths = Lengths()
    with open_capture(path) as capture:
        evidence = scan(_measured(capture.batches(), lengths))
        progress = capture.progress
        return Contents(
            capture.path,
            capture.format,
            capture.compression,
            progress.status,
            tuple(progress.problems),
            progress.bytes_read,
            capture.description,
            lengths,
            evidence,
            progress.losses,
        )


def _measured(batches: Iterable[Batch], lengths: Lengths) -> Iterator[Batch]:
    """The batches, measured as they pass."""
    first_ns, last_ns = None, None
    for batch in batches:
        for i, captured in enumerate(batch.lengths):
            lengths.cut_frames += captured < batch.wire_length(i)
            lengths.longest = max(lengths.longest, captured)
            ts_ns = batch.ts_ns(i)
            if ts_ns != NO_TIME:
                first_ns = ts_ns if first_ns is None else min(first_ns, ts_ns)
                last_ns = ts_ns if last_ns is None else max(last_ns, ts_ns)
        lengths.first_ns, lengths.last_ns = first_ns, last_ns
        yield batch
