"""Pages in a real browser: what they asked for, what they said, and what came of some steps.

Knows `drive.mjs` and the programs; knows nothing about reports.
"""

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.needs import need

HERE = Path(__file__).resolve().parent
PROGRAMS = {"chromium": "chromium", "firefox": "firefox-esr"}
Step = dict[str, Any]


class Told(NamedTuple):
    """What one page did: the result of each step, and what nobody asked for."""

    results: list[Any]
    requests: list[str]
    messages: list[str]


class Visit(NamedTuple):
    """A page that is opened, and what is done there; `before` is run before its own scripts."""

    page: Path | str
    steps: list[Step]
    dark: bool = False
    width: int = 1280
    height: int = 900
    javascript: bool = True
    before: str = ""

    @property
    def url(self) -> str:
        return self.page.resolve().as_uri() if isinstance(self.page, Path) else self.page


def visit(*visits: Visit, browser: str = "chromium", downloads: Path | None = None) -> list[Told]:
    """Open pages, one after the other, in one browser; what they save goes to `downloads`."""
    node, program = need("node"), need(PROGRAMS[browser])
    if not (HERE / "node_modules").is_dir():
        pytest.skip("the packages of tests/browser are not installed: tests/browser/needs.sh")
    asked = {
        "browser": browser,
        "program": program,
        "downloads": downloads and str(downloads),
        "pages": [{**v._asdict(), "page": None, "url": v.url} for v in visits],
    }
    done = subprocess.run(
        [node, str(HERE / "drive.mjs")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Told(**told) for told in json.loads(done.stdout)]
