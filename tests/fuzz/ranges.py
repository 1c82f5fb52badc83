"""A stored object that comes in ranges, some only at the second try, is read as a file is; one that
is replaced meanwhile, as its first frames.

Knows how a stored object is asked for its ranges; no storage is asked here.
"""

from random import Random

import pytest

from nvgre_doctor.remote import stored
from nvgre_doctor.remote.failures import ReplacedError
from nvgre_doctor.remote.stored import StoredFile, Version
from nvgre_doctor.vocabulary import Status
from tests.fuzz import captures, invariants, scratch
from tests.fuzz.frames import mixed_frames

HEAD = 4
"""Bytes before the capture: the seed of all chance."""
SMALL = {"RANGE": 400, "FIRST": 70, "_PAUSE": 0}
"""Of `stored`: ranges of a few frames, and no pause between two tries."""
NO_REPLACEMENT = 1 << 30


def seeds() -> list[bytes]:
    """Captures that are many ranges."""
    made = []
    for n in range(20):
        frames = mixed_frames(Random(n), 15, 1)
        made += [
            (n * 7 + place).to_bytes(HEAD) + make(Random(n), frames)
            for place, make in enumerate((captures.random_pcap, captures.random_pcapng))
        ]
    return made


class Storage:
    """Ranges of an object, until it is replaced; what happens to a range depends on its place."""

    def __init__(self, data: bytes, seed: int, replaced_at: int) -> None:
        self._data = data
        self._seed = seed
        self._replaced_at = replaced_at
        self._failed: set[int] = set()

    def fetch(self, begin: int, end: int) -> bytes:
        """See `StoredFile`."""
        dice = Random(self._seed ^ begin)
        if begin >= self._replaced_at:
            raise ReplacedError
        if begin not in self._failed and dice.random() < 0.1:
            self._failed.add(begin)
            raise OSError(5, "once")
        return self._data[begin:end]

    def open(self) -> StoredFile:
        """The object as a file."""
        version = Version("s3://bucket/capture", "tag", len(self._data))
        return StoredFile(version, self.fetch, lambda: None)


def check(data: bytes) -> None:
    """As a file, and as the first frames of it."""
    seed, capture = int.from_bytes(data[:HEAD]), data[HEAD:]
    replaced_at = Random(seed).randrange(1, len(capture) + 2)
    expected = invariants.read_at(scratch.file("capture", capture))
    frames = invariants.frames_of(capture)[0]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(stored, name, value)
        with Storage(capture, seed, NO_REPLACEMENT).open() as file:
            assert invariants.read_at("-", file) == expected
        with Storage(capture, seed, replaced_at).open() as file:
            found = invariants.read_at("-", file)
    if found != expected and expected.format in invariants.FORWARD:
        assert found.progress.status in (Status.CUT, Status.UNREADABLE)
        assert found.progress.numbered <= expected.progress.numbered
        first = {n: frame for n, frame in frames.items() if n <= found.progress.numbered}
        assert found.evidence.frames == len(first)
