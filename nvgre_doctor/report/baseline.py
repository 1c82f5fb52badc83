"""Baselines: findings that were accepted once, so that only new ones are told.

Knows findings by their fingerprints, which hold neither frames nor times nor words; see
fingerprint.py.  The file is JSON, sorted, without time or version of the program: the same findings
give the same bytes.  Whoever accepts a finding does not cure the network: the verdict stays what it
is.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from nvgre_doctor.errors import GivenError
from nvgre_doctor.known.ignored import Ignore
from nvgre_doctor.report import fingerprint
from nvgre_doctor.report.checked_json import JsonError, Value, parse, shown
from nvgre_doctor.report.model import Report
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.terminal.text_files import TextFileError, read_text
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.vocabulary import Severity

KIND: Final = "nvgre-doctor baseline"
VERSION: Final = 1
"""Of the file.  Fingerprints have a version of their own, and both must fit."""
LARGEST_FILE: Final = 8 * 1024 * 1024
"""In bytes.  An accepted finding takes about 250: more than 30,000 fit.  What Python makes of it
takes up to 25 times as much.
"""


class BaselineError(GivenError):
    """The file cannot be used; the message names it, and says why and what to do."""


class Accepted(NamedTuple):
    """Findings with one fingerprint, and how many of them.  `capture` is None for those about all
    captures together.
    """

    fingerprint: str
    count: int  # type: ignore[assignment]  # a tuple has a method of this name
    code: str
    kind: str  # of the subject, as in rules.finding.Subject
    hosts: tuple[str, ...]
    capture: str | None

    def __str__(self) -> str:
        """For people: `NVG201 10.0.0.7 (lab.pcapng)`."""
        subject = (" to " if self.kind == "flow" else " and ").join(self.hosts)
        where = "" if self.capture is None else f"({self.capture})"
        return visible(" ".join(filter(None, (self.code, subject, where))))


def accept(*reports: Report) -> tuple[Accepted, ...]:
    """Every finding of some reports.  The same one in several of them is accepted once, as often as
    in the report that has it most often.
    """
    rows: dict[str, Accepted] = {}
    for report in reports:
        counts = Counter(fingerprint.fingerprint(report, finding) for finding in report.findings)
        for finding in report.findings:
            row = _identify(report, finding)
            known = rows.get(row.fingerprint, row)
            count = max(known.count, counts[row.fingerprint])
            rows[row.fingerprint] = known._replace(count=count)
    return _sorted(rows.values())


def only_new(
    report: Report, baseline: Iterable[Accepted], selected: Iterable[str]
) -> tuple[Report, tuple[Accepted, ...]]:
    """The report with the findings that are not in the baseline, and what is in the baseline and
    was not found any more.

    Of several findings with one fingerprint the first ones are the accepted ones.  A finding is
    gone only if this run could have told it: its code is among those `selected`, its capture
    among those of the report, its hosts were met, and what fits it was not ignored.
    """
    rows = {row.fingerprint: row for row in baseline}
    left = Counter({key: row.count for key, row in rows.items()})
    new = []
    for finding in report.findings:
        key = fingerprint.fingerprint(report, finding)
        if left[key] > 0:
            left[key] -= 1
        else:
            new.append(finding)
    codes = set(selected)
    captures = {None, *fingerprint.capture_names(report)}
    met = {host.address for host in report.hosts}
    gone = _sorted(
        row._replace(count=left[key])
        for key, row in rows.items()
        if left[key] and row.code in codes and row.capture in captures and met >= {*row.hosts}
        if not any(Ignore(*one[:3]).fits(row.code, row.hosts) for one in report.ignored)
    )
    severities = [finding.severity for finding in new]
    summary = report.summary._replace(
        errors=severities.count(Severity.ERROR),
        warnings=severities.count(Severity.WARNING),
        infos=severities.count(Severity.INFO),
        in_baseline=len(report.findings) - len(new),
    )
    return report._replace(findings=tuple(new), summary=summary), gone


def only_new_of_each(
    reports: Sequence[Report], baseline: Sequence[Accepted], selected: Iterable[str]
) -> tuple[list[Report], tuple[Accepted, ...]]:
    """The same for several reports.  Gone is what one of them could have found, and none has as
    often as it was accepted.
    """
    codes = frozenset(selected)
    told = [only_new(report, baseline, codes) for report in reports]
    left: dict[str, Accepted] = {}
    for _, gone in told:
        for row in gone:
            known = left.get(row.fingerprint, row)
            left[row.fingerprint] = min(known, row, key=lambda accepted: accepted.count)
    accepted = {row.fingerprint: row.count for row in baseline}
    for report in reports:
        found = Counter(fingerprint.fingerprint(report, finding) for finding in report.findings)
        for key, count in found.items():
            if count >= accepted.get(key, 0):
                left.pop(key, None)
    return [report for report, _ in told], _sorted(left.values())


def to_text(baseline: Iterable[Accepted]) -> str:
    """The file: one accepted finding a line, so that a change of one is a change of one line.

    Errors: BaselineError, for more than could be read again.
    """
    rows = [
        json.dumps(
            {
                "code": row.code,
                "kind": row.kind,
                "hosts": list(row.hosts),
                "capture": row.capture,
                "count": row.count,
                "fingerprint": row.fingerprint,
            }
        )
        for row in _sorted(baseline)
    ]
    head = {"kind": KIND, "version": VERSION, "fingerprint_version": fingerprint.VERSION}
    body = ",\n".join(f"    {row}" for row in rows)
    opening = json.dumps(head, indent=2).removesuffix("\n}")
    text = (
        f'{opening},\n  "findings": [\n{body}\n  ]\n}}\n'
        if rows
        else f'{opening},\n  "findings": []\n}}\n'
    )
    if len(text) > LARGEST_FILE:  # all of it is ASCII
        raise BaselineError(
            f"--write-baseline: the file for {len(rows)} findings would be larger than"
            f" {LARGEST_FILE // 1024 // 1024} MB. Accept fewer: --select, --ignore"
        )
    return text


def read_baseline(path: str) -> tuple[Accepted, ...]:
    """Read what `to_text` wrote.  Errors: BaselineError."""
    name = visible(path)
    try:
        root = parse(read_text(path, LARGEST_FILE))
        if root.get("kind").raw != KIND:
            raise BaselineError(
                f"{name}: this is no baseline. Write one: nvgre-doctor check --write-baseline FILE"
                " CAPTURE..."
            )
        versions = root["version"], root["fingerprint_version"]
        for version, known in zip(versions, (VERSION, fingerprint.VERSION), strict=True):
            if version.raw != known:
                raise BaselineError(
                    f"{name}: {version.path.removeprefix('$.')} is {shown(version.raw)}, and this"
                    f" program reads {known}. Write the baseline again: --write-baseline FILE"
                )
        return root["findings"].each(_accepted)
    except (TextFileError, JsonError) as error:
        raise BaselineError(
            f"{name}: {visible(str(error)).removesuffix('.')}. Write a baseline: nvgre-doctor check"
            " --write-baseline FILE CAPTURE..."
        ) from error


def _accepted(value: Value) -> Accepted:
    return Accepted(
        value["fingerprint"].text(),
        value["count"].integer(1),
        value["code"].text(),
        value["kind"].text(),
        value["hosts"].each(Value.address),
        value["capture"].optional(Value.text),
    )


def _identify(report: Report, finding: Finding) -> Accepted:
    identity = fingerprint.identify(report, finding)
    return Accepted(
        identity.digest(), 1, identity.code, identity.kind, identity.hosts, identity.capture
    )


def _sorted(rows: Iterable[Accepted]) -> tuple[Accepted, ...]:
    return tuple(
        sorted(rows, key=lambda row: (row.code, row.hosts, row.capture or "", row.fingerprint))
    )
