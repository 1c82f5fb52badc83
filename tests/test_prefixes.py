"""Samples, cut behind every byte: nothing raises, no frame is lost or invented, and the reader says
where it stopped.
"""

import os
from pathlib import Path

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.capture import open_capture
from nvgre_doctor.scan.counting import scan
from nvgre_doctor.vocabulary import Status
from tests.samples import build_samples

pytestmark = pytest.mark.long

SAMPLES = build_samples()
OF_EACH_FORMAT = (
    "04-value-cannot-tell-both-directions-do.pcapng",
    "08-plain-gre-open-vswitch.pcap",
    "10-mismatch-file-cut-short.pcap",
)
"""What a frame holds makes no difference where it is cut: it is not read then."""
WITH_REPORT = 97
"""Every so many bytes the whole way to the report is gone, which takes 20 times as long."""


@pytest.mark.parametrize("name", OF_EACH_FORMAT)
def test_every_prefix_of_a_sample_is_read_to_its_last_whole_frame(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(SAMPLES[name])
    frames_of_longer: int | None = None
    for length in range(len(SAMPLES[name]), -1, -1):
        os.truncate(path, length)
        with open_capture(path) as capture:
            evidence = scan(capture.batches())
            progress = capture.progress
        assert evidence.frames == progress.frames
        assert progress.bytes_read <= length
        if frames_of_longer is not None:
            assert frames_of_longer - 1 <= progress.frames <= frames_of_longer
        frames_of_longer = progress.frames
        if progress.status is Status.CUT:
            assert progress.problems[-1].offset <= length
            assert progress.problems[-1].message
        else:
            assert progress.status in (Status.COMPLETE, Status.EMPTY, Status.UNREADABLE)
    assert frames_of_longer == 0


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_report_of_a_cut_sample_says_that_it_is_cut(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    for length in range(len(SAMPLES[name]) - 1, -1, -WITH_REPORT):
        path.write_bytes(SAMPLES[name][:length])
        (capture,) = diagnose([path]).captures
        assert capture.status in ("cut", "empty", "unreadable", "complete")
        assert bool(capture.problems) == (capture.status in ("cut", "unreadable")) or length == 0
