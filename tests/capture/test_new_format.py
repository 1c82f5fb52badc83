"""A new capture format is one Reader and one line in `sniff.READERS`: everything else follows.

The format is made up: the word DUMY, then records of linktype, time in units of 100 ns (all ones:
unknown), length and original length, all little endian, then the frame.
"""

import gzip
import json
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from nvgre_doctor.capture import open_capture, sniff
from nvgre_doctor.capture.batch import NO_TIME, Batch, Walker
from nvgre_doctor.capture.description import InterfaceDescription
from nvgre_doctor.capture.formats.reader import Cursor, Reader
from tests import build
from tests.every_command import FORMATS, EveryCommand, run_every_command, run_here

RECORD = struct.Struct("<IQII")
MAGIC = b"DUMY"
ETHERNET, RAW_IP = 1, 101
TIME_100NS = 17_000_000_000_000_000  # 2023-11-14 22:13:20 UTC
UNKNOWN = (1 << 64) - 1
SNAPLEN = 200


def to_ns(stamp: bytes) -> int:
    raw_time = int.from_bytes(stamp, "little")
    return raw_time * 100 if raw_time != UNKNOWN else NO_TIME


class DummyReader(Reader[None]):
    """Reads one record after the other: one batch each.  It cannot be split."""

    name: ClassVar = "dummy"
    magics: ClassVar = (MAGIC,)

    def batches(
        self, start: Cursor[None] | None, stop: int | None, walker: Walker | None = None
    ) -> Iterator[Batch]:
        assert (start, stop) == (None, None)
        self.description.variant = "version 1"
        self._at = len(MAGIC)
        while self._have(RECORD.size):
            linktype, _, length, _ = RECORD.unpack_from(self._data, self._at)
            if not self._have(RECORD.size + length):
                break
            if linktype == ETHERNET and not self.description.interfaces:
                interface = InterfaceDescription(1, 0, ETHERNET, SNAPLEN, tsresol=7)
                self.description.interfaces.append(interface)
            self._progress.frames += 1
            self._progress.numbered += 1
            stamp = self._at + 4
            yield Batch(
                linktype,
                self._data,
                [stamp],
                RECORD.size - 4,
                [length],
                [self._progress.numbered],
                "<",
                to_ns,
                7,
            )
            self._at += RECORD.size + length
            self._progress.bytes_read = self._base + self._at
        self._end(f"frame {self._progress.numbered + 1}")


VM_1, VM_2 = "00:15:5d:0a:00:01", "00:15:5d:0a:00:02"
INNER = build.ipv4("10.0.0.4", "10.0.0.5", 6, build.tcp("10.0.0.4", "10.0.0.5", 49152, 445))
THERE = build.nvgre("192.168.50.1", "192.168.50.2", 0x138900, build.inner_frame(VM_1, VM_2, INNER))
BACK = build.nvgre("192.168.50.2", "192.168.50.1", 0x1389, build.inner_frame(VM_2, VM_1, INNER))


def record(number: int, linktype: int, frame: bytes, missing: int = 0) -> bytes:
    """`missing` bytes were sent and not captured."""
    head = RECORD.pack(linktype, TIME_100NS + number, len(frame), len(frame) + missing)
    return head + frame


RECORDS = [
    record(1, ETHERNET, build.ethernet(THERE), missing=50),
    record(2, RAW_IP, BACK),
    record(3, ETHERNET, build.ethernet(build.arp(VM_1, "192.168.50.1", "192.168.50.2"))),
    record(4, RAW_IP, BACK, missing=7),
]


@pytest.fixture
def capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sniff, "READERS", [*sniff.READERS, DummyReader])
    path = tmp_path / "lab.capture"
    path.write_bytes(MAGIC + b"".join(RECORDS))
    return path


@pytest.fixture
def said(capture: Path, tmp_path: Path) -> EveryCommand:
    return run_every_command(capture, tmp_path)


def test_check_diagnoses_it_and_names_it_in_every_output_format(said: EveryCommand) -> None:
    assert [(done.code, done.stderr) for done in said.checks.values()] == [(0, "")] * len(FORMATS)
    assert all("NVG301" in done.stdout for done in said.checks.values())
    (read,) = said.report["captures"]
    assert (read["format"], read["status"], read["frames"], read["nvgre_frames"]) == (
        "dummy",
        "complete",
        4,
        3,
    )


def test_convert_takes_its_report(said: EveryCommand) -> None:
    assert said.converts == said.checks


def test_info_tells_what_its_reader_found(said: EveryCommand) -> None:
    assert said.info.stdout.splitlines()[1:5] == [
        "  Format         dummy version 1; 386 bytes",
        "  Interface 0    Ethernet (1), times in 10^-7 s, snap length 200",
        "  Time           2023-11-14 22:13:20.000000100 to 2023-11-14 22:13:20.000000400 UTC,"
        " 0.000000 s",
        "  Frames         4, 2 cut, the longest has 96 bytes",
    ]
    (part,) = said.info_json["captures"]
    assert (part["format"], part["variant"], part["interfaces"][0]["tsresol"]) == (
        "dummy",
        "version 1",
        7,
    )


def test_filter_reads_it(said: EveryCommand) -> None:
    assert said.filter.code == 0
    assert "host 192.168.50.1" in said.filter.stdout


def test_annotate_writes_its_frames_as_pcapng_with_an_interface_for_each_kind(
    said: EveryCommand,
) -> None:
    assert (said.annotate.code, said.annotate.stderr) == (0, "")
    part = run_here("info", str(said.annotated))
    assert [line for line in part.stdout.splitlines() if "Interface" in line] == [
        "  Interface 0    Ethernet (1), times in 10^-7 s, snap length 200",
        "  Interface 1    raw IP (101), times in 10^-7 s, no snap length",
    ]


def test_annotate_gives_a_frame_without_a_time_that_of_1970(capture: Path, tmp_path: Path) -> None:
    frame = build.ethernet(THERE)
    capture.write_bytes(MAGIC + RECORD.pack(ETHERNET, UNKNOWN, len(frame), len(frame)) + frame)
    out = tmp_path / "out.pcapng"
    assert run_here("annotate", str(capture), "-o", str(out)).stderr == ""
    written = out.read_bytes()
    kind, _, *fields = struct.unpack_from("<7I", written, written.index(frame) - 28)
    assert (kind, fields) == (6, [0, 0, 0, len(frame), len(frame)])  # enhanced packet, interface 0


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_wireshark_reads_what_annotate_writes(said: EveryCommand) -> None:
    fields = ("frame.number", "frame.interface_id", "frame.time_epoch", "frame.cap_len")
    fields += ("frame.len", "gre.key", "frame.comment")
    command = ["tshark", "-n", "-r", str(said.annotated), "-T", "fields"]
    command += [word for field in fields for word in ("-e", field)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    rows = [line.split("\t") for line in shown.splitlines()]
    there, back = len(build.ethernet(THERE)), len(BACK)
    assert [[*row[:2], row[2][:18], *row[3:5]] for row in rows] == [
        ["1", "0", "1700000000.0000001", str(there), str(there + 50)],
        ["2", "1", "1700000000.0000002", str(back), str(back)],
        ["3", "0", "1700000000.0000003", "42", "42"],
        ["4", "1", "1700000000.0000004", str(back), str(back + 7)],
    ]
    assert [int(row[5] or "0", 16) for row in rows] == [0x138900, 0x1389, 0, 0x1389]
    assert ["NVG301" in row[6] for row in rows] == [True, True, False, True]


def test_compressed_and_cut_it_is_read_as_far_as_it_goes(capture: Path, tmp_path: Path) -> None:
    packed = tmp_path / "lab.gz"
    packed.write_bytes(gzip.compress(capture.read_bytes()[:-1]))
    report = json.loads(run_here("check", str(packed), "-f", "json").stdout)
    (read,) = report["captures"]
    assert (read["format"], read["compression"], read["status"], read["frames"]) == (
        "dummy",
        "gzip",
        "cut",
        3,
    )
    assert [problem["reason"] for problem in read["problems"]] == ["cut-record"]


def test_a_reader_that_cannot_split_gives_no_parts(capture: Path) -> None:
    with open_capture(capture) as opened:
        assert opened.parts(2) == []


def test_a_file_of_no_format_is_said_to_be_none_of_those_that_are_read(
    capture: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"btsnoop\0" + bytes(100))
    assert capture.exists()
    assert (
        "this is a Bluetooth btsnoop capture, not a pcap, pcapng, snoop, etl, netmon or dummy file;"
        in (run_here("check", str(other)).stdout)
    )


def test_without_its_line_it_is_no_capture(tmp_path: Path) -> None:
    path = tmp_path / "lab.capture"
    path.write_bytes(MAGIC + b"".join(RECORDS))
    assert run_here("check", str(path)).code == 3
