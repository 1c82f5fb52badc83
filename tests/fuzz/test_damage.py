"""The evidence of a damaged capture is that of its undamaged prefix; hostile lengths cost neither
memory nor time.
"""

import struct
import tracemalloc
from random import Random

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.capture import open_capture
from nvgre_doctor.capture.batch import NO_TIME
from nvgre_doctor.capture.formats import pcap, pcapng, reader
from nvgre_doctor.reporters import render
from nvgre_doctor.terminal.display import Display
from nvgre_doctor.vocabulary import Status
from tests import build, samples
from tests.fuzz import captures
from tests.fuzz.frames import mixed_frames
from tests.fuzz.invariants import check_capture, read
from tests.fuzz.targets import check_config, check_inventory, check_report

TIME = 1_700_000_000_123_456_000
FRAME = build.ethernet(build.nvgre("192.168.50.1", "192.168.50.2", 0x00138900, bytes(60)))


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(n, marks=pytest.mark.long) for n in range(2, 12))]
)
@pytest.mark.parametrize("make", [captures.random_pcap, captures.random_pcapng])
def test_damage_in_a_long_capture(make, seed, monkeypatch):
    """Small buffers, so that damage lies in every place of one."""
    for module in (reader, pcap, pcapng):
        monkeypatch.setattr(module, "CHUNK", 600)
    dice = Random(seed)
    data = bytearray(
        make(dice, mixed_frames(dice, 150, 1 if make is captures.random_pcap else None))
    )
    at = dice.randrange(len(data) // 4, len(data))
    data[at : at + 8] = dice.choice((b"\xff" * 8, bytes(8), b"", dice.randbytes(8)))
    check_capture(bytes(data))


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(
    "sample", [samples.mismatch, samples.other_reasons, samples.over_ipv6, samples.open_vswitch]
)
def test_the_report_of_a_damaged_capture_is_that_of_its_prefix(sample, keep, tmp_path):
    """But for the finding about the damage."""
    whole = sample()
    cut = whole[: int(len(whole) * keep)]
    with_damage = cut + b"\xff" * 40
    path = tmp_path / "capture"
    path.write_bytes(with_damage)
    with open_capture(path) as opened:
        assert sum(len(batch.stamps) for batch in opened.batches()) >= 2
        undamaged = with_damage[: opened.progress.bytes_read]
    damaged = diagnose([path])
    path.write_bytes(undamaged)
    prefix = diagnose([path])
    assert [finding.code for finding in damaged.findings if finding.code == "NVG101"] == ["NVG101"]
    assert [each for each in damaged.findings if each.code != "NVG101"] == list(prefix.findings)
    assert (damaged.hosts, damaged.pairs, damaged.refusals) == (
        prefix.hosts,
        prefix.pairs,
        prefix.refusals,
    )


def test_two_good_records_are_no_relative_of_pcap():
    """Read with record headers of 20 bytes (Nokia), the second record makes sense too: its lengths
    are MACs of Hyper-V.
    """
    damaged = struct.pack(">IIII", 1_700_000_000, 0, 0xFFFFFFFF, 60)
    data = build.pcap([(TIME, FRAME)] * 2, byte_order=">") + damaged
    found = read(data)
    assert (found.progress.status, found.progress.frames, found.evidence.nvgre_frames) == (
        Status.CUT,
        2,
        2,
    )


@pytest.mark.parametrize("ticks", [1 << 63, (1 << 64) - 1])
def test_a_time_that_64_bits_do_not_hold_is_none(ticks, tmp_path):
    """Whole seconds (if_tsresol 0): damage, or a lie.  The frame counts."""
    path = tmp_path / "capture"
    path.write_bytes(build.shb() + build.idb(tsresol=0) + build.epb(0, 0, FRAME, ticks=ticks) * 2)
    with open_capture(path) as opened:
        (batch,) = opened.batches()
        assert [batch.ts_ns(0), batch.ts_ns(1)] == [NO_TIME, NO_TIME]
    report = diagnose([path])
    assert report.captures[0].nvgre_frames == 2
    assert '"frame": 1' in render("json", report, Display())


HUGE = (0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF, 134_348_832, 134_348_836, 262_145)
HOSTILE = {
    **{
        f"pcap record of {n}": build.pcap([]) + struct.pack("<IIII", 0, 0, n, n) + bytes(50_000)
        for n in HUGE
    },
    **{
        f"pcapng block of {n}": build.shb() + struct.pack("<II", 6, n) + bytes(50_000) for n in HUGE
    },
    **{
        f"pcapng frame of {n}": build.shb()
        + build.idb()
        + build.block(6, struct.pack("<IIIII", 0, 0, 0, n, n) + b"x" * 99)
        for n in HUGE
    },
    "interfaces without end": build.shb() + build.idb() * 2500,
    "sections without end": build.shb() * 2000,
    "tags without end": build.pcap([(0, build.ethernet(b"", 0x8100, tags=[(0x8100, 0)] * 12_000))]),
    "extension headers without end": build.pcap(
        [(0, build.ipv6("fd00::1", "fd00::2", 47, b"", extensions=[(60, bytes(6))] * 6000))], 101
    ),
    "empty frames": build.pcap([(0, b"")] * 4000),
    "a new host in each frame": build.pcap(
        [
            (0, build.ipv4(f"10.0.{n >> 8}.{n & 255}", "10.1.1.1", 47, build.gre(bytes(20), key=n)))
            for n in range(800)
        ],
        101,
    ),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_captures_cost_no_more_memory_than_others(data):
    assert len(data) < 100_000
    read(build.pcap([(TIME, FRAME)]))  # what is loaded once does not count
    tracemalloc.start()
    try:
        read(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20  # 13 MB of these are the table of the loop in C, whatever comes


@pytest.mark.parametrize(
    ("check", "data"),
    [
        (check_inventory, b"VirtualSubnetID" + b"," * 100_000 + b"\n5001\n"),
        (check_inventory, b'VirtualSubnetID\n"' + b"x" * 100_000),
        (check_inventory, b"VirtualSubnetID\n" + b"9" * 100_000),
        (check_config, b"vsid = " + b"[" * 50_000),
        (check_config, b"jobs = " + b"9" * 50_000),
        (check_config, b"a." * 4000 + b"a = 1"),
        (check_report, b"[" * 100_000),
        (check_report, b'{"a":' * 100_000),
        (check_report, b'{"schema_version": ' + b"9" * 100_000 + b"}"),
        (check_report, b'{"schema_version": "' + b"x" * 100_000 + b'"}'),
    ],
)
def test_hostile_text_costs_no_more_memory_than_other_text(check, data):
    check(b"")
    peaks = []
    for text in (b"x", data):
        tracemalloc.start()
        try:
            check(text)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + (16 << 20)
