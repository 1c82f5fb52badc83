"""How often is looked, and what a screen shows."""

import io
import sys
import threading
import time
from pathlib import Path

import pytest

from nvgre_doctor.terminal.display import Display
from nvgre_doctor.terminal.live_area import LiveArea
from nvgre_doctor.watching import folder_names
from nvgre_doctor.watching.clock import SteadyClock
from nvgre_doctor.watching.live_page import LivePage, page
from nvgre_doctor.watching.ring import Folder
from tests.watching.test_watch import mismatch, ring_name
from tests.watching.watched import SetClock, Watched, append, pcap, records, watching
from tests.worlds import NOON, SECOND, A, B


def test_what_takes_long_is_looked_at_later_so_that_it_takes_a_tenth_of_a_core(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes = [0.02, 0.5, 3.0, 0.0]
    watched = Watched(Folder(str(tmp_path)))
    waits: list[float] = []

    class Clock(SetClock):
        def wait(self, seconds: float, ended: threading.Event) -> None:
            waits.append(seconds)
            if len(waits) > len(takes):
                watched.watch.stop()

    used = iter([value for take in (*takes, 0) for value in (100.0, 100.0 + take)])
    watched.watch._clock = Clock(NOON)
    monkeypatch.setattr(time, "thread_time", lambda: next(used))
    watched.watch.run()
    assert waits == [0, 1, pytest.approx(5), pytest.approx(30), 1]


def test_a_watch_of_no_source_that_ends_stops_in_time(tmp_path) -> None:
    watched = Watched(Folder(str(tmp_path)))
    watched.watch._wanted = watched.watch._wanted._replace(for_s=5)
    watched.watch.run()
    assert watched.clock.ns == NOON + 5 * SECOND
    assert watched.of("stopped")[0].fields["reason"] == "time"


def test_it_ends_when_nobody_listens(tmp_path) -> None:
    watched = Watched(Folder(str(tmp_path)))
    watched.kept.is_deaf = True
    watched.watch.run()
    assert watched.of("stopped")[0].fields["reason"] == "nobody reads"


def test_the_steady_clock_goes_on_and_waits_no_longer_than_it_must() -> None:
    clock, ended = SteadyClock(), threading.Event()
    before = clock.now_ns()
    clock.wait(0.01, ended)
    assert clock.now_ns() - before >= 10_000_000
    ended.set()
    clock.wait(1000, ended)


def test_a_screen_shows_hosts_who_cannot_talk_what_is_open_and_what_happened(tmp_path) -> None:
    (tmp_path / ring_name(1)).write_bytes(pcap(mismatch())[:24])
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        append(tmp_path / ring_name(1), records(mismatch()))
        watched.look(0.5)  # four pings and four replies
        standing, events = watched.kept.standings[-1], watched.of("appeared")
        text = page(watched.report, standing, events, Display(width=100))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "| 16 frames/s | 8 NVGRE |" in " ".join(lines[:3])
    assert "Host          Layout    Sure    Sent/s  Last seen" in lines
    assert "192.168.50.2  draft-00  proven       8" in text
    assert "cannot talk  192.168.50.1 and 192.168.50.2" in lines
    assert [line.split()[0] for line in lines if " since " in line] == ["NVG201", "NVG301"]
    assert len([line for line in lines if " appeared " in line]) == 2


def test_a_host_that_sends_no_more_has_no_rate_though_the_window_knows_it(tmp_path) -> None:
    path = tmp_path / ring_name(1)
    path.write_bytes(pcap(mismatch()))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        assert watched.kept.standings[-1].rates == (0, {})  # nobody knows how long that took
        append(path, records(mismatch(at_s=2)))
        watched.look(2)
        assert watched.kept.standings[-1].rates == (4, {A: 2, B: 2})
        watched.look(1)
        assert watched.kept.standings[-1].rates == (0, {})
        assert [host.frames_sent for host in watched.report.hosts] == [8, 8]


def test_nothing_of_a_strangers_name_reaches_the_screen(tmp_path) -> None:
    folder = tmp_path / "evil\x1b[31m\u202e"
    folder.mkdir()
    (folder / ring_name(1)).write_bytes(pcap(mismatch()))
    with watching(Folder(str(folder))) as watched:
        watched.look()
        standing = watched.kept.standings[-1]
        text = page(watched.report, standing, watched.kept.events, Display(width=300))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "evil\\x1b[31m\\u202e" in text


def test_a_screen_is_drawn_in_its_place_and_taken_away(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ring_name(1)).write_bytes(pcap(mismatch()))
    written = io.StringIO()
    written.isatty = lambda: True  # type: ignore[method-assign]
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        monkeypatch.setattr(sys, "stdout", written)
        screen = LivePage(Display(width=100))
        for is_last in (False, False, True):
            assert screen.say(watched.kept.events)
            screen.show(watched.report, watched.kept.standings[-1], is_last=is_last)
    assert "cannot talk" in written.getvalue()


class Gone(io.StringIO):
    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise OSError("gone")


def test_a_terminal_that_goes_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    area = LiveArea()
    monkeypatch.setattr(sys, "stdout", Gone())
    assert not area.show("text")
    area.end()


def test_a_folder_that_takes_long_to_look_at_is_looked_at_half_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1000.0
    monkeypatch.setattr(folder_names, "monotonic", lambda: now_s)
    listing = folder_names.Listing(str(tmp_path))
    assert listing.names(0) == []
    now_s = 1003.0  # it took so long to do what is done with the names
    listing.rest()
    (tmp_path / "one").touch()
    now_s = 1005.9
    assert listing.names(0) is None
    now_s = 1006.1
    assert listing.names(0) == ["one"]
