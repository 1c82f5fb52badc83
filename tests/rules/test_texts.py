"""What a person reads of every finding, word for word: its message, its display filter, how many
frames it has, its next step and the command of that.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.capture.losses import Losses
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.diagnosis import Contradiction, Copies, Spell, Stray
from nvgre_doctor.infer.left_out import leave_out
from nvgre_doctor.infer.stream import Stream
from nvgre_doctor.known.expectations import parse_expected, parse_hosts
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.rules.base import Situation
from nvgre_doctor.vocabulary import Cause, Confidence, Layout, Sender
from tests import build
from tests.situations import (
    CURRENT_5001,
    OLD_5001,
    at,
    by_value,
    change,
    host,
    macs,
    mismatch,
    pair,
    refusal,
    situation,
    span,
    stream,
)
from tests.worlds import (
    A6,
    B6,
    UDP,
    VM1,
    VM2,
    A,
    B,
    Tape,
    findings_of,
    judge_tapes,
    known_vsids,
    vm,
)

NVGRE6 = " && ipv6.nxt#1 != 58 && gre.proto#1 == 0x6558 && gre.key#1"
NVGRE = " && ip.proto#1 == 47 && gre.proto#1 == 0x6558 && gre.key#1"
CURRENT_KEY = "key 0x1e848105 (TNI 8683781 with top octet 0x1e, or VSID 2000001 with FlowID 5)"
KEY_5001 = "key 0x00001389 (TNI 5001, or VSID 19 [reserved] with FlowID 137)"
KEY_5001_SHIFTED = "key 0x00138900 (TNI 1280256, or VSID 5001 with FlowID 0)"
BY_VALUE = "key 0x00001389 is TNI 5001; as a VSID it would be 19, which is reserved"
OWNER = "(Get-NetVirtualizationProviderAddress on the Hyper-V hosts)"
INSTALL = "Install KB2779768 on it and restart it."
FIND_OUT = "Find out first whether KB2779768 is missing."
POLICY = (
    "compare its policy with that of the sender: does it know this virtual machine, "
    "with this VSID and this provider address?"
)
HOTFIX = "Get-HotFix -Id KB2779768 -ComputerName HOSTNAME"
LOOKUP = "Get-NetVirtualizationLookupRecord"
MTU = (
    "Raise the MTU of the physical network by at least 42 bytes (IPv6: 62), or lower "
    "that of the virtual machines."
)
WHERE = (
    "Capture on the physical adapter that holds the provider address, with no filter "
    'or with "ip proto 47 or icmp".'
)

OLD_LAYOUT, CURRENT_LAYOUT = Layout.OLD, Layout.CURRENT
CURRENT = 0x1E848105
ROUTER, ROUTER6 = "192.168.50.254", "fd00:50::fe"


def judged(record: Callable[[Tape], object], snaplen: int = 0) -> Situation:
    tape = Tape(snaplen=snaplen)
    record(tape)
    return judge_tapes(tape)


def expecting(known: Situation, address: str, layout: str) -> Situation:
    return known._replace(expected=parse_expected({address: layout}))


def old(
    address: str,
    confidence: Confidence = Confidence.PROVEN,
    sender: Sender = Sender.HYPER_V,
    sender_reasons: tuple[str, ...] = (),
) -> Situation:
    sent = stream(address, A6 if ":" in address else B, OLD_5001)
    return situation(
        host(
            address,
            confidence=confidence,
            sender=sender,
            sender_reasons=sender_reasons,
            reasons=[by_value(sent)],
        ),
        streams=(sent,),
    )


def stale() -> Situation:
    sent = stream(A, B, OLD_5001, last=4)
    known = host(
        A,
        reasons=[by_value(sent)],
        spans=[span(OLD_LAYOUT, 1, 4), span(Layout.UNKNOWN, 50, 60)],
        proven_from=at(1),
        proven_to=at(4),
        is_stale=True,
    )
    return situation(known, streams=(sent,))


def changed(*spoken: Layout, confidence: Confidence = Confidence.PROVEN) -> Situation:
    """The first span is frames 1 to 4, the second one 11 to 14, and so on."""
    starts = range(1, 10 * len(spoken), 10)
    keys = {OLD_LAYOUT: OLD_5001, CURRENT_LAYOUT: CURRENT_5001}
    streams = [
        stream(A, B, keys[layout], first=begin, last=begin + 3)
        for layout, begin in zip(spoken, starts, strict=True)
    ]
    known = host(
        A,
        spoken[-1],
        confidence=confidence,
        frames_sent=4 * len(spoken),
        spans=[
            span(layout, begin, begin + 3) for layout, begin in zip(spoken, starts, strict=True)
        ],
        changes=[
            change(before, begin + 3, after, begin + 10)
            for before, after, begin in zip(spoken, spoken[1:], starts, strict=False)
        ],
        reasons=[by_value(streams[-1], spoken[-1])],
    )
    return situation(known, streams=tuple(streams))


def both(sender: Sender = Sender.HYPER_V) -> Situation:
    one, two = stream(A, B, OLD_5001), stream(A, B, CURRENT, first=2)
    reasons = [by_value(two, CURRENT_LAYOUT), by_value(one, OLD_LAYOUT)]
    known = host(A, Layout.BOTH, sender=sender, reasons=reasons, frames_sent=8)
    return situation(known, streams=(one, two))


def unknown(address: str, *sent: Stream, **known: object) -> Situation:
    frames = sum(each.frames for each in sent)
    return situation(host(address, Layout.UNKNOWN, frames_sent=frames, **known), streams=sent)


def likely_mismatch() -> Situation:
    known = mismatch()
    for one in known.diagnosis.pairs:
        one.confidence = Confidence.LIKELY
    return known


def mismatch6() -> Situation:
    sent, answered = stream(A6, B6, CURRENT_5001), stream(B6, A6, OLD_5001, vms=(VM2, VM1))
    return situation(
        host(A6, CURRENT_LAYOUT),
        host(B6, OLD_LAYOUT),
        streams=(sent, answered),
        pairs=(pair(A6, B6),),
    )


def six_unanswered() -> Situation:
    sent = [stream(A, B, CURRENT, first=n, vms=(vm(n), VM2)) for n in range(10, 16)]
    answered = stream(B, A, CURRENT, vms=(VM2, VM1)), stream(A, B, CURRENT)
    return situation(host(A), host(B), streams=(*sent, *answered), pairs=(pair(A, B),))


def refused(
    cause: Cause,
    *gre_keys: int | None,
    of: Sender = Sender.HYPER_V,
    by: Sender = Sender.HYPER_V,
) -> Situation:
    answers = CURRENT_LAYOUT if cause is Cause.POLICY else OLD_LAYOUT
    known = {A: (CURRENT_LAYOUT, of), B: (answers, by)}
    return situation(
        *(
            host(address, layout, sender=sender, spans=[span(layout, 1, 100)])
            for address, (layout, sender) in known.items()
        ),
        refusals=tuple(
            refusal(A, B, gre_key, cause, frames=(number,))
            for number, gre_key in enumerate(gre_keys or (CURRENT,), start=10)
        ),
    )


def refused6() -> Situation:
    return situation(
        host(A6, CURRENT_LAYOUT, spans=[span(CURRENT_LAYOUT, 1, 100)]),
        host(B6, OLD_LAYOUT, spans=[span(OLD_LAYOUT, 1, 100)]),
        refusals=(refusal(A6, B6, CURRENT, Cause.LAYOUT_MISMATCH, kind=(1, 1), is_inner=False),),
    )


def shows_vms(destination: int, source: int) -> str:
    """Frames from one virtual machine to another, by the last byte of their MACs."""
    there, here = f"00:15:5d:0a:00:{destination:02x}", f"00:15:5d:0a:00:{source:02x}"
    return (
        f"frame[14:] contains {there}:{here} && !(eth.dst#2 != {there}) && !(eth.src#2 != {here})"
    )


def refused_before_update() -> Situation:
    known = refused(Cause.LAYOUT_MISMATCH).diagnosis
    updated = replace(
        known.hosts[build.ip(B)],
        layout=CURRENT_LAYOUT,
        spans=[span(OLD_LAYOUT, 1, 20), span(CURRENT_LAYOUT, 50, 90)],
        changes=[change(OLD_LAYOUT, 20, CURRENT_LAYOUT, 50)],
    )
    (before,) = (each._replace(spells=(Spell(0, 10, 12),)) for each in known.refusals)
    later = refusal(A, B, CURRENT, Cause.POLICY, frames=(60, 61), spells=((0, 60, 61),))
    return situation(known.hosts[build.ip(A)], updated, refusals=(before, later))


def refused_crosswise() -> Situation:
    return situation(
        refusals=(
            refusal(A, B, CURRENT_5001, Cause.LAYOUT_MISMATCH, frames=(1, 2)),
            refusal(B, A, OLD_5001, Cause.LAYOUT_MISMATCH, frames=(3,), sightings=4),
        )
    )


def refused_by_many() -> Situation:
    reporters = (B, "192.168.50.250", "192.168.50.251", "192.168.50.252", "192.168.50.253")
    return situation(
        host(A, CURRENT_LAYOUT),
        host(B, CURRENT_LAYOUT),
        refusals=tuple(
            refusal(A, B, CURRENT, Cause.POLICY, by=by, is_inner=False) for by in reporters
        ),
    )


def refused_on_the_way() -> Situation:
    return situation(
        host(A, Layout.UNKNOWN),
        host(B, Layout.UNKNOWN, frames_sent=0, sender=Sender.UNCLEAR),
        refusals=(
            refusal(
                A, B, CURRENT, Cause.THIRD_PARTY, by=ROUTER, is_inner=False, frames=(2, 4, 6, 8)
            ),
        ),
    )


def refused_by_end_and_way() -> Situation:
    return situation(
        host(A),
        host(B),
        refusals=(
            refusal(A, B, CURRENT, Cause.UNKNOWN, frames=(2,)),
            refusal(A, B, CURRENT, Cause.THIRD_PARTY, by=ROUTER, is_inner=False, frames=(3,)),
        ),
    )


def errors(*seen: tuple[tuple[int, int], str], receiver: Sender = Sender.HYPER_V) -> Situation:
    kinds = {each: seen.count(each) for each in seen}
    return situation(
        host(A, CURRENT_LAYOUT),
        host(B, CURRENT_LAYOUT, sender=receiver),
        refusals=tuple(
            refusal(A, B, CURRENT, kind=kind, by=by, is_inner=False, count=count)
            for (kind, by), count in kinds.items()
        ),
    )


def no_tunnel() -> Situation:
    return situation(
        host(A, Layout.UNKNOWN, sender=Sender.OTHER),
        host(B, Layout.UNKNOWN, sender=Sender.OTHER),
        streams=(stream(A, B, 1001), stream(B, A, 1002, vms=(VM2, VM1))),
        refusals=(
            refusal(A, B, 1001, kind=(3, 3), is_inner=False, frames=(3,)),
            refusal(B, A, 1002, kind=(3, 3), is_inner=False, frames=(4,)),
        ),
    )


def too_big(*mtus: int) -> Situation:
    return situation(
        host(A),
        host(B),
        refusals=tuple(
            refusal(A, B, CURRENT, kind=(3, 4), by=by, is_inner=False, mtu=mtu, count=2)
            for mtu in mtus
            for by in (ROUTER, B)
        ),
    )


def contradiction(
    *gre_keys: int, hosts: tuple[str, ...] = (A, B), sender: Sender = Sender.HYPER_V
) -> Situation:
    case = Contradiction(tuple(map(build.ip, hosts)), macs(), gre_keys, (at(1), at(2)))
    streams = [stream(hosts[0], "192.168.50.9", gre_key) for gre_key in gre_keys[:-1]]
    streams.append(stream(hosts[-1], "192.168.50.8", gre_keys[-1], vms=(VM2, VM1), frames=3))
    return situation(
        *(host(address, CURRENT_LAYOUT, sender=sender) for address in hosts),
        streams=tuple(streams),
        contradictions=(case,),
    )


def strays(*gre_keys: int) -> Situation:
    found = [
        Stray(build.ip(A), build.ip(B), gre_key, at(number), OLD_LAYOUT)
        for number, gre_key in enumerate(gre_keys, start=7)
    ]
    return situation(host(A, CURRENT_LAYOUT), strays=tuple(found))


def unlisted() -> Situation:
    sent = tuple(stream(A, B, 0x1E848105 + (n << 8)) for n in range(4))
    known = situation(host(A, CURRENT_LAYOUT), streams=sent)
    return known._replace(inventory=known_vsids(5001))


def reserved_vsid() -> Situation:
    sent = stream(A, B, 0x0004D211, 0x0004D25C)
    return situation(host(A, CURRENT_LAYOUT), streams=(sent,))


def flags(tape: Tape) -> None:
    for flag in (0x2010, 0x2020, 0x2040, 0x2080, 0x2100):
        tape.send(A6, B6, CURRENT, flags=flag)


def cut_control(tape: Tape) -> None:
    packet = tape.send(A, B, CURRENT)
    tape.unreachable(B, A, 0xFFFFFF00, packet)
    tape.unreachable(B, A, 0x00FFFFFF, packet)


def inner_tag(tape: Tape) -> None:
    tape.send(A, B, CURRENT, inner_tags=[(0x8100, 7)])


def vxlan(tape: Tape) -> None:
    tape.put(build.ipv4(A, B, UDP, build.udp(A, B, 1000, 4789, bytes(60))))


def not_nvgre() -> Situation:
    known = judged(lambda tape: tape.send(A, B, CURRENT))
    evidence = leave_out(known.evidence, parse_hosts([A]))
    return known._replace(evidence=evidence, diagnosis=infer(evidence, Inventory()))


Text = tuple[str, str, int, str, str | None]
CASES: dict[str, tuple[str, Callable[[], Situation], list[Text]]] = {
    "cut capture": (
        "NVG101",
        lambda: situation(problems=(Problem("cut-record", 230, "one.pcap ends at byte 230."),)),
        [
            (
                "one.pcap ends at byte 230. 100 frames were read.",
                "",
                0,
                "Copy the file again, or capture again.",
                None,
            ),
        ],
    ),
    "short frames": (
        "NVG102",
        lambda: judged(lambda tape: tape.send(A, B, CURRENT), snaplen=40),
        [
            (
                ("1 GRE frame is cut before the key (of 1 frame): the snap length is too small."),
                (
                    "(ip.proto#1 == 47 && ip.frag_offset#1 == 0 || ipv6.nxt#1 == 47) && "
                    "frame.cap_len < frame.len && !gre.key#1 && !(gre.flags.key#1 == 0) && "
                    "!(gre.proto#1 != 0x6558)"
                ),
                1,
                (
                    "Capture again with a snap length of 128 bytes or more, for example tcpdump "
                    "-s 128."
                ),
                None,
            ),
        ],
    ),
    "control traffic cut short": (
        "NVG102",
        lambda: judged(cut_control, snaplen=54),
        [
            (
                (
                    "2 frames of control traffic are cut before it can be seen whether they "
                    "refuse something (of 3 frames): the snap length is too small."
                ),
                (
                    "gre.proto#1 == 0x6558 && gre.key#1 && (gre.key#1 >= 0xffffff00 || gre.key#1 "
                    "== 0x00ffffff) && frame.cap_len < frame.len && !icmp.type && !icmpv6.type "
                    "&& !(ip.proto#2 != 1) && !(ipv6.nxt#2 != 58) && !arp"
                ),
                2,
                (
                    "Capture again with a snap length of 128 bytes or more, for example tcpdump "
                    "-s 128."
                ),
                None,
            ),
        ],
    ),
    "no nvgre but vxlan": (
        "NVG103",
        lambda: judged(vxlan),
        [
            (
                (
                    "No NVGRE in 1 frame. What is there instead: 1 x VXLAN (UDP 4789), the "
                    "default encapsulation since Windows Server 2016."
                ),
                "udp.dstport == 4789",
                1,
                WHERE,
                None,
            ),
        ],
    ),
    "no nvgre but tcp": (
        "NVG103",
        lambda: judged(Tape.web),
        [
            (
                "No NVGRE in 1 frame. What is there instead: 1 x IP traffic that is not GRE.",
                "",
                0,
                WHERE,
                None,
            ),
        ],
    ),
    "no nvgre but a host that is left out": (
        "NVG103",
        not_nvgre,
        [
            (
                (
                    "No NVGRE in 1 frame. What is there instead: 1 x GRE of hosts that you named "
                    "as not NVGRE."
                ),
                "",
                0,
                (
                    "If one of these hosts is a Hyper-V host, correct not-nvgre in the "
                    "configuration."
                ),
                None,
            ),
        ],
    ),
    "packets at several points": (
        "NVG104",
        lambda: situation(copies=(Copies(0, 12, 4, (at(1), at(2)), None),)),
        [
            (
                (
                    "At least 12 packets are in capture-0.pcap more than once, up to 4 times."
                    " Each counts once."
                ),
                "",
                2,
                "",
                None,
            ),
        ],
    ),
    "packets in two files": (
        "NVG104",
        lambda: situation(copies=(Copies(1, 1, 2, (at(1), at(1, 1)), 0),), captures=2),
        [
            (
                (
                    "At least 1 packet is in capture-0.pcap as well as in capture-1.pcap."
                    " Each counts once."
                ),
                "",
                2,
                "",
                None,
            ),
        ],
    ),
    "packets lost": (
        "NVG105",
        lambda: situation(lost=Losses(beside=12)),
        [
            (
                "capture-0.pcap says that 12 packets were lost while it was captured.",
                "",
                0,
                (
                    "Capture again with a larger buffer (dumpcap -B 64), a capture filter, or a "
                    "snap length of 128 bytes."
                ),
                None,
            ),
        ],
    ),
    "old host": (
        "NVG201",
        mismatch,
        [
            (
                f"192.168.50.2 uses the old NVGRE layout (draft-00): {BY_VALUE}.",
                f"ip.src#1 == 192.168.50.2{NVGRE}",
                4,
                f"Find the host that has the provider address 192.168.50.2 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "old host over ipv6": (
        "NVG201",
        lambda: old(A6),
        [
            (
                f"fd00:50::1 uses the old NVGRE layout (draft-00): {BY_VALUE}.",
                f"ipv6.src#1 == fd00:50::1{NVGRE6}",
                4,
                f"Find the host that has the provider address fd00:50::1 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "old host that may be plain gre": (
        "NVG201",
        lambda: old(A, Confidence.LIKELY, Sender.UNCLEAR, ("its hop limits start at 128",)),
        [
            (
                (
                    "192.168.50.1 probably uses the old NVGRE layout (draft-00), if this is "
                    f"NVGRE: {BY_VALUE}. Nothing here says for certain that it is a Hyper-V host "
                    "(its hop limits start at 128): it may be a plain GRE tunnel (Open vSwitch, "
                    "Linux)."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                (
                    "Find out first what 192.168.50.1 is. If it is a Hyper-V host, ask that host "
                    "by its own name whether it has KB2779768 "
                    "(Get-NetVirtualizationProviderAddress tells which one has the address)."
                ),
                HOTFIX,
            ),
        ],
    ),
    "old host that is plain gre": (
        "NVG201",
        lambda: old(A, Confidence.LIKELY, Sender.OTHER, ("its hop limits start at 64",)),
        [
            (
                (
                    "192.168.50.1 writes plain GRE keys that look like the old NVGRE layout "
                    f"(draft-00): {BY_VALUE}. It is a plain GRE tunnel (its hop limits start at "
                    "64), such as Open vSwitch and Linux make."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                (
                    "Nothing to install: 192.168.50.1 does not look like a Hyper-V host. Find "
                    "out what it is."
                ),
                None,
            ),
        ],
    ),
    "host that is likely old": (
        "NVG201",
        lambda: old(A, Confidence.LIKELY),
        [
            (
                f"192.168.50.1 probably uses the old NVGRE layout (draft-00): {BY_VALUE}.",
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                (
                    f"{FIND_OUT} Find the host that has the provider address 192.168.50.1 "
                    f"{OWNER}, and ask it by its own name."
                ),
                HOTFIX,
            ),
        ],
    ),
    "old host that was silent since": (
        "NVG201",
        stale,
        [
            (
                (
                    f"192.168.50.1 uses the old NVGRE layout (draft-00): {BY_VALUE}. That is "
                    "known up to frame 4; what it sent after a silence does not tell."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                (
                    f"{FIND_OUT} Find the host that has the provider address 192.168.50.1 "
                    f"{OWNER}, and ask it by its own name."
                ),
                HOTFIX,
            ),
        ],
    ),
    "host that went back to the old layout": (
        "NVG201",
        lambda: changed(CURRENT_LAYOUT, OLD_LAYOUT),
        [
            (
                f"192.168.50.1 uses the old NVGRE layout (draft-00): {BY_VALUE}.",
                f"ip.src#1 == 192.168.50.1{NVGRE} && frame.number in {{11..14}}",
                4,
                f"Find the host that has the provider address 192.168.50.1 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "changed host": (
        "NVG202",
        lambda: changed(OLD_LAYOUT, CURRENT_LAYOUT),
        [
            (
                (
                    "192.168.50.1 changed from draft-00 to RFC 7637 during the capture: first in "
                    "frame 11."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE} && frame.number in {{4, 11}}",
                2,
                (
                    "Nothing, if the update was meant. Look whether the other hosts have it, "
                    "each by its own name."
                ),
                HOTFIX,
            ),
        ],
    ),
    "host that went back": (
        "NVG202",
        lambda: changed(CURRENT_LAYOUT, OLD_LAYOUT),
        [
            (
                (
                    "192.168.50.1 changed from RFC 7637 to draft-00 during the capture: first in "
                    "frame 11."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE} && frame.number in {{4, 11}}",
                2,
                f"Find the host that has the provider address 192.168.50.1 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "host that changed twice": (
        "NVG202",
        lambda: changed(OLD_LAYOUT, CURRENT_LAYOUT, OLD_LAYOUT, CURRENT_LAYOUT),
        [
            (
                (
                    "192.168.50.1 changed its layout 3 times during the capture, first from "
                    "draft-00: to RFC 7637 in frame 11, to draft-00 in frame 21, to RFC 7637 in "
                    "frame 31."
                ),
                (f"ip.src#1 == 192.168.50.1{NVGRE} && frame.number in {{4, 11, 14, 21, 24, 31}}"),
                6,
                (
                    "Nothing, if the update was meant. Look whether the other hosts have it, "
                    "each by its own name."
                ),
                HOTFIX,
            ),
        ],
    ),
    "host that probably changed": (
        "NVG202",
        lambda: changed(OLD_LAYOUT, CURRENT_LAYOUT, confidence=Confidence.LIKELY),
        [
            (
                (
                    "192.168.50.1 probably changed from draft-00 to RFC 7637 during the capture: "
                    "first in frame 11."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE} && frame.number in {{4, 11}}",
                2,
                (
                    "Nothing, if the update was meant. Look whether the other hosts have it, "
                    "each by its own name."
                ),
                HOTFIX,
            ),
        ],
    ),
    "both layouts": (
        "NVG203",
        both,
        [
            (
                (
                    f"192.168.50.1 sends both layouts at the same time: {BY_VALUE}; and key "
                    "0x1e848105 is VSID 2000001; as a TNI its top octet would have to be 0, and "
                    "it is 30."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                8,
                (
                    "Look for a second machine with the address 192.168.50.1, or for an update "
                    "that is half installed."
                ),
                HOTFIX,
            ),
        ],
    ),
    "both layouts of nobody knows what": (
        "NVG203",
        lambda: both(Sender.UNCLEAR),
        [
            (
                (
                    f"192.168.50.1 sends both layouts at the same time: {BY_VALUE}; and key "
                    "0x1e848105 is VSID 2000001; as a TNI its top octet would have to be 0, and "
                    "it is 30. Nothing here says for certain that it is a Hyper-V host: it may "
                    "be a plain GRE tunnel (Open vSwitch, Linux)."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                8,
                (
                    "Look for a second machine with the address 192.168.50.1, and find out what "
                    "it is."
                ),
                None,
            ),
        ],
    ),
    "either layout": (
        "NVG204",
        lambda: unknown(A, stream(A, B, 0x001E8481)),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: key 0x001e8481 is valid under both "
                    "layouts."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                (
                    "Give a VSID you know with --vsid or --inventory, or capture both directions "
                    "of one VM pair."
                ),
                None,
            ),
        ],
    ),
    "either layout, in both directions": (
        "NVG204",
        lambda: situation(
            host(A, Layout.UNKNOWN, frames_sent=4),
            host(B, CURRENT_LAYOUT),
            streams=(stream(A, B, 0x001E8481), stream(B, A, 0x001E8481, vms=(VM2, VM1))),
        ),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: key 0x001e8481 is valid under both "
                    "layouts."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                (
                    "Give a VSID you know with --vsid or --inventory: "
                    "Get-NetVirtualizationLookupRecord on a Hyper-V host lists them."
                ),
                None,
            ),
        ],
    ),
    "neither layout": (
        "NVG204",
        lambda: unknown(A, stream(A, B, 7)),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: key 0x00000007 is reserved under "
                    "both layouts."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                "Find out what 192.168.50.1 is: this may be a plain GRE tunnel.",
                None,
            ),
        ],
    ),
    "only receiving": (
        "NVG204",
        lambda: situation(host(B, Layout.UNKNOWN, frames_sent=0, frames_received=1)),
        [
            (
                (
                    "The layout of 192.168.50.2 cannot be told: it sent no NVGRE here, it only "
                    "received 1 frame."
                ),
                "",  # what it sent is nothing, and a filter of it would show nothing
                0,
                "Capture on 192.168.50.2 itself, or where both directions pass.",
                None,
            ),
        ],
    ),
    "keys of both layouts": (
        "NVG204",
        lambda: unknown(A, stream(A, B, OLD_5001), stream(A, B, CURRENT, first=2)),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: key 0x00001389 fits draft-00 only, "
                    "and key 0x1e848105 fits RFC 7637 only."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                8,
                "Look at the frames, and capture again on one adapter only.",
                None,
            ),
        ],
    ),
    "keys that may be repeated": (
        "NVG204",
        lambda: unknown(A, stream(A, B, CURRENT)),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: key 0x1e848105 may only repeat "
                    "what the other host sends."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                ("Capture both directions of one VM pair with a snap length of 128 bytes or more."),
                None,
            ),
        ],
    ),
    "inventory against the packets": (
        "NVG204",
        lambda: unknown(A, stream(A, B, OLD_5001), contradiction=True),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: the inventory contradicts what "
                    "the packets prove."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                "Check the inventory: is it of this fabric, and of this time?",
                None,
            ),
        ],
    ),
    "plain gre": (
        "NVG204",
        lambda: unknown(
            A,
            stream(A, B, 5001),
            stream(A, B, CURRENT, first=2),
            sender=Sender.OTHER,
            sender_reasons=("its hop limits start at 64",),
        ),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: key 0x00001389 fits draft-00 only, "
                    "and key 0x1e848105 fits RFC 7637 only. It is a plain GRE tunnel (its hop "
                    "limits start at 64), such as Open vSwitch and Linux make."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                8,
                "",
                None,
            ),
        ],
    ),
    "current where old is expected": (
        "NVG205",
        lambda: expecting(mismatch(), A, "draft-00"),
        [
            (
                "192.168.50.1 uses RFC 7637, and draft-00 is expected of it.",
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                (
                    "If 192.168.50.1 was updated on purpose, correct expect in the "
                    "configuration. Find the host that has the provider address 192.168.50.1 "
                    f"{OWNER}, and ask it by its own name whether it has KB2779768."
                ),
                HOTFIX,
            ),
        ],
    ),
    "old where current is expected": (
        "NVG205",
        lambda: expecting(mismatch(), B, "rfc7637"),
        [
            (
                "192.168.50.2 uses draft-00, and RFC 7637 is expected of it.",
                f"ip.src#1 == 192.168.50.2{NVGRE}",
                4,
                f"Find the host that has the provider address 192.168.50.2 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "likely old where current is expected": (
        "NVG205",
        lambda: expecting(old(A, Confidence.LIKELY), A, "rfc7637"),
        [
            (
                "192.168.50.1 probably uses draft-00, and RFC 7637 is expected of it.",
                f"ip.src#1 == 192.168.50.1{NVGRE}",
                4,
                (
                    f"{FIND_OUT} Find the host that has the provider address 192.168.50.1 "
                    f"{OWNER}, and ask it by its own name."
                ),
                HOTFIX,
            ),
        ],
    ),
    "mismatch": (
        "NVG301",
        mismatch,
        [
            (
                (
                    "192.168.50.2 (draft-00) and 192.168.50.1 (RFC 7637) cannot talk: they use "
                    "different layouts."
                ),
                f"ip.addr#1 == 192.168.50.1 && ip.addr#1 == 192.168.50.2{NVGRE}",
                8,
                f"Find the host that has the provider address 192.168.50.2 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "likely mismatch": (
        "NVG301",
        likely_mismatch,
        [
            (
                (
                    "192.168.50.2 (draft-00) and 192.168.50.1 (RFC 7637) probably cannot talk: "
                    "they seem to use different layouts."
                ),
                f"ip.addr#1 == 192.168.50.1 && ip.addr#1 == 192.168.50.2{NVGRE}",
                8,
                (
                    f"{FIND_OUT} Find the host that has the provider address 192.168.50.2 "
                    f"{OWNER}, and ask it by its own name."
                ),
                HOTFIX,
            ),
        ],
    ),
    "mismatch over ipv6": (
        "NVG301",
        mismatch6,
        [
            (
                (
                    "fd00:50::2 (draft-00) and fd00:50::1 (RFC 7637) cannot talk: they use "
                    "different layouts."
                ),
                f"ipv6.addr#1 == fd00:50::1 && ipv6.addr#1 == fd00:50::2{NVGRE6}",
                8,
                f"Find the host that has the provider address fd00:50::2 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "each refuses the key of the other": (
        "NVG301",
        refused_crosswise,
        [
            (
                (
                    "192.168.50.1 and 192.168.50.2 probably cannot talk: each refuses the "
                    "other's key, and one is the other eight bits higher. 192.168.50.2 refuses "
                    "key 0x00138900 of 192.168.50.1. 192.168.50.1 refuses key 0x00001389 of "
                    "192.168.50.2."
                ),
                (
                    "(ip.src#1 == 192.168.50.1 && ip.dst#1 == 192.168.50.2 && ip.proto#1 == 47 "
                    "&& icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.1) || "
                    "(ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 "
                    "&& icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2)"
                ),
                6,
                (
                    "Find out first what 192.168.50.2 is. If it is a Hyper-V host, ask that host "
                    "by its own name whether it has KB2779768 "
                    "(Get-NetVirtualizationProviderAddress tells which one has the address)."
                ),
                HOTFIX,
            ),
        ],
    ),
    "one way": (
        "NVG306",
        six_unanswered,
        [
            (
                (
                    "6 VM pairs between 192.168.50.1 and 192.168.50.2 heard in one direction "
                    "only: 00:15:5d:0a:00:0a / :02, 00:15:5d:0a:00:0b / :02, 00:15:5d:0a:00:0c / "
                    ":02 and 3 more."
                ),
                (
                    f"ip.addr#1 == 192.168.50.1 && ip.addr#1 == 192.168.50.2{NVGRE} && ("
                    f"({shows_vms(2, 0x0A)}) || "
                    f"({shows_vms(2, 0x0B)}) || "
                    f"({shows_vms(2, 0x0C)}) || "
                    f"({shows_vms(2, 0x0D)}) || "
                    f"({shows_vms(2, 0x0E)}) || "
                    f"({shows_vms(2, 0x0F)}))"
                ),
                24,
                (f"Find the host that has the provider address 192.168.50.2 {OWNER}, and {POLICY}"),
                LOOKUP,
            ),
        ],
    ),
    "refused by layout": (
        "NVG302",
        lambda: refused(Cause.LAYOUT_MISMATCH),
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 1 x ICMP 3/10, "
                    "because the layouts differ; key 0x1e848105."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                1,
                f"Find the host that has the provider address 192.168.50.2 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "several keys refused by layout": (
        "NVG302",
        lambda: refused(Cause.LAYOUT_MISMATCH, CURRENT, CURRENT + 1, CURRENT + 2),
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 3 x ICMP 3/10, "
                    "because the layouts differ; key 0x1e848105, "
                    "0x1e848106 and 1 more."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                3,
                f"Find the host that has the provider address 192.168.50.2 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "refused by layout over ipv6": (
        "NVG302",
        refused6,
        [
            (
                (
                    "fd00:50::2 refuses what fd00:50::1 sends: 1 x ICMPv6 1/1, "
                    "because the layouts differ; key 0x1e848105."
                ),
                (
                    "ipv6.src#1 == fd00:50::2 && ipv6.dst#1 == fd00:50::1 && ipv6.nxt#1 == 58 && "
                    "icmpv6.type == 1 && icmpv6.code == 1"
                ),
                1,
                f"Find the host that has the provider address fd00:50::2 {OWNER}. {INSTALL}",
                HOTFIX,
            ),
        ],
    ),
    "refused before the update": (
        "NVG302",
        refused_before_update,
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 1 x ICMP 3/10, because the "
                    "sender used RFC 7637 then, and the receiver draft-00; key 0x1e848105."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2 && "
                    "frame.number in {10..12}"
                ),
                1,
                (
                    "Nothing to install: 192.168.50.2 speaks RFC 7637 by now. If flows are still "
                    "refused, look at the later findings."
                ),
                None,
            ),
        ],
    ),
    "each refuses the other's key": (
        "NVG302",
        refused_crosswise,
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 2 x ICMP 3/10, "
                    "probably because the layouts differ; key 0x00138900."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                2,
                (
                    "Find out first what 192.168.50.2 is. If it is a Hyper-V host, ask that host "
                    "by its own name whether it has KB2779768 "
                    "(Get-NetVirtualizationProviderAddress tells which one has the address)."
                ),
                HOTFIX,
            ),
            (
                (
                    "192.168.50.1 refuses what 192.168.50.2 sends: 1 x ICMP 3/10, "
                    "probably because the layouts differ; key 0x00001389."
                ),
                (
                    "ip.src#1 == 192.168.50.1 && ip.dst#1 == 192.168.50.2 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.1"
                ),
                4,
                (
                    "Find out first what 192.168.50.2 is. If it is a Hyper-V host, ask that host "
                    "by its own name whether it has KB2779768 "
                    "(Get-NetVirtualizationProviderAddress tells which one has the address)."
                ),
                HOTFIX,
            ),
        ],
    ),
    "refused by policy": (
        "NVG303",
        lambda: refused(Cause.POLICY),
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 1 x ICMP 3/10; "
                    "key 0x1e848105. The layouts agree: the policy is missing, the "
                    "virtual machine moved, or a firewall refuses."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                1,
                (f"Find the host that has the provider address 192.168.50.2 {OWNER}, and {POLICY}"),
                LOOKUP,
            ),
        ],
    ),
    "refused by many": (
        "NVG303",
        refused_by_many,
        [
            (
                (
                    "192.168.50.2, 192.168.50.250, 192.168.50.251, 192.168.50.252 and 1 more "
                    "refuse what 192.168.50.1 sends to 192.168.50.2: 5 x ICMP 3/10; "
                    "key 0x1e848105. The layouts agree: the policy is missing, the virtual "
                    "machine moved, or a firewall refuses."
                ),
                (
                    "(ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && "
                    "icmp.type == 3 && icmp.code == 10) || (ip.src#1 == 192.168.50.250 && "
                    "ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && icmp.type == 3 && icmp.code "
                    "== 10) || (ip.src#1 == 192.168.50.251 && ip.dst#1 == 192.168.50.1 && "
                    "ip.proto#1 == 1 && icmp.type == 3 && icmp.code == 10) || (ip.src#1 == "
                    "192.168.50.252 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && icmp.type "
                    "== 3 && icmp.code == 10) || (ip.src#1 == 192.168.50.253 && ip.dst#1 == "
                    "192.168.50.1 && ip.proto#1 == 1 && icmp.type == 3 && icmp.code == 10)"
                ),
                5,
                (f"Find the host that has the provider address 192.168.50.2 {OWNER}, and {POLICY}"),
                LOOKUP,
            ),
        ],
    ),
    "refused on the way": (
        "NVG303",
        refused_on_the_way,
        [
            (
                (
                    "192.168.50.254, on the way, refuses what 192.168.50.1 sends to "
                    "192.168.50.2: 4 x ICMP 3/10; key 0x1e848105. That is neither end of "
                    "the flow: a firewall or a router."
                ),
                (
                    "ip.src#1 == 192.168.50.254 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 "
                    "&& icmp.type == 3 && icmp.code == 10"
                ),
                4,
                (
                    "Let 192.168.50.254 pass IP protocol 47 (GRE): it is neither end of this "
                    "flow, but a firewall or router on the way."
                ),
                None,
            ),
        ],
    ),
    "refused by both an end and the way": (
        "NVG303",
        refused_by_end_and_way,
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 1 x ICMP 3/10; "
                    "key 0x1e848105. Whether the layouts differ is not known."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                1,
                (f"Find the host that has the provider address 192.168.50.2 {OWNER}, and {POLICY}"),
                LOOKUP,
            ),
            (
                (
                    "192.168.50.254, on the way, refuses what 192.168.50.1 sends to "
                    "192.168.50.2: 1 x ICMP 3/10; key 0x1e848105. That is neither end of "
                    "the flow: a firewall or a router."
                ),
                (
                    "ip.src#1 == 192.168.50.254 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 "
                    "&& icmp.type == 3 && icmp.code == 10"
                ),
                1,
                (
                    "Let 192.168.50.254 pass IP protocol 47 (GRE): it is neither end of this "
                    "flow, but a firewall or router on the way."
                ),
                None,
            ),
        ],
    ),
    "refused without a key": (
        "NVG303",
        lambda: refused(Cause.UNKNOWN, None),
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 1 x ICMP 3/10; "
                    "the key is not in the quote. Whether the layouts differ is not "
                    "known."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                1,
                (f"Find the host that has the provider address 192.168.50.2 {OWNER}, and {POLICY}"),
                LOOKUP,
            ),
        ],
    ),
    "refused by a linux host": (
        "NVG303",
        lambda: refused(Cause.UNKNOWN, CURRENT, by=Sender.OTHER),
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 1 x ICMP 3/10; "
                    "key 0x1e848105. Whether the layouts differ is not known."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                1,
                "Let the firewall of 192.168.50.2 pass IP protocol 47 (GRE).",
                None,
            ),
        ],
    ),
    "refused plain gre": (
        "NVG303",
        lambda: refused(Cause.UNKNOWN, 5001, of=Sender.OTHER, by=Sender.OTHER),
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 1 x ICMP 3/10; "
                    "key 0x00001389. Whether the layouts differ is not known. It is a "
                    "plain GRE tunnel."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                1,
                "Let the firewall of 192.168.50.2 pass IP protocol 47 (GRE).",
                None,
            ),
        ],
    ),
    "refused nobody knows what": (
        "NVG303",
        lambda: refused(Cause.UNKNOWN, CURRENT, of=Sender.UNCLEAR, by=Sender.UNCLEAR),
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends: 1 x ICMP 3/10; "
                    "key 0x1e848105. Whether the layouts differ is not known."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 3 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                1,
                (
                    "Find out what 192.168.50.2 is, and let it pass IP protocol 47 (GRE): "
                    "nothing here looks like Hyper-V."
                ),
                None,
            ),
        ],
    ),
    "no way": (
        "NVG304",
        lambda: errors(((3, 1), ROUTER), ((3, 1), ROUTER), ((3, 14), ROUTER)),
        [
            (
                (
                    "What 192.168.50.1 sends to 192.168.50.2 comes back with an ICMP error: 2 x "
                    "ICMP 3/1 from 192.168.50.254 (host unreachable), 1 x ICMP 3/14 from "
                    "192.168.50.254; key 0x1e848105."
                ),
                (
                    "(ip.src#1 == 192.168.50.254 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 "
                    "&& icmp.type == 3 && icmp.code == 1) || (ip.src#1 == 192.168.50.254 && "
                    "ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && icmp.type == 3 && icmp.code "
                    "== 14)"
                ),
                3,
                (
                    "Look at the routing of 192.168.50.254: what it refuses is on its way to "
                    "192.168.50.2."
                ),
                None,
            ),
        ],
    ),
    "filtered on the way": (
        "NVG304",
        lambda: errors(((3, 13), ROUTER)),
        [
            (
                (
                    "What 192.168.50.1 sends to 192.168.50.2 comes back with an ICMP error: 1 x "
                    "ICMP 3/13 from 192.168.50.254 (communication administratively prohibited: a "
                    "filter); key 0x1e848105."
                ),
                (
                    "ip.src#1 == 192.168.50.254 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 "
                    "&& icmp.type == 3 && icmp.code == 13"
                ),
                1,
                "Let 192.168.50.254, on the way, pass IP protocol 47 (GRE).",
                None,
            ),
        ],
    ),
    "filtered by the receiver": (
        "NVG304",
        lambda: errors(((3, 9), B)),
        [
            (
                (
                    "What 192.168.50.1 sends to 192.168.50.2 comes back with an ICMP error: 1 x "
                    "ICMP 3/9 from 192.168.50.2 (network administratively prohibited: a filter); "
                    "key 0x1e848105."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && "
                    "icmp.type == 3 && icmp.code == 9"
                ),
                1,
                "Let 192.168.50.2, the receiver itself, pass IP protocol 47 (GRE).",
                None,
            ),
        ],
    ),
    "no gre": (
        "NVG304",
        lambda: errors(((3, 2), B)),
        [
            (
                (
                    "What 192.168.50.1 sends to 192.168.50.2 comes back with an ICMP error: 1 x "
                    "ICMP 3/2 from 192.168.50.2 (protocol unreachable: there is no GRE at all on "
                    "the receiver); key 0x1e848105."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && "
                    "icmp.type == 3 && icmp.code == 2"
                ),
                1,
                (
                    f"Find the host that has the provider address 192.168.50.2 {OWNER}: is "
                    "network virtualization enabled there, on this adapter?"
                ),
                "Get-NetVirtualizationProviderAddress",
            ),
        ],
    ),
    "no gre on a linux host": (
        "NVG304",
        lambda: errors(((3, 2), B), receiver=Sender.OTHER),
        [
            (
                (
                    "What 192.168.50.1 sends to 192.168.50.2 comes back with an ICMP error: 1 x "
                    "ICMP 3/2 from 192.168.50.2 (protocol unreachable: there is no GRE at all on "
                    "the receiver); key 0x1e848105."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && "
                    "icmp.type == 3 && icmp.code == 2"
                ),
                1,
                (
                    "Load GRE on 192.168.50.2, or look whether 192.168.50.2 is the right address "
                    "at all."
                ),
                None,
            ),
        ],
    ),
    "no tunnel": (
        "NVG304",
        no_tunnel,
        [
            (
                (
                    "What 192.168.50.1 sends to 192.168.50.2 comes back with an ICMP error: 1 x "
                    "ICMP 3/3 from 192.168.50.2 (port unreachable: the receiver has GRE, but no "
                    "tunnel with this key); key 0x000003e9."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && "
                    "icmp.type == 3 && icmp.code == 3"
                ),
                1,
                (
                    "Compare the keys of both ends: 192.168.50.1 sends 0x000003e9 (1001); "
                    "192.168.50.2 sends 0x000003ea (1002)."
                ),
                None,
            ),
            (
                (
                    "What 192.168.50.2 sends to 192.168.50.1 comes back with an ICMP error: 1 x "
                    "ICMP 3/3 from 192.168.50.1 (port unreachable: the receiver has GRE, but no "
                    "tunnel with this key); key 0x000003ea."
                ),
                (
                    "ip.src#1 == 192.168.50.1 && ip.dst#1 == 192.168.50.2 && ip.proto#1 == 1 && "
                    "icmp.type == 3 && icmp.code == 3"
                ),
                1,
                (
                    "Compare the keys of both ends: 192.168.50.2 sends 0x000003ea (1002); "
                    "192.168.50.1 sends 0x000003e9 (1001)."
                ),
                None,
            ),
        ],
    ),
    "an error that nobody knows": (
        "NVG304",
        lambda: errors(((3, 14), B)),
        [
            (
                (
                    "What 192.168.50.1 sends to 192.168.50.2 comes back with an ICMP error: 1 x "
                    "ICMP 3/14 from 192.168.50.2; key 0x1e848105."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && "
                    "icmp.type == 3 && icmp.code == 14"
                ),
                1,
                (f"Find the host that has the provider address 192.168.50.2 {OWNER}, and {POLICY}"),
                LOOKUP,
            ),
        ],
    ),
    "another error over ipv6": (
        "NVG304",
        lambda: situation(
            host(A6),
            host(B6),
            refusals=(refusal(A6, B6, CURRENT, kind=(3, 0), is_inner=False, by=ROUTER6),),
        ),
        [
            (
                (
                    "What fd00:50::1 sends to fd00:50::2 comes back with an ICMP error: 1 x "
                    "ICMPv6 3/0 from fd00:50::fe (hop limit exceeded: a routing loop, or a hop "
                    "limit that is too small); key 0x1e848105."
                ),
                (
                    "ipv6.src#1 == fd00:50::fe && ipv6.dst#1 == fd00:50::1 && ipv6.nxt#1 == 58 "
                    "&& icmpv6.type == 3 && icmpv6.code == 0"
                ),
                1,
                (
                    "Look at the routing of fd00:50::fe: what it refuses is on its way to "
                    "fd00:50::2."
                ),
                None,
            ),
        ],
    ),
    "too big": (
        "NVG305",
        lambda: too_big(1500, 1400),
        [
            (
                (
                    "NVGRE from 192.168.50.1 to 192.168.50.2 does not fit the path: 8 packets "
                    "refused as too big by 192.168.50.2, 192.168.50.254. The path allows 1400, "
                    "1500 bytes."
                ),
                (
                    "(ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && "
                    "icmp.type == 3 && icmp.code == 4) || (ip.src#1 == 192.168.50.254 && "
                    "ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && icmp.type == 3 && icmp.code "
                    "== 4)"
                ),
                8,
                MTU,
                None,
            ),
        ],
    ),
    "too big by nobody knows how much": (
        "NVG305",
        lambda: too_big(0),
        [
            (
                (
                    "NVGRE from 192.168.50.1 to 192.168.50.2 does not fit the path: 4 packets "
                    "refused as too big by 192.168.50.2, 192.168.50.254."
                ),
                (
                    "(ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && "
                    "icmp.type == 3 && icmp.code == 4) || (ip.src#1 == 192.168.50.254 && "
                    "ip.dst#1 == 192.168.50.1 && ip.proto#1 == 1 && icmp.type == 3 && icmp.code "
                    "== 4)"
                ),
                4,
                MTU,
                None,
            ),
        ],
    ),
    "fragments": (
        "NVG305",
        lambda: judged(lambda tape: tape.send(A, B, CURRENT, fragment=0x2000)),
        [
            (
                "NVGRE from 192.168.50.1 to 192.168.50.2 is fragmented: 1 outer fragment.",
                (
                    "ip.src#1 == 192.168.50.1 && ip.dst#1 == 192.168.50.2 && ip.proto#1 == 47 && "
                    "(ip.flags.mf#1 == 1 || ip.frag_offset#1 > 0)"
                ),
                1,
                MTU,
                None,
            ),
        ],
    ),
    "fragments over ipv6": (
        "NVG305",
        lambda: judged(
            lambda tape: tape.send(A6, B6, CURRENT, extensions=[(44, b"\0\1" + bytes(4))])
        ),
        [
            (
                "NVGRE from fd00:50::1 to fd00:50::2 is fragmented: 1 outer fragment.",
                ("ipv6.src#1 == fd00:50::1 && ipv6.dst#1 == fd00:50::2 && ipv6.fraghdr.nxt == 47"),
                1,
                MTU,
                None,
            ),
        ],
    ),
    "moved machine": (
        "NVG307",
        lambda: situation(host(A), host(B), refusals=(refusal(A, B, CURRENT, kind=(5, 10)),)),
        [
            (
                (
                    "192.168.50.2 tells 192.168.50.1 that a virtual machine moved: 1 REDIRECT "
                    "message; key 0x1e848105."
                ),
                (
                    "ip.src#1 == 192.168.50.2 && ip.dst#1 == 192.168.50.1 && ip.proto#1 == 47 && "
                    "icmp.type == 5 && icmp.code == 10 && ip.src#2 == 192.168.50.2"
                ),
                1,
                (f"Find the host that has the provider address 192.168.50.1 {OWNER}, and {POLICY}"),
                LOOKUP,
            ),
        ],
    ),
    "ids that nothing makes equal": (
        "NVG308",
        lambda: contradiction(CURRENT_5001, 0x00891300),
        [
            (
                (
                    "VM pair 00:15:5d:0a:00:01 / :02, in one customer subnet, has keys that no "
                    "layouts make one id: 0x00138900 (TNI 1280256, or VSID 5001 with FlowID 0), "
                    "0x00891300 (TNI 8983296, or VSID 35091 with FlowID 0). Their bytes are the "
                    "same, in another order. One of them is wrong, or the pair is routed, cloned "
                    "or renumbered. Nothing is concluded from it."
                ),
                (
                    f"((ip.src#1 == 192.168.50.1{NVGRE}) || (ip.src#1 == 192.168.50.2{NVGRE})) && "
                    f"(({shows_vms(2, 1)}) || ({shows_vms(1, 2)}))"
                ),
                7,
                "Compare the VSIDs of these two virtual machines on both hosts.",
                LOOKUP,
            ),
        ],
    ),
    "three ids of one host": (
        "NVG308",
        lambda: contradiction(0x12345600, 0x22345600, 0x32345600, hosts=(A,)),
        [
            (
                (
                    "VM pair 00:15:5d:0a:00:01 / :02, in one customer subnet, has keys that no "
                    "layouts make one id: 0x12345600 (TNI 3429888 with top octet 0x12, or VSID "
                    "1193046 with FlowID 0), 0x22345600 (TNI 3429888 with top octet 0x22, or "
                    "VSID 2241622 with FlowID 0), 0x32345600 (TNI 3429888 with top octet 0x32, "
                    "or VSID 3290198 with FlowID 0). One of them is wrong, or the pair is "
                    "routed, cloned or renumbered. Nothing is concluded from it."
                ),
                (
                    f"(ip.src#1 == 192.168.50.1{NVGRE}) && "
                    f"(({shows_vms(2, 1)}) || ({shows_vms(1, 2)}))"
                ),
                11,
                "Compare the VSIDs of these two virtual machines on both hosts.",
                LOOKUP,
            ),
        ],
    ),
    "ids of a plain tunnel": (
        "NVG308",
        lambda: contradiction(0x12345600, 0x22345600, sender=Sender.UNCLEAR),
        [
            (
                (
                    "VM pair 00:15:5d:0a:00:01 / :02, in one customer subnet, has keys that no "
                    "layouts make one id: 0x12345600 (TNI 3429888 with top octet 0x12, or VSID "
                    "1193046 with FlowID 0), 0x22345600 (TNI 3429888 with top octet 0x22, or "
                    "VSID 2241622 with FlowID 0). One of them is wrong, or the pair is routed, "
                    "cloned or renumbered. Nothing is concluded from it."
                ),
                (
                    f"((ip.src#1 == 192.168.50.1{NVGRE}) || (ip.src#1 == 192.168.50.2{NVGRE})) && "
                    f"(({shows_vms(2, 1)}) || ({shows_vms(1, 2)}))"
                ),
                7,
                "Compare the VSIDs of these two virtual machines on both hosts.",
                None,
            ),
        ],
    ),
    "reserved keys": (
        "NVG401",
        lambda: unknown(A, *(stream(A, B, key) for key in (1, 2, 3))),
        [
            (
                (
                    "192.168.50.1 sends keys that are valid under neither layout: key 0x00000001 "
                    "(TNI 1 [reserved], or VSID 0 [reserved] with FlowID 1), 0x00000002 (TNI 2 "
                    "[reserved], or VSID 0 [reserved] with FlowID 2) and 1 more. This is "
                    "probably not NVGRE."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE} && gre.key#1 < 0x00001000",
                12,
                "Find out what 192.168.50.1 is; a VSID of Hyper-V is 4096 or more.",
                None,
            ),
        ],
    ),
    "reserved vsid": (
        "NVG401",
        reserved_vsid,
        [
            (
                (
                    "192.168.50.1 speaks RFC 7637 with VSIDs that are reserved: key 0x0004d211 "
                    "(TNI 315921, or VSID 1234 [reserved] with FlowID 17), 0x0004d25c (TNI "
                    "315996, or VSID 1234 [reserved] with FlowID 92). Hyper-V uses 4096 and more."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE} && gre.key#1 < 0x00100000",
                4,
                "Find out what 192.168.50.1 is; a VSID of Hyper-V is 4096 or more.",
                None,
            ),
        ],
    ),
    "gre flags": (
        "NVG402",
        lambda: judged(flags),
        [
            (
                (
                    "fd00:50::1 sends 5 packets whose GRE flags are 0x2010, 0x2020, 0x2040, "
                    "0x2080 and 1 more instead of 0x2000."
                ),
                f"ipv6.src#1 == fd00:50::1{NVGRE6} && gre.flags_and_version#1 != 0x2000",
                5,
                "Find out what the sender is; turn GRE checksums and sequence numbers off.",
                None,
            ),
        ],
    ),
    "inner tag": (
        "NVG403",
        lambda: judged(inner_tag),
        [
            (
                "192.168.50.1 sends 1 frame with an 802.1Q tag inside NVGRE.",
                (
                    f"ip.src#1 == 192.168.50.1{NVGRE} && frame.protocols matches "
                    '"gre:eth:ethertype:(vlan|ieee8021ad)"'
                ),
                1,
                (
                    f"Find the host that has the provider address 192.168.50.1 {OWNER}, and "
                    "remove the VLAN id from its virtual machine's adapter."
                ),
                "Get-VMNetworkAdapterVlan",
            ),
        ],
    ),
    "unlisted ids": (
        "NVG404",
        unlisted,
        [
            (
                (
                    f"192.168.50.1 uses ids that are not in the inventory: {CURRENT_KEY}, "
                    "0x1e848205 (TNI 8684037 with top octet 0x1e, or VSID 2000002 with FlowID "
                    "5), 0x1e848305 (TNI 8684293 with top octet 0x1e, or VSID 2000003 with "
                    "FlowID 5) and 1 more."
                ),
                (
                    f"ip.src#1 == 192.168.50.1{NVGRE} && gre.key#1 in {{0x1e848100 .. 0x1e8481ff, "
                    "0x1e848200 .. 0x1e8482ff, 0x1e848300 .. 0x1e8483ff, 0x1e848400 .. "
                    "0x1e8484ff}"
                ),
                16,
                "Export the inventory again, and look who configured this id.",
                LOOKUP,
            ),
        ],
    ),
    "one stray": (
        "NVG405",
        lambda: strays(OLD_5001),
        [
            (
                (
                    "1 frame of 192.168.50.1 contradicts everything else that it sent: "
                    f"{KEY_5001} in frame 7, as draft-00 would write it. Not used for any verdict."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE} && gre.key#1 in {{0x00001389}}",
                1,
                (
                    "Look at the frame: wrong checksums, another MAC address or another TTL than "
                    "in the others mean that it was damaged on the way, or that somebody else "
                    "sent it."
                ),
                None,
            ),
        ],
    ),
    "two strays": (
        "NVG405",
        lambda: strays(OLD_5001, OLD_5001 + 1),
        [
            (
                (
                    "2 frames of 192.168.50.1 contradict everything else that it sent: "
                    f"{KEY_5001} in frame 7, as draft-00 would write it, key 0x0000138a (TNI "
                    "5002, or VSID 19 [reserved] with FlowID 138) in frame 8, as draft-00 would "
                    "write it. Not used for any verdict."
                ),
                f"ip.src#1 == 192.168.50.1{NVGRE} && gre.key#1 in {{0x00001389, 0x0000138a}}",
                2,
                (
                    "Look at the frame: wrong checksums, another MAC address or another TTL than "
                    "in the others mean that it was damaged on the way, or that somebody else "
                    "sent it."
                ),
                None,
            ),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_finding_reads_word_for_word(name: str) -> None:
    code, judge, texts = CASES[name]
    assert [
        (f.message, f.display_filter, f.frame_count, f.next_step, f.check)
        for f in findings_of(judge(), code)
    ] == texts


@pytest.mark.parametrize("name", CASES)
def test_nobody_is_told_to_log_on_to_an_address_nor_to_install_what_is_not_certain(
    name: str,
) -> None:
    code, judge, _ = CASES[name]
    for finding in findings_of(judge(), code):
        for address in (A, B, A6, B6):
            assert f"-ComputerName {address}" not in f"{finding.next_step} {finding.check}"
        if finding.confidence != "proven":
            assert "nstall KB" not in finding.next_step


def test_every_code_has_a_case() -> None:
    from nvgre_doctor.rules.registry import RULES

    assert {rule.code for rule in RULES} == {code for code, _, _ in CASES.values()}
