"""A stored object as a file: which ranges are asked for, and how often."""

import random
import threading
import time

import pytest

from nvgre_doctor.remote import stored
from nvgre_doctor.remote.failures import MissingError, ReplacedError
from nvgre_doctor.remote.stored import FIRST, RANGE, StoredFile, Version

DATA = random.Random(1).randbytes(5 * RANGE + 12345)
MIB = 1 << 20


class Storage:
    """Gives ranges of `data`, and remembers them."""

    def __init__(self, data: bytes = DATA) -> None:
        self.data = data
        self.ranges: list[tuple[int, int]] = []
        self.failures: list[OSError] = []
        self.closed = 0

    def fetch(self, begin: int, end: int) -> bytes:
        self.ranges.append((begin, end))
        if self.failures:
            raise self.failures.pop()
        return self.data[begin:end]

    def close(self) -> None:
        self.closed += 1

    def open(self) -> StoredFile:
        return StoredFile(Version("s3://b/a", "tag", len(self.data)), self.fetch, self.close)

    @property
    def fetched(self) -> int:
        return sum(end - begin for begin, end in self.ranges)


def test_an_object_is_read_forward_in_ranges_of_8_mib_without_a_byte_twice() -> None:
    storage = Storage()
    with storage.open() as file:
        parts = []
        while part := file.read(MIB):
            parts.append(part)
    assert b"".join(parts) == DATA
    assert storage.fetched == len(DATA)
    lengths = [end - begin for begin, end in sorted(storage.ranges)]
    assert lengths[:2] == [MIB, 4 * MIB]
    assert set(lengths[2:-1]) == {RANGE}


def test_a_small_object_is_one_range() -> None:
    storage = Storage(DATA[:RANGE])
    with storage.open() as file:
        assert file.read(4096) == DATA[:4096]
        file.seek(RANGE // 2)
        assert file.read(10) == DATA[RANGE // 2 : RANGE // 2 + 10]
    assert storage.ranges == [(0, RANGE)]


def test_whoever_looks_at_a_header_costs_a_small_range() -> None:
    storage = Storage()
    with storage.open() as file:
        file.read(4096)
    assert storage.ranges == [(0, FIRST)]


def test_the_next_range_comes_while_this_one_is_read() -> None:
    storage = Storage()
    with storage.open() as file:
        for at in (0, MIB, 5 * MIB):
            file.seek(at)
            file.read(MIB)
        for _ in range(100):
            if len(storage.ranges) == 4:
                break
            time.sleep(0.01)
    third, fourth = 5 * MIB + RANGE, 5 * MIB + 2 * RANGE
    assert storage.ranges == [(0, MIB), (MIB, 5 * MIB), (5 * MIB, third), (third, fourth)]


def test_nothing_is_fetched_ahead_behind_the_end_that_is_expected() -> None:
    storage = Storage()
    stop = 2 * RANGE + 100
    with storage.open() as file:
        file.expect(stop)
        file.seek(RANGE)
        got = b""
        while len(got) < stop - RANGE:
            got += file.read(min(MIB, stop - RANGE - len(got)))
        assert got == DATA[RANGE:stop]
        assert storage.fetched == len(got)
        assert file.read(50) == DATA[stop : stop + 50]  # the end of the last record


@pytest.mark.parametrize("seed", range(5))
def test_wherever_is_read_the_bytes_are_right(seed: int) -> None:
    dice = random.Random(seed)
    with Storage().open() as file:
        at = 0
        for _ in range(200):
            if dice.random() < 0.3:
                at = dice.randrange(len(DATA))
            at = max(at - dice.choice([0, 0, 1, 60_000]), 0)  # back over what was left
            assert file.seek(at) == at
            part = file.read(dice.choice([1, 4096, MIB]))
            assert part == DATA[at : at + len(part)]
            assert part or at == len(DATA)
            at += len(part)


def test_a_range_is_tried_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_PAUSE", 0)
    storage = Storage(b"0123456789")
    storage.failures = [OSError(5, "no"), OSError(5, "no")]
    with storage.open() as file:
        assert file.read(10) == b"0123456789"
        storage.failures = [OSError(5, "last"), OSError(5, "no"), OSError(5, "no")]
        file.seek(0)
    assert len(storage.ranges) == 3
    with storage.open() as file, pytest.raises(OSError, match="last"):
        file.read(10)
    assert len(storage.ranges) == 6


@pytest.mark.parametrize("error", [ReplacedError(), MissingError(2, "gone"), PermissionError()])
def test_what_another_try_does_not_mend_is_raised_at_once(error: OSError) -> None:
    storage = Storage()
    storage.failures = [error]
    with storage.open() as file, pytest.raises(type(error)):
        file.read(10)
    assert len(storage.ranges) == 1


def test_what_went_wrong_ahead_is_raised_where_it_is_reached() -> None:
    storage = Storage()
    with storage.open() as file:
        file.read(MIB)
        file.seek(MIB)
        file.read(MIB)
        whole = threading.Event()

        def fail(begin: int, end: int) -> bytes:
            if begin > 5 * MIB:
                whole.set()
                raise ReplacedError
            return DATA[begin:end]

        file._fetch = fail
        file.seek(5 * MIB)
        assert file.read(MIB) == DATA[5 * MIB : 6 * MIB]
        assert whole.wait(10)
        file.seek(5 * MIB + RANGE)
        with pytest.raises(ReplacedError):
            file.read(1)


def test_closing_closes_once() -> None:
    storage = Storage()
    file = storage.open()
    file.close()
    file.close()
    assert storage.closed == 1
