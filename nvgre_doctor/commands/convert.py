"""`nvgre-doctor convert`: any format, later, from the JSON of a diagnosis alone."""

import sys

import click

from nvgre_doctor.commands._options import (
    color_option,
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
from nvgre_doctor.report.exits import Exit, exit_code
from nvgre_doctor.terminal.output import STDOUT, write_stderr

LARGEST_REPORT = 256 * 1024 * 1024
"""In bytes.  A finding takes about 1,000: a quarter of a million fit."""


@click.command("convert", epilog="Exit codes are those of check.")
@click.argument("report", metavar="REPORT.json", shell_complete=complete_files)
@format_option
@output_option
@fail_on_option
@config_options
@color_option
@quiet_option
@verbose_option
def command(
    report: str,
    format_name: str | None,
    outputs: tuple[str, ...],
    fail_on: str | None,
    config: str | None,
    no_config: bool,
    color: str | None,
    quiet: bool,
    verbose: bool,
) -> int:
    """Write other formats from the JSON that check wrote, without the captures. - is standard
    input.
    """
    from nvgre_doctor.report.from_json import ConvertError, report_from_json
    from nvgre_doctor.terminal.display import display_for_stdout
    from nvgre_doctor.terminal.text_files import TextFileError, read_stdin, read_text

    if quiet and verbose:
        raise click.UsageError("-q and -v exclude each other.")
    if report == STDOUT and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError(
            "- reads a report from standard input, and there is none: pipe one in."
        )
    settings = settings_of(config, no_config)
    plan = plan_outputs(
        format_name or (None if outputs else settings.format),
        outputs,
        filter(None, (report, settings.file)),
    )
    try:
        text = read_stdin(LARGEST_REPORT) if report == STDOUT else read_text(report, LARGEST_REPORT)
        read = report_from_json(text)
    except (TextFileError, ConvertError) as error:
        write_stderr([f"nvgre-doctor: {report}: {error}"])
        return Exit.UNREADABLE
    deliver(read, plan, display_for_stdout(color or settings.color or "auto", verbose - quiet))
    return exit_code(read, fail_on or settings.fail_on or "error")
