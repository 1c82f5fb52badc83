"""A capture becomes evidence, whole or in parts that are put together, with the same result.

Knows files and parts of files; nothing about packets or verdicts.  A large uncompressed capture is
read in parts. Where a part begins is found by looking ahead, which can be wrong, so a part counts
only if the reader of the part before ended exactly there, without damage.  Otherwise that stretch
is read again from where the truth ended.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Any, Final, NamedTuple

from nvgre_doctor.capture import Cursor, OpenCapture, open_capture
from nvgre_doctor.capture.batch import Batch, Progress
from nvgre_doctor.capture.interruption import Interruption
from nvgre_doctor.capture.searching import Found, split_member
from nvgre_doctor.capture.source import REPLACED, Identity
from nvgre_doctor.engines import tell_nobody
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.remote.stored import Version
from nvgre_doctor.scan.counting import FrameCounter, scan
from nvgre_doctor.scan.native import scanner_class
from nvgre_doctor.terminal.urls import is_url
from nvgre_doctor.vocabulary import Status

WORTH_A_THREAD: Final = 8 * 1024 * 1024
"""Bytes of captures that take longer to read than it takes to find where a part begins, and to put
the parts together.
"""
SECONDS_BETWEEN_UPDATES: Final = 0.2
_OPEN_ALREADY: Final = ("/dev/stdin", "/dev/fd/", "/proc/")
"""Names of what this process has open: to open it again may be to read on in it."""

ProgressCallback = Callable[[int, int | None], None]
"""Called a few times a second with the bytes of the files that were read so far, and their total
where it is known.
"""


class CaptureRead(NamedTuple):
    """One capture, read as far as possible."""

    path: str
    format: str | None
    compression: str | None
    progress: Progress
    evidence: CaptureEvidence


class Stretch(NamedTuple):
    """What a thread is asked to read: the records of one file that begin at `start` and before the
    offset `stop`.
    """

    path: str
    start: Cursor[Any] | None
    stop: int | None
    file: Identity | Version | None = None  # when it was split
    interruption: Interruption | None = None


class StretchRead(NamedTuple):
    """What was read of it."""

    read: CaptureRead
    end: (
        Cursor[Any] | None
    )  # where the next record begins; None at the end of a whole file, and after damage
    file: Identity | Version | None  # when this stretch had been read
    is_given_up: bool = False  # nobody is to try any part of this file again


def whole(path: str, interruption: Interruption | None) -> Stretch:
    """All of a file."""
    return Stretch(path, None, None, interruption=interruption)


def sizes_of(found: Sequence[Found]) -> list[int | None]:
    """Bytes of regular files and stored objects that can be opened several times; None for all
    else, as for a member of an archive.
    """
    asked = [
        one.path
        for one in found
        if one.size is None and is_url(one.path) and split_member(one.path)[1] is None
    ]
    told: dict[str, int | None] = {}
    if asked:
        from nvgre_doctor.remote.opening_urls import sizes_at  # only for URLs

        told = sizes_at(asked)
    return [
        one.size if one.size is not None else told.get(one.path, _size_of(one.path))
        for one in found
    ]


def _size_of(path: str) -> int | None:
    if path == "-" or path.startswith(_OPEN_ALREADY):
        return None
    try:
        return os.path.getsize(path) if os.path.isfile(path) else None
    except OSError:
        return None


def threads_for(size: int, jobs: int, urls: int) -> int:
    """How many threads are worth it for files of so many bytes together, of which so many are
    waited for over a network.
    """
    if scanner_class() is None:  # the loop in Python never lets go
        return 1
    return max(1, min(jobs, max(size // WORTH_A_THREAD, urls)))


class Meter:
    """Adds up bytes and tells the callback, a few times a second."""

    def __init__(self, callback: ProgressCallback | None, total: int | None) -> None:
        """Of so many bytes, if that is known."""
        self._callback = callback
        self._total = total
        self._done = 0
        self._told = monotonic()

    def add(self, count: int) -> None:
        """`count` more bytes were read."""
        self._done += count
        if self._callback is not None and monotonic() - self._told >= SECONDS_BETWEEN_UPDATES:
            self._callback(self._done, self._total)
            self._told = monotonic()


def read_stretch(stretch: Stretch, tell: Callable[[int], None], numbered: int = 0) -> StretchRead:
    """Read one stretch in this thread; `numbered` frame numbers were used before it."""
    with open_capture(stretch.path, interruption=stretch.interruption) as capture:
        begin = stretch.start.offset if stretch.start is not None else 0
        counter = FrameCounter()
        batches = capture.batches(stretch.start, stretch.stop, numbered, counter)
        evidence = scan(_telling(capture, batches, begin, tell), counter)
        end = capture.cursor() if stretch.stop is not None else None
        read = CaptureRead(
            capture.path, capture.format, capture.compression, capture.progress, evidence
        )
        return StretchRead(read, end, capture.identity)


def _telling(
    capture: OpenCapture, batches: Iterator[Batch], begin: int, tell: Callable[[int], None]
) -> Iterator[Batch]:
    """The batches; after each, the bytes of the file that were read for it are told."""
    for batch in batches:
        yield batch
        position = capture.position()
        tell(position - begin)
        begin = position


def split(path: str, size: int, threads: int, interruption: Interruption | None) -> list[Stretch]:
    """A large file in parts, everything else whole."""
    count = min(threads, size // WORTH_A_THREAD)
    if count > 1:
        with open_capture(path) as capture:
            parts, file = capture.parts(count), capture.identity
        if len(parts) > 1:
            return [Stretch(path, start, stop, file, interruption) for start, stop in parts]
    return [whole(path, interruption)]


def join(stretches: Sequence[Stretch], results: Sequence[StretchRead]) -> CaptureRead:
    """The parts of one file put together: exactly what one reader would have found.

    What is read again was told before.
    """
    stretches, results = _until_interrupted(stretches, results)
    alone = whole(stretches[0].path, stretches[0].interruption)
    if any(
        result.read.progress.problems for result in results[:-1]
    ):  # where a single reader might have stopped
        return read_stretch(alone, tell_nobody).read
    if len(results) > 1 and _has_changed(stretches, results):
        return read_stretch(alone, tell_nobody).read
    so_far = results[0]
    for stretch, result in zip(stretches[1:], results[1:], strict=True):
        if so_far.end is None:  # damage that the wrong boundary hid
            return read_stretch(alone, tell_nobody).read
        numbered = so_far.read.progress.numbered
        if so_far.end == stretch.start and not result.read.progress.problems:
            so_far = StretchRead(
                _joined(so_far.read, result.read, numbered), result.end, result.file
            )
        else:
            # A boundary that was guessed wrong; or messages with frame numbers, which only count
            # from the true number on.
            rest = Stretch(
                stretch.path, so_far.end, stretch.stop, interruption=stretch.interruption
            )
            again = read_stretch(rest, tell_nobody, numbered)
            so_far = StretchRead(_joined(so_far.read, again.read, 0), again.end, again.file)
    return so_far.read


def _until_interrupted(
    stretches: Sequence[Stretch], results: Sequence[StretchRead]
) -> tuple[Sequence[Stretch], Sequence[StretchRead]]:
    """The parts up to the first that was not read to its end: without it nobody knows the numbers
    of the frames that follow.
    """
    for index, result in enumerate(results):
        if result.read.progress.status is Status.INTERRUPTED:
            return stretches[: index + 1], results[: index + 1]
    return stretches, results


def _has_changed(stretches: Sequence[Stretch], results: Sequence[StretchRead]) -> bool:
    """Whether the file became another one meanwhile: a part that begins behind its new end would
    look complete.
    """
    reasons = {problem.reason for result in results for problem in result.read.progress.problems}
    if reasons & {"shrunk", REPLACED}:
        return True
    return any(result.file != stretches[0].file for result in results)


def _joined(one: CaptureRead, two: CaptureRead, shift: int) -> CaptureRead:
    """Two neighbours; `shift` is what must be added to the frame numbers of the second."""
    status = two.progress.status
    if (
        one.progress.frames and status is Status.UNREADABLE
    ):  # the file was moved or replaced meanwhile
        status = Status.CUT
    elif one.progress.frames and status is Status.EMPTY:
        status = one.progress.status
    progress = Progress(
        status,
        one.progress.frames + two.progress.frames,
        two.progress.numbered + shift,
        two.progress.bytes_read,
        [*one.progress.problems, *two.progress.problems],
        one.progress.losses + two.progress.losses,
    )
    for part in (one.progress, two.progress):
        if part.first_ts_ns is not None and part.last_ts_ns is not None:
            progress.tell_times(part.first_ts_ns, part.last_ts_ns)
    evidence = one.evidence + (two.evidence.shifted(shift) if shift else two.evidence)
    return CaptureRead(one.path, one.format, one.compression, progress, evidence)
