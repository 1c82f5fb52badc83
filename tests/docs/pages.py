"""The pages of the documentation: their fenced blocks and their tables.

What stands between <!-- bench --> or <!-- checked --> and its end was measured by hand, and is not
looked at.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.program import ROOT


@dataclass(frozen=True, slots=True)
class Block:
    """Fenced code; `shown` is the text block that belongs to it."""

    page: str
    language: str
    text: str
    shown: str | None = None

    @property
    def lines(self) -> list[str]:
        return [line for line in self.text.splitlines() if line and not line.startswith("#")]


def read(path: Path) -> str:
    """A page without what was measured."""
    return re.sub(
        r"(<!-- (\w+) -->\n).*?(<!-- /\2 -->)",
        r"\1\3",
        path.read_text("utf-8"),
        flags=re.DOTALL,
    )


PAGES = {
    path.relative_to(ROOT).as_posix(): read(path)
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
"""What users read, by file name."""
EVERYTHING = "\n".join(PAGES.values())


def prose(page: str) -> str:
    """A page without its line breaks."""
    return " ".join(PAGES[page].split())


def read_blocks(page: str) -> list[Block]:
    """The fenced blocks of a page.  A `text` block is the output of the last line of the `sh` or
    `python` block above it.
    """
    found: list[Block] = []
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)
    for language, text in fences:
        if language != "text":
            found.append(Block(page, language, text))
            continue
        index = max(i for i, block in enumerate(found) if block.language in ("sh", "python"))
        assert found[index].shown is None, f"{page}: two outputs of one block"
        found[index] = Block(page, found[index].language, found[index].text, text)
    return found


BLOCKS = [block for page in PAGES for block in read_blocks(page)]


def blocks(language: str, page: str | None = None) -> list[Block]:
    """The blocks of one language, of all pages or of one."""
    return [block for block in BLOCKS if block.language == language and page in (None, block.page)]


def name_of(block: object) -> str:
    """A test's name."""
    assert isinstance(block, Block)
    return f"{block.page}: {block.lines[0]}"


def table(page: str, *header: str) -> list[list[str]]:
    """The rows under this header."""
    _, found, rest = PAGES[page].partition(f"| {' | '.join(header)} |\n")
    assert found, f"{page} has no table {header}"
    lines = rest.split("\n\n")[0].splitlines()
    assert set(lines[0]) == {"|", "-"}
    return [[cell.replace("\\|", "|") for cell in cells(line)] for line in lines[1:]]


def cells(row: str) -> Iterable[str]:
    """The cells of one row, as they are written."""
    return re.split(r" (?<!\\)\| ", row[2:-2])
