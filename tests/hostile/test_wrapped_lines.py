"""Text that is wrapped at the words of a stranger: no line of it is a command in a log, and none is
too long.

CI services give some jobs a terminal.
"""

import pytest

from nvgre_doctor.terminal.page import Page, Span, Style, cells
from tests.hostile.readers import runner_commands

COMMANDS = (
    "::error::pwned",
    "::error file=x,line=1::pwned",
    "  ::stop-commands::pwned",
    "::set-output name=x::pwned",
    "::add-mask::x",
    "x::error::pwned",
    "xyz ::error::pwned ::error::again",
    ":::error::pwned",
    "a" * 30 + "::error::pwned",
    "\u4e2d\u6587::error::\u4e2d",
)


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("text", COMMANDS)
def test_no_width_makes_a_command_of_a_text(text: str, color: bool) -> None:
    for width in (None, *range(8, 60)):
        page = Page(width, color=color)
        page.say(Span(text, Style.BAD), indent=2, hang=3)
        page.say("see", Span(" " + text), indent=1)
        page.say(Span("a"), Span(text), Span(text, Style.DIM))
        page.table(("one", "two"), [(Span("ours"), Span(text)), (Span("ours"), Span(text))])
        page.table(("", ""), [(Span("o"), Span(text))])
        shown = page.text().replace("\x1b[0m", "")
        for style in Style:
            shown = shown.replace(f"\x1b[{style}m", "")
        commands = [c for c in runner_commands(shown.encode()) if c.name != "##["]
        assert commands == [], (width, shown)
        if width is not None:
            assert max(map(cells, shown.splitlines())) <= width, (width, shown)


def test_what_is_no_command_stays_as_it_is() -> None:
    page = Page(20, color=False)
    for text in ("::1 and ::", "fe80::1", "::ffff:10.0.0.1", "a::b c::d e::f"):
        page.say(text)
    assert page.text() == "::1 and ::\nfe80::1\n::ffff:10.0.0.1\na::b c::d e::f\n"


def test_a_broken_line_shows_what_it_does_not_say() -> None:
    page = Page(16, color=False)
    page.say("the file is ::error::pwned")
    assert page.text() == "the file is\n\\x3a:error::pwne\nd\n"
