"""`nvgre-doctor schema`: print the JSON Schema of `--format json`."""

import click

from nvgre_doctor.errors import Exit
from nvgre_doctor.terminal.console import write_stdout


@click.command("schema")
def command() -> int:
    """Print the JSON Schema of --format json."""
    from nvgre_doctor.report.to_json import read_schema

    write_stdout(read_schema())
    return Exit.OK
