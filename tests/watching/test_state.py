"""A watch that is killed and begun again: nothing is said twice, nothing is missing."""

import json
import random
from pathlib import Path

import pytest

from nvgre_doctor.watching import state
from nvgre_doctor.watching.ring import Folder
from nvgre_doctor.watching.state import NOTHING, State, StateError
from nvgre_doctor.watching.supply import SingleFile
from tests.watching.test_watch import healthy, mismatch, others, ring_name
from tests.watching.watched import Watched, append, pcap, records, short, watching
from tests.worlds import NOON, SECOND

STEP_S = 7
STEPS_OF_STORY = 60


def story(folder: Path, step: int) -> None:
    """A mismatch comes, is repaired, comes again, its hosts fall silent; files of every size."""
    at_s = STEP_S * step
    phase = step // 14 % 4
    tape = {0: mismatch, 1: healthy, 2: mismatch, 3: others}[phase](at_s)
    number = step // 3
    path = folder / ring_name(number + 1)
    append(path, records(tape) if path.exists() else pcap(tape))
    for old in sorted(folder.iterdir())[:-12]:
        old.unlink()


def told(watched: Watched) -> list[tuple[str, str]]:
    kept = [e for e in watched.kept.events if e.name not in ("started", "reading", "heartbeat")]
    return [short(event) for event in kept]


def of_subjects(said: list[tuple[str, str]]) -> dict[str, list[str]]:
    """What was said of each in turn."""
    found: dict[str, list[str]] = {}
    for name, what in said:
        found.setdefault(what, []).append(name)
    return found


def run_story(folder: Path, kills: set[int], file: Path) -> list[tuple[str, str]]:
    """The events of all lives of a watch that is killed at some steps, and begun again."""
    folder.mkdir()
    said: list[tuple[str, str]] = []
    step = 0
    while step < STEPS_OF_STORY:
        known = state.load(str(file))
        with watching(
            Folder(str(folder), state=known.supplies.get(str(folder))),
            window_s=60,
            state=known,
            save=lambda new: state.save(str(file), new),
            begin_ns=NOON + STEP_S * step * SECOND,
        ) as watched:
            while step < STEPS_OF_STORY:
                story(folder, step)
                watched.look()
                watched.clock.ns += STEP_S * SECOND
                step += 1
                if step in kills:
                    break
            said += told(watched)
    return said


@pytest.mark.long
def test_a_watch_that_is_killed_at_20_moments_says_what_one_says_that_is_not(
    tmp_path: Path,
) -> None:
    whole = run_story(tmp_path / "whole", set(), tmp_path / "whole.json")
    # It is likely while the window holds both layouts of a host, and proven when it does not.
    pair = ["appeared", "cleared", "appeared", "changed", "silent", "appeared"]
    assert of_subjects(whole)["NVG301"] == pair
    kills = set(random.Random(1).sample(range(1, STEPS_OF_STORY), 20))
    killed = run_story(tmp_path / "killed", kills, tmp_path / "killed.json")
    assert of_subjects(killed) == of_subjects(whole)


def test_a_file_that_grows_is_read_again_and_counts_once(tmp_path: Path) -> None:
    path, file = tmp_path / "lab.pcap", tmp_path / "state.json"
    path.write_bytes(pcap(mismatch()))
    saved: list[State] = []
    with watching(SingleFile(str(path)), save=saved.append) as watched:
        watched.look()
        append(path, records(healthy(at_s=100)))
        watched.look(100)
    state.save(str(file), saved[-1])
    known = state.load(str(file))
    supply = SingleFile(str(path), known.supplies[str(path)])
    with watching(supply, state=known, begin_ns=NOON + 101 * SECOND) as again:
        append(path, records(healthy(at_s=101)))
        assert again.look(1) == [("reading", "lab.pcap")]
        assert again.report.summary.frames == 16
        assert again.of("started")[0].number == saved[-1].number + 1


def test_a_file_that_was_written_anew_meanwhile_is_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(others()))
    saved: list[State] = []
    with watching(SingleFile(str(path)), save=saved.append) as watched:
        watched.look()
        watched.look(100)
        append(path, records(others(at_s=100)))
        watched.look()
    path.write_bytes(pcap(mismatch(at_s=110)))
    supply = SingleFile(str(path), saved[-1].supplies[str(path)])
    with watching(supply, state=saved[-1], begin_ns=NOON + 111 * SECOND) as again:
        assert ("appeared", "NVG301") in again.look()
        assert again.report.summary.frames == 8


def test_a_state_that_says_that_more_was_read_than_there_is_delays_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(others()))
    saved: list[State] = []
    with watching(SingleFile(str(path)), save=saved.append) as watched:
        watched.look()
    known = saved[-1].supplies[str(path)]
    mark, plan = known.files["lab.pcap"][:2]
    ((end, when),) = plan
    assert end == mark.size
    more = known.files["lab.pcap"]._replace(plan=((end + 1, when),))
    supply = SingleFile(str(path), known._replace(files={"lab.pcap": more}))
    count = len(saved)
    with watching(supply, state=saved[-1], save=saved.append) as again:
        again.look(1)
        assert again.report.summary.frames == 8
        append(path, records(mismatch(at_s=2)))
        assert ("appeared", "NVG301") in again.look(2)
        assert again.report.summary.frames == 16
    assert len(saved) > count


def test_a_finding_whose_evidence_is_gone_stays_open_for_a_window(tmp_path: Path) -> None:
    first = tmp_path / ring_name(1)
    first.write_bytes(pcap(mismatch()))
    saved: list[State] = []
    with watching(Folder(str(tmp_path)), save=saved.append) as watched:
        watched.look()
    first.unlink()
    folder = Folder(str(tmp_path), state=saved[-1].supplies[str(tmp_path)])
    with watching(folder, state=saved[-1], begin_ns=NOON + 5 * SECOND) as again:
        assert again.look(1) == []
        assert again.look(60) == [("silent", "NVG201"), ("silent", "NVG301")]


def test_numbers_of_the_ring_that_were_missed_meanwhile_are_named(tmp_path: Path) -> None:
    (tmp_path / ring_name(1)).write_bytes(pcap(others()))
    saved: list[State] = []
    with watching(Folder(str(tmp_path)), save=saved.append) as watched:
        watched.look()
    (tmp_path / ring_name(1)).unlink()
    (tmp_path / ring_name(5)).write_bytes(pcap(others(at_s=5)))
    folder = Folder(str(tmp_path), state=saved[-1].supplies[str(tmp_path)])
    with watching(folder, state=saved[-1], begin_ns=NOON + 6 * SECOND) as again:
        again.look()
        assert [event.fields["why"] for event in again.of("lost")] == [
            "numbers 00002 to 00004 of the ring, before this file"
        ]


def test_what_may_not_have_been_said_is_said_again_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    saved: list[State] = []
    with watching(SingleFile(str(path)), save=saved.append) as watched:
        watched.look()
    before = next(one for one in saved if one.pending)
    supply = SingleFile(str(path), before.supplies[str(path)])
    with watching(supply, state=before) as again:
        again.look()
    names = [(event.name, event.number) for event in again.kept.events]
    assert names[:4] == [("appeared", 3), ("appeared", 4), ("host", 5), ("host", 6)]
    assert again.of("started")[0].number == 7
    assert len(again.of("appeared")) == 2


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, file = tmp_path / "lab.pcap", tmp_path / "state.json"
    path.write_bytes(pcap(mismatch()) + b"\xff" * 64)
    saved: list[State] = []
    with watching(SingleFile(str(path)), save=saved.append) as watched:
        watched.look()
    state.save(str(file), saved[-1])
    again = state.load(str(file))
    assert again.problems == ((str(path), "record-length", len(pcap(mismatch()))),)
    state.save(str(tmp_path / "again.json"), again)
    assert (tmp_path / "again.json").read_bytes() == file.read_bytes()


def test_no_file_is_no_state(tmp_path: Path) -> None:
    assert state.load(str(tmp_path / "none.json")) == NOTHING


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"kind": "nvgre-doctor baseline", "version": 1}',
        '{"kind": "nvgre-doctor watch", "version": 2}',
        '{"kind": "nvgre-doctor watch", "version": 1}',
        json.dumps(
            {"kind": "nvgre-doctor watch", "version": 1, "number": 1, "open": [{}], "layouts": {},
             "problems": [], "sources": {}, "pending": []}
        ),
        json.dumps(
            {"kind": "nvgre-doctor watch", "version": 1, "number": 1, "layouts": {},
             "open": [{"finding": {"code": "NVG101", "severity": "warning", "confidence": "proven",
                                   "message": "x", "subject": {"kind": "capture", "capture": 0},
                                   "captures": []},
                       "since_ns": 1, "shown_ns": 1, "silent": False}],
             "problems": [], "sources": {}, "pending": []}
        ),
    ],
)  # fmt: skip
def test_what_is_no_state_is_refused_with_a_way_out(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state\x1b.json"
    file.write_text(text)
    with pytest.raises(StateError) as error:
        state.load(str(file))
    assert "state\\x1b.json" in str(error.value)
    assert "Name another file" in str(error.value)


FINDING = {
    "code": "NVG201", "severity": "error", "confidence": "proven", "message": "old",
    "subject": {"kind": "host", "address": "10.0.0.1"}, "frames": [], "frame_count": 0,
    "display_filter": "ip", "next_step": "", "check": None, "captures": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("open", {**FINDING, "severity": "fatal"}),
        ("open", {**FINDING, "confidence": "x"}),
        ("open", {**FINDING, "code": "\x1b[31mNVG201"}),
        ("open", {**FINDING, "captures": {"0": {}}}),
        ("open", {**FINDING, "subject": {"kind": "pair", "hosts": ["10.0.0.1"]}}),
        ("open", {**FINDING, "subject": {"kind": "pair", "hosts": [{}, {}]}}),
        ("open", {**FINDING, "subject": {"kind": "lab", "address": "10.0.0.1"}}),
        ("pending", ["nonsense", 1, 1, None, {}]),
        ("pending", ["appeared", 1, 1, None, {}]),
        ("pending", ["appeared", 1, 1, None, {"finding": {}, "since": None}]),
        ("pending", ["lost", 1, 1, None, []]),
        ("pending", ["heartbeat", 1, 1, None, {"rss": "x", "frames": 1}]),
    ],
)
def test_a_state_with_what_no_watch_has_told_is_refused(
    tmp_path: Path, name: str, wrong: object
) -> None:
    file = tmp_path / "state.json"
    row = {"since_ns": 1, "shown_ns": 1, "silent": False}
    plain = {"kind": "nvgre-doctor watch", "version": 1, "number": 1, "open": [], "layouts": {},
             "problems": [], "sources": {}, "pending": []}  # fmt: skip
    file.write_text(json.dumps({**plain, "open": [{"finding": FINDING, **row}]}))
    assert state.load(str(file)).opened[0].row == FINDING
    given = {"finding": wrong, **row} if name == "open" else wrong
    file.write_text(json.dumps({**plain, name: [given]}))
    with pytest.raises(StateError, match="Name another file"):
        state.load(str(file))
