"""Reports for the HTML page, built by hand: every kind of host, line and mark of its pictures."""

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import (
    EvidenceItem,
    Host,
    LayoutChange,
    LayoutSpan,
    Pair,
    Refusal,
    Report,
    Segment,
    Summary,
)
from nvgre_doctor.rules.finding import Finding, FrameRef, Subject
from nvgre_doctor.vocabulary import Cause, Confidence, PairVerdict, Sender, Severity, Verdict

T0 = 1_361_355_247_000_000_000
"""2013-02-20T10:14:07Z in nanoseconds."""
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
OLD, NEW, BOTH, UNKNOWN = "draft-00", "rfc7637", "both", "unknown"
PROVEN, LIKELY, NONE = Confidence.PROVEN, Confidence.LIKELY, Confidence.NONE


def at(second: float, capture: int = 0) -> FrameRef:
    """A frame of one of two captures; the second one begins three hours later."""
    frame = int(second * 10) + 1
    return FrameRef(capture, frame, T0 + capture * 3 * HOUR + int(second * SECOND))


def host(
    address: str,
    layout: str,
    *spans: tuple[str, float, float, int],
    confidence: Confidence = PROVEN,
    sender: Sender = Sender.HYPER_V,
    changes: tuple[LayoutChange, ...] = (),
    statement: str = "",
    key: int | None = None,
) -> Host:
    """A host with spans of (layout, from, to, capture)."""
    drawn = tuple(
        LayoutSpan(word, confidence, at(begin, capture), at(end, capture))
        for word, begin, end, capture in spans
    )
    proven = confidence is PROVEN and bool(drawn)
    return Host(
        address=address,
        layout=layout,
        confidence=confidence,
        margin=12 if proven else 0,
        sender=sender,
        sender_reasons=("TTL 128 and guests with Hyper-V MACs",) * (sender is Sender.HYPER_V),
        proven_from=drawn[0].first if proven else None,
        proven_to=drawn[-1].last if proven else None,
        spans=drawn,
        evidence=(EvidenceItem("range", layout, statement, ("A1",), (at(1),)),) * bool(statement),
        changes=changes,
        frames_sent=640 if drawn else 0,
        frames_received=712,
        segments=() if key is None else (Segment(5001, (key,), 640),),
    )


def refusal(source: str, destination: str, cause: Cause, *seconds: float, by: str = "") -> Refusal:
    """Refused with ICMP 3/10 at some moments, 4 times each."""
    frames = tuple(map(at, seconds))
    return Refusal(
        source=source,
        destination=destination,
        by=by or destination,
        gre_key=0x00138900,
        carried="inner",
        icmp_version=4,
        icmp_type=3,
        icmp_code=10,
        count=4 * len(frames),
        sightings=4 * len(frames),
        first=frames[0],
        frames=frames,
        cause=cause,
    )


CAPTURES = (
    Capture(
        "host7/before.pcapng", "pcapng", None, "complete", 8000, 1_200_000, 5120, (), T0,
        T0 + 300 * SECOND,
    ),
    Capture(
        "host7/after.pcapng",
        "pcapng",
        "gzip",
        "cut",
        2100,
        310_000,
        1900,
        (Problem("cut-record", 310_000, "frame 2101 is cut short at byte 310000"),),
        T0 + 3 * HOUR,
        T0 + 3 * HOUR + 120 * SECOND,
    ),
)  # fmt: skip
A, B, C, D, E, F, G, H, J = (f"192.168.50.{number}" for number in (2, 1, 3, 4, 7, 8, 9, 20, 21))

MIXED = Report(
    version="1.0.0",
    verdict=Verdict.MISMATCH,
    headline=f"{A} still uses the old NVGRE layout; {B}, {C} and {D} do not. They cannot talk.",
    captures=CAPTURES,
    hosts=(
        host(B, NEW, (NEW, 0, 300, 0), (NEW, 0, 120, 1), key=0x00138900,
             statement="key 0x13890000 is VSID 1280256; as a TNI its top octet would have to be 0"),
        host(A, OLD, (OLD, 5, 290, 0), (OLD, 10, 110, 1), key=0x00001389,
             statement="key 0x00001389 is TNI 5001; as a VSID it would be 19, which is reserved"),
        host(C, NEW, (NEW, 20, 250, 0), key=0x00138900),
        host(D, NEW, (NEW, 0, 30, 0), (NEW, 200, 280, 0), key=0x00138900),
        host(E, NEW, (OLD, 0, 100, 0), (NEW, 160, 300, 0), (NEW, 0, 60, 1), key=0x00138900,
             changes=(LayoutChange(OLD, NEW, at(160)),)),
        host(F, BOTH, (BOTH, 40, 220, 0), key=0x00138900),
        host(G, UNKNOWN, (UNKNOWN, 60, 270, 0), confidence=NONE),
        host(H, OLD, (OLD, 0, 300, 0), confidence=LIKELY, sender=Sender.UNCLEAR, key=0x00001389),
        host(J, NEW, (NEW, 50, 140, 0), sender=Sender.OTHER, key=0x00138900),
    ),
    pairs=(
        Pair((B, A), PairVerdict.MISMATCH, PROVEN, 210, 180),
        Pair((C, A), PairVerdict.MISMATCH, PROVEN, 35, 0),
        Pair((B, C), PairVerdict.AGREE, PROVEN, 77, 70),
        Pair((B, D), PairVerdict.AGREE, PROVEN, 1200, 1100),
        Pair((C, D), PairVerdict.AGREE, PROVEN, 4, 4),
        Pair((B, E), PairVerdict.AGREE, PROVEN, 90, 60),
        Pair((D, G), PairVerdict.UNKNOWN, NONE, 12, 0),
        Pair((B, F), PairVerdict.UNKNOWN, NONE, 30, 31),
        Pair((H, J), PairVerdict.MISMATCH, LIKELY, 8, 8),
    ),
    refusals=(
        refusal(A, B, Cause.LAYOUT_MISMATCH, 30, 60, 90.5, 200),
        refusal(B, A, Cause.LAYOUT_MISMATCH, 31, 62),
        refusal(E, B, Cause.LAYOUT_MISMATCH, 12, 80),
        refusal(C, D, Cause.POLICY, 240),
    ),
    findings=(
        Finding(
            "NVG201", Severity.ERROR, PROVEN,
            f"{A} uses the old NVGRE layout (draft-00): key 0x00001389 is TNI 5001; as a VSID it"
            " would be 19, which is reserved.",
            Subject("host", (A,)), (at(5), at(9)), 640,
            f"ip.src#1 == {A} && gre.proto#1 == 0x6558 && gre.key#1",
            f"Install KB2779768 on {A} and restart it.",
            "Get-HotFix -Id KB2779768 -ComputerName HOSTNAME",
        ),
        Finding(
            "NVG301", Severity.ERROR, PROVEN,
            f"{A} (draft-00) and {B} (RFC 7637) cannot talk: they use different layouts.",
            Subject("pair", (B, A)), (at(5), at(6)), 390,
            f"ip.addr#1 == {A} && ip.addr#1 == {B} && gre.key#1",
            f"Install KB2779768 on {A} and restart it.",
            "Get-HotFix -Id KB2779768 -ComputerName HOSTNAME",
        ),
        Finding(
            "NVG101", Severity.WARNING, PROVEN, "frame 2101 is cut short at byte 310000",
            Subject("capture", (), 1), (), 0, "", "Capture again, or ask for the whole file.", None,
        ),
        Finding(
            "NVG202", Severity.WARNING, LIKELY,
            f"{E} changed from draft-00 to RFC 7637 during the capture",
            Subject("host", (E,)), (at(100), at(160)), 2, f"ip.src#1 == {E}", "", None,
        ),
        Finding(
            "NVG204", Severity.INFO, NONE,
            f"The layout of {G} cannot be told: its key 0x00138900 fits both.",
            Subject("host", (G,)), (at(60),), 1, f"ip.src#1 == {G}",
            "Capture at both hosts while their VMs talk.", None,
        ),
    ),
    summary=Summary(2, 2, 1, 10_100, 7020, 9, 0),
)  # fmt: skip
"""Nine hosts: old, current, changed, both, unknown, and two of a plain GRE tunnel."""


def healthy(count: int) -> Report:
    """Hosts that all speak RFC 7637, over IPv6, each with each."""
    addresses = [f"2001:db8:50:0:215:5dff:fe0a:{number:x}" for number in range(1, count + 1)]
    hosts = tuple(
        host(address, NEW, (NEW, n, 250, 0), key=0x00138900) for n, address in enumerate(addresses)
    )
    pairs = tuple(
        Pair((one, other), PairVerdict.AGREE, PROVEN, 40, 41)
        for n, one in enumerate(addresses)
        for other in addresses[n + 1 :]
    )
    return Report(
        version="1.0.0",
        verdict=Verdict.HEALTHY,
        headline=f"All {count} hosts use the layout of RFC 7637.",
        captures=CAPTURES[:1],
        hosts=hosts,
        pairs=pairs,
        refusals=(),
        findings=(),
        summary=Summary(0, 0, 0, 8000, 5120, count, 0),
    )
