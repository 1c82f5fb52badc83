"""Archives that stay open between two of their members: whoever reads many walks over each archive
once.

Knows open archives; knows nothing about captures.  Outside of `archives_kept` none stays open.
"""

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from nvgre_doctor.capture.archives.listing import Looked, archive_in
from nvgre_doctor.capture.interruption import Interruption
from nvgre_doctor.capture.source import Identity
from nvgre_doctor.terminal.urls import is_url


class OpenArchive:
    """An archive, and what must be closed with it."""

    def __init__(
        self,
        place: str,
        looked: Looked,
        files: Sequence[BinaryIO],
        interruption: Interruption | None,
    ) -> None:
        """What `looked` is, from its beginning on, which lies at the path or URL `place`; an
        `interruption` ends its reading.
        """
        self.archive = archive_in(looked)
        self.compression = looked.codec.name if looked.codec else None
        self._place = place
        self._source = looked.source
        self._files = files
        self._interruption = interruption
        self._file = _file_at(place)

    def leads_to(self, place: str, name: str, interruption: Interruption | None) -> bool:
        """Whether a member of that name at `place` would be found in it, if there is one."""
        is_it = self._place == place and self._interruption is interruption
        return is_it and self.archive.is_ahead(name)

    @property
    def is_whole(self) -> bool:
        """Whether more can be read from it."""
        return not self.archive.is_damaged and self._source.failure is None

    @property
    def was_changed(self) -> bool:
        """Whether somebody replaced it meanwhile, or wrote to it."""
        return _file_at(self._place) != self._file

    def close(self) -> None:
        """What was read counts, whatever the system says about closing it."""
        for file in self._files:
            with contextlib.suppress(OSError):
                file.close()


def _file_at(place: str) -> Identity | None:
    """Which file lies there; of what is remote, the version is known that was opened."""
    try:
        status = None if is_url(place) else os.stat(place)
    except OSError:
        return None
    if status is None:
        return None
    return Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class _Keeper:
    """The archives that nobody reads now: no more than were ever read at once, together with those
    that are read.  So they cost no more memory than reading did.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._askers = 0
        self._idle: list[OpenArchive] = []  # the one that was read last stands last
        self._reading = self._most = 0

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        self._change(askers=1)
        try:
            yield
        finally:
            self._change(askers=-1)

    def taken(self, place: str, name: str, interruption: Interruption | None) -> OpenArchive | None:
        with self._lock:
            fitting = [one for one in self._idle if one.leads_to(place, name, interruption)]
            best = max(fitting, key=lambda one: one.archive.passed, default=None)
            if best is not None:
                self._idle.remove(best)
        self._change(reading=1)
        if best is not None and best.was_changed:
            best.close()
            return None
        return best

    def give_back(self, archive: OpenArchive | None) -> None:
        if archive is not None and archive.is_whole:
            with self._lock:
                self._idle.append(archive)
        elif archive is not None:
            archive.close()
        self._change(reading=-1)

    def _change(self, askers: int = 0, reading: int = 0) -> None:
        """So many more; what is too much then is closed."""
        with self._lock:
            self._askers += askers
            self._reading += reading
            self._most = max(self._most, self._reading) if self._askers else 0
            room = max(self._most - self._reading, 0)
            cut = max(len(self._idle) - room, 0)
            closed, self._idle = self._idle[:cut], self._idle[cut:]
        for one in closed:
            one.close()


_KEEPER = _Keeper()


def archives_kept() -> contextlib.AbstractContextManager[None]:
    """Whoever reads several captures does it inside, also in other threads: archives are closed
    when the last one leaves.
    """
    return _KEEPER.kept()


def taken(place: str, name: str, interruption: Interruption | None) -> OpenArchive | None:
    """One that is open and leads to that member, the nearest; None: open it.  Either way it is
    given back.
    """
    return _KEEPER.taken(place, name, interruption)


def give_back(archive: OpenArchive | None) -> None:
    """The member was read; None: the archive could not be opened."""
    _KEEPER.give_back(archive)
