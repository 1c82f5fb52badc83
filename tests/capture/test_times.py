"""The times of a capture: those of its first and its last frame in the order of frames, in every
format, read by the loop in C and by that in Python, whole and in parts.
"""

import gzip
import json
import struct

import pytest

from nvgre_doctor.doctor import diagnose
from nvgre_doctor.report.from_json import reports_from_json
from nvgre_doctor.report.to_json import to_json
from nvgre_doctor.scan import files
from nvgre_doctor.scan.native import PURE_VARIABLE
from tests import build
from tests.build_etl import BEGIN, etl, ndiscap
from tests.build_other import NETMON_BEGIN, netmon, snoop

T = 1_361_361_600_000_000_000  # 2013-02-20 12:00:00
PLAIN = build.ethernet(
    build.nvgre("192.168.50.1", "192.168.50.2", 0x00138900, build.inner_frame(
        "00:15:5d:0a:00:01", "00:15:5d:0a:00:02",
        build.ipv4("10.1.1.1", "10.1.1.2", 17, build.udp("10.1.1.1", "10.1.1.2", 5000, 5001)),
    ))
)  # fmt: skip
PING = build.ethernet(build.ipv4("10.0.0.1", "10.0.0.2", 1, build.icmp(3, 1, bytes(28))))


@pytest.fixture(params=["C", "Python"], autouse=True)
def scanner(request, monkeypatch):
    monkeypatch.setenv(PURE_VARIABLE, "0" if request.param == "C" else "1")


def times_of(tmp_path, data, **options):
    path = tmp_path / "a"
    path.write_bytes(data)
    (capture,) = diagnose(path, **options).captures
    return capture.first_time_ns, capture.last_time_ns


def three(first, last):
    """Three frames; the loop in C counts the first and the last one, or those that it leaves."""
    return [(T + 5_000, first), (T + 9_000, PING), (T + 7_000, last)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("make", [build.pcap, build.pcapng])
@pytest.mark.parametrize(
    "frames",
    [three(PLAIN, PLAIN), three(PING, PING), three(PLAIN, PING), three(PING, PLAIN)],
    ids=["counted", "left", "counted-left", "left-counted"],
)
def test_they_are_of_the_first_and_the_last_frame_though_the_clock_was_set_back(
    tmp_path, order, make, frames
):
    assert times_of(tmp_path, make(frames, 1, order)) == (T + 5_000, T + 7_000)


def test_one_frame_is_first_and_last(tmp_path):
    assert times_of(tmp_path, build.pcap([(T + 1_000, PLAIN)])) == (T + 1_000, T + 1_000)


def test_nanoseconds_are_kept(tmp_path):
    frames = [(T + 1, PLAIN), (T + 3, PLAIN)]
    assert times_of(tmp_path, build.pcap(frames, magic="nano")) == (T + 1, T + 3)
    assert times_of(tmp_path, build.pcapng(frames, tsresol=9)) == (T + 1, T + 3)


@pytest.mark.parametrize(
    ("data", "first", "last"),
    [
        (snoop(three(PLAIN, PLAIN)), T + 5_000, T + 7_000),
        (netmon(three(PLAIN, PLAIN)), NETMON_BEGIN + 5_000, NETMON_BEGIN + 7_000),
        (etl([ndiscap(BEGIN + 500, PLAIN), ndiscap(BEGIN + 900, PING)]), BEGIN + 500, BEGIN + 900),
    ],
    ids=["snoop", "netmon", "etl"],
)
def test_they_are_told_of_other_formats(tmp_path, data, first, last):
    assert times_of(tmp_path, data) == (first, last)


def test_interfaces_of_one_section_keep_their_own_clocks(tmp_path):
    blocks = [build.shb(), build.idb(1), build.idb(113, tsresol=9)]
    blocks.append(build.epb(1, T + 1, build.sll(PLAIN[14:]), tsresol=9))
    blocks += [build.epb(0, T + 2_000, PLAIN)] * 3
    assert times_of(tmp_path, b"".join(blocks)) == (T + 1, T + 2_000)
    blocks.append(build.epb(1, T + 7, build.sll(PLAIN[14:]), tsresol=9))
    assert times_of(tmp_path, b"".join(blocks)) == (T + 1, T + 7)


def test_sections_keep_their_own_byte_orders(tmp_path):
    data = build.pcapng([(T + 1_000, PLAIN)]) + build.pcapng([(T + 2_000, PLAIN)], order=">")
    assert times_of(tmp_path, data) == (T + 1_000, T + 2_000)


def test_obsolete_packet_blocks_have_a_time(tmp_path):
    blocks = [build.shb(), build.idb(), build.opb(0, T + 1_000, PLAIN)]
    blocks += [build.epb(0, T + 2_000, PLAIN), build.opb(0, T + 3_000, PLAIN)]
    assert times_of(tmp_path, b"".join(blocks)) == (T + 1_000, T + 3_000)


def test_simple_packet_blocks_have_none(tmp_path):
    head, simple, enhanced = build.shb() + build.idb(), build.spb(PLAIN), build.epb(0, T, PLAIN)
    assert times_of(tmp_path, head + simple + enhanced) == (None, T)
    assert times_of(tmp_path, head + enhanced + simple) == (T, None)
    assert times_of(tmp_path, head + simple) == (None, None)


@pytest.mark.parametrize(
    "data", [build.pcap([]), build.pcapng([]), b"", b"no capture"], ids=lambda data: str(len(data))
)
def test_a_capture_without_frames_has_no_times(tmp_path, data):
    assert times_of(tmp_path, data) == (None, None)


def test_a_cut_capture_has_that_of_the_last_whole_frame(tmp_path):
    frames = [(T, PLAIN), (T + 1_000, PLAIN), (T + 2_000, PLAIN)]
    assert times_of(tmp_path, build.pcap(frames)[:-1]) == (T, T + 1_000)
    assert times_of(tmp_path, build.pcapng(frames)[:-1]) == (T, T + 1_000)
    assert times_of(tmp_path, gzip.compress(build.pcap(frames)[:-1])) == (T, T + 1_000)


@pytest.mark.parametrize("make", [build.pcap, build.pcapng])
def test_parts_in_threads_have_those_of_the_whole(tmp_path, monkeypatch, make):
    monkeypatch.setattr(files, "WORTH_A_THREAD", 4096)
    frames = [(T + n * 1_000, PLAIN) for n in range(2_000)]
    assert times_of(tmp_path, make(frames), jobs=4) == (T, T + 1_999_000)


def test_parts_that_are_read_again_have_those_of_the_whole(tmp_path, monkeypatch):
    """Custom blocks, which take frame numbers, and bytes in a frame that look like records."""
    monkeypatch.setattr(files, "WORTH_A_THREAD", 4096)
    record = struct.pack("<4I", 1, 1, 20, 20) + bytes(20)
    frames = [(T + n * 1_000, PLAIN + record * 30) for n in range(200)]
    assert times_of(tmp_path, build.pcap(frames), jobs=4) == (T, T + 199_000)


@pytest.mark.long
def test_many_buffers_have_those_of_the_first_and_the_last(tmp_path):
    frames = [(T + n * 1_000, PLAIN) for n in range(30_000)]
    assert times_of(tmp_path, build.pcap(frames)) == (T, T + 29_999_000)
    assert times_of(tmp_path, snoop(frames)) == (T, T + 29_999_000)


def test_json_has_them_in_nanoseconds_and_as_text_and_gives_them_back(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(build.pcap([(T + 1_000, PLAIN), (T + 60_000_000_000, PLAIN)]))
    text = to_json(diagnose(path))
    (shown,) = json.loads(text)["captures"]
    assert shown["first_time_ns"] == 1361361600000001000
    assert shown["first_time"] == "2013-02-20T12:00:00.000001000Z"
    assert shown["last_time_ns"] == 1361361660000000000
    assert shown["last_time"] == "2013-02-20T12:01:00.000000000Z"
    (again,), _ = reports_from_json(text)
    assert to_json(again) == text
