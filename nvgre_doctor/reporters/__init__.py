"""Report -> str, in every format.  The table of formats; each is a sibling module, loaded when it
is asked for.

A reporter is a module with `render(report, display) -> str`, and with `render_each(reports,
display) -> str` for captures that were diagnosed each by itself.  Neither ever prints, nor fails on
what a report may hold.
"""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from nvgre_doctor.report.model import Report
    from nvgre_doctor.terminal.display import Display

FORMATS: Final[dict[str, str | tuple[str, ...]]] = {
    "text": "",
    "json": ".json",
    "jsonl": ".jsonl",
    "junit": ".xml",
    "sarif": ".sarif",
    "github": "",
    "markdown": ".md",
    "html": (".html", ".htm"),
}
"""Names of `--format`, each a module here, and the suffixes of files that are meant to hold it."""


def format_of_suffix(file_name: str) -> str:
    """The format that a file name asks for by its suffix; "text" if by none."""
    lower = file_name.lower()
    for name, suffix in FORMATS.items():
        if suffix and lower.endswith(suffix):
            return name
    return "text"


def render(name: str, report: "Report", display: "Display") -> str:
    """Render `report` in the format `name`, one of FORMATS.  Errors: ValueError for any other
    name.
    """
    return cast("str", _reporter(name).render(report, display))


def render_each(name: str, reports: "Sequence[Report]", display: "Display") -> str:
    """The same for several captures, each of which has a report of its own."""
    return cast("str", _reporter(name).render_each(reports, display))


def _reporter(name: str) -> ModuleType:
    if name not in FORMATS:
        raise ValueError(f"unknown format {name!r}; known: {', '.join(FORMATS)}")
    return import_module(f"nvgre_doctor.reporters.{name}")
