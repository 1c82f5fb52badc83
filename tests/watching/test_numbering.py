"""Frames of a ring are named as each file numbers them, although its files are judged as one
capture.
"""

import json
from pathlib import Path

from nvgre_doctor.report.to_json import to_dict
from nvgre_doctor.settings.options import Options
from nvgre_doctor.watching.ring import Folder
from tests import build
from tests.every_command import run_here
from tests.watching.test_watch import ring_name
from tests.watching.watched import OLD, RFC, watching
from tests.worlds import A, B, C, Tape, vm

FILES = 4


def story() -> Tape:
    """B moves to the new layout, after A has refused some of what it sent; C sends a stray key."""
    tape = Tape()
    for _ in range(6):
        tape.send(A, B, RFC)
        quote = tape.send(B, A, OLD, vm(2), vm(1), reply=True)
        tape.error(A, B, quote)
    for _ in range(4):
        tape.ping(A, C, RFC, RFC, vm(1), vm(3))
    tape.wait(60)
    for _ in range(9):
        tape.ping(A, B, RFC, RFC)
    return tape


def files_of(tape: Tape, folder: Path) -> list[int]:
    """The tape in several files; how many frames come before each."""
    size = -(-len(tape.frames) // FILES)
    before = [*range(0, len(tape.frames), size)]
    for number, begin in enumerate(before):
        frames = tape.frames[begin : begin + size]
        (folder / ring_name(number + 1)).write_bytes(build.pcap(frames, magic="nano"))
    return before


def numbered_through(value: object, before: list[int]) -> object:
    """A report in JSON, with frames as one file of all would number them."""
    if isinstance(value, list):
        return [numbered_through(item, before) for item in value]
    if isinstance(value, dict):
        found = {name: numbered_through(item, before) for name, item in value.items()}
        if "frame" in found:
            found |= {"capture": 0, "frame": value["frame"] + before[value["capture"]]}
        return found
    return value


def test_a_ring_is_judged_as_one_capture_of_all_its_frames(tmp_path: Path) -> None:
    tape, whole, ring = story(), tmp_path / "whole.pcap", tmp_path / "ring"
    ring.mkdir()
    whole.write_bytes(build.pcap(tape.frames, magic="nano"))
    before = files_of(tape, ring)
    checked = json.loads(run_here("check", str(whole), "-f", "json").stdout)
    with watching(Folder(str(ring)), window_s=600) as watched:
        watched.look()
        watched.look()
        report = to_dict(watched.report)
    seen = numbered_through(report, before)
    assert isinstance(seen, dict)
    assert [capture["frames"] for capture in report["captures"]] == [11, 11, 11, 11]
    for part in ("hosts", "pairs", "refusals", "summary", "verdict", "headline"):
        assert seen[part] == checked[part], part
    assert [(f["code"], f["frames"], f["frame_count"]) for f in seen["findings"]] == [
        (f["code"], f["frames"], f["frame_count"]) for f in checked["findings"]
    ]


def test_numbers_in_words_and_filters_are_those_of_the_file(tmp_path: Path) -> None:
    files_of(story(), tmp_path)
    with watching(Folder(str(tmp_path)), window_s=600) as watched:
        watched.look()
        watched.look()
        (changed,) = [f for f in watched.report.findings if f.code == "NVG202"]
    # Of all frames, 17 is the last that B sends in its old layout, 28 the first in its new one.
    assert "first in frame 6." in changed.message
    assert [frame[:2] for frame in changed.frames] == [(1, 6), (2, 6)]
    assert "frame.number" not in changed.display_filter  # it would mean every file


def test_hosts_that_are_no_nvgre_are_left_out_of_a_ring_too(tmp_path: Path) -> None:
    files_of(story(), tmp_path)
    options = Options(not_nvgre=(C,))
    with watching(Folder(str(tmp_path)), window_s=600, options=options) as watched:
        watched.look()
        watched.look()
        assert [host.address for host in watched.report.hosts] == [A, B]
        assert watched.report.summary.nvgre_frames_left_out == 8


def test_short_frames_are_said_of_the_file_that_holds_them(tmp_path: Path) -> None:
    short = Tape(snaplen=40)
    short.ping(A, B, RFC, OLD)
    (tmp_path / ring_name(1)).write_bytes(build.pcap(story().frames, magic="nano"))
    (tmp_path / ring_name(2)).write_bytes(build.pcap(short.frames, magic="nano"))
    with watching(Folder(str(tmp_path)), window_s=600) as watched:
        watched.look()
        watched.look()
        (cut,) = [f for f in watched.report.findings if f.code == "NVG102"]
    assert cut.subject.capture == 1
    assert [frame[:2] for frame in cut.frames] == [(1, 1), (1, 2)]
    assert cut.message.startswith("2 GRE frames are cut before the key (of 2 frames)")
