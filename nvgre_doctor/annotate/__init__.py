"""A capture is written again as pcapng, with a comment on every frame that a finding points to, and
one on the whole that tells the verdict.

`pointing` says which findings a frame belongs to, `packets` puts comments into packet blocks,
`from_pcapng` copies the blocks of a pcapng, `from_frames` writes the frames of all other formats;
one block is in memory at a time.  Knows nothing about files that are written: the caller makes
them.
"""

from typing import BinaryIO

from nvgre_doctor.annotate.from_frames import write_frames
from nvgre_doctor.annotate.from_pcapng import PcapngCopier
from nvgre_doctor.annotate.marking import Copied, Marker
from nvgre_doctor.annotate.packets import is_annotated
from nvgre_doctor.annotate.pointing import Pointer
from nvgre_doctor.capture import ChangedError, open_capture
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import Report
from nvgre_doctor.scan.files import ProgressCallback
from nvgre_doctor.vocabulary import Status
from nvgre_doctor.wording import VERDICT_WORDS

__all__ = ["Copied", "Pointer", "annotate", "can_be_copied", "is_annotated", "says"]

_BLOCKS_BETWEEN_UPDATES = 4096


def can_be_copied(capture: Capture) -> bool:
    """Whether anything of a capture could be read: at least the header of a file without frames."""
    return capture.format is not None and capture.status != Status.UNREADABLE and capture.bytes > 0


def says(report: Report) -> str:
    """The comment on a whole capture: the verdict, of all captures that were diagnosed together."""
    together = len(report.captures)
    of_all = f" of {together} captures together" if together > 1 else ""
    return f"nvgre-doctor says{of_all}: {VERDICT_WORDS[report.verdict]}: {report.headline}"


def annotate(
    path: str,
    capture: Capture,
    pointer: Pointer,
    target: BinaryIO,
    tell: ProgressCallback,
    *,
    comment: str = "",
    only_findings: bool = False,
) -> Copied:
    """Read the capture at `path` again that was diagnosed, up to where it could be read then, and
    write it to `target`.

    `target` must be able to seek.  `comment` is that on the whole, as `says` says it.  `tell` is
    called now and then with the bytes of the file that were read.  With `only_findings` only frames
    are written that a finding points to.  Errors:
    capture.ChangedError, and OSError of `target`.
    """
    marker = Marker(pointer)
    with open_capture(path) as source:
        if source.has_blocks:
            copier = PcapngCopier(marker, comment, target, only_findings=only_findings)
            for count, block in enumerate(source.blocks(capture.bytes)):
                copier.add(block)
                if count % _BLOCKS_BETWEEN_UPDATES == 0:
                    tell(source.position(), source.size)
            copier.end_section(is_cut=capture.status == Status.CUT)
        else:
            write_frames(source, marker, comment, target, tell, only_findings=only_findings)
    if marker.copied.frames != capture.frames:
        raise ChangedError
    return marker.copied
