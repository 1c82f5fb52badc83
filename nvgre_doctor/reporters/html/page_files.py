"""The style and the script of the page, as short as they can be made without a program for it."""

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Final

_STRING: Final = re.compile(r'("(?:[^"\\]|\\.)*")')
_AROUND: Final = re.compile(r" ?([=+*<>?:&|,;{}()\[\]-]|=>) ?")
_PROPERTY: Final = re.compile(r"--[a-z][a-z-]*")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_COMMENTS: Final = ("//", "/*")

SHEETS: Final = (("page.css",), ("page.css", "lists.css"))
"""Of pages with short lists, and with long ones."""
SCRIPTS: Final = ("base.js", "key.js", "rows.js", "lists.js")
"""A page has those that it has a use for."""


def source_of(content: str) -> str:
    """A source of a content security policy: the element with exactly this content."""
    return f"'sha256-{b64encode(sha256(content.encode('ascii')).digest()).decode('ascii')}'"


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
