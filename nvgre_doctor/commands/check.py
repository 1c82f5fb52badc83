"""`nvgre-doctor check`: diagnose captures, write the reports, choose the exit code."""

import gc
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from nvgre_doctor.commands._inputs import captures_meant
from nvgre_doctor.commands._options import (
    code_options,
    color_option,
    complete_files,
    config_options,
    fail_on_option,
    file_option,
    format_option,
    network_options,
    options_from,
    output_option,
    quiet_option,
    verbose_option,
    verbosity,
)
from nvgre_doctor.commands._outputs import deliver, plan_outputs
from nvgre_doctor.errors import Exit
from nvgre_doctor.report.exits import nothing_was_read, was_interrupted, worst_exit
from nvgre_doctor.terminal.console import tell
from nvgre_doctor.terminal.output import STDOUT, real_path, write_file
from nvgre_doctor.terminal.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nvgre_doctor.report.baseline import Accepted
    from nvgre_doctor.report.model import Report

MOST_GONE = 10
"""Findings of a baseline that went away and are named one by one."""


def _scheduler(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    from nvgre_doctor.settings.keys import address_of_scheduler

    if value is not None and not address_of_scheduler(value):
        raise click.BadParameter("expected an address such as tcp://host:8786.", ctx, param)
    return value


@click.command(
    "check", epilog="Exit: 0 good, 1 findings, 2 usage, 3 not readable, 70 bug, 130 interrupted."
)
@click.argument("captures", metavar="CAPTURE...", nargs=-1, shell_complete=complete_files)
@file_option("--files-from", "Also the captures that FILE (or -) lists.")
@click.option("--each", is_flag=True, help="Diagnose every capture by itself.")
@format_option
@output_option
@network_options
@code_options
@fail_on_option
@file_option("--baseline", "Only findings not in FILE (--write-baseline FILE).")
@file_option(
    "--write-baseline",
    "Accept what is found today, in FILE.",
    hidden=True,  # so that the help stays on one screen; that of --baseline names it
)
@config_options
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads to read with (or --scheduler).",
)
@click.option(
    "--scheduler",
    callback=_scheduler,
    metavar="ADDRESS",
    hidden=True,  # so that the help stays on one screen; that of --jobs names it
    help="Workers of this Dask cluster read what lies behind URLs.",
)
@color_option
@quiet_option
@verbose_option
def command(
    captures: tuple[str, ...],
    files_from: str | None,
    each: bool,
    format_name: str | None,
    outputs: tuple[str, ...],
    baseline: str | None,
    write_baseline: str | None,
    config: str | None,
    no_config: bool,
    quiet: bool,
    verbose: bool,
    **given: object,  # by fields of Options
) -> int:
    """Diagnose captures together (pcap, pcapng, etl, compressed). A folder stands for the
    captures in it, - for standard input.
    """
    from nvgre_doctor.capture.interruption import Interruption
    from nvgre_doctor.doctor import diagnose, diagnose_each  # with all that they need
    from nvgre_doctor.rules.registry import select_codes
    from nvgre_doctor.terminal.display import display_for_stdout
    from nvgre_doctor.terminal.progress import ProgressBar
    from nvgre_doctor.terminal.stopping import on_first_interrupt

    loudness = verbosity(quiet, verbose)
    captures = captures_meant(captures, files_from)
    options = options_from(config, no_config, **given)
    options = replace(options, jobs=options.jobs or os.cpu_count())
    gc.disable()  # nothing here makes cycles; saves 15 % of the time on a hosting fabric
    read = (
        options.inventory,
        options.file,
        None if files_from == STDOUT else files_from,
        _unless_same(baseline, write_baseline),
    )
    if write_baseline == STDOUT:
        raise click.UsageError("A baseline needs a file; - is standard output.")
    plan = plan_outputs(
        format_name or (None if outputs else options.format),
        outputs,
        [*captures, *filter(None, read)],
        beside=() if write_baseline is None else [write_baseline],
    )
    display = display_for_stdout(options.color, loudness)
    if verbose and options.file and options.file_elsewhere is None:
        tell(f"configuration {options.file}")
    known = _accepted(baseline) if baseline is not None else ()
    codes = select_codes(options.select, options.ignore)
    interruption = Interruption()
    with (
        ProgressBar(wanted=not quiet, color=options.color != "never") as bar,
        on_first_interrupt(interruption.ask),
    ):
        if each:
            found = diagnose_each(captures, options, progress=bar.update, interruption=interruption)
            reports = list(found)
        else:
            reports = [diagnose(captures, options, progress=bar.update, interruption=interruption)]
    told = reports
    gone: tuple[Accepted, ...] = ()
    if baseline is not None:
        from nvgre_doctor.report.baseline import only_new_of_each  # see _accepted

        told, gone = only_new_of_each(reports, known, codes)
    deliver(told, plan, display, each=each)
    if any(map(was_interrupted, reports)):
        tell("interrupted: the report is about what was read before")
    if quiet or not any(output.path == STDOUT and output.format == "text" for output in plan):
        _tell_unread(reports)
    if gone and not quiet:
        _tell_gone(gone)
    if write_baseline is not None:
        return _write_baseline(reports, write_baseline, quiet)
    return worst_exit(told, options.fail_on)


def _unless_same(baseline: str | None, write_baseline: str | None) -> str | None:
    """A baseline may be brought up to date in its place; nothing else may replace it."""
    if baseline is None or write_baseline is None:
        return baseline
    return None if real_path(baseline) == real_path(write_baseline) else baseline


def _accepted(baseline: str) -> "tuple[Accepted, ...]":
    from nvgre_doctor.report.baseline import read_baseline  # with what makes fingerprints

    return read_baseline(baseline)


def _write_baseline(reports: "Sequence[Report]", path: str, quiet: bool) -> Exit:
    """Accept the findings, unless some may be missing because a capture could not be read."""
    from nvgre_doctor.report.baseline import accept, to_text

    if any(map(was_interrupted, reports)):
        tell(f"{path}: no baseline was written, because not every capture was read to its end")
        return Exit.INTERRUPTED
    if any(map(nothing_was_read, reports)):
        from nvgre_doctor.wording import listed

        unread = [
            visible(capture.path)
            for report in reports
            for capture in report.captures
            if not capture.could_be_judged
        ]
        names = listed(unread) or "not every capture"
        tell(f"{path}: no baseline was written, because {names} could not be read")
        return Exit.UNREADABLE
    accepted = accept(*reports)
    write_file(path, to_text(accepted))
    if not quiet:
        from nvgre_doctor.wording import plural

        count = plural(sum(row.count for row in accepted), "finding is", "findings are")
        tell(f"{path}: {count} accepted")
    return Exit.OK


def _tell_gone(gone: tuple["Accepted", ...]) -> None:
    """Say on standard error which accepted findings went away."""
    lines = [f"gone, but still in the baseline: {row}" for row in gone[:MOST_GONE]]
    if len(gone) > MOST_GONE:
        lines.append(f"and {len(gone) - MOST_GONE} more that are gone")
    tell(*lines)


def _tell_unread(reports: "Iterable[Report]") -> None:
    """Say on standard error why the exit code is 3, where no text on standard output does."""
    lines = [
        f"{capture.path}: "
        + (
            capture.problems[0].message
            if capture.problems
            else f"nothing was read from it ({capture.status})"
        )
        for report in reports
        for capture in report.captures
        if not capture.could_be_judged
    ]
    tell(*lines)
