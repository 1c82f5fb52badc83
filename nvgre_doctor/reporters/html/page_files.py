"""The style and the script of the page, as short as they can be made without a program for it."""

import re
from importlib.resources import files
from typing import Final

_STRING: Final = re.compile(r'("(?:[^"\\]|\\.)*")')
_AROUND: Final = re.compile(r" ?([=+*<>?:&|,;{}()\[\]-]|=>) ?")
_COMMENTS: Final = ("//", "/*")


def style() -> str:
    """Without indents, empty lines and comments that stand alone."""
    return "\n".join(_lines("page.css"))


def script(name: str) -> str:
    """The same, and without the spaces around operators."""
    return "\n".join(
        "".join(
            piece if piece.startswith('"') else _AROUND.sub(r"\1", piece)
            for piece in _STRING.split(line)
        )
        for line in _lines(name)
    )


def _lines(name: str) -> list[str]:
    asset = (files("nvgre_doctor.reporters.html") / "assets" / name).read_text("ascii")
    stripped = (line.strip() for line in asset.splitlines())
    return [line for line in stripped if line and not line.startswith(_COMMENTS)]
