"""Somebody asks for the reading to end: what was read before counts, and nothing else."""

from pathlib import Path

import pytest

from nvgre_doctor.capture import open_capture
from nvgre_doctor.capture.interruption import Interruption
from nvgre_doctor.doctor import diagnose
from nvgre_doctor.scan import files
from tests.faults.captures import healthy
from tests.program import MISMATCH, UPDATED


def test_nothing_is_read_of_a_capture_that_is_opened_after_the_wish() -> None:
    wish = Interruption()
    wish.ask()
    with open_capture(MISMATCH, interruption=wish) as capture:
        assert list(capture.batches()) == []
        assert capture.progress.status == "interrupted"
        assert [problem.reason for problem in capture.progress.problems] == ["interrupted"]


def test_captures_that_were_read_before_the_wish_are_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wish = Interruption()

    def tell(done: int, total: int | None) -> None:
        if done > Path(MISMATCH).stat().st_size:
            wish.ask()

    monkeypatch.setattr(files, "SECONDS_BETWEEN_UPDATES", 0)
    one, two = diagnose([MISMATCH, UPDATED], jobs=1, progress=tell, interruption=wish).captures
    assert (one.status, one.frames) == ("complete", 36)
    assert two.status == "interrupted"


def test_wish_raises_only_where_its_thread_waits() -> None:
    wish = Interruption()
    wish.ask()  # nobody waits: nothing is raised
    wish.is_waiting = True
    with pytest.raises(KeyboardInterrupt):
        wish.ask()


def test_interrupted_part_of_a_file_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts behind it were read, and nobody knows the numbers of their frames."""
    path = tmp_path / "long.pcap"
    path.write_bytes(healthy(1000))
    monkeypatch.setattr(files, "WORTH_A_THREAD", 4096)
    wish = Interruption()
    stretches = files.split(str(path), path.stat().st_size, 3, wish)
    assert len(stretches) == 3

    def read(number: int) -> files.StretchRead:
        return files.read_stretch(stretches[number], lambda count: None)

    first, third = read(0), read(2)
    assert third.read.progress.frames > 0
    wish.ask()
    joined = files.join(stretches, [first, read(1), third])
    assert joined.progress.status == "interrupted"
    assert joined.progress.frames == first.read.progress.frames
