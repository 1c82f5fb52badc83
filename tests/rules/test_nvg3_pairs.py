"""NVG301 and NVG306: what two hosts do with each other."""

import pytest

from nvgre_doctor.rules.finding import Finding, FrameRef, Subject
from nvgre_doctor.vocabulary import Severity
from tests.worlds import (
    A6,
    B6,
    NOON,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    C,
    Tape,
    Vm,
    findings_of,
    judge_tapes,
    vm,
)

MS = 1_000_000


def found(code: str, tape: Tape) -> list[Finding]:
    return findings_of(judge_tapes(tape), code)


def only(code: str, tape: Tape) -> Finding:
    (finding,) = found(code, tape)
    return finding


def at(*frames: int) -> tuple[FrameRef, ...]:
    return tuple(FrameRef(0, frame, NOON + (frame - 1) * MS) for frame in frames)


# --- NVG301 ------------------------------------------------------------------


def test_two_proven_layouts_that_differ_are_an_error_that_names_everything() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00001389)
    finding = only("NVG301", tape)
    assert finding.severity is Severity.ERROR
    assert finding.subject == Subject("pair", ("192.168.50.1", "192.168.50.2"))
    assert (
        finding.message
        == "192.168.50.2 (draft-00) and 192.168.50.1 (RFC 7637) cannot talk: they use different"
        " layouts. 192.168.50.2 sends key 0x00001389 (TNI 5001, or VSID 19"
        " [reserved] with FlowID 137). 192.168.50.1 sends key 0x00138900 (TNI 1280256, or VSID"
        " 5001 with FlowID 0)."
    )
    assert finding.frames == at(1, 2)
    assert (
        finding.next_step
        == "Install KB2779768 on 192.168.50.2 and restart it. Check: Get-HotFix -Id KB2779768"
        " -ComputerName 192.168.50.2"
    )


def test_it_does_not_matter_which_of_the_two_is_old() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00001389, 0x00138900)
    assert only("NVG301", tape).message.startswith(
        "192.168.50.1 (draft-00) and 192.168.50.2 (RFC 7637) cannot talk"
    )


def test_it_is_found_over_ipv6() -> None:
    tape = Tape()
    tape.ping(A6, B6, 0x1E848100, 0x001E8481)
    finding = only("NVG301", tape)
    assert finding.subject == Subject("pair", ("fd00:50::1", "fd00:50::2"))
    assert "fd00:50::2 sends key 0x001e8481 (TNI 2000001" in finding.message


def test_every_pair_is_named_once() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848100, 0x001E8481)
    tape.ping(A, B, 0x1E848100, 0x001E8481, VM3, VM4)
    tape.ping(A, C, 0x1E848100, 0x001E8481, VM1, vm(5))
    assert [finding.subject.hosts for finding in found("NVG301", tape)] == [
        ("192.168.50.1", "192.168.50.2"),
        ("192.168.50.1", "192.168.50.3"),
    ]


def test_of_two_pairs_the_one_that_differs_is_named() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.ping(A, C, 0x1E848105, 0x001E8481, VM1, VM3)
    assert only("NVG301", tape).subject == Subject("pair", ("192.168.50.1", "192.168.50.3"))


def test_a_mismatch_of_which_only_one_direction_was_captured_shows_that_one() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848105)
    tape.send(B, C, 0x00001389, VM3, VM4)
    finding = only("NVG301", tape)
    assert (
        finding.message
        == "192.168.50.2 (draft-00) and 192.168.50.1 (RFC 7637) cannot talk: they use different"
        " layouts. 192.168.50.1 sends key 0x1e848105 (TNI 8683781 with top octet 0x1e, or VSID"
        " 2000001 with FlowID 5)."
    )
    assert finding.frames == at(1)


def test_two_hosts_that_never_exchange_anything_are_no_mismatch() -> None:
    tape = Tape()
    tape.send(A, C, 0x1E848100)
    tape.send(B, C, 0x00001389, VM3, VM4)
    assert found("NVG301", tape) == []


def test_two_hosts_of_one_layout_are_no_mismatch() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    assert found("NVG301", tape) == []


def test_a_layout_that_is_only_likely_is_no_mismatch() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900, VM1, VM2)
    tape.send(B, A, 0x00001771, VM4, VM3)
    assert found("NVG301", tape) == []


def test_a_host_that_was_updated_meanwhile_is_no_mismatch() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x001E8481)
    tape.wait(300)
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    assert found("NVG301", tape) == []


# --- NVG306 ------------------------------------------------------------------


def one_way() -> Tape:
    """VM 1 asks VM 2 and hears nothing, although B sends too."""
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177, VM3, VM4)
    tape.send(A, B, 0x1E848105, VM1, VM2)
    tape.send(A, B, 0x1E848105, VM1, VM2)
    return tape


def test_a_vm_pair_that_is_heard_one_way_only_is_worth_a_note() -> None:
    finding = only("NVG306", one_way())
    assert finding.severity is Severity.INFO
    assert finding.subject == Subject("pair", ("192.168.50.1", "192.168.50.2"))
    assert (
        finding.message
        == "1 VM pair between 192.168.50.1 and 192.168.50.2 heard in one direction only:"
        " 00:15:5d:0a:00:01 / :02."
    )
    assert finding.frames == at(3)
    assert "Get-NetVirtualizationLookupRecord" in finding.next_step
    assert "192.168.50.2" in finding.next_step


def test_a_vm_pair_that_is_heard_both_ways_is_not() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    assert found("NVG306", tape) == []


def test_a_host_that_was_not_heard_at_all_is_another_matter() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848105)
    assert found("NVG306", tape) == []


def test_a_broadcast_needs_no_answer() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.send(A, B, 0x1E848105, VM1, Vm("ff:ff:ff:ff:ff:ff", "255.255.255.255"))
    assert found("NVG306", tape) == []


@pytest.mark.parametrize(
    ("mac", "count"), [("01:00:5e:00:00:fb", 0), ("33:33:00:00:00:01", 0), ("02:00:00:00:00:07", 1)]
)
def test_only_unicast_needs_an_answer(mac: str, count: int) -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.send(A, B, 0x1E848105, VM1, Vm(mac, "10.1.1.7"))
    assert len(found("NVG306", tape)) == count


def test_a_silent_host_hides_no_other_pair() -> None:
    tape = one_way()
    tape.send(A, "192.168.50.0", 0x1E848105, VM1, vm(9))
    assert only("NVG306", tape).subject == Subject("pair", ("192.168.50.1", "192.168.50.2"))


def test_frames_without_macs_tell_nothing_about_directions() -> None:
    tape = Tape(snaplen=42)
    tape.send(A, B, 0x1E848105)
    tape.send(B, A, 0x1E848105, VM4, VM3)
    assert found("NVG306", tape) == []
