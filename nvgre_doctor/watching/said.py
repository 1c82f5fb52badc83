"""Events, as JSON and as lines for people.

Paths and messages are raw text until a line is made of them.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.report.times import rfc3339
from nvgre_doctor.report.to_json import harmless_json
from nvgre_doctor.terminal.visible import harmless_line, visible
from nvgre_doctor.watching.ledger import Change, Row

ABOUT_FINDINGS: Final = ("appeared", "changed", "cleared", "silent")
ASIDE: Final = ("started", "reading", "heartbeat", "stopped")
"""What -q leaves out."""


class Event(NamedTuple):
    """One thing that happened."""

    name: str
    number: int  # they count up, also over a restart with --state
    time_ns: int
    frame_time_ns: int | None  # of the newest frame
    fields: Mapping[str, Any]

    def to_json(self) -> str:
        """One line of ASCII."""
        plain = {
            "event": self.name,
            "number": self.number,
            "time": rfc3339(self.time_ns),
            "frame_time_ns": self.frame_time_ns,
            **self.fields,
        }
        return harmless_json(json.dumps(plain))

    def to_text(self, encoding: str = "utf-8") -> str:
        """One line for people: time, event, and what is to be known of it."""
        clock = (rfc3339(self.time_ns) or "")[:19] + "Z"
        words = visible(_WORDS[self.name](self.fields), encoding)
        return harmless_line(f"{clock} {self.name:9} {words}".rstrip())


def about(change: Change) -> tuple[str, dict[str, Any]]:
    """Name and fields of an event: a finding changed."""
    return change.event, {"since": rfc3339(change.since_ns), "finding": dict(change.row)}


def problem_at(path: str, problem: Problem) -> tuple[str, dict[str, Any]]:
    """The same of a problem, as in `captures[].problems`."""
    fields = {"reason": problem.reason, "offset": problem.offset, "message": problem.message}
    return "problem", {"path": path, **fields}


def subject_words(row: Row) -> str:
    """The hosts of a finding."""
    subject = row["subject"]
    if subject["kind"] == "capture":
        paths = list(row["captures"].values())
        return paths[0] if subject["capture"] is not None and paths else "all captures"
    if subject["kind"] == "pair":
        return " and ".join(subject["hosts"])
    return " to ".join(subject[n] for n in ("address", "source", "destination") if n in subject)


def _finding(fields: Mapping[str, Any]) -> str:
    row = fields["finding"]
    return f"{row['code']} {row['severity']}: {row['message']}"


def _over(fields: Mapping[str, Any]) -> str:
    row = fields["finding"]
    return f"{row['code']} {subject_words(row)}, since {fields['since']}"


def _host(fields: Mapping[str, Any]) -> str:
    before = f", was {fields['from']}" if fields["from"] else ""
    return f"{fields['address']} speaks {fields['to']}{before}"


def _heartbeat(fields: Mapping[str, Any]) -> str:
    room = f", {fields['rss'] // 1_000_000} MB" if fields["rss"] else ""
    counted = f"{fields['frames']:,} frames, {fields['nvgre_frames']:,} NVGRE"
    return f"{fields['rate']:,} frames/s, {counted}{room}"


_WORDS: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "started": lambda fields: ", ".join(fields["sources"]),
    "reading": lambda fields: str(fields["path"]),
    "appeared": _finding,
    "changed": _finding,
    "cleared": _over,
    "silent": _over,
    "host": _host,
    "lost": lambda fields: f"{fields['path']}: {fields['why']}",
    "problem": lambda fields: f"{fields['path']}: {fields['message']}",
    "behind": lambda fields: f"the newest frame read is {fields['seconds']} s old",
    "heartbeat": _heartbeat,
    "stopped": lambda fields: str(fields["reason"]),
}
EVENTS: Final = tuple(_WORDS)
"""All there are."""
