"""The evidence that counts: of the last minutes, or of all time.

Evidence lies in buckets by the time at which it was read, and a bucket that is older than the
window is dropped as a whole.  The clocks in captures decide nothing here: a wrong one could empty
the window.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from nvgre_doctor.capture import NO_TIME
from nvgre_doctor.capture.batch import Progress
from nvgre_doctor.doctor import describe
from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.evidence.folded import FoldedCapture, Pool
from nvgre_doctor.evidence.signs import Sightings, Sign
from nvgre_doctor.scan.files import CaptureRead
from nvgre_doctor.vocabulary import Status
from nvgre_doctor.watching.file_marks import Plan
from nvgre_doctor.watching.numbering import FileOfTape, Tape
from nvgre_doctor.watching.reading import Slice

BUCKETS: Final = 12
"""Of a window.  As a bucket is dropped as a whole, a window is up to a twelfth longer."""


@dataclass(slots=True)
class _Part:
    """What a bucket has of one file, beside its evidence."""

    frames: int = 0
    nvgre_frames: int = 0
    first_ts_ns: int | None = None
    last_ts_ns: int | None = None
    end: int = 0  # byte of the file up to which it was read
    signs: dict[Sign, Sightings] = field(default_factory=dict)


@dataclass(slots=True)
class _File:
    """One file of a supply."""

    before: int  # frame numbers of the files before it in its tape
    last: Slice
    parts: dict[int, _Part] = field(default_factory=dict)  # by bucket
    out: int = 0  # bytes of buckets that were dropped

    def drop(self, before: int) -> None:
        """Forget the buckets before this one."""
        self.out = max([self.out, *(p.end for bucket, p in self.parts.items() if bucket < before)])
        self.parts = {bucket: part for bucket, part in self.parts.items() if bucket >= before}

    def signs(self) -> dict[Sign, Sightings]:
        """In the window."""
        seen = CaptureEvidence()
        for part in self.parts.values():
            for sign, sightings in part.signs.items():
                seen.add_sign(sign, sightings)
        return seen.signs

    @property
    def is_told(self) -> bool:
        """Whether there is something to say of it."""
        return bool(self.parts)


@dataclass(slots=True)
class _Tape:
    """Files whose frames are numbered one after the other, as if they were one capture: those of a
    ring.  So judging takes no longer with many files than with one.
    """

    files: dict[int, _File] = field(default_factory=dict)
    parts: dict[int, CaptureEvidence] = field(default_factory=dict)  # by bucket
    numbered: int = 0  # frame numbers of the files that have ended
    older: CaptureEvidence | None = None  # of all buckets but the last one
    folded: FoldedCapture | None = None

    @property
    def is_told(self) -> bool:
        """Whether there is something to say of it."""
        return any(file.is_told for file in self.files.values())

    def drop(self, before: int) -> None:
        """Forget the buckets before this one."""
        if not any(bucket < before for bucket in self.parts):
            return
        self.older = self.folded = None
        self.parts = {bucket: part for bucket, part in self.parts.items() if bucket >= before}
        for number, file in list(self.files.items()):
            file.drop(before)
            if not file.parts and file.last.is_ended:
                del self.files[number]

    def evidence(self) -> CaptureEvidence:
        """Of all buckets."""
        if not self.parts:
            return CaptureEvidence()
        *older, last = sorted(self.parts)
        if self.older is None:
            self.older = _sum(self.parts[bucket] for bucket in older)
        return self.older + self.parts[last] if older else self.parts[last]


_NOTHING: Final = CaptureEvidence()


class Seen(NamedTuple):
    """What is in the window."""

    captures: tuple[Capture, ...]  # files
    evidence: Evidence  # of tapes, by index
    tapes: tuple[Tape, ...]


class Window:
    """Slices of several supplies."""

    def __init__(self, length_s: float | None) -> None:
        """None: all that was ever read.  Then every file is a capture of its own."""
        self._length_s = length_s
        self._tapes: dict[tuple[int, int], _Tape] = {}  # by supply, and file if each is its own
        self._pool = Pool()
        self._last = -1

    def add(self, supply: int, slice: Slice, now: float) -> None:
        """A slice of a supply."""
        key = supply, 0 if self._length_s is not None else slice.file
        tape = self._tapes.setdefault(key, _Tape())
        file = tape.files.get(slice.file)
        if file is None:
            file = tape.files[slice.file] = _File(tape.numbered, slice)
        file.last = slice._replace(evidence=_NOTHING)
        if slice.is_ended:
            tape.numbered = file.before + slice.numbered
        bucket = self._bucket(now if slice.when is None else slice.when)
        evidence = slice.evidence
        if not (evidence.frames or slice.problems or (self._length_s is None and slice.is_ended)):
            if slice.is_ended and not file.parts and len(tape.files) > 1:
                del tape.files[slice.file]
        else:
            part = file.parts.setdefault(bucket, _Part())
            part.frames += evidence.frames
            part.nvgre_frames += evidence.nvgre_frames
            part.first_ts_ns = slice.first_ts_ns if part.first_ts_ns is None else part.first_ts_ns
            part.last_ts_ns = part.last_ts_ns if slice.last_ts_ns is None else slice.last_ts_ns
            part.end = slice.bytes
            for sign, seen in evidence.signs.items():
                part.signs[sign] = part.signs[sign] + seen if sign in part.signs else seen
            if max(tape.parts, default=bucket) != bucket:
                tape.older = None
            known = tape.parts.get(bucket)
            evidence = evidence.shifted(file.before) if file.before else evidence
            tape.parts[bucket] = evidence if known is None else known + evidence
            tape.folded = None

    def seen(self, now: float, *, is_last: bool = False) -> Seen:
        """What counts now; files without a frame only at the end, where there is nothing else."""
        self._drop(now)
        tapes = [
            tape for tape in self._tapes.values() if any(f.is_told for f in tape.files.values())
        ]
        tapes = tapes or [tape for tape in self._tapes.values() if is_last and tape.files]
        evidence, captures, shown = Evidence(), list[Capture](), list[Tape]()
        for index, tape in enumerate(tapes):
            if tape.folded is None:
                tape.folded = self._pool.share(tape.evidence().folded())
                if self._length_s is None and all(f.last.is_ended for f in tape.files.values()):
                    tape.parts = {}  # as folded it takes less room, and nothing more comes
            evidence.captures[index] = tape.folded
            files = [file for file in tape.files.values() if file.is_told or not file.before]
            shown.append(
                tuple(
                    FileOfTape(len(captures) + i, f.before, f.signs()) for i, f in enumerate(files)
                )
            )
            captures += map(_captured, files)
        return Seen(tuple(captures), evidence, tuple(shown))

    def plans(self, supply: int) -> Iterator[tuple[str, Plan]]:
        """How the files of a supply must be read again, by path, to have the same window."""
        for (number, _), tape in self._tapes.items():
            for file in tape.files.values() if number == supply else ():
                out: Plan = ((file.out, None),) if file.out else ()
                parts = sorted(file.parts.items())
                yield file.last.path, out + tuple([(p.end, self._middle(b)) for b, p in parts])

    def _bucket(self, now: float) -> int:
        return 0 if self._length_s is None else int(now * BUCKETS // self._length_s)

    def _middle(self, bucket: int) -> float:
        return 0.0 if self._length_s is None else (bucket + 0.5) * self._length_s / BUCKETS

    def _drop(self, now: float) -> None:
        bucket = self._bucket(now)
        if self._length_s is None or bucket == self._last:
            return
        self._last = bucket
        self._pool = Pool()  # what it held is shared anew: nothing is kept for ever
        for tape in self._tapes.values():
            tape.drop(bucket - BUCKETS)


def _sum(parts: Iterable[CaptureEvidence]) -> CaptureEvidence:
    total = CaptureEvidence()
    for part in parts:
        total = total + part
    return total


def _captured(file: _File) -> Capture:
    """What a report says of one file: of its frames those in the window."""
    parts = [part for _, part in sorted(file.parts.items())]
    first = [part.first_ts_ns for part in parts if part.first_ts_ns is not None]
    last = [part.last_ts_ns for part in parts if part.last_ts_ns is not None]
    read, frames = file.last, sum(part.frames for part in parts)
    evidence = CaptureEvidence(frames, sum(part.nvgre_frames for part in parts), signs=file.signs())
    progress = Progress(
        Status.EMPTY if not frames and read.status is Status.COMPLETE else read.status,
        frames,
        frames,
        read.bytes,
        list(read.problems),
        read.losses,
        first[0] if first else NO_TIME,
        last[-1] if last else NO_TIME,
    )
    return describe(CaptureRead(read.path, read.format, read.compression, progress, evidence))
