"""Which findings are open, and what changed since the last look: it appeared, changed, is over, or
was just not heard any more.

Knows reports; knows nothing about where they come from.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.jsonl import row_of
from nvgre_doctor.reporters.subjects import subject_key
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.vocabulary import Layout

ABOUT_THE_WINDOW: Final = frozenset({"NVG103", "NVG204", "NVG306"})
"""What they say holds for what is in the window, and nothing has happened when they come and go."""
MOST_SILENT: Final = 10_000
"""Findings that are remembered although nobody hears of their hosts any more."""

Key = tuple[str, str, tuple[str, ...]]
"""Code, and kind and hosts of the subject: names of captures change."""
Row = Mapping[str, Any]
"""A finding as in the JSON report."""


class Open(NamedTuple):
    """A finding that was told, and is not cleared."""

    row: Row  # as it was told
    since_ns: int
    shown_ns: int  # when a report had it
    is_silent: bool = False


class Change(NamedTuple):
    """Something to tell of a finding: "appeared", "changed", "cleared" or "silent"."""

    event: str
    row: Row
    since_ns: int


class LayoutSaid(NamedTuple):
    """A host is known to speak another layout than it was known to; None: nothing was known."""

    address: str
    before: str | None
    after: str


class Ledger:
    """What was told."""

    def __init__(
        self, opened: Iterable[Open] = (), layouts: Mapping[str, str] | None = None
    ) -> None:
        """With what was told earlier."""
        self.open: dict[Key, Open] = {key_of(one.row): one for one in opened}
        self.layouts = dict(layouts or {})
        self._not_met = set(self.open)  # since then

    def compare(self, report: Report, now_ns: int, patience_ns: int = 0) -> list[Change]:
        """What changed, in the order of the report; then what is no longer in it.

        What was told earlier and was not met since is open for `patience_ns` more: evidence of it
        may be gone for ever.
        """
        found: dict[Key, Finding] = {}
        for finding in report.findings:
            if finding.code not in ABOUT_THE_WINDOW:
                found.setdefault(_key(finding), finding)  # the worst of those alike
        changes = [
            change
            for key, finding in found.items()
            for change in self._met(key, report, finding, now_ns)
        ]
        sent = {host.address for host in report.hosts if host.frames_sent}
        for key in [key for key in self.open if key not in found]:
            changes += self._missed(key, report, sent, now_ns, patience_ns)
        silent = [key for key, one in self.open.items() if one.is_silent]
        for key in silent[: max(0, len(silent) - MOST_SILENT)]:
            del self.open[key]
        return changes

    def layouts_said(self, report: Report) -> Iterator[LayoutSaid]:
        """Hosts whose layout is another one than before; not to know it any more is none."""
        for host in report.hosts:
            before = self.layouts.get(host.address)
            if host.layout not in (Layout.UNKNOWN, before):
                self.layouts[host.address] = host.layout
                yield LayoutSaid(host.address, before, host.layout)

    def _met(self, key: Key, report: Report, finding: Finding, now_ns: int) -> Iterator[Change]:
        known = self.open.get(key)
        self._not_met.discard(key)
        if known is None or known.is_silent:
            row = row_of(report, finding)
            self.open.pop(key, None)
            self.open[key] = Open(row, now_ns, now_ns)
            yield Change("appeared", row, now_ns)
            return
        before = known.row["severity"], known.row["confidence"]
        if before != (finding.severity.value, finding.confidence.value):
            known = known._replace(row=row_of(report, finding))
            yield Change("changed", known.row, known.since_ns)
        self.open[key] = known._replace(shown_ns=now_ns)

    def _missed(
        self, key: Key, report: Report, sent: set[str], now_ns: int, patience_ns: int
    ) -> Iterator[Change]:
        known = self.open[key]
        if key in self._not_met and now_ns < known.shown_ns + patience_ns:
            return
        if _is_heard(key, report, sent):
            del self.open[key]
            yield Change("cleared", known.row, known.since_ns)
        elif not known.is_silent:
            self.open[key] = known._replace(is_silent=True)
            yield Change("silent", known.row, known.since_ns)


def _key(finding: Finding) -> Key:
    kind, hosts, _ = subject_key(finding)
    return finding.code, kind, hosts


def key_of(row: Row) -> Key:
    """The same of a row."""
    subject = row["subject"]
    hosts = subject.get("hosts") or [
        subject[name] for name in ("address", "source", "destination") if name in subject
    ]
    return row["code"], subject["kind"], tuple(hosts)


def _is_heard(key: Key, report: Report, sent: set[str]) -> bool:
    """Whether a subject was heard in the window: the hosts sent, and to each other."""
    _, kind, hosts = key
    if kind == "capture":
        return report.summary.frames > 0
    if kind == "host":
        return sent.issuperset(hosts)
    pair = next((pair for pair in report.pairs if set(pair.hosts) == set(hosts)), None)
    if pair is None:
        return False
    there, back = pair.frames_forward, pair.frames_backward
    if pair.hosts != hosts:
        there, back = back, there
    return there > 0 and (kind == "flow" or back > 0)
