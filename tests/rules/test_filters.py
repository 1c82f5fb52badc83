"""Every display filter works in Wireshark: it shows the frames that the finding names, and not the
unrelated ones.

Each case is a capture, the findings of one code in it, and for each of them all the frames that
tshark shows with its filter.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import build
from tests.sharkd import matches
from tests.worlds import (
    A6,
    B6,
    GRE,
    ICMPV6,
    TCP,
    UDP,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    C,
    D,
    Tape,
    findings_of,
    judge_tapes,
    known_vsids,
    vm,
)

OLD, CURRENT = 0x001E8481, 0x1E848105
ROUTER = "192.168.50.254"


def unrelated(tape: Tape) -> None:
    """Three frames that no filter may show: NVGRE of two other hosts, TCP of the same hosts, TCP of
    others.
    """
    tape.send(D, "192.168.50.9", 0x0F424000, vm(7), vm(8))
    tape.web(A, B)
    tape.web()


def short_frames() -> Tape:
    tape = Tape(snaplen=40)
    tape.send(A, B, CURRENT)
    tape.send(A6, B6, CURRENT)
    tape.web()
    return tape


def cut_control() -> Tape:
    tape = Tape(snaplen=60)
    packet = tape.send(A, B, CURRENT)
    tape.unreachable(B, A, 0xFFFFFF00, packet)
    tape.unreachable(B, A, 0x00FFFFFF, packet)
    tape.snaplen = 120
    tape.unreachable(B, A, 0xFFFFFF00, packet)
    tape.send(A, B, 0xFFFFFF00, inner=build.ipv4(A, B, UDP, build.udp(A, B, 9, 9, bytes(90))))
    return tape


def vxlan() -> Tape:
    tape = Tape()
    tape.web()
    tape.put(
        build.ipv4(
            A, B, UDP, build.udp(A, B, 1000, 4789, bytes.fromhex("0800000000138900") + bytes(60))
        )
    )
    return tape


def mismatch() -> Tape:
    tape = Tape()
    unrelated(tape)
    tape.ping(A, B, CURRENT, OLD)
    tape.send(B, A, OLD, VM2, VM1)
    return tape


def mismatch_over_ipv6() -> Tape:
    tape = Tape()
    unrelated(tape)
    tape.ping(A6, B6, CURRENT, OLD)
    return tape


def updated() -> Tape:
    tape = Tape()
    unrelated(tape)
    for _ in range(2):
        tape.send(A, B, OLD)
    tape.wait(60)
    for _ in range(2):
        tape.send(A, B, CURRENT)
    return tape


def went_back() -> Tape:
    tape = Tape()
    unrelated(tape)
    for _ in range(2):
        tape.send(A, B, 0x12345600)
    tape.wait(60)
    for _ in range(2):
        tape.send(A, B, 0x00001389)
    return tape


def both() -> Tape:
    tape = Tape()
    unrelated(tape)
    for _ in range(10):
        tape.send(A, B, 0x00001389)
        tape.send(A, B, 0x12345600, VM3, VM4)
    return tape


def own_messages() -> Tape:
    """What hosts send themselves is no data: an UNREACHABLE inside NVGRE and beside it, control
    traffic, and an error that quotes the data.
    """
    tape = mismatch()
    packet = tape.send(B, A, OLD, VM2, VM1)
    tape.unreachable(B, A, OLD, tape.send(A, B, CURRENT))
    tape.unreachable(A, B, 0xFFFFFF00, packet)
    tape.error(B, A, packet[:28])
    tape.send(B, A, 0x00FFFFFF, VM2, VM1)
    tape.send(A, B, 0xFFFFFF17, VM1, VM2)
    return tape


def contradiction() -> Tape:
    tape = Tape()
    unrelated(tape)
    for _ in range(3):
        tape.send(A, B, 0x00138900)
        tape.send(B, A, 0x00891300, VM2, VM1)
        tape.send(A, B, 0x00138900, VM3, VM4)
    return tape


def stray() -> Tape:
    tape = Tape()
    unrelated(tape)
    for number in range(12):
        tape.ping(A, B, 0x12345600, 0x12345600)
        if number == 5:
            tape.send(A, B, 0x00001389)
    return tape


def many_refusals() -> Tape:
    """Of two flows by one router, of the same flow by its receiver, and of other traffic."""
    tape = Tape()
    unrelated(tape)
    tape.ping(A, B, CURRENT, CURRENT)
    tape.ping(A, C, CURRENT, CURRENT, VM1, VM3)
    for host in (B, C):
        packet = tape.send(A, host, CURRENT)
        tape.error(ROUTER, A, packet[:28])
        tape.unreachable(host, A, 0xFFFFFF00, packet)
    tape.error(ROUTER, A, build.ipv4(A, B, TCP, build.tcp(A, B, 1, 2)))
    tape.guest_refusal(B, A, CURRENT, VM2, VM1)
    return tape


def refused(outer: bool, answer: int = OLD) -> Tape:
    tape = Tape()
    unrelated(tape)
    tape.ping(A, B, CURRENT, answer)
    packet = tape.send(A, B, CURRENT)
    if outer:
        tape.error(B, A, packet[:28])
    else:
        tape.unreachable(B, A, 0xFFFFFF00, packet)
    tape.error(
        D, A, build.ipv4(A, D, TCP, build.tcp(A, D, 1, 2))
    )  # another host refuses something else
    return tape


def refused_over_ipv6(outer: bool) -> Tape:
    tape = Tape()
    unrelated(tape)
    tape.ping(A6, B6, CURRENT, OLD)
    packet = tape.send(A6, B6, CURRENT)
    if outer:
        tape.error(B6, A6, packet[:48], (1, 1))
    else:
        tape.unreachable(B6, A6, 0xFFFFFF00, packet, (1, 1))
    tape.put(build.ipv6(A6, B6, ICMPV6, build.echo6(A6, B6)))
    return tape


def no_gre() -> Tape:
    tape = Tape()
    unrelated(tape)
    packet = tape.send(A, B, CURRENT)
    tape.error(B, A, packet[:28], (3, 2))
    tape.error(ROUTER, A, packet[:28], (3, 13))
    tape.error(ROUTER, A, packet[:28], (11, 0))
    return tape


def too_big() -> Tape:
    tape = Tape()
    unrelated(tape)
    packet = tape.send(A, B, CURRENT)
    tape.error(ROUTER, A, packet[:28], (3, 4), rest=1500)
    return tape


def too_big_over_ipv6() -> Tape:
    tape = Tape()
    unrelated(tape)
    packet = tape.send(A6, B6, CURRENT)
    tape.error("fd00:50::ff", A6, packet[:48], (2, 0), rest=1280)
    return tape


def fragmented() -> Tape:
    tape = Tape()
    unrelated(tape)
    payload = build.gre(
        build.inner_frame(VM1.mac, VM2.mac, build.ipv4(VM1.ip, VM2.ip, UDP, bytes(200))), CURRENT
    )
    tape.put(build.ipv4(A, B, GRE, payload[:96], fragment=0x2000, ident=77))
    tape.put(build.ipv4(A, B, GRE, payload[96:], fragment=12, ident=77))
    tape.send(A, B, CURRENT)
    return tape


def fragmented_over_ipv6() -> Tape:
    tape = Tape()
    unrelated(tape)
    payload = build.gre(
        build.inner_frame(VM1.mac, VM2.mac, build.ipv4(VM1.ip, VM2.ip, UDP, bytes(200))), CURRENT
    )
    for offset, part in ((0x0001, payload[:96]), (96, payload[96:])):
        extension = (44, offset.to_bytes(2) + bytes([0, 0, 0, 77]))
        tape.put(build.ipv6(A6, B6, GRE, part, extensions=[extension]))
    tape.send(A6, B6, CURRENT)
    return tape


def one_way() -> Tape:
    tape = Tape()
    unrelated(tape)
    tape.ping(A, B, CURRENT, 0x1E848177, VM3, VM4)
    tape.send(A, B, CURRENT)
    return tape


def moved() -> Tape:
    tape = Tape()
    unrelated(tape)
    packet = tape.send(A, B, CURRENT)
    tape.unreachable(B, A, 0xFFFFFF00, packet, (5, 10), rest=0xC0A83203)
    return tape


def reserved() -> Tape:
    tape = Tape()
    unrelated(tape)
    tape.send(A, B, 0x00000007)
    tape.send(A, B, CURRENT)
    return tape


def flags() -> Tape:
    tape = Tape()
    unrelated(tape)
    tape.send(A, B, CURRENT)
    tape.send(A, B, CURRENT, flags=0x2100)
    return tape


def tagged(tags: build.Tags = ()) -> Tape:
    tape = Tape()
    tape.send(A, C, CURRENT, VM3, VM4, tags=tags)
    tape.send(A, B, CURRENT, inner_tags=[(0x8100, 7)], tags=tags)
    tape.send(A, B, CURRENT, inner_tags=[(0x88A8, 7)], tags=tags)
    return tape


def one_frame() -> Tape:
    tape = Tape()
    unrelated(tape)
    tape.send(A, B, OLD)
    return tape


CASES: dict[str, tuple[str, Callable[[], Tape], list[list[int]]]] = {
    "short frames": ("NVG102", short_frames, [[1, 2]]),
    "control traffic cut short": ("NVG102", cut_control, [[2, 3]]),
    "vxlan": ("NVG103", vxlan, [[2]]),
    "old host": ("NVG201", mismatch, [[5, 6]]),
    "old host over ipv6": ("NVG201", mismatch_over_ipv6, [[5]]),
    "old host among messages of its own": ("NVG201", own_messages, [[5, 6, 7]]),
    "host that went back": ("NVG201", went_back, [[6, 7]]),
    "changed host": ("NVG202", updated, [[5, 6]]),
    "both layouts": ("NVG203", both, [list(range(4, 24))]),
    "mismatch": ("NVG301", mismatch, [[4, 5, 6]]),
    "mismatch among messages of their own": ("NVG301", own_messages, [[4, 5, 6, 7, 8]]),
    "mismatch over ipv6": ("NVG301", mismatch_over_ipv6, [[4, 5]]),
    "refused inside": ("NVG302", lambda: refused(outer=False), [[7]]),
    "refused outside": ("NVG302", lambda: refused(outer=True), [[7]]),
    "refused inside over ipv6": ("NVG302", lambda: refused_over_ipv6(outer=False), [[7]]),
    "refused outside over ipv6": ("NVG302", lambda: refused_over_ipv6(outer=True), [[7]]),
    "refused by policy": ("NVG303", lambda: refused(outer=False, answer=0x1E848177), [[7]]),
    "refused by an end and on the way": ("NVG303", many_refusals, [[10], [9], [13], [12]]),
    "other errors": ("NVG304", no_gre, [[5], [6, 7]]),
    "too big": ("NVG305", too_big, [[5]]),
    "too big over ipv6": ("NVG305", too_big_over_ipv6, [[5]]),
    "fragments": ("NVG305", fragmented, [[4, 5]]),
    "fragments over ipv6": ("NVG305", fragmented_over_ipv6, [[4, 5]]),
    "one way": ("NVG306", one_way, [[6]]),
    "moved": ("NVG307", moved, [[5]]),
    "ids that nothing makes equal": ("NVG308", contradiction, [[4, 5, 7, 8, 10, 11]]),
    "reserved key": ("NVG401", reserved, [[4]]),
    "stray": ("NVG405", stray, [[16]]),
    "gre flags": ("NVG402", flags, [[5]]),
    "inner tags": ("NVG403", tagged, [[2, 3]]),
    "inner tags on a trunk": ("NVG403", lambda: tagged([(0x8100, 50)]), [[2, 3]]),
}


@pytest.mark.peer
@pytest.mark.parametrize("case", CASES)
def test_the_filter_shows_the_frames_of_the_finding_and_no_others(
    case: str, tmp_path: Path
) -> None:
    code, make, expected = CASES[case]
    tape = make()
    capture = tmp_path / "capture.pcap"
    capture.write_bytes(build.pcap(tape.frames, magic="nano"))
    findings = findings_of(judge_tapes(tape), code)
    assert [matches(capture, finding.display_filter) for finding in findings] == expected
    for finding, frames in zip(findings, expected, strict=True):
        assert {ref.frame for ref in finding.frames} <= set(frames)
        assert finding.frames or code == "NVG103"
        assert finding.frame_count == len(frames)


@pytest.mark.peer
def test_the_filter_of_a_host_that_is_unknown_shows_what_it_sent(tmp_path: Path) -> None:
    tape = one_frame()
    capture = tmp_path / "capture.pcap"
    capture.write_bytes(build.pcap(tape.frames))
    by_host = {f.subject.hosts[0]: f for f in findings_of(judge_tapes(tape), "NVG204")}
    assert matches(capture, by_host[A].display_filter) == [4]
    assert [ref.frame for ref in by_host[A].frames] == [4]
    assert by_host[B].display_filter == ""  # B only receives


@pytest.mark.peer
def test_the_filter_of_a_host_with_unlisted_vsids_shows_what_it_sent(tmp_path: Path) -> None:
    tape = one_frame()
    capture = tmp_path / "capture.pcap"
    capture.write_bytes(build.pcap(tape.frames))
    situation = judge_tapes(tape, inventory=known_vsids(1000000))
    (finding,) = findings_of(situation, "NVG404")
    assert matches(capture, finding.display_filter) == [4] == [ref.frame for ref in finding.frames]


def test_every_code_with_frames_has_a_case() -> None:
    # That of NVG205 is the one of NVG201: see test_expected.
    with_cases = {code for code, _, _ in CASES.values()} | {"NVG204", "NVG205", "NVG404"}
    from nvgre_doctor.rules.registry import RULES

    assert {rule.code for rule in RULES} - with_cases == {"NVG101", "NVG104", "NVG105"}
