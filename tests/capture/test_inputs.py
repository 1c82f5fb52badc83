"""Standard input, FIFOs, folders, patterns, and what the operating system can do to a reader."""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nvgre_doctor.capture import expand, open_capture
from nvgre_doctor.vocabulary import Status
from tests.build import pcap, pcapng
from tests.capture.reading import read_bytes, read_path

FRAMES = [(1_700_000_000_000_000_000 + i, bytes([i % 256]) * 600) for i in range(2000)]
DATA = [data for _, data in FRAMES]
FORMATS = pytest.mark.parametrize("data", [pcap(FRAMES), pcapng(FRAMES)], ids=["pcap", "pcapng"])
ROOT = Path(__file__).parents[2]


@pytest.mark.process
@FORMATS
def test_standard_input_is_read_as_dash(data):
    program = (
        "from nvgre_doctor.capture import open_capture\n"
        "with open_capture('-') as capture:\n"
        "    frames = sum(len(batch.stamps) for batch in capture.batches())\n"
        "    print(capture.path, capture.format, frames, capture.progress.status, capture.size)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=data, capture_output=True, check=True, cwd=ROOT
    )
    form = "pcap" if data.startswith(b"\xd4") else "pcapng"
    assert done.stdout.split() == [b"-", form.encode(), b"2000", b"complete", b"None"]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals on this system")
def test_a_terminal_as_standard_input_is_refused():
    leader, follower = os.openpty()
    with (
        open(follower, "rb", buffering=0) as terminal,
        open_capture("-", stdin=terminal) as capture,
    ):
        assert list(capture.batches()) == []
        assert capture.progress.status is Status.UNREADABLE
        assert "nothing is piped into standard input" in capture.progress.problems[0].message
    os.close(leader)


@FORMATS
@pytest.mark.parametrize("piece", [1 << 16, 7919])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
def test_a_fifo_is_read_in_whatever_pieces_it_comes(tmp_path, data, piece):
    reading = _through_fifo(
        tmp_path / "fifo", [data[i : i + piece] for i in range(0, len(data), piece)]
    )
    assert reading.frame_data == DATA
    assert reading.status is Status.COMPLETE


@FORMATS
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
def test_a_fifo_whose_writer_dies_within_a_record_is_cut(tmp_path, data):
    reading = _through_fifo(tmp_path / "fifo", [data[: len(data) - 300]])
    assert reading.frame_data == DATA[:-1]
    assert (reading.status, reading.reasons) == (Status.CUT, ["cut-record"])


def _through_fifo(path, pieces):
    os.mkfifo(path)

    def write():
        with open(path, "wb", buffering=0) as fifo:
            for piece in pieces:
                fifo.write(piece)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return read_path(path)
    finally:
        writer.join()


class Failing(io.RawIOBase):
    """A device that gives some bytes and then an error."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        part = self._data.read(size)
        if not part:
            raise OSError(5, "Input/output error")
        return part


@FORMATS
def test_a_reading_error_midway_keeps_what_was_read(data):
    with open_capture("-", stdin=Failing(data[:-10])) as capture:  # type: ignore[arg-type]
        frames = sum(len(batch.stamps) for batch in capture.batches())
    (problem,) = capture.progress.problems
    assert (frames, capture.progress.status, problem.reason) == (1999, Status.CUT, "read-error")
    assert "Input/output error" in problem.message
    assert "up to frame 1999 could be read" in problem.message


@pytest.mark.parametrize("data", [b"", pcap([])[:10], pcap([])])
def test_a_reading_error_before_the_first_frame_is_unreadable(data):
    with open_capture("-", stdin=Failing(data)) as capture:  # type: ignore[arg-type]
        assert list(capture.batches()) == []
    assert capture.progress.status is Status.UNREADABLE
    assert capture.progress.problems[0].reason == "read-error"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no such file on this system")
def test_a_file_that_cannot_be_read_is_unreadable():
    reading = read_path("/proc/self/mem")  # opens, and fails to read
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["read-error"])


@pytest.mark.skipif(
    not hasattr(os, "set_blocking"), reason="this Python cannot make a pipe non-blocking"
)
def test_a_pipe_without_data_in_non_blocking_mode_is_not_taken_for_an_end():
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with open(reader, "rb", buffering=0) as pipe, open_capture("-", stdin=pipe) as capture:
        assert capture.progress.problems[0].reason == "read-error"
    os.close(writer)


@FORMATS
def test_a_file_that_is_truncated_while_it_is_read_is_cut(tmp_path, data):
    path = tmp_path / "a"
    path.write_bytes(data)
    with open_capture(path) as capture:
        batches = capture.batches()
        frames = len(next(batches).stamps)
        os.truncate(path, 1_200_000)
        frames += sum(len(batch.stamps) for batch in batches)
    assert 1600 < frames < 2000
    assert capture.progress.status is Status.CUT


@FORMATS
def test_a_file_that_grows_while_it_is_read_gives_at_least_what_was_there(tmp_path, data):
    path = tmp_path / "a"
    path.write_bytes(data[:-400])
    with open_capture(path) as capture:
        batches = capture.batches()
        frames = len(next(batches).stamps)
        with open(path, "ab") as file:
            file.write(data[-400:])
        frames += sum(len(batch.stamps) for batch in batches)
    assert (frames, capture.progress.status) == (2000, Status.COMPLETE)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no/such/file", "No such file"),
        ("a\0b", "null"),
        ("x" * 5000, "No such file" if sys.platform == "win32" else "too long"),
    ],
)
def test_a_path_that_cannot_be_opened_is_a_problem(path, words):
    reading = read_path(path)
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["cannot-open"])
    assert words in reading.message


def test_a_capture_can_be_read_only_once():
    with open_capture("-", stdin=io.BytesIO(pcap(FRAMES))) as capture:
        assert sum(len(batch.stamps) for batch in capture.batches()) == 2000
        assert list(capture.batches()) == []
        assert capture.progress.frames == 2000


@FORMATS
def test_position_and_size_count_bytes_of_the_file_as_stored(tmp_path, data):
    import gzip

    for stored in (data, gzip.compress(data)):
        path = tmp_path / "a"
        path.write_bytes(stored)
        with open_capture(path) as capture:
            seen = [capture.position() for _ in capture.batches()]
            assert seen == sorted(seen)
            assert capture.position() == capture.size == len(stored)
    with open_capture("-", stdin=io.BytesIO(data)) as capture:
        assert sum(len(batch.stamps) for batch in capture.batches()) == 2000
        assert (capture.position(), capture.size) == (len(data), None)


# --- folders and patterns ----------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    import gzip

    (tmp_path / "below" / "deep").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "empty").mkdir()
    for name in (
        "b.pcap",
        "a.txt",
        ".secret.pcap",
        "below/c",
        "below/deep/d.cap",
        ".hidden/e.pcap",
    ):
        (tmp_path / name).write_bytes(pcap(FRAMES[:1]))
    (tmp_path / "below" / "z.gz").write_bytes(gzip.compress(pcapng(FRAMES[:1])))
    (tmp_path / "below" / "text.gz").write_bytes(gzip.compress(b"just text\n"))
    (tmp_path / "readme.pcap").write_text("not a capture\n")
    (tmp_path / "nothing.pcap").write_bytes(b"")
    return tmp_path


def test_a_folder_means_the_captures_in_it_by_content_sorted_by_path(folder):
    names = [os.path.relpath(path, folder).replace(os.sep, "/") for path in expand([folder])]
    assert names == [
        "a.txt", "b.pcap", "below/c", "below/deep/d.cap", "below/z.gz", "nothing.pcap",
        "readme.pcap",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("lab.pcap", True),
        ("LAB.PCAPNG", True),
        ("lab.cap", True),
        ("trace.etl", True),
        ("lab.pcapng.gz", True),
        ("lab.pcap.txt", False),
        ("pcap", False),
        ("notes.md", False),
        ("notes.gz", False),
    ],
)
def test_what_is_called_a_capture_in_a_folder_and_is_none_is_not_missed_in_silence(
    name, is_told, tmp_path
):
    (tmp_path / "good.pcap").write_bytes(pcap(FRAMES[:1]))
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\n")
    names = [os.path.basename(path) for path in expand([tmp_path])]
    assert names == sorted(["good.pcap", *([name] if is_told else [])])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
def test_a_folder_with_a_fifo_and_loops_of_links_does_not_hang(folder):
    os.mkfifo(folder / "fifo")
    (folder / "below" / "up").symlink_to(folder)
    (folder / "dangling").symlink_to(folder / "gone")
    assert len(expand([folder])) == 7


def test_a_folder_without_captures_stays_and_opens_as_a_problem(folder):
    assert expand([folder / "empty"]) == [str(folder / "empty")]
    reading = read_path(folder / "empty")
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["no-captures"])
    assert "this folder holds no captures" in reading.message


def test_everything_else_stays_as_it_is_and_in_order(folder):
    given = ["-", str(folder / "gone"), str(folder / "readme.pcap"), "-"]
    assert expand(given) == given


def test_a_pattern_that_the_shell_left_is_expanded(folder):
    assert expand([str(folder / "*.pcap")]) == [
        str(folder / name) for name in ("b.pcap", "nothing.pcap", "readme.pcap")
    ]
    assert expand([str(folder / "below" / "de*")]) == [str(folder / "below" / "deep" / "d.cap")]
    assert expand([str(folder / "no*such")]) == [str(folder / "no*such")]


@pytest.mark.skipif(os.name == "nt", reason="such names are not possible")
def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder):
    (folder / "[1]*.pcap").write_bytes(pcap(FRAMES[:1]))
    assert expand([folder / "[1]*.pcap"]) == [str(folder / "[1]*.pcap")]


@pytest.mark.long
def test_ten_thousand_files_are_listed(tmp_path):
    for number in range(10_000):
        (tmp_path / f"{number:05}").write_bytes(pcap([]) if number % 2 else b"text")
    found = expand([tmp_path])
    assert len(found) == 5000
    assert found[0].endswith("00001")


def test_what_is_read_through_stdin_equals_the_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(pcap(FRAMES))
    assert read_bytes(pcap(FRAMES)) == read_path(path)
