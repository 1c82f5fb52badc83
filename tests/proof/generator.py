"""Worlds with their truth, made from `struct` alone; nothing here knows the program.

`make_world(seed)` draws a style and everything else from the seed, so a seed names its world for
ever, as long as the generator does not change.  `make_world(seed, clones=4)` fixes a phenomenon.
"""

from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.proof.building import build_fabric
from tests.proof.changing import Capture
from tests.proof.fabric import Fabric
from tests.proof.happening import happen
from tests.proof.recording import Recording, record
from tests.proof.style import Style, style_of
from tests.proof.truth import Truth, truth_of


class World(NamedTuple):
    """What was recorded of a world, and what is true of it."""

    seed: int
    style: Style
    fabric: Fabric
    recordings: list[Recording]
    truth: Truth

    def captures(self) -> list[Capture]:
        """The frames of each capture, as they were captured."""
        return [
            [(seen.at_ns, seen.data, seen.wire_length) for seen in recording.frames]
            for recording in self.recordings
        ]

    def write(self, folder: Path) -> list[Path]:
        """The captures as files."""
        paths = []
        for recording in self.recordings:
            path = folder / recording.name
            path.write_bytes(recording.content)
            paths.append(path)
        return paths


def make_world(seed: int, **fixed: object) -> World:
    """The world of a seed; `fixed` are fields of Style."""
    style = style_of(seed, **fixed)
    dice = Random(f"world {seed}")
    fabric = build_fabric(style, dice)
    packets = happen(style, fabric, dice)
    recordings = record(style, fabric, packets, dice) if packets else []
    return World(seed, style, fabric, recordings, truth_of(fabric, recordings))
