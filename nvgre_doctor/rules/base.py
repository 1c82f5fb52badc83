"""What a rule is, and what it gets to look at.  Knows nothing about single rules."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from nvgre_doctor.docstrings import docstring
from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.evidence.signs import Sightings, Sign
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import Diagnosis
from nvgre_doctor.infer.host import HostVerdict
from nvgre_doctor.known.expectations import NetworkTable
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.rules.advice import Advice
from nvgre_doctor.rules.finding import CaptureFilter, Finding, Subject, frame_refs
from nvgre_doctor.rules.frames import Show
from nvgre_doctor.vocabulary import Confidence, Layout, Oddity, Sender, Severity, Verdict
from nvgre_doctor.wording import address_text

EXAMPLE_FRAMES: Final = 5
"""How many frames a finding names."""


class Situation(NamedTuple):
    """Everything that was found out: what every rule gets."""

    captures: tuple[Capture, ...]
    evidence: Evidence
    diagnosis: Diagnosis
    inventory: Inventory
    expected: NetworkTable[Layout] = NetworkTable()  # which layout a host is meant to speak

    def host(self, address: bytes) -> HostVerdict:
        """The verdict about a provider address; an empty one when it was never seen in NVGRE
        data.
        """
        return self.diagnosis.hosts.get(address) or HostVerdict(address)

    @property
    def senders(self) -> list[HostVerdict]:
        """The hosts that sent data."""
        return [host for host in self.diagnosis.hosts.values() if host.frames_sent]

    @property
    def has_nvgre(self) -> bool:
        """Whether anything may be NVGRE: a sender that is not known to be something else, or a
        refusal where nobody was heard.
        """
        senders = self.senders
        if not senders:
            return bool(self.diagnosis.refusals)
        return any(host.sender is not Sender.OTHER for host in senders)

    @property
    def nvgre_frames_left_out(self) -> int:
        """NVGRE frames that were captured and are not part of the evidence: of hosts that were
        named as not NVGRE.
        """
        captured = sum(capture.nvgre_frames for capture in self.captures)
        return captured - sum(part.nvgre_frames for part in self.evidence.captures.values())

    def layout_at(self, address: bytes, at: At) -> Layout:
        """What a host speaks at that time; where it changed, what is known of that time."""
        host = self.host(address)
        if not host.is_mixed:
            return host.layout
        spoken = host.spoken_between(at, at)
        return Layout.UNKNOWN if spoken is None else spoken.layout

    def is_nvgre(self, *addresses: bytes) -> bool:
        """Whether any of these may be an end of NVGRE: of those that sent data, if any did."""
        hosts = [self.host(address) for address in addresses]
        senders = [host for host in hosts if host.frames_sent] or hosts
        return any(host.sender is not Sender.OTHER for host in senders)

    def is_hyper_v(self, *addresses: bytes) -> bool:
        """Whether any of these is a Hyper-V host: nobody else is ever blamed with an error."""
        return any(self.host(address).sender is Sender.HYPER_V for address in addresses)

    def sightings(self, *oddities: Oddity) -> Iterator[tuple[Sign, Sightings, tuple[At, ...]]]:
        """Every sighting of some oddities, capture by capture, with its example frames."""
        for index, sign, seen in self.evidence.signs(*oddities):
            yield sign, seen, tuple(At(m.ts_ns, index, m.frame_number) for m in seen.examples)


Find = Callable[[Situation], Iterable[Finding]]
Shows = Callable[[Situation], Show]


def no_frames(situation: Situation) -> Show:
    """For findings that are about no frame."""
    return lambda frame: ()


class Rule(NamedTuple):
    """One finding code: `severity` is the usual one, `find` makes the findings, and its docstring
    is the explain text.  `shows` says which frames they are about: all of them, where a finding
    names a few.
    """

    code: str
    severity: Severity
    title: str
    find: Find
    shows: Shows = no_frames
    verdict: Verdict | None = None
    """What a finding of severity error makes of the whole."""
    is_of_old_host: bool = False
    """Whether a host with the old layout causes it: it is a note where that host is meant to be."""
    claim: str = ""
    """What a test about the subject claims instead of the usual; {} is the subject."""

    @property
    def explain(self) -> str:
        """What it means, how it is detected, what it is not, what to do, sources."""
        return docstring(self.find)


def finding(
    code: str,
    severity: Severity,
    message: str,
    subject: Subject,
    frames: Iterable[At],
    *,
    display_filter: str | Mapping[int, str],
    advice: Advice,
    count: int | None = None,
    confidence: Confidence = Confidence.PROVEN,
) -> Finding:
    """A Finding from example frames in any order; `count` is how many frames it has, where these
    are not all.  A display filter for each capture, by its index, where one cannot be for all.
    """
    ats = {at[1:]: at for at in frames}  # by capture and number
    of_all, of_each = (
        ("", display_filter) if isinstance(display_filter, Mapping) else (display_filter, {})
    )
    return Finding(
        code,
        severity,
        confidence,
        message,
        subject,
        frame_refs(ats.values(), EXAMPLE_FRAMES),
        len(ats) if count is None else count,
        of_all,
        *advice,
        tuple(CaptureFilter(*item) for item in sorted(of_each.items())),
    )


def about_host(address: bytes) -> Subject:
    """A finding about one host."""
    return Subject("host", (address_text(address),))


def about_pair(one: bytes, two: bytes) -> Subject:
    """A finding about two hosts, in text order."""
    return Subject("pair", tuple(sorted((address_text(one), address_text(two)))))


def about_flow(source: bytes, destination: bytes) -> Subject:
    """A finding about what one host sends to another."""
    return Subject("flow", (address_text(source), address_text(destination)))
