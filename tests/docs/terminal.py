"""The first picture of the README: what the program prints for a sample, in a terminal with colour.

    python -m tests.docs.terminal

writes it anew.  A test compares: the same output gives the same bytes.
"""

from io import StringIO
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.program import ROOT, in_terminal

PICTURE: Final = ROOT / "docs" / "pictures" / "terminal.svg"
SAMPLE: Final = "sample_pcaps/01-mismatch-pings-refused.pcapng"
COLUMNS: Final = 100

_THEME: Final = TerminalTheme(
    (24, 26, 31),
    (215, 218, 224),
    [
        (24, 26, 31),
        (232, 98, 98),
        (120, 190, 110),
        (222, 180, 90),
        (110, 160, 240),
        (200, 130, 220),
        (90, 190, 200),
        (215, 218, 224),
    ],
    [
        (110, 116, 128),
        (250, 120, 120),
        (150, 220, 140),
        (245, 210, 120),
        (140, 185, 255),
        (225, 160, 245),
        (120, 215, 225),
        (255, 255, 255),
    ],
)
_SVG: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
        font-variant-east-asian: full-width;
    }}
    .{unique_id}-title {{
        font-size: 18px;
        font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})"
      clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""
"""As rich has it, without fonts from the web: a page on GitHub loads none."""


def picture() -> str:
    """The text of the SVG, from what the program prints now."""
    printed = in_terminal(SAMPLE, columns=COLUMNS, with_errors=False, cwd=ROOT)
    console = Console(width=COLUMNS, record=True, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(printed))
    return console.export_svg(
        title=f"nvgre-doctor {SAMPLE}", theme=_THEME, code_format=_SVG, unique_id="nvgre-doctor"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
