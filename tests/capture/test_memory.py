"""Memory does not grow with the file, and its bytes are read once."""

import tracemalloc

import pytest

from nvgre_doctor.capture import open_capture
from tests.build import pcap, pcapng

FRAMES = [(1_700_000_000_123_456_000 + i, bytes([i % 256]) * 700) for i in range(1000)]


@pytest.mark.long
@pytest.mark.parametrize("make", [pcap, pcapng])
def test_memory_is_the_same_for_a_file_ten_times_as_large(tmp_path, make):
    empty = make([])
    records = make(FRAMES)[len(empty) :]
    peaks = []
    for times in (4, 40):
        path = tmp_path / "a"
        path.write_bytes(empty + records * times)
        tracemalloc.start()
        with open_capture(path) as capture:
            assert sum(len(batch.stamps) for batch in capture.batches()) == 1000 * times
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] < 4 << 20


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_every_byte_of_a_file_is_read_about_once(tmp_path, make):
    path = tmp_path / "a"
    path.write_bytes(make(FRAMES * 5))
    with open_capture(path) as capture:
        buffers = {id(batch.data): len(batch.data) for batch in [*capture.batches()]}
    size = path.stat().st_size
    assert size <= sum(buffers.values()) + 28 < 1.01 * size + 28
