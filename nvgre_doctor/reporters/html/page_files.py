"""The style and the script of the page, as short as they can be made without a program for it."""

import re
from importlib.resources import files
from typing import Final

_STRING: Final = re.compile(r'("(?:[^"\\]|\\.)*")')
_AROUND: Final = re.compile(r" ?([=+*<>?:&|,;{}()\[\]-]|=>) ?")
_PROPERTY: Final = re.compile(r"--[a-z][a-z-]*")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_COMMENTS: Final = ("//", "/*")


def style(*names: str) -> str:
    """Without indents, empty lines and comments that stand alone, and with short names for custom
    properties.
    """
    css = "\n".join(line for name in names for line in _lines(name))
    properties = sorted(set(_PROPERTY.findall(css)))
    short = {name: f"--{digits}" for name, digits in zip(properties, _LETTERS, strict=False)}
    return _PROPERTY.sub(lambda match: short[match.group()], css)


def script(name: str) -> str:
    """A script without indents, comments and the spaces around operators."""
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
