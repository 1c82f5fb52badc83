"""`nvgre-doctor rules`: the table of finding codes."""

import click

from nvgre_doctor.errors import Exit
from nvgre_doctor.terminal.console import write_stdout


@click.command("rules")
def command() -> int:
    """List the finding codes; `explain CODE` tells more."""
    write_rules()
    return Exit.OK


def write_rules() -> None:
    """Write the table to standard output."""
    from nvgre_doctor.rules.registry import RULES
    from nvgre_doctor.terminal.display import display_for_stdout
    from nvgre_doctor.terminal.page import Page, Span

    display = display_for_stdout()
    page = Page(display.width, color=display.color)
    page.table(
        ("Code", "Severity", "Finding"),
        [(Span(rule.code), Span(rule.severity.value), Span(rule.title)) for rule in RULES],
    )
    write_stdout(page.text(), color=display.color)
