"""What is known of one host: reasons, spans of time, and the layout that it spoke at any moment."""

from dataclasses import dataclass, field
from typing import NamedTuple

from nvgre_doctor.infer.at import RESTART_NS, At, at, gap, is_earlier
from nvgre_doctor.infer.clocks import Clocks
from nvgre_doctor.infer.pieces import Pieces
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.vocabulary import Assumption, Confidence, Kind, Layout, Sender


class Reason(NamedTuple):
    """Why a host speaks a layout in one span of time, and how many frames would have to be wrong
    for it to speak the other one.
    """

    kind: Kind
    layout: Layout
    margin: int
    assumes: tuple[Assumption, ...]
    tenant: int | None  # the id that the VM pair settled on
    streams: tuple[Stream, ...]  # the strongest first, 4 or fewer, each with what this reason uses
    partner: bytes | None = None  # the peer whose layout is known: `because` says why
    because: tuple["Reason", ...] = ()


class SpanVerdict(NamedTuple):
    """What is known of a host between two frames without a silence."""

    layout: Layout
    confidence: Confidence
    margin: int
    first: At
    last: At
    pieces: Pieces | None = None  # the same frames, in other captures as well
    is_hard: bool = False  # it rests on more than statistics
    clocks: Clocks | None = None  # of these captures, where the host seems to have changed

    @property
    def captures(self) -> tuple[int, ...]:
        """Those that hold any of it."""
        return self.pieces.captures if self.pieces is not None else (self.first.capture,)

    def ends_in(self, capture: int) -> tuple[At, At]:
        """Its first and its last frame in this capture, or else by its clock."""
        ends = self.pieces.ends_in(capture) if self.pieces is not None else None
        if ends is None:
            ahead = self.clocks.ahead(self.first.capture, capture) if self.clocks else 0
            (first_ns, *first), (last_ns, *last) = self.first, self.last
            return At(first_ns + ahead, *first), At(last_ns + ahead, *last)
        return at(ends[0], capture), at(ends[1], capture)


class Change(NamedTuple):
    """A host's move from one layout to the other; `at` is the first frame of the new one."""

    before: Layout
    after: Layout
    last_before: At
    at: At
    is_proven: bool = True  # the host is proven in the one before and in the other after


@dataclass(slots=True)
class HostVerdict:
    """What is known of one host: `layout` is that of its last span in which it is proven, else of
    the last one in which it is likely.
    """

    address: bytes
    layout: Layout = Layout.UNKNOWN
    confidence: Confidence = Confidence.NONE
    contradiction: bool = False  # the inventory says something else than the packets
    frames_sent: int = 0
    frames_received: int = 0
    margin: int = 0  # how many frames would have to be wrong for the other layout to be true
    sender: Sender = Sender.UNCLEAR
    sender_reasons: tuple[str, ...] = ()
    proven_from: At | None = None
    proven_to: At | None = None
    is_stale: bool = False  # it sent more since then, after a silence
    is_unordered: bool = False  # captures whose order is not known tell different layouts
    spans: list[SpanVerdict] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    _of_captures: dict[int, list[SpanVerdict]] = field(default_factory=dict, repr=False)

    @property
    def is_mixed(self) -> bool:
        """Whether what it speaks is another layout at another time."""
        return self.is_unordered or bool(self.changes)

    def layout_of(self, stream: Stream) -> Layout:
        """The proven layout in which this host wrote a stream; UNKNOWN where it cannot be told."""
        if len(self.spans) == 1:  # it holds all that the host sent
            return _if_proven(self.spans[0])
        return self.layout_between(stream.first, stream.last)

    def layout_between(self, first: At, last: At) -> Layout:
        """The layout that is proven for this time; UNKNOWN where none is."""
        return _if_proven(self.spoken_between(first, last))

    def spoken_between(self, first: At, last: At, *, by_itself: bool = False) -> SpanVerdict | None:
        """What is known, or likely, of this time: of the span that it lies in, of the spans before
        and after it if they agree, or of one that ends less than the time of a restart away.  If
        not asked `by_itself`, RFC 7637 holds after the last span, draft-00 before the first one.
        """
        one, two = self._spoken(first), self._spoken(last)
        if one is None or two is None or one.layout is not two.layout:
            return None
        if one is two:
            return one if by_itself else self._surest(one)
        surest = (one, two) if by_itself else (self._surest(one), self._surest(two))
        return min(surest, key=_sureness)

    def _surest(self, span: SpanVerdict) -> SpanVerdict:
        if self.is_unordered:
            return span
        at = self.spans.index(span)
        others = self.spans[: at + 1] if span.layout is Layout.CURRENT else self.spans[at:]
        return max((s for s in others if s.layout is span.layout), key=_sureness)

    def _spoken(self, at: At) -> SpanVerdict | None:
        before = after = None
        since = until = RESTART_NS
        spans = self.spans if not self.is_unordered else self._in_capture(at.capture)
        for span in spans:
            if span.layout is Layout.UNKNOWN:
                continue
            first, last = span.ends_in(at.capture)
            if is_earlier(last, at):
                before, since = span, gap(last, at)
            elif not is_earlier(at, first):
                return span
            elif after is None:
                after, until = span, gap(at, first)
        if not self.is_unordered:
            if before is not None and before is spans[-1] and before.layout is Layout.CURRENT:
                return before
            if after is not None and after is spans[0] and after.layout is Layout.OLD:
                return after
        if before is not None and after is not None and before.layout is after.layout:
            return before if before.layout is Layout.CURRENT else after
        if since < RESTART_NS <= until:
            return before
        return after if until < RESTART_NS <= since else None

    def _in_capture(self, capture: int) -> list[SpanVerdict]:
        """The spans of one capture, by frame: nothing is known of when the others were."""
        if not self._of_captures:
            for span in self.spans:
                for one in span.captures:
                    self._of_captures.setdefault(one, []).append(span)
            for one, spans in self._of_captures.items():
                spans.sort(key=lambda span: span.ends_in(one)[0].frame_number)
        return self._of_captures.get(capture, [])


def _if_proven(spoken: SpanVerdict | None) -> Layout:
    if spoken is None or spoken.confidence is not Confidence.PROVEN:
        return Layout.UNKNOWN
    return Layout.UNKNOWN if spoken.layout is Layout.BOTH else spoken.layout


def _sureness(span: SpanVerdict) -> tuple[bool, int]:
    return span.confidence is Confidence.PROVEN, span.margin
