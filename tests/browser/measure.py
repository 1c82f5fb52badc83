"""What the page in web/ takes: `python -m tests.browser.measure [FILE...]` says of both browsers
how long it is until something is seen, until the first verdict from a cold and from a warm start,
until 100,000 frames are read, and until Cancel has ended a read; beside it how long Pyodide alone
takes to start, and how long a large report takes to open and to filter. Of each FILE it says how
much memory the tab needs (Linux).
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from nvgre_doctor.reporters.html import render
from nvgre_doctor.terminal.display import Display
from tests import build
from tests.benchmarks import profiles
from tests.browser.browsers import PROGRAMS, Step, Visit, visit
from tests.browser.pages import filtered
from tests.browser.site import build_site, served
from tests.large_reports import fabric
from tests.program import ROOT

READY: Final[Step] = {"until": "document.getElementById('state').textContent === 'Ready'"}
ANSWERED: Final[Step] = {"until": "document.body.classList.contains('answered')"}
DRAWN: Final = (
    "document.body.classList.contains('answered')"
    " && new Promise(done => setTimeout(done, 1000, true))"  # until the report is drawn
)
KEPT: Final[Step] = {
    "until": """navigator.serviceWorker.ready.then(() => caches.keys())
        .then(names => caches.open(names[0])).then(cache => cache.keys())
        .then(kept => kept.length === 2)"""
}
READING: Final[Step] = {"until": "document.getElementById('bar').value > 0"}
CANCELLED: Final[Step] = {
    "run": """(async () => {
        const begin = performance.now();
        document.getElementById("cancel").click();
        while (document.getElementById("ask").inert)
            await new Promise(done => setTimeout(done, 5));
        return performance.now() - begin;
    })()"""
}
_NOW: Final[Step] = {"run": "performance.now()"}  # since the page was asked for
_PAINTED: Final[Step] = {
    "run": "performance.getEntriesByName('first-contentful-paint')[0].startTime"
}
_SAMPLE: Final[Step] = {"click": "#sample"}
_BARE: Final = {
    "index.html": """<!DOCTYPE html><title>Pyodide alone</title><script type="module">
        const worker = new Worker("worker.mjs", {type: "module"});
        worker.onmessage = () => { globalThis.took = performance.now(); };
        </script>""",
    "worker.mjs": """import { loadPyodide } from "./pyodide.mjs";
        (await loadPyodide()).runPython("1");
        postMessage("ready");""",
}


def give(*files: Path) -> Step:
    """Choose files, as by the button."""
    return {"give": {"#files": [str(file) for file in files]}}


class Times(NamedTuple):
    """Milliseconds, each since the page was asked for, or since something was given or clicked."""

    pyodide: float  # alone, until it has run a line
    painted: float
    cold: float  # the first verdict: the sample is clicked at once
    warm: float  # the same when the page was there before
    frames: float  # 100,000 frames, until their verdict
    cancel: float


@contextmanager
def bare_pyodide() -> Iterator[str]:
    """The address of a page that starts the same Pyodide in a worker, and nothing else."""
    with tempfile.TemporaryDirectory() as place:
        for path in (ROOT / "web" / "node_modules" / "pyodide").iterdir():
            if path.name.startswith(("pyodide", "python_stdlib")):
                shutil.copy(path, place)
        for name, content in _BARE.items():
            (Path(place) / name).write_text(content)
        with served(Path(place)) as (address, _):
            yield address


def many_frames(path: Path, count: int, size: int = 98) -> Path:
    """A capture that takes long to read, made unless it is there; the longer the frames, the less
    so.
    """
    if path.exists():
        return path
    path.write_bytes(build.pcap([]) + build.pcap([(0, bytes(size))])[24:] * count)
    return path


def times(url: str, browser: str, place: Path) -> Times:
    """Each once, of a browser that knows nothing yet; captures are made in `place`."""
    lab, large = place / "lab.pcap", many_frames(place / "large.pcap", 4_000_000)
    if not lab.exists():
        profiles.write(lab, "lab", 100_000)
    with bare_pyodide() as bare:
        alone = [{"until": "globalThis.took"}, {"run": "globalThis.took"}]
        (started,) = visit(Visit(bare, alone), browser=browser, is_new=True)
    first = [_SAMPLE, ANSWERED, _NOW]
    cold, warm, read = visit(
        Visit(url, [*first, _PAINTED, KEPT]),
        Visit(url, first),
        Visit(
            url,
            [READY, give(lab), ANSWERED, {"click": "#again"}, give(large), READING, CANCELLED],
        ),
        browser=browser,
        is_new=True,
    )
    return Times(
        started.results[1],
        cold.results[3],
        cold.results[2],
        warm.results[2],
        read.results[2],
        read.results[6],
    )


class ReportTimes(NamedTuple):
    """Milliseconds, of the report of 10,000 hosts and 100,000 findings."""

    opened: float  # since the page was asked for
    first_filter: float  # of its hosts, with the unpacking of them
    next_filter: float


def report_times(browser: str, place: Path) -> ReportTimes:
    """Each once; the report is made in `place`."""
    page = place / "report.html"
    if not page.exists():
        page.write_text(render(fabric(10_000, 60_000, 100_000), Display()), "ascii")
    ended: Step = {"run": "performance.getEntriesByType('navigation')[0].loadEventEnd"}
    timed = [
        {"run": f"{{const begin = performance.now(); {step['run']}.then(told => "
                "[told, performance.now() - begin])}"}
        for step in (filtered("#hosts", "draft-00"), filtered("#hosts", "rfc 10.0.1"))
    ]  # fmt: skip
    (told,) = visit(Visit(page, [ended, *timed]), browser=browser, is_new=True)
    return ReportTimes(told.results[0], told.results[1][1], told.results[2][1])


def peaks(url: str, captures: Sequence[Path], browser: str) -> list[int]:
    """MB that the tab held at most while it read each of them, one after the other, and showed its
    report: what is its own, and its share of what others use too (PSS).
    """
    steps: list[Step] = []
    for capture in captures:
        steps += [READY, give(capture), {"peak": DRAWN}, {"click": "#again"}]
    (told,) = visit(Visit(url, steps), browser=browser, is_new=True)
    return [int(most) for most in told.results[2::4]]


def say(what: str, rounds: Sequence[Times] | Sequence[ReportTimes]) -> None:
    """The median of each."""
    for name, values in zip(rounds[0]._fields, zip(*rounds, strict=True), strict=True):
        print(f"{what}: {name} {median(values) / 1000:.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captures", type=Path, nargs="*", metavar="FILE")
    parser.add_argument("--rounds", type=int, default=3, help="of the times; the medians are said")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with served(build_site(place / "site")) as (url, _):
            for browser in PROGRAMS:
                rounds = [times(url, browser, place) for _ in range(options.rounds)]
                say(browser, rounds)
                say(f"{browser}, report", [report_times(browser, place) for _ in rounds])
                for capture, peak in zip(
                    options.captures, peaks(url, options.captures, browser), strict=True
                ):
                    size = capture.stat().st_size / 1e6
                    print(f"{browser}: {capture.name}, {size:,.0f} MB: {peak} MB at most")


if __name__ == "__main__":
    main()
