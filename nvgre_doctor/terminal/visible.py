"""Hostile text made harmless: what a capture, an inventory or a file name says can be shown, and
can do nothing.

Knows characters; knows nothing about reports or output formats.
"""

import re
from typing import Final

from nvgre_doctor.terminal.urls import is_url, shown

LONGEST: Final = 1000
"""Characters shown of one piece of text.  No sentence of ours comes near; a 64 kB file name does.
"""

_HEAD: Final = 700
_TAIL: Final = 200

# Azure Pipelines, TeamCity and old GitHub runners look for `##vso[`, `##teamcity[` and `##[`
# anywhere in a line of a log.
_CI_COMMAND: Final = re.compile(r"##(?=\w*\[)")
# GitHub's runner takes a line that begins so for a command, behind spaces too.  All its commands
# hold a letter that no IPv6 address has.
_LINE_COMMAND: Final = re.compile(r"^( *)::(?=[^ :]*[g-z-])", re.IGNORECASE)
_SUSPECT: Final = re.compile(r"[^\x20-\x7e\xa1-\xac\xae-\u02ff]")
# Printable by Unicode's category, but drawn as nothing: grapheme joiner, Hangul fillers, Khmer
# inherent vowels, braille blank, variation selectors.  The other invisible characters (Cc, Cf, Cs,
# Co, Cn, Zl, Zp and odd spaces) fail str.isprintable().
_BLANK: Final = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    r"\U000e0100-\U000e01ef]"
)
_NAMED: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str, encoding: str = "utf-8") -> str:
    r"""Show control, format, invisible and bidirectional characters as `\x1b` or `\u202e`, and long
    text shortened.

    The result is one line, holds no escape sequence and no command for a CI system in its midst,
    and can be encoded in `encoding` (cp437, cp1252, ...) without a loss: what that encoding lacks
    is escaped too.  A URL is shown without its secrets.
    """
    if is_url(text):
        text = shown(text)
    if len(text) <= LONGEST and text.isascii() and text.isprintable() and "##" not in text:
        return text  # nearly always
    if len(text) > LONGEST:
        text = f"{text[:_HEAD]}[... {len(text) - _HEAD - _TAIL} characters ...]{text[-_TAIL:]}"
    text = _CI_COMMAND.sub(r"#\\x23", _SUSPECT.sub(_escaped, text))
    if text.isascii():
        return text
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except (LookupError, UnicodeError):  # an encoding that Python does not know, or of no text
        return text.encode("ascii", "backslashreplace").decode("ascii")


def harmless_line(line: str) -> str:
    r"""A line for people, made of visible text, that may begin with the text of a stranger:
    `::error::` becomes `\x3a:error::`.
    """
    return _LINE_COMMAND.sub(r"\1\\x3a:", line)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if character.isprintable() and not _BLANK.match(character):
        return character
    number = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
