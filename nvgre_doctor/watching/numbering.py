"""Frames by file and number, as Wireshark shows them, where files were judged together as one
capture: a tape, whose frames are numbered from its first file on.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple, TypeVar

from nvgre_doctor.doctor import Told, with_limits
from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.evidence.folded import FoldedCapture
from nvgre_doctor.evidence.signs import Sightings, Sign
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import Copies
from nvgre_doctor.infer.left_out import leave_out
from nvgre_doctor.infer.pieces import Pieces
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.vocabulary import Oddity

T = TypeVar("T")


class FileOfTape(NamedTuple):
    """One file."""

    capture: int  # among all files
    before: int  # frame numbers of the files before it
    signs: dict[Sign, Sightings]  # as it numbers its frames


Tape = tuple[FileOfTape, ...]
"""Files in order."""


def by_file(
    situation: Situation, captures: tuple[Capture, ...], tapes: Sequence[Tape], told: Told
) -> Situation:
    """The situation of these tapes as one of these files, for rules and reports."""
    limited = list(captures)
    for index, (first, *_) in enumerate(tapes):
        kept = situation.evidence.captures[index]
        limited[first.capture] = with_limits(captures[first.capture], kept)
    captures = tuple(limited)
    if all(len(tape) == 1 and not tape[0].before for tape in tapes):
        return situation._replace(captures=captures)
    diagnosis = _Renumbering(tapes).changed(situation.diagnosis)
    return situation._replace(
        captures=captures, evidence=_signs_by_file(situation, tapes, told), diagnosis=diagnosis
    )


class _Renumbering:
    """Goes through values of any shape, and leaves what holds no frame as it is."""

    def __init__(self, tapes: Sequence[Tape]) -> None:
        self._begins = [[file.before for file in tape] for tape in tapes]
        self._tapes = tapes

    def changed(self, value: T) -> T:
        """The same with every frame as its file has it."""
        changed: Any = value
        if isinstance(value, At):
            changed = self._at(value)
        elif isinstance(value, Pieces):  # by capture of evidence: first and last frame are enough
            changed = None
        elif isinstance(value, Copies):
            frames = tuple(map(self._at, value.frames))
            other = value.other_capture
            changed = value._replace(
                capture=frames[0].capture,
                frames=frames,
                other_capture=None if other is None else self._tapes[other][0].capture,
            )
        elif isinstance(value, tuple):
            items = [self.changed(item) for item in value]
            if any(new is not old for new, old in zip(items, value, strict=True)):
                changed = value._make(items) if hasattr(value, "_make") else tuple(items)
        elif isinstance(value, list):
            changed = [self.changed(item) for item in value]
        elif isinstance(value, dict):
            changed = {key: self.changed(item) for key, item in value.items()}
        elif is_dataclass(value) and not isinstance(value, type):
            given = {
                field.name: getattr(value, field.name) for field in fields(value) if field.init
            }
            changed = replace(value, **{name: self.changed(item) for name, item in given.items()})
        return changed  # type: ignore[no-any-return]  # of the same type

    def _at(self, at: At) -> At:
        index = bisect_right(self._begins[at.capture], at.frame_number - 1) - 1
        file = self._tapes[at.capture][max(index, 0)]
        return At(at.ts_ns, file.capture, at.frame_number - file.before)


def _signs_by_file(situation: Situation, tapes: Sequence[Tape], told: Told) -> Evidence:
    """What rules ask of evidence: signs by file, and of each tape its counts and ICMP errors, with
    its first file.
    """
    evidence = Evidence()
    for tape in tapes:
        for file in tape:
            evidence.captures[file.capture] = FoldedCapture(0, 0, (), (), file.signs, {})
    if told.not_nvgre:
        evidence = leave_out(evidence, told.not_nvgre)
    for index, (first, *_) in enumerate(tapes):
        judged, signs = situation.evidence.captures[index], evidence.captures[first.capture].signs
        of_hosts = {s: seen for s, seen in judged.signs.items() if s.oddity is Oddity.NOT_NVGRE}
        evidence.captures[first.capture] = judged._replace(
            sent=(), unkept_frames=(), signs={**signs, **of_hosts}
        )
    return evidence
