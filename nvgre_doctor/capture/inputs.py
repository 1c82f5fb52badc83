"""From a path, or standard input, to the bytes of one capture: a file, a pipe, or a member of an
archive, below one compression.

The only place that opens them.  Knows nothing about records and packets.
"""

import contextlib
import os
import re
import sys
from typing import BinaryIO, Final

from nvgre_doctor.capture import not_opened, searching
from nvgre_doctor.capture.archives import keeping
from nvgre_doctor.capture.archives.listing import (
    Looked,
    captures_in,
    is_archive,
    is_readable,
    look,
)
from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.decompress import CODECS, Codec
from nvgre_doctor.capture.interruption import Interruption, stoppable
from nvgre_doctor.capture.sniff import HEAD
from nvgre_doctor.capture.source import BrokenInputError, FileSource, is_regular
from nvgre_doctor.capture.spooling import spool
from nvgre_doctor.terminal.urls import is_url
from nvgre_doctor.vocabulary import Status


class NotOpenedError(Exception):
    """There is no capture to read."""

    def __init__(self, problem: Problem, status: Status = Status.UNREADABLE) -> None:
        """Why, and what is said of the capture."""
        super().__init__(problem.message)
        self.problem = problem
        self.status = status


class Input:
    """What was opened for one capture, and must be closed."""

    def __init__(self, interruption: Interruption | None = None) -> None:
        """Nothing yet.  Somebody may ask for an `interruption`."""
        self._interruption = interruption
        self.compression: str | None = None
        self._opened: BinaryIO | None = None  # by us
        self._temporary: list[BinaryIO] = []  # files that go away when they are closed
        self._archive: keeping.OpenArchive | None = None  # of which a member is read
        self._is_taken = False  # it is given back, or nothing is

    @property
    def file(self) -> BinaryIO | None:
        """The capture, where it is an uncompressed regular file of its own."""
        is_whole = not self._temporary and self.compression is None
        opened = self._opened
        return opened if opened is not None and is_whole and is_regular(opened) else None

    def close(self) -> None:
        """Close what is ours: not standard input.  What was read counts, whatever the system says
        about closing it.
        """
        for file in (self._opened, *self._temporary):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
        if self._is_taken:
            keeping.give_back(self._archive)
        elif self._archive is not None:
            self._archive.close()
        self._opened, self._temporary = None, []
        self._archive, self._is_taken = None, False

    def open(self, path: str, stdin: BinaryIO | None) -> Looked:
        """What the bytes of the capture are.  Errors: NotOpenedError."""
        place, member = (path, None) if path == "-" else searching.split_member(path)
        if member is not None:
            self._is_taken = True
            self._archive = keeping.taken(place, member, self._interruption)
        if member is None or self._archive is None:
            looked = look(self._stoppable(self._open(path, place, stdin)))
            codec = looked.kind if isinstance(looked.kind, Codec) else None
            codec = looked.codec or codec
            self.compression = codec.name if codec else None
            if not is_archive(looked.kind):
                if member is not None:
                    raise NotOpenedError(looked.source.failure or not_opened.NO_ARCHIVE)
                return looked
            self._archive, member = self._open_archive(place, looked, member)
        return self._in_archive(self._archive, member)

    def take(self, path: str) -> BinaryIO:
        """Open a file, to be closed with the rest.  Errors: OSError, ValueError."""
        if is_url(path):
            from nvgre_doctor.remote import opening_urls  # only for URLs

            if opening_urls.is_pattern(path):
                raise OSError(0, not_opened.nothing_at(path))
            opened = opening_urls.opened(path)
        else:
            opened = open(path, "rb", buffering=0)  # noqa: SIM115
        self._opened = opened
        return opened

    def spool(self, looked: Looked) -> Looked:
        """The same out of a temporary file.  Errors: NotOpenedError."""
        spooled = spool(looked.source, looked.head)
        if isinstance(spooled, Problem):
            raise NotOpenedError(spooled)
        file, source = spooled
        self._temporary.append(file)
        return looked._replace(source=source, head=source.read_at(0, HEAD))

    def _open(self, path: str, place: str, stdin: BinaryIO | None) -> BinaryIO:
        """The file at `place` that is read for `path`."""
        if path == "-":
            raw = stdin if stdin is not None else _standard_input()
            if raw is None or raw.isatty():
                raise NotOpenedError(not_opened.NO_INPUT)
            return raw
        try:
            return self.take(place)
        except IsADirectoryError as error:
            raise NotOpenedError(not_opened.folder(path)) from error
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            # Windows says that a folder may not be read.
            is_folder = isinstance(error, PermissionError) and os.path.isdir(path)
            why = not_opened.folder(path) if is_folder else not_opened.cannot_open(error)
            raise NotOpenedError(why) from error

    def _stoppable(self, raw: BinaryIO) -> BinaryIO:
        """The file, whose reading can be interrupted if somebody may ask for that."""
        if self._interruption is None:
            return raw
        return stoppable(raw, self._interruption, may_wait=not is_regular(raw))

    def _open_archive(
        self, place: str, looked: Looked, member: str | None
    ) -> tuple[keeping.OpenArchive, str]:
        """It, and the name of the member that is meant, if only by being the only capture in it.
        Errors: NotOpenedError.
        """
        is_pipe = self._opened is None or not is_regular(self._opened)
        if not isinstance(looked.source, FileSource) and (looked.needs_file or is_pipe):
            looked = self.spool(looked)
        if member is None:
            names, problem = captures_in(looked)
            if problem is not None or len(names) != 1:
                raise NotOpenedError(problem or not_opened.several(names))
            (member,) = names
            looked = self._rewound(looked)
        files = [file for file in (self._opened, *self._temporary) if file is not None]
        self._opened, self._temporary = None, []
        return keeping.OpenArchive(place, looked, files, self._interruption), member

    def _in_archive(self, archive: keeping.OpenArchive, member: str) -> Looked:
        """That member.  Errors: NotOpenedError."""
        self.compression = archive.compression
        try:
            inner = look(archive.archive.find(member))
        except BrokenInputError as error:
            raise NotOpenedError(error.problem) from error
        if inner.codec is not None:
            self.compression = inner.codec.name
        if is_archive(inner.kind):
            raise NotOpenedError(not_opened.NESTED)
        return inner

    def _rewound(self, looked: Looked) -> Looked:
        """The same from its beginning on."""
        if isinstance(looked.source, FileSource):
            return looked._replace(head=looked.source.read_at(0, HEAD))
        assert self._opened is not None
        self._opened.seek(0)
        return look(self._stoppable(self._opened))


def _standard_input() -> BinaryIO | None:
    """It, without its buffer: that keeps what it has while it waits for more, and an interruption
    loses it.
    """
    buffer = getattr(sys.stdin, "buffer", None)
    raw: BinaryIO | None = getattr(buffer, "raw", buffer)
    return raw


_SUFFIXES: Final = "|".join(re.escape(codec.suffix) for codec in CODECS)
_CALLED_CAPTURE: Final = re.compile(rf"\.(pcap|pcapng|cap|etl)({_SUFFIXES})?$", re.IGNORECASE)


def captures_at(path: str) -> list[str]:
    """The captures that a file is, or holds, and what may be one and needs a word (no permission,
    no zstd, an archive that is damaged or encrypted, a file that is called a capture and is none).
    """
    given = Input()
    try:
        looked = look(given.take(path))
        if not is_archive(looked.kind):
            has_failed = looked.source.failure is not None
            is_called_so = _CALLED_CAPTURE.search(path) is not None
            return [path] if has_failed or is_called_so or is_readable(looked) else []
        if looked.needs_file and not isinstance(looked.source, FileSource):
            return [path]  # it must be unpacked first
        names, problem = captures_in(looked)
    except (OSError, ValueError):
        return [path]
    finally:
        given.close()
    needs_word = problem is not None and (names or problem.reason != "no-captures")
    return [searching.member_path(path, name) for name in names] + ([path] if needs_word else [])
