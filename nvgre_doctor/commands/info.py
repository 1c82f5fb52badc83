"""`nvgre-doctor info`: what is in captures before any diagnosis, and whether they can be
diagnosed.
"""

import click

from nvgre_doctor.commands._inputs import refuse_terminal
from nvgre_doctor.commands._options import complete_files
from nvgre_doctor.errors import Exit
from nvgre_doctor.terminal.console import write_stdout


@click.command("info", epilog="Exit: 0, or 3 where a capture could not be read or decoded.")
@click.argument(
    "captures", metavar="CAPTURE...", nargs=-1, required=True, shell_complete=complete_files
)
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    help="text or json.",
)
def command(captures: tuple[str, ...], format_name: str) -> int:
    """Say what is in captures, and whether they can be diagnosed.

    From another computer, until Ctrl-C:

    \b
    ssh HOST tcpdump -U -w - proto 47 or icmp | nvgre-doctor -
    """
    from nvgre_doctor.capture import archives_kept, expand  # with all that it needs
    from nvgre_doctor.info import as_json, as_text
    from nvgre_doctor.info.answer import answer
    from nvgre_doctor.info.contents import read_contents
    from nvgre_doctor.terminal.display import display_for_stdout

    refuse_terminal(captures, "capture")
    with archives_kept():
        contents = [read_contents(path) for path in expand(captures)]
    answers, together = [answer([part]) for part in contents], answer(contents)
    if format_name == "json":
        write_stdout(as_json.render(contents, answers, together))
    else:
        display = display_for_stdout()
        whole = as_text.render(contents, answers, together if len(contents) > 1 else None, display)
        write_stdout(whole, color=display.color)
    return Exit.OK if all(part.was_decoded for part in contents) else Exit.UNREADABLE
