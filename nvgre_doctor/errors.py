"""How a run can end, and the one kind of error that its user can do something about.

Imports nothing of ours.  What each error means for the exit code stands in its class; `cli` maps
it, once.
"""

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """What the process says when it ends.  1 never means anything but findings."""

    OK = 0
    FINDINGS = 1
    USAGE = 2  # a wrong option, an unusable configuration, an output that cannot be written
    UNREADABLE = 3  # an input could not be read, or nothing in it could be decoded
    INTERNAL = 70
    INTERRUPTED = 130


class DoctorError(Exception):
    """Something that the user can mend; the text says what happened, where, and what to do next."""

    exit_code: ClassVar[Exit] = Exit.USAGE
    help_helps: ClassVar[bool] = False
    """Whether the help of the command says what would have been right."""


class GivenError(DoctorError, ValueError):
    """Something that was given cannot be used: an option, a file of the user, a value in Python."""
