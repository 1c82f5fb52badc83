"""Pages in a real browser: what they asked for, what they said, and what came of some steps.

Knows `drive.mjs` and the programs; knows nothing about reports.
"""

import atexit
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.needs import need

HERE = Path(__file__).resolve().parent
PROGRAMS = {"chromium": "chromium", "firefox": "firefox-esr"}
LONGEST_S = 600
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


class _Driver:
    """A browser that was started, and `drive.mjs`, which tells it what to do."""

    def __init__(self, browser: str) -> None:
        node, program = need("node"), need(PROGRAMS[browser])
        if not (HERE / "node_modules").is_dir():
            pytest.skip("the packages of tests/browser are not installed: tests/browser/needs.sh")
        self._saved = tempfile.TemporaryDirectory(prefix="nvgre-doctor-saved-")
        self._process = subprocess.Popen(
            [node, str(HERE / "drive.mjs"), browser, program, self._saved.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def visit(self, visits: Sequence[Visit], downloads: Path | None) -> list[Told]:
        """What came of it, and what was saved into `downloads`."""
        pages = [{**v._asdict(), "page": None, "url": v.url} for v in visits]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = threading.Timer(LONGEST_S, self._process.kill)
        late.start()
        try:
            self._process.stdin.write(f"{json.dumps(pages)}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        finally:
            late.cancel()
        assert line, "the browser or what drives it has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        for path in Path(self._saved.name).iterdir():
            assert downloads is not None, f"nobody asked for {path.name}"
            shutil.move(path, downloads)
        return [Told(**told) for told in answer["told"]]

    def end(self) -> None:
        """Close the browser."""
        self._process.communicate(timeout=60)
        self._saved.cleanup()


_drivers: dict[str, _Driver] = {}


def visit(
    *visits: Visit, browser: str = "chromium", downloads: Path | None = None, is_new: bool = False
) -> list[Told]:
    """Open pages, one after the other; what they save goes to `downloads`.  The pages of one call
    may know of each other, as through a cache; those of two calls may not.  The browser stays for
    the next call, unless `is_new`: where its start or its memory counts.
    """
    driver = None if is_new else _drivers.pop(browser, None)
    driver = driver or _Driver(browser)
    try:
        told = driver.visit(visits, downloads)
    except BaseException:
        driver.end()
        raise
    if is_new:
        driver.end()
    else:
        _drivers[browser] = driver
    return told


@atexit.register
def end_all() -> None:
    """Close all browsers that stayed."""
    while _drivers:
        _drivers.popitem()[1].end()
