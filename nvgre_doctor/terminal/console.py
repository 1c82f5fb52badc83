"""The standard streams: results, and what is said beside them.

Knows no reports and no files.  A reader that has gone away is no error.
"""

import codecs
import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterable
from typing import TextIO

import click

from nvgre_doctor.terminal.output import OutputError, because
from nvgre_doctor.terminal.urls import redacted
from nvgre_doctor.terminal.visible import harmless_line, visible

PROGRAM = "nvgre-doctor"


def prepare_streams() -> None:
    """Let no character and no encoding of a console make a crash: what it lacks costs a character.

    cp437 and cp1252 are such consoles.  PYTHONIOENCODING can also name what is no encoding of text
    at all (idna, undefined); UTF-8 takes its place.
    """
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if _can_be_written(stream.encoding) else "utf-8"
            stream.reconfigure(encoding=encoding, errors=errors)


def _can_be_written(encoding: str) -> bool:
    """Whether plain text comes back as it was, also in pieces."""
    text = "".join(map(chr, range(0x20, 0x7F))) + "\n"
    try:
        encoder = codecs.getincrementalencoder(encoding)("replace")
        data = encoder.encode(text) + encoder.encode(text, final=True)
        return data.decode(encoding) == 2 * text
    except (LookupError, UnicodeError, TypeError):
        return False


def write_stdout(text: str, *, color: bool = False) -> bool:
    """Write `text` to standard output; False where a reader has gone away (`| head`), no error.

    Errors: OutputError, for example when the disk behind a redirection is full.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    try:  # click translates escape sequences for old consoles (Windows Server 2012)
        click.echo(text, nl=False, color=color)
    except OSError as error:
        discard(sys.stdout)
        # Windows reports a closed pipe as EINVAL.
        if error.errno != errno.EPIPE and not (os.name == "nt" and error.errno == errno.EINVAL):
            raise OutputError(because("standard output", error)) from error
        return False
    return True


def tell(*messages: str, hint: str = "") -> None:
    """Say on standard error what is beside the result, each with the program's name before it.

    A hint follows on a line of its own.  Nobody listening is no error.
    """
    lines = [f"{PROGRAM}: {message}" for message in messages]
    if lines:
        write_stderr([*lines, hint] if hint else lines)


def write_stderr(lines: Iterable[str]) -> None:
    """Lines for people, made visible, without secrets of URLs.  Nobody listening is no error."""
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    try:
        shown = (harmless_line(visible(redacted(line), encoding)) for line in lines)
        click.echo("\n".join(shown), err=True)
    except (OSError, ValueError):
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Let the interpreter's last flush of `stream` go nowhere; it would fail again and change the
    exit code to 120.
    """
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
