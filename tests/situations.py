"""What was found out, built by hand: hosts, pairs, refusals and the rest, for the tests of rules.

Nothing here is inferred.  `situation` puts together what a test names; what it leaves out is a
Hyper-V host that is proven, with one reason by value.
"""

from dataclasses import replace

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.losses import NOTHING, Losses
from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.evidence.signs import IcmpSign
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import (
    Contradiction,
    Copies,
    Diagnosis,
    PairFacts,
    RefusalFacts,
    Spell,
    Stray,
)
from nvgre_doctor.infer.host import Change, HostVerdict, Reason, SpanVerdict
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.vocabulary import (
    Assumption,
    Cause,
    Confidence,
    Kind,
    Layout,
    PairVerdict,
    Sender,
)
from tests import build
from tests.worlds import MILLISECOND, NOON, VM1, VM2, A, B, Vm

OLD, CURRENT, BOTH, UNKNOWN = Layout.OLD, Layout.CURRENT, Layout.BOTH, Layout.UNKNOWN
OLD_5001, CURRENT_5001 = 0x00001389, 0x00138900


def at(frame: int, capture: int = 0) -> At:
    """Frames are a millisecond apart, as on a Tape."""
    return At(NOON + (frame - 1) * MILLISECOND, capture, frame)


def macs(source: Vm = VM1, destination: Vm = VM2) -> bytes:
    """As in Stream."""
    return build.mac(destination.mac) + build.mac(source.mac)


def stream(
    source: str,
    destination: str,
    *gre_keys: int,
    frames: int = 4,
    first: int = 1,
    last: int | None = None,
    vms: tuple[Vm, Vm] = (VM1, VM2),
) -> Stream:
    """Keys of one VSID of RFC 7637."""
    return Stream(
        build.ip(source),
        build.ip(destination),
        gre_keys[0] >> 8,
        macs(*vms),
        bytes(sorted(gre_key & 0xFF for gre_key in gre_keys)),
        frames,
        at(first),
        at(first if last is None else last),
        build.ip(vms[0].ip) + build.ip(vms[1].ip),
    )


def by_value(sent: Stream, layout: Layout = OLD, margin: int = 4) -> Reason:
    """The key of a stream is possible in one layout only."""
    assumes = (Assumption.VALUE, Assumption.RESTART)
    return Reason(Kind.RANGE, layout, margin, assumes, None, (sent,))


def span(layout: Layout, first: int, last: int, capture: int = 0) -> SpanVerdict:
    """One that is proven, unless it is unknown."""
    sure = Confidence.NONE if layout is UNKNOWN else Confidence.PROVEN
    return SpanVerdict(layout, sure, 4, at(first, capture), at(last, capture))


def host(address: str, layout: Layout = OLD, **known: object) -> HostVerdict:
    """A Hyper-V host whose layout is proven, unless it is unknown."""
    sure = Confidence.NONE if layout is UNKNOWN else Confidence.PROVEN
    verdict = HostVerdict(
        build.ip(address),
        layout,
        sure,
        margin=0 if layout is UNKNOWN else 4,
        sender=Sender.HYPER_V,
        frames_sent=4,
        frames_received=4,
    )
    return replace(verdict, **known)  # type: ignore[arg-type]


def change(before: Layout, last_before: int, after: Layout, first: int) -> Change:
    """From one layout to another."""
    return Change(before, after, at(last_before), at(first))


def pair(
    one: str,
    two: str,
    verdict: PairVerdict = PairVerdict.MISMATCH,
    confidence: Confidence = Confidence.PROVEN,
    forward: int = 4,
    backward: int = 4,
) -> PairFacts:
    """Two hosts, in order."""
    return PairFacts((build.ip(one), build.ip(two)), verdict, forward, backward, confidence)


def refusal(
    source: str,
    destination: str,
    gre_key: int | None,
    cause: Cause = Cause.UNKNOWN,
    *,
    by: str | None = None,
    kind: tuple[int, int] = (3, 10),
    is_inner: bool = True,
    frames: tuple[int, ...] = (10,),
    count: int | None = None,
    sightings: int | None = None,
    mtu: int = 0,
    spells: tuple[tuple[int, int, int], ...] = (),
) -> RefusalFacts:
    """ICMP errors of one kind about one flow; its receiver sends them, if nobody else is named."""
    reporter = build.ip(by or destination)
    version = 4 if len(reporter) == 4 else 6
    packets = len(frames) if count is None else count
    sign = IcmpSign(reporter, build.ip(source), version, *kind, is_inner, True, mtu)
    return RefusalFacts(
        build.ip(source),
        build.ip(destination),
        sign,
        gre_key,
        packets,
        tuple(map(at, frames)),
        cause,
        packets if sightings is None else sightings,
        tuple(Spell(*spell) for spell in spells),
    )


def situation(
    *hosts: HostVerdict,
    streams: tuple[Stream, ...] = (),
    pairs: tuple[PairFacts, ...] = (),
    refusals: tuple[RefusalFacts, ...] = (),
    strays: tuple[Stray, ...] = (),
    contradictions: tuple[Contradiction, ...] = (),
    copies: tuple[Copies, ...] = (),
    captures: int = 1,
    lost: Losses = NOTHING,
    problems: tuple[Problem, ...] = (),
    inventory: Inventory | None = None,
    evidence: CaptureEvidence | None = None,
) -> Situation:
    """What rules get.  The first capture has the problems and the losses."""
    part = evidence or CaptureEvidence(100, 80)
    described = tuple(
        Capture(
            f"capture-{index}.pcap",
            "pcap",
            None,
            "complete",
            100,
            9000,
            80,
            problems if index == 0 else (),
            lost=lost if index == 0 else NOTHING,
        )
        for index in range(captures)
    )
    diagnosis = Diagnosis(
        list(streams),
        {verdict.address: verdict for verdict in hosts},
        list(pairs),
        list(refusals),
        list(strays),
        list(contradictions),
        list(copies),
    )
    return Situation(described, Evidence({0: part}), diagnosis, inventory or Inventory())


def mismatch() -> Situation:
    """A speaks RFC 7637 and B draft-00, both proven; they exchange VSID 5001."""
    sent = stream(A, B, CURRENT_5001, first=1)
    answered = stream(B, A, OLD_5001, first=2, vms=(VM2, VM1))
    both = Reason(
        Kind.BOTH_DIRECTIONS,
        CURRENT,
        4,
        (Assumption.RESTART, Assumption.VM_PAIR, Assumption.UNIQUE),
        5001,
        (sent, answered),
    )
    return situation(
        host(A, CURRENT, reasons=[both]),
        host(B, OLD, reasons=[by_value(answered)]),
        streams=(sent, answered),
        pairs=(pair(A, B),),
    )
