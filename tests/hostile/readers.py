"""How each output is read by its reader: a terminal, GitHub's runner, a Markdown renderer, parsers
of XML and JSON.

Knows those readers; must not know anything of nvgre_doctor.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyte
from markdown_it import MarkdownIt
from markdown_it.token import Token

# --- a terminal --------------------------------------------------------------

HARMLESS: Final = {"draw", "linefeed", "carriage_return"}
"""What plain text does to a terminal."""


class Terminal:
    """A terminal after it was shown something: what is on its screen, and everything that was done
    to it.
    """

    def __init__(self, shown: bytes, columns: int) -> None:
        """A terminal with room for all of it.  A pipe's LF is what a terminal driver makes CR LF
        of.
        """
        self.screen = pyte.Screen(columns, shown.count(b"\n") + 20)
        self.events: dict[str, list[tuple[Any, ...]]] = {}
        stream = pyte.ByteStream(_Recorder(self.screen, self.events))
        stream.feed(re.sub(rb"(?<!\r)\n", b"\r\n", shown))
        self.rows = [row.rstrip() for row in self.screen.display]
        self.text = "\n".join(self.rows).rstrip("\n")

    @property
    def deeds(self) -> set[str]:
        """What was done beside writing text."""
        return set(self.events) - HARMLESS

    def styles(self, row: int, begin: int, end: int) -> set[tuple[Any, ...]]:
        """The looks of some cells: colours, bold, italics, underscore, strikethrough, reverse,
        blink.
        """
        return {tuple(self.screen.buffer[row][column])[1:] for column in range(begin, end)}

    def find(self, words: str) -> tuple[int, int]:
        """Row and column of a text that stands on one row.  pyte composes characters where it
        can.
        """
        words = unicodedata.normalize("NFC", words)
        for number, row in enumerate(self.rows):
            if words in row:
                return number, row.index(words)
        raise AssertionError(f"not on the screen: {words!r}")


PLAIN: Final = ("default", "default", False, False, False, False, False, False)


class _Recorder:
    """Stands between the stream and the screen, and writes down every event."""

    def __init__(self, screen: pyte.Screen, events: dict[str, list[tuple[Any, ...]]]) -> None:
        self._screen = screen
        self._events = events

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._screen, name)
        if name not in pyte.Stream.events:
            return target

        def event(*args: Any, **options: Any) -> Any:
            self._events.setdefault(name, []).append(args)
            return target(*args, **options)

        return event


# --- GitHub's runner, and Azure's agent --------------------------------------

REGISTERED: Final = frozenset(
    [
        "set-output",
        "save-state",
        "add-path",
        "set-env",
        "error",
        "warning",
        "notice",
        "debug",
        "group",
        "endgroup",
        "add-mask",
        "add-matcher",
        "remove-matcher",
        "echo",
        "stop-commands",
        "internal-set-repo-path",
    ]
)


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    data: str


def runner_lines(log: bytes) -> list[str]:
    """As .NET's StreamReader.ReadLine: CR, LF and CR LF end a line, and nothing else does."""
    return re.split("\r\n|\r|\n", log.decode("utf-8", "replace"))


def runner_commands(log: bytes) -> Iterator[Command]:
    """The commands in a log: src/Runner.Common/ActionCommand.cs of actions/runner, both syntaxes,
    `##vso[` of Azure, and `##teamcity[`.
    """
    for line in runner_lines(log):
        stripped = line.lstrip()
        end = stripped.find("::", 2)
        if stripped.startswith("::") and end >= 0:
            name, _, rest = stripped[2:end].partition(" ")
            if name.lower() in REGISTERED:
                items = (item.split("=", 1) for item in rest.strip().split(",") if "=" in item)
                yield Command(
                    name.lower(),
                    {k: _unescaped(v) for k, v in items},
                    _unescaped(stripped[end + 2 :]),
                )
        for mark in ("##[", "##vso[", "##teamcity["):
            at = line.lower().find(mark)
            if at >= 0 and "]" in line[at:]:
                yield Command(mark, {}, line[at:])


def _unescaped(text: str) -> str:
    for token, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(token, plain)
    return text


# --- Markdown ----------------------------------------------------------------

ACTIVE: Final = frozenset(
    [
        "html_inline",
        "html_block",
        "link_open",
        "image",
        "em_open",
        "s_open",
        "code_block",
        "fence",
        "blockquote_open",
        "hr",
        "footnote_ref",
    ]
)
"""Tokens that none of our summaries holds."""


def markdown(text: str) -> list[Token]:
    """All tokens, those inside of lines too."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [*tokens, *(child for token in tokens for child in token.children or ())]


def code_spans(tokens: list[Token]) -> list[str]:
    """The contents of the code spans, in order."""
    return [token.content for token in tokens if token.type == "code_inline"]
