"""Event traces: ndiscap and pktmon, as their manifests describe them, and a real one."""

import gzip
import io
import struct
from pathlib import Path

import pytest

from nvgre_doctor.capture import Description, open_capture
from nvgre_doctor.capture.formats.etl import fragments
from nvgre_doctor.capture.formats.etl import trace as etl_trace
from nvgre_doctor.vocabulary import Status
from tests import build
from tests.build_etl import (
    BEGIN,
    NDISCAP,
    PACKET_END,
    PACKET_START,
    RUNDOWN,
    WFP,
    WIRELESS,
    WWAN,
    Event,
    Trace,
    component,
    etl,
    ndiscap,
    pktmon,
    vmswitch,
)
from tests.capture.hostile import check_prefixes
from tests.capture.reading import Frame, Reading, read_path
from tests.needs import folder

MS = 1_000_000
PACKETS = [bytes([65 + n]) * (60 + n) for n in range(20)]


def read(data: bytes, tmp_path: Path) -> Reading:
    path = tmp_path / "trace.etl"
    path.write_bytes(data)
    return read_path(path)


def described(data: bytes, tmp_path: Path) -> Description:
    path = tmp_path / "trace.etl"
    path.write_bytes(data)
    with open_capture(path) as capture:
        for _ in capture.batches():
            pass
        return capture.description


def on_adapter(count: int = 20) -> list[Event]:
    return [ndiscap(BEGIN + n * MS, PACKETS[n % 20]) for n in range(count)]


EXPECTED = [Frame(n + 1, BEGIN + n * MS, 60 + n, 1, PACKETS[n]) for n in range(20)]


# --- order, clock, shape of the file -------------------------------------------------------------


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("pointer_size", [4, 8])
@pytest.mark.parametrize("processors", [1, 2, 5])
def test_frames_of_all_processors_come_in_the_order_of_their_times(
    processors, pointer_size, compressed, tmp_path
):
    trace = Trace(pointer_size=pointer_size, compressed=compressed)
    reading = read(etl(on_adapter(), trace, 3, processors), tmp_path)
    assert (reading.format, reading.status, reading.problems) == ("etl", Status.COMPLETE, [])
    assert reading.frames == EXPECTED


@pytest.mark.parametrize(
    "trace",
    [Trace(clock=1, frequency=3_579_545), Trace(clock=2), Trace(clock=3, mhz=2594)],
    ids=["performance counter", "system time", "processor cycles"],
)
def test_each_clock_is_read_to_the_tick(trace, tmp_path):
    times = [frame.ts_ns for frame in read(etl(on_adapter(), trace), tmp_path).frames]
    tick_ns = 10**9 // trace.per_second
    assert len(times) == 20
    assert all(0 <= BEGIN + n * MS - ts_ns <= tick_ns + 1 for n, ts_ns in enumerate(times))


def test_a_time_that_64_bits_do_not_hold_is_none(tmp_path):
    late = Trace(frequency=1).event(ndiscap(BEGIN, b"x" * 60))
    late = late[:16] + struct.pack("<q", 1 << 62) + late[24:]
    reading = read(etl([late], Trace(frequency=1)), tmp_path)
    assert [frame.ts_ns for frame in reading.frames] == [-1]


def test_a_file_that_was_written_round_and_round_begins_in_its_middle(tmp_path):
    trace, events = Trace(mode=2), on_adapter()
    parts = [trace.buffer(events[n : n + 5], 9 + n) for n in range(0, 20, 5)]
    whole = trace.header() + b"".join(parts[2:] + parts[:2])
    assert read(whole, tmp_path).frames == EXPECTED


def test_before_windows_8_a_processor_is_one_byte(tmp_path):
    """The other one is alignment, which says nothing."""
    trace, events = Trace(), on_adapter()
    parts = [trace.buffer(events[n : n + 5], n, 1 | n << 8, flags=0) for n in range(0, 20, 5)]
    assert read(trace.header() + b"".join(parts), tmp_path).frames == EXPECTED


@pytest.mark.parametrize("packed", [False, True])
def test_from_a_pipe_or_compressed_it_is_read_from_a_temporary_file_and_says_so(packed, tmp_path):
    data = etl(on_adapter(), Trace(), 3, 2)
    stored = gzip.compress(data) if packed else data
    with open_capture("-", stdin=io.BytesIO(stored)) as capture:
        frames = [batch.frame(i) for batch in capture.batches() for i in range(len(batch.numbers))]
        assert ("Note", f"read from a temporary file of {len(data)} bytes") in (
            capture.description.facts
        )
        assert capture.position() == len(stored)
    assert frames == PACKETS


def test_a_cut_gzip_gives_what_it_holds(tmp_path):
    data = gzip.compress(etl(on_adapter(), Trace(), 3, 2), 0)
    with open_capture("-", stdin=io.BytesIO(data[:-9000])) as capture:
        assert 0 < sum(len(batch.numbers) for batch in capture.batches()) < 20
        assert capture.progress.status is Status.CUT
        assert [problem.reason for problem in capture.progress.problems] == ["cut-compressed"]


# --- ndiscap -------------------------------------------------------------------------------------


def test_a_packet_in_several_events_is_put_together_for_each_interface_and_thread(tmp_path):
    """Two threads log at the same time, as on two processors."""
    events = [
        ndiscap(BEGIN + 1, b"a" * 20, parts=PACKET_START, thread=4),
        ndiscap(BEGIN + 100, b"x" * 30, parts=PACKET_START, thread=8),
        ndiscap(BEGIN + 200, b"1" * 20, parts=PACKET_START, thread=4, interface=3),
        ndiscap(BEGIN + 300, b"b" * 20, parts=0, thread=4),
        ndiscap(BEGIN + 400, b"y" * 30, parts=PACKET_END, thread=8),
        ndiscap(BEGIN + 500, b"c" * 20, parts=PACKET_END, thread=4),
        ndiscap(BEGIN + 600, b"2" * 20, parts=PACKET_END, thread=4, interface=3),
    ]
    reading = read(etl(events, processors=2), tmp_path)
    assert reading.status is Status.COMPLETE
    assert reading.frame_data == [
        b"x" * 30 + b"y" * 30,
        b"a" * 20 + b"b" * 20 + b"c" * 20,
        b"1" * 20 + b"2" * 20,
    ]
    assert [frame.ts_ns - BEGIN for frame in reading.frames] == [400, 500, 600]


def test_an_end_without_a_beginning_takes_a_number_and_is_no_frame(tmp_path):
    events = [
        ndiscap(BEGIN + 100, b"b" * 20, parts=0),
        ndiscap(BEGIN + 200, b"c" * 20, parts=PACKET_END),
        ndiscap(BEGIN + 300, b"d" * 60),
    ]
    assert [(f.number, f.data) for f in read(etl(events), tmp_path).frames] == [(2, b"d" * 60)]


def test_a_beginning_without_an_end_is_given_up_by_the_next_one(tmp_path):
    events = [
        ndiscap(BEGIN + 100, b"a" * 20, parts=PACKET_START),
        ndiscap(BEGIN + 200, b"b" * 20, parts=PACKET_START),
        ndiscap(BEGIN + 300, b"c" * 40, parts=PACKET_END),
        ndiscap(BEGIN + 400, b"d" * 40, parts=PACKET_START),
    ]
    assert read(etl(events), tmp_path).frame_data == [b"b" * 20 + b"c" * 40]


def test_packets_that_never_end_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(fragments, "_MOST_OPEN", 2)
    events = [
        ndiscap(BEGIN + n * 100, b"a" * 20, parts=PACKET_START, thread=n) for n in range(1, 4)
    ]
    events += [ndiscap(BEGIN + n * 1000, b"b", parts=PACKET_END, thread=n) for n in range(1, 4)]
    assert [f.number for f in read(etl(events), tmp_path).frames] == [2, 3]  # the oldest is lost


@pytest.mark.parametrize(
    ("media", "linktype", "data"),
    [
        (1, 1, b"\x08\x40" + bytes(58)),
        (WWAN, 101, b"\x08\x40" + bytes(58)),
        (WIRELESS, 105, b"\x08\0" + bytes(58)),
    ],
    ids=["Ethernet", "mobile broadband", "802.11, decrypted already"],
)
def test_the_medium_is_in_the_keywords(media, linktype, data, tmp_path):
    reading = read(etl([ndiscap(BEGIN, b"\x08\x40" + bytes(58), media=media)]), tmp_path)
    assert [(f.linktype, f.data) for f in reading.frames] == [(linktype, data)]


IP4 = build.ipv4("192.0.2.1", "192.0.2.2", 17, bytes(1000))
IP6 = build.ipv6("fd00::1", "fd00::2", 17, bytes(1000))


@pytest.mark.parametrize(
    ("packet", "media", "wire_length"),
    [
        (build.ethernet(IP4)[:128], 1, 14 + 1020),
        (build.ethernet(IP6)[:128], 1, 14 + 1040),
        (IP4[:128], WWAN, 1020),
        (IP6[:128], WWAN, 1040),
        (build.ethernet(build.ipv4("192.0.2.1", "192.0.2.2", 17, bytes(9), total_length=0)), 1, 43),
        (build.ethernet(IP4[:19]), 1, 33),
        (build.ethernet(b"\0\1" + bytes(26)), 1, 42),
        (b"", WWAN, 0),
        (IP4[:128], WIRELESS, 128),
    ],
)
def test_the_original_length_is_that_of_the_ip_header(packet, media, wire_length, tmp_path):
    reading = read(etl([ndiscap(BEGIN, packet, media=media)]), tmp_path)
    assert [(len(f.data), f.wire_length) for f in reading.frames] == [(len(packet), wire_length)]


def test_a_packet_on_a_switch_port_lies_behind_names_of_any_length(tmp_path):
    events = [
        vmswitch(BEGIN + 100, b"s" * 60),
        vmswitch(BEGIN + 200, b"t" * 60, names=("", "ÄÖÜ\u0100", "x" * 300), destinations=3),
        ndiscap(BEGIN + 300, b"u" * 60),
    ]
    assert read(etl(events), tmp_path).frame_data == [b"s" * 60, b"t" * 60, b"u" * 60]


def test_items_between_header_and_data_are_stepped_over(tmp_path):
    events = [ndiscap(BEGIN, b"a" * 60, items=[b"12345", b"12345678"])]
    assert read(etl(events), tmp_path).frame_data == [b"a" * 60]


def test_other_events_are_stepped_over(tmp_path):
    system = struct.pack("<HBBHHIIq", 2, 2, 0xC0, 40, 0, 4, 4, 0) + bytes(16)
    message = struct.pack("<HBB", 24, 0, 0x90) + bytes(20)
    classic = struct.pack("<HBB", 56, 0x14, 0xC0) + bytes(52)
    events = [
        system,
        ndiscap(BEGIN, b"a" * 60),
        message,
        classic,
        Event(BEGIN, NDISCAP, 1002, bytes(80)),
        Event(BEGIN, NDISCAP, 5101, bytes(80)),
        Event(BEGIN, RUNDOWN, 1001, bytes(80)),
        ndiscap(BEGIN + 100, b"b" * 60),
    ]
    reading = read(etl(events), tmp_path)
    assert (reading.status, reading.frame_data) == (Status.COMPLETE, [b"a" * 60, b"b" * 60])


def test_a_size_beyond_its_event_gives_what_is_there(tmp_path):
    events = [
        ndiscap(BEGIN, b"a" * 60, size=1 << 31, more=b""),
        pktmon(BEGIN + 100, b"b" * 60, size=9000),
    ]
    assert read(etl(events), tmp_path).frame_data == [b"a" * 60, b"b" * 60]


# --- pktmon --------------------------------------------------------------------------------------


def test_a_packet_of_pktmon_is_a_frame_at_each_component_that_it_passes(tmp_path):
    events = [
        pktmon(BEGIN + 100, b"a" * 60, 11, wire_length=1514),
        pktmon(BEGIN + 200, b"a" * 60, 12),
        pktmon(BEGIN + 300, b"b" * 60, 12, packet_type=2),
        pktmon(BEGIN + 400, b"c" * 60, 12, packet_type=3),
        pktmon(BEGIN + 500, b"d" * 60, 12, packet_type=4),
    ]
    assert [f[:4] for f in read(etl(events, Trace(compressed=True)), tmp_path).frames] == [
        (1, BEGIN + 100, 1514, 1),
        (2, BEGIN + 200, 60, 1),
        (3, BEGIN + 300, 60, 105),
        (4, BEGIN + 400, 60, 101),
        (5, BEGIN + 500, 60, 147),
    ]


def test_what_windows_dropped_is_told_with_its_reason(tmp_path):
    events = [
        pktmon(BEGIN + 100, b"a" * 60, 11),
        pktmon(BEGIN + 200, b"a" * 60, 12, drop_reason=20),
        pktmon(BEGIN + 300, b"b" * 60, 12, drop_reason=20),
        pktmon(BEGIN + 400, b"c" * 60, 12, drop_reason=907),
    ]
    found = described(etl(events), tmp_path)
    assert [fact for fact in found.facts if fact[0] == "Dropped"] == [
        ("Dropped", "2 x by Windows itself, reason 20 (VirtualSubnetId)"),
        ("Dropped", "1 x by Windows itself, reason 907"),
    ]
    assert len(read(etl(events), tmp_path).frames) == 4


def test_places_are_interfaces_with_the_names_that_stand_anywhere_in_the_trace(tmp_path):
    events = [
        pktmon(BEGIN + 100, b"a" * 60, 11),
        pktmon(BEGIN + 200, b"a" * 60, 12),
        vmswitch(BEGIN + 300, b"a" * 60),
        vmswitch(BEGIN + 400, b"a" * 60),
        component(BEGIN + 500, 12, "vmswitch.sys", "Lab"),
    ]
    found = described(etl(events, processors=2), tmp_path)
    assert [(i.number, i.linktype, i.name, i.text, i.received) for i in found.interfaces] == [
        (11, 1, b"", b"", 1),
        (12, 1, b"vmswitch.sys", b"Lab", 1),
        (9, 1, b"vNIC:Synthetic:Port-1", b"vm1", 2),
    ]


# --- what a trace says of itself -----------------------------------------------------------------


def test_the_session_is_described(tmp_path):
    found = described(etl(on_adapter(), Trace(4, compressed=True)), tmp_path)
    assert (found.variant, found.os) == ("32 bit, compressed buffers", b"Windows 10.0 build 20348")
    assert ("Clock", "performance counter at 10000000 ticks a second") in found.facts


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([ndiscap(BEGIN, b"a" * 60)], ["Microsoft-Windows-NDIS-PacketCapture (ndiscap)"]),
        ([vmswitch(BEGIN, b"a" * 60)], ["Microsoft-Windows-NDIS-PacketCapture (ndiscap)"]),
        ([pktmon(BEGIN, b"a" * 60)], ["Microsoft-Windows-PktMon (pktmon)"]),
        (
            [
                Event(BEGIN, WFP, 60011, bytes(90)),
                pktmon(BEGIN, b"a" * 60),
                ndiscap(BEGIN + 100, b"a" * 60),
            ],
            [
                "Microsoft-Windows-NDIS-PacketCapture (ndiscap);"
                " Microsoft-Windows-PktMon (pktmon); the Windows Filtering Platform, not read"
            ],
        ),
        ([Event(BEGIN, RUNDOWN, 7, bytes(90))], []),
    ],
)
def test_the_providers_of_packets_are_told(events, says, tmp_path):
    facts = described(etl(events), tmp_path).facts
    assert [text for what, text in facts if what == "Provider"] == says


@pytest.mark.parametrize(("event", "is_said"), [(ndiscap, True), (pktmon, False)])
def test_that_no_real_trace_of_ndiscap_was_seen_is_said_where_it_matters(event, is_said, tmp_path):
    found = described(etl([event(BEGIN, b"a" * 60)]), tmp_path)
    assert any("etl2pcapng" in says for _, says in found.facts) is is_said


def test_lost_events_are_told(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(etl(on_adapter(), Trace(events_lost=5, buffers_lost=1)))
    with open_capture(path) as capture:
        for _ in capture.batches():
            pass
        losses = capture.progress.losses
    assert (losses.is_told, losses.packets, losses.events, losses.buffers) == (True, 0, 5, 1)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "made without `capture=yes` (netsh trace)"),
        ([Event(BEGIN, WFP, 60011, bytes(90))], "packets of the Windows Filtering Platform, which"),
    ],
)
def test_a_trace_without_packets_says_how_it_came_about(events, words, tmp_path):
    reading = read(etl([Event(BEGIN, RUNDOWN, 7, bytes(90)), *events]), tmp_path)
    assert (reading.format, reading.status, reading.reasons) == (
        "etl",
        Status.EMPTY,
        ["no-packets"],
    )
    assert words in reading.message


def test_a_trace_that_was_not_stopped_says_so(tmp_path):
    reading = read(etl(on_adapter(), Trace(end_time=0)), tmp_path)
    assert (reading.status, reading.reasons, reading.frames) == (
        Status.CUT,
        ["open-trace"],
        EXPECTED,
    )
    assert "`netsh trace stop`" in reading.message


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("compressed", [False, True])
def test_no_prefix_gives_fewer_frames_than_a_shorter_one(compressed):
    events = [
        ndiscap(BEGIN, b"a" * 20),
        pktmon(BEGIN + 100, b"b" * 20),
        vmswitch(BEGIN + 200, b"c" * 20),
        ndiscap(BEGIN + 300, b"d" * 9, parts=PACKET_START),
        ndiscap(BEGIN + 400, b"e" * 9, parts=PACKET_END),
    ]
    check_prefixes(etl(events, Trace(compressed=compressed, buffer_size=800), 2, 2))


def test_a_header_that_is_cut_leaves_no_clock(tmp_path):
    reading = read(etl(on_adapter())[:300], tmp_path)
    assert (reading.format, reading.status, reading.reasons) == (
        "etl",
        Status.UNREADABLE,
        ["trace-header"],
    )


def test_a_damaged_buffer_costs_no_other_one(tmp_path):
    trace, events = Trace(), on_adapter()
    parts = [trace.buffer(events[n : n + 5], n) for n in range(0, 20, 5)]
    first = len(trace.header()) + trace.buffer_size
    bad = bytearray(parts[1])
    bad[0x48:0x4C] = struct.pack("<HBB", 4000, 0x13, 0x40)
    reading = read(trace.header() + parts[0] + bytes(bad) + parts[2] + parts[3], tmp_path)
    assert (reading.status, reading.reasons) == (Status.CUT, ["damaged-buffer"])
    assert reading.problems[0].offset == first
    assert [f.ts_ns for f in reading.frames] == [
        BEGIN + n * MS for n in (*range(5), *range(10, 20))
    ]


@pytest.mark.parametrize("size", [0, 71, 4097, 0xFFFFFFFF])
def test_a_buffer_size_that_makes_no_sense_ends_the_reading(size, tmp_path):
    trace, events = Trace(), on_adapter()
    bad = struct.pack("<I", size) + trace.buffer(events[5:10], 2)[4:]
    reading = read(trace.header() + trace.buffer(events[:5], 1) + bad, tmp_path)
    assert (reading.status, reading.reasons) == (Status.CUT, ["damaged-buffer"])
    assert reading.frames == EXPECTED[:5]


def test_buffers_that_were_never_used_are_the_end_of_a_file_of_a_fixed_size(tmp_path):
    data = etl(on_adapter(), Trace(mode=0x21)) + bytes(8192)
    assert read(data, tmp_path).status is Status.COMPLETE
    assert read(etl(on_adapter()) + bytes(8192), tmp_path).status is Status.CUT


def test_processors_without_end_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(etl_trace, "_MOST_UNPACKED", 3000)
    reading = read(etl(on_adapter(), Trace(), 1, 20), tmp_path)
    assert (reading.status, reading.reasons) == (Status.CUT, ["too-many-buffers"])


# --- a real one ----------------------------------------------------------------------------------


@pytest.mark.peer
def test_a_real_trace_of_pktmon_gives_what_pktmon_made_of_it():
    """pktmon cuts times to microseconds."""
    cases = folder("NVGRE_DOCTOR_CASES") / "etl"
    reading = read_path(cases / "pktmon-114-frames.etl")
    expected = read_path(cases / "pktmon-114-frames.expected.pcapng")
    assert reading.status is Status.COMPLETE
    assert len(reading.frames) == 114
    assert [(f.number, f.wire_length, f.linktype, f.data) for f in reading.frames] == [
        (f.number, f.wire_length, f.linktype, f.data) for f in expected.frames
    ]
    pairs = zip(reading.frames, expected.frames, strict=True)
    assert all(0 <= ours.ts_ns - theirs.ts_ns < 1000 for ours, theirs in pairs)


def test_small_buffers_that_expand_to_very_much_end_the_trace(tmp_path):
    data = bytearray(etl([ndiscap(BEGIN, b"x" * 60)]))
    struct.pack_into("<I", data, 0x48 + 32, 1 << 24)  # the largest buffer
    # A literal, and a match with the byte before of 2 GB.
    packed = struct.pack("<IBHBBHI", 0x7FFFFFFF, 0, 7, 15, 255, 0, 0x7FFFFFFF)
    size, most = 0x48 + len(packed), 1 << 24
    head = struct.pack("<II16xq8xH6xIHH16x", size, most, 9, 0, most, 0x60, 0)
    path = tmp_path / "lab.etl"
    path.write_bytes(bytes(data) + (head + packed) * 2000)  # 33 GB of 174 kB
    reading = read_path(path)
    assert (reading.status, reading.reasons) == (Status.CUT, ["too-many-buffers"])
    assert "1000 times its size" in reading.message
    assert reading.frame_data == [b"x" * 60]
