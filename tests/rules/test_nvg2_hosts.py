"""NVG201 to NVG204: which layout single hosts speak."""

import pytest

from nvgre_doctor.infer.diagnosis import HostVerdict
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
    Tape,
    Vm,
    findings_of,
    judge_tapes,
    known_vsids,
    vm,
)

VMWARE1, VMWARE2 = Vm("00:50:56:aa:00:01", "10.9.9.1"), Vm("00:50:56:aa:00:02", "10.9.9.2")
MS = 1_000_000


def found(code: str, tape: Tape, *vsids: int) -> list[Finding]:
    return findings_of(judge_tapes(tape, inventory=known_vsids(*vsids)), code)


def only(code: str, tape: Tape, *vsids: int) -> Finding:
    (finding,) = found(code, tape, *vsids)
    return finding


def at(*frames: int) -> tuple[FrameRef, ...]:
    """Frames of a tape without pauses."""
    return tuple(FrameRef(0, frame, NOON + (frame - 1) * MS) for frame in frames)


# --- NVG201 ------------------------------------------------------------------


def mismatch() -> Tape:
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00001389)
    return tape


def test_a_proven_old_host_with_hyper_v_machines_is_an_error() -> None:
    finding = only("NVG201", mismatch())
    assert finding.severity is Severity.ERROR
    assert finding.confidence == "proven"
    assert finding.subject == Subject("host", ("192.168.50.2",))
    assert (
        finding.message
        == "192.168.50.2 uses the old NVGRE layout (draft-00): key 0x00001389 is TNI 5001;"
        " as a VSID it would be 19, which is reserved."
    )
    assert finding.frames == at(2)
    assert (
        finding.next_step
        == "Install KB2779768 on 192.168.50.2 and restart it. Check: Get-HotFix -Id KB2779768"
        " -ComputerName 192.168.50.2"
    )


def test_a_proven_old_host_over_ipv6_is_an_error() -> None:
    tape = Tape()
    tape.ping(A6, B6, 0x1E848100, 0x001E8481)
    finding = only("NVG201", tape)
    assert finding.severity is Severity.ERROR
    assert finding.subject == Subject("host", ("fd00:50::2",))
    assert "key 0x001e8481 one way, 0x1e848100 the other: both are VSID 2000001" in finding.message


def test_an_old_host_that_is_only_likely_is_a_warning() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481, VM1, VM2)
    tape.send(A, B, 0x001E8481, VM3, VM4)
    finding = only("NVG201", tape)
    assert finding.severity is Severity.WARNING
    assert finding.confidence == "likely"
    assert finding.message.startswith(
        "192.168.50.1 probably uses the old NVGRE layout (draft-00): "
    )
    assert "0x001e8481" in finding.message


def decoy(one: Vm, two: Vm) -> Tape:
    """gretap of Linux, key 5001, both ways."""
    tape = Tape()
    tape.send(A, B, 5001, one, two, ttl=64)
    tape.send(B, A, 5001, two, one, ttl=64)
    return tape


@pytest.mark.parametrize(
    "vms",
    [
        (VMWARE1, VMWARE2),
        (Vm("02:00:00:00:00:01", "10.9.9.1"), Vm("02:00:00:00:00:02", "10.9.9.2")),
    ],
)
def test_an_old_layout_without_any_sign_of_hyper_v_is_a_warning_that_says_so(
    vms: tuple[Vm, Vm],
) -> None:
    for finding in found("NVG201", decoy(*vms)):
        assert finding.severity is Severity.WARNING
        assert "it may be a plain GRE tunnel (Open vSwitch, Linux)" in finding.message
        assert "Install" not in finding.next_step
    assert len(found("NVG201", decoy(*vms))) == 2


def test_a_plain_gre_tunnel_of_vmware_machines_draws_no_error_at_all() -> None:
    tape = decoy(VMWARE1, VMWARE2)
    packet = tape.send(A, B, 5001, VMWARE1, VMWARE2)
    tape.error(B, A, packet[:28])
    findings = findings_of(judge_tapes(tape))
    assert [finding.code for finding in findings if finding.severity is Severity.ERROR] == []
    assert {finding.code for finding in findings} == {"NVG201", "NVG303"}


def test_a_current_host_draws_no_nvg201() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    assert found("NVG201", tape) == []


def test_a_host_that_is_only_likely_current_draws_no_nvg201() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900)
    assert found("NVG201", tape) == []


def test_a_key_that_fits_both_layouts_draws_no_nvg201() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481)
    assert found("NVG201", tape) == []


def test_an_inventory_makes_it_an_error() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481)
    finding = only("NVG201", tape, 2000001)
    assert finding.severity is Severity.ERROR
    assert (
        "key 0x001e8481 read as TNI 2000001 is in the inventory; read as VSID 7812 it is not"
        in finding.message
    )


# --- NVG202 ------------------------------------------------------------------


def updated() -> Tape:
    tape = Tape()
    tape.send(A, B, 0x001E8481)
    tape.send(A, B, 0x001E8481)
    tape.send(A, B, 0x1E848100)
    return tape


def test_a_host_that_changed_is_a_warning_with_the_first_frame_of_the_new_layout() -> None:
    finding = only("NVG202", updated())
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("host", ("192.168.50.1",))
    assert (
        finding.message
        == "192.168.50.1 changed from draft-00 to RFC 7637 during the capture: first in frame 3."
    )
    assert finding.frames == at(2, 3)
    assert finding.next_step == "Check: Get-HotFix -Id KB2779768 -ComputerName 192.168.50.1"


def test_a_machine_that_moved_to_another_host_is_no_change() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481)
    tape.send("192.168.50.3", B, 0x1E848100)
    assert found("NVG202", tape) == []


def test_one_reading_alone_is_no_change() -> None:
    tape = Tape()
    tape.send(A, B, 0x00001389)
    tape.send(A, B, 0x00138901, VM3, VM4)
    assert found("NVG202", tape) == []


def test_a_host_that_changed_to_the_current_layout_draws_no_nvg201() -> None:
    assert found("NVG201", updated()) == []


# --- NVG203 ------------------------------------------------------------------


def mixed(*vms: Vm) -> Tape:
    tape = Tape()
    for _ in range(2):
        tape.send(A, B, 0x00001389, vms[0], vms[1])
        tape.send(A, B, 0x1E848100, vms[2], vms[3])
    return tape


def test_both_layouts_at_the_same_time_are_an_error() -> None:
    finding = only("NVG203", mixed(VM1, VM2, VM3, VM4))
    assert finding.severity is Severity.ERROR
    assert finding.subject == Subject("host", ("192.168.50.1",))
    assert (
        finding.message
        == "192.168.50.1 sends both layouts at the same time: key 0x00001389 is TNI 5001; as a VSID"
        " it would be 19, which is reserved; and key 0x1e848100 is VSID 2000001; as a TNI its"
        " top octet would have to be 0, and it is 30."
    )
    assert finding.frames == at(1, 2)
    assert "Get-HotFix -Id KB2779768 -ComputerName 192.168.50.1" in finding.next_step


def test_both_layouts_of_plain_gre_are_no_error() -> None:
    findings = findings_of(judge_tapes(mixed(VMWARE1, VMWARE2, VMWARE1, VMWARE2)))
    assert [finding.code for finding in findings if finding.severity is Severity.ERROR] == []
    assert only("NVG203", mixed(VMWARE1, VMWARE2, VMWARE1, VMWARE2)).severity is Severity.WARNING


def test_a_single_change_is_not_both_at_once() -> None:
    assert found("NVG203", updated()) == []


def test_proofs_of_one_layout_beside_keys_that_fit_both_are_not_both() -> None:
    tape = Tape()
    for _ in range(2):
        tape.send(A, B, 0x00001389, VM1, VM2)
        tape.send(A, B, 0x00138900, VM3, VM4)
    assert found("NVG203", tape) == []


# --- NVG204 ------------------------------------------------------------------


def unknown(tape: Tape, address: str, *vsids: int) -> Finding:
    (finding,) = [
        f for f in found("NVG204", tape, *vsids) if f.subject == Subject("host", (address,))
    ]
    assert finding.severity is Severity.INFO
    assert finding.confidence == "none"
    return finding


def test_a_key_that_fits_both_layouts_is_unknown_and_says_what_would_settle_it() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481)
    finding = unknown(tape, A)
    assert (
        finding.message
        == "The layout of 192.168.50.1 cannot be told: key 0x001e8481 (TNI 2000001, or VSID"
        " 7812 with FlowID 129) is valid under both layouts."
    )
    assert finding.frames == at(1)
    assert (
        finding.next_step
        == "Give a VSID you know with --vsid or --inventory, or capture both directions of one VM"
        " pair."
    )


def test_a_host_that_only_receives_is_unknown_for_that_reason() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100)
    tape.send(A, B, 0x1E848100)
    finding = unknown(tape, B)
    assert (
        finding.message
        == "The layout of 192.168.50.2 cannot be told: no NVGRE from it was read, only 2 frames to"
        " it."
    )
    assert finding.frames == ()
    assert "Capture on 192.168.50.2 itself" in finding.next_step


def test_a_key_that_is_reserved_everywhere_is_unknown_for_that_reason() -> None:
    tape = Tape()
    tape.send(A, B, 0x00000007)
    finding = unknown(tape, A)
    assert "is reserved under both layouts" in finding.message
    assert "0x00000007" in finding.message
    assert "this may be a plain GRE tunnel" in finding.next_step


def test_an_inventory_that_contradicts_the_packets_is_told() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905)
    tape.send(A, B, 0x00138977)
    tape.send(A, B, 0x00138901, VM3, VM4)
    finding = unknown(tape, A, 1280257)
    assert (
        finding.message
        == "The layout of 192.168.50.1 cannot be told: the inventory contradicts what the packets"
        " prove."
    )
    assert finding.next_step == "Check the inventory: is it of this fabric, and of this time?"


def test_evidence_that_contradicts_itself_is_told() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905)
    tape.send(B, A, 0x00001389, VM2, VM1)
    tape.send(B, A, 0x13890500, VM2, VM1)
    assert "the evidence contradicts itself" in unknown(tape, A).message


def test_hosts_that_are_known_draw_no_nvg204() -> None:
    assert found("NVG204", mismatch()) == []
    assert found("NVG204", mixed(VM1, VM2, VM3, VM4)) == [unknown(mixed(VM1, VM2, VM3, VM4), B)]


def test_a_host_that_is_likely_draws_no_nvg204() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900)
    assert [f.subject.hosts for f in found("NVG204", tape)] == [("192.168.50.2",)]


def test_a_key_that_may_be_repeated_is_not_called_valid_under_both_layouts() -> None:
    # The packets end before their inner addresses: B may have sent an UNREACHABLE that holds A's
    # key, or A may.
    tape = Tape(snaplen=64)
    tape.unreachable(B, A, 0x1E848100, tape.send(A, B, 0x1E848100))
    for address in (A, B):
        finding = unknown(tape, address)
        assert (
            finding.message
            == f"The layout of {address} cannot be told: key 0x1e848100 (TNI 8683776 with top octet"
            " 0x1e, or VSID 2000001 with FlowID 0) may only repeat what the other host sends."
        )
        assert (
            finding.next_step
            == "Capture both directions of one VM pair with a snap length of 128 bytes or more."
        )


def test_the_key_that_is_called_valid_under_both_layouts_is_one_that_is() -> None:
    tape = Tape()
    tape.send(A, B, 0x00000007)
    tape.send(A, B, 0x00200281, VM1, VM2)
    tape.send(A, B, 0x001E8481, VM3, VM4)
    finding = unknown(tape, A)
    assert "key 0x001e8481 (" in finding.message
    assert finding.message.endswith(" is valid under both layouts.")


def test_a_key_that_may_be_repeated_is_told_before_one_that_is_reserved() -> None:
    tape = Tape(snaplen=64)
    tape.send(A, B, 0x00000007)
    tape.unreachable(B, A, 0x1E848100, tape.send(A, B, 0x1E848100))
    assert "key 0x1e848100 (" in unknown(tape, A).message


def test_of_two_hosts_the_one_that_sends_both_layouts_is_named() -> None:
    tape = Tape()
    for _ in range(2):
        tape.send(B, A, 0x00001389, VM1, VM2)
        tape.send(B, A, 0x1E848100, VM3, VM4)
    assert only("NVG203", tape).subject == Subject("host", ("192.168.50.2",))


def test_an_old_host_tells_the_statement_of_the_first_proof_with_its_partner() -> None:
    tape = Tape()
    tape.ping(A, B, 0x001E8481, 0x1E848117)
    assert (
        only("NVG201", tape).message
        == "192.168.50.1 uses the old NVGRE layout (draft-00): VM pair 00:15:5d:0a:00:01 / :02: key"
        " 0x001e8481 one way, 0x1e848117 the other: both are VSID 2000001."
    )
    assert only("NVG201", tape).frames == at(1)


def test_a_finding_names_its_first_five_frames() -> None:
    tape = Tape()
    for number in range(6):
        tape.send(A, B, 0x00001389 + 256 * number, VM1, vm(10 + number))
    assert only("NVG201", tape).frames == at(1, 2, 3, 4, 5)


def test_a_host_that_was_never_seen_has_an_empty_verdict() -> None:
    host = judge_tapes(Tape()).host(bytes([10, 0, 0, 1]))
    assert host == HostVerdict(bytes([10, 0, 0, 1]))
