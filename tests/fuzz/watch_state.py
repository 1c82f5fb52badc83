"""The state of a watch, whatever stands in its file: it is refused with a sentence, or it is what
is saved again, and a watch begins with it.
"""

import os
from functools import cache
from pathlib import Path

import pytest

from nvgre_doctor.watching import file_marks, state
from nvgre_doctor.watching.ring import Folder
from nvgre_doctor.watching.state import State, StateError
from tests.fuzz import scratch
from tests.watching.test_watch import mismatch, ring_name
from tests.watching.watched import pcap, watching
from tests.worlds import NOON

RING = "ring"
"""How a state calls the folder."""


@cache
def ring() -> str:
    """A folder with one file, which looks the same each time."""
    path = Path(scratch.file(ring_name(1), pcap(mismatch())))
    folder = path.parent / RING
    folder.mkdir()
    path.rename(folder / path.name)
    os.utime(folder / path.name, ns=(NOON, NOON))
    return str(folder)


def look(known: State) -> State:
    """What a watch knows that begins so, and looks once."""
    saved: list[State] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_marks, "inode_of", lambda status: 1)
        supply = Folder(ring(), state=known.supplies.get(RING))
        with watching(supply, state=known, save=saved.append) as watched:
            watched.look(1)
    last = saved[-1]
    return last._replace(supplies={RING: last.supplies[ring()]})


def seeds() -> list[bytes]:
    """Nothing, and what was told of a mismatch."""
    path = scratch.file("state.json", b"")
    found = []
    for known in (state.NOTHING, look(state.NOTHING)):
        state.save(path, known)
        found.append(Path(path).read_bytes())
    return found


def check(data: bytes) -> None:
    """What a watch that begins with it knows in the end can be read again, too."""
    path = scratch.file("state.json", data)
    known, refused = None, ""
    try:
        known = state.load(path)
    except StateError as error:
        refused = str(error)
    if known is None:
        assert refused
        assert refused.isprintable()
        return
    for one in (known, look(known)):
        state.save(path, one)
        assert state.load(path) == one
