"""How the tests of the readers look at a capture: everything it gives, in one value."""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nvgre_doctor.capture import OpenCapture, Problem, open_capture
from nvgre_doctor.vocabulary import Status


class Frame(NamedTuple):
    number: int
    ts_ns: int
    wire_length: int
    linktype: int
    data: bytes


@dataclass(frozen=True)
class Reading:
    format: str | None
    compression: str | None
    status: Status
    frames: list[Frame]
    problems: list[Problem]
    bytes_read: int

    @property
    def reasons(self) -> list[str]:
        return [problem.reason for problem in self.problems]

    @property
    def message(self) -> str:
        (problem,) = self.problems
        return problem.message

    @property
    def frame_data(self) -> list[bytes]:
        return [frame.data for frame in self.frames]


def frames_of(capture: OpenCapture, **part: object) -> list[Frame]:
    frames = [
        Frame(number, batch.ts_ns(i), batch.wire_length(i), batch.linktype, batch.frame(i))
        for batch in capture.batches(**part)  # type: ignore[arg-type]
        for i, number in enumerate(batch.numbers)
    ]
    return sorted(frames)


def read_path(path: str | os.PathLike[str], stdin: io.BytesIO | None = None) -> Reading:
    with open_capture(path, stdin=stdin) as capture:
        frames = frames_of(capture)
        progress = capture.progress
        assert progress.frames == len(frames)
        return Reading(
            capture.format,
            capture.compression,
            progress.status,
            frames,
            progress.problems,
            progress.bytes_read,
        )


def read_bytes(data: bytes) -> Reading:
    """Through standard input, so that no file is needed."""
    return read_path("-", io.BytesIO(data))


def read_both(data: bytes, folder: Path) -> Reading:
    """As a file and through standard input: the same."""
    path = folder / "capture.bin"
    path.write_bytes(data)
    reading = read_path(path)
    assert read_bytes(data) == reading
    return reading
