"""The first picture of the README, what the program prints for a sample in a terminal with colour,
and a screen of watch.

    python -m tests.docs.terminal

writes both anew.  A test compares: the same output gives the same bytes.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from nvgre_doctor.terminal.display import Display
from nvgre_doctor.watching.live_page import page
from nvgre_doctor.watching.ring import Folder
from nvgre_doctor.watching.said import ASIDE
from tests.program import ROOT, in_terminal
from tests.watching.test_watch import mismatch, ring_name
from tests.watching.watched import pcap, watching

PICTURE: Final = ROOT / "docs" / "pictures" / "terminal.svg"
PICTURE_OF_WATCH: Final = ROOT / "docs" / "pictures" / "watch.svg"
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
    return _drawn(printed, f"nvgre-doctor {SAMPLE}", "nvgre-doctor")


def picture_of_watch() -> str:
    """The same of a screen of watch: two files of a ring, with a mismatch."""
    with TemporaryDirectory() as place, _at_home_in(place):
        ring = Path("ring")
        ring.mkdir()
        with watching(Folder(str(ring)), window_s=600) as watched:
            for number, tape in enumerate((mismatch(), mismatch(at_s=1))):
                (ring / ring_name(number + 1)).write_bytes(pcap(tape))
                watched.look(1)
            display = Display(color=True, width=COLUMNS)
            shown = [event for event in watched.kept.events if event.name not in ASIDE][:2]
            screen = page(watched.report, watched.kept.standings[-1], shown, display)
    drawn = _drawn(screen, "nvgre-doctor watch ring", "w")
    drawn = drawn.replace("&#160;", "\N{NO-BREAK SPACE}")
    return re.sub(r"\n[ ]+", "\n", drawn)  # pictures are to be small


def _drawn(printed: str, title: str, name: str) -> str:
    console = Console(width=COLUMNS, record=True, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(printed))
    return console.export_svg(title=title, theme=_THEME, code_format=_SVG, unique_id=name)


@contextmanager
def _at_home_in(folder: str) -> Iterator[None]:
    """There, in Greenwich."""
    here, zone = os.getcwd(), os.environ.get("TZ")
    try:
        os.chdir(folder)
        _set_zone("UTC0")
        yield
    finally:
        os.chdir(here)
        _set_zone(zone)


def _set_zone(zone: str | None) -> None:
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    time.tzset()


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
    PICTURE_OF_WATCH.write_text(picture_of_watch(), "utf-8")
