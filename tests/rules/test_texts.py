"""What a person reads of every finding, word for word: its message, its display filter and its next
step.
"""

from collections.abc import Callable

import pytest

from nvgre_doctor.capture.batch import Problem
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.left_out import leave_out
from nvgre_doctor.known.expectations import parse_expected, parse_hosts
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.rules.base import Situation
from tests import build
from tests.worlds import (
    A6,
    B6,
    UDP,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    Tape,
    Vm,
    findings_of,
    judge_tapes,
    known_vsids,
    vm,
)

OLD, CURRENT = 0x001E8481, 0x1E848105
PLAIN1, PLAIN2 = Vm("00:50:56:aa:00:01", "10.9.9.1"), Vm("00:50:56:aa:00:02", "10.9.9.2")
ROUTER = "192.168.50.254"

NVGRE = " && gre.proto == 0x6558 && gre.key"
FROM_A, FROM_B = f"ip.src == 192.168.50.1{NVGRE}", f"ip.src == 192.168.50.2{NVGRE}"
OLD_B = "key 0x00001389 is TNI 5001; as a VSID it would be 19, which is reserved"
CURRENT_KEY = "key 0x1e848105 (TNI 8683781 with top octet 0x1e, or VSID 2000001 with FlowID 5)"
KEY_5001 = "key 0x00001389 (TNI 5001, or VSID 19 [reserved] with FlowID 137)"
KEY_5001_SHIFTED = "key 0x00138900 (TNI 1280256, or VSID 5001 with FlowID 0)"
HOTFIX = "Check: Get-HotFix -Id KB2779768 -ComputerName"
UPDATE_A = f"Install KB2779768 on 192.168.50.1 and restart it. {HOTFIX} 192.168.50.1"
UPDATE_B = f"Install KB2779768 on 192.168.50.2 and restart it. {HOTFIX} 192.168.50.2"
UPDATE_B6 = f"Install KB2779768 on fd00:50::2 and restart it. {HOTFIX} fd00:50::2"
POLICY = "Get-NetVirtualizationLookupRecord; Get-NetVirtualizationProviderAddress"
MTU = (
    "Raise the MTU of the physical network by at least 42 bytes (IPv6: 62), or lower that of the"
    " virtual machines."
)
WHERE = (
    'Capture on the physical adapter that holds the provider address, with no filter or with "ip'
    ' proto 47 or icmp".'
)


def situation(record: Callable[[Tape], object], *vsids: int, snaplen: int = 0) -> Situation:
    tape = Tape(snaplen=snaplen)
    record(tape)
    return judge_tapes(tape, inventory=known_vsids(*vsids))


def expecting(known: Situation, address: str, layout: str) -> Situation:
    return known._replace(expected=parse_expected({address: layout}))


def mismatch(tape: Tape) -> None:
    tape.ping(A, B, 0x00138900, 0x00001389)


def mismatch6(tape: Tape) -> None:
    tape.ping(A6, B6, 0x00138900, 0x00001389)


def likely(tape: Tape) -> None:
    tape.send(A, B, OLD)
    tape.send(A, B, OLD, VM3, VM4)


def updated(tape: Tape) -> None:
    tape.send(A, B, OLD)
    tape.send(A, B, CURRENT)


def both(tape: Tape) -> None:
    for _ in range(2):
        tape.send(A, B, 0x00001389)
        tape.send(A, B, CURRENT, VM3, VM4)


def contradiction(tape: Tape) -> None:
    tape.send(A, B, 0x00138905)
    tape.send(B, A, 0x00001389, VM2, VM1)
    tape.send(B, A, 0x13890500, VM2, VM1)


def six_unanswered(tape: Tape) -> None:
    tape.ping(A, B, CURRENT, CURRENT, VM3, VM4)
    for number in range(10, 16):
        tape.send(A, B, CURRENT, vm(number), VM2)


def refused(answer: int, *gre_keys: int) -> Callable[[Tape], object]:
    def record(tape: Tape) -> None:
        tape.ping(A, B, CURRENT, answer)
        for gre_key in gre_keys:
            tape.error(B, A, tape.send(A, B, gre_key)[:28])

    return record


def refused6(tape: Tape) -> None:
    tape.ping(A6, B6, CURRENT, OLD)
    tape.error(B6, A6, tape.send(A6, B6, CURRENT)[:48], (1, 1))


def refused_by_many(tape: Tape) -> None:
    tape.ping(A, B, CURRENT, CURRENT)
    packet = tape.send(A, B, CURRENT)
    for by in (B, "192.168.50.250", "192.168.50.251", "192.168.50.252", "192.168.50.253"):
        tape.error(by, A, packet[:28])


def refused_without_key(tape: Tape) -> None:
    packet = tape.send(A, B, OLD)
    tape.unreachable(B, A, 0xFFFFFF00, packet[:20])


def refused_plain(tape: Tape) -> None:
    tape.error(B, A, tape.send(A, B, 5001, PLAIN1, PLAIN2)[:28])


def errors(*kinds: tuple[int, int]) -> Callable[[Tape], object]:
    def record(tape: Tape) -> None:
        packet = tape.send(A, B, CURRENT)
        for kind in kinds:
            tape.error(ROUTER, A, packet[:28], kind)

    return record


def error6(tape: Tape) -> None:
    tape.error(B6, A6, tape.send(A6, B6, CURRENT)[:48], (3, 0))


def too_big(*mtus: int) -> Callable[[Tape], object]:
    def record(tape: Tape) -> None:
        packet = tape.send(A, B, CURRENT)
        for mtu in mtus:
            tape.error(ROUTER, A, packet[:28], (3, 4), rest=mtu)
        tape.error(B, A, packet[:28], (3, 4))

    return record


def moved(tape: Tape) -> None:
    tape.unreachable(B, A, 0xFFFFFF00, tape.send(A, B, CURRENT), (5, 10))


def sent(*gre_keys: int) -> Callable[[Tape], object]:
    return lambda tape: [tape.send(A, B, gre_key) for gre_key in gre_keys]


def flags(tape: Tape) -> None:
    for flag in (0x2010, 0x2020, 0x2040, 0x2080, 0x2100):
        tape.send(A6, B6, CURRENT, flags=flag)


def vxlan(tape: Tape) -> None:
    tape.put(build.ipv4(A, B, UDP, build.udp(A, B, 1000, 4789, bytes(60))))


def cut_capture() -> Situation:
    tape = Tape()
    tape.web()
    return judge_tapes(tape, problems=(Problem("cut-record", 230, "one.pcap ends at byte 230."),))


def not_nvgre() -> Situation:
    known = situation(sent(CURRENT))
    evidence = leave_out(known.evidence, parse_hosts([A]))
    return known._replace(evidence=evidence, diagnosis=infer(evidence, Inventory()))


Text = tuple[str, str, str]
CASES: dict[str, tuple[str, Callable[[], Situation], list[Text]]] = {
    "cut capture": (
        "NVG101",
        cut_capture,
        [
            (
                "one.pcap ends at byte 230. 1 frame was read.",
                "",
                "Capture again, or convert the file as the message says, and run this again.",
            )
        ],
    ),
    "short frames": (
        "NVG102",
        lambda: situation(sent(CURRENT), snaplen=40),
        [
            (
                "1 GRE frame is cut before the key (of 1 frame): the snap length is too small.",
                "ip.proto == 47 || ipv6.nxt == 47",
                (
                    "Capture again with a snap length of 128 bytes or more, for example tcpdump -s"
                    " 128."
                ),
            )
        ],
    ),
    "no nvgre but vxlan": (
        "NVG103",
        lambda: situation(vxlan),
        [
            (
                (
                    "No NVGRE in 1 frame. What is there instead: 1 x VXLAN (UDP 4789), the default"
                    " encapsulation since Windows Server 2016."
                ),
                "udp.port == 4789",
                WHERE,
            )
        ],
    ),
    "no nvgre but tcp": (
        "NVG103",
        lambda: situation(Tape.web),
        [
            (
                "No NVGRE in 1 frame. What is there instead: 1 x IP traffic that is not GRE.",
                "",
                WHERE,
            )
        ],
    ),
    "no nvgre but a host that is left out": (
        "NVG103",
        not_nvgre,
        [
            (
                (
                    "No NVGRE in 1 frame. What is there instead: 1 x GRE of hosts that you named as"
                    " not NVGRE."
                ),
                "",
                "If one of these hosts is a Hyper-V host, correct not-nvgre in the configuration.",
            )
        ],
    ),
    "old host": (
        "NVG201",
        lambda: situation(mismatch),
        [(f"192.168.50.2 uses the old NVGRE layout (draft-00): {OLD_B}.", FROM_B, UPDATE_B)],
    ),
    "old host over ipv6": (
        "NVG201",
        lambda: situation(mismatch6),
        [
            (
                f"fd00:50::2 uses the old NVGRE layout (draft-00): {OLD_B}.",
                f"ipv6.src == fd00:50::2{NVGRE}",
                UPDATE_B6,
            )
        ],
    ),
    "old host that may be plain gre": (
        "NVG201",
        lambda: situation(lambda tape: tape.send(A, B, 5001, PLAIN1, PLAIN2)),
        [
            (
                (
                    f"192.168.50.1 uses the old NVGRE layout (draft-00): {OLD_B}. Nothing else here"
                    " looks like Hyper-V: it may be a plain GRE tunnel (Open vSwitch, Linux)."
                ),
                FROM_A,
                f"Find out what 192.168.50.1 is. If it is a Hyper-V host: {HOTFIX} 192.168.50.1",
            )
        ],
    ),
    "host that is likely old": (
        "NVG201",
        lambda: situation(likely),
        [
            (
                (
                    "192.168.50.1 probably uses the old NVGRE layout (draft-00): every VM pair with"
                    " key 0x001e8481 has the same low octet; FlowIDs would differ from flow to"
                    " flow."
                ),
                FROM_A,
                UPDATE_A,
            )
        ],
    ),
    "changed host": (
        "NVG202",
        lambda: situation(updated),
        [
            (
                (
                    "192.168.50.1 changed from draft-00 to RFC 7637 during the capture: first in"
                    " frame 2."
                ),
                FROM_A,
                f"{HOTFIX} 192.168.50.1",
            )
        ],
    ),
    "both layouts": (
        "NVG203",
        lambda: situation(both),
        [
            (
                (
                    f"192.168.50.1 sends both layouts at the same time: {OLD_B}; and key 0x1e848105"
                    " is VSID 2000001; as a TNI its top octet would have to be 0, and it is 30."
                ),
                FROM_A,
                (
                    "Look for a second machine with the address 192.168.50.1, or for an update"
                    f" that is half installed. {HOTFIX} 192.168.50.1"
                ),
            )
        ],
    ),
    "either layout": (
        "NVG204",
        lambda: situation(sent(OLD)),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: key 0x001e8481 (TNI 2000001, or"
                    " VSID 7812 with FlowID 129) is valid under both layouts."
                ),
                FROM_A,
                (
                    "Give a VSID you know with --vsid or --inventory, or capture both directions of"
                    " one VM pair."
                ),
            ),
            (
                (
                    "The layout of 192.168.50.2 cannot be told: no NVGRE from it was read,"
                    " only 1 frame to it."
                ),
                FROM_B,
                "Capture on 192.168.50.2 itself, or where both directions pass.",
            ),
        ],
    ),
    "neither layout": (
        "NVG204",
        lambda: situation(lambda tape: tape.ping(A, B, 7, CURRENT)),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: key 0x00000007 (TNI 7"
                    " [reserved], or VSID 0 [reserved] with FlowID 7) is reserved under both"
                    " layouts."
                ),
                FROM_A,
                "Find out what 192.168.50.1 is: this may be a plain GRE tunnel.",
            )
        ],
    ),
    "evidence against itself": (
        "NVG204",
        lambda: situation(contradiction),
        [
            (
                "The layout of 192.168.50.1 cannot be told: the evidence contradicts itself.",
                FROM_A,
                "Look at the frames, and capture again on one adapter only.",
            )
        ],
    ),
    "inventory against the packets": (
        "NVG204",
        lambda: situation(lambda tape: tape.ping(A, B, 0x00001389, CURRENT), 0x13),
        [
            (
                (
                    "The layout of 192.168.50.1 cannot be told: the inventory contradicts what the"
                    " packets prove."
                ),
                FROM_A,
                "Check the inventory: is it of this fabric, and of this time?",
            )
        ],
    ),
    "current where old is expected": (
        "NVG205",
        lambda: expecting(situation(mismatch), A, "draft-00"),
        [
            (
                "192.168.50.1 uses RFC 7637, and draft-00 is expected of it.",
                FROM_A,
                (
                    "If 192.168.50.1 was updated on purpose, correct expect in the configuration."
                    f" {HOTFIX} 192.168.50.1"
                ),
            )
        ],
    ),
    "old where current is expected": (
        "NVG205",
        lambda: expecting(situation(mismatch), B, "rfc7637"),
        [("192.168.50.2 uses draft-00, and RFC 7637 is expected of it.", FROM_B, UPDATE_B)],
    ),
    "likely old where current is expected": (
        "NVG205",
        lambda: expecting(situation(likely), A, "rfc7637"),
        [
            (
                "192.168.50.1 probably uses draft-00, and RFC 7637 is expected of it.",
                FROM_A,
                UPDATE_A,
            )
        ],
    ),
    "mismatch": (
        "NVG301",
        lambda: situation(mismatch),
        [
            (
                (
                    "192.168.50.2 (draft-00) and 192.168.50.1 (RFC 7637) cannot talk: they use"
                    f" different layouts. 192.168.50.2 sends {KEY_5001}. 192.168.50.1 sends"
                    f" {KEY_5001_SHIFTED}."
                ),
                f"ip.addr == 192.168.50.1 && ip.addr == 192.168.50.2{NVGRE}",
                UPDATE_B,
            )
        ],
    ),
    "mismatch over ipv6": (
        "NVG301",
        lambda: situation(mismatch6),
        [
            (
                (
                    "fd00:50::2 (draft-00) and fd00:50::1 (RFC 7637) cannot talk: they use"
                    f" different layouts. fd00:50::2 sends {KEY_5001}. fd00:50::1 sends"
                    f" {KEY_5001_SHIFTED}."
                ),
                f"ipv6.addr == fd00:50::1 && ipv6.addr == fd00:50::2{NVGRE}",
                UPDATE_B6,
            )
        ],
    ),
    "one way": (
        "NVG306",
        lambda: situation(six_unanswered),
        [
            (
                (
                    "6 VM pairs between 192.168.50.1 and 192.168.50.2 heard in one direction only:"
                    " 00:15:5d:0a:00:0a / :02, 00:15:5d:0a:00:0b / :02, 00:15:5d:0a:00:0c / :02 and"
                    " 3 more."
                ),
                f"ip.addr == 192.168.50.1 && ip.addr == 192.168.50.2{NVGRE}",
                f"Check on 192.168.50.2: {POLICY}",
            )
        ],
    ),
    "refused by layout": (
        "NVG302",
        lambda: situation(refused(OLD, CURRENT)),
        [
            (
                (
                    "192.168.50.2 does not accept what 192.168.50.1 sends: 1 ICMP 3/10 message,"
                    f" because the sender uses RFC 7637 and the receiver draft-00; {CURRENT_KEY}."
                ),
                "ip.src == 192.168.50.2 && icmp.type == 3 && icmp.code == 10",
                UPDATE_B,
            )
        ],
    ),
    "several keys refused by layout": (
        "NVG302",
        lambda: situation(refused(OLD, CURRENT, CURRENT + 1, CURRENT + 2)),
        [
            (
                (
                    "192.168.50.2 does not accept what 192.168.50.1 sends: 3 ICMP 3/10 messages,"
                    f" because the sender uses RFC 7637 and the receiver draft-00; {CURRENT_KEY},"
                    " 0x1e848106 (TNI 8683782 with top octet 0x1e, or VSID 2000001 with FlowID"
                    " 6) and 1 more."
                ),
                "ip.src == 192.168.50.2 && icmp.type == 3 && icmp.code == 10",
                UPDATE_B,
            )
        ],
    ),
    "refused by layout over ipv6": (
        "NVG302",
        lambda: situation(refused6),
        [
            (
                (
                    "fd00:50::2 does not accept what fd00:50::1 sends: 1 ICMPv6 1/1 message,"
                    f" because the sender uses RFC 7637 and the receiver draft-00; {CURRENT_KEY}."
                ),
                "ipv6.src == fd00:50::2 && icmpv6.type == 1 && icmpv6.code == 1",
                UPDATE_B6,
            )
        ],
    ),
    "refused by many": (
        "NVG303",
        lambda: situation(refused_by_many),
        [
            (
                (
                    "192.168.50.2, 192.168.50.250, 192.168.50.251, 192.168.50.252 and 1 more"
                    " refuse what 192.168.50.1 sends to 192.168.50.2: 5 ICMP 3/10 messages;"
                    f" {CURRENT_KEY}. The layouts agree: the policy is missing, the virtual machine"
                    " moved, or a firewall refuses."
                ),
                (
                    "(ip.src == 192.168.50.2 && icmp.type == 3 && icmp.code == 10)"
                    " || (ip.src == 192.168.50.250 && icmp.type == 3 && icmp.code == 10)"
                    " || (ip.src == 192.168.50.251 && icmp.type == 3 && icmp.code == 10)"
                    " || (ip.src == 192.168.50.252 && icmp.type == 3 && icmp.code == 10)"
                    " || (ip.src == 192.168.50.253 && icmp.type == 3 && icmp.code == 10)"
                ),
                f"Check on 192.168.50.2: {POLICY}",
            )
        ],
    ),
    "refused without a key": (
        "NVG303",
        lambda: situation(refused_without_key),
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends to 192.168.50.2: 1 ICMP 3/10"
                    " message; the key is not in the quote. Whether the layouts differ is not"
                    " known."
                ),
                "ip.src == 192.168.50.2 && icmp.type == 3 && icmp.code == 10",
                f"Check on 192.168.50.2: {POLICY}",
            )
        ],
    ),
    "refused plain gre": (
        "NVG303",
        lambda: situation(refused_plain),
        [
            (
                (
                    "192.168.50.2 refuses what 192.168.50.1 sends to 192.168.50.2: 1 ICMP 3/10"
                    f" message; {KEY_5001}. Whether the layouts differ is not known. Nothing else"
                    " here looks like Hyper-V: it may be a plain GRE tunnel."
                ),
                "ip.src == 192.168.50.2 && icmp.type == 3 && icmp.code == 10",
                f"Check on 192.168.50.2: {POLICY}",
            )
        ],
    ),
    "other errors": (
        "NVG304",
        lambda: situation(errors((3, 0), (3, 0), (3, 14))),
        [
            (
                (
                    "What 192.168.50.1 sends to 192.168.50.2 comes back with an ICMP error: 2 x"
                    " ICMP 3/0 from 192.168.50.254 (network unreachable), 1 x ICMP 3/14 from"
                    f" 192.168.50.254; {CURRENT_KEY}."
                ),
                (
                    "(ip.src == 192.168.50.254 && icmp.type == 3 && icmp.code == 0)"
                    " || (ip.src == 192.168.50.254 && icmp.type == 3 && icmp.code == 14)"
                ),
                f"Look at the path for IP protocol 47. Check on 192.168.50.2: {POLICY}",
            )
        ],
    ),
    "another error over ipv6": (
        "NVG304",
        lambda: situation(error6),
        [
            (
                (
                    "What fd00:50::1 sends to fd00:50::2 comes back with an ICMP error: 1 x ICMPv6"
                    " 3/0 from fd00:50::2 (hop limit exceeded: a routing loop, or a hop limit that"
                    f" is too small); {CURRENT_KEY}."
                ),
                "ipv6.src == fd00:50::2 && icmpv6.type == 3 && icmpv6.code == 0",
                f"Look at the path for IP protocol 47. Check on fd00:50::2: {POLICY}",
            )
        ],
    ),
    "too big": (
        "NVG305",
        lambda: situation(too_big(1500, 1400)),
        [
            (
                (
                    "NVGRE from 192.168.50.1 to 192.168.50.2 does not fit the path: 3 packets"
                    " refused as too big by 192.168.50.2, 192.168.50.254. The path allows 1400,"
                    " 1500 bytes."
                ),
                (
                    "(ip.src == 192.168.50.2 && icmp.type == 3 && icmp.code == 4)"
                    " || (ip.src == 192.168.50.254 && icmp.type == 3 && icmp.code == 4)"
                ),
                MTU,
            )
        ],
    ),
    "too big by nobody knows how much": (
        "NVG305",
        lambda: situation(too_big()),
        [
            (
                (
                    "NVGRE from 192.168.50.1 to 192.168.50.2 does not fit the path: 1 packet"
                    " refused as too big by 192.168.50.2."
                ),
                "ip.src == 192.168.50.2 && icmp.type == 3 && icmp.code == 4",
                MTU,
            )
        ],
    ),
    "fragments": (
        "NVG305",
        lambda: situation(lambda tape: tape.send(A, B, CURRENT, fragment=0x2000)),
        [
            (
                "NVGRE from 192.168.50.1 to 192.168.50.2 is fragmented: 1 outer fragment.",
                "(ip.flags.mf == 1 || ip.frag_offset > 0) && ip.proto == 47",
                MTU,
            )
        ],
    ),
    "fragments over ipv6": (
        "NVG305",
        lambda: situation(
            lambda tape: tape.send(A6, B6, CURRENT, extensions=[(44, b"\0\1" + bytes(4))])
        ),
        [
            (
                "NVGRE from fd00:50::1 to fd00:50::2 is fragmented: 1 outer fragment.",
                "ipv6.fraghdr",
                MTU,
            )
        ],
    ),
    "moved machine": (
        "NVG307",
        lambda: situation(moved),
        [
            (
                (
                    "192.168.50.2 tells 192.168.50.1 that a virtual machine moved: 1 REDIRECT"
                    f" message; {CURRENT_KEY}."
                ),
                "ip.src == 192.168.50.2 && icmp.type == 5 && icmp.code == 10",
                f"Check on 192.168.50.1: {POLICY}",
            )
        ],
    ),
    "reserved keys": (
        "NVG401",
        lambda: situation(sent(1, 2, 3)),
        [
            (
                (
                    "192.168.50.1 sends keys that are valid under neither layout: key 0x00000001"
                    " (TNI 1 [reserved], or VSID 0 [reserved] with FlowID 1), 0x00000002 (TNI 2"
                    " [reserved], or VSID 0 [reserved] with FlowID 2) and 1 more. This is probably"
                    " not NVGRE."
                ),
                f"{FROM_A} && gre.key < 0x00001000",
                "Find out what 192.168.50.1 is; a VSID of Hyper-V is 4096 or more.",
            )
        ],
    ),
    "gre flags": (
        "NVG402",
        lambda: situation(flags),
        [
            (
                (
                    "fd00:50::1 sends 5 packets whose GRE flags are 0x2010, 0x2020, 0x2040, 0x2080"
                    " and 1 more instead of 0x2000."
                ),
                f"ipv6.src == fd00:50::1{NVGRE} && gre.flags_and_version != 0x2000",
                "Find out what the sender is; turn GRE checksums and sequence numbers off.",
            )
        ],
    ),
    "inner tag": (
        "NVG403",
        lambda: situation(lambda tape: tape.send(A, B, CURRENT, inner_tags=[(0x8100, 7)])),
        [
            (
                "192.168.50.1 sends 1 frame with an 802.1Q tag inside NVGRE.",
                f'{FROM_A} && frame.protocols matches "gre:eth:ethertype:(vlan|ieee8021ad)"',
                (
                    "On 192.168.50.1: Get-VMNetworkAdapterVlan, and remove the tag of the virtual"
                    " machine."
                ),
            )
        ],
    ),
    "unlisted ids": (
        "NVG404",
        lambda: situation(sent(0x1E848105, 0x1E848205, 0x1E848305, 0x1E848405), 5001),
        [
            (
                (
                    f"192.168.50.1 uses ids that are not in the inventory: {CURRENT_KEY},"
                    " 0x1e848205 (TNI 8684037 with top octet 0x1e, or VSID 2000002 with FlowID 5),"
                    " 0x1e848305 (TNI 8684293 with top octet 0x1e, or VSID 2000003 with FlowID"
                    " 5) and 1 more."
                ),
                FROM_A,
                f"Export the inventory again. Check on 192.168.50.1: {POLICY}",
            )
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_finding_reads_word_for_word(name: str) -> None:
    code, judge, texts = CASES[name]
    findings = findings_of(judge(), code)
    assert [
        (finding.message, finding.display_filter, finding.next_step) for finding in findings
    ] == texts
