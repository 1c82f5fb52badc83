"""Reports built by hand, as literals: what every reporter is tested with.

Nothing here is computed by the program under test.  `EVERY` names them all; `HOSTILE` carries
everything that a capture or a file name can smuggle in.
"""

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

T0 = 1_367_402_400_000_000_000
"""2013-05-01T10:00:00Z in nanoseconds."""

MISMATCH = Report(
    version="1.0.0",
    verdict=Verdict.MISMATCH,
    headline=(
        "192.168.50.2 still uses the old NVGRE layout; 192.168.50.1 does not. They cannot talk."
    ),
    captures=(
        Capture(
            "lab.pcapng", "pcapng", None, "complete", 24, 3120, 12, (), T0 - 1_000, T0 + 900_000_000
        ),
    ),
    hosts=(
        Host(
            address="192.168.50.1",
            layout="rfc7637",
            confidence=Confidence.PROVEN,
            margin=4,
            sender=Sender.HYPER_V,
            sender_reasons=("TTL 128 and guests with Hyper-V MACs",),
            proven_from=FrameRef(0, 3, T0),
            proven_to=FrameRef(0, 23, T0 + 750_000_000),
            spans=(
                LayoutSpan(
                    "rfc7637",
                    Confidence.PROVEN,
                    FrameRef(0, 3, T0),
                    FrameRef(0, 23, T0 + 750_000_000),
                ),
            ),
            evidence=(
                EvidenceItem(
                    "both-directions",
                    "rfc7637",
                    "VM pair 00:15:5d:0a:00:01 / 00:15:5d:0a:00:02: key 0x00138900 one way,"
                    " 0x00001389 the other: both are VSID 5001",
                    ("A2", "A3", "A4"),
                    (FrameRef(0, 3, T0), FrameRef(0, 4, T0 + 1_000)),
                ),
            ),
            changes=(),
            frames_sent=4,
            frames_received=4,
            segments=(Segment(5001, (0x00138900,), 4),),
        ),
        Host(
            address="192.168.50.2",
            layout="draft-00",
            confidence=Confidence.PROVEN,
            margin=8,
            sender=Sender.HYPER_V,
            sender_reasons=("TTL 128 and guests with Hyper-V MACs",),
            proven_from=FrameRef(0, 4, T0 + 1_000),
            proven_to=FrameRef(0, 24, T0 + 800_000_000),
            spans=(
                LayoutSpan(
                    "draft-00",
                    Confidence.PROVEN,
                    FrameRef(0, 4, T0 + 1_000),
                    FrameRef(0, 24, T0 + 800_000_000),
                ),
            ),
            evidence=(
                EvidenceItem(
                    "range",
                    "draft-00",
                    "key 0x00001389 is TNI 5001; as a VSID it would be 19, which is reserved",
                    ("A1",),
                    (FrameRef(0, 4, T0 + 1_000),),
                ),
                EvidenceItem(
                    "both-directions",
                    "draft-00",
                    "VM pair 00:15:5d:0a:00:02 / 00:15:5d:0a:00:01: key 0x00001389 one way,"
                    " 0x00138900 the other: both are VSID 5001",
                    ("A2", "A3", "A4"),
                    (FrameRef(0, 4, T0 + 1_000), FrameRef(0, 3, T0)),
                ),
            ),
            changes=(),
            frames_sent=4,
            frames_received=4,
            segments=(Segment(5001, (0x00001389,), 4),),
        ),
    ),
    pairs=(Pair(("192.168.50.1", "192.168.50.2"), PairVerdict.MISMATCH, Confidence.PROVEN, 4, 4),),
    refusals=(
        Refusal(
            source="192.168.50.1",
            destination="192.168.50.2",
            by="192.168.50.2",
            gre_key=0x00138900,
            carried="inner",
            icmp_version=4,
            icmp_type=3,
            icmp_code=10,
            count=4,
            sightings=5,
            first=FrameRef(0, 11, T0 + 500_000_001),
            frames=(
                FrameRef(0, 11, T0 + 500_000_001),
                FrameRef(0, 13, T0 + 500_000_003),
            ),
            cause=Cause.LAYOUT_MISMATCH,
        ),
    ),
    findings=(
        Finding(
            code="NVG201",
            severity=Severity.ERROR,
            confidence=Confidence.PROVEN,
            message=(
                "192.168.50.2 uses the old NVGRE layout (draft-00): "
                "key 0x00001389 is TNI 5001, as a VSID it would be 19"
            ),
            subject=Subject("host", ("192.168.50.2",)),
            frames=(FrameRef(0, 4, T0 + 1_000), FrameRef(0, 8, T0 + 250_000_000)),
            frame_count=4,
            display_filter="ip.src#1 == 192.168.50.2 && gre.key#1",
            next_step="Install KB2779768 on the host with 192.168.50.2 and restart it.",
            check="Get-HotFix -Id KB2779768 -ComputerName HOSTNAME",
        ),
        Finding(
            code="NVG301",
            severity=Severity.ERROR,
            confidence=Confidence.PROVEN,
            message=(
                "192.168.50.1 (RFC 7637) and 192.168.50.2 (draft-00) use different layouts: VSID"
                " 5001 is 0x00138900 from the one and 0x00001389 from the other"
            ),
            subject=Subject("pair", ("192.168.50.1", "192.168.50.2")),
            frames=(FrameRef(0, 3, T0), FrameRef(0, 4, T0 + 1_000)),
            frame_count=8,
            display_filter="gre.key == 0x00001389 || gre.key & 0xffffff00 == 0x00138900",
            next_step="Install KB2779768 on the host with 192.168.50.2 and restart it.",
            check="Get-HotFix -Id KB2779768 -ComputerName HOSTNAME",
        ),
        Finding(
            code="NVG302",
            severity=Severity.ERROR,
            confidence=Confidence.PROVEN,
            message=(
                "192.168.50.2 refuses what 192.168.50.1 sends (ICMP 3/10, 4 times), because their"
                " layouts differ"
            ),
            subject=Subject("flow", ("192.168.50.1", "192.168.50.2")),
            frames=(FrameRef(0, 11, T0 + 500_000_001),),
            frame_count=5,
            display_filter="ip.proto#1 == 47 && icmp.code == 10",
            next_step="",
        ),
    ),
    summary=Summary(
        errors=3, warnings=0, infos=0, frames=24, nvgre_frames=12, hosts=2, other_icmp_3_10=0
    ),
)
"""The story: one host updated, one not."""

HEALTHY = Report(
    version="1.0.0",
    verdict=Verdict.HEALTHY,
    headline="Both hosts use the layout of RFC 7637.",
    captures=(Capture("dir/all-new.pcap", "pcap", "gzip", "complete", 40, 5200, 40, ()),),
    hosts=(
        Host(
            "10.0.0.1",
            "rfc7637",
            Confidence.PROVEN,
            20,
            Sender.HYPER_V,
            ("TTL 128",),
            FrameRef(0, 1, T0),
            FrameRef(0, 39, T0 + 39_000_000),
            (LayoutSpan("rfc7637", Confidence.PROVEN, FrameRef(0, 1), FrameRef(0, 39)),),
            (
                EvidenceItem(
                    "range",
                    "rfc7637",
                    "key 0x01389000 is VSID 80016; as a TNI its top octet would not be 0",
                    ("A1",),
                    (),
                ),
            ),
            (),
            20,
            20,
            (Segment(80016, (0x01389000,), 20),),
        ),
        Host(
            "10.0.0.2",
            "rfc7637",
            Confidence.LIKELY,
            0,
            Sender.UNCLEAR,
            (),
            None,
            None,
            (LayoutSpan("rfc7637", Confidence.LIKELY, FrameRef(0, 2), FrameRef(0, 40)),),
            (
                EvidenceItem(
                    "low-octet",
                    "rfc7637",
                    "the low octet is 0 in all 12 of its keys",
                    (),
                    (FrameRef(0, 2),),
                ),
            ),
            (),
            20,
            20,
            (Segment(80016, (0x01389000,), 20),),
        ),
    ),
    pairs=(Pair(("10.0.0.1", "10.0.0.2"), PairVerdict.AGREE, Confidence.LIKELY, 20, 20),),
    refusals=(),
    findings=(),
    summary=Summary(0, 0, 0, 40, 40, 2, 0),
)

WARNINGS = Report(
    version="1.0.0",
    verdict=Verdict.WARNINGS,
    headline="Nothing contradicts, but look at the warnings.",
    captures=(
        Capture(
            "cut.pcap",
            "pcap",
            None,
            "cut",
            9,
            1033,
            8,
            (
                Problem(
                    "cut-record", 1033, "frame 10 is cut short at byte 1033: 9 frames were read"
                ),
            ),
        ),
        Capture("peer.pcapng", "pcapng", "zstd", "complete", 6, 900, 6, ()),
    ),
    hosts=(
        Host(
            "10.1.0.1",
            "rfc7637",
            Confidence.PROVEN,
            5,
            Sender.HYPER_V,
            ("TTL 128",),
            FrameRef(1, 5, T0 + 60_000_000_000),
            FrameRef(1, 5, T0 + 60_000_000_000),
            (
                LayoutSpan(
                    "draft-00", Confidence.PROVEN, FrameRef(0, 1, T0 - 9), FrameRef(0, 2, T0)
                ),
                LayoutSpan(
                    "rfc7637",
                    Confidence.PROVEN,
                    FrameRef(1, 5, T0 + 60_000_000_000),
                    FrameRef(1, 5, T0 + 60_000_000_000),
                ),
            ),
            (
                EvidenceItem(
                    "layout-change",
                    "rfc7637",
                    "VM 00:15:5d:00:00:01 sends key 0x00200000 first and 0x20000000 later",
                    ("A2", "A3", "A4", "A5"),
                    (FrameRef(0, 2, T0), FrameRef(1, 5, T0 + 60_000_000_000)),
                ),
            ),
            (LayoutChange("draft-00", "rfc7637", FrameRef(1, 5, T0 + 60_000_000_000)),),
            10,
            0,
            (Segment(0x200000, (0x00200000, 0x20000000), 10),),
        ),
        Host(
            "10.1.0.2",
            "unknown",
            Confidence.NONE,
            0,
            Sender.UNCLEAR,
            (),
            None,
            None,
            (),
            (),
            (),
            4,
            10,
            (Segment(None, (0x00138900, 0x00138A00), 4),),
        ),
        Host(
            "2001:db8::1",
            "unknown",
            Confidence.NONE,
            0,
            Sender.UNCLEAR,
            (),
            None,
            None,
            (),
            (),
            (),
            0,
            1,
            (),
        ),
    ),
    pairs=(
        Pair(("10.1.0.1", "10.1.0.2"), PairVerdict.UNKNOWN, Confidence.NONE, 10, 4),
        Pair(("10.1.0.1", "2001:db8::1"), PairVerdict.UNKNOWN, Confidence.NONE, 1, 0),
    ),
    refusals=(
        Refusal(
            "10.1.0.1",
            "10.1.0.2",
            "10.1.0.254",
            None,
            "outer",
            4,
            3,
            13,
            1,
            1,
            FrameRef(1, 6),
            (FrameRef(1, 6),),
            Cause.THIRD_PARTY,
        ),
        Refusal(
            "2001:db8::1",
            "2001:db8::2",
            "2001:db8::2",
            0x00138900,
            "outer",
            6,
            1,
            1,
            2,
            2,
            FrameRef(0, 7),
            (FrameRef(0, 7), FrameRef(0, 9, -5)),
            Cause.POLICY,
        ),
    ),
    findings=(
        Finding(
            "NVG101",
            Severity.WARNING,
            Confidence.PROVEN,
            "cut.pcap: frame 10 is cut short at byte 1033: 9 frames were read",
            Subject("capture", (), 0),
            (),
            0,
            "",
            "Capture again, or ask for the whole file.",
        ),
        Finding(
            "NVG202",
            Severity.WARNING,
            Confidence.PROVEN,
            "10.1.0.1 changed from draft-00 to RFC 7637 during the capture",
            Subject("host", ("10.1.0.1",)),
            (FrameRef(0, 2, T0), FrameRef(1, 5, T0 + 60_000_000_000)),
            10,
            "ip.src == 10.1.0.1 && gre",
            "Nothing to do if the host was updated at that time.",
        ),
        Finding(
            "NVG204",
            Severity.INFO,
            Confidence.NONE,
            "The layout of 10.1.0.2 cannot be told: its keys 0x00138900, 0x00138a00 fit both. A"
            " reply would settle it",
            Subject("host", ("10.1.0.2",)),
            (FrameRef(0, 3, T0 + 7),),
            4,
            "ip.src == 10.1.0.2 && gre",
            "Capture at both hosts while their VMs talk.",
        ),
    ),
    summary=Summary(
        errors=0, warnings=2, infos=1, frames=15, nvgre_frames=14, hosts=3, other_icmp_3_10=2
    ),
)
"""Several captures, one cut; a host that changed, hosts that cannot be told, refusals of other
kinds.
"""

NO_NVGRE = Report(
    version="1.0.0",
    verdict=Verdict.NO_NVGRE,
    headline="There is no NVGRE in this capture; it holds VXLAN.",
    captures=(Capture("vxlan.pcap", "pcap", None, "complete", 5, 700, 0, ()),),
    hosts=(),
    pairs=(),
    refusals=(),
    findings=(
        Finding(
            "NVG103",
            Severity.WARNING,
            Confidence.PROVEN,
            "no NVGRE: 5 frames of VXLAN (UDP 4789), the default since Windows Server 2016",
            Subject("capture", (), None),
            (FrameRef(0, 1, T0),),
            5,
            "udp.port == 4789",
            "Capture on the physical adapter of a Hyper-V host.",
        ),
    ),
    summary=Summary(0, 1, 0, 5, 0, 0, 0),
)

UNREADABLE = Report(
    version="1.0.0",
    verdict=Verdict.UNREADABLE,
    headline="No capture could be read.",
    captures=(
        Capture(
            "trace.etl",
            None,
            None,
            "unreadable",
            0,
            0,
            0,
            (Problem("etl", 0, "an ETW trace; convert it: etl2pcapng trace.etl trace.pcapng"),),
        ),
        Capture(
            "empty.pcap",
            "pcap",
            None,
            "empty",
            0,
            24,
            0,
            (Problem("empty", 24, "it holds no frame"),),
        ),
    ),
    hosts=(),
    pairs=(),
    refusals=(),
    findings=(),
    summary=Summary(0, 0, 0, 0, 0, 0, 0),
)

EVIL = "\x1b[31m\x07\n::error::x\r\u202e\x85\u200b\udcff[bold]<b>`|%0A]]>\x00"
"""An escape sequence, line breaks, a bidi override, C1, zero width, a lone surrogate, three kinds
of markup, NUL.
"""

HOSTILE = Report(
    version="1.0.0",
    verdict=Verdict.OLD_LAYOUT,
    headline=f"headline {EVIL}",
    captures=(
        Capture(
            f"dir/{EVIL}.pcap",
            "pcap",
            None,
            "cut",
            3,
            400,
            3,
            (Problem("cut-record", 400, f"problem {EVIL}"),),
        ),
        Capture(
            "n" * 65536,
            None,
            None,
            "unreadable",
            0,
            0,
            0,
            (Problem("os-error", 0, "File name too long"),),
        ),
    ),
    hosts=(
        Host(
            "fe80::aaaa:bbbb:cccc:dddd",
            "draft-00",
            Confidence.LIKELY,
            2**60,
            Sender.OTHER,
            (f"reason {EVIL}",),
            None,
            None,
            (
                LayoutSpan(
                    "both", Confidence.LIKELY, FrameRef(0, 1, -(2**63)), FrameRef(1, 2**32, None)
                ),
            ),
            (
                EvidenceItem(
                    "inventory",
                    "draft-00",
                    f"statement {EVIL}",
                    ("A1", "A5"),
                    (FrameRef(0, 2**32, -1),),
                ),
            ),
            (LayoutChange("rfc7637", "draft-00", FrameRef(0, 3, None)),),
            2**60,
            1,
            (Segment(0xFFFFFF, tuple(range(0x00100000, 0x00100100)), 3),),
        ),
    ),
    pairs=(),
    refusals=(),
    findings=(
        Finding(
            "NVG201",
            Severity.WARNING,
            Confidence.LIKELY,
            f"message {EVIL} {'m' * 70000}",
            Subject("host", ("fe80::aaaa:bbbb:cccc:dddd",)),
            (FrameRef(0, 1, 2**63 - 1), FrameRef(1, 2, None)),
            2**60,
            f"filter {EVIL}",
            f"next {EVIL}",
            f"check {EVIL}",
        ),
    ),
    summary=Summary(0, 1, 0, 3, 3, 1, 0),
)

MANY = Report(
    version="1.0.0",
    verdict=Verdict.OLD_LAYOUT,
    headline="30 of 60 hosts use the old NVGRE layout.",
    captures=(Capture("fabric.pcapng", "pcapng", None, "complete", 6000, 1_200_000, 6000, ()),),
    hosts=tuple(
        Host(
            f"10.2.0.{number}",
            "draft-00" if number > 30 else "rfc7637",
            Confidence.PROVEN,
            100,
            Sender.HYPER_V,
            ("TTL 128",),
            FrameRef(0, number),
            FrameRef(0, number + 5900),
            (),
            (
                EvidenceItem(
                    "range",
                    "draft-00" if number > 30 else "rfc7637",
                    f"statement {number}",
                    ("A1",),
                    (),
                ),
            ),
            (),
            100,
            100,
            (),
        )
        for number in range(1, 61)
    ),
    pairs=(),
    refusals=(),
    findings=(
        *(
            Finding(
                "NVG201",
                Severity.ERROR,
                Confidence.PROVEN,
                f"10.2.0.{number} uses the old NVGRE layout",
                Subject("host", (f"10.2.0.{number}",)),
                (FrameRef(0, number, T0 + number),),
                100,
                f"ip.src == 10.2.0.{number}",
                f"Install KB2779768 on 10.2.0.{number}.",
            )
            for number in range(31, 61)
        ),
        *(
            Finding(
                "NVG306",
                Severity.INFO,
                Confidence.PROVEN,
                f"VM pair {number} is heard in one direction only",
                Subject("pair", ("10.2.0.1", "10.2.0.2")),
                (),
                0,
                "",
                "",
            )
            for number in range(1, 41)
        ),
    ),
    summary=Summary(30, 0, 40, 6000, 6000, 60, 0),
)
"""A fabric: lists that must be summarised on a terminal."""

EVERY = {
    "mismatch": MISMATCH,
    "healthy": HEALTHY,
    "warnings": WARNINGS,
    "no-nvgre": NO_NVGRE,
    "unreadable": UNREADABLE,
    "hostile": HOSTILE,
    "many": MANY,
}
