"""How much memory a tab needs while it reads captures: `python -m tests.browser.memory FILE...`
says it of both browsers (Linux).
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.browser.browsers import PROGRAMS, Step, Visit, visit
from tests.browser.site import build_site, served

IS_READY = "document.getElementById('state').textContent === 'Ready'"
IS_ANSWERED = (
    "document.body.classList.contains('answered')"
    " && new Promise(done => setTimeout(done, 1000, true))"  # until the report is drawn
)


def peaks(url: str, captures: Sequence[Path], browser: str) -> list[int]:
    """MB that the tab held at most while it read each of them, one after the other, and showed its
    report: what is its own, and its share of what others use too (PSS).
    """
    steps: list[Step] = []
    for capture in captures:
        steps += [
            {"until": IS_READY},
            {"give": {"#files": [str(capture)]}},
            {"peak": IS_ANSWERED},
            {"click": "#again"},
        ]
    (told,) = visit(Visit(url, steps), browser=browser)
    return [int(most) for most in told.results[2::4]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captures", type=Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, served(build_site(Path(place))) as (url, _):
        for browser in PROGRAMS:
            for capture, peak in zip(
                options.captures, peaks(url, options.captures, browser), strict=True
            ):
                size = capture.stat().st_size / 1e6
                print(f"{browser}: {capture.name}, {size:,.0f} MB: {peak} MB at most", flush=True)


if __name__ == "__main__":
    main()
