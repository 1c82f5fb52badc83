"""Where `annotate` writes: one file, or a file for each capture in a folder; and what it refuses to
read or to replace.
"""

import os
import re
import stat
from collections.abc import Sequence
from typing import Final

import click

from nvgre_doctor.capture import expand
from nvgre_doctor.capture.formats.pcapng_blocks import SECTION_SIZE
from nvgre_doctor.commands._outputs import refuse_url
from nvgre_doctor.terminal.output import STDOUT, OutputError, check_place
from nvgre_doctor.terminal.text_files import read_bytes
from nvgre_doctor.terminal.urls import shown
from nvgre_doctor.terminal.visible import visible

_CAPTURE: Final = re.compile(r"\.(pcapng|pcap|cap|etl|snoop|dmp)$", re.IGNORECASE)
_COMPRESSED: Final = re.compile(r"\.(gz|bz2|xz|zst)$", re.IGNORECASE)
_SLASHES: Final = tuple(filter(None, (os.sep, os.altsep)))
_HEAD: Final = SECTION_SIZE + 64  # bytes in which the comment of ours begins


def captures_twice_read(given: Sequence[str]) -> list[str]:
    """The captures that are meant.  Everything is read twice: first to find out, then to write.

    Errors: click.UsageError for what can be read only once.
    """
    if STDOUT in given:
        raise click.UsageError(
            "annotate reads the capture twice, and standard input only once: save it to a file"
            " first."
        )
    captures = expand(given)
    for path in captures:
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            continue  # a member of an archive, or reading it will say so
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise click.UsageError(
                f"{visible(path)} can be read only once, and annotate reads twice: save it to a"
                " file first."
            )
    return captures


def plan_copies(given: Sequence[str], captures: Sequence[str], output: str) -> list[str]:
    """The file for each of the captures that `given` stands for: `output`, or in it, where it is a
    folder.

    Never in place, and never over a file that is not ours.  Errors: click.UsageError, OutputError.
    """
    if output == STDOUT:
        raise click.UsageError("annotate writes a file; - is standard output.")
    refuse_url(output)
    is_folder = os.path.isdir(output) or output.endswith(_SLASHES)
    if not is_folder and len(given) == len(captures) == 1 and not os.path.isdir(given[0]):
        _refuse(output, captures)
        return [output]
    if not os.path.isdir(output):
        place = output.rstrip("".join(_SLASHES))
        if os.path.lexists(place) or (_CAPTURE.search(place) and not is_folder):
            raise click.UsageError(
                f"{visible(output)} is no folder, and copies of several captures, or of those in a"
                " folder, need one: -o FOLDER"
            )
        check_place(place)
    _refuse_inside(output, given)
    paths = [os.path.join(output, name) for name in _names(captures)]
    if os.path.isdir(output):
        for path in paths:
            _refuse(path, captures)
    return paths


def make_folder_of(path: str) -> None:
    """The folder that was given for the copies, if there is none yet.  Errors: OutputError."""
    folder = os.path.dirname(path)
    try:
        if folder and not os.path.isdir(folder):
            os.mkdir(folder)
    except OSError as error:
        raise OutputError(f"{visible(folder)}: {error.strerror or error}") from error


def _names(captures: Sequence[str]) -> list[str]:
    """Names of files in one folder, also where it does not tell capitals apart."""
    names: list[str] = []
    taken: set[str] = set()
    for path in captures:
        name = _COMPRESSED.sub("", re.split(r"[/\\]", shown(path))[-1])
        stem = _CAPTURE.sub("", name) or "capture"
        name, count = f"{stem}.pcapng", 1
        while name.casefold() in taken:
            count += 1
            name = f"{stem}-{count}.pcapng"
        taken.add(name.casefold())
        names.append(name)
    return names


def _refuse_inside(folder: str, given: Sequence[str]) -> None:
    """The copies would be captures the next time."""
    place = os.path.realpath(folder)
    for path in given:
        around = os.path.realpath(path)
        if os.path.isdir(path) and os.path.commonpath([place, around]) == around:
            raise click.UsageError(
                f"{visible(folder)} lies in {visible(path)}, so the copies would be read the next"
                " time; choose a folder beside it."
            )


def _refuse(path: str, captures: Sequence[str]) -> None:
    name = visible(path)
    mode = check_place(path)
    if mode is None:
        return
    if not stat.S_ISREG(mode):
        raise OutputError(f"{name}: is not a regular file")
    if any(os.path.exists(given) and os.path.samefile(path, given) for given in captures):
        raise click.UsageError(
            f"{name} is the capture itself; annotate never changes a capture in place."
        )
    if not _is_ours(path):
        raise OutputError(
            f"{name}: exists and was not written by annotate; delete it first if it may be replaced"
        )


def _is_ours(path: str) -> bool:
    """Whether a file is empty, or begins with a comment of ours."""
    from nvgre_doctor.annotate import is_annotated

    try:
        head = read_bytes(path, _HEAD)
    except OSError as error:
        raise OutputError(f"{visible(path)}: {error.strerror or error}") from error
    return not head or is_annotated(head)
