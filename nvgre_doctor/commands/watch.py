"""`nvgre-doctor watch`: follow captures that are being written, and say what appears and what
clears.
"""

import os
import re
import stat
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from nvgre_doctor.commands._inputs import refuse_terminal
from nvgre_doctor.commands._options import (
    code_options,
    color_option,
    complete_files,
    config_options,
    fail_on_option,
    file_option,
    network_options,
    options_from,
    output_option,
    quiet_option,
    verbose_option,
    verbosity,
)
from nvgre_doctor.commands._outputs import plan_outputs
from nvgre_doctor.report.exits import exit_code
from nvgre_doctor.terminal.output import STDOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nvgre_doctor.report.model import Report
    from nvgre_doctor.watching.outlets import ReportFile
    from nvgre_doctor.watching.state import State
    from nvgre_doctor.watching.supply import Supply

LIVE, JSONL, TEXT = FORMATS = ("live", "jsonl", "text")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)", re.ASCII)
_UNITS: Final = {"ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST_S, _LONGEST_S = 0.01, 10 * 365 * 86400


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """`90`, `500ms`, `10m`, `24h`; infinite for "all", of which only `--window` is meant."""
    if value is None:
        return None
    may_be_all = param.name == "window"
    if may_be_all and value == "all":
        return float("inf")
    found = _DURATION.fullmatch(value)
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        words = "10m, 90s, 24h" + (" or all" if may_be_all else "")
        raise click.BadParameter(f"{value!r} is no time such as {words}.", ctx, param)
    return seconds


@click.command(
    "watch", epilog="Exit: as check, when it ends by itself or by one Ctrl-C; a second one is 130."
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, shell_complete=complete_files)
@file_option("--files-from", "Also the files that FILE (or -) names, one by one.")
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(FORMATS, case_sensitive=False),
    metavar="NAME",
    help="live (on a terminal), jsonl or text.",
)
@output_option
@click.option(
    "--window",
    callback=_seconds,
    default="10m",
    metavar="TIME",
    help="Evidence that counts: 10m (default), 24h, all.",
)
@click.option(
    "--interval",
    callback=_seconds,
    default="1s",
    metavar="TIME",
    help="How often it is judged (default: 1s).",
)
@click.option("--for", "for_s", callback=_seconds, metavar="TIME", help="End after this time.")
@click.option("--until-finding", is_flag=True, help="End with the first finding of --fail-on.")
@click.option("--only-new", is_flag=True, help="Leave out what is there already.")
@file_option("--state", "Go on after a restart.")
@network_options
@code_options
@fail_on_option
@file_option("--baseline", "Only findings not in FILE.")
@config_options
@color_option
@quiet_option
@verbose_option
def command(
    sources: tuple[str, ...],
    files_from: str | None,
    format_name: str | None,
    outputs: tuple[str, ...],
    window: float,
    interval: float,
    for_s: float | None,
    until_finding: bool,
    only_new: bool,
    state: str | None,
    baseline: str | None,
    config: str | None,
    no_config: bool,
    quiet: bool,
    verbose: bool,
    **given: object,  # by fields of Options
) -> int:
    """Follow captures while they are written. A source is the folder of a ring buffer, a file, a
    FIFO, or - for standard input. Says what appears and what clears.
    """
    from nvgre_doctor.doctor import hear
    from nvgre_doctor.reporters import render
    from nvgre_doctor.terminal.console import write_stdout
    from nvgre_doctor.terminal.display import display_for_stdout
    from nvgre_doctor.terminal.stopping import STOP_SIGNALS, on_first_interrupt
    from nvgre_doctor.watching.live_page import LivePage
    from nvgre_doctor.watching.outlets import Lines, ReportFiles, Together
    from nvgre_doctor.watching.standing import Wanted
    from nvgre_doctor.watching.state import NOTHING, load, save
    from nvgre_doctor.watching.watch import Watch

    loudness = verbosity(quiet, verbose)
    _refuse_two_readers(sources, files_from)
    options = options_from(config, no_config, **given)
    read = [path for path in (options.inventory, options.file, files_from, baseline) if path]
    files = _planned(outputs, state, [*sources, *(path for path in read if path != STDOUT)])
    display = display_for_stdout(options.color, loudness)
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    format_name = format_name or (LIVE if is_terminal else JSONL)
    if format_name == LIVE and not is_terminal:
        raise click.UsageError("-f live needs a terminal; into files and pipes: text or jsonl.")
    known = NOTHING if state is None else load(state)
    own = [file.path for file in files] + ([state] if state else [])
    supplies = _supplies(sources, files_from, own, only_new, known)
    wanted = Wanted(None if window == float("inf") else window, interval, for_s, until_finding)
    outlet = Together(
        LivePage(display)
        if format_name == LIVE
        else Lines(as_json=format_name == JSONL, display=display),
        ReportFiles(files, display, interval),
    )
    watch = Watch(
        supplies,
        options,
        hear(options),
        wanted,
        outlet,
        known=_without(baseline, options.select),
        state=known,
        save=None if state is None else partial(save, state),
    )
    with on_first_interrupt(watch.stop, of_all=STOP_SIGNALS):
        report = watch.run()
    if format_name != JSONL:
        write_stdout(render("text", report, display), color=display.color)
    return exit_code(report, options.fail_on)


def _refuse_two_readers(sources: tuple[str, ...], files_from: str | None) -> None:
    if not sources and files_from is None:
        raise click.UsageError("Missing argument 'SOURCE...'.")
    readers = [source for source in (*sources, files_from) if source == STDOUT]
    if len(readers) > 1:
        raise click.UsageError("Standard input can be read once: it is given more than once.")
    refuse_terminal(sources, "capture")
    refuse_terminal([files_from or ""], "list of captures")


def _planned(
    outputs: tuple[str, ...], state: str | None, inputs: "Sequence[str]"
) -> "list[ReportFile]":
    """The files to write, by suffix or by the name of a format before them."""
    from nvgre_doctor.watching.outlets import METRICS, ReportFile

    metrics = [path for path in outputs if path.lower().endswith(".prom")]
    reports = [path for path in outputs if path not in metrics]
    planned = plan_outputs(None, reports, inputs, beside=[*metrics, *([state] if state else [])])
    if any(output.path == STDOUT for output in planned) and reports:
        raise click.UsageError("-o needs a file; what happens goes to standard output.")
    files = [ReportFile(*output) for output in planned if output.path != STDOUT]
    return files + [ReportFile(METRICS, path) for path in metrics]


def _supplies(
    sources: tuple[str, ...],
    files_from: str | None,
    own: "Sequence[str]",
    only_new: bool,
    known: "State",
) -> "list[Supply]":
    from nvgre_doctor.watching.ring import Folder
    from nvgre_doctor.watching.supply import Names, Pipe, SingleFile, check_readable

    supplies: list[Supply] = []
    for path in sources:
        if path == STDOUT:
            supplies.append(Pipe(path))
            continue
        check_readable(path)
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            supplies.append(Folder(path, own, only_new=only_new, state=known.supplies.get(path)))
        elif stat.S_ISREG(mode):
            supplies.append(SingleFile(path, known.supplies.get(path), only_new=only_new))
        else:
            supplies.append(Pipe(path))
    if files_from is not None:
        if files_from != STDOUT:
            check_readable(files_from)
        supplies.append(Names(files_from))
    return supplies


def _without(baseline: str | None, select: tuple[str, ...]) -> "Callable[[Report], Report]":
    """What takes the findings of a baseline out of a report."""
    if baseline is None:
        return lambda report: report
    from nvgre_doctor.report.baseline import only_new, read_baseline
    from nvgre_doctor.rules.registry import select_codes

    accepted, codes = read_baseline(baseline), select_codes(select)
    return lambda report: only_new(report, accepted, codes)[0]
