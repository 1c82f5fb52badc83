"""How many frames a second there are: in all, and of each host."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from nvgre_doctor.evidence import CaptureEvidence
from nvgre_doctor.wording import address_text

_NS: Final = 1_000_000_000


class Rates(NamedTuple):
    """Frames a second."""

    read: int
    sent: Mapping[str, int]  # tenants' frames, by the address of the host


class Counting:
    """What was read between two looks."""

    def __init__(self) -> None:
        """Nothing."""
        self._frames = 0
        self._sent: Counter[bytes] = Counter()
        self._looked_ns: int | None = None

    def add(self, evidence: CaptureEvidence) -> None:
        """Of one slice of a capture."""
        self._frames += evidence.frames
        self._sent.update(evidence.units.sent())

    def rates(self, now_ns: int) -> Rates:
        """Since it was asked last.  The first time nobody knows how long that took: none."""
        began_ns, self._looked_ns = self._looked_ns, now_ns
        frames, sent = self._frames, self._sent
        self._frames, self._sent = 0, Counter()
        if began_ns is None or now_ns <= began_ns:
            return Rates(0, {})
        seconds = (now_ns - began_ns) / _NS
        of_hosts = {address_text(host): round(count / seconds) for host, count in sent.items()}
        return Rates(round(frames / seconds), of_hosts)
