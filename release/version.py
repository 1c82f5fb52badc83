"""Prints the version of the package, or with --changes what CHANGELOG.md says of it."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def version() -> str:
    """The one place that has it is the package."""
    text = (ROOT / "nvgre_doctor" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__(?:: Final)? = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit("nvgre_doctor/__init__.py has no __version__")
    return found[1]


def changes(of: str) -> str:
    """The section of a version."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = re.search(
        rf"^## \[{re.escape(of)}\][^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise SystemExit(f"CHANGELOG.md has no section of {of}")
    return found[1].strip()


if __name__ == "__main__":
    print(changes(version()) if sys.argv[1:] == ["--changes"] else version())
