"""How a watch stands, on one screen: who speaks what, who cannot talk, what is open, and what
happened last.

Everything from captures and file names is made visible here.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from nvgre_doctor.report.model import Host, Report
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.live_area import LiveArea
from nvgre_doctor.terminal.page import Page, Span, Style
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Layout, PairVerdict, Severity, Verdict
from nvgre_doctor.watching.said import ASIDE, Event
from nvgre_doctor.watching.standing import OLD_S, Standing
from nvgre_doctor.wording import SURE_WORDS, VERDICT_WORDS, layout_words

MOST_HOSTS, MOST_PAIRS, MOST_FINDINGS, MOST_EVENTS = 12, 4, 6, 5
_WORST_FIRST: Final = (Layout.BOTH, Layout.OLD, Layout.UNKNOWN, Layout.CURRENT)
_STYLES: Final = {
    Layout.BOTH: Style.BAD,
    Layout.OLD: Style.BAD,
    Layout.UNKNOWN: Style.DOUBTFUL,
    Layout.CURRENT: Style.GOOD,
}
_SEVERITIES: Final = {Severity.ERROR: Style.BAD, Severity.WARNING: Style.DOUBTFUL}
_VERDICTS: Final = {
    Verdict.MISMATCH: Style.BAD,
    Verdict.REFUSED: Style.BAD,
    Verdict.OLD_LAYOUT: Style.BAD,
    Verdict.HEALTHY: Style.GOOD,
}
_NS: Final = 1_000_000_000


class LivePage:
    """An outlet that is a screen."""

    def __init__(self, display: Display) -> None:
        """For a terminal like this."""
        self._display = display
        self._area = LiveArea()
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._is_seen = True

    def say(self, events: Sequence[Event]) -> bool:
        """See `Outlet`; shown with what follows."""
        self._events.extend(event for event in events if event.name not in ASIDE)
        return self._is_seen

    def show(self, report: Report, standing: Standing, *, is_last: bool) -> None:
        """See `Outlet`."""
        if is_last:
            self._area.end()
        else:
            self._is_seen = self._area.show(page(report, standing, self._events, self._display))


def page(report: Report, standing: Standing, events: Iterable[Event], display: Display) -> str:
    """The text of the screen."""
    sheet, clean = Page(display.width, color=display.color), _Cleaner(display.encoding)
    sheet.say(Span(clean(_header(standing)), Style.DIM))
    if not report.captures:
        sheet.say("No frames yet.")
        return sheet.text()
    word = Span(VERDICT_WORDS[report.verdict], _VERDICTS.get(report.verdict, Style.DOUBTFUL))
    sheet.say(word, "  " + clean(report.headline), hang=10)
    _hosts(sheet, report, standing, clean)
    _pairs(sheet, report, clean)
    _findings(sheet, standing, clean)
    sheet.blank()
    for event in events:
        sheet.say(Span(_cut(event.to_text(display.encoding), sheet.width), Style.DIM))
    return sheet.text()


class _Cleaner:
    def __init__(self, encoding: str) -> None:
        self._encoding = encoding

    def __call__(self, text: str) -> str:
        return visible(text, self._encoding)


def _header(standing: Standing) -> str:
    length = standing.window_s
    window = "all" if length is None else _span(length)
    is_live = standing.lag_s is not None and standing.lag_s < OLD_S
    lag = f" | newest frame {_span(max(standing.lag_s or 0, 0))} old" if is_live else ""
    behind = f" | behind {standing.behind_s} s" if standing.behind_s else ""
    lost = f" | lost {standing.lost}" if standing.lost else ""
    return (
        f"watching {', '.join(standing.sources)} | {standing.rates.read:,} frames/s"
        f" | {standing.nvgre_frames:,} NVGRE | window {window} | {standing.reading}"
        f"{lag}{behind}{lost}"
    )


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:.1f} s"


def _hosts(sheet: Page, report: Report, standing: Standing, clean: _Cleaner) -> None:
    worst = sorted(report.hosts, key=lambda host: _WORST_FIRST.index(Layout(host.layout)))
    shown = worst[:MOST_HOSTS]
    sheet.blank()
    if shown:
        sheet.table(
            ("Host", "Layout", "Sure", "Sent/s", "Last seen"),
            [
                (
                    Span(clean(host.address)),
                    Span(layout_words(host.layout, host.sender), _STYLES[Layout(host.layout)]),
                    Span(SURE_WORDS[host.confidence]),
                    Span(f"{standing.rates.sent.get(host.address, 0):,}"),
                    Span(_last_seen(host)),
                )
                for host in shown
            ],
            right={3},
        )
    _more(sheet, len(worst) - len(shown), "hosts")


def _last_seen(host: Host) -> str:
    times = [span.last.time_ns for span in host.spans if span.last.time_ns is not None]
    return _clock(max(times)) if times else "-"


def _pairs(sheet: Page, report: Report, clean: _Cleaner) -> None:
    cannot = [pair for pair in report.pairs if pair.verdict is PairVerdict.MISMATCH]
    for pair in cannot[:MOST_PAIRS]:
        sheet.say(Span("cannot talk  ", Style.BAD), clean(" and ".join(pair.hosts)))
    _more(sheet, len(cannot) - MOST_PAIRS, "pairs")


def _findings(sheet: Page, standing: Standing, clean: _Cleaner) -> None:
    sheet.blank()
    for row, since_ns in standing.open[:MOST_FINDINGS]:
        style = _SEVERITIES.get(Severity(row["severity"]), Style.NOTE)
        words = f"  since {_clock(since_ns)}  {clean(row['message'])}"
        sheet.say(Span(row["code"], style), _cut(words, sheet.width, len(row["code"])))
    _more(sheet, len(standing.open) - MOST_FINDINGS, "findings")


def _cut(text: str, width: int | None, before: int = 0) -> str:
    """As much as fits into a line: all of it is in the report."""
    room = (width or len(text) + before) - before
    return text if len(text) <= room else f"{text[: room - 3]}..."


def _more(sheet: Page, count: int, what: str) -> None:
    if count > 0:
        sheet.say(Span(f"and {count} more {what}", Style.DIM))


def _clock(time_ns: int) -> str:
    """Of this place, to the second; "-" for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(time_ns // _NS).astimezone().strftime("%H:%M:%S")
    except (OSError, OverflowError, ValueError):
        return "-"
