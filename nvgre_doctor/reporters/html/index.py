"""The index of captures that were diagnosed each by itself: one line a capture, and what was found
in those that are not good.
"""

from collections.abc import Sequence

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.html import VERDICT_LOOKS, head
from nvgre_doctor.reporters.html.cards import severity_badge, worst_step
from nvgre_doctor.reporters.html.markup import NOTHING, Html, document, joined, tag, text
from nvgre_doctor.reporters.html.page_files import SHEETS, style
from nvgre_doctor.reporters.html.shown import copied
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
    rows = [_row(place, report) for place, report in enumerate(reports)]
    columns = [tag("th", text(word), scope="col") for word in ("Verdict", "Capture", "Why")]
    table = tag("table.index", tag("thead", tag("tr", *columns)), tag("tbody", *rows))
    details = [
        _details(place, report) for place, report in enumerate(reports) if not _is_good(report)
    ]
    body = tag(
        "main",
        tag("h1", text("Each capture by itself")),
        tag("section", tag("div.scroll", table, tabindex=0, role="region", aria_label="Captures")),
        *details,
    )
    return document(head(worst, css, []), body)


def _is_good(report: Report) -> bool:
    return report.verdict is Verdict.HEALTHY


def _row(place: int, report: Report) -> Html:
    """One line; it leads to what was found."""
    path = tag("code", text(" ".join(capture_paths(report))))
    if not _is_good(report):
        path = tag("a", path, href=f"#capture-{place}")
    return tag(
        "tr",
        tag("td.word", _verdict(report)),
        tag("th.prose", path, scope="row"),
        tag("td.prose", text(report.headline)),
    )


def _verdict(report: Report) -> Html:
    look, symbol = VERDICT_LOOKS[report.verdict]
    mark = tag("span", text(symbol), aria_hidden="true")
    return tag(f"b.s.{look}", joined((mark, text(f" {VERDICT_WORDS[report.verdict]}"))))


def _details(place: int, report: Report) -> Html:
    """What was found in one capture, and what to do first."""
    findings = [
        tag(
            "li",
            severity_badge(finding.severity),
            tag("b", text(f" {finding.code} ")),
            text(finding.message),
        )
        for finding in report.findings
    ]
    step, check = worst_step(report)
    return tag(
        "section",
        tag("h2", _verdict(report), text(" "), tag("code", text(" ".join(capture_paths(report))))),
        tag("p", text(report.headline)),
        tag("ul", *findings) if findings else NOTHING,
        tag("p", tag("b", text("Next: ")), text(step)) if step else NOTHING,
        tag("p", copied(check)) if check else NOTHING,
        id=f"capture-{place}",
    )
