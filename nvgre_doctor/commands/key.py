"""`nvgre-doctor key`: one GRE Key under both layouts."""

import click

from nvgre_doctor.errors import Exit
from nvgre_doctor.terminal.console import write_stdout


@click.command("key")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
def command(keys: tuple[str, ...]) -> int:
    """Show a GRE key under both layouts, and what it proves.

    KEY is 0x00001389, 5001, 00:00:13:89, or the hex stream that Wireshark copies (00001389). Digits
    alone are decimal, unless there are eight and the first is 0. Four words of two hex digits are
    one key.
    """
    from nvgre_doctor.keycard import KeyTextError, draw_key_card, parse_keys
    from nvgre_doctor.terminal.display import display_for_stdout
    from nvgre_doctor.terminal.page import Page

    try:
        given = parse_keys(keys)
    except KeyTextError as error:
        raise click.UsageError(f"{error}.") from error
    display = display_for_stdout()
    page = Page(display.width, color=display.color)
    for key in given:
        page.blank()
        draw_key_card(page, key)
    write_stdout(page.text(), color=display.color)
    return Exit.OK
