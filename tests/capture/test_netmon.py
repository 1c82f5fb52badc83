"""Network Monitor captures: versions, tables, damage; frame by frame as tshark reads them."""

import csv
import struct
import subprocess
from hashlib import md5
from pathlib import Path
from random import Random

import pytest

from nvgre_doctor.capture import open_capture
from nvgre_doctor.vocabulary import Status
from tests.build_other import NETMON_BEGIN, netmon
from tests.capture.hostile import check_prefixes
from tests.capture.reading import Frame, read_bytes, read_path
from tests.capture.test_tshark import by_tshark, by_us
from tests.differential.tshark import dissect
from tests.needs import folder, need

MOST_CONVERTED = 100  # of each kind: a process for each
MS = 1_000_000
FILE_HEADER = 128
FRAMES = [
    (NETMON_BEGIN + 5 * MS, b"a" * 60, 60),
    (NETMON_BEGIN + 7 * MS, b"b" * 61, 1514),
    (NETMON_BEGIN + 90_000 * MS, b"c" * 14, 14),
]
EXPECTED = [
    Frame(n, ts_ns, wire_length, 1, data) for n, (ts_ns, data, wire_length) in enumerate(FRAMES, 1)
]
VERSIONS = pytest.mark.parametrize("version", [(1, 1), (2, 0), (2, 1), (2, 2), (2, 3)])


@VERSIONS
def test_frames_have_their_times_lengths_and_bytes(version, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(netmon(FRAMES, version))
    reading = read_path(path)
    assert (reading.format, reading.status, reading.problems) == ("netmon", Status.COMPLETE, [])
    assert reading.frames == EXPECTED
    assert read_bytes(path.read_bytes()).frames == EXPECTED


@VERSIONS
def test_the_table_says_which_records_there_are_and_in_which_order(version):
    data = netmon(FRAMES, version, holes=(0, 20, 3), order=(2, 0))
    assert [frame.data for frame in read_bytes(data).frames] == [b"c" * 14, b"a" * 60]


def test_a_time_before_the_beginning_is_negative_from_2_0_on():
    frames = [(NETMON_BEGIN - 5 * MS, b"a" * 60)]
    assert [frame.ts_ns for frame in read_bytes(netmon(frames)).frames] == [NETMON_BEGIN - 5 * MS]


def test_a_beginning_that_is_no_date_leaves_frames_without_times():
    assert [f.ts_ns for f in read_bytes(netmon(FRAMES, month=13)).frames] == [-1] * 3
    assert [f.ts_ns for f in read_bytes(netmon(FRAMES, (2, 3), month=13)).frames] == [
        f.ts_ns for f in EXPECTED
    ]


@VERSIONS
def test_a_time_that_64_bits_do_not_hold_is_none(version):
    data = bytearray(netmon(FRAMES, version))
    struct.pack_into("<H", data, 8, 9999)  # the year
    expected = [frame.ts_ns for frame in EXPECTED] if version == (2, 3) else [-1] * 3
    assert [frame.ts_ns for frame in read_bytes(bytes(data)).frames] == expected


@pytest.mark.parametrize(
    ("network", "linktype"),
    [(0, 1), (1, 1), (2, 6), (3, 10), (7, 101), (9, 101), (0xE001, 1), (0xE071, 113), (5, 147)],
)
@pytest.mark.parametrize("version", [(2, 0), (2, 1)])
def test_the_network_becomes_a_linktype(version, network, linktype):
    frames = read_bytes(netmon(FRAMES, version, network)).frames
    assert [f.linktype for f in frames] == [linktype] * 3


def test_what_is_no_packet_takes_a_number_or_not_as_in_wireshark():
    networks = [0xFFE0, 1, 0xFFFC, 0xFFFD, 0xFFFE, 1, 0xFFFB, 0xFFFF, 0xE081, 1]
    frames = [(NETMON_BEGIN + n * MS, b"x" * 60) for n in range(10)]
    data = netmon(frames, (2, 3), networks=networks)
    assert [f.number for f in read_bytes(data).frames] == [2, 3, 7]


def test_the_header_before_a_frame_of_802_11_is_taken_off():
    head = b"\2" + struct.pack("<H", 32) + bytes(29)
    data = netmon([(NETMON_BEGIN, head + b"\x08\0" + bytes(40), 80)], network=6)
    assert [(f.linktype, f.wire_length, f.data) for f in read_bytes(data).frames] == [
        (105, 48, b"\x08\0" + bytes(40))
    ]


@pytest.mark.parametrize(("version", "is_local"), [((1, 1), True), ((2, 2), True), ((2, 3), False)])
def test_times_of_the_clock_on_the_wall_are_said_to_be_that(version, is_local, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(netmon(FRAMES, version))
    with open_capture(path) as capture:
        for _ in capture.batches():
            pass
        assert capture.description.is_local_time is is_local
        assert any(what == "Times" for what, _ in capture.description.facts) is is_local


# --- damage --------------------------------------------------------------------------------------


@VERSIONS
def test_no_prefix_gives_fewer_frames_than_a_shorter_one(version):
    check_prefixes(netmon(FRAMES, version))


@VERSIONS
def test_a_capture_that_was_not_closed_is_read_record_by_record(version):
    reading = read_bytes(netmon(FRAMES, version, with_table=False))
    assert (reading.status, reading.reasons) == (Status.CUT, ["no-frame-table"])
    assert reading.frames == EXPECTED


def test_a_record_that_is_not_there_costs_no_other_one():
    data = bytearray(netmon(FRAMES))
    struct.pack_into("<I", data, len(data) - 8, 1 << 20)
    reading = read_bytes(bytes(data))
    assert (reading.status, reading.reasons) == (Status.CUT, ["bad-record"])
    assert reading.problems[0].offset == len(data) - 8
    assert "names a record at byte 1048576 that is not there" in reading.message
    assert [(f.number, f.data) for f in reading.frames] == [(1, b"a" * 60), (3, b"c" * 14)]


def test_records_that_lie_over_each_other_cannot_make_a_small_file_long():
    data = bytearray(netmon([(NETMON_BEGIN, b"a" * 50_000)]))
    data += data[-4:] * 10_000
    struct.pack_into("<I", data, 28, 4 * 10_001)
    reading = read_bytes(bytes(data))
    assert (reading.status, reading.reasons, len(reading.frames)) == (Status.CUT, ["overlap"], 1)


@pytest.mark.parametrize("version", [(0, 9), (3, 0)])
def test_another_version_is_refused(version):
    data = bytearray(netmon(FRAMES))
    data[4], data[5] = version[1], version[0]
    reading = read_bytes(bytes(data))
    assert (reading.status, reading.reasons) == (Status.UNREADABLE, ["version"])


# --- tshark --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")


@pytest.mark.peer
@VERSIONS
def test_tshark_reads_the_same(version, tmp_path):
    dice = Random(str(version))
    frames = [
        (
            NETMON_BEGIN + dice.randrange(10**9) * MS,
            dice.randbytes(size),
            size + dice.choice((0, 5)),
        )
        for size in (14, 60, 61, 1514, 60_000)
        for _ in range(4)
    ]
    networks = [1, 0xE001, 0xFFE0, 0xFFFC, 7]
    order = list(range(20))
    dice.shuffle(order)
    path = tmp_path / "a"
    path.write_bytes(netmon(frames, version, networks=networks, holes=[0, 9] * 10, order=order))
    assert len(by_us(path)) >= 18
    ours = by_us(path)
    theirs = [row for row in by_tshark(path) if row[0] in {row[0] for row in ours}]
    assert ours == theirs


def _read_again(target: Path) -> bool:
    """By Wireshark, into a pcap beside it; not a time so wrong that Wireshark adds up its seconds
    one by one, for hours.
    """
    again = target.with_suffix(".pcap")
    command = [need("editcap"), "-T", "ether", "-F", "nsecpcap", str(target), str(again)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=20)
    except subprocess.TimeoutExpired:
        return False
    return True


@pytest.mark.peer
@pytest.mark.long
@pytest.mark.parametrize("kind", ["netmon1", "netmon2"])
def test_foreign_captures_that_editcap_converts_are_read_as_tshark_reads_them(kind, tmp_path):
    """Times, lengths and bytes of every frame.  Wireshark's tools read each capture, and put all of
    them into one for tshark.
    """
    corpus = folder("NVGRE_DOCTOR_CORPUS")
    converted: list[Path] = []
    with open(corpus / "index.tsv", encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            path = corpus / row["file"]
            if row["tshark_rc"] != "0" or row["compression"] != "-" or path.stat().st_size > 50_000:
                continue
            if "clusterfuzz" in path.name:  # fractions of a second that overflow in Wireshark
                continue
            target = tmp_path / f"{len(converted)}.cap"
            command = [need("editcap"), "-F", kind, str(path), str(target)]
            done = subprocess.run(command, check=False, capture_output=True)
            # A capture without frames has no table, and Wireshark refuses what editcap makes of it.
            if done.returncode == 0 and target.stat().st_size > FILE_HEADER and _read_again(target):
                converted.append(target)
            if len(converted) == MOST_CONVERTED:
                break
    ours = [
        (frame.ts_ns, frame.wire_length, len(frame.data), md5(frame.data).hexdigest())
        for target in converted
        for frame in read_path(target).frames
    ]
    read_again = [target.with_suffix(".pcap") for target in converted]
    merged = tmp_path / "merged"
    command = [need("mergecap"), "-a", "-F", "nsecpcap", "-w", str(merged), *map(str, read_again)]
    subprocess.run(command, check=True, capture_output=True)
    rows, _ = dissect(merged)
    theirs = [(row.ts_ns, row.wire_length, row.captured_length, row.md5) for row in rows]
    print(f"{len(converted)} captures as {kind}, {len(ours)} frames: as tshark")
    assert ours == theirs
    assert len(converted) == MOST_CONVERTED
