"""`nvgre-doctor check`: diagnose captures, write the reports, choose the exit code."""

import gc
import os
import re
import sys
from typing import TYPE_CHECKING

import click

from nvgre_doctor.commands._options import (
    color_option,
    complete_codes,
    complete_files,
    config_options,
    fail_on_option,
    format_option,
    output_option,
    quiet_option,
    settings_of,
    verbose_option,
)
from nvgre_doctor.commands._outputs import deliver, plan_outputs
from nvgre_doctor.report.exits import Exit, exit_code, nothing_was_read
from nvgre_doctor.terminal.output import STDOUT, real_path, write_file, write_stderr

if TYPE_CHECKING:
    from nvgre_doctor.report.baseline import Accepted
    from nvgre_doctor.report.model import Report

MOST_GONE = 10
"""Findings of a baseline that went away and are named one by one."""


def _vsids(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[int, ...]:
    """Decimal or 0x..., and only what an administrator may assign (RFC 7637 section 3.4)."""
    numbers = []
    for value in values:
        if not re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}", value):
            raise click.BadParameter(f"{value!r} is not a number.", ctx, param)
        number = int(value, 16 if value[1:2] in ("x", "X") else 10)
        if not 0x1000 <= number <= 0xFFFFFE:
            raise click.BadParameter(
                f"{value} is not a VSID: they go from 4096 to 16777214.", ctx, param
            )
        numbers.append(number)
    return tuple(numbers)


@click.command(
    "check", epilog="Exit: 0 good, 1 findings, 2 usage, 3 not readable, 70 bug, 130 interrupted."
)
@click.argument(
    "captures", metavar="CAPTURE...", nargs=-1, required=True, shell_complete=complete_files
)
@format_option
@output_option
@click.option(
    "--vsid",
    "vsids",
    callback=_vsids,
    multiple=True,
    metavar="N",
    help="A VSID that you use. This and -o can be repeated.",
)
@click.option(
    "--inventory",
    metavar="FILE",
    shell_complete=complete_files,
    help="CSV of Get-NetVirtualizationLookupRecord.",
)
@click.option(
    "--select",
    multiple=True,
    metavar="CODES",
    shell_complete=complete_codes,
    help="Only these findings: NVG301,NVG2.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODES",
    shell_complete=complete_codes,
    help="Not these findings.",
)
@fail_on_option
@click.option(
    "--baseline",
    metavar="FILE",
    shell_complete=complete_files,
    help="Only findings that are not in FILE.",
)
@click.option(
    "--write-baseline",
    metavar="FILE",
    shell_complete=complete_files,
    help="Accept what is found today, in FILE.",
)
@config_options
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes to read with (default: cores).",
)
@color_option
@quiet_option
@verbose_option
def command(
    captures: tuple[str, ...],
    format_name: str | None,
    outputs: tuple[str, ...],
    vsids: tuple[int, ...],
    inventory: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str | None,
    baseline: str | None,
    write_baseline: str | None,
    config: str | None,
    no_config: bool,
    jobs: int | None,
    color: str | None,
    quiet: bool,
    verbose: bool,
) -> int:
    """Diagnose captures together (pcap, pcapng; also compressed). A folder stands for the captures
    in it, - for standard input.
    """
    from nvgre_doctor.doctor import diagnose  # with all that it needs
    from nvgre_doctor.known.inventory import InventoryError
    from nvgre_doctor.rules import UnknownCodeError, select_codes
    from nvgre_doctor.terminal.display import display_for_stdout
    from nvgre_doctor.terminal.progress import ProgressBar

    gc.disable()  # nothing here makes cycles; saves 15 % of the time on a hosting fabric
    if quiet and verbose:
        raise click.UsageError("-q and -v exclude each other.")
    if STDOUT in captures and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError(
            "- reads a capture from standard input, and there is none: pipe one in."
        )
    settings = settings_of(config, no_config)
    inventory = inventory or settings.inventory
    color = color or settings.color or "auto"
    selected, ignored = (
        _codes(select) or settings.select or (),
        _codes(ignore) or settings.ignore or (),
    )
    plan = plan_outputs(
        format_name or (None if outputs else settings.format),
        outputs,
        [
            *captures,
            *filter(None, (inventory, settings.file, _unless_same(baseline, write_baseline))),
        ],
        beside=write_baseline,
    )
    display = display_for_stdout(color, verbose - quiet)
    if verbose and settings.file:
        write_stderr([f"nvgre-doctor: configuration {settings.file}"])
    try:
        known = _accepted(baseline) if baseline is not None else ()
        codes = select_codes(selected, ignored)
        with ProgressBar(wanted=not quiet, color=color != "never") as bar:
            report = diagnose(
                captures,
                vsids=vsids or settings.vsid or (),
                inventory=inventory,
                select=selected,
                ignore=ignored,
                expect=settings.expect,
                not_nvgre=settings.not_nvgre or (),
                jobs=jobs or settings.jobs or os.cpu_count() or 1,
                progress=bar.update,
            )
    except (InventoryError, UnknownCodeError) as error:
        raise click.UsageError(str(error)) from error
    told = report
    gone: tuple[Accepted, ...] = ()
    if baseline is not None:
        from nvgre_doctor.report.baseline import only_new  # see _accepted

        told, gone = only_new(report, known, codes)
    deliver(told, plan, display)
    if quiet or not any(output.path == STDOUT and output.format == "text" for output in plan):
        _tell_unread(report)
    if gone and not quiet:
        _tell_gone(gone)
    if write_baseline is not None:
        return _write_baseline(report, write_baseline, quiet)
    return exit_code(told, fail_on or settings.fail_on or "error")


def _codes(given: tuple[str, ...]) -> list[str]:
    return [code.strip() for part in given for code in part.split(",")]


def _unless_same(baseline: str | None, write_baseline: str | None) -> str | None:
    """A baseline may be brought up to date in its place; nothing else may replace it."""
    if baseline is None or write_baseline is None:
        return baseline
    return None if real_path(baseline) == real_path(write_baseline) else baseline


def _accepted(baseline: str) -> "tuple[Accepted, ...]":
    from nvgre_doctor.report.baseline import (  # with what makes fingerprints
        BaselineError,
        read_baseline,
    )

    try:
        return read_baseline(baseline)
    except BaselineError as error:
        raise click.ClickException(str(error)) from error


def _write_baseline(report: "Report", path: str, quiet: bool) -> Exit:
    """Accept the findings, unless some may be missing because a capture could not be read."""
    from nvgre_doctor.report.baseline import accept, to_text

    if nothing_was_read(report):
        write_stderr(
            [
                f"nvgre-doctor: {path}: no baseline was written, because not every capture could be"
                " read"
            ]
        )
        return Exit.UNREADABLE
    write_file(path, to_text(accept(report)))
    if not quiet:
        count = len(report.findings)
        write_stderr(
            [
                f"nvgre-doctor: {path}: {count} {'finding is' if count == 1 else 'findings are'}"
                " accepted"
            ]
        )
    return Exit.OK


def _tell_gone(gone: tuple["Accepted", ...]) -> None:
    """Say on standard error which accepted findings went away."""
    lines = [f"nvgre-doctor: gone, but still in the baseline: {row}" for row in gone[:MOST_GONE]]
    if len(gone) > MOST_GONE:
        lines.append(f"nvgre-doctor: and {len(gone) - MOST_GONE} more that are gone")
    write_stderr(lines)


def _tell_unread(report: "Report") -> None:
    """Say on standard error why the exit code is 3, where no text on standard output does."""
    lines = [
        f"nvgre-doctor: {capture.path}: "
        + (
            capture.problems[0].message
            if capture.problems
            else f"nothing was read from it ({capture.status})"
        )
        for capture in report.captures
        if not capture.could_be_judged
    ]
    if lines:
        write_stderr(lines)
