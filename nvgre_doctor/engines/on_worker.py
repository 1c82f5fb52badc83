"""What a worker of a cluster does, and what it says when that fails.

Dask writes arguments and exceptions of tasks that fail into its logs.  So arguments show nothing,
and whatever is raised is a result.
"""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from nvgre_doctor import __version__
from nvgre_doctor.engines import tell_nobody
from nvgre_doctor.errors import DoctorError, Exit
from nvgre_doctor.terminal.urls import redacted

Inside = TypeVar("Inside")


class ClusterError(DoctorError):
    """The cluster cannot be used."""


class SchedulerLostError(DoctorError):
    """The scheduler went away; what it had is gone."""

    exit_code: ClassVar[Exit] = Exit.INTERNAL


class TaskError(Exception):
    """Work raised something on a worker; a note is its traceback there."""


class Sealed(Generic[Inside]):
    """What a task is given."""

    def __init__(self, inside: Inside) -> None:
        """It is pickled as it is."""
        self.inside = inside

    def __repr__(self) -> str:
        """Nothing."""
        return "..."


@dataclass(frozen=True, slots=True)
class Failed:
    """What a task raised, as its result."""

    name: str
    text: str  # with the traceback, without secrets


def do(sealed: Sealed[Any], tasks: Sealed[Sequence[Any]]) -> Any:
    """The work of a batch, merged."""
    version, work, merge = sealed.inside
    if version != __version__:  # a worker that came later
        return Failed(ClusterError.__name__, f"a worker has nvgre-doctor {__version__}")
    try:
        return merge(work(task, tell_nobody) for task in tasks.inside)
    except Exception as error:  # noqa: BLE001  it is raised where the result is wanted
        return _failed(error)


def together(merge: Sealed[Any], *results: Any) -> Any:
    """Results of several tasks, merged."""
    for result in results:
        if isinstance(result, Failed):
            return result
    try:
        return merge.inside(results)
    except Exception as error:  # noqa: BLE001  as above
        return _failed(error)


def complaint(check: Callable[[], object]) -> str:
    """What the check of a worker complains about; empty where it does not."""
    try:
        check()
    except DoctorError as error:
        return str(error)
    return ""


def as_raised(failed: Failed) -> Exception:
    """What is raised where the result was wanted."""
    if failed.name == MemoryError.__name__:
        return MemoryError()
    if failed.name == ClusterError.__name__:
        return ClusterError(f"{failed.text}, and this is {__version__}: both must be the same")
    error = TaskError(failed.text.rstrip().rpartition("\n")[2])
    error.add_note(failed.text)
    return error


def _failed(error: Exception) -> Failed:
    return Failed(type(error).__name__, redacted("".join(traceback.format_exception(error))))
