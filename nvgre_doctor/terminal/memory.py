"""The memory that a container may use, as a limit of this process: there Python says MemoryError,
and the kernel would kill without a word.

Knows the control groups of Linux, version 1 and 2; elsewhere nothing is done.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_GROUPS: Final = Path("/proc/self/cgroup")
_ROOT: Final = Path("/sys/fs/cgroup")
_V1: Final = ("memory.limit_in_bytes", "total_rss")
_V2: Final = ("memory.max", "anon")
"""The file with the limit, and what `memory.stat` calls memory that cannot be given back."""
_NO_LIMIT: Final = 1 << 60  # version 1 says a number of about that size
_RESERVE: Final = 16 << 20
"""Bytes that are left to what the kernel keeps for the process; of a small group a sixteenth."""


def heed_memory_limit(groups: Path = _GROUPS, root: Path = _ROOT) -> None:
    """From now on take no more memory than is left in the control group of this process."""
    with contextlib.suppress(OSError, ValueError, ImportError):
        left = min(memory_left(groups, root), default=None)
        if left is None:
            return
        import resource

        most = _data_size() + max(left, 0)
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        if soft == resource.RLIM_INFINITY or most < soft:
            resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def resident_bytes() -> int | None:
    """What this process has in memory; None where that cannot be asked."""
    with contextlib.suppress(OSError, ValueError):
        return 1024 * _number(Path("/proc/self/status"), "VmRSS:")
    return None


def memory_left(groups: Path, root: Path) -> Iterator[int]:
    """Bytes, for each group around this process that has a limit.  Errors: OSError, ValueError.

    `groups` is the file that names the groups of a process, `root` the folder where they are.
    """
    for line in _read(groups).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            yield from _left_upward(root, path, *_V2)
        elif controllers == "memory":
            yield from _left_upward(root / "memory", path, *_V1)


def _left_upward(root: Path, path: str, limit_name: str, used_name: str) -> Iterator[int]:
    """Of a group and those above it.  In a container the root is its own group, whatever its path
    says.
    """
    while True:
        folder = root / path.strip("/")
        with contextlib.suppress(OSError, ValueError):  # no such group here, or the word "max"
            limit = int(_read(folder / limit_name))
            if limit < _NO_LIMIT:
                used = _number(folder / "memory.stat", used_name)
                yield limit - min(limit // 16, _RESERVE) - used
        if path in ("", "/"):
            return
        path = os.path.dirname(path)


def _data_size() -> int:
    """Bytes of this process that RLIMIT_DATA counts."""
    return 1024 * _number(Path("/proc/self/status"), "VmData:")


def _number(path: Path, name: str) -> int:
    """The number behind a name in a file of lines."""
    for line in _read(path).splitlines():
        words = line.split()
        if words[:1] == [name]:
            return int(words[1])
    raise ValueError(f"{path} has no {name}")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
