"""What commands read: which captures are meant, and whether somebody has to type them, which nobody
means.
"""

import sys
from collections.abc import Sequence
from typing import Final

import click

from nvgre_doctor.errors import GivenError
from nvgre_doctor.terminal.output import STDOUT
from nvgre_doctor.terminal.visible import visible

LONGEST_LIST: Final = 64 << 20
"""Bytes of a list of captures: some hundred thousand names."""


def refuse_terminal(inputs: Sequence[str], what: str) -> None:
    """Refuse `-` where nothing is piped in; `what` is what is read.  Errors: click.UsageError."""
    if STDOUT in inputs and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError(
            f"- reads a {what} from standard input, and there is none: pipe one in."
        )


def captures_meant(given: tuple[str, ...], list_path: str | None) -> tuple[str, ...]:
    """The captures given one by one, and then those that a list names (see
    terminal.text_files.read_names).

    Names in a list are taken as they are from the working directory, as those on the command line.
    Errors: click.UsageError where none is given, or standard input is asked for twice; GivenError
    for a list that cannot be used.
    """
    if list_path is None:
        if not given:
            raise click.UsageError("Missing argument 'CAPTURE...'.")
        refuse_terminal(given, "capture")
        return given
    from nvgre_doctor.terminal.text_files import TextFileError, read_names  # only for lists

    refuse_terminal([list_path], "list of captures")
    try:
        listed = read_names(list_path, LONGEST_LIST)
    except TextFileError as error:
        raise GivenError(f"--files-from {visible(list_path)}: {error}") from error
    if STDOUT in (*given, *listed) and list_path == STDOUT:
        raise click.UsageError("Standard input is either the list of captures or a capture.")
    refuse_terminal((*given, *listed), "capture")
    if not given and not listed:
        raise GivenError(
            f"--files-from {visible(list_path)}: no capture is named in it; write one a line"
        )
    return (*given, *listed)
