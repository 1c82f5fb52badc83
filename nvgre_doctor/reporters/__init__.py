"""Report -> str, in every format.  The table of formats; each is a sibling module, loaded when it
is asked for.

A reporter is a module with `render(report, display) -> str` that never prints and never fails on
what a report may hold.
"""

from importlib import import_module
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
    if name not in FORMATS:
        raise ValueError(f"unknown format {name!r}; known: {', '.join(FORMATS)}")
    module = import_module(f"nvgre_doctor.reporters.{name}")
    return cast("str", module.render(report, display))
