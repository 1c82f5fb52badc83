"""NVG302 to NVG305 and NVG307: what ICMP says about NVGRE flows."""

import pytest

from nvgre_doctor.rules.finding import Finding, FrameRef, Subject
from nvgre_doctor.vocabulary import Severity
from tests import build
from tests.worlds import (
    A6,
    B6,
    GRE,
    ICMPV6,
    NOON,
    TCP,
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
)

MS = 1_000_000
CURRENT_KEY, OLD_KEY = 0x1E848105, 0x001E8481
ROUTER = "192.168.50.254"


def found(code: str, tape: Tape) -> list[Finding]:
    return findings_of(judge_tapes(tape), code)


def only(code: str, tape: Tape) -> Finding:
    (finding,) = found(code, tape)
    return finding


def at(*frames: int) -> tuple[FrameRef, ...]:
    return tuple(FrameRef(0, frame, NOON + (frame - 1) * MS) for frame in frames)


def refused(key_one: int, key_two: int, outer: bool = False) -> Tape:
    """A pings B, B pings A, and B refuses two more requests: frames 4 and 6."""
    tape = Tape()
    tape.ping(A, B, key_one, key_two)
    for _ in range(2):
        packet = tape.send(A, B, key_one)
        if outer:
            tape.error(B, A, packet[:28])
        else:
            tape.unreachable(B, A, 0xFFFFFF00, packet)
    return tape


# --- NVG302 ------------------------------------------------------------------


@pytest.mark.parametrize("outer", [False, True])
def test_a_refusal_between_two_layouts_is_an_error_because_of_them(outer: bool) -> None:
    finding = only("NVG302", refused(CURRENT_KEY, OLD_KEY, outer))
    assert finding.severity is Severity.ERROR
    assert finding.subject == Subject("flow", ("192.168.50.1", "192.168.50.2"))
    assert finding.message.startswith(
        "192.168.50.2 does not accept what 192.168.50.1 sends: 2 ICMP 3/10 messages, because the"
        " sender uses RFC 7637 and the receiver draft-00; key 0x1e848105 ("
    )
    assert "VSID 2000001 with FlowID 5" in finding.message
    assert finding.frames == at(4, 6)
    assert (
        finding.next_step
        == "Install KB2779768 on 192.168.50.2 and restart it. Check: Get-HotFix -Id KB2779768"
        " -ComputerName 192.168.50.2"
    )


def test_the_host_with_the_old_layout_is_the_one_to_update_when_it_is_the_sender() -> None:
    finding = only("NVG302", refused(OLD_KEY, CURRENT_KEY))
    assert "because the sender uses draft-00 and the receiver RFC 7637" in finding.message
    assert "Install KB2779768 on 192.168.50.1" in finding.next_step


def test_icmpv6_is_refused_because_of_the_layouts_too() -> None:
    tape = Tape()
    tape.ping(A6, B6, CURRENT_KEY, OLD_KEY)
    packet = tape.send(A6, B6, CURRENT_KEY)
    tape.unreachable(B6, A6, CURRENT_KEY, packet, (1, 1))
    finding = only("NVG302", tape)
    assert finding.subject == Subject("flow", ("fd00:50::1", "fd00:50::2"))
    assert "0x1e848105" in finding.message
    assert finding.frames == at(4)


def test_the_layouts_that_are_named_are_those_of_the_time_of_the_refusal() -> None:
    tape = refused(CURRENT_KEY, OLD_KEY)
    tape.send(B, A, OLD_KEY, VM2, VM1)
    tape.wait(300)
    tape.send(B, A, 0x1E848177, VM2, VM1)
    assert (
        "because the sender uses RFC 7637 and the receiver draft-00" in only("NVG302", tape).message
    )


def test_a_refusal_between_equal_layouts_is_no_nvg302() -> None:
    assert found("NVG302", refused(CURRENT_KEY, 0x1E848177)) == []


def test_a_refusal_between_layouts_that_are_not_known_is_no_nvg302() -> None:
    tape = Tape()
    packet = tape.send(A, B, OLD_KEY)
    tape.error(B, A, packet[:28])
    assert found("NVG302", tape) == []


def test_another_icmp_error_between_two_layouts_is_no_nvg302() -> None:
    tape = Tape()
    tape.ping(A, B, CURRENT_KEY, OLD_KEY)
    tape.error(B, A, Tape().send(A, B, CURRENT_KEY)[:28], (3, 13))
    assert found("NVG302", tape) == []


# --- NVG303 ------------------------------------------------------------------


def test_a_refusal_between_equal_layouts_is_an_error_of_the_policy() -> None:
    finding = only("NVG303", refused(CURRENT_KEY, 0x1E848177))
    assert finding.severity is Severity.ERROR
    assert finding.subject == Subject("flow", ("192.168.50.1", "192.168.50.2"))
    assert finding.message.startswith(
        "192.168.50.2 refuses what 192.168.50.1 sends to 192.168.50.2: 2 ICMP 3/10 messages; key"
        " 0x1e848105 ("
    )
    assert finding.message.endswith(
        "The layouts agree: the policy is missing, the virtual machine moved, or a firewall"
        " refuses."
    )
    assert finding.frames == at(4, 6)
    assert (
        finding.next_step == "Check on 192.168.50.2: Get-NetVirtualizationLookupRecord;"
        " Get-NetVirtualizationProviderAddress"
    )


def test_a_refusal_between_layouts_that_are_not_known_says_that() -> None:
    tape = Tape()
    packet = tape.send(A, B, OLD_KEY)
    tape.error(B, A, packet[:28])
    finding = only("NVG303", tape)
    assert finding.severity is Severity.ERROR
    assert finding.message.endswith("Whether the layouts differ is not known.")
    assert finding.frames == at(2)


def test_a_refusal_whose_quote_is_cut_says_so() -> None:
    tape = Tape()
    packet = tape.send(A, B, OLD_KEY)
    tape.unreachable(B, A, 0xFFFFFF00, packet[:20])
    assert "the key is not in the quote" in only("NVG303", tape).message


def test_a_plain_gre_tunnel_that_is_refused_is_only_a_warning() -> None:
    one, two = Vm("00:50:56:aa:00:01", "10.9.9.1"), Vm("00:50:56:aa:00:02", "10.9.9.2")
    tape = Tape()
    packet = tape.send(A, B, 5001, one, two)
    tape.error(B, A, packet[:28])
    finding = only("NVG303", tape)
    assert finding.severity is Severity.WARNING
    assert "it may be a plain GRE tunnel" in finding.message


def test_a_guests_own_refusal_is_not_reported() -> None:
    tape = Tape()
    tape.ping(A, B, CURRENT_KEY, 0x1E848177)
    tape.guest_refusal(B, A, 0x1E848177, VM2, VM1)
    assert found("NVG303", tape) == found("NVG302", tape) == []


def test_a_refusal_of_underlay_tcp_is_not_reported() -> None:
    tape = Tape()
    tape.ping(A, B, CURRENT_KEY, 0x1E848177)
    tape.error(B, A, build.ipv4(A, B, TCP, build.tcp(A, B, 40000, 445)))
    assert found("NVG303", tape) == found("NVG302", tape) == []


def test_a_refusal_because_of_the_layouts_is_not_reported_twice() -> None:
    assert found("NVG303", refused(CURRENT_KEY, OLD_KEY)) == []


# --- NVG304 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (
            (3, 2),
            (
                "ICMP 3/2 from 192.168.50.254 (protocol unreachable: there is no GRE at all on the"
                " receiver)"
            ),
        ),
        (
            (3, 3),
            (
                "ICMP 3/3 from 192.168.50.254 (port unreachable: the receiver has GRE, but no"
                " tunnel with this key)"
            ),
        ),
        (
            (3, 9),
            (
                "ICMP 3/9 from 192.168.50.254 (network administratively prohibited: a filter on the"
                " way)"
            ),
        ),
        (
            (3, 13),
            (
                "ICMP 3/13 from 192.168.50.254 (communication administratively prohibited: a filter"
                " on the way)"
            ),
        ),
        ((3, 1), "ICMP 3/1 from 192.168.50.254 (host unreachable)"),
        (
            (11, 0),
            (
                "ICMP 11/0 from 192.168.50.254 (time to live exceeded: a routing loop, or a TTL"
                " that is too small)"
            ),
        ),
        ((3, 0), "ICMP 3/0 from 192.168.50.254 (network unreachable)"),
        ((3, 14), "ICMP 3/14 from 192.168.50.254;"),
        ((12, 0), "ICMP 12/0 from 192.168.50.254;"),
    ],
)
def test_other_icmp_errors_about_nvgre_are_named(kind: tuple[int, int], words: str) -> None:
    tape = Tape()
    packet = tape.send(A, B, CURRENT_KEY)
    tape.error(ROUTER, A, packet[:28], kind)
    finding = only("NVG304", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("flow", ("192.168.50.1", "192.168.50.2"))
    assert finding.message.startswith(
        f"What 192.168.50.1 sends to 192.168.50.2 comes back with an ICMP error: 1 x {words}"
    )
    assert "0x1e848105" in finding.message
    assert finding.frames == at(2)
    assert "Get-NetVirtualizationProviderAddress" in finding.next_step


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ((1, 0), "ICMPv6 1/0 from fd00:50::2 (no route to destination)"),
        ((1, 3), "ICMPv6 1/3 from fd00:50::2 (address unreachable)"),
        ((1, 4), "ICMPv6 1/4 from fd00:50::2 (port unreachable)"),
        (
            (3, 0),
            (
                "ICMPv6 3/0 from fd00:50::2 (hop limit exceeded: a routing loop, or a hop limit"
                " that is too small)"
            ),
        ),
        (
            (4, 1),
            (
                "ICMPv6 4/1 from fd00:50::2 (next header not recognized: there is no GRE at all on"
                " the receiver)"
            ),
        ),
        ((1, 5), "ICMPv6 1/5 from fd00:50::2 (source address failed policy)"),
    ],
)
def test_icmpv6_errors_are_named_as_such(kind: tuple[int, int], words: str) -> None:
    tape = Tape()
    packet = tape.send(A6, B6, CURRENT_KEY)
    tape.error(B6, A6, packet[:48], kind)
    assert f" comes back with an ICMP error: 1 x {words}; key " in only("NVG304", tape).message


@pytest.mark.parametrize("kind", [(3, 10), (3, 4), (5, 10)])
def test_what_has_a_finding_of_its_own_is_no_nvg304(kind: tuple[int, int]) -> None:
    tape = Tape()
    packet = tape.send(A, B, CURRENT_KEY)
    tape.error(B, A, packet[:28], kind)
    assert found("NVG304", tape) == []


def test_errors_about_other_traffic_are_no_nvg304() -> None:
    tape = Tape()
    tape.send(A, B, CURRENT_KEY)
    tape.error(ROUTER, A, build.ipv4(A, B, TCP, build.tcp(A, B, 40000, 445)), (3, 13))
    tape.error(ROUTER, A, build.ipv4(A, B, GRE, b"\x30\x81\x88\x0b" + bytes(12)), (3, 2))
    assert found("NVG304", tape) == []


# --- NVG305 ------------------------------------------------------------------


def test_too_big_for_the_path_says_by_how_much() -> None:
    tape = Tape()
    packet = tape.send(A, B, CURRENT_KEY)
    tape.error(ROUTER, A, packet[:28], (3, 4), rest=1500)
    tape.error(ROUTER, A, packet[:28], (3, 4), rest=1500)
    finding = only("NVG305", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("flow", ("192.168.50.1", "192.168.50.2"))
    assert (
        finding.message
        == "NVGRE from 192.168.50.1 to 192.168.50.2 does not fit the path: 2 packets refused as too"
        " big by 192.168.50.254. The path allows 1500 bytes."
    )
    assert finding.frames == at(2, 3)
    assert "42 bytes" in finding.next_step


def test_packet_too_big_of_icmpv6_is_the_same() -> None:
    tape = Tape()
    packet = tape.send(A6, B6, CURRENT_KEY)
    tape.error("fd00:50::ff", A6, packet[:48], (2, 0), rest=1280)
    assert only("NVG305", tape).message.endswith("by fd00:50::ff. The path allows 1280 bytes.")


def test_outer_fragments_are_counted_first_and_later_ones() -> None:
    tape = Tape()
    tape.send(A, B, CURRENT_KEY, fragment=0x2000, ident=7)
    tape.put(build.ipv4(A, B, GRE, bytes(64), fragment=0x000B, ident=7))
    finding = only("NVG305", tape)
    assert finding.subject == Subject("flow", ("192.168.50.1", "192.168.50.2"))
    assert (
        finding.message
        == "NVGRE from 192.168.50.1 to 192.168.50.2 is fragmented: 2 outer fragments."
    )
    assert finding.frames == at(1, 2)


def test_later_fragments_alone_could_be_any_gre() -> None:
    tape = Tape()
    tape.send(A, B, CURRENT_KEY)
    tape.put(build.ipv4(A, B, GRE, bytes(64), fragment=0x000B))
    assert found("NVG305", tape) == []


def test_later_fragments_of_any_gre_hide_no_other_flow() -> None:
    tape = Tape()
    tape.put(build.ipv4(A, B, GRE, bytes(64), fragment=0x000B))
    tape.send(B, A, CURRENT_KEY, fragment=0x2000)
    assert only("NVG305", tape).subject == Subject("flow", ("192.168.50.2", "192.168.50.1"))


def test_too_big_for_other_traffic_is_no_nvg305() -> None:
    tape = Tape()
    tape.send(A, B, CURRENT_KEY)
    tape.error(ROUTER, A, build.ipv4(A, B, TCP, build.tcp(A, B, 40000, 445)), (3, 4), rest=1400)
    assert found("NVG305", tape) == []


# --- NVG307 ------------------------------------------------------------------


def test_a_redirect_inside_nvgre_says_that_a_machine_moved() -> None:
    tape = Tape()
    packet = tape.send(A, B, CURRENT_KEY)
    tape.unreachable(B, A, 0xFFFFFF00, packet, (5, 10), rest=0xC0A83203)
    finding = only("NVG307", tape)
    assert finding.severity is Severity.INFO
    assert finding.subject == Subject("flow", ("192.168.50.1", "192.168.50.2"))
    assert finding.message.startswith(
        "192.168.50.2 tells 192.168.50.1 that a virtual machine moved: 1 REDIRECT message; key"
        " 0x1e848105 ("
    )
    assert finding.frames == at(2)
    assert (
        finding.next_step == "Check on 192.168.50.1: Get-NetVirtualizationLookupRecord;"
        " Get-NetVirtualizationProviderAddress"
    )


def test_an_ordinary_redirect_of_a_router_is_none() -> None:
    tape = Tape()
    tape.send(A, B, CURRENT_KEY)
    tape.error(
        ROUTER, A, build.ipv4(A, B, TCP, build.tcp(A, B, 40000, 445)), (5, 1), rest=0xC0A83203
    )
    assert found("NVG307", tape) == []


def test_a_redirect_of_a_router_about_nvgre_is_not_that_of_hyper_v() -> None:
    tape = Tape()
    packet = tape.send(A, B, CURRENT_KEY)
    tape.error(ROUTER, A, packet[:28], (5, 1), rest=0xC0A83203)
    assert found("NVG307", tape) == []


def test_a_plain_capture_draws_none_of_these() -> None:
    tape = Tape()
    tape.ping(A, B, CURRENT_KEY, 0x1E848177)
    tape.ping(A, B, CURRENT_KEY, 0x1E848177, VM3, VM4)
    assert [finding.code for finding in findings_of(judge_tapes(tape))] == []


def test_a_policy_is_only_blamed_when_it_explains_every_refusal_of_the_flow() -> None:
    tape = Tape()
    tape.ping(A, B, CURRENT_KEY, OLD_KEY)
    tape.wait(150)
    tape.error(B, A, Tape().send(A, B, CURRENT_KEY)[:28])  # while B restarts: cause not known
    tape.wait(150)
    tape.send(B, A, 0x1E848177, VM2, VM1)
    tape.error(B, A, Tape().send(A, B, 0x1E848107)[:28])  # after it: the layouts agree
    finding = only("NVG303", tape)
    assert "2 ICMP 3/10 messages" in finding.message
    assert finding.message.endswith("Whether the layouts differ is not known.")


def test_a_sign_of_hyper_v_on_either_end_makes_a_refusal_an_error() -> None:
    plain = Vm("3c:d9:2b:00:00:01", "10.9.9.1")
    for vms in ((VM1, plain), (plain, VM2)):
        tape = Tape()
        packet = tape.send(A, B, 0x001E8481, *vms)
        tape.error(B, A, packet[:28])
        assert only("NVG303", tape).severity is Severity.ERROR


def test_refusals_of_both_versions_of_ip_are_told_together() -> None:
    tape = Tape()
    packet = tape.send(A, B, CURRENT_KEY)
    tape.error(B, A, packet[:28])
    inner = build.ipv6(B6, A6, ICMPV6, build.icmp6(B6, A6, 1, 1, packet))
    tape.send(B, A, 0xFFFFFF00, VM2, VM1, inner)
    assert ": 2 ICMP 3/10 or ICMPv6 1/1 messages; key 0x1e848105 (" in only("NVG303", tape).message
