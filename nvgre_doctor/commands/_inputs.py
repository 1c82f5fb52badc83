"""What commands read: whether somebody has to type it, which nobody means."""

import sys
from collections.abc import Sequence

import click

from nvgre_doctor.terminal.output import STDOUT


def refuse_terminal(inputs: Sequence[str], what: str) -> None:
    """Refuse `-` where nothing is piped in; `what` is what is read.  Errors: click.UsageError."""
    if STDOUT in inputs and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError(
            f"- reads a {what} from standard input, and there is none: pipe one in."
        )
