"""Report -> one HTML page: the verdict, pictures of it, findings, tables.  No network, no
framework, readable without JavaScript and on paper.

The same report gives the same bytes.  Whatever a report says is text (see `markup`); a policy in
the page allows its own style and script by their hashes, and nothing else.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.html.cards import findings_section, meanings_section, worst_step
from nvgre_doctor.reporters.html.host_map import host_map
from nvgre_doctor.reporters.html.key_bits import key_section
from nvgre_doctor.reporters.html.markup import (
    NOTHING,
    Html,
    document,
    joined,
    number,
    raw_element,
    tag,
    text,
)
from nvgre_doctor.reporters.html.matrix import matrix
from nvgre_doctor.reporters.html.page_files import SCRIPTS, SHEETS, script, source_of, style
from nvgre_doctor.reporters.html.relations import Relations, is_refusal, relations_of
from nvgre_doctor.reporters.html.row_tables import section
from nvgre_doctor.reporters.html.rows_of_report import (
    captures_table,
    hosts_table,
    pairs_table,
    refusals_table,
)
from nvgre_doctor.reporters.html.shown import LOOKS, copied, headline, sentence, word_of
from nvgre_doctor.reporters.html.timeline import timeline
from nvgre_doctor.reporters.subjects import ignored_texts
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.vocabulary import PairVerdict, Verdict
from nvgre_doctor.wording import VERDICT_WORDS

VERDICT_LOOKS: Final = {
    Verdict.MISMATCH: ("bad", "\u2716"),
    Verdict.REFUSED: ("bad", "\u2716"),
    Verdict.OLD_LAYOUT: ("bad", "\u2716"),
    Verdict.UNDECIDED: ("doubt", "?"),
    Verdict.WARNINGS: ("doubt", "!"),
    Verdict.HEALTHY: ("good", "\u2714"),
    Verdict.NO_NVGRE: ("doubt", "\u2013"),
    Verdict.UNREADABLE: ("doubt", "\u2013"),
}
"""Class and symbol of a verdict."""
_ICONS: Final = {
    "bad": ("#b0101a", "M10 10L22 22M22 10L10 22"),
    "doubt": ("#7a5200", "M16 7V18M16 23V25"),
    "good": ("#0a6352", "M9 17L14 22L23 10"),
}
FEW: Final = 8
"""Rows that need no filter; `lists.js` has the number, too."""
_SECTIONS: Final = (
    ("map", "Map"),
    ("timeline", "Timeline"),
    ("findings", "Findings"),
    ("meaning", "Meaning"),
    ("key", "Key"),
    ("hosts", "Hosts"),
    ("pairs", "Pairs"),
    ("refused", "Refused"),
    ("captures", "Captures"),
)


def render(report: Report, display: Display) -> str:
    """The page.  It is ASCII, and so the same for every display."""
    hosts = {host.address: host for host in report.hosts}
    relations = relations_of(report)
    parts = [
        _verdict(report),
        _tiles(report),
        _map(relations),
        timeline(report, relations),
        findings_section(report, hosts),
        meanings_section(report.findings),
        key_section(report),
        section(hosts_table(report, relations), hosts),
        section(pairs_table(report), hosts),
        section(refusals_table(report), hosts),
        section(captures_table(report), hosts),
    ]
    there = [(name, word) for name, word in _SECTIONS if any(f' id="{name}"' in p for p in parts)]
    names = _scripts(report, parts)
    css = style(*SHEETS["lists.js" in names])
    scripts = [script(name) for name in names]
    return document(
        head(report.verdict, css, scripts),
        joined(
            (
                tag("a.skip", text("Skip to the verdict"), href="#verdict"),
                _banner(there),
                tag("main", *parts),
                tag("footer", tag("p", text(f"nvgre-doctor {report.version}"))),
                *(raw_element("script", content) for content in scripts),
            ),
            Html("\n"),
        ),
    )


def _scripts(report: Report, parts: list[Html]) -> list[str]:
    """Those that this page has a use for."""
    lists = (report.hosts, report.pairs, report.refusals, report.findings, report.captures)
    used = (
        True,
        any('id="key"' in part for part in parts),
        any('type="text/plain"' in part for part in parts),
        any(len(members) >= FEW for members in lists),
    )
    return [name for name, is_used in zip(SCRIPTS, used, strict=True) if is_used]


def render_each(reports: Sequence[Report], display: Display) -> str:
    """The index of captures that were diagnosed each by itself; see `index`."""
    from nvgre_doctor.reporters.html.index import index_page  # which uses what is here

    return index_page(reports)


def head(verdict: Verdict, css: str, scripts: list[str]) -> Html:
    """The head of a page with this style and these scripts, and with nothing else."""
    allowed = " ".join(map(source_of, scripts)) or "'none'"
    policy = (
        f"default-src 'none'; style-src {source_of(css)}; script-src {allowed};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    _, symbol = VERDICT_LOOKS[verdict]
    return joined(
        (
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=policy),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("title", text(f"{symbol} {VERDICT_WORDS[verdict]} - nvgre-doctor")),
            tag("link", rel="icon", href=_icon(verdict)),
            raw_element("style", css),
        ),
        Html("\n"),
    )


def _icon(verdict: Verdict) -> str:
    """The verdict for the tab of a browser, as a picture within the page."""
    color, path = _ICONS[VERDICT_LOOKS[verdict][0]]
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>"
        f"<circle cx='16' cy='16' r='16' fill='{color}'/>"
        f"<path d='{path}' fill='none' stroke='#fff' stroke-width='4' stroke-linecap='round'/>"
        "</svg>"
    )
    return f"data:image/svg+xml,{quote(svg, safe=chr(39) + ' =:/')}"


def _banner(sections: list[tuple[str, str]]) -> Html:
    links = [tag("a", text(word), href=f"#{name}") for name, word in sections]
    return tag(
        "header",
        tag("b", text("nvgre-doctor")),
        tag("nav", *links, aria_label="Sections"),
        tag("button.tools", text("Light / dark"), type="button", id="theme"),
    )


def _verdict(report: Report) -> Html:
    """Who, what and what to do, before anything else."""
    style, symbol = VERDICT_LOOKS[report.verdict]
    hosts = {host.address: host for host in report.hosts}
    step, check = worst_step(report)
    return tag(
        f"section.verdict.{style}",
        tag(
            "h1",
            tag("span", text(symbol), aria_hidden="true"),
            text(f" {VERDICT_WORDS[report.verdict]}"),
        ),
        tag("p.headline", headline(report.headline, hosts)),
        tag("p", tag("b", text("Next: ")), sentence(step, hosts)) if step else NOTHING,
        tag("p", copied(check)) if check else NOTHING,
        *(tag("p", text(f"Ignored: {row}")) for row in ignored_texts(report)),
        id="verdict",
    )


def _tiles(report: Report) -> Html:
    totals = report.summary
    old = sum(LOOKS[word_of(host)] in ("old", "both") for host in report.hosts)
    cannot = sum(pair.verdict is PairVerdict.MISMATCH for pair in report.pairs)
    refusals = sum(refusal.count for refusal in filter(is_refusal, report.refusals))
    tiles = (
        (totals.errors, "error", "errors"),
        (totals.warnings, "warning", "warnings"),
        (totals.infos, "note", "notes"),
        (totals.hosts, "host", "hosts"),
        (old, "on the old layout", "on the old layout"),
        (cannot, "pair cannot talk", "pairs cannot talk"),
        (refusals, "refusal", "refusals"),
        (totals.nvgre_frames, "NVGRE frame", "NVGRE frames"),
        (len(report.captures), "capture", "captures"),
    )
    return tag(
        "ul.tiles",
        *(
            tag(
                "li.alarm" if place in (0, 4, 5, 6) and count else "li",
                tag("b", number(count)),
                text(f" {one if count == 1 else many}"),
            )
            for place, (count, one, many) in enumerate(tiles)
        ),
    )


def _map(relations: Relations) -> Html:
    if not relations.hosts:
        return NOTHING
    return tag(
        "section",
        tag("h2", text("Hosts and who can talk")),
        host_map(relations),
        matrix(relations),
        id="map",
    )
