"""NVG401 to NVG404: packets that break the rules, host by host."""

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
    Tape,
    findings_of,
    judge_tapes,
    known_vsids,
    lookup,
    lookups,
)

MS = 1_000_000


def found(code: str, tape: Tape, *vsids: int) -> list[Finding]:
    return findings_of(judge_tapes(tape, inventory=known_vsids(*vsids)), code)


def only(code: str, tape: Tape, *vsids: int) -> Finding:
    (finding,) = found(code, tape, *vsids)
    return finding


def at(*frames: int) -> tuple[FrameRef, ...]:
    return tuple(FrameRef(0, frame, NOON + (frame - 1) * MS) for frame in frames)


# --- NVG401 ------------------------------------------------------------------


@pytest.mark.parametrize("gre_key", [0x00000000, 0x00000007, 0x00000FFF])
def test_a_key_that_is_valid_under_neither_layout_is_a_warning(gre_key: int) -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.send(A, B, gre_key, VM3, VM4)
    finding = only("NVG401", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("host", ("192.168.50.1",))
    assert finding.message.startswith(
        f"192.168.50.1 sends keys that are valid under neither layout: key 0x{gre_key:08x} (TNI"
        f" {gre_key}"
    )
    assert finding.message.endswith("This is probably not NVGRE.")
    assert finding.frames == at(3)
    assert "192.168.50.1" in finding.next_step


@pytest.mark.parametrize("gre_key", [0x00001000, 0x00100000, 0xFFFFFEFF, 0x00FFFFFF, 0xFFFFFF00])
def test_a_key_that_is_valid_somewhere_or_control_is_none(gre_key: int) -> None:
    tape = Tape()
    tape.send(A, B, gre_key)
    assert found("NVG401", tape) == []


# --- NVG402 ------------------------------------------------------------------


def test_gre_flags_other_than_the_key_bit_are_a_warning() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100)
    tape.send(A, B, 0x1E848100, flags=0x2008)
    tape.send(A, B, 0x1E848100, flags=0x2100)
    finding = only("NVG402", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("host", ("192.168.50.1",))
    assert (
        finding.message
        == "192.168.50.1 sends 2 packets whose GRE flags are 0x2008, 0x2100 instead of 0x2000."
    )
    assert finding.frames == at(2, 3)
    assert (
        finding.next_step
        == "Find out what the sender is; turn GRE checksums and sequence numbers off."
    )


def test_flags_as_rfc_7637_has_them_are_none() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    assert found("NVG402", tape) == []


# --- NVG403 ------------------------------------------------------------------


@pytest.mark.parametrize("tpid", [0x8100, 0x88A8])
def test_a_tag_inside_is_a_warning(tpid: int) -> None:
    tape = Tape()
    tape.send(A6, B6, 0x1E848100)
    tape.send(A6, B6, 0x1E848100, inner_tags=[(tpid, 7)])
    finding = only("NVG403", tape)
    assert finding.severity is Severity.WARNING
    assert finding.subject == Subject("host", ("fd00:50::1",))
    assert finding.message == "fd00:50::1 sends 1 frame with an 802.1Q tag inside NVGRE."
    assert finding.frames == at(2)
    assert finding.next_step.startswith("On fd00:50::1: Get-VMNetworkAdapterVlan")


def test_a_tag_outside_is_fine() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848100, tags=[(0x8100, 50)])
    assert found("NVG403", tape) == []


def test_a_frame_that_is_cut_before_the_tag_tells_nothing() -> None:
    tape = Tape(snaplen=54)
    tape.send(A, B, 0x1E848100, inner_tags=[(0x8100, 7)])
    assert found("NVG403", tape) == []


# --- NVG404 ------------------------------------------------------------------


def test_a_vsid_that_is_not_in_the_inventory_is_a_warning() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x1E848177)
    tape.send(A, B, 0x0F424000, VM3, VM4)
    finding = only("NVG404", tape, 2000001)
    assert finding.severity is Severity.WARNING
    assert finding.confidence == "proven"
    assert finding.subject == Subject("host", ("192.168.50.1",))
    assert finding.message.startswith(
        "192.168.50.1 uses ids that are not in the inventory: key 0x0f424000 ("
    )
    assert "VSID 1000000 with FlowID 0" in finding.message
    assert finding.frames == at(3)
    assert (
        finding.next_step
        == "Export the inventory again. Check on 192.168.50.1: Get-NetVirtualizationLookupRecord;"
        " Get-NetVirtualizationProviderAddress"
    )


def test_the_id_of_a_host_with_the_old_layout_is_its_tni() -> None:
    tape = Tape()
    tape.send(A, B, 0x00001389, VM1, VM2)
    tape.send(A, B, 0x00001771, VM3, VM4)
    finding = only("NVG404", tape, 5001)
    assert finding.message.startswith(
        "192.168.50.1 uses ids that are not in the inventory: key 0x00001771 (TNI 6001, or"
        " VSID 23 [reserved]"
    )
    assert finding.frames == at(2)


def test_without_an_inventory_there_is_no_nvg404() -> None:
    tape = Tape()
    tape.send(A, B, 0x0F424000)
    assert found("NVG404", tape) == []


def test_vsids_that_are_in_the_inventory_draw_none() -> None:
    tape = Tape()
    tape.ping(A, B, 0x1E848105, 0x001E8481)
    assert found("NVG404", tape, 2000001) == []


def test_while_the_layout_is_not_known_either_reading_will_do() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481)
    assert found("NVG404", tape, 2000001, 7812) == []
    finding = only("NVG404", tape, 4097)
    assert finding.confidence == "none"


def test_the_vsids_of_lookup_records_count() -> None:
    tape = Tape()
    tape.send(A, B, 0x1E848105)
    situation = judge_tapes(tape, inventory=lookups(lookup(2000001, B, VM2)))
    assert findings_of(situation, "NVG404") == []


def test_a_tni_in_the_inventory_does_not_excuse_a_host_that_is_current() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138905)
    tape.send(A, B, 0x00138977)
    finding = only("NVG404", tape, 1280261)
    assert finding.confidence == "proven"
    assert "VSID 5001 with FlowID 5" in finding.message


def test_a_host_that_sends_both_layouts_may_mean_either_reading() -> None:
    tape = Tape()
    for _ in range(2):
        tape.send(A, B, 0x00001389, VM1, VM2)
        tape.send(A, B, 0x1E848100, VM3, VM4)
    assert found("NVG404", tape, 5001, 2000001) == []
