"""Which files the user means: folders and patterns become paths.  Looks into files only to tell
captures from others.
"""

import errno
import glob
import os
import stat
from collections.abc import Callable, Iterable
from typing import Final

_LEADS_NOWHERE: Final = {errno.ENOENT, errno.ELOOP}
"""What is said of a link to nothing, and of links that lead to each other."""

CapturesAt = Callable[[str], list[str]]
"""The captures that a file is, or holds if it is an archive; none if it is neither."""


def expand(paths: Iterable[str | os.PathLike[str]], captures_at: CapturesAt) -> list[str]:
    """The captures meant by `paths`, in the order given.

    A folder stands for the captures in it and in the folders below (not links to folders), sorted
    by path; hidden files and folders are left out.  A pattern such as `*.pcap` that is not itself a
    file stands for what it matches, sorted: the Windows shells do not expand it.  "-" and
    everything else stays as it is.  A folder without captures or that cannot be listed, or a
    pattern that matches nothing, stays in the list too: opening it then says what is wrong, and the
    other inputs are read.  An archive stands for the captures in it, each as the path of the
    archive, a slash, and its name there.
    """
    found: list[str] = []
    for given in paths:
        path = os.fspath(given)
        matches = [path]
        if path != "-" and glob.has_magic(path) and not os.path.lexists(path):
            matches = sorted(glob.glob(path, recursive=True)) or [path]
        for match in matches:
            inside: list[str] = []
            if match != "-" and os.path.isdir(match):
                inside = _captures_in(match, captures_at)
            elif match != "-" and _is_regular(match):
                inside = captures_at(match)
            found.extend(inside or [match])
    return found


def split_member(path: str) -> tuple[str, str | None]:
    """The path of an archive and the name of a member, where `path` is both; else it alone."""
    if not os.path.lexists(path):
        for at in range(len(path) - 1, 0, -1):
            if path[at] in {"/", os.sep} and os.path.isfile(path[:at]):
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
