"""Which files the user means: folders and patterns become paths.  Looks into files only to tell
captures from others.
"""

import glob
import os
import stat
from collections.abc import Callable, Iterable

from nvgre_doctor.capture.batch import Problem


def expand(paths: Iterable[str | os.PathLike[str]], is_capture: Callable[[str], bool]) -> list[str]:
    """The captures meant by `paths`, in the order given.

    A folder stands for the captures in it and in the folders below (not links to folders), sorted
    by path; hidden files and folders are left out.  A pattern such as `*.pcap` that is not itself a
    file stands for what it matches, sorted: the Windows shells do not expand it.  "-" and
    everything else stays as it is.  A folder without captures or that cannot be listed, or a
    pattern that matches nothing, stays in the list too: opening it then says what is wrong, and the
    other inputs are read.
    """
    found: list[str] = []
    for given in paths:
        path = os.fspath(given)
        matches = [path]
        if path != "-" and glob.has_magic(path) and not os.path.lexists(path):
            matches = sorted(glob.glob(path, recursive=True)) or [path]
        for match in matches:
            inside = (
                _captures_in(match, is_capture) if match != "-" and os.path.isdir(match) else []
            )
            found.extend(inside or [match])
    return found


def folder_problem(path: str) -> Problem:
    """Why a folder stands for no capture."""
    try:
        os.listdir(path)
    except OSError as error:
        return Problem("cannot-open", 0, f"cannot list the folder: {error.strerror or error}")
    return Problem(
        "no-captures",
        0,
        "this folder holds no captures (files are judged by content; hidden ones are left out)",
    )


def _captures_in(folder: str, is_capture: Callable[[str], bool]) -> list[str]:
    """Also folders that cannot be listed: what lies in them must not be missed in silence."""
    candidates, closed = [], set[str]()

    def note(error: OSError) -> None:
        closed.add(error.filename)

    for parent, folders, files in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        candidates += [os.path.join(parent, name) for name in files if not name.startswith(".")]
    return [
        path
        for path in sorted([*candidates, *closed])
        if path in closed or (_is_regular(path) and is_capture(path))
    ]


def _is_regular(path: str) -> bool:
    """Not a FIFO or a device, which could block; what cannot be asked is opened, to say why."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:  # a dangling link
        return False
    except OSError:
        return True
