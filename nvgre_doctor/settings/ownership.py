"""Whether a configuration that was found, and that nobody named, may choose what is reported.

Whoever can write it can hide findings.  So it counts only where nobody else can: as git does with
`safe.directory`.  Knows owners and modes of POSIX; Windows has neither, and there all are trusted.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import Final

from nvgre_doctor.errors import GivenError
from nvgre_doctor.terminal.visible import visible

_ROOT: Final = 0
_ADVICE: Final = "If you trust it, name it with --config; --no-config reads none."


class UntrustedError(GivenError):
    """The file is not used; the message says who could have written it, and how to use it."""


def open_trusted(path: str, flags: int) -> int:
    """A descriptor of a file that only we and root can have written: `opener` of Python's `open`.

    What is checked is what was opened.  Errors: UntrustedError, OSError.
    """
    return _open(path, flags, _check if hasattr(os, "geteuid") else _trust)


def open_regular(path: str, flags: int) -> int:
    """The same of anybody's file."""
    return _open(path, flags, _trust)


def _open(path: str, flags: int, check: Callable[[str, os.stat_result], None]) -> int:
    # A named pipe that took the place of the file must not be waited for.
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UntrustedError(f"{visible(path)}: is no regular file. {_ADVICE}")
        check(path, status)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _trust(path: str, opened: os.stat_result) -> None:
    """Windows says nothing about owners here, and of a pyproject only the names of its tables are
    looked at.
    """


def _check(path: str, opened: os.stat_result) -> None:
    for what, status in _what_decides(path, opened):
        whose = "" if what == path else f" lies in {visible(what)}, which"
        if status.st_uid not in _trusted_users():
            whose = f"{whose} belongs to another user (uid {status.st_uid})"
        elif _others_may_write(status):
            whose = f"{whose} can be written by others"
        else:
            continue
        raise UntrustedError(f"{visible(path)}:{whose}; it was not used. {_ADVICE}")


def _what_decides(path: str, opened: os.stat_result) -> Iterator[tuple[str, os.stat_result]]:
    """The file, the link to it, and the folders in which somebody could put another one."""
    yield path, opened
    link = os.lstat(path)
    if stat.S_ISLNK(link.st_mode):
        yield path, os.stat_result((stat.S_IFLNK, *link[1:]))  # its mode says nothing
    folders = (os.path.dirname(path), os.path.dirname(os.path.realpath(path)))
    for folder in dict.fromkeys(folders):
        yield folder, os.stat(folder)


def _trusted_users() -> frozenset[int]:
    """Root and the user; under sudo also who called it, and could have given any option."""
    user = os.geteuid()
    caller = os.environ.get("SUDO_UID", "")
    is_sudo = user == _ROOT and re.fullmatch("[0-9]{1,10}", caller)
    return frozenset({_ROOT, user, int(caller)} if is_sudo else {_ROOT, user})


def _others_may_write(status: os.stat_result) -> bool:
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private(status.st_gid)


def _is_private(group_id: int) -> bool:
    """Whether a group is that of one trusted user alone.  Debian and Fedora give each user a group
    of the same name, and let it write.
    """
    import grp  # few files can be written by a group
    import pwd

    try:
        group = grp.getgrgid(group_id)
        owner = pwd.getpwnam(group.gr_name)
    except KeyError:
        return False
    is_own = owner.pw_gid == group_id and owner.pw_uid in _trusted_users()
    return is_own and {*group.gr_mem} <= {group.gr_name}
