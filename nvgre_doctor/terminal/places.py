"""Where a path leads, and whether another user laid it there: a link in `/tmp` that waits for root.

Knows links, owners and modes; knows nothing about what is written.  The rule is that of Linux'
`protected_symlinks` and `protected_fifos`, which know nothing of files that are put into a place by
renaming them.
"""

import errno
import os
import stat
from typing import Final, NamedTuple

_MOST_LINKS: Final = 40
"""As many as Linux follows."""


class Place(NamedTuple):
    """Where a path leads."""

    path: str
    """Absolute, without links as far as there is something."""
    planted: str | None
    """A link on the way, or what is there, that another user laid into a folder that all can write
    to; the first one."""


def find_place(path: str) -> Place:
    """Follow a path.  Errors: OSError, ValueError where that cannot be done: circles, names that no
    file can have, a working directory that was deleted.
    """
    if os.name == "nt":  # which lets only administrators make links
        return Place(os.path.realpath(path), None)
    absolute = path if os.path.isabs(path) else os.path.join(os.getcwd(), path)
    ahead, here, links, planted = absolute.split("/")[::-1], "/", 0, None
    while ahead:
        name = ahead.pop()
        if name in ("", os.curdir):
            continue
        if name == os.pardir:
            here = os.path.dirname(here)
            continue
        step = os.path.join(here, name)
        status = _status(step)
        if status is not None and planted is None and _is_planted(status, here):
            planted = step
        if status is None or not stat.S_ISLNK(status.st_mode):
            here = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        try:
            target = os.readlink(step)
        except FileNotFoundError:  # it was taken away in between
            here = step
            continue
        here = "/" if target.startswith("/") else here
        ahead += target.split("/")[::-1]
    return Place(here, planted)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_planted(status: os.stat_result, folder: str) -> bool:
    """A folder is only gone through: what lies in it is looked at next."""
    if stat.S_ISDIR(status.st_mode) or status.st_uid == os.geteuid():
        return False
    around = os.lstat(folder)
    return bool(around.st_mode & (stat.S_ISVTX | stat.S_IWOTH)) and status.st_uid != around.st_uid
