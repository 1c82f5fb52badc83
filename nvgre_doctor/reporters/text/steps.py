"""What to do about it, at the end of a text report, where it stays on the screen."""

from collections.abc import Iterator
from typing import Final

from nvgre_doctor.report.model import Report
from nvgre_doctor.reporters.subjects import next_step_text
from nvgre_doctor.reporters.text.sheet import Sheet
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.nvg204_unknown import UNKNOWN
from nvgre_doctor.terminal.page import Span, Style
from nvgre_doctor.terminal.urls import is_url
from nvgre_doctor.vocabulary import Confidence, Layout, Sender, Severity

_LABEL: Final = 8
"""Columns of what stands before a step."""
_TYPED: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/\\:._-+=,@%~ "
)
"""Characters of a path that mean themselves between double quotes in every shell."""


PROFILE: Final = "with our columns: nvgre-doctor wireshark install, then wireshark -C NVGRE ..."
"""Wireshark refuses to start with a profile that is not there, so the line above has none."""
UPDATE: Final = (
    "Find the host with Get-NetVirtualizationProviderAddress. If Get-HotFix -Id KB2779768 finds"
    " nothing there, install that update and restart."
)


def write_steps(sheet: Sheet) -> None:
    """The hosts to update, all of them, to copy; else the next step of the worst finding.  Then how
    to see it in Wireshark.
    """
    if hosts := list(hosts_to_update(sheet.report)):
        label = Span(f"To update ({len(hosts)})  ", Style.HEADING)
        sheet.say(label, ", ".join(map(sheet.clean, hosts)), hang=_LABEL)
        _step(sheet, "How", UPDATE)
    elif step := last_step(sheet.report):
        _step(sheet, "Next", sheet.clean(step))
    if command := _see_it(sheet.report):
        _step(sheet, "See it", command)
        if sheet.detailed:
            sheet.say(Span(PROFILE, Style.DIM), indent=_LABEL)


def hosts_to_update(report: Report) -> Iterator[str]:
    """Those that speak the old layout for certain, still, and are no surprise that was meant."""
    blamed = {
        host
        for finding in report.findings
        if finding.severity is Severity.ERROR and finding.subject.kind == "host"
        for host in finding.subject.hosts
    }
    for host in report.hosts:
        if (
            host.address in blamed
            and host.layout == Layout.OLD
            and host.confidence is Confidence.PROVEN
            and host.sender is Sender.HYPER_V
            and not host.is_stale
        ):
            yield host.address


def last_step(report: Report) -> str:
    """What is said as the next step at the end, where no hosts are to be updated: that of the worst
    finding that has one; what is broken goes before what is only not known.
    """
    if any(hosts_to_update(report)):
        return ""
    findings = [finding for finding in report.findings if finding.next_step]
    worst = [finding for finding in findings if finding.severity is findings[0].severity]
    first = next((finding for finding in worst if finding.code != UNKNOWN.code), None)
    chosen = first or next(iter(worst), None)
    return next_step_text(chosen) if chosen else ""


def _step(sheet: Sheet, label: str, text: str) -> None:
    sheet.say(Span(f"{label:<{_LABEL}}", Style.HEADING), text, hang=_LABEL)


def _see_it(report: Report) -> str:
    """How to open Wireshark at the first frame of the worst finding; empty where a path cannot be
    typed just so, and for a URL, which Wireshark does not open.
    """
    for finding in report.findings:
        path = _path_of(report, finding)
        can_be_typed = _TYPED.issuperset(path) and not path.startswith("-")
        if path and can_be_typed and not is_url(path):
            quoted = f'"{path}"' if " " in path or "\\" in path else path
            return f"wireshark -g {finding.frames[0].frame} {quoted}"
    return ""


def _path_of(report: Report, finding: Finding) -> str:
    return report.captures[finding.frames[0].capture].path if finding.frames else ""
