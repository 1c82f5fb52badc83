"""What every provider address sent, opened: each bundle once, for all who look at it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nvgre_doctor.evidence import Captures, Evidence
from nvgre_doctor.evidence.bundles import Sent, unbundled
from nvgre_doctor.evidence.intervals import parts
from nvgre_doctor.evidence.parts import Part, PartKey

Parts = Sequence[tuple[PartKey, Part]]


class Opened(NamedTuple):
    """All of one provider address."""

    address: bytes
    sent: Sequence[tuple[Sent, Captures]]  # by captures
    parts: Mapping[bytes, Parts]  # by bundle: different captures share most of them

    def held(self) -> dict[bytes, list[Captures]]:
        """Every bundle, with the captures that hold it, none twice, in order of the first."""
        found: dict[bytes, list[Captures]] = {}
        for one, captures in self.sent:
            for bundle in one.bundles:
                found.setdefault(bundle, []).append(captures)
        return found


def open_sent(evidence: Evidence) -> Iterator[Opened]:
    """One address after the other, in order: all of them together would take much memory."""
    by_source = evidence.by_source()
    for address in sorted(by_source, key=lambda a: (len(a), a)):
        sent = by_source[address]
        bundles = dict.fromkeys(bundle for one, _ in sent for bundle in one.bundles)
        yield Opened(address, sent, {bundle: tuple(parts(unbundled(bundle))) for bundle in bundles})
