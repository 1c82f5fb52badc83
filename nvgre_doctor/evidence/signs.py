"""What was seen of single frames: oddities and ICMP errors, how often, and the first few frames.
Knows no verdicts.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from nvgre_doctor.evidence.streams import Moment
from nvgre_doctor.vocabulary import Oddity

EXAMPLES: Final = 5
"""How many frames are remembered of each kind of sighting: enough to look at, few enough to print.
"""


@dataclass(frozen=True, slots=True)
class Sightings:
    """How often something was seen, and its first few frames."""

    count: int
    examples: tuple[Moment, ...]

    def __add__(self, other: "Sightings") -> "Sightings":
        return Sightings(
            self.count + other.count, tuple(sorted(self.examples + other.examples)[:EXAMPLES])
        )

    def shifted(self, numbers: int) -> "Sightings":
        """The same with `numbers` added to every frame number."""
        return Sightings(
            self.count, tuple(Moment(m.frame_number + numbers, m.ts_ns) for m in self.examples)
        )


class Sign(NamedTuple):
    """An oddity with the provider addresses it concerns (empty where they do not matter) and a
    number that describes it.
    """

    oddity: Oddity
    source: bytes = b""
    destination: bytes = b""
    detail: int = 0


class IcmpSign(NamedTuple):
    """ICMP errors that say the same.  Fields as in wire.facts.IcmpError and its Quote; empty bytes
    stand for None.
    """

    reporter: bytes
    addressee: bytes
    version: int
    type: int
    code: int
    is_inner: bool
    refuses_nvgre: bool
    next_hop_mtu: int  # 0: not given
    quoted_source: bytes = b""
    quoted_destination: bytes = b""
    quoted_key: int | None = None
    quoted_macs: bytes = b""  # as in StreamKey
    quoted_customer_addresses: bytes = b""  # as in StreamFacts
