"""Why one frame refuses a flow: what was found of all ICMP errors that say the same."""

from collections import defaultdict
from collections.abc import Iterable

from nvgre_doctor.infer.at import At, is_earlier
from nvgre_doctor.infer.diagnosis import About, RefusalFacts
from nvgre_doctor.vocabulary import Cause


class FrameCauses:
    """Those of one diagnosis."""

    def __init__(self, refusals: Iterable[RefusalFacts]) -> None:
        """Looks at all refusals once."""
        self._rows: defaultdict[tuple[object, ...], list[RefusalFacts]] = defaultdict(list)
        for refusal in refusals:
            self._rows[refusal[:3]].append(refusal)

    def __call__(self, about: About, at: At) -> Cause:
        """The cause whose time it was; without one, the last that had begun."""
        rows = [
            row for row in self._rows.get(about[:3], ()) if about.gre_key in (row.gre_key, None)
        ]
        for row in rows:
            for capture, first, last in row.spells:
                if capture == at.capture and first <= at.frame_number <= last:
                    return row.cause
        begun = [row for row in rows if not is_earlier(at, row.frames[0])]
        last_begun = max(begun or rows, key=lambda row: row.frames[0], default=None)
        return Cause.UNKNOWN if last_begun is None else last_begun.cause
