"""Whether the workers of a cluster are as this process is, and what this process needs for Dask."""

import gc
import logging
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pkgutil import resolve_name
from typing import Any, Final

from nvgre_doctor import __version__
from nvgre_doctor.engines.on_worker import ClusterError, complaint

_LOGGERS: Final = (
    "distributed", "distributed.client", "distributed.core", "distributed.comm",
    "tornado.application", "asyncio",
)  # fmt: skip


def compare(client: Any, check: Callable[[], object]) -> None:
    """Whether every worker is as this process is.  `client` is that of
    Dask.  Errors: ClusterError."""
    ours = {"nvgre-doctor": __version__, "Python": _minor(platform.python_version())}
    pythons = client.run(platform.python_version)
    versions = client.run(resolve_name, "nvgre_doctor:__version__", on_error="return")
    for worker, version in sorted(versions.items()):
        theirs = {
            "nvgre-doctor": "" if isinstance(version, BaseException) else str(version),
            "Python": _minor(pythons.get(worker, "")),
        }
        for name, wanted in ours.items():
            if theirs[name] != wanted:
                found = f"{name} {theirs[name]}" if theirs[name] else f"no {name}"
                raise ClusterError(
                    f"worker {worker} has {found}, and this is {name} {wanted}: both must be the"
                    " same"
                )
    for worker, said in sorted(client.run(complaint, check).items()):
        if said:
            raise ClusterError(f"worker {worker}: {said}")


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


@contextmanager
def ready() -> Iterator[None]:
    """What becomes of the cluster is said in words of ours.  A client makes cycles, so they are
    collected, which commands do without.
    """
    before = {name: logging.getLogger(name).level for name in _LOGGERS}
    was_enabled = gc.isenabled()
    for name in before:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    gc.enable()
    try:
        yield
    finally:
        if not was_enabled:
            gc.disable()
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
