"""Where reports go: `--format`, `-o FILE` and `-o FORMAT=FILE`, for every command that writes
reports.

One analysis, many outputs: all of them are rendered before the first is written.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from nvgre_doctor.reporters import FORMATS, format_of_suffix, render, render_each
from nvgre_doctor.terminal.console import write_stdout
from nvgre_doctor.terminal.output import STDOUT, check_writable, real_path, write_file
from nvgre_doctor.terminal.urls import is_url
from nvgre_doctor.terminal.visible import visible

if TYPE_CHECKING:
    from nvgre_doctor.report.model import Report
    from nvgre_doctor.terminal.display import Display


class Output(NamedTuple):
    """One report to write; `path` is "-" for standard output."""

    format: str
    path: str


def plan_outputs(
    format_name: str | None,
    given: Sequence[str],
    inputs: Iterable[str],
    *,
    beside: Sequence[str] = (),
) -> tuple[Output, ...]:
    """Turn the options into outputs, and refuse at once what would fail or destroy something at the
    end.

    `inputs` are all files that the command reads, `beside` are files that it writes beside the
    reports.

    `FORMAT=FILE` only if FORMAT is the name of a format: `C:\\x=y` is a file.  A file without one
    gets `format_name`, or what its suffix says.  A `format_name` that no file uses goes to standard
    output, as everything does without any file.
    """
    outputs = [_parse(text, format_name) for text in given]
    if not outputs or (format_name and not any(output.format == format_name for output in outputs)):
        outputs.insert(0, Output(format_name or "text", STDOUT))
    _refuse_clashes([*(output.path for output in outputs), *beside], inputs)
    return tuple(outputs)


def deliver(
    reports: "Sequence[Report]", outputs: Iterable[Output], display: "Display", *, each: bool
) -> None:
    """Render and write everything; `display` describes standard output, which gets the verdict
    where no report goes there.  Without `each` it is one report, else every one is about a capture
    by itself.  Errors: OutputError.
    """
    from nvgre_doctor.terminal.display import Display

    file = Display(verbosity=display.verbosity)
    places = [(output, display if output.path == STDOUT else file) for output in outputs]
    if sys.stdout is not None and all(output.path != STDOUT for output, _ in places):
        places.append((Output("text", STDOUT), display._replace(verbosity=-1)))
    rendered = []
    for output, where in places:
        text = (
            render_each(output.format, reports, where)
            if each
            else render(output.format, reports[0], where)
        )
        rendered.append((output, text))
    for output, text in rendered:
        if output.path == STDOUT:
            write_stdout(text, color=display.color)
        else:
            write_file(output.path, text)


def _refuse_clashes(paths: Iterable[str], inputs: Iterable[str]) -> None:
    inputs = [path for path in inputs if path != STDOUT]
    seen: set[str] = set()
    for path in paths:
        refuse_url(path)
        name = STDOUT if path == STDOUT else real_path(path)
        if name in seen:
            raise click.UsageError(f"Two outputs would go to {visible(path)}.")
        seen.add(name)
        if path != STDOUT:
            if any(_is_same_file(path, given) for given in inputs):
                raise click.UsageError(
                    f"{visible(path)} is an input; an output must not replace it."
                )
            check_writable(path)


def refuse_url(path: str) -> None:
    """What is written is a file.  Errors: click.UsageError."""
    if is_url(path):
        raise click.UsageError(f"{visible(path)} is a URL, and only files are written.")


def _parse(text: str, format_name: str | None) -> Output:
    prefix, equals, path = text.partition("=")
    if equals and prefix.lower() in FORMATS:
        output = Output(prefix.lower(), path)
    else:
        output = Output(format_name or format_of_suffix(text), text)
    if not output.path:
        raise click.UsageError(f"-o {visible(text)} names no file.")
    return output


def _is_same_file(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False
