"""What a capture says it lost while it was made.

Counters of a pcapng run from the beginning of a section, so the last one of each interface counts.
`a + b` is what is said of a capture whose parts are `a` and, right behind it, `b`.
"""

from dataclasses import dataclass, field
from typing import Final


@dataclass(slots=True)
class Losses:
    """Nothing is said unless it was added."""

    is_told: bool = False
    events: int = 0  # of an event trace: packets, as a rule
    buffers: int = 0  # of events
    beside: int = 0  # packets, told by those behind them
    _between: int = 0  # packets of the sections that begin and end here
    _first: dict[int, int] = field(default_factory=dict)  # by interface, of the section before
    _last: dict[int, int] | None = None  # of the last section that begins here

    def begin_section(self) -> None:
        """Interfaces are numbered anew."""
        self._between += sum((self._last or {}).values())
        self._last = {}

    def tell_packets(self, interface: int, packets: int) -> None:
        """So many were lost at this interface, in this section up to here."""
        self.is_told = True
        (self._first if self._last is None else self._last)[interface] = packets

    def tell_events(self, events: int, buffers: int) -> None:
        """So many were lost in all."""
        self.is_told = True
        self.events, self.buffers = events, buffers

    def tell_before(self, packets: int) -> None:
        """So many were lost right before one that was not."""
        self.is_told = True
        self.beside += packets

    @property
    def packets(self) -> int:
        """In all sections, at least: counters and packets may tell of the same ones."""
        counted = sum(self._first.values()) + self._between + sum((self._last or {}).values())
        return max(counted, self.beside)

    def __add__(self, other: "Losses") -> "Losses":
        told = self.is_told or other.is_told
        numbers = (
            self.events + other.events,
            self.buffers + other.buffers,
            self.beside + other.beside,
        )
        between = self._between + other._between
        if self._last is None:
            first = self._first | other._first
            return Losses(told, *numbers, between, first, other._last)
        middle = self._last | other._first
        if other._last is None:
            return Losses(told, *numbers, between, dict(self._first), middle)
        between += sum(middle.values())
        return Losses(told, *numbers, between, dict(self._first), other._last)


NOTHING: Final = Losses()
"""Of a capture that does not say."""
