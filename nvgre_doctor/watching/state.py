"""What a watch must know after a restart, in a file: what was told, and how far each file was read.

No evidence is kept.  The files of the window that are still there are read again, each up to where
it was read in which bucket: so the same evidence lies in the same buckets.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from nvgre_doctor.errors import GivenError
from nvgre_doctor.report.checked_json import LARGEST, JsonError, Value, parse
from nvgre_doctor.report.json_fields import FINDING
from nvgre_doctor.report.json_shapes import read
from nvgre_doctor.terminal.output import write_file
from nvgre_doctor.terminal.text_files import TextFileError, read_text
from nvgre_doctor.terminal.visible import visible
from nvgre_doctor.watching.file_marks import FileRead, Mark, SupplyState
from nvgre_doctor.watching.ledger import Ledger, Open, Row
from nvgre_doctor.watching.said import ABOUT_FINDINGS, EVENTS, Event

KIND: Final = "nvgre-doctor watch"
VERSION: Final = 1
LARGEST_FILE: Final = 64 << 20
"""In bytes: some 100,000 files of a ring."""


class StateError(GivenError):
    """The file cannot be used; the message names it, and says why and what to do."""


class State(NamedTuple):
    """All of it."""

    number: int  # of the last event
    opened: tuple[Open, ...]
    layouts: Mapping[str, str]
    problems: tuple[tuple[str, str, int], ...]  # path, reason, offset of those that were said
    supplies: Mapping[str, SupplyState]  # by path as given
    pending: tuple[Event, ...] = ()  # perhaps not said any more

    def ledger(self) -> Ledger:
        """What was told."""
        return Ledger(self.opened, self.layouts)


NOTHING: Final = State(0, (), {}, (), {})


def save(path: str, state: State) -> None:
    """Whole or not at all.  Errors: OutputError."""
    plain = {
        "kind": KIND,
        "version": VERSION,
        "number": state.number,
        "open": [
            {"finding": one.row, "since_ns": one.since_ns, "shown_ns": one.shown_ns,
             "silent": one.is_silent}
            for one in state.opened
        ],
        "layouts": dict(state.layouts),
        "problems": [list(problem) for problem in state.problems],
        "sources": {
            source: {
                "last_number": supply.last_number,
                "files": {
                    name: {"mark": list(file.mark), "is_over": file.is_over, "read": file.plan}
                    for name, file in supply.files.items()
                },
            }
            for source, supply in state.supplies.items()
        },
        "pending": [list(event) for event in state.pending],
    }  # fmt: skip
    write_file(path, json.dumps(plain) + "\n")


def load(path: str) -> State:
    """What `save` wrote; NOTHING where there is no file.  Errors: StateError."""
    name = visible(path)
    try:
        root = parse(read_text(path, LARGEST_FILE))
        if root.get("kind").raw != KIND or root.get("version").raw != VERSION:
            raise StateError(f"{name}: this is no state of watch that this program reads. {_AWAY}")
        return State(
            root["number"].integer(),
            root["open"].each(_open),
            {host: root["layouts"][host].text() for host in _names(root["layouts"])},
            root["problems"].each(_problem),
            {source: _supply(root["sources"][source]) for source in _names(root["sources"])},
            root["pending"].each(_event),
        )
    except TextFileError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return NOTHING
        raise StateError(f"{name}: {error}. {_AWAY}") from error
    except JsonError as error:
        raise StateError(f"{name}: {visible(str(error)).removesuffix('.')}. {_AWAY}") from error


_CODE: Final = re.compile(r"NVG\d{3}", re.ASCII)
_AWAY: Final = "Name another file for the state, or take this one away"


def _names(value: Value) -> Iterable[str]:
    if not isinstance(value.raw, dict):
        value.fail("an object")
    return value.raw


def _open(value: Value) -> Open:
    return Open(
        _row(value["finding"]),
        value["since_ns"].integer(),
        value["shown_ns"].integer(),
        value["silent"].flag(),
    )


def _row(value: Value) -> Row:
    """A finding as it was told: everything that is ever said of it again is there."""
    read(FINDING, value, LARGEST)
    if not _CODE.fullmatch(value["code"].text()):
        value["code"].fail("a code such as NVG301")
    for name in _names(value["captures"]):
        value["captures"][name].text()
    plain: Any = value.raw
    return cast(Row, plain)


def _problem(value: Value) -> tuple[str, str, int]:
    items = _items(value, 3)
    return items[0].text(), items[1].text(), items[2].integer()


def _supply(value: Value) -> SupplyState:
    files = value["files"]
    return SupplyState(
        {name: _file(files[name]) for name in _names(files)},
        value["last_number"].optional(Value.integer),
    )


def _file(value: Value) -> FileRead:
    mark = Mark(*[item.integer() for item in _items(value["mark"], len(Mark._fields))])
    return FileRead(mark, value["read"].each(_step), value["is_over"].flag())


def _step(value: Value) -> tuple[int, float | None]:
    offset, when = _items(value, 2)
    if when.raw is not None and not isinstance(when.raw, int | float):
        when.fail("seconds")
    return offset.integer(), when.raw


def _event(value: Value) -> Event:
    name, number, time_ns, frame_time_ns, fields = _items(value, len(Event._fields))
    plain: Any = fields.raw
    event = Event(
        name.word(EVENTS),
        number.integer(),
        time_ns.integer(),
        frame_time_ns.optional(Value.integer),
        plain,
    )
    if event.name in ABOUT_FINDINGS:
        _row(fields["finding"])
    try:
        event.to_text()
    except (KeyError, TypeError, ValueError):
        fields.fail(f"what is said of {event.name}")
    return event


def _items(value: Value, count: int) -> Sequence[Value]:
    """Exactly so many."""
    items = value.each(lambda item: item)
    if len(items) != count:
        value.fail(f"a list of {count}")
    return items
