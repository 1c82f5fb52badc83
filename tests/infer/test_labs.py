"""Captures that contradict each other and share no packet may be of different labs: a suspicion in
words, which changes no verdict.
"""

from pathlib import Path

import pytest

from nvgre_doctor import diagnose
from nvgre_doctor.doctor import diagnose_each
from nvgre_doctor.infer.labs import find_hosts_of_several_labs
from tests import build
from tests.every_command import run_here
from tests.program import ROOT
from tests.worlds import (
    MILLISECOND,
    VM1,
    VM2,
    VM3,
    VM4,
    A,
    B,
    Tape,
    Vm,
    diagnose_tapes,
    judge_tapes,
    report_of,
    verdict_of,
)

SAMPLES = ROOT / "sample_pcaps"
NEW, OLD = 0x00138900, 0x00001389
OTHER_NEW = 0x00177000
DAY = 86_400.0


def lab(
    key_one: int, key_two: int, vms: tuple[Vm, Vm] = (VM1, VM2), *, days: float = 0, ident: int = 0
) -> Tape:
    """A and B with a guest each, which ping each other four times; packets of labs with another
    `ident` are other packets.
    """
    tape = Tape()
    tape.wait(days * DAY)
    for number in range(4):
        tape.send(A, B, key_one, *vms, ident=ident + 2 * number + 1)
        tape.send(B, A, key_two, vms[1], vms[0], reply=True, ident=ident + 2 * number + 2)
    return tape


def suspected(*tapes: Tape) -> list[str]:
    found = diagnose_tapes(*tapes).of_several_labs
    return [".".join(map(str, address)) for address in found]


def test_one_vm_pair_with_other_ids_in_another_capture_is_of_another_lab() -> None:
    one, two = lab(NEW, NEW), lab(OTHER_NEW, OTHER_NEW, days=1, ident=100)
    assert suspected(one, two) == [A, B]
    assert suspected(two, one) == [A, B]


def test_the_same_ids_are_of_one_lab() -> None:
    assert suspected(lab(NEW, NEW), lab(NEW, NEW, days=1, ident=100)) == []


def test_a_host_whose_new_layout_came_first_is_of_another_lab() -> None:
    """No update makes an updated host old again."""
    updated, old = lab(NEW, NEW), lab(OLD, OLD, days=1, ident=100)
    assert suspected(updated, old) == [A, B]


def test_a_host_that_was_updated_between_two_captures_is_of_one_lab() -> None:
    old, updated = lab(OLD, OLD), lab(NEW, NEW, days=1, ident=100)
    assert suspected(old, updated) == []


def test_a_host_with_another_layout_and_none_of_its_guests_is_of_another_lab() -> None:
    old, updated = lab(OLD, OLD), lab(0x12345600, 0x12345600, (VM3, VM4), days=1, ident=100)
    assert suspected(old, updated) == [A, B]


def test_a_host_with_other_guests_and_nothing_else_is_of_one_lab() -> None:
    assert suspected(lab(NEW, NEW), lab(NEW, NEW, (VM3, VM4), days=1, ident=100)) == []


def test_only_the_hosts_that_are_contradicted_are_named() -> None:
    one, two = lab(NEW, OLD), lab(OLD, OLD, days=1, ident=100)
    assert suspected(one, two) == [A]


def test_captures_that_share_a_packet_are_of_one_network() -> None:
    one, two = lab(NEW, NEW), lab(OTHER_NEW, OTHER_NEW, days=1, ident=100)
    two.frames += one.frames[:2]
    assert suspected(one, two) == []
    three = lab(OTHER_NEW, OTHER_NEW, days=1, ident=100)
    between = Tape()
    between.frames = [one.frames[0], three.frames[0]]
    assert suspected(one, three, between) == []


def test_what_contradicts_itself_in_one_capture_says_nothing_of_labs() -> None:
    both = lab(NEW, NEW)
    both.frames += lab(OTHER_NEW, OTHER_NEW, days=0.001, ident=100).frames
    assert suspected(both) == []
    assert suspected(both, lab(NEW, NEW, days=1, ident=200)) == []


def test_a_single_frame_is_no_other_lab() -> None:
    stray = Tape()
    stray.wait(DAY)
    stray.send(A, B, OTHER_NEW, ident=999)
    assert suspected(lab(NEW, NEW), stray) == []
    stray = Tape()
    stray.wait(DAY)
    stray.send(A, B, OLD, ident=999)
    assert suspected(lab(NEW, NEW), stray) == []


def test_a_capture_in_pieces_is_of_one_lab_though_a_host_changes_in_it() -> None:
    tape = lab(NEW, OLD)
    tape.wait(60)
    for number in range(6):
        tape.send(A, B, NEW, VM1, VM2, ident=200 + number)
        tape.send(B, A, NEW, VM2, VM1, ident=300 + number)
    for cut in range(1, len(tape.frames)):
        one, two = Tape(), Tape()
        one.frames, two.frames = tape.frames[:cut], tape.frames[cut:]
        assert suspected(one, two) == [], cut


def test_the_suspicion_stands_in_the_headline_and_changes_nothing_else() -> None:
    situation = judge_tapes(lab(NEW, NEW), lab(OTHER_NEW, OTHER_NEW, days=1, ident=100))
    report = report_of(situation)
    assert report.verdict == "warnings"
    assert report.headline == (
        "No mismatch was found, but there is 1 warning. The captures contradict each other about"
        " 192.168.50.1, 192.168.50.2: they may be of different labs; --each diagnoses each capture"
        " by itself."
    )
    situation.diagnosis.of_several_labs = []
    unsuspecting = report_of(situation)
    assert unsuspecting.headline == "No mismatch was found, but there is 1 warning."
    assert unsuspecting._replace(headline=report.headline) == report


def test_one_capture_is_never_suspected() -> None:
    for path in sorted(SAMPLES.iterdir()):
        assert "different labs" not in diagnose(path).headline


def test_the_samples_together_are_suspected_and_each_by_itself_is_not(tmp_path: Path) -> None:
    assert "they may be of different labs; --each" in diagnose(SAMPLES).headline
    assert not any("different labs" in report.headline for report in diagnose_each(SAMPLES))
    said = "they may be of different labs; --each diagnoses each capture by itself."
    for name in ("text", "markdown", "html", "json", "junit"):
        done = run_here("check", str(SAMPLES), "-f", name)
        assert said in " ".join(done.stdout.split()), name


@pytest.mark.parametrize("count", [50, 200])
def test_many_captures_of_one_network_are_one_network(count: int, tmp_path: Path) -> None:
    for number in range(count):
        tape = lab(NEW, OLD, days=number, ident=10 * number)
        (tmp_path / f"{number:03}.pcap").write_bytes(build.pcap(tape.frames))
    assert "different labs" not in diagnose(tmp_path).headline


def test_nothing_is_asked_where_there_is_one_network() -> None:
    """Of one capture, or captures that are all tied, nothing has to be found out."""
    assert find_hosts_of_several_labs(None, [0], []) == []  # type: ignore[arg-type]


def test_hosts_with_ipv4_addresses_are_told_first() -> None:
    tapes = []
    for key, ident in ((NEW, 0), (OTHER_NEW, 100)):
        tape = Tape()
        for number in range(3):
            tape.send("2001:db8::1", "2001:db8::2", key, VM3, VM4)
            tape.send("203.0.113.1", B, key, VM1, VM2, ident=ident + number)
        tapes.append(tape)
    found = diagnose_tapes(*tapes).of_several_labs
    assert found == [build.ip("203.0.113.1"), build.ip("2001:db8::1")]


@pytest.mark.parametrize(("packets", "are_suspected"), [(1, False), (2, True)])
def test_it_takes_two_packets_with_another_id(packets: int, are_suspected: bool) -> None:
    other = Tape()
    other.wait(DAY)
    for number in range(packets):
        other.send(A, B, OTHER_NEW, ident=100 + number)
    assert suspected(lab(NEW, NEW), other) == ([A, B] if are_suspected else [])


def test_every_vm_pair_with_other_ids_is_suspected() -> None:
    def two_pairs(one: int, two: int, ident: int) -> Tape:
        tape = lab(one, one, ident=ident)
        for number in range(4):
            tape.send("192.168.50.3", "192.168.50.4", two, VM3, VM4, ident=ident + number)
        return tape

    first = two_pairs(NEW, OTHER_NEW, 1000)
    assert suspected(first, two_pairs(0x00555500, 0x00666600, 2000)) == [A, B, "192.168.50.3"]
    assert suspected(first, two_pairs(NEW, 0x00666600, 2000)) == ["192.168.50.3"]


def test_guests_of_two_subnets_may_have_other_ids() -> None:
    """One direction between two subnets has the id of either."""
    far = Vm("00:15:5d:0a:00:09", "10.2.2.2")
    tapes = []
    for key, ident in ((NEW, 100), (OTHER_NEW, 200)):
        tape = Tape()
        tape.wait(ident)
        for number in range(4):
            tape.send(A, B, key, VM1, far, ident=ident + number)
        tapes.append(tape)
    assert suspected(*tapes) == []


def test_a_capture_that_contradicts_itself_says_nothing_of_the_others() -> None:
    both = lab(NEW, NEW, ident=300)
    both.frames += lab(OTHER_NEW, OTHER_NEW, days=0.001, ident=400).frames
    assert suspected(lab(NEW, NEW), lab(NEW, NEW, days=1, ident=100), both) == []


def test_two_packets_of_another_layout_are_enough() -> None:
    other = Tape()
    other.wait(DAY)
    for number in range(2):
        other.send(A, B, OLD, ident=100 + number)
    assert suspected(lab(NEW, NEW), other) == [A]


def test_what_flow_ids_say_of_a_layout_is_not_sure_enough() -> None:
    flow_ids = Tape()
    for number, octet in enumerate(2 * [0x07, 0x55, 0x83, 0xB1, 0xE6]):
        flow_ids.send(A, B, 0x00123400 + octet, VM3, VM4, ident=100 + number)
    assert verdict_of(diagnose_tapes(flow_ids), A) == ("rfc7637", "likely")
    assert suspected(flow_ids, lab(0x00012345, 0x00012345, days=1)) == []


def test_all_captures_of_one_layout_must_be_before_the_others() -> None:
    old, older = (lab(OLD, OLD, days=days, ident=days) for days in (20, 10))
    updated = lab(NEW, NEW, days=15, ident=150)
    assert suspected(old, updated, older) == [A, B]
    assert suspected(old, lab(NEW, NEW, days=25, ident=150), older) == []


def test_captures_of_one_time_are_not_before_and_after() -> None:
    updated = lab(NEW, NEW)
    updated.wait(10)
    updated.frames += lab(NEW, NEW, days=10 / DAY, ident=100).frames
    old = lab(OLD, OLD, days=5 / DAY, ident=200)
    assert suspected(old, updated) == [A, B]


@pytest.mark.parametrize(("later_ms", "hosts"), [(6, [A, B]), (7, [])])
def test_frames_of_one_moment_are_not_before_and_after(later_ms: int, hosts: list[str]) -> None:
    """Between the first old frame of a host and its last lie six milliseconds."""
    updated = lab(NEW, NEW, ident=100)
    updated.frames = [(row[0] + later_ms * MILLISECOND, *row[1:]) for row in updated.frames]
    assert suspected(lab(OLD, OLD), updated) == hosts


def test_guests_are_known_by_their_whole_macs() -> None:
    others = Vm("02:15:5d:0a:00:01", "10.1.1.1"), Vm("02:15:5d:0a:00:02", "10.1.1.2")
    old, updated = lab(OLD, OLD), lab(0x12345600, 0x12345600, others, days=1, ident=100)
    assert suspected(old, updated) == [A, B]
