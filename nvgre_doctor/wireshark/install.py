"""Putting our files into Wireshark's folders, and taking them out again.  Prints nothing.

Every file begins with a marker line: who wrote it, which version, the SHA-256 of all that follows,
and how many folders were made for it.  What has no marker is not ours; what does not match its
digest was changed since.  Neither is touched unless the caller insists (`force`), and what was
never ours is not removed even then.
"""

import contextlib
import hashlib
import re
import stat
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from nvgre_doctor import __version__
from nvgre_doctor.terminal.output import OutputError, write_file
from nvgre_doctor.wireshark.folders import Folders

PLUGIN_NAME: Final = "nvgre.lua"
PROFILE_FILES: Final = ("preferences", "colorfilters", "dfilter_buttons")

_MARKER: Final = re.compile(
    rb"(?:--|#) nvgre-doctor (\S{1,40}) sha256:([0-9a-f]{64}) folders:(\d{1,2})\n"
)
_LARGEST: Final = 1 << 20  # bytes; nothing of ours comes near
_CHANGED: Final = "changed since nvgre-doctor wrote it"


class Outcome(StrEnum):
    """What was found, or what was done."""

    CURRENT = "current"  # ours, as this version brings it
    OUTDATED = "outdated"  # ours and untouched, from another version
    # Ours, changed by somebody, and left alone.  Wireshark rewrites its files when settings change.
    CHANGED = "changed"
    FOREIGN = "not ours"  # left alone
    MISSING = "missing"
    WRITTEN = "written"
    REPLACED = "replaced"
    REMOVED = "removed"
    FAILED = "failed"


class Result(NamedTuple):
    """One file or folder, what became of it, and why."""

    path: Path
    outcome: Outcome
    reason: str = ""


class _Found(NamedTuple):
    """A place of one of our files, and what lies there."""

    path: Path
    body: str  # what this version brings, without the marker line
    outcome: Outcome
    reason: str = ""
    is_file: bool = False
    is_marked: bool = False  # it bears our marker, whatever happened to the rest
    folders_made: int = 0  # by `install`, for the folder that it lies in


def show(folders: Folders) -> list[Result]:
    """What lies in each place of ours; changes nothing.  FAILED: it cannot be read."""
    return [Result(found.path, found.outcome, found.reason) for found in _look(folders)]


def install(folders: Folders, *, force: bool = False) -> list[Result]:
    """Write what is missing and replace older files of ours.

    CHANGED and FOREIGN files stay as they are unless `force`.  FAILED carries the system's reason;
    other files go on.
    """
    made: dict[Path, int] = {}
    return [_put(found, force, made) for found in _look(folders)]


def remove(folders: Folders, *, force: bool = False) -> list[Result]:
    """Remove our files, and the folders that `install` made if they are empty by then.

    CHANGED files stay unless `force`; FOREIGN ones always stay.
    """
    results = []
    left: dict[Path, int] = {}
    for found in reversed(_look(folders)):
        if found.outcome not in (Outcome.CURRENT, Outcome.OUTDATED) and not (
            force and found.outcome is Outcome.CHANGED and found.is_file
        ):
            results.append(Result(found.path, found.outcome, found.reason))
            continue
        try:
            found.path.unlink()
        except OSError as error:
            results.append(Result(found.path, Outcome.FAILED, _why(error)))
            continue
        results.append(Result(found.path, Outcome.REMOVED))
        left[found.path.parent] = found.folders_made
    for folder, count in left.items():
        results += [
            Result(path, Outcome.REMOVED, "empty folder") for path in _remove_empty(folder, count)
        ]
        if count and folder.is_dir():
            results.append(Result(folder, Outcome.FOREIGN, "other files are in this folder"))
    return results


def _sources(folders: Folders) -> Iterator[tuple[Path, str]]:
    package = files("nvgre_doctor") / "wireshark"
    yield folders.lua_plugins / PLUGIN_NAME, (package / PLUGIN_NAME).read_text("utf-8")
    for name in PROFILE_FILES:
        yield folders.profile / name, (package / "profile" / name).read_text("utf-8")


def _look(folders: Folders) -> list[_Found]:
    """All our places, plugin first.

    Wireshark drops the marker when it rewrites a file.  Where another file of the same folder still
    bears ours, the folder is ours, and such a file counts as changed.
    """
    entries = [_examine(path, body) for path, body in _sources(folders)]
    made = {entry.path.parent: entry.folders_made for entry in entries if entry.is_marked}
    found = []
    for entry in entries:
        if entry.path.parent not in made:
            found.append(entry)
            continue
        known = entry._replace(folders_made=made[entry.path.parent])
        is_rewritten = entry.outcome is Outcome.FOREIGN and entry.is_file
        found.append(
            known._replace(outcome=Outcome.CHANGED, reason=_CHANGED) if is_rewritten else known
        )
    return found


def _examine(path: Path, body: str) -> _Found:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return _Found(
                path,
                body,
                Outcome.FOREIGN,
                "a folder" if stat.S_ISDIR(mode) else "not a regular file",
            )
        with path.open("rb") as stream:
            content = stream.read(_LARGEST)
    except FileNotFoundError:
        if path.is_symlink():
            return _Found(path, body, Outcome.FOREIGN, "a link that leads nowhere")
        return _Found(path, body, Outcome.MISSING)
    except OSError as error:
        return _Found(path, body, Outcome.FAILED, _why(error))
    marker = _MARKER.match(content)
    if not marker:
        return _Found(path, body, Outcome.FOREIGN, "not written by nvgre-doctor", is_file=True)
    version, digest, folders_made = (
        marker[1].decode("ascii", "replace"),
        marker[2].decode(),
        int(marker[3]),
    )
    rest = content[marker.end() :]
    if hashlib.sha256(rest).hexdigest() != digest:
        outcome, reason = Outcome.CHANGED, _CHANGED
    elif rest == body.encode():
        outcome, reason = Outcome.CURRENT, ""
    else:
        outcome, reason = Outcome.OUTDATED, f"from version {version}"
    return _Found(
        path, body, outcome, reason, is_file=True, is_marked=True, folders_made=folders_made
    )


def _put(found: _Found, force: bool, made: dict[Path, int]) -> Result:
    """Bring one place up to date; `made` counts the folders made in this run, by the folder that
    they were made for.
    """
    may_replace = found.outcome is Outcome.OUTDATED or (
        force and found.is_file and found.outcome is not Outcome.CURRENT
    )
    if found.outcome is not Outcome.MISSING and not may_replace:
        return Result(found.path, found.outcome, found.reason)
    folder = found.path.parent
    made_now = 0
    try:
        made_now = _make(folder)
        count = made.setdefault(folder, made_now or found.folders_made)
        write_file(str(found.path), _marker(found.path, found.body, count) + found.body)
    except (OSError, OutputError) as error:
        if made_now:
            made.pop(folder, None)
            _remove_empty(folder, made_now)
        return Result(found.path, Outcome.FAILED, _why(error))
    return Result(found.path, Outcome.REPLACED if may_replace else Outcome.WRITTEN, found.reason)


def _marker(path: Path, body: str, folders_made: int) -> str:
    comment = "--" if path.suffix == ".lua" else "#"
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f"{comment} nvgre-doctor {__version__} sha256:{digest} folders:{folders_made}\n"


def _make(folder: Path) -> int:
    """Make a folder and those above it that are missing, all or none; the number that was made."""
    missing = [folder] if not folder.exists() else []
    while missing and not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for made, path in enumerate(reversed(missing)):
        try:
            path.mkdir()
        except OSError:
            _remove_empty(path.parent, made)
            raise
    return len(missing)


def _remove_empty(folder: Path, count: int) -> list[Path]:
    """Remove up to `count` empty folders, from `folder` upward; stops at the first that is not
    empty.
    """
    removed = []
    with contextlib.suppress(OSError):
        for path in [folder, *folder.parents][:count]:
            path.rmdir()
            removed.append(path)
    return removed


def _why(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, OutputError) else error
    return (cause.strerror if isinstance(cause, OSError) else None) or str(error)
