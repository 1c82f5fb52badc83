"""`nvgre-doctor explain CODE`: what a finding means, how it is detected, what it is not, what to
do, sources.
"""

from collections.abc import Iterator
from typing import Final

import click

from nvgre_doctor.commands._options import complete_codes
from nvgre_doctor.commands.rules import write_rules
from nvgre_doctor.errors import Exit
from nvgre_doctor.terminal.console import write_stdout

_WIDEST: Final = 100
"""Columns of a text that is easy to read."""
_USUAL: Final = 80
"""Columns where no terminal tells its width."""


@click.command("explain")
@click.argument("codes", metavar="[CODE...]", nargs=-1, shell_complete=complete_codes)
def command(codes: tuple[str, ...]) -> int:
    """Explain findings: NVG301, or all that begin with NVG3. Without a code: the list of them."""
    from nvgre_doctor.rules.registry import RULES, UnknownCodeError, select_codes
    from nvgre_doctor.terminal.display import display_for_stdout
    from nvgre_doctor.terminal.page import Page, Span, Style

    if not codes:
        write_rules()
        return Exit.OK
    try:
        selected = select_codes(codes)
    except UnknownCodeError as error:
        raise click.UsageError(str(error)) from error
    display = display_for_stdout()
    page = Page(min(display.width or _USUAL, _WIDEST), color=display.color)
    for rule in (rule for rule in RULES if rule.code in selected):
        page.blank()
        page.say(Span(f"{rule.code}  {rule.title}", Style.HEADING), f" ({rule.severity})")
        for indent, paragraph in _paragraphs(rule.explain):
            if indent == 0:
                page.blank()
            page.say(Span(paragraph, Style.HEADING if indent == 0 else Style.PLAIN), indent=indent)
    write_stdout(page.text(), color=display.color)
    return Exit.OK


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Indent and text of each paragraph: lines that follow each other with the same indent are
    one.
    """
    indent, words = 0, ""
    for line in [*text.splitlines(), ""]:
        body = line.strip()
        depth = len(line) - len(line.lstrip())
        if words and (not body or depth != indent):
            yield indent, words
            words = ""
        if body:
            indent, words = depth, f"{words} {body}".strip()
