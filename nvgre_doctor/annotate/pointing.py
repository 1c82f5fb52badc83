"""Which findings a frame belongs to: each rule is asked, for it says itself which frames it shows.

A finding names a few frames; this finds them all.  The frames that a finding names itself always
belong to it.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from nvgre_doctor.infer.at import At
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.rules.finding import Finding
from nvgre_doctor.rules.frames import Errors, frame_of
from nvgre_doctor.rules.registry import RULES
from nvgre_doctor.wire.facts import Facts

TITLES: Final = {rule.code: rule.title for rule in RULES}
"""What is said of a frame that a finding names without more to say of it."""


class Note(NamedTuple):
    """Why a finding points to a frame, in one sentence about this frame."""

    code: str
    text: str


class Pointer:
    """Knows the findings of one diagnosis, and points to frames of one of its captures."""

    def __init__(self, situation: Situation, findings: Iterable[Finding], capture: int = 0) -> None:
        """`findings` are those to point to; the situation is the one that they were found in, and
        `capture` an index there.
        """
        self.capture = capture
        self._found: set[tuple[str, tuple[str, ...]]] = set()
        self._named: defaultdict[int, list[str]] = defaultdict(list)  # codes, by frame
        for finding in findings:
            self._found.add((finding.code, finding.subject.hosts))
            for ref in finding.frames:
                if ref.capture == capture:
                    self._named[ref.frame].append(finding.code)
        codes = {code for code, _ in self._found}
        self._errors = Errors(situation.evidence, situation.diagnosis)
        self._shows = [(r.code, r.shows(situation)) for r in RULES if r.code in codes]
        self._has_changes = any(host.is_mixed for host in situation.diagnosis.hosts.values())

    @property
    def is_idle(self) -> bool:
        """Whether there is no finding, and so no note on any frame."""
        return not self._found

    def is_timeless(self, at: At) -> bool:
        """Whether the notes on this frame depend on its facts alone, not on where it stands in the
        capture.
        """
        return not self._has_changes and at.frame_number not in self._named

    def notes(self, facts: Facts, at: At) -> list[Note]:
        """One note for each code that points to this frame, in order."""
        frame = frame_of(facts, at, self._errors)
        texts: dict[str, str] = {}
        for code, show in self._shows:
            for claim in show(frame):
                if (code, claim.hosts) in self._found:
                    texts[code] = claim.text
                    break
        for code in self._named.get(at.frame_number, ()):
            texts.setdefault(code, TITLES[code])
        return [Note(code, texts[code]) for code in sorted(texts)]
