"""Every capture format under every command: the samples say the same, whatever they are stored in.

The frames of a sample are taken from its pcapng or pcap with `struct` alone, and written anew.
"""

import gzip
import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.report.model import Report
from tests import samples
from tests.build_etl import BEGIN, PACKET_END, PACKET_START, Event, Trace, etl, ndiscap, pktmon
from tests.build_other import NETMON_BEGIN, netmon, snoop
from tests.every_command import FORMATS, EveryCommand, run_every_command, run_here

Rows = list[tuple[int, bytes, int]]
"""Time in ns, captured bytes, original length."""


def rows_of(data: bytes) -> Rows:
    """The frames of a sample: little endian, one interface."""
    return list(_pcap_rows(data) if data[:4] == b"\xd4\xc3\xb2\xa1" else _pcapng_rows(data))


def _pcap_rows(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    at = 24
    while at + 16 <= len(data):
        seconds, us, captured, length = struct.unpack_from("<4I", data, at)
        frame = data[at + 16 : at + 16 + captured]
        if len(frame) == captured:
            yield seconds * 10**9 + us * 1000, frame, length
        at += 16 + captured


def _pcapng_rows(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    at, per_tick = 0, 1000
    while at < len(data):
        kind, total = struct.unpack_from("<II", data, at)
        if kind == 1 and struct.pack("<HHB", 9, 1, 9) in data[at : at + total]:
            per_tick = 1
        if kind == 6:
            high, low, captured, length = struct.unpack_from("<4I", data, at + 12)
            frame = data[at + 28 : at + 28 + captured]
            yield (high << 32 | low) * per_tick, frame, length
        at += total


def _since(rows: Rows, begin: int) -> Rows:
    """The same, from another time on."""
    return [(begin + ts_ns - rows[0][0], frame, length) for ts_ns, frame, length in rows]


def _events(rows: Rows) -> list[Event]:
    return [ndiscap(ts_ns, frame) for ts_ns, frame, _ in _since(rows, BEGIN)]


def split_etl(rows: Rows) -> bytes:
    """As Server 2012 logs: each packet in three events, threads in turn."""
    events: list[Event | bytes] = []
    for number, (ts_ns, frame, _) in enumerate(_since(rows, BEGIN)):
        cuts = (frame[:20], frame[20:50], frame[50:])
        for part, flags in zip(cuts, (PACKET_START, 0, PACKET_END), strict=True):
            events.append(ndiscap(ts_ns, part, parts=flags, thread=number % 3))
    return etl(events)


def circular_etl(rows: Rows) -> bytes:
    trace, events = Trace(mode=2), _events(rows)
    parts = [trace.buffer(events[n : n + 7], n) for n in range(0, len(events), 7)]
    return trace.header() + b"".join(parts[1:] + parts[:1])


def zipped(rows: Rows) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("logs/readme.txt", "made by the switch\n")
        archive.writestr("logs/lab.etl", etl(_events(rows)))
    return out.getvalue()


def tarred(rows: Rows) -> bytes:
    out, data = io.BytesIO(), snoop(rows)
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("lab.snoop")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue())


CONTAINERS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "etl": ("etl", lambda rows: etl(_events(rows), each=5)),
    "etl, 32 bit": ("etl", lambda rows: etl(_events(rows), Trace(pointer_size=4))),
    "etl, four processors": ("etl", lambda rows: etl(_events(rows), Trace(), 5, 4)),
    "etl, compressed": ("etl", lambda rows: etl(_events(rows), Trace(compressed=True))),
    "etl, circular": ("etl", circular_etl),
    "etl, split packets": ("etl", split_etl),
    "etl, pktmon": (
        "etl",
        lambda rows: etl(
            [pktmon(ts_ns, f, wire_length=n) for ts_ns, f, n in _since(rows, BEGIN)],
            Trace(compressed=True),
        ),
    ),
    "etl.gz": ("etl", lambda rows: gzip.compress(etl(_events(rows)))),
    "netmon 1": ("netmon", lambda rows: netmon(_since(rows, NETMON_BEGIN), (1, 1))),
    "netmon 2.0": ("netmon", lambda rows: netmon(_since(rows, NETMON_BEGIN))),
    "netmon 2.3": ("netmon", lambda rows: netmon(_since(rows, NETMON_BEGIN), (2, 3))),
    "snoop": ("snoop", snoop),
    "zip": ("etl", zipped),
    "tar.gz": ("snoop", tarred),
}
ETHERNET_SAMPLES = [name for name in samples.SAMPLES if not name.startswith("08")]


def judged(report: Report) -> tuple[object, ...]:
    """Verdict, hosts and codes, without frames that only some formats can name."""
    hosts = [(h.address, h.layout, h.confidence, h.frames_sent) for h in report.hosts]
    codes = sorted((f.code, f.severity, f.subject) for f in report.findings if f.code != "NVG101")
    return report.verdict, hosts, codes


@pytest.mark.parametrize(
    "sample",
    [
        *ETHERNET_SAMPLES[:3],
        *(pytest.param(sample, marks=pytest.mark.long) for sample in ETHERNET_SAMPLES[3:]),
    ],
)
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_sample_says_the_same_whatever_it_is_stored_in(
    container: str, sample: str, tmp_path: Path
) -> None:
    data = samples.SAMPLES[sample]()
    original, stored = tmp_path / sample, tmp_path / "stored"
    original.write_bytes(data)
    format_name, make = CONTAINERS[container]
    stored.write_bytes(make(rows_of(data)))
    report = diagnose([stored])
    assert judged(report) == judged(diagnose([original]))
    assert [(c.format, c.frames) for c in report.captures] == [(format_name, len(rows_of(data)))]


@pytest.mark.long
@pytest.mark.parametrize("container", CONTAINERS)
def test_every_command_reads_it(container: str, tmp_path: Path) -> None:
    capture = tmp_path / "lab.capture"
    format_name, make = CONTAINERS[container]
    capture.write_bytes(make(rows_of(samples.mismatch())))
    said: EveryCommand = run_every_command(capture, tmp_path)
    assert [(done.code, done.stderr) for done in said.checks.values()] == [(1, "")] * len(FORMATS)
    assert all("NVG301" in done.stdout for done in said.checks.values())
    read: dict[str, Any] = said.report["captures"][0]
    assert (read["format"], read["status"], read["frames"], read["nvgre_frames"]) == (
        format_name,
        "complete",
        36,
        32,
    )
    assert said.converts == said.checks
    assert said.info.code == 0
    assert f"  {format_name} " in said.info.stdout.replace("Format", "")
    assert (said.filter.code, said.annotate.code) == (0, 1)
    assert "host 192.168.50.1" in said.filter.stdout
    assert said.annotated.read_bytes().count(b"nvgre-doctor NVG301") == 16
    again = run_here("info", str(said.annotated))
    assert "  NVGRE        32" in again.stdout


MIXED = ("etl", "etl, pktmon", "netmon 1", "netmon 2.0", "netmon 2.3", "snoop", "zip", "tar.gz")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with a capture of every format, each with every eighth frame of one sample."""
    rows, place = rows_of(samples.mismatch()), tmp_path / "mixed"
    place.mkdir()
    for number, name in enumerate(MIXED):
        (place / f"{number}.capture").write_bytes(CONTAINERS[name][1](rows[number :: len(MIXED)]))
    return place


def test_captures_of_several_formats_are_one_diagnosis(mixed: Path) -> None:
    report = diagnose([mixed])
    assert [c.format for c in report.captures] == [CONTAINERS[name][0] for name in MIXED]
    assert [c.frames for c in report.captures] == [5, 5, 5, 5, 4, 4, 4, 4]
    assert report.verdict == "mismatch"
    assert [(h.address, h.layout, h.frames_sent) for h in report.hosts] == [
        ("192.168.50.1", "rfc7637", 8),
        ("192.168.50.2", "draft-00", 8),
    ]


def test_every_command_reads_captures_of_several_formats_together(
    mixed: Path, tmp_path: Path
) -> None:
    check, info = run_here("check", str(mixed)), run_here("info", str(mixed))
    assert (check.code, check.stderr) == (1, "")
    assert check.stdout.startswith("MISMATCH")
    assert (info.code, info.stderr) == (0, "")
    lines = info.stdout.splitlines()
    assert len([line for line in lines if line.startswith("Capture ")]) == len(MIXED)
    assert "Together they can be diagnosed: yes" in info.stdout
    filters = run_here("filter", str(mixed))
    assert (filters.code, filters.stderr) == (0, "")
    assert "host 192.168.50.1" in filters.stdout
    out = tmp_path / "annotated"
    annotate = run_here("annotate", str(mixed), "-o", str(out))
    assert annotate.code == 1
    assert len(os.listdir(out)) == len(MIXED)
    again = diagnose([out])
    assert {c.format for c in again.captures} == {"pcapng"}
    assert judged(again) == judged(diagnose([mixed]))


@pytest.mark.parametrize("command", ["check", "info", "filter"])
def test_an_archive_of_several_captures_is_read_whole(command: str, tmp_path: Path) -> None:
    path = tmp_path / "lab.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.etl", etl(_events(rows_of(samples.mismatch()))))
        archive.writestr("b.pcapng", samples.mismatch())
    done = run_here(command, str(path))
    assert done.code == (command == "check")
    assert "192.168.50.2" in done.stdout or command == "info"
    if command == "info":
        assert [line for line in done.stdout.splitlines() if line.startswith("Capture")] == [
            f"Capture {path}/a.etl",
            f"Capture {path}/b.pcapng",
        ]


def test_annotate_writes_one_capture_of_an_archive_or_all_into_a_folder(tmp_path: Path) -> None:
    path, out = tmp_path / "lab.zip", tmp_path / "out.pcapng"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.pcapng", samples.mismatch())
        archive.writestr("b.pcapng", samples.mismatch())
    done = run_here("annotate", str(path), "-o", str(out))
    assert done.code == 2
    assert "copies of several captures, or of those in a folder, need one: -o" in done.stderr
    assert not out.exists()
    assert run_here("annotate", str(path), "-o", str(tmp_path / "all")).code == 1
    assert sorted(os.listdir(tmp_path / "all")) == ["a.pcapng", "b.pcapng"]
    assert run_here("annotate", f"{path}/a.pcapng", "-o", str(out)).code == 1
    assert out.read_bytes().count(b"nvgre-doctor NVG301") == 16
