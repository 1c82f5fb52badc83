"""Captures become evidence: one after the other, or in several processes, with the same result.

Knows files, parts of files and processes; nothing about packets or verdicts.  A large uncompressed capture is read in parts.
Where a part begins is found by looking ahead, which can be wrong, so a part counts only if the reader of the part before
ended exactly there, without damage.  Otherwise that stretch is read again from where the truth ended.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from time import monotonic
from typing import Any, Final

from nvgre_doctor.capture import Capture, Cursor, open_capture
from nvgre_doctor.capture.batch import Batch, Progress
from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.scan import scan

WORTH_A_PROCESS: Final = 32 * 1024 * 1024
"""Bytes of captures that take as long to read as a process takes to start (about 0.05 s)."""
SECONDS_BETWEEN_UPDATES: Final = 0.2

ProgressCallback = Callable[[int, int | None], None]
"""Called a few times a second with the bytes of the files that were read so far, and their total where it is known."""


@dataclass(frozen=True, slots=True)
class CaptureRead:
    """One capture, read as far as possible."""

    path: str
    format: str | None
    compression: str | None
    progress: Progress
    evidence: CaptureEvidence


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What a worker is asked to read: the records of one file that begin at `start` and before the offset `stop`."""

    path: str
    start: Cursor[Any] | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class _StretchRead:
    read: CaptureRead
    end: Cursor[Any] | None  # where the next record begins; None at the end of a whole file, and after damage


def read_captures(paths: Sequence[str], jobs: int, progress: ProgressCallback | None) -> list[CaptureRead]:
    """Every capture, in the order of `paths`, with up to `jobs` processes where that is worth it."""
    sizes = [_size(path) for path in paths]
    known = sum(size or 0 for size in sizes)
    meter = _Meter(progress, None if None in sizes else known)
    processes = min(jobs, known // WORTH_A_PROCESS)
    if processes < 2:
        return [_read(_Stretch(path, None, None), meter.add).read for path in paths]
    return _read_in_processes(paths, sizes, processes, meter)


def _size(path: str) -> int | None:
    """Bytes of a regular file; None for what has no size."""
    try:
        return os.path.getsize(path) if os.path.isfile(path) else None
    except OSError:
        return None


class _Meter:
    """Adds up bytes and tells the callback, a few times a second."""

    def __init__(self, callback: ProgressCallback | None, total: int | None) -> None:
        self._callback = callback
        self._total = total
        self._done = 0
        self._told = monotonic()

    def add(self, count: int) -> None:
        """`count` more bytes were read."""
        self.set(self._done + count)

    def set(self, done: int) -> None:
        """`done` bytes were read altogether."""
        self._done = done
        if self._callback is not None and monotonic() - self._told >= SECONDS_BETWEEN_UPDATES:
            self._callback(done, self._total)
            self._told = monotonic()


def _read(stretch: _Stretch, tell: Callable[[int], None], numbered: int = 0) -> _StretchRead:
    """Read one stretch in this process; `numbered` frame numbers were used before it."""
    with open_capture(stretch.path) as capture:
        begin = stretch.start.offset if stretch.start is not None else 0
        batches = capture.batches(stretch.start, stretch.stop, numbered)
        evidence = scan(_telling(capture, batches, begin, tell))
        end = capture.cursor() if stretch.stop is not None else None
        read = CaptureRead(capture.path, capture.format, capture.compression, capture.progress, evidence)
    return _StretchRead(read, end)


def _telling(capture: Capture, batches: Iterator[Batch], begin: int, tell: Callable[[int], None]) -> Iterator[Batch]:
    """The batches; after each, the bytes of the file that were read for it are told."""
    for batch in batches:
        yield batch
        position = capture.position()
        tell(position - begin)
        begin = position


def _read_in_processes(
    paths: Sequence[str], sizes: Sequence[int | None], processes: int, meter: _Meter
) -> list[CaptureRead]:
    stretches = [_split(path, size, processes) for path, size in zip(paths, sizes, strict=True)]
    context = multiprocessing.get_context()
    done = context.Value("q", 0)
    stop = context.Value("b", 0, lock=False)
    with ProcessPoolExecutor(processes, context, _begin_worker, (done, stop)) as pool:
        try:
            futures = [[pool.submit(_work, stretch) for stretch in of_file] for of_file in stretches]
            pending: set[Future[_StretchRead]] = {future for of_file in futures for future in of_file}
            while pending:
                _, pending = wait(pending, SECONDS_BETWEEN_UPDATES)
                meter.set(done.value)
            return [
                _join(of_file, [future.result() for future in results])
                for of_file, results in zip(stretches, futures, strict=True)
            ]
        except BaseException:
            stop.value = 1  # workers look at it after each batch: nobody waits for the end of a large file
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _split(path: str, size: int | None, processes: int) -> list[_Stretch]:
    """A large file in parts, everything else whole."""
    count = min(processes, (size or 0) // WORTH_A_PROCESS)
    if count > 1 and path != "-":
        with open_capture(path) as capture:
            parts = capture.parts(count)
        if len(parts) > 1:
            return [_Stretch(path, start, stop) for start, stop in parts]
    return [_Stretch(path, None, None)]


def _join(stretches: Sequence[_Stretch], results: Sequence[_StretchRead]) -> CaptureRead:
    """The parts of one file put together: exactly what one reader would have found."""
    if any(result.read.progress.problems for result in results[:-1]):  # where a single reader might have stopped
        return _read(_Stretch(stretches[0].path, None, None), _tell_nobody).read
    whole = results[0]
    for stretch, result in zip(stretches[1:], results[1:], strict=True):
        numbered = whole.read.progress.numbered
        if whole.end == stretch.start and not result.read.progress.problems:
            whole = _StretchRead(_joined(whole.read, result.read, numbered), result.end)
        else:
            # A boundary that was guessed wrong; or messages with frame numbers, which only count from the true number on.
            again = _read(_Stretch(stretch.path, whole.end, stretch.stop), _tell_nobody, numbered)
            whole = _StretchRead(_joined(whole.read, again.read, 0), again.end)
    return whole.read


def _joined(one: CaptureRead, two: CaptureRead, shift: int) -> CaptureRead:
    """Two neighbours; `shift` is what must be added to the frame numbers of the second."""
    progress = Progress(
        two.progress.status,
        one.progress.frames + two.progress.frames,
        two.progress.numbered + shift,
        two.progress.bytes_read,
        [*one.progress.problems, *two.progress.problems],
    )
    evidence = one.evidence + (two.evidence.shifted(shift) if shift else two.evidence)
    return CaptureRead(one.path, one.format, one.compression, progress, evidence)


def _tell_nobody(count: int) -> None:
    """A stretch that is read again was counted before."""


_done: "Synchronized[int] | None" = None
_stop: Any = None


def _begin_worker(done: "Synchronized[int]", stop: Any) -> None:
    """Ctrl-C is for the main process, which then says stop; and no worker outlives it."""
    global _done, _stop
    _done, _stop = done, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(stretch: _Stretch) -> _StretchRead:
    return _read(stretch, _count)


def _count(count: int) -> None:
    if _stop.value:
        raise KeyboardInterrupt
    if _done is not None:
        with _done.get_lock():
            _done.value += count
