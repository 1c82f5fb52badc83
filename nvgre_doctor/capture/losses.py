"""What a capture says of frames that it lost: counters of its interfaces, and of single packets.

Knows numbers; not how a format writes them.  However many sections a capture has, only the
interfaces of two of them are remembered.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class Lost(NamedTuple):
    """Frames that are not in a capture."""

    by_interface: int = 0  # the adapter had no room
    by_os: int = 0  # the operating system had none
    between: int = 0  # told packet by packet, whoever lost them

    @property
    def frames(self) -> int:
        """At least so many: counters and packets may tell of the same ones."""
        return max(self.by_interface + self.by_os, self.between)


NOTHING = Lost()
Interfaces = dict[int, Lost]


@dataclass(slots=True)
class Losses:
    """Those of one capture, or of a part of it, which begins in the midst of a section."""

    head: Interfaces = field(default_factory=dict)  # of the section in which it begins
    closed: Lost = NOTHING  # of the sections that begin and end here
    tail: Interfaces | None = None  # of the section in which it ends; None: that is `head`

    def begin_section(self) -> None:
        """Interfaces are numbered from 0 again."""
        self.closed = _sum([self.closed, *(self.tail or {}).values()])
        self.tail = {}

    def count(self, interface: int, by_interface: int, by_os: int) -> None:
        """Take the counters of an interface since the beginning of the capture: the last ones
        count.
        """
        _merge(self._now(), interface, Lost(by_interface, by_os))

    def add(self, interface: int, frames: int) -> None:
        """Take what one packet says of those before it."""
        _merge(self._now(), interface, Lost(between=frames))

    def followed_by(self, other: "Losses") -> "Losses":
        """Those of this part and of the one behind it."""
        whole = Losses(dict(self.head), self.closed, None if self.tail is None else dict(self.tail))
        for interface, lost in other.head.items():
            _merge(whole._now(), interface, lost)
        if other.tail is not None:
            whole.begin_section()
            whole.closed = _sum([whole.closed, other.closed])
            whole.tail = dict(other.tail)
        return whole

    def total(self) -> Lost:
        """Of all of it."""
        return _sum([*self.head.values(), self.closed, *(self.tail or {}).values()])

    def _now(self) -> Interfaces:
        return self.head if self.tail is None else self.tail


def _merge(interfaces: Interfaces, interface: int, lost: Lost) -> None:
    known = interfaces.get(interface, NOTHING)
    counted = lost if lost.by_interface or lost.by_os else known
    merged = counted._replace(between=known.between + lost.between)
    if any(merged):
        interfaces[interface] = merged


def _sum(rows: Iterable[Lost]) -> Lost:
    return Lost(*map(sum, zip(*rows, strict=True)))
