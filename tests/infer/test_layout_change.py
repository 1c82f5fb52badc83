"""Evidence 4: one VM behind one host, with both readings of one id: the host changed, or sends
both.
"""

from nvgre_doctor.capture.batch import NO_TIME
from nvgre_doctor.infer.diagnosis import At
from tests.worlds import (
    NOON,
    SECOND,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    C,
    Tape,
    diagnose_tapes,
    host_of,
    reasons_of,
    verdict_of,
    verdicts_of,
    vm,
)


def updated(before: int = 0x001E8481, after: int = 0x1E848100) -> Tape:
    """A sends `before` in frames 1 and 2, restarts, and sends `after` in frames 3 and 4."""
    tape = Tape()
    tape.send(A, B, before)
    tape.send(A, B, before)
    tape.wait(300)
    tape.send(A, B, after)
    tape.send(A, B, after)
    return tape


def test_one_vm_under_both_readings_shows_the_change_and_when() -> None:
    host = host_of(diagnose_tapes(updated()), A)
    assert (host.layout, host.confidence) == ("rfc7637", "proven")
    assert host.change is not None
    assert (host.change.before, host.change.after) == ("draft-00", "rfc7637")
    assert host.change.last_before.frame_number == 2
    assert host.change.at == (NOON + 300 * SECOND + 2_000_000, 0, 3)


def test_the_change_is_seen_although_both_values_fit_both_layouts() -> None:
    # VSID 5001 in the current layout is 0x00138900; TNI 5001 in the old one is 0x00001389.
    diagnosis = diagnose_tapes(updated(0x00001389, 0x00138977))
    assert reasons_of(diagnosis, A) == {
        ("range", "draft-00"),
        ("layout-change", "draft-00"),
        ("layout-change", "rfc7637"),
    }


def test_an_update_that_is_removed_is_a_change_too() -> None:
    host = host_of(diagnose_tapes(updated(0x1E848100, 0x001E8481)), A)
    assert host.layout == "draft-00"
    assert host.change is not None
    assert (host.change.before, host.change.after) == ("rfc7637", "draft-00")


def test_range_alone_shows_a_change_too() -> None:
    tape = Tape()
    tape.send(A, B, 0x00001389, VM1, VM2)
    tape.send(A, B, 0x1E848100, VM3, VM4)
    host = host_of(diagnose_tapes(tape), A)
    assert host.layout == "rfc7637"
    assert host.change is not None
    assert host.change.at.frame_number == 2


def test_two_vms_with_one_reading_each_are_no_change() -> None:
    tape = Tape()
    tape.send(A, B, 0x001E8481, VM1, VM2)
    tape.send(A, B, 0x00138900, VM3, VM4)
    host = host_of(diagnose_tapes(tape), A)
    assert host.change is None
    assert host.layout != "both"


def test_a_vm_that_moved_to_a_host_with_another_layout_is_no_change() -> None:
    tape = Tape()
    tape.send(A, C, 0x001E8481)
    tape.wait(60)
    tape.send(B, C, 0x1E848100)
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, B) == ("rfc7637", "proven")
    assert verdict_of(diagnosis, A) == ("unknown", "none")
    assert host_of(diagnosis, A).change is host_of(diagnosis, B).change is None


def test_a_vm_that_moved_and_back_among_current_hosts_proves_nothing_else() -> None:
    tape = Tape()
    for source in (A, B, A):
        tape.send(source, C, 0x1E848100)
    diagnosis = diagnose_tapes(tape)
    assert verdicts_of(diagnosis) == {
        A: ("rfc7637", "proven"),
        B: ("rfc7637", "proven"),
        C: ("unknown", "none"),
    }


def test_both_layouts_mixed_in_time_are_no_change() -> None:
    tape = Tape()
    for gre_key in (0x001E8481, 0x1E848100, 0x001E8481, 0x1E848100):
        tape.send(A, B, gre_key)
    host = host_of(diagnose_tapes(tape), A)
    assert (host.layout, host.confidence) == ("both", "proven")
    assert host.change is None


def test_there_and_back_again_is_not_called_one_change() -> None:
    tape = updated()
    tape.wait(300)
    tape.send(A, B, 0x001E8481)
    host = host_of(diagnose_tapes(tape), A)
    assert host.layout == "both"
    assert host.change is None


def test_order_is_that_of_time_not_of_the_captures() -> None:
    late, early = Tape(now_ns=NOON + 300 * SECOND), Tape()
    late.send(A, B, 0x1E848100)
    early.send(A, B, 0x001E8481)
    host = host_of(diagnose_tapes(late, early), A)
    assert host.layout == "rfc7637"
    assert host.change is not None
    assert host.change.at.capture == 0
    assert host.change.last_before.capture == 1


def test_without_times_the_order_of_frames_counts() -> None:
    host = host_of(diagnose_tapes([(NO_TIME, frame[1]) for frame in updated().frames]), A)
    assert host.layout == "rfc7637"
    assert host.change is not None
    assert host.change.at == (NO_TIME, 0, 3)


def test_a_vm_without_a_known_mac_shows_no_change() -> None:
    tape = Tape(snaplen=42)
    tape.send(A, B, 0x001E8481)
    tape.send(A, B, 0x1E848100)
    diagnosis = diagnose_tapes(tape)
    assert reasons_of(diagnosis, A) == {("range", "rfc7637")}


def test_each_side_of_the_change_has_its_layout_and_the_time_between_has_none() -> None:
    host = host_of(diagnose_tapes(updated()), A)
    begin, last_old = At(NOON, 0, 1), At(NOON + 1_000_000, 0, 2)
    first_current = At(NOON + 300 * SECOND + 2_000_000, 0, 3)
    restart = At(NOON + 100 * SECOND, 0, 2)
    assert host.layout_between(begin, last_old) == "draft-00"
    assert host.layout_between(first_current, first_current) == "rfc7637"
    assert host.layout_between(restart, restart) == "unknown"
    assert host.layout_between(begin, first_current) == "unknown"


def test_hosts_that_never_change_are_not_drawn_into_anothers_change() -> None:
    tape = updated()
    tape.ping(C, B, 0x1E848155, 0x001E8481, vm(5), vm(6))
    diagnosis = diagnose_tapes(tape)
    assert verdict_of(diagnosis, C) == ("rfc7637", "proven")
    assert verdict_of(diagnosis, B) == ("draft-00", "proven")
    assert host_of(diagnosis, C).change is host_of(diagnosis, B).change is None


def test_each_witness_of_a_change_has_the_other_one_as_its_partner() -> None:
    host = host_of(diagnose_tapes(updated(0x00200281, 0x20028100)), A)
    found = {
        (
            witness.layout.value,
            witness.stream.upper_bits,
            witness.partner and witness.partner.upper_bits,
        )
        for witness in host.witnesses
        if witness.kind == "layout-change"
    }
    assert found == {("draft-00", 0x002002, 0x200281), ("rfc7637", 0x200281, 0x002002)}
