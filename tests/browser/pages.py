"""The pages that are looked at: every kind of report, each as a file."""

from pathlib import Path

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.html import render
from nvgre_doctor.terminal.display import Display
from tests import reports
from tests.browser.browsers import Step
from tests.hostile.payloads import EVIL, FILE_NAMES
from tests.large_reports import fabric
from tests.page_reports import MIXED, healthy

PAYLOADS = {what: text for what, (text, _) in FILE_NAMES.items()} | {"evil": EVIL}


def _hostile() -> Report:
    """Every payload wherever a report holds text, in 290 rows, most of them packed."""
    report = fabric(40, 100, 290)
    texts = list(PAYLOADS.values())
    findings = tuple(
        finding._replace(
            message=f"message {number} {texts[number % len(texts)]}",
            display_filter=f"filter {texts[number % len(texts)]}",
            next_step=f"next {texts[number % len(texts)]}",
            check=f"check {texts[number % len(texts)]}",
        )
        for number, finding in enumerate(report.findings)
    )
    captures = tuple(report.captures[0]._replace(path=text) for text in texts)
    hosts = tuple(
        host._replace(
            evidence=(host.evidence[0]._replace(statement=texts[number % len(texts)]),),
            sender_reasons=(texts[-1 - number % len(texts)],),
        )
        for number, host in enumerate(report.hosts)
    )
    headline = f"headline {EVIL} <img src=x onerror=alert(1)>"
    return report._replace(
        findings=findings, captures=captures, hosts=hosts, headline=headline, version=EVIL
    )


REPORTS: dict[str, Report] = {
    "mixed": MIXED,
    "healthy": healthy(7),
    "lab": fabric(16, 120, 115),
    "fabric": fabric(300, 900, 400),
    "hostile": _hostile(),
    "mismatch": reports.MISMATCH,
    "warnings": reports.WARNINGS,
    "no-nvgre": reports.NO_NVGRE,
    "unreadable": reports.UNREADABLE,
}


_FILTER = """(async words => {{
    const input = document.querySelector("{section} input[type=search]");
    const told = document.querySelector("{section} output");
    told.textContent = "";
    input.value = words;
    input.dispatchEvent(new Event("input"));
    while (!told.textContent) await new Promise(done => setTimeout(done, 5));
    return told.textContent;
}})({words!r})"""


def filtered(section: str, words: str) -> Step:
    """Filter a section; what the page says of how many there are."""
    return {"run": _FILTER.format(section=section, words=words)}


def write_pages(folder: Path, names: list[str] | None = None) -> dict[str, Path]:
    """Name -> file."""
    found = {}
    for name in names or list(REPORTS):
        found[name] = folder / f"{name}.html"
        found[name].write_text(render(REPORTS[name], Display()), "ascii")
    return found
