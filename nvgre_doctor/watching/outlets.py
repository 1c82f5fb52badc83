"""Where a watch says what it has to say: lines on standard output, and reports in files that are
written anew after every look.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters import render
from nvgre_doctor.terminal.console import tell, write_stdout
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.output import OutputError, write_file
from nvgre_doctor.watching.metrics import metrics
from nvgre_doctor.watching.said import ASIDE, Event
from nvgre_doctor.watching.standing import Outlet, Standing

METRICS: Final = "metrics"
"""The format of a .prom file, for node_exporter."""
_SOONEST_S: Final = 5
"""A page that is loaded again sooner cannot be read."""


class Lines:
    """Events, one a line."""

    def __init__(self, *, as_json: bool, display: Display) -> None:
        """As JSON, or for people."""
        self._as_json = as_json
        self._display = display

    def say(self, events: Sequence[Event]) -> bool:
        """See `Outlet`.  Errors: OutputError."""
        if self._as_json:
            lines = [event.to_json() for event in events]
        else:
            is_quiet, encoding = self._display.verbosity < 0, self._display.encoding
            told = [event for event in events if not (is_quiet and event.name in ASIDE)]
            lines = [event.to_text(encoding) for event in told]
        return not lines or write_stdout("".join(f"{line}\n" for line in lines))

    def show(self, report: Report, standing: Standing, *, is_last: bool) -> None:
        """See `Outlet`; lines are about what happens."""


class ReportFile(NamedTuple):
    """A file that holds the last report; `format` is one of reports, or METRICS."""

    format: str
    path: str


class ReportFiles:
    """Files that hold the last report, each written whole or not at all."""

    def __init__(self, files: Iterable[ReportFile], display: Display, interval_s: float) -> None:
        """A page in HTML is loaded again after that time."""
        self._files = tuple(files)
        self._display = Display(verbosity=display.verbosity)
        self._refresh_s = max(_SOONEST_S, round(interval_s))
        self._failed: dict[str, str] = {}

    def show(self, report: Report, standing: Standing, *, is_last: bool) -> None:
        """Write all of them.  What cannot be written is said once, and tried again."""
        for file in self._files:
            try:
                write_file(file.path, self._text(file, report, standing, is_last=is_last))
                self._failed.pop(file.path, None)
            except OutputError as error:
                if self._failed.get(file.path) != str(error):
                    tell(str(error))
                self._failed[file.path] = str(error)

    def _text(self, file: ReportFile, report: Report, standing: Standing, *, is_last: bool) -> str:
        if file.format == METRICS:
            return metrics(report, standing)
        text = render(file.format, report, self._display)
        if file.format == "html" and not is_last:
            again = f'<head>\n<meta http-equiv="refresh" content="{self._refresh_s}">\n'
            return text.replace("<head>\n", again, 1)
        return text


class Together:
    """Both: what happens, and how things stand."""

    def __init__(self, stream: Outlet, files: ReportFiles) -> None:
        """`stream` is standard output."""
        self._stream, self._files = stream, files

    def say(self, events: Sequence[Event]) -> bool:
        """See `Outlet`."""
        return self._stream.say(events)

    def show(self, report: Report, standing: Standing, *, is_last: bool) -> None:
        """See `Outlet`."""
        self._stream.show(report, standing, is_last=is_last)
        self._files.show(report, standing, is_last=is_last)
