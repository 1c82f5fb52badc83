"""The index of captures that were diagnosed each by itself: one line a capture, and what was found
in those that are not good.
"""

from collections.abc import Sequence

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.html import head
from nvgre_doctor.reporters.html.markup import NOTHING, Html, document, tag, text
from nvgre_doctor.reporters.html.page_files import SHEETS, style
from nvgre_doctor.reporters.subjects import capture_paths
from nvgre_doctor.vocabulary import Verdict
from nvgre_doctor.wording import VERDICT_WORDS


def index_page(reports: Sequence[Report]) -> str:
    """The page, without scripts."""
    verdicts = {report.verdict for report in reports} or {Verdict.UNREADABLE}
    worst = next(
        (v for v in Verdict if v in verdicts and v is not Verdict.HEALTHY), Verdict.HEALTHY
    )
    css = style(*SHEETS[0])
    rows = [
        tag(
            "tr",
            tag("td", text(VERDICT_WORDS[report.verdict])),
            tag("th", tag("code", text(" ".join(capture_paths(report)))), scope="row"),
            tag("td", text(report.headline)),
        )
        for report in reports
    ]
    columns = [tag("th", text(word), scope="col") for word in ("Verdict", "Capture", "Why")]
    table = tag("table", tag("thead", tag("tr", *columns)), tag("tbody", *rows))
    details = [_details(report) for report in reports if report.verdict is not Verdict.HEALTHY]
    body = tag(
        "main",
        tag("h1", text("Each capture by itself")),
        tag("section", tag("div.scroll", table, tabindex=0, role="region", aria_label="Captures")),
        *details,
    )
    return document(head(worst, css, []), body)


def _details(report: Report) -> Html:
    """What was found in one capture."""
    findings = [
        tag("li", tag("b", text(f"{finding.severity} {finding.code} ")), text(finding.message))
        for finding in report.findings
    ]
    return tag(
        "section",
        tag(
            "h2",
            text(f"{VERDICT_WORDS[report.verdict]} "),
            tag("code", text(" ".join(capture_paths(report)))),
        ),
        tag("p", text(report.headline)),
        tag("ul", *findings) if findings else NOTHING,
    )
