"""Which file is read next: of a folder that a ring buffer writes into, and what became of those
that were read.

Knows names, sizes and beginnings of files, and no frames.  The names of a ring are in order: those
of dumpcap -b and tcpdump -C, -G hold numbers or times.  A file that is written anew (tcpdump -W)
comes after all others.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import BinaryIO, Final

from nvgre_doctor.capture import why_not_followed
from nvgre_doctor.watching.file_marks import Mark, Plan, SupplyState, inode_of, is_same, mark_of
from nvgre_doctor.watching.follow import BEGINNING, FollowedFile, Pace
from nvgre_doctor.watching.supply import Notice, Opened, cannot_open, close, open_regular

_LOOKS: Final = 10
"""How many looks at a folder in which nothing seems to have changed come before it is listed."""
_NUMBER: Final = re.compile(r"_(\d{5,9})_(\d{14})(?!\d)|_(\d{14})_(\d{5,9})(?!\d)")
"""What dumpcap puts into names: a number and a time."""
_DIGITS: Final = re.compile(r"(\d+)")


class Folder:
    """The captures in a folder, without those below it; hidden files are left out."""

    def __init__(
        self,
        path: str,
        own: Iterable[str] = (),
        *,
        only_new: bool = False,
        state: SupplyState | None = None,
    ) -> None:
        """`own` are files of ours, which are no captures; `state` is what was read earlier."""
        self.path = path
        self.notices: list[Notice] = []
        state = state or SupplyState({})
        self.last_number = state.last_number
        self.marks = {name: file.mark for name, file in state.files.items() if file.is_done}
        """Of what was read, or is no capture."""
        self._earlier = {name: file for name, file in state.files.items() if not file.is_done}
        """What must be read again, to know what was known."""
        self._own = {os.path.basename(one): os.path.realpath(one) for one in own}
        self._only_new = only_new
        self._waiting: dict[str, int] = {}  # sizes of files that are to be read
        self._again: dict[str, int] = {}  # how often a file was written anew
        self._current: str | None = None
        self._read: tuple[BinaryIO, FollowedFile] | None = None
        self._next: str | None = None  # has begun
        self._closed: set[str] = set()  # what may not be read
        self._poll_s = 0.0
        self._looked = self._listed = float("-inf")
        self._modified_ns = -1
        self._is_gone = False
        self._was_listed = False

    @property
    def is_planned(self) -> bool:
        """Whether files must be read again."""
        return bool(self._earlier) or not self._was_listed

    def reads(self) -> dict[str, tuple[Mark, bool]]:
        """See `Supply`."""
        found = {name: (mark, True) for name, mark in self.marks.items()}
        if self._current is not None and self._read is not None:
            file, source = self._read
            found[self._current] = mark_of(file, source.position()), False
        return found

    def files(self, pace: Pace) -> Iterator[Opened]:
        """One after the other, for ever; each is read before the next is asked for."""
        self._poll_s = pace.poll_s
        while True:
            self._look()
            name = self._successor()
            opened = None if name is None else self._open(name, pace)
            if name is None or opened is None:
                pace.pause()
                continue
            try:
                yield opened
            finally:
                self._current = self._read = None
                if isinstance(opened.source, FollowedFile) and opened.file is not None:
                    self._end(name, opened.source, opened.file)

    def _open(self, name: str, pace: Pace) -> Opened | None:
        path = os.path.join(self.path, name)
        del self._waiting[name]
        try:
            file = open_regular(path)
        except FileNotFoundError:
            self.notices.append(Notice("lost", path, "deleted before it was read"))
            return None
        except OSError as error:
            self._waiting[name] = 0
            if name not in self._closed:
                self._closed.add(name)
                return Opened(path, None, None, problem=cannot_open(error))
            return None
        self._closed.discard(name)
        source = FollowedFile(file, pace, lambda: self._is_over(source))
        self._current, self._read = name, (file, source)
        return Opened(path, source, file, self._plan_of(name, file))

    def _end(self, name: str, source: FollowedFile, file: BinaryIO) -> None:
        """Read as far as it can be."""
        if source.begins_anew():
            self._again[name] = self._again.get(name, 0) + 1
            self._waiting[name] = 1
        else:
            self.marks[name] = mark_of(file, source.position())
        close(file)

    def _plan_of(self, name: str, file: BinaryIO) -> Plan:
        earlier = self._earlier.pop(name, None)
        if earlier is not None:
            return earlier.plan
        if self._only_new:
            self._only_new = False
            return ((os.fstat(file.fileno()).st_size, None),)
        return ()

    def _is_over(self, source: FollowedFile) -> bool:
        """Whether nothing more comes into the file that is read: the next one has begun, or it was
        written anew.
        """
        self._look()
        if self._next not in self._waiting:  # which is asked for every read
            self._next = self._successor()
        return self._next is not None or source.begins_anew()

    def _successor(self) -> str | None:
        """The first of the files that are to be read, and have begun."""
        for name in sorted(self._waiting, key=self._place):
            if self._has_begun(name):
                return name
        return None

    def _place(self, name: str) -> tuple[int, list[tuple[bool, int, str]]]:
        return self._again.get(name, 0), natural(name)

    def _has_begun(self, name: str) -> bool:
        """Whether it holds the beginning of a capture.  What holds something else is put away, and
        said; what may not be read is the next one only to say so.
        """
        path = os.path.join(self.path, name)
        if name in self._closed and not os.access(path, os.R_OK):
            return False
        try:
            with open(path, "rb", buffering=0) as file:
                head = file.read(BEGINNING)
                if len(head) < 4:
                    return False
                problem = why_not_followed(head)
                if problem is None:
                    return True
                self.marks[name] = mark_of(file, len(head))
        except OSError:
            return True  # opening it says why
        del self._waiting[name]
        self.notices.append(Notice("problem", path, problem.message))
        return False

    # --- the folder ---

    def _look(self) -> None:
        now = monotonic()
        if now - self._looked < self._poll_s / 2:
            return
        self._looked = now
        try:
            modified_ns = os.stat(self.path).st_mtime_ns
            if modified_ns == self._modified_ns and now - self._listed < _LOOKS * self._poll_s:
                return
            with os.scandir(self.path) as entries:
                names = [entry.name for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            if not self._is_gone:
                self._is_gone = True
                why = error.strerror or str(error)
                self.notices.append(Notice("problem", self.path, f"{why}: waiting for the folder"))
            return
        self._is_gone = False
        self._modified_ns, self._listed = modified_ns, now
        self._take(sorted(names, key=natural))

    def _take(self, names: list[str]) -> None:
        """What lies there now."""
        there = set(names)
        for name in [name for name in self._waiting if name not in there]:
            if self._waiting.pop(name):
                path = os.path.join(self.path, name)
                self.notices.append(Notice("lost", path, "deleted before it was read"))
        for known in (self.marks, self._again, self._earlier):
            for name in [name for name in known if name not in there]:
                del known[name]
        self._closed &= there
        for name in names:
            self._take_file(name)
        if not self._was_listed:
            self._begin_in_the_midst()
        if not self._was_listed and self._only_new:
            begun = sorted(self._waiting, key=self._place)
            for name in begun[:-1]:
                self._put_away(name)
            self._only_new = bool(begun)
        self._was_listed = True

    def _take_file(self, name: str) -> None:
        path = os.path.join(self.path, name)
        try:
            status = os.stat(path)
        except OSError:
            return
        is_own = name in self._own and os.path.realpath(path) == self._own[name]
        if is_own or self._is_current(name, status) or not stat.S_ISREG(status.st_mode):
            return
        mark, earlier = self.marks.get(name), self._earlier.get(name)
        if earlier is not None and not is_same(path, earlier.mark, status):
            del self._earlier[name]
        if name in self._waiting or mark is None:
            if name not in self._waiting and earlier is None:
                self._count(name)
            self._waiting[name] = status.st_size
        elif (status.st_size, status.st_mtime_ns) != (mark.size, mark.modified_ns):
            self._take_again(name, mark, status)

    def _take_again(self, name: str, mark: Mark, status: os.stat_result) -> None:
        """A file that was read, and has changed since."""
        path = os.path.join(self.path, name)
        if is_same(path, mark, status):
            if status.st_size > mark.size:
                why = f"it grew after a later file had begun; byte {mark.size} and what follows"
                self.notices.append(Notice("lost", path, f"{why} are not read"))
            self.marks[name] = mark._replace(size=status.st_size, modified_ns=status.st_mtime_ns)
            return
        del self.marks[name]
        self._again[name] = self._again.get(name, 0) + 1
        self._waiting[name] = status.st_size

    def _begin_in_the_midst(self) -> None:
        """Of a ring whose names come again: those before the newest file were written after the
        others.
        """
        names = sorted(self._waiting, key=natural)
        times = [self._modified(name) for name in names]
        newest = times.index(max(times)) + 1 if times else 0
        if newest < len(names) and sorted(times) == times[newest:] + times[:newest]:
            self._again.update(dict.fromkeys(names[:newest], 1))

    def _modified(self, name: str) -> int:
        try:
            return os.stat(os.path.join(self.path, name)).st_mtime_ns
        except OSError:
            return 0

    def _is_current(self, name: str, status: os.stat_result) -> bool:
        if name != self._current or self._read is None:
            return False
        return inode_of(os.fstat(self._read[0].fileno())) == inode_of(status)

    def _put_away(self, name: str) -> None:
        del self._waiting[name]
        try:
            with open(os.path.join(self.path, name), "rb", buffering=0) as file:
                self.marks[name] = mark_of(file, os.fstat(file.fileno()).st_size)
        except OSError:
            self._closed.add(name)

    def _count(self, name: str) -> None:
        """Say which numbers of the ring are missing."""
        found = _NUMBER.search(name)
        if found is None:
            return
        digits = found[1] or found[4]
        number, last = int(digits), self.last_number
        if last is not None and number > last + 1:
            first = str(last + 1).zfill(len(digits))
            end = str(number - 1).zfill(len(digits))
            which = f"number {first}" if first == end else f"numbers {first} to {end}"
            path = os.path.join(self.path, name)
            self.notices.append(Notice("lost", path, f"{which} of the ring, before this file"))
        self.last_number = number


def natural(name: str) -> list[tuple[bool, int, str]]:
    """In this order ring2 stands before ring10."""
    return [
        (True, int(part), part) if part.isascii() and part.isdigit() else (False, 0, part)
        for part in _DIGITS.split(name)
    ]
