"""The explanation of a finding by its headings, for the reporters that lay it out themselves."""

from typing import Final

from nvgre_doctor.rules.base import Rule

MEANING: Final = "What it means"
"""The heading that every explanation begins with."""


def explained(rule: Rule) -> dict[str, list[str]]:
    """Heading -> paragraphs, each in one line.  A heading is a line of its own."""
    found: dict[str, list[str]] = {}
    paragraphs: list[str] = []
    begins = True
    for line in rule.explain.splitlines():
        if not line.strip():
            begins = True
        elif not line.startswith(" "):
            paragraphs = found.setdefault(line.strip(), [])
            begins = True
        elif begins:
            paragraphs.append(line.strip())
            begins = False
        else:
            paragraphs[-1] += f" {line.strip()}"
    return found
