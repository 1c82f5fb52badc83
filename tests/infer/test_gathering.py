"""Streams of several captures, laid over each other."""

from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.gathering import by_source, count_frames
from nvgre_doctor.infer.hearing import hear
from tests import build
from tests.infer.heard import (
    MACS,
    SECOND,
    SUBNET,
    A,
    B,
    C,
    evidence_of,
    interval,
    key,
    part,
    unit,
)

OTHER = build.ip("10.9.9.1") + build.ip("10.9.9.2")


def test_a_stream_of_two_captures_is_one() -> None:
    """Of the second capture, which began earlier, come the customers."""
    first = unit(5, count=2, first=3, last=8, seconds=(100, 200), seed=10)
    second = unit(9, count=3, first=1, last=7, seconds=(50, 150), seed=20)
    evidence = evidence_of(
        {
            0: {key(0x1389): part(interval(first))},
            1: {key(0x1389): part(interval(second), customers=OTHER)},
        }
    )
    (stream,) = hear(evidence).streams
    assert stream[:4] == (A, B, 0x1389, MACS)
    assert (stream.low_octets, stream.frames) == (b"\5\t", 5)
    assert (stream.first, stream.last) == (At(50 * SECOND, 1, 1), At(200 * SECOND, 0, 8))
    assert stream.customer_addresses == OTHER


def test_of_captures_in_their_order_the_customers_are_those_of_the_first() -> None:
    evidence = evidence_of(
        {
            0: {key(0x1389): part(interval(unit(seconds=(50, 60), seed=10)))},
            1: {key(0x1389): part(interval(unit(seconds=(100, 160), seed=20)), customers=OTHER)},
        }
    )
    (stream,) = hear(evidence).streams
    assert stream.customer_addresses == SUBNET
    assert (stream.first, stream.last) == (At(50 * SECOND, 0, 1), At(160 * SECOND, 1, 2))


def test_captures_that_are_alike_add_their_frames() -> None:
    alike = {key(0x1389): part(interval(unit(count=3)))}
    (stream,) = hear(evidence_of({2: alike, 4: alike, 7: alike})).streams
    assert (stream.frames, stream.first.capture, stream.last.capture) == (9, 2, 7)


def test_streams_stand_in_order_and_each_host_has_its_own() -> None:
    evidence = evidence_of(
        {
            0: {
                key(0x1771, source=B, destination=A): part(interval(unit(seed=10))),
                key(0x1771): part(interval(unit(seed=20))),
                key(0x1389): part(interval(unit(seed=30))),
            }
        }
    )
    streams = hear(evidence).streams
    assert [(s.source, s.upper_bits) for s in streams] == [(A, 0x1389), (A, 0x1771), (B, 0x1771)]
    assert by_source(streams) == {A: streams[:2], B: streams[2:]}
    assert count_frames(evidence, streams) == {(A, B): 4, (B, A): 2}


def test_frames_of_vm_pairs_that_were_not_kept_count_for_their_hosts() -> None:
    one, two = CaptureEvidence(), CaptureEvidence()
    one.units.unkept_frames.update({A + B: 5, C + A: 7})
    two.units.unkept_frames.update({A + B: 3})
    evidence = Evidence({0: one, 1: two, 2: two})
    assert list(count_frames(evidence, []).items()) == [((A, B), 11), ((C, A), 7)]
