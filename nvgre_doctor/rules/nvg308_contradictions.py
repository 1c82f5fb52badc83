"""NVG308: one VM pair with ids that no layouts make equal."""

from collections import Counter
from collections.abc import Iterator

from nvgre_doctor.filters import for_wireshark
from nvgre_doctor.infer.diagnosis import Contradiction
from nvgre_doctor.rules.advice import POLICY, Advice
from nvgre_doctor.rules.base import Rule, Situation, about_host, about_pair, finding
from nvgre_doctor.rules.data_filters import DataFilters
from nvgre_doctor.rules.finding import Finding, Subject
from nvgre_doctor.rules.frames import Claim, Frame, Show
from nvgre_doctor.vocabulary import Severity
from nvgre_doctor.wire import layouts
from nvgre_doctor.wording import both_readings, key_text, listed, vm_pair_text


def find_contradictions(situation: Situation) -> Iterator[Finding]:
    """What it means
      Two virtual machines of one customer subnet should have one VSID, whoever hosts them and
      whichever way their frames go. Here they have ids that no combination of layouts makes equal.

    How it is detected
      Two MACs whose customer addresses lie in one subnet (A3 VM pair, A4 unique), and keys of them
      that are neither equal, nor equal but for a FlowID, nor one the other shifted by eight bits.
      Two frames or more have each of these keys. Nothing about layouts is concluded from such a
      pair, nor from others of these tenants.

    What it is not
      Not a mismatch of layouts: then the one id is the other, shifted. A single frame that
      contradicts all others is a stray: NVG405.

    What to do
      Compare the VSID of both virtual machines on both hosts. Wrong on one side (a mistyped VSID,
      its bytes swapped): correct it. Subnets smaller than /24 that are routed, a lab that was
      cloned with its MACs, a tenant that got another id: all is well, and only the layouts are
      harder to tell. Captures of several labs that were given together: --each.

    Sources
      RFC 7637 section 3.2; Get-NetVirtualizationLookupRecord.
    """
    data, counts = DataFilters(situation), _frames_by_pair(situation)
    for case in situation.diagnosis.contradictions:
        keys = listed((both_readings(gre_key) for gre_key in case.gre_keys), 3)
        swapped = " Their bytes are the same, in another order." if _are_swapped(case) else ""
        of_hosts = for_wireshark.any_of(data(host) for host in case.hosts)
        yield finding(
            "NVG308",
            Severity.WARNING,
            f"VM pair {vm_pair_text(case.macs)}, in one customer subnet, has keys that no layouts"
            f" make one id: {keys}.{swapped} One of them is wrong, or the pair is routed, cloned or"
            " renumbered. Nothing is concluded from it.",
            _about(case),
            case.frames,
            count=sum(counts[host, _pair(case.macs)] for host in case.hosts),
            display_filter=f"({of_hosts}) && ({for_wireshark.vm_pair_both_ways(case.macs)})",
            advice=Advice(
                "Compare the VSIDs of these two virtual machines on both hosts.",
                POLICY if situation.is_hyper_v(*case.hosts) else None,
            ),
        )


def _pair(macs: bytes) -> frozenset[bytes]:
    """Both virtual machines, without a direction."""
    return frozenset((macs[:6], macs[6:]))


def _frames_by_pair(situation: Situation) -> Counter[tuple[bytes, frozenset[bytes]]]:
    """How many frames each host sent of each VM pair that contradicts itself."""
    wanted = {_pair(case.macs) for case in situation.diagnosis.contradictions}
    counts: Counter[tuple[bytes, frozenset[bytes]]] = Counter()
    for stream in situation.diagnosis.streams if wanted else ():
        pair = _pair(stream.macs)
        if pair in wanted:
            counts[stream.source, pair] += stream.frames
    return counts


def _about(case: Contradiction) -> Subject:
    return about_host(case.hosts[0]) if len(case.hosts) == 1 else about_pair(*case.hosts[:2])


def _are_swapped(case: Contradiction) -> bool:
    """Whether the two ids have the same bytes in another order: a VSID that was written in the
    wrong byte order.
    """
    ids = {layouts.vsid(gre_key) for gre_key in case.gre_keys}
    return len(ids) == 2 and len({bytes(sorted(i.to_bytes(3))) for i in ids}) == 1


def shows_contradictions(situation: Situation) -> Show:
    """Every frame of the VM pair, both ways."""
    cases = {
        (host, _pair(case.macs)): _about(case)
        for case in situation.diagnosis.contradictions
        for host in case.hosts
    }

    def show(frame: Frame) -> Iterator[Claim]:
        packet = frame.packet
        if packet is None:
            return
        subject = cases.get((packet.source, _pair(packet.macs)))
        if subject is not None:
            text = f"VM pair {vm_pair_text(packet.macs)} has ids that no layouts make equal"
            yield Claim(subject.hosts, f"{text}: here key {key_text(packet.gre_key)}")

    return show


RULES = (
    Rule(
        "NVG308",
        Severity.WARNING,
        "one VM pair with ids that no layouts make equal",
        find_contradictions,
        shows_contradictions,
    ),
)
