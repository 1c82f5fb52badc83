"""The traces of the benchmark are what they claim to be."""

import struct
from pathlib import Path

import pytest

from tests.benchmarks.profiles import write as write_capture
from tests.benchmarks.traces import frames, write
from tests.capture.reading import read_path

pytestmark = pytest.mark.once


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "lab.pcap"
    write_capture(path, "lab", 2_000, snap=128)
    return path


def test_a_trace_of_ndiscap_has_each_frame_of_the_capture_once(
    capture: Path, tmp_path: Path
) -> None:
    write("ndiscap", capture, tmp_path / "lab.etl")
    reading = read_path(tmp_path / "lab.etl")
    assert reading.problems == []
    assert reading.frame_data == [data for data, _ in frames(capture)]
    assert len(reading.frames) == 2_000


@pytest.mark.long
def test_a_trace_of_pktmon_has_each_frame_three_times_in_compressed_buffers(
    capture: Path, tmp_path: Path
) -> None:
    write("pktmon", capture, tmp_path / "lab.etl")
    reading = read_path(tmp_path / "lab.etl")
    assert reading.problems == []
    expected = [frame for frame in frames(capture) for _ in range(3)]
    assert [(frame.data, frame.wire_length) for frame in reading.frames] == expected
    assert len(reading.frames) == 6_000


@pytest.mark.parametrize("kind", ["ndiscap", pytest.param("pktmon", marks=pytest.mark.long)])
def test_its_header_says_how_many_buffers_there_are(
    kind: str, capture: Path, tmp_path: Path
) -> None:
    """Other readers believe it."""
    path = tmp_path / "lab.etl"
    write(kind, capture, path)
    data, at, found, processors = path.read_bytes(), 0, 0, set()
    while at < len(data):
        processors.add(struct.unpack_from("<H", data, at + 0x28)[0])
        at, found = at + struct.unpack_from("<I", data, at)[0], found + 1
    assert struct.unpack_from("<I", data, 0x68 + 0x24)[0] == found > 8
    assert processors == {0, 1, 2, 3}
