"""Hosts that are named as not NVGRE: counted as other GRE, and silent about layouts."""

from itertools import product

import pytest

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.folded import FoldedCapture
from nvgre_doctor.evidence.intervals import parts
from nvgre_doctor.evidence.limits import LeftOut
from nvgre_doctor.evidence.parts import Moment, is_kept
from nvgre_doctor.evidence.signs import IcmpSign, Sightings, Sign
from nvgre_doctor.evidence.streams import streams
from nvgre_doctor.infer import infer
from nvgre_doctor.infer.hearsay import count_other_prohibited
from nvgre_doctor.infer.left_out import leave_out
from nvgre_doctor.known.expectations import parse_hosts
from nvgre_doctor.known.inventory import Inventory
from nvgre_doctor.vocabulary import Oddity
from tests import build
from tests.worlds import (
    MILLISECOND,
    NOON,
    VM1,
    VM2,
    A,
    B,
    C,
    D,
    Tape,
    evidence_of,
    vm,
)

OLD, CURRENT = ("draft-00", "proven"), ("rfc7637", "proven")


def without(evidence: Evidence, *hosts: str) -> Evidence:
    return leave_out(evidence, parse_hosts(hosts))


def counts(evidence: Evidence) -> tuple[int, int, dict[str, int]]:
    """Frames, NVGRE frames, and all oddities."""
    (part,) = evidence.captures.values()
    oddities: dict[str, int] = {}
    for sign, seen in part.signs.items():
        oddities[sign.oddity] = oddities.get(sign.oddity, 0) + seen.count
    return part.frames, part.nvgre_frames, oddities


def test_hosts_that_are_not_named_are_judged_as_before() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00001389)
    evidence = evidence_of(tape)
    assert counts(without(evidence, C)) == (2, 2, {})
    assert infer(without(evidence, C), Inventory()) == infer(evidence, Inventory())


def test_control_frames_and_messages_of_the_host_are_counted_too() -> None:
    tape = Tape()
    quote = tape.send(A, B, 0x00138900)
    tape.unreachable(B, A, 0xFFFFFF00, quote)
    tape.send(A, B, 0xFFFFFF00)
    rest = without(evidence_of(tape), B)
    assert counts(rest) == (3, 0, {Oddity.NOT_NVGRE: 3})


def test_a_refusal_about_the_host_is_one_about_other_traffic() -> None:
    tape = Tape()
    tape.error(B, A, tape.send(A, B, 0x00001389))
    tape.error(C, A, tape.send(A, C, 0x00138900))
    evidence = evidence_of(tape)
    assert count_other_prohibited(evidence) == 0
    rest = without(evidence, B)
    assert count_other_prohibited(rest) == 1
    assert [refusal.destination for refusal in infer(rest, Inventory()).refusals] == [build.ip(C)]


def test_a_refusal_by_the_host_about_a_flow_of_others_stays() -> None:
    tape = Tape()
    tape.error("192.168.50.254", A, tape.send(A, C, 0x00138900), kind=(3, 13))
    rest = without(evidence_of(tape), "192.168.50.254")
    assert len(infer(rest, Inventory()).refusals) == 1


def test_oddities_of_its_packets_are_not_told() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900, VM1, VM2, inner_tags=[(0x8100, 5)])
    tape.send(A, B, 0x00138900, flags=0x2008)
    short = Tape(snaplen=38)
    short.send(A, B, 0x00138900)
    tape.frames += short.frames
    assert set(counts(evidence_of(tape))[2]) == {
        Oddity.INNER_TAG,
        Oddity.GRE_FLAGS,
        Oddity.TOO_SHORT,
    }
    assert counts(without(evidence_of(tape), A)) == (3, 0, {Oddity.NOT_NVGRE: 3})


def test_every_capture_is_cleaned() -> None:
    one, two = Tape(), Tape()
    one.ping(A, B, 0x00138900, 0x00001389)
    two.ping(A, B, 0x00138900, 0x00001389)
    rest = without(evidence_of(one, two), B)
    assert [part.nvgre_frames for part in rest.captures.values()] == [0, 0]


def test_oddities_of_other_hosts_are_told_as_before() -> None:
    tape = Tape()
    tape.send(A, B, 0x00138900, flags=0x2008)
    tape.send(C, D, 0x00138900, flags=0x2008)
    (part,) = without(evidence_of(tape), A).captures.values()
    flags = Sign(Oddity.GRE_FLAGS, build.ip(C), build.ip(D), 0x2008)
    assert part.signs[flags] == Sightings(1, (Moment(2, NOON + MILLISECOND),))


def test_an_error_about_the_host_keeps_who_sent_it_and_what_it_says() -> None:
    tape = Tape()
    tape.error("192.168.50.254", A, Tape().send(A, B, 0x00138900), (3, 4), rest=1400)
    (part,) = without(evidence_of(tape), B).captures.values()
    assert list(part.icmp) == [
        IcmpSign(build.ip("192.168.50.254"), build.ip(A), 4, 3, 4, False, False, 1400)
    ]


def sampled_without_a_and_b(monkeypatch: pytest.MonkeyPatch) -> FoldedCapture:
    """Of four hosts with more VM pairs than are kept."""
    monkeypatch.setattr("nvgre_doctor.evidence.sampling.ALL_UNITS", 30)
    tape = Tape()
    for one, two, number in product((A, C), (B, D), range(20)):
        tape.ping(one, two, 0x1E848100, 0x1E848100, vm(number), vm(100 + number))
    (part,) = without(evidence_of(tape), A, B).captures.values()
    return part


def test_the_host_is_left_out_where_not_all_vm_pairs_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = sampled_without_a_and_b(monkeypatch)
    assert {key.source for key, _ in streams(parts(part.units()))} == {build.ip(C), build.ip(D)}
    assert sum(not is_kept(unit) for unit, _ in part.units()) == 2
    assert part.nvgre_frames == 40


def test_frames_of_other_hosts_count_where_not_all_vm_pairs_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = sampled_without_a_and_b(monkeypatch)
    there, back = build.ip(C) + build.ip(D), build.ip(D) + build.ip(C)
    assert part.frames_by_ends() == {there: 20, back: 20}


def test_what_a_capture_did_not_keep_stays_said() -> None:
    tape = Tape()
    tape.ping(A, B, 0x00138900, 0x00001389)
    before, rank = LeftOut(frames=7, signs=5), (9, build.ip(A) + build.ip(B))
    evidence = evidence_of(tape).changed(lambda part: part._replace(left_out=before, cut=rank))
    (part,) = without(evidence, C).captures.values()
    assert (part.left_out, part.cut) == (before, rank)
