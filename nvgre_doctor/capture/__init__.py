"""Files become frames.  Knows file formats and compressions, nothing about packets.

`open_capture` opens one input and never raises for what is in it; `expand` turns folders and
patterns into paths, `find` says what is known of them.  Whoever opens several captures does it
inside `archives_kept`.
"""

from nvgre_doctor.capture.archives.keeping import archives_kept
from nvgre_doctor.capture.batch import NO_TIME, Batch, Problem, Progress
from nvgre_doctor.capture.description import Description
from nvgre_doctor.capture.formats.pcapng_copy import Block, ChangedError
from nvgre_doctor.capture.formats.reader import Cursor
from nvgre_doctor.capture.opening import (
    OpenCapture,
    capture_from,
    compression_of,
    expand,
    find,
    open_capture,
    why_not_followed,
)
from nvgre_doctor.vocabulary import Status

__all__ = [
    "NO_TIME",
    "Batch",
    "Block",
    "ChangedError",
    "Cursor",
    "Description",
    "OpenCapture",
    "Problem",
    "Progress",
    "Status",
    "archives_kept",
    "capture_from",
    "compression_of",
    "expand",
    "find",
    "open_capture",
    "why_not_followed",
]
