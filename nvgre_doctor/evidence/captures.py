"""One input as a whole: how far it could be read, and what was counted in it.

Paths and messages are raw text; each reporter makes them safe for its own reader.
"""

from typing import Final, NamedTuple

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.losses import NOTHING, Losses

NOTHING_DECODABLE: Final = "nothing-decodable"
"""Reason of the problem of a capture that was read, but none of whose frames could be decoded."""

TOO_MUCH: Final = "too-much"
"""Reason of the problem of a capture that holds more hosts, ids or errors than are kept."""
SAMPLED: Final = "sampled"
"""Reason of the problem of a capture of whose VM pairs only some are compared."""


class Capture(NamedTuple):
    """One input."""

    path: str
    format: str | None  # such as "pcap"; None: not recognized
    compression: str | None  # "gzip", "bzip2", "xz", "zstd"
    status: str  # a word of vocabulary.Status
    frames: int
    bytes: int
    nvgre_frames: int
    problems: tuple[Problem, ...]
    first_time_ns: int | None = (
        None  # of its first frame, since 1970; None: no frame, or it has none
    )
    last_time_ns: int | None = None  # of its last frame
    lost: Losses = NOTHING  # what it says itself

    @property
    def could_be_judged(self) -> bool:
        """Whether at least one frame could be decoded: what could not be judged is never
        healthy.
        """
        return self.frames > 0 and all(
            problem.reason != NOTHING_DECODABLE for problem in self.problems
        )
