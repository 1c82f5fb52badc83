"""What inference finds, in plain values: everything that rules look at.  Decides nothing."""

from dataclasses import dataclass, field
from typing import NamedTuple

from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, PairVerdict


@dataclass(slots=True)
class PairFacts:
    """Two hosts that exchanged NVGRE data, `hosts` in ascending order."""

    hosts: tuple[bytes, bytes]
    verdict: PairVerdict = PairVerdict.UNKNOWN
    frames_forward: int = 0
    frames_backward: int = 0
    confidence: Confidence = Confidence.NONE


class About(NamedTuple):
    """What is refused by ICMP errors that say the same."""

    source: bytes
    destination: bytes
    sign: IcmpSign  # without what only the quote tells
    gre_key: int | None


class Spell(NamedTuple):
    """Frames of one capture, by number: from the first to the last."""

    capture: int
    first: int
    last: int


class RefusalFacts(NamedTuple):
    """ICMP errors of one kind about one flow."""

    source: bytes
    destination: bytes
    sign: IcmpSign
    gre_key: int | None
    count: int  # type: ignore[assignment]  # a tuple has a method of this name
    frames: tuple[At, ...]  # examples, by time
    cause: Cause
    sightings: int = 0  # how often these packets were captured
    spells: tuple[Spell, ...] = ()  # when, where errors of this kind have several causes in turn


class Stray(NamedTuple):
    """A frame whose key contradicts everything else that its host sent: named, and not used."""

    host: bytes
    destination: bytes
    gre_key: int
    at: At
    layout_it_would_mean: Layout


class Contradiction(NamedTuple):
    """One VM pair with ids that no layouts make equal.  `macs` is as in `Stream`."""

    hosts: tuple[bytes, ...]
    macs: bytes
    gre_keys: tuple[int, ...]
    frames: tuple[At, ...]


class Copies(NamedTuple):
    """Packets that were captured more than once, the most often one `most` times."""

    capture: int
    packets: int
    most: int
    frames: tuple[At, ...]
    other_capture: int | None  # the capture that holds them as well; None: the same one


@dataclass(slots=True)
class Diagnosis:
    """Everything that rules look at."""

    streams: list[Stream]  # by source, destination, bits 31..8 and MACs
    hosts: dict[bytes, HostVerdict]
    pairs: list[PairFacts]
    refusals: list[RefusalFacts]
    strays: list[Stray] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    copies: list[Copies] = field(default_factory=list)
    of_several_labs: list[bytes] = field(default_factory=list)  # about which captures disagree
    refused: dict[IcmpSign, About] = field(default_factory=dict)  # by all that an ICMP error says
    _between: dict[tuple[bytes, bytes], list[Stream]] = field(default_factory=dict, repr=False)

    def between(self, source: bytes, destination: bytes) -> list[Stream]:
        """The streams from one host to another."""
        if not self._between:
            for stream in self.streams:
                self._between.setdefault((stream.source, stream.destination), []).append(stream)
        return self._between.get((source, destination), [])
