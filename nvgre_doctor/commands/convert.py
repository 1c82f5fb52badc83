"""`nvgre-doctor convert`: any format, later, from the JSON of a diagnosis alone."""

import click

from nvgre_doctor.commands._inputs import refuse_terminal
from nvgre_doctor.commands._options import (
    color_option,
    complete_files,
    config_options,
    fail_on_option,
    format_option,
    options_from,
    output_option,
    quiet_option,
    verbose_option,
    verbosity,
)
from nvgre_doctor.commands._outputs import deliver, plan_outputs
from nvgre_doctor.errors import Exit
from nvgre_doctor.report.exits import worst_exit
from nvgre_doctor.terminal.console import tell
from nvgre_doctor.terminal.output import STDOUT

LARGEST_REPORT = 256 * 1024 * 1024
"""In bytes.  A finding takes about 1,000: a quarter of a million fit."""


@click.command(
    "convert",
    epilog="Exit codes are those of check.",
    short_help="Write other formats from the JSON that check wrote.",
)
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
    from nvgre_doctor.report.from_json import ConvertError, reports_from_json
    from nvgre_doctor.terminal.display import display_for_stdout
    from nvgre_doctor.terminal.text_files import TextFileError, read_stdin, read_text

    loudness = verbosity(quiet, verbose)
    refuse_terminal([report], "report")
    options = options_from(config, no_config, fail_on=fail_on, color=color)
    plan = plan_outputs(
        format_name or (None if outputs else options.format),
        outputs,
        filter(None, (report, options.file)),
    )
    try:
        text = read_stdin(LARGEST_REPORT) if report == STDOUT else read_text(report, LARGEST_REPORT)
        reports, are_of_each = reports_from_json(text)
    except (TextFileError, ConvertError) as error:
        tell(f"{report}: {error}")
        return Exit.UNREADABLE
    display = display_for_stdout(options.color, loudness)
    deliver(reports, plan, display, each=are_of_each)
    return worst_exit(reports, options.fail_on)
