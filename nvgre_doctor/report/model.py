"""The Report: everything a reporter gets, frozen.  Mirrors the JSON contract; knows nothing about
how it was found out.

Text taken from captures (paths, messages that quote them) is raw here; each reporter makes it safe
for its own reader.
"""

from typing import Any, Final, NamedTuple

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.rules.finding import Finding, FrameRef
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, PairVerdict, Sender, Verdict

SCHEMA_VERSION: Final = "2.0"


class EvidenceItem(NamedTuple):
    """One reason to believe in a layout.  `layout` is "draft-00" or "rfc7637"."""

    kind: str  # a word of vocabulary.Kind
    layout: str
    statement: str
    assumes: tuple[str, ...]  # words of vocabulary.Assumption
    frames: tuple[FrameRef, ...]


class LayoutSpan(NamedTuple):
    """What a host spoke from one of its frames to another, without a silence of 20 s between."""

    layout: str
    confidence: Confidence
    first: FrameRef
    last: FrameRef


class LayoutChange(NamedTuple):
    """The first frame that a host sent in its new layout."""

    from_layout: str
    to_layout: str
    at: FrameRef


class Segment(NamedTuple):
    """A virtual subnet as the host means it: `id` is its VSID or TNI, None while the layout is
    unknown.
    """

    id: int | None
    gre_keys: tuple[int, ...]
    frames: int


class Host(NamedTuple):
    """An outer address that sent or received NVGRE data frames."""

    address: str
    layout: str  # "draft-00", "rfc7637", "both", "unknown"
    confidence: Confidence
    margin: int  # how many frames would have to be wrong for the other layout to be true
    sender: Sender
    sender_reasons: tuple[str, ...]
    proven_from: FrameRef | None  # the frames that the verdict holds for; None: it is not proven
    proven_to: FrameRef | None
    spans: tuple[LayoutSpan, ...]  # in order
    evidence: tuple[EvidenceItem, ...]
    changes: tuple[LayoutChange, ...]
    frames_sent: int
    frames_received: int
    segments: tuple[Segment, ...]

    @property
    def is_stale(self) -> bool:
        """Whether it sent more since then, after a silence, and what it speaks now is not known."""
        return bool(self.spans) and self.layout not in (self.spans[-1].layout, Layout.UNKNOWN)


class Pair(NamedTuple):
    """Two hosts that exchanged NVGRE data; `hosts` sorted, `frames_forward` from the first to the
    second.
    """

    hosts: tuple[str, str]
    verdict: PairVerdict
    confidence: Confidence
    frames_forward: int
    frames_backward: int


class Refusal(NamedTuple):
    """ICMP errors of one kind about one NVGRE flow `source` -> `destination`, sent by `by`."""

    source: str
    destination: str
    by: str
    gre_key: int | None
    carried: str  # "inner", "outer"
    icmp_version: int
    icmp_type: int
    icmp_code: int
    count: int  # type: ignore[assignment]  # packets; a tuple has a method of this name
    sightings: int  # how often these packets were captured
    first: FrameRef
    frames: tuple[FrameRef, ...]  # the first few
    cause: Cause


class Summary(NamedTuple):
    """Counts for the closing line."""

    errors: int
    warnings: int
    infos: int
    frames: int
    nvgre_frames: int
    hosts: int
    other_icmp_3_10: int  # every 3/10 and 1/1 that refuses no NVGRE frame: underlay, guests
    nvgre_frames_left_out: int = (
        0  # of `nvgre_frames`: from or to hosts that were named as not NVGRE
    )
    in_baseline: int = 0  # findings that the baseline accepts: not listed, not counted above


class Ignored(NamedTuple):
    """Findings that were found, and are not told because somebody decided so."""

    code: str  # as it was written: it may be how codes begin
    hosts: tuple[str, ...]  # addresses and networks; none: all
    reason: str
    count: int  # type: ignore[assignment]  # a tuple has a method of this name


class Report(NamedTuple):
    """One diagnosis of all captures together.  Every tuple is in a stated, deterministic order."""

    version: str  # of the tool
    verdict: Verdict
    headline: str  # the verdict in one sentence
    captures: tuple[Capture, ...]
    hosts: tuple[Host, ...]  # by address, numerically, IPv4 first
    pairs: tuple[Pair, ...]
    refusals: tuple[Refusal, ...]
    findings: tuple[Finding, ...]  # worst first, then code, then subject
    summary: Summary
    configuration: str | None = None
    """The file that settings came from, where it did not lie in the working directory."""
    ignored: tuple[Ignored, ...] = ()
    """What was found and is not told; the verdict looks at it too."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in `--format json`."""
        from nvgre_doctor.report.to_json import to_dict

        return to_dict(self)

    def to_json(self) -> str:
        """The text of `--format json`, byte for byte."""
        from nvgre_doctor.report.to_json import to_json

        return to_json(self)
