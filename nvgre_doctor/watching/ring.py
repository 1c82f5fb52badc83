"""Which file is read next: of a folder that a ring buffer writes into, and what became of those
that were read.

Knows names, sizes and beginnings of files, and no frames.  The names of a ring are in order: those
of dumpcap -b and tcpdump -C, -G hold numbers or times.  A file that is written anew (tcpdump -W)
comes after all others.  A file that is compressed when it is complete (dumpcap, tcpdump -z gzip) is
the same capture: its copy is read where the file itself was not.
"""

import os
import stat
from collections.abc import Container, Iterable, Iterator
from typing import BinaryIO

from nvgre_doctor.capture import why_not_followed
from nvgre_doctor.watching.file_marks import (
    Mark,
    NotRegularError,
    Plan,
    SupplyState,
    inode_of,
    is_same,
    mark_of,
    mark_of_unread,
    open_regular,
)
from nvgre_doctor.watching.folder_names import Listing
from nvgre_doctor.watching.follow import BEGINNING, FollowedFile, Pace
from nvgre_doctor.watching.names import (
    copies,
    names_again,
    number_of,
    numbers_between,
    plain_name,
)
from nvgre_doctor.watching.supply import Notice, Opened, all_of, cannot_open, close
from nvgre_doctor.watching.waiting import Waiting


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
        """Of what was read, or is no capture; as long as a copy of it is there, too."""
        self._earlier = {name: file for name, file in state.files.items() if not file.is_done}
        """What must be read again, to know what was known."""
        self._own = {os.path.basename(one): os.path.realpath(one) for one in own}
        self._only_new = only_new
        self._listing = Listing(path)
        self._waiting = Waiting()
        self._current: str | None = None
        self._read: tuple[BinaryIO, FollowedFile] | None = None
        self._next: str | None = None  # has begun
        self._closed: set[str] = set()  # what cannot be read
        self._poll_s = 0.0
        self._was_listed = False

    @property
    def is_planned(self) -> bool:
        """Whether files must be read again."""
        return bool(self._earlier) or not self._was_listed

    def reads(self) -> dict[str, tuple[Mark, bool]]:
        """See `Supply`."""
        found = {name: (mark, True) for name, mark in self.marks.items()}
        if self._current and self._read:
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
        try:
            file = open_regular(path)
        except FileNotFoundError:  # which the next look at the folder says
            self._waiting.put(name, 1)
            self._listing.forget()
            return None
        except OSError as error:
            self._waiting.put(name, 0)
            if name not in self._closed:
                self._closed.add(name)
                return Opened(path, None, None, problem=cannot_open(error))
            return None
        self._closed.discard(name)
        self._waiting.take(name)
        source = FollowedFile(file, pace, lambda: self._is_over(source))
        self._current, self._read = name, (file, source)
        return Opened(path, source, file, self._plan_of(name, file))

    def _end(self, name: str, source: FollowedFile, file: BinaryIO) -> None:
        """Read as far as it can be."""
        if source.begins_anew():
            self._waiting.put_anew(name, 1)
        else:
            self.marks[name] = mark_of(file, source.position())
        close(file)

    def _plan_of(self, name: str, file: BinaryIO) -> Plan:
        earlier = self._earlier.pop(name, None)
        if earlier is not None:
            return earlier.plan
        if self._only_new:
            self._only_new = False
            return all_of(file)
        return ()

    def _is_over(self, source: FollowedFile) -> bool:
        """Whether nothing more comes into the file: the next has begun, or it was written anew."""
        self._look()
        if self._next not in self._waiting:  # which is asked for every read
            self._next = self._successor()
        return self._next is not None or source.begins_anew()

    def _successor(self) -> str | None:
        """The first of the files that are to be read, and have begun."""
        return next(filter(self._has_begun, self._waiting.ask(self._poll_s)), None)

    def _has_begun(self, name: str) -> bool:
        """Whether it holds the beginning of a capture.  What holds something else is put away, and
        said; what cannot be read is the next one only to say so.
        """
        path = os.path.join(self.path, name)
        try:
            with open_regular(path) as file:
                head = file.read(BEGINNING)
                if len(head) < 4:
                    return False
                problem = why_not_followed(head)
                if problem is None:
                    return True
                self.marks[name] = mark_of(file, len(head))
        except NotRegularError:  # the next look at the folder takes it away
            return False
        except OSError:
            return name not in self._closed  # opening it says why, once
        self._waiting.take(name)
        self.notices.append(Notice("problem", path, problem.message))
        return False

    # --- the folder ---

    def _look(self) -> None:
        try:
            names = self._listing.names(self._poll_s)
        except OSError as error:
            why = error.strerror or str(error)
            self.notices.append(Notice("problem", self.path, f"{why}: waiting for the folder"))
            return
        if names is not None:
            self._take(names)
            self._listing.rest()

    def _take(self, names: list[str]) -> None:
        """What lies there now."""
        there = set(names)
        for name in [name for name in self._waiting if name not in there]:
            is_begun = bool(self._waiting.take(name))
            if not self._take_copy(name, there) and is_begun:
                self._say_lost(name, "deleted before it was read")
        for name in [name for name in self._earlier if name not in there]:
            self._take_copy(name, there)
            del self._earlier[name]
        for known in (self.marks, self._waiting.turns):
            for name in [name for name in known if name not in there]:
                if not any(copies(name, there)):
                    del known[name]
        self._closed &= there
        for name in names:
            self._take_file(name)
        if not self._was_listed:
            self._begin_in_the_midst()
        self._was_listed = True

    def _take_copy(self, name: str, there: Container[str]) -> bool:
        """Read the compressed copy of a file that is to be read, and is not there any more."""
        for copy in copies(name, there):
            if name in self._earlier:
                mark = mark_of_unread(os.path.join(self.path, copy))
                self._earlier[copy] = self._earlier[name]._replace(mark=mark)
            self.marks.pop(copy, None)
            self._waiting.put(copy, 1)
            return True
        return False

    def _is_copy(self, name: str) -> bool:
        """Whether it is the compressed one of a file that is or was read here."""
        plain = plain_name(name)
        is_known = plain == self._current or plain in self.marks or plain in self._waiting
        return is_known and plain != name and name not in self._earlier

    def _take_file(self, name: str) -> None:
        path = os.path.join(self.path, name)
        try:
            status = os.stat(path)
        except OSError:
            return
        is_own = name in self._own and os.path.realpath(path) == self._own[name]
        if is_own or self._is_current(name, status):
            return
        if not stat.S_ISREG(status.st_mode):
            if self._waiting.take(name):
                self._say_lost(name, "deleted before it was read")
            return
        if name not in self._waiting and self._is_copy(name):
            return
        mark, earlier = self.marks.get(name), self._earlier.get(name)
        if earlier is not None and not is_same(path, earlier.mark, status):
            del self._earlier[name]
        if name in self._waiting or mark is None:
            if name not in self._waiting and earlier is None:
                self._count(name)
            self._waiting.put(name, status.st_size)
        elif (status.st_size, status.st_mtime_ns) != (mark.size, mark.modified_ns):
            self._take_again(name, mark, status)

    def _take_again(self, name: str, mark: Mark, status: os.stat_result) -> None:
        """A file that was read, and has changed since."""
        if is_same(os.path.join(self.path, name), mark, status):
            if status.st_size > mark.size:
                why = f"it grew after a later file had begun; byte {mark.size} and what follows"
                self._say_lost(name, f"{why} are not read")
            self.marks[name] = mark._replace(size=status.st_size, modified_ns=status.st_mtime_ns)
            return
        del self.marks[name]
        self._waiting.put_anew(name, status.st_size)

    def _begin_in_the_midst(self) -> None:
        # When a copy was written says nothing of when its frames were captured.
        names = [name for name in self._waiting.names() if plain_name(name) == name]
        marks = [mark_of_unread(os.path.join(self.path, name)) for name in names]
        again = names_again(names, [mark.modified_ns for mark in marks])
        for name in again:
            self._waiting.put_anew(name, self._waiting.take(name))
        if self._only_new:
            begun = self._waiting.names()
            for name in begun[:-1]:
                self._put_away(name)
            self._only_new = bool(begun)

    def _is_current(self, name: str, status: os.stat_result) -> bool:
        if name != self._current or self._read is None:
            return False
        return inode_of(os.fstat(self._read[0].fileno())) == inode_of(status)

    def _put_away(self, name: str) -> None:
        self._waiting.take(name)
        try:
            with open_regular(os.path.join(self.path, name)) as file:
                self.marks[name] = mark_of(file, os.fstat(file.fileno()).st_size)
        except OSError:
            self._closed.add(name)

    def _count(self, name: str) -> None:
        """Say which numbers of the ring are missing."""
        if number := number_of(name):
            if missing := numbers_between(self.last_number, number):
                self._say_lost(name, f"{missing} of the ring, before this file")
            self.last_number = int(number)

    def _say_lost(self, name: str, why: str) -> None:
        self.notices.append(Notice("lost", os.path.join(self.path, name), why))
