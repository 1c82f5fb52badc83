"""Captures that are compressed: as they lie in a folder, and while a ring compresses one after the
other.
"""

import bz2
import gzip
import lzma
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nvgre_doctor.watching import state
from nvgre_doctor.watching.ring import Folder
from nvgre_doctor.watching.state import State
from nvgre_doctor.watching.supply import Names, Pipe, SingleFile
from tests.every_command import run_here
from tests.needs import posix
from tests.watching.test_watch import healthy, mismatch, others, ring_name
from tests.watching.watched import Watched, append, pcap, watching
from tests.worlds import NOON, SECOND, C

PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def packed_in_place(path: Path) -> None:
    """As `gzip FILE` does it, and dumpcap: the new file is complete before the old one goes."""
    Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


def read_names(watched: Watched) -> list[str]:
    return [Path(event.fields["path"]).name for event in watched.of("reading")]


# --- as they lie there -------------------------------------------------------


@pytest.mark.parametrize("suffix", PACK)
def test_a_compressed_file_of_a_folder_is_read_whole(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.pcap{suffix}").write_bytes(PACK[suffix](pcap(mismatch())))
    with watching(Folder(str(tmp_path))) as watched:
        assert ("appeared", "NVG301") in watched.look()
        assert watched.report.summary.frames == 8
        (capture,) = watched.report.captures
        assert (capture.status, capture.format) == ("complete", "pcap")
        assert not watched.of("problem")


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("cut", [pytest.param(0, marks=pytest.mark.long), 5], ids=["whole", "cut"])
def test_with_all_in_the_window_the_last_report_of_compressed_files_is_that_of_check(
    tmp_path: Path, suffix: str, cut: int
) -> None:
    ring = tmp_path / "ring"
    ring.mkdir()
    data = PACK[suffix](pcap(mismatch()))
    (ring / f"a.pcap{suffix}").write_bytes(data[: len(data) - cut])
    (ring / "b.pcap").write_bytes(pcap(others(at_s=1)))  # so that the first one has ended
    checked = run_here("check", str(ring), "-f", "json").stdout
    report = tmp_path / "report.json"
    quickly = ("--for", "300ms", "--interval", "50ms")
    run_here("watch", str(ring), "--window", "all", "-o", str(report), *quickly)
    assert report.read_text("utf-8") == checked


def test_a_compressed_file_that_is_being_written_is_read_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap.gz"
    first, second = gzip.compress(pcap(others())), gzip.compress(pcap(mismatch(at_s=1))[24:])
    path.write_bytes(first[:20])
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        append(path, first[20:])
        assert ("host", f"{C} rfc7637") in watched.look(1)
        assert watched.report.summary.frames == 8
        append(path, second[:-9])  # another member; its checksum is not there yet
        append(path, second[-9:])
        assert ("appeared", "NVG301") in watched.look(1)
        assert watched.report.summary.frames == 16
        assert not watched.of("problem")


def test_a_compressed_file_is_followed_alone_and_through_a_list(tmp_path: Path) -> None:
    path, names = tmp_path / "a.pcap.gz", tmp_path / "names"
    path.write_bytes(gzip.compress(pcap(mismatch())))
    names.write_text(f"{path}\n")
    for supply in (SingleFile(str(path)), Names(str(names))):
        with watching(supply) as watched:
            assert ("appeared", "NVG301") in watched.look()


@posix
def test_a_compressed_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    ended = threading.Event()
    one, other = gzip.compress(pcap(mismatch())), gzip.compress(pcap(others(at_s=1))[24:])

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            pipe.write(one)
            ended.wait(30)
            pipe.write(other)

    with watching(Pipe(str(path))) as watched:
        threading.Thread(target=write).start()
        for _ in range(200):
            watched.watch.look()
            if watched.of("appeared"):
                break
            threading.Event().wait(0.02)
        assert watched.of("appeared")  # long before the pipe has ended
        ended.set()
        assert watched.watch.ended.wait(10)
        watched.watch.look()
        assert watched.report.summary.frames == 16


def test_what_is_compressed_and_no_capture_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "notes.gz").write_bytes(gzip.compress(b"notes of somebody, and no capture"))
    with watching(Folder(str(tmp_path))) as watched:
        assert watched.look() == [("problem", "notes.gz")]
        message = watched.of("problem")[0].fields["message"]
        assert message.startswith("inside the gzip data: this is text, not a capture")
        assert watched.look(1) == []


def test_damage_below_a_compression_is_said(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(pcap(mismatch())))
    data[-8] ^= 1  # of the checksum
    (tmp_path / "a.pcap.gz").write_bytes(data)
    with watching(Folder(str(tmp_path))) as watched:
        assert ("problem", "a.pcap.gz") in watched.look()
        assert watched.report.summary.frames == 8
        assert watched.of("problem")[0].fields["reason"] == "damaged-compressed"


def test_an_archive_is_said_to_be_for_check(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("a.pcap", pcap(mismatch()))
    with watching(Folder(str(tmp_path))) as watched:
        assert watched.look() == [("problem", "old.zip")]
        assert "nvgre-doctor check" in watched.of("problem")[0].fields["message"]


def test_only_new_leaves_out_all_of_a_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "a.pcap.gz").write_bytes(gzip.compress(pcap(mismatch())))
    with watching(Folder(str(tmp_path), only_new=True)) as watched:
        assert watched.look() == [("reading", "a.pcap.gz")]
        (tmp_path / "b.pcap").write_bytes(pcap(others(at_s=1)))
        watched.look(1)
        assert watched.report.summary.frames == 8
        assert not watched.of("appeared")


# --- a ring whose files are compressed when they are complete ----------------


def test_a_file_that_was_read_and_is_compressed_then_is_not_read_again(tmp_path: Path) -> None:
    first, copy = tmp_path / ring_name(1), tmp_path / f"{ring_name(1)}.gz"
    first.write_bytes(pcap(mismatch()))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        (tmp_path / ring_name(2)).write_bytes(pcap(mismatch(at_s=1)))
        watched.look(1)
        data = gzip.compress(first.read_bytes())
        copy.write_bytes(data[:30])  # as far as it is written
        assert watched.look(1) == []
        copy.write_bytes(data)
        first.unlink()
        assert watched.look(1) == []
        assert watched.look(1) == []
        assert read_names(watched) == [ring_name(1), ring_name(2)]
        assert watched.report.summary.frames == 16
        copy.unlink()
        assert watched.look(1) == []
        assert not watched.of("lost", "problem")


def test_a_file_that_is_compressed_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    first = tmp_path / ring_name(1)
    first.write_bytes(pcap(others()))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        packed_in_place(first)
        assert watched.look(1) == []
        (tmp_path / ring_name(2)).write_bytes(pcap(mismatch(at_s=1)))
        assert ("appeared", "NVG301") in watched.look(1)
        assert watched.look(1) == []
        assert read_names(watched) == [ring_name(1), ring_name(2)]
        assert not watched.of("lost", "problem")


def test_a_file_that_is_compressed_before_it_was_read_is_read_from_its_copy(
    tmp_path: Path,
) -> None:
    (tmp_path / ring_name(1)).write_bytes(pcap(others()))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        (tmp_path / ring_name(2)).touch()  # known, and nothing in it yet
        watched.look(1)
        with watched.watch.followers[0].pace.looking():  # the reader stands still
            (tmp_path / ring_name(2)).write_bytes(pcap(mismatch(at_s=1)))
            packed_in_place(tmp_path / ring_name(2))
            (tmp_path / ring_name(3)).write_bytes(pcap(others(at_s=2)))
        said = watched.look(1)
        assert said[:2] == [("reading", f"{ring_name(2)}.gz"), ("reading", ring_name(3))]
        assert ("appeared", "NVG301") in said
        assert watched.report.summary.frames == 24
        assert not watched.of("lost", "problem")


def test_what_was_there_before_and_lies_beside_its_copy_is_read_once(tmp_path: Path) -> None:
    first = tmp_path / ring_name(1)
    first.write_bytes(pcap(mismatch()))
    Path(f"{first}.gz").write_bytes(gzip.compress(first.read_bytes())[:30])
    with watching(Folder(str(tmp_path))) as watched:
        assert watched.look()[0] == ("reading", ring_name(1))
        assert watched.report.summary.frames == 8
        assert not watched.of("lost", "problem")


def test_a_ring_that_writes_a_name_again_whose_copy_is_there_is_read_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "x0").write_bytes(pcap(others()))
    (tmp_path / "x1").write_bytes(pcap(others(at_s=1)))
    with watching(Folder(str(tmp_path))) as watched:
        watched.look()
        packed_in_place(tmp_path / "x0")
        watched.look(1)
        (tmp_path / "x0").write_bytes(pcap(mismatch(at_s=3)))
        assert ("reading", "x0") in watched.look(1)
        assert watched.report.summary.frames == 24


def test_after_a_restart_the_window_is_read_from_the_copy_and_nothing_is_said_again(
    tmp_path: Path,
) -> None:
    ring, file = tmp_path / "ring", tmp_path / "state.json"
    ring.mkdir()
    first = ring / ring_name(1)
    first.write_bytes(pcap(mismatch()))
    saved: list[State] = []
    with watching(Folder(str(ring)), save=saved.append) as watched:
        watched.look()
        append(first, pcap(mismatch(at_s=40))[24:])
        watched.look(40)
        (ring / ring_name(2)).write_bytes(pcap(healthy(at_s=41)))
        watched.look(1)
    state.save(str(file), saved[-1])
    packed_in_place(first)
    known = state.load(str(file))
    folder = Folder(str(ring), state=known.supplies[str(ring)])
    with watching(folder, state=known, begin_ns=NOON + 42 * SECOND) as again:
        said = again.look(1)
        assert [event for event in said if event[0] != "reading"] == []
        assert read_names(again) == [f"{ring_name(1)}.gz", ring_name(2)]
        assert again.report.summary.frames == 24
        again.look(27)  # the first eight frames are out of the window
        assert again.report.summary.frames == 16


def test_a_file_that_is_out_of_the_window_is_not_read_from_its_copy_after_a_restart(
    tmp_path: Path,
) -> None:
    first = tmp_path / ring_name(1)
    first.write_bytes(pcap(mismatch()))
    saved: list[State] = []
    with watching(Folder(str(tmp_path)), save=saved.append) as watched:
        watched.look()
        (tmp_path / ring_name(2)).write_bytes(pcap(others(at_s=1)))
        watched.look(1)
        packed_in_place(first)
        append(tmp_path / ring_name(2), pcap(others(at_s=100))[24:])
        watched.look(100)
    folder = Folder(str(tmp_path), state=saved[-1].supplies[str(tmp_path)])
    with watching(folder, state=saved[-1], begin_ns=NOON + 102 * SECOND) as again:
        again.look(1)
        assert read_names(again) == [ring_name(2)]
        assert again.report.summary.frames == 8
