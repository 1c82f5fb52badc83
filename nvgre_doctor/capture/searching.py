"""Which files the user means: folders and patterns become paths.  Looks into files only to tell
captures from others.
"""

import errno
import glob
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from nvgre_doctor.remote.schemes import check_urls
from nvgre_doctor.terminal.urls import is_url

_LEADS_NOWHERE: Final = {errno.ENOENT, errno.ELOOP}
"""What is said of a link to nothing, and of links that lead to each other."""

_PACKED: Final = r"(\.(gz|bz2|xz|zst))?"
_CAPTURES: Final = re.compile(rf"\.(pcapng|pcap|ntar|cap|dmp|snoop|etl){_PACKED}$", re.IGNORECASE)
_ARCHIVES: Final = re.compile(rf"\.(zip|tar{_PACKED}|tgz|tbz2?|txz)$", re.IGNORECASE)
"""How names end; only where a look into every object would cost more than it is worth."""
_IN_ARCHIVE: Final = re.compile(
    rf"(?P<archive>{_ARCHIVES.pattern[:-1]})/(?P<member>[^?#]+)", re.IGNORECASE
)

CapturesAt = Callable[[str], list[str]]
"""The captures that a file is, or holds if it is an archive; none if it is neither."""


class Found(NamedTuple):
    """A capture that is meant."""

    path: str
    size: int | None = None  # bytes of what lies behind a URL, where its listing says so


def find(paths: Iterable[str | os.PathLike[str]], captures_at: CapturesAt) -> list[Found]:
    """The captures meant by `paths`, in the order given.

    A folder stands for the captures in it and in the folders below (not links to folders), sorted
    by path; hidden files and folders are left out.  A pattern such as `*.pcap` that is not itself a
    file stands for what it matches, sorted: the Windows shells do not expand it.  "-" and
    everything else stays as it is.  A folder without captures or that cannot be listed, or a
    pattern that matches nothing, stays in the list too: opening it then says what is wrong, and the
    other inputs are read.  An archive stands for the captures in it, each as the path of the
    archive, a slash, and its name there.  The same holds for URLs; of a folder there, which ends in
    "/", captures and archives are known by their names.  Errors: remote.schemes.UrlError.
    """
    wanted = [os.fspath(path) for path in paths]
    check_urls(wanted)
    found: list[Found] = []
    for path in wanted:
        if is_url(path):
            found += [*_at_url(path, captures_at)] or [Found(path)]
            continue
        matches = [path]
        if path != "-" and glob.has_magic(path) and not os.path.lexists(path):
            matches = sorted(glob.glob(path, recursive=True)) or [path]
        for match in matches:
            inside: list[str] = []
            if match != "-" and os.path.isdir(match):
                inside = _captures_in(match, captures_at)
            elif match != "-" and _is_regular(match):
                inside = captures_at(match)
            found += map(Found, inside or [match])
    return found


def _at_url(url: str, captures_at: CapturesAt) -> Iterator[Found]:
    from nvgre_doctor.remote import opening_urls  # only for URLs

    there = [opening_urls.Listed(url, None)]
    if opening_urls.is_pattern(url):
        try:
            there = opening_urls.listed(url)
        except OSError:
            return  # opening it will say so
        if url.endswith("/"):
            there = [one for one in there if _is_named_so(one.url[len(url) :])]
        if "/." not in url:
            there = [one for one in there if "/." not in one.url]  # hidden, as on a disk
    for each, size in there:
        if _ARCHIVES.search(re.split("[?#]", each)[0]):
            yield from map(Found, captures_at(each))
        else:
            yield Found(each, size)


def _is_named_so(name: str) -> bool:
    """Whether a name in a folder is that of a capture or an archive."""
    return bool(_CAPTURES.search(name) or _ARCHIVES.search(name))


def member_path(path: str, name: str) -> str:
    """The path of an archive and the name of a member as one path."""
    cut = re.search("[?#]", path) if is_url(path) else None
    at = len(path) if cut is None else cut.start()
    return f"{path[:at]}/{name}{path[at:]}"


def split_member(path: str) -> tuple[str, str | None]:
    """The path of an archive and the name of a member, where `path` is both; else it alone."""
    if is_url(path):
        inside = _IN_ARCHIVE.search(path)
        if inside is None:
            return path, None
        return path[: inside.end("archive")] + path[inside.end() :], inside["member"]
    if not os.path.lexists(path):
        # From the left, as a name in an archive can have thousands of slashes.
        for at, character in enumerate(path):
            if character in {"/", os.sep} and os.path.isfile(path[:at]):
                return path[:at], path[at + 1 :].replace(os.sep, "/")
    return path, None


def _captures_in(folder: str, captures_at: CapturesAt) -> list[str]:
    """Also folders that cannot be listed: what lies in them must not be missed in silence."""
    candidates, closed = [], set[str]()

    def note(error: OSError) -> None:
        closed.add(error.filename)

    for parent, folders, files in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        candidates += [os.path.join(parent, name) for name in files if not name.startswith(".")]
    found = (path for path in sorted([*candidates, *closed]) if path in closed or _is_regular(path))
    return [
        capture for path in found for capture in ([path] if path in closed else captures_at(path))
    ]


def _is_regular(path: str) -> bool:
    """Not a FIFO or a device, which could block; what cannot be asked is opened, to say why."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError as error:
        return error.errno not in _LEADS_NOWHERE
