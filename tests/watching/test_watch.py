"""What a watch says of files that grow, of rings, pipes and lists: real files and threads, a clock
that the test sets.
"""

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor.settings.options import Options
from nvgre_doctor.watching.ring import Folder
from nvgre_doctor.watching.supply import Names, Pipe, SingleFile, cannot_open
from tests.needs import posix
from tests.watching.watched import HEADER, OLD, RFC, append, pcap, records, watching
from tests.worlds import NOON, SECOND, A, B, C, Tape, vm

OPEN_FILES = Path("/proc/self/fd")


def pings(at_s: float, *given: object) -> Tape:
    """Four pings at that time after noon; each packet is another one at another time."""
    before = round(10 * at_s)
    tape = Tape([(0, b"")] * before, NOON + int(at_s * SECOND))
    for _ in range(4):
        tape.ping(*given)  # type: ignore[arg-type]
    del tape.frames[:before]
    return tape


def mismatch(at_s: float = 0) -> Tape:
    return pings(at_s, A, B, RFC, OLD)


def healthy(at_s: float = 0) -> Tape:
    """The same hosts and virtual machines, after the update of B."""
    return pings(at_s, A, B, RFC, RFC)


def others(at_s: float = 0) -> Tape:
    """A and C alone."""
    return pings(at_s, A, C, RFC, RFC, vm(1), vm(3))


def ring_name(number: int) -> str:
    return f"ring_{number:05}_20130220{120000 + number:06}.pcap"


# --- a file that grows -------------------------------------------------------


def test_a_finding_appears_once_and_is_cleared_when_its_hosts_are_heard_without_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(healthy())[:HEADER])
    with watching(SingleFile(str(path))) as watched:
        assert watched.look() == [("reading", "lab.pcap")]
        append(path, records(mismatch()))
        assert watched.look(1) == [
            ("appeared", "NVG201"),
            ("appeared", "NVG301"),
            ("host", f"{A} rfc7637"),
            ("host", f"{B} draft-00"),
        ]
        append(path, records(mismatch(at_s=10)))
        assert watched.look(10) == []
        append(path, records(healthy(at_s=100)))
        assert watched.look(90) == [
            ("cleared", "NVG201"),
            ("cleared", "NVG301"),
            ("host", f"{B} rfc7637"),
        ]
        assert not watched.of("problem")


def test_hosts_that_are_switched_off_are_silent_and_not_cleared(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    with watching(SingleFile(str(path))) as watched:
        watched.look()
        append(path, records(others(at_s=100)))
        assert watched.look(100) == [
            ("silent", "NVG201"),
            ("silent", "NVG301"),
            ("host", f"{C} rfc7637"),
        ]
        append(path, records(healthy(at_s=110)))
        assert watched.look(10) == [
            ("cleared", "NVG201"),
            ("cleared", "NVG301"),
            ("host", f"{B} rfc7637"),
        ]


def test_what_was_silent_and_is_met_again_appears_again(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    with watching(SingleFile(str(path))) as watched:
        watched.look()
        assert watched.look(100) == [("silent", "NVG201"), ("silent", "NVG301")]
        append(path, records(mismatch(at_s=200)))
        assert watched.look(100) == [("appeared", "NVG201"), ("appeared", "NVG301")]


def test_a_record_that_is_written_in_halves_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    data = pcap(mismatch())
    path.write_bytes(data[:10])
    with watching(SingleFile(str(path))) as watched:
        for end in (HEADER, HEADER + 7, HEADER + 40, len(data) - 3):
            append(path, data[path.stat().st_size : end])
            watched.look(1)
        assert watched.report.summary.frames == 7
        append(path, data[-3:])
        watched.look(1)
        assert watched.report.summary.frames == 8
        assert [capture.status for capture in watched.report.captures] == ["complete"]
        assert not watched.of("problem")


def test_frames_are_numbered_as_in_the_file_however_old_it_is(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(others()))
    with watching(SingleFile(str(path))) as watched:
        watched.look()
        append(path, records(mismatch(at_s=100)))
        watched.look(100)
        assert watched.report.summary.frames == 8  # those of A and C are out of the window
        (old,) = [f for f in watched.report.findings if f.code == "NVG201"]
        assert [(frame.capture, frame.frame) for frame in old.frames] == [(0, 10)]


def test_a_file_that_is_renamed_and_made_anew_is_read_to_its_end_and_then_the_new_one(
    tmp_path: Path,
) -> None:
    path, old = tmp_path / "lab.pcap", tmp_path / "lab.pcap.1"
    path.write_bytes(pcap(others()))
    with watching(SingleFile(str(path))) as watched:
        watched.look()
        path.rename(old)
        append(old, records(others(at_s=1)))  # the writer has not heard of it yet
        assert watched.look(1) == []
        assert watched.report.summary.frames == 16
        path.write_bytes(pcap(mismatch(at_s=2)))
        assert watched.look(1)[0] == ("reading", "lab.pcap")
        assert watched.report.summary.frames == 24
        (old_host,) = [f for f in watched.report.findings if f.code == "NVG201"]
        assert [(frame.capture, frame.frame) for frame in old_host.frames] == [(1, 2)]


def test_a_file_that_is_cut_to_nothing_and_written_anew_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(others()))
    with watching(SingleFile(str(path))) as watched:
        watched.look()
        path.write_bytes(pcap(mismatch(at_s=2))[:-1])
        assert ("reading", "lab.pcap") in watched.look(1)
        assert watched.report.summary.frames == 15
        assert not watched.of("problem")


def test_a_writer_that_does_not_know_that_its_file_was_cut_is_followed_behind_the_hole(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lab.pcap"
    with path.open("wb", buffering=0) as writer, watching(SingleFile(str(path))) as watched:
        writer.write(pcap(others()))
        watched.look()
        os.truncate(path, 0)
        watched.look(1)
        writer.write(records(mismatch(at_s=2)))
        assert ("appeared", "NVG301") in watched.look(1)
        assert watched.report.summary.frames == 16
        assert not watched.of("problem")


def test_what_stands_behind_damage_is_not_read_and_said_once(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()) + b"\xff" * 64)
    with watching(SingleFile(str(path))) as watched:
        assert ("problem", "lab.pcap") in watched.look()
        append(path, records(others(at_s=1)))
        assert watched.look(1) == []
        assert [event.fields["reason"] for event in watched.of("problem")] == ["record-length"]
        path.rename(tmp_path / "old")
        path.write_bytes(pcap(others(at_s=2)))
        assert ("reading", "lab.pcap") in watched.look(1)


def test_only_new_leaves_out_what_is_there_and_numbers_as_wireshark(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(others()) + records(mismatch(at_s=1))[:30])
    with watching(SingleFile(str(path), only_new=True)) as watched:
        assert watched.look() == [("reading", "lab.pcap")]
        append(path, records(mismatch(at_s=1))[30:])
        assert ("appeared", "NVG301") in watched.look(1)
        assert watched.report.summary.frames == 8
        (old,) = [f for f in watched.report.findings if f.code == "NVG201"]
        assert [frame.frame for frame in old.frames] == [10]


# --- a ring ------------------------------------------------------------------


def test_the_files_of_a_ring_are_read_in_order_and_named(tmp_path: Path) -> None:
    (tmp_path / ring_name(1)).write_bytes(pcap(others()))
    (tmp_path / ring_name(2)).write_bytes(pcap(mismatch(at_s=1)))
    with watching(Folder(str(tmp_path))) as watched:
        assert watched.look()[:2] == [("reading", ring_name(1)), ("reading", ring_name(2))]
        (tmp_path / ring_name(3)).write_bytes(pcap(others(at_s=2)))
        assert watched.look(1) == [("reading", ring_name(3))]
        paths = [Path(capture.path).name for capture in watched.report.captures]
        assert paths == [ring_name(1), ring_name(2), ring_name(3)]
        (old,) = [f for f in watched.report.findings if f.code == "NVG201"]
        assert [(frame.capture, frame.frame) for frame in old.frames] == [(1, 2)]
        assert watched.report.summary.frames == 24


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="only Linux says which files are open")
def test_of_a_ring_no_file_is_held_open_but_the_one_that_grows(tmp_path: Path) -> None:
    """On Windows its writer could not delete the others."""
    for number in (1, 2, 3):
        (tmp_path / ring_name(number)).write_bytes(pcap(others(at_s=number)))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        assert watched.report.summary.frames == 24
        open_files = {os.path.realpath(each) for each in OPEN_FILES.iterdir()}
        ours = [path.name for path in sorted(tmp_path.iterdir()) if str(path) in open_files]
        assert ours == [ring_name(3)]


def test_a_file_that_is_deleted_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    first = tmp_path / ring_name(1)
    with first.open("wb", buffering=0) as writer, watching(Folder(str(tmp_path))) as watched:
        writer.write(pcap(others()))
        watched.look()
        first.unlink()
        writer.write(records(mismatch(at_s=1)))
        assert ("appeared", "NVG301") in watched.look(1)
        assert not watched.of("lost")


def test_old_files_leave_the_report_with_their_bucket(tmp_path: Path) -> None:
    (tmp_path / ring_name(1)).write_bytes(pcap(mismatch()))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        (tmp_path / ring_name(2)).write_bytes(pcap(healthy(at_s=100)))
        watched.look(100)
        assert [Path(c.path).name for c in watched.report.captures] == [ring_name(2)]
        assert watched.report.summary.frames == 8


def test_a_file_that_was_deleted_before_it_was_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ring_name(1)).write_bytes(pcap(others()))
    folder = Folder(str(tmp_path))
    with watching(folder) as watched:
        watched.look()
        with watched.watch.followers[0].pace.looking():  # the reader stands still
            for number in (2, 3, 4):
                (tmp_path / ring_name(number)).write_bytes(pcap(others(at_s=number)))
            for number in (2, 3):
                (tmp_path / ring_name(number)).unlink()
        watched.look(1)
        assert [(event.name, event.fields["why"]) for event in watched.of("lost")] == [
            ("lost", "numbers 00002 to 00003 of the ring, before this file")
        ]
        assert Path(watched.of("lost")[0].fields["path"]).name == ring_name(4)


@posix
@pytest.mark.parametrize("first", ["a.pcap", "z.pcap"])
def test_a_fifo_in_the_place_of_a_file_that_has_not_begun_is_not_waited_for(
    tmp_path: Path, first: str
) -> None:
    (tmp_path / first).touch()
    growing = tmp_path / "m.pcap"
    growing.write_bytes(pcap(others()))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        os.mkfifo(tmp_path / "fifo")
        os.replace(tmp_path / "fifo", tmp_path / first)
        watched.look(1)
        append(growing, records(mismatch(at_s=1)))
        assert ("appeared", "NVG301") in watched.look(1)
        assert not watched.of("lost")


@posix
def test_what_cannot_be_opened_is_said_once_and_does_not_keep_others_from_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = tmp_path / ring_name(1), tmp_path / ring_name(2)
    broken.write_bytes(pcap(others()))
    really = os.open

    def fails(path: str, flags: int, *more: Any, **words: Any) -> int:
        if path == str(broken):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return really(path, flags, *more, **words)

    monkeypatch.setattr(os, "open", fails)
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        whole.write_bytes(pcap(mismatch()))
        assert ("appeared", "NVG301") in watched.look(1)
        assert [event.fields["message"] for event in watched.of("problem")] == [
            "cannot open: Input/output error"
        ]


def test_tcpdumps_ring_that_writes_the_same_names_again_is_read_again(tmp_path: Path) -> None:
    for name, at_s in (("x0", 0), ("x1", 1), ("x2", 2)):
        (tmp_path / name).write_bytes(pcap(others(at_s=at_s)))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        (tmp_path / "x0").write_bytes(pcap(mismatch(at_s=3)))
        assert ("reading", "x0") in watched.look(1)
        assert watched.report.summary.frames == 32
        assert not watched.of("lost")


def test_numbers_in_names_are_numbers(tmp_path: Path) -> None:
    for name, at_s in (("x", 0), ("x2", 2), ("x10", 10)):
        (tmp_path / name).write_bytes(pcap(others(at_s=at_s)))
    with watching(Folder(str(tmp_path))) as watched:
        assert watched.look()[:3] == [("reading", "x"), ("reading", "x2"), ("reading", "x10")]


def test_what_is_no_capture_is_said_and_does_not_end_the_file_that_is_read(tmp_path: Path) -> None:
    first = tmp_path / ring_name(1)
    first.write_bytes(pcap(others()))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        (tmp_path / "zz.txt").write_text("notes of somebody, and no capture")
        (tmp_path / ".hidden").write_bytes(pcap(others()))
        (tmp_path / "zzz").touch()
        (tmp_path / "zzzz").mkdir()
        assert watched.look(1) == [("problem", "zz.txt")]
        append(first, records(mismatch(at_s=1)))
        assert ("appeared", "NVG301") in watched.look(1)
        assert watched.look(1) == []


def test_a_file_that_grows_after_a_later_one_has_begun_is_said_to_be_lost(tmp_path: Path) -> None:
    first, second = tmp_path / ring_name(1), tmp_path / ring_name(2)
    first.write_bytes(pcap(others()))
    second.write_bytes(pcap(others(at_s=1)))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        append(first, records(mismatch(at_s=2)))
        assert watched.look(1) == [("lost", ring_name(1))]
        assert watched.look(1) == []


def test_our_own_files_in_the_folder_are_no_captures_and_no_problem(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    with watching(Folder(str(tmp_path), [str(report)])) as watched:
        report.write_text("<html>")
        (tmp_path / ring_name(1)).write_bytes(pcap(others()))
        assert watched.look()[:1] == [("reading", ring_name(1))]
        assert not watched.of("problem")


def test_a_folder_that_is_deleted_is_waited_for_and_said_once(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    folder.mkdir()
    with watching(Folder(str(folder))) as watched:
        watched.look()
        folder.rmdir()
        assert watched.look(1) == [("problem", "ring")]
        assert watched.look(1) == []
        folder.mkdir()
        (folder / ring_name(1)).write_bytes(pcap(mismatch()))
        assert ("appeared", "NVG301") in watched.look(1)


def test_what_may_not_be_read_is_said_with_the_option_of_dumpcap() -> None:
    error = PermissionError(errno.EACCES, "Permission denied")
    assert cannot_open(error).message == (
        "cannot open: Permission denied; dumpcap -g lets the group read"
    )


def test_only_new_in_a_ring_begins_at_the_end_of_the_last_file(tmp_path: Path) -> None:
    (tmp_path / ring_name(1)).write_bytes(pcap(mismatch()))
    (tmp_path / ring_name(2)).write_bytes(pcap(mismatch(at_s=1)))
    with watching(Folder(str(tmp_path), only_new=True)) as watched:
        assert watched.look() == [("reading", ring_name(2))]
        append(tmp_path / ring_name(2), records(others(at_s=2)))
        assert watched.look(1) == [("host", f"{A} rfc7637"), ("host", f"{C} rfc7637")]
        assert watched.report.summary.frames == 8


# --- pipes and lists ---------------------------------------------------------


@posix
def test_a_fifo_is_read_as_it_comes_and_ends_with_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with watching(Pipe(str(path))) as watched:
        writer = os.open(path, os.O_WRONLY)
        data = pcap(mismatch())
        for begin in range(0, len(data), 37):
            os.write(writer, data[begin : begin + 37])
        os.close(writer)
        assert ("appeared", "NVG301") in watched.look()
        assert watched.watch.ended.wait(10)
        assert watched.report.summary.frames == 8
        assert [capture.status for capture in watched.report.captures] == ["complete"]


@posix
def test_a_pipe_that_ends_in_half_a_packet_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with watching(Pipe(str(path))) as watched:
        threading.Thread(target=path.write_bytes, args=(pcap(mismatch())[:-5],)).start()
        assert ("problem", "fifo") in watched.look()
        assert [capture.status for capture in watched.report.captures] == ["cut"]


def test_files_are_read_as_a_list_names_them(tmp_path: Path) -> None:
    names = tmp_path / "names"
    one, two = tmp_path / "one.pcap", tmp_path / "two.pcap"
    one.write_bytes(pcap(others()))
    two.write_bytes(pcap(mismatch(at_s=1)))
    names.write_text(f"{one}\n{tmp_path / 'gone.pcap'}\n")
    with watching(Names(str(names))) as watched:
        said = watched.look()
        assert said[:2] == [("reading", "one.pcap"), ("lost", "gone.pcap")]
        append(names, str(two).encode()[:5])
        assert watched.look(1) == []
        append(names, str(two).encode()[5:] + b"\r\n")
        assert ("appeared", "NVG301") in watched.look(1)
        assert watched.report.summary.frames == 16


@posix
def test_a_fifo_that_a_list_names_is_not_waited_for(tmp_path: Path) -> None:
    names, fifo = tmp_path / "names", tmp_path / "fifo"
    os.mkfifo(fifo)
    names.write_text(f"{fifo}\n")
    with watching(Names(str(names))) as watched:
        assert ("problem", "fifo") in watched.look()
        assert watched.of("problem")[0].fields["message"] == "cannot open: it is no regular file"


def test_several_sources_are_judged_together(tmp_path: Path) -> None:
    one, two = tmp_path / "one.pcap", tmp_path / "two.pcap"
    sent, answered = Tape(), Tape()
    for _ in range(4):
        sent.send(A, B, RFC, vm(1), vm(2))
        answered.send(B, A, OLD, vm(2), vm(1), reply=True)
    one.write_bytes(pcap(sent))
    two.write_bytes(pcap(answered))
    with watching(SingleFile(str(one)), SingleFile(str(two))) as watched:
        assert ("appeared", "NVG301") in watched.look()


# --- how it stands -----------------------------------------------------------


def test_a_heartbeat_comes_every_minute_with_counts(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    with watching(SingleFile(str(path))) as watched:
        watched.look()
        watched.look(30)
        assert not watched.of("heartbeat")
        watched.look(30)
        (beat,) = watched.of("heartbeat")
        assert (beat.fields["frames"], beat.fields["nvgre_frames"]) == (8, 8)
        assert beat.fields["rate"] == 0


def test_nothing_is_said_of_a_reader_that_has_read_all_however_old_that_is(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    with watching(SingleFile(str(path))) as watched:
        watched.look(3600)
        assert not watched.of("behind")


def test_a_reader_that_is_behind_says_how_far_and_so_every_minute(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    with watching(SingleFile(str(path))) as watched:
        watched.settle()
        watched.clock.ns += 60 * SECOND
        watched.watch.followers[0].pace.is_busy = lambda: True
        watched.watch.look()
        append(path, records(mismatch(at_s=10)))
        watched.look(20)
        append(path, records(mismatch(at_s=20)))
        watched.look(60)
        assert [event.fields["seconds"] for event in watched.of("behind")] == [59, 119]


def test_nobody_is_behind_in_a_capture_of_old_days(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    with watching(SingleFile(str(path))) as watched:
        watched.watch.followers[0].pace.is_busy = lambda: True
        watched.look(90_000)
        assert not watched.of("behind")


def test_events_count_up_and_say_the_time_of_the_newest_frame(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    with watching(SingleFile(str(path))) as watched:
        watched.look()
        events = watched.kept.events
        assert [event.number for event in events] == [1, 2, 3, 4, 5, 6]
        assert events[0].frame_time_ns is None
        assert events[-1].frame_time_ns == NOON + 7_000_000
        assert events[-1].time_ns == NOON


def test_expected_hosts_and_selected_codes_are_those_of_check(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    path.write_bytes(pcap(mismatch()))
    options = Options(select=("NVG3",), not_nvgre=("192.0.2.0/24",))
    with watching(SingleFile(str(path)), options=options) as watched:
        assert [code for name, code in watched.look() if name == "appeared"] == ["NVG301"]
