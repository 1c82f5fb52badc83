"""How a report will be looked at: colour, width, encoding, verbosity.  Knows terminals; knows
nothing about reports.
"""

import os
import sys
from typing import NamedTuple

_NARROWEST = 20
"""Columns below which a terminal's word about its width is not believed."""


class Display(NamedTuple):
    """What a reporter may assume.  The default is a file: plain, unwrapped, UTF-8."""

    color: bool = False
    width: int | None = None  # columns; None: do not wrap, do not shorten lists
    encoding: str = "utf-8"
    verbosity: int = 0  # -1 only the verdict, 0 what matters, 1 everything


def display_for_stdout(color: str = "auto", verbosity: int = 0) -> Display:
    """Describe standard output as it is now.  `color` is "auto", "always" or "never".

    "auto" is colour on a terminal, unless NO_COLOR is set (no-color.org) or TERM is "dumb".
    """
    stream = sys.stdout
    terminal = stream is not None and stream.isatty()
    width = None
    if terminal:
        import shutil  # only for terminals

        width = max(shutil.get_terminal_size().columns, _NARROWEST)
    if color == "auto":
        colored = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    else:
        colored = color == "always"
    return Display(colored, width, getattr(stream, "encoding", None) or "utf-8", verbosity)
