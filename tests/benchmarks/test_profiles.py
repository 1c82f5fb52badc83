"""The benchmark captures are what they claim to be."""

import random
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvgre_doctor.doctor import diagnose
from nvgre_doctor.scan.native import PURE_VARIABLE
from tests import build
from tests.benchmarks.fabric import Scale, build_fabric, gre_key
from tests.benchmarks.frames import ENCAPSULATIONS
from tests.benchmarks.profiles import write

pytestmark = pytest.mark.long


def records(path: Path) -> Iterator[tuple[int, bytes]]:
    """(time in microseconds, frame) of a little-endian pcap."""
    data = path.read_bytes()
    position = 24
    while position < len(data):
        seconds, micros, captured, original = struct.unpack_from("<IIII", data, position)
        assert captured == original
        yield seconds * 1_000_000 + micros, data[position + 16 : position + 16 + captured]
        position += 16 + captured


@pytest.mark.parametrize(
    ("profile", "nvgre_at_least", "nvgre_at_most"), [("lab", 9550, 9750), ("needle", 150, 250)]
)
def test_profile_has_its_share_of_nvgre_and_frames_of_about_680_bytes(
    tmp_path: Path, profile: str, nvgre_at_least: int, nvgre_at_most: int
) -> None:
    path = tmp_path / "profile.pcap"
    write(path, profile, 10_000)
    frames = [frame for _, frame in records(path)]
    assert len(frames) == 10_000
    nvgre = sum(frame[12:14] == b"\x08\0" and frame[23] == 47 for frame in frames)
    assert nvgre_at_least <= nvgre <= nvgre_at_most
    assert 660 <= sum(map(len, frames)) / 10_000 <= 700


def test_every_ip_header_of_the_lab_has_a_right_checksum_and_the_length_of_its_frame(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lab.pcap"
    write(path, "lab", 5_000)
    outer = [frame for _, frame in records(path) if frame[12:14] == b"\x08\0"]
    inner = [frame[42:] for frame in outer if frame[23] == 47]
    assert len(inner) > 4_500
    for frame in outer + inner:
        assert build.internet_checksum(frame[14:34]) == 0
        assert int.from_bytes(frame[16:18], "big") == len(frame) - 14


@pytest.mark.parametrize("pure", ["", "1"], ids=["C", "Python"])
@pytest.mark.parametrize(
    ("profile", "encapsulation", "snap"),
    [
        *(("lab", name, 0) for name in ENCAPSULATIONS),
        ("lab", "ethernet", 64),
        ("needle", "ethernet", 0),
        ("entropy", "ethernet", 0),
    ],
)
def test_every_frame_of_it_is_read(
    tmp_path: Path,
    profile: str,
    encapsulation: str,
    snap: int,
    pure: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that the benchmark measures what it says; see also its `check_answer`."""
    monkeypatch.setenv(PURE_VARIABLE, pure)
    write(tmp_path / "profile.pcap", profile, 1_000, encapsulation, snap=snap)
    report = diagnose(tmp_path / "profile.pcap")
    assert report.summary.frames == 1_000
    assert report.summary.nvgre_frames > (900 if profile == "lab" else 0)
    assert report.captures[0].status == "complete"


def test_times_never_go_back(tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    write(path, "lab", 5_000)
    times = [time_us for time_us, _ in records(path)]
    assert times == sorted(times)


def test_same_arguments_give_the_same_bytes_and_a_shorter_capture_begins_a_longer_one(
    tmp_path: Path,
) -> None:
    once, again, shorter, other = (
        tmp_path / f"{name}.pcap" for name in ("once", "again", "shorter", "other")
    )
    write(once, "lab", 5_000)
    write(again, "lab", 5_000)
    write(shorter, "lab", 500)
    write(other, "lab", 5_000, seed=2)
    assert once.read_bytes() == again.read_bytes()
    assert once.read_bytes().startswith(shorter.read_bytes())
    assert once.read_bytes() != other.read_bytes()


@pytest.mark.parametrize(
    ("encapsulation", "linktype", "offset", "protocol_at"),
    [
        ("ethernet", 1, 14, 9),
        ("vlan", 1, 18, 9),
        ("sll2", 276, 20, 9),
        ("raw", 101, 0, 9),
        ("ipv6", 1, 14, 6),
        ("mpls", 1, 18, 9),
    ],
)
def test_outer_ip_header_stands_where_the_encapsulation_puts_it(
    tmp_path: Path, encapsulation: str, linktype: int, offset: int, protocol_at: int
) -> None:
    path = tmp_path / "lab.pcap"
    write(path, "lab", 1_000, encapsulation)
    assert struct.unpack_from("<I", path.read_bytes(), 20) == (linktype,)
    protocols = Counter(frame[offset + protocol_at] for _, frame in records(path))
    assert protocols[47] > 930


def test_pcapng_holds_the_same_frames_as_pcap(tmp_path: Path) -> None:
    write(tmp_path / "lab.pcap", "lab", 200)
    write(tmp_path / "lab.pcapng", "lab", 200)
    frames = [(time_us * 1000, frame) for time_us, frame in records(tmp_path / "lab.pcap")]
    assert (tmp_path / "lab.pcapng").read_bytes() == build.pcapng(frames)


def test_old_host_writes_the_bare_tni_and_current_host_a_flow_id_of_the_five_tuple() -> None:
    hosts = build_fabric(
        Scale(hosts=4, old_hosts=1, vms=8, tenants=1, flows=2), random.Random(1)
    ).hosts
    old = next(host for host in hosts if host.speaks_old)
    current = next(host for host in hosts if not host.speaks_old)
    assert gre_key(old, 5001, b"123456789") == 0x00001389
    assert gre_key(old, 5001, b"") == 0x00001389
    assert (
        gre_key(current, 5001, b"123456789") == 0x00138926
    )  # the check value of CRC-32 is 0xCBF43926
    assert gre_key(current, 5001, b"") == 0x00138900


def test_connection_stays_in_its_tenant_leaves_its_host_and_is_answered() -> None:
    fabric = build_fabric(
        Scale(hosts=4, old_hosts=1, vms=30, tenants=3, flows=100), random.Random(1)
    )
    assert len(fabric.flows) == 100
    for flow, answer in zip(fabric.flows[::2], fabric.flows[1::2], strict=True):
        assert flow.sender.network_id == flow.receiver.network_id
        assert flow.sender.host is not flow.receiver.host
        assert (flow.sender, flow.receiver) == (answer.receiver, answer.sender)
        assert (flow.source_port, flow.destination_port) == (
            answer.destination_port,
            answer.source_port,
        )
