"""What makes two findings of different runs the same one: their code and their hosts.  Of a finding
about a capture it is the name of that capture.

Used by SARIF (partialFingerprints) and by baselines, so that both agree.  Never looks at frame
numbers, times, messages or confidence, nor at the capture in which a host was met: they change from
run to run while the finding stays the same.
"""

import hashlib
import json
import re
from functools import lru_cache
from typing import Final, NamedTuple

from nvgre_doctor.report.model import Report
from nvgre_doctor.rules.finding import Finding

VERSION: Final = 2
"""Part of what is hashed: another recipe gives other fingerprints and never matches old ones by
chance.
"""


class Identity(NamedTuple):
    """What a fingerprint is made of.  The two hosts of a pair have no order, those of a flow do."""

    code: str
    kind: str
    hosts: tuple[str, ...]
    capture: str | None  # its name; None for findings about hosts, or about all captures

    def digest(self) -> str:
        """64 hex digits of a SHA-256 over a canonical JSON text of all fields and the version."""
        # ASCII only: a file name that is not UTF-8 has lone surrogates, which no encoder takes.
        fields = {"version": VERSION, **self._asdict()}
        canonical = json.dumps(fields, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def identify(report: Report, finding: Finding) -> Identity:
    """What stays the same of a finding from run to run."""
    subject = finding.subject
    hosts = tuple(sorted(subject.hosts)) if subject.kind == "pair" else subject.hosts
    index = subject.capture
    capture = None if index is None else capture_names(report)[index]
    return Identity(finding.code, subject.kind, hosts, capture)


def fingerprint(report: Report, finding: Finding) -> str:
    """The digest of a finding's identity."""
    return identify(report, finding).digest()


def capture_names(report: Report) -> tuple[str, ...]:
    """The captures of a report by the names that identities use, in order."""
    return _distinct_names(tuple(capture.path for capture in report.captures))


_DRIVE = re.compile(r"^[A-Za-z]:")
_SEPARATORS = re.compile(r"[/\\]")


@lru_cache(maxsize=4)
def _distinct_names(paths: tuple[str, ...]) -> tuple[str, ...]:
    r"""For each path its last part, or as many of its last parts as tell it from the others.

    The folder that a capture lies in differs from machine to machine, so it counts only where the
    name alone would let one capture answer for another.  Both "/" and "\" separate, and a drive
    counts for nothing, so that a baseline written on Windows holds on Linux.
    """
    parts = {
        path: [part for part in _SEPARATORS.split(_DRIVE.sub("", path)) if part not in ("", ".")]
        for path in paths
    }
    lengths = dict.fromkeys(paths, 1)
    undecided = set(paths)
    while undecided:
        groups: dict[tuple[str, ...], list[str]] = {}
        for path in undecided:
            groups.setdefault(tuple(parts[path][-lengths[path] :]), []).append(path)
        undecided = {
            path
            for group in groups.values()
            if len(group) > 1
            for path in group
            if lengths[path] < len(parts[path])
        }
        for path in undecided:
            lengths[path] += 1
    return tuple("/".join(parts[path][-lengths[path] :]) for path in paths)
