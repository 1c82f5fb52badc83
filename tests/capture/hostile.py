"""What must hold for small files of every format, whatever their bytes."""

from nvgre_doctor.vocabulary import Status
from tests.capture.reading import read_bytes


def check_prefixes(data: bytes) -> None:
    """Every prefix is read without an exception, and none gives fewer frames than a shorter one."""
    most = 0
    for size in range(len(data) + 1):
        reading = read_bytes(data[:size])
        assert len(reading.frames) >= most, size
        most = len(reading.frames)
        if reading.status is Status.COMPLETE:
            assert reading.frames
            assert not reading.problems
    assert most
