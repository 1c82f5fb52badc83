"""Large reports, built by hand of numbers alone: fabrics, as a hosting company has them.

Nothing here is computed by the program under test.  The same numbers give the same report.
"""

from collections.abc import Iterator
from random import Random

from nvgre_doctor.evidence.captures import Capture
from nvgre_doctor.report.model import (
    EvidenceItem,
    Host,
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
MINUTE = 60_000_000_000


def fabric(hosts: int, pairs: int, findings: int, refusals: int = 300, seed: int = 1) -> Report:
    """One host of fifty is old.  Pairs are random; findings are first the old hosts, then the pairs
    that cannot talk, then VM pairs heard one way.
    """
    random = Random(seed)
    addresses = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(257, 257 + hosts)]
    old = set(addresses[::50])
    chosen = sorted({_two(random, hosts) for _ in range(pairs * 2)})
    random.shuffle(chosen)
    met = [(addresses[a], addresses[b]) for a, b in sorted(chosen[:pairs])]
    found = tuple(_findings(random, sorted(old), met, old, findings))
    counts = [sum(f.severity is severity for f in found) for severity in Severity]
    return Report(
        version="1.0.0",
        verdict=Verdict.MISMATCH,
        headline=f"{addresses[0]} and {len(old) - 1} more still use the old NVGRE layout.",
        captures=(
            Capture(
                "fabric.pcapng",
                "pcapng",
                None,
                "complete",
                9_000_000,
                2_000_000_000,
                8_000_000,
                (),
                T0,
                T0 + 30 * MINUTE,
            ),
        ),
        hosts=tuple(_host(random, address, address in old) for address in addresses),
        pairs=tuple(
            Pair(
                two,
                PairVerdict.MISMATCH if len(old & set(two)) == 1 else PairVerdict.AGREE,
                Confidence.PROVEN,
                random.randrange(1, 9999),
                random.randrange(1, 9999),
            )
            for two in met
        ),
        refusals=tuple(_refusals(random, met, old, refusals)),
        findings=found,
        summary=Summary(counts[0], counts[1], counts[2], 9_000_000, 8_000_000, hosts, 0),
    )


def _two(random: Random, hosts: int) -> tuple[int, int]:
    """Hosts of one rack of 64 talk to each other, and to a few others."""
    one = random.randrange(hosts)
    other = random.randrange(hosts) if random.random() < 0.3 else (one ^ random.randrange(1, 64))
    return min(one, other % hosts), max(one, other % hosts)


def _mac(random: Random) -> str:
    return f"00:15:5d:{random.randbytes(3).hex(':')}"


def _host(random: Random, address: str, is_old: bool) -> Host:
    layout = "draft-00" if is_old else "rfc7637"
    vsid = random.randrange(4096, 16_000_000)
    key = vsid if is_old else vsid << 8
    first = FrameRef(0, random.randrange(1, 1000), T0 + random.randrange(MINUTE))
    last = FrameRef(0, random.randrange(8_000_000, 9_000_000), T0 + 29 * MINUTE)
    statement = (
        f"VM pair {_mac(random)} / :{random.randrange(256):02x}: key 0x{key:08x} one way,"
        f" 0x{vsid << 8 if is_old else vsid:08x} the other: both are VSID {vsid}"
    )
    return Host(
        address=address,
        layout=layout,
        confidence=Confidence.PROVEN,
        margin=random.randrange(2, 500),
        sender=Sender.HYPER_V,
        sender_reasons=("TTL 128 and guests with Hyper-V MACs",),
        proven_from=first,
        proven_to=last,
        spans=(LayoutSpan(layout, Confidence.PROVEN, first, last),),
        evidence=(EvidenceItem("both-directions", layout, statement, ("A3", "A4"), (first,)),),
        changes=(),
        frames_sent=random.randrange(1, 9999),
        frames_received=random.randrange(1, 9999),
        segments=(Segment(vsid, (key,), 5),),
    )


def _refusals(
    random: Random, met: list[tuple[str, str]], old: set[str], count: int
) -> Iterator[Refusal]:
    for one, other in [two for two in met if len(old & set(two)) == 1][:count]:
        frame = FrameRef(0, random.randrange(1, 9_000_000), T0 + random.randrange(30 * MINUTE))
        packets = random.randrange(1, 50)
        key = random.randrange(4096, 16_000_000) << 8
        yield Refusal(
            source=one,
            destination=other,
            by=other,
            gre_key=key,
            carried="inner",
            icmp_version=4,
            icmp_type=3,
            icmp_code=10,
            count=packets,
            sightings=packets,
            first=frame,
            frames=(frame,),
            cause=Cause.LAYOUT_MISMATCH,
        )


def _findings(
    random: Random, olds: list[str], met: list[tuple[str, str]], old: set[str], count: int
) -> Iterator[Finding]:
    for address in olds[:count]:
        key = random.randrange(4096, 16_000_000)
        yield _finding(
            random,
            "NVG201",
            Severity.ERROR,
            f"{address} uses the old NVGRE layout (draft-00): VM pair {_mac(random)} /"
            f" :{random.randrange(256):02x}: key 0x{key:08x} one way, 0x{key << 8:08x} the other:"
            f" both are VSID {key}",
            Subject("host", (address,)),
            f"ip.src#1 == {address} && gre.proto == 0x6558 && gre.key",
            f"Install KB2779768 on {address} and restart it.",
            f"Get-HotFix -Id KB2779768 -ComputerName {address}",
        )
    left = count - len(olds[:count])
    for one, other in [two for two in met if len(old & set(two)) == 1][:left]:
        left -= 1
        wrong = one if one in old else other
        yield _finding(
            random,
            "NVG301",
            Severity.ERROR,
            f"{one} and {other} cannot talk: they use different layouts.",
            Subject("pair", (one, other)),
            f"ip.addr#1 == {one} && ip.addr#1 == {other} && gre.proto == 0x6558 && gre.key",
            f"Install KB2779768 on {wrong} and restart it.",
            f"Get-HotFix -Id KB2779768 -ComputerName {wrong}",
        )
    for number in range(left):
        one, other = met[number % len(met)]
        key = random.randrange(4096, 16_000_000) << 8
        yield _finding(
            random,
            "NVG306",
            Severity.INFO,
            f"VM pair {number} is heard in one direction only: {one} sends key 0x{key:08x} to"
            f" {other}, and nothing comes back.",
            Subject("pair", (one, other)),
            f"ip.src#1 == {one} && ip.dst#1 == {other} && gre.key == 0x{key:08x}",
            "Capture at both hosts.",
            None,
        )


def _finding(
    random: Random,
    code: str,
    severity: Severity,
    message: str,
    subject: Subject,
    display_filter: str,
    next_step: str,
    check: str | None,
) -> Finding:
    frame = FrameRef(0, random.randrange(1, 9_000_000), T0 + random.randrange(30 * MINUTE))
    return Finding(
        code=code,
        severity=severity,
        confidence=Confidence.PROVEN,
        message=message,
        subject=subject,
        frames=(frame,),
        frame_count=random.randrange(1, 90),
        display_filter=display_filter,
        next_step=next_step,
        check=check,
    )
