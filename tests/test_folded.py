"""Captures laid over each other: what they hold alike is one value, and means what it means in each
of them.
"""

import pickle
import random
from functools import reduce
from operator import add

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvgre_doctor.evidence import Evidence, merge
from nvgre_doctor.evidence.bundles import bundle, unbundled
from nvgre_doctor.evidence.folded import Pool
from nvgre_doctor.evidence.limits import LeftOut
from nvgre_doctor.infer import infer
from nvgre_doctor.known.inventory import Inventory
from tests import build
from tests.worlds import A, B, C, Tape, Vm, diagnose_tapes, evidence_of, scan_frames

OLD, CURRENT = 0x00001389, 0x00138900


def machine(host: int, number: int) -> Vm:
    return Vm(f"00:15:5d:0{host}:00:{number:02x}", f"10.1.1.{64 * host + number}")


def fabric(pairs: int = 40, ttl: int = 128) -> list[build.Frame]:
    """A is current, B is old: one packet each way for so many VM pairs.  The last frame has another
    hop limit.
    """
    tape = Tape()
    for number in range(pairs):
        tape.send(A, B, CURRENT, machine(1, number), machine(2, number))
        tape.send(B, A, OLD, machine(2, number), machine(1, number))
    tape.send(A, B, CURRENT, machine(1, 0), machine(2, 0), ttl=ttl)
    return list(tape.frames)


def bundles(evidence: Evidence, index: int) -> set[bytes]:
    return {one for sent in evidence.captures[index].sent for one in sent.bundles}


def test_captures_that_are_alike_are_one_value() -> None:
    parts = [Evidence({index: scan_frames(fabric())}) for index in range(3)]
    whole = merge(parts)
    assert whole.captures[0] is whole.captures[1] is whole.captures[2]
    assert whole.different() == [(whole.captures[0], (0, 1, 2))]


def test_captures_that_differ_in_one_frame_have_all_but_one_bundle_in_common() -> None:
    whole = Evidence({0: scan_frames(fabric()), 1: scan_frames(fabric(ttl=127))})
    of_one, of_two = bundles(whole, 0), bundles(whole, 1)
    assert len(of_one) == len(of_two) > 3
    assert len(of_one - of_two) == len(of_two - of_one) == 1
    ids = [{id(one) for s in whole.captures[n].sent for one in s.bundles} for n in (0, 1)]
    assert len(ids[0] & ids[1]) == len(of_one) - 1
    of_b = [sent for sent in whole.captures[0].sent if sent.source == build.ip(B)]
    assert of_b[0] is whole.captures[1].sent[1]


def test_bundles_hold_all_units_in_an_order_of_their_own() -> None:
    packed = scan_frames(fabric()).units.packed
    shuffled = list(packed.items())
    random.Random(1).shuffle(shuffled)
    sent = bundle(dict(shuffled))
    assert sent == bundle(packed)
    assert [one.source for one in sent] == [build.ip(A), build.ip(B)]
    assert dict(unit for one in sent for unit in one.units()) == packed
    for one in sent:
        for each in one.bundles:
            assert 0 < len(list(unbundled(each))) < 80


def test_what_was_merged_elsewhere_is_shared_again() -> None:
    """A process sends its part as bytes, in which nothing is shared with that of another one."""
    one = merge([Evidence({index: scan_frames(fabric())}) for index in (0, 1)])
    two = pickle.loads(pickle.dumps(Evidence({2: scan_frames(fabric())})))
    assert len(pickle.dumps(one)) < 1.01 * len(pickle.dumps(two))
    whole = one + two
    assert whole.captures[0] is whole.captures[1] is whole.captures[2]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frames", 82),
        ("nvgre_frames", 80),
        ("unkept_frames", ((bytes(8), 1),)),
        ("left_out", LeftOut(frames=1)),
        ("cut", (0, bytes(8))),
    ],
)
def test_captures_that_differ_in_a_count_are_two_values(field: str, value: object) -> None:
    pool, one = Pool(), scan_frames(fabric()).folded()
    two = one._replace(**{field: value})  # type: ignore[arg-type]
    assert pool.share(one) == one
    assert pool.share(two) == two


def test_the_same_capture_three_times_proves_what_it_proves_once() -> None:
    alone, thrice = diagnose_tapes(fabric()), diagnose_tapes(*[fabric()] * 3)
    for address in map(build.ip, (A, B)):
        one, three = alone.hosts[address], thrice.hosts[address]
        assert (three.layout, three.confidence) == (one.layout, one.confidence)
        assert three.margin == one.margin > 10
        assert three.frames_sent == 3 * one.frames_sent
        assert [s.first for s in three.spans] == [s.first for s in one.spans]
        (span,) = three.spans
        there = span.first._replace(capture=2)
        assert span.ends_in(2) == (there, span.last._replace(capture=2))
    assert [(c.capture, c.packets, c.most, c.other_capture) for c in thrice.copies] == [
        (1, 81, 2, 0),
        (2, 81, 2, 0),
    ]
    assert [at.capture for at in thrice.copies[1].frames] == [2] * 5


def test_streams_of_captures_that_are_alike_begin_in_the_first_and_end_in_the_last() -> None:
    stream = diagnose_tapes(*[fabric(1)] * 3).streams[0]
    assert (stream.frames, stream.first.capture, stream.last.capture) == (6, 0, 2)


@pytest.mark.parametrize("streams", [1, 2, 1000])
@given(st.lists(st.integers(0, 5), min_size=2, max_size=6), st.randoms())
@settings(max_examples=15, deadline=None)
def test_how_streams_are_bundled_and_merged_changes_no_diagnosis(
    streams: int, order: list[int], dice: random.Random
) -> None:
    recordings = [
        fabric(9),
        fabric(9, ttl=60),
        fabric(9)[::-1],
        fabric(9)[:11],
        [(ts_ns + 10**12, *rest) for ts_ns, *rest in fabric(9)],
        [*fabric(3), *[(ts_ns + 10**12, *rest) for ts_ns, *rest in fabric(3)]],
    ]
    captures = [recordings[number] for number in order]
    expected = infer(evidence_of(*captures), Inventory())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nvgre_doctor.evidence.bundles._STREAMS", streams)
        parts = [Evidence({n: scan_frames(frames)}) for n, frames in enumerate(captures)]
        dice.shuffle(parts)
        while len(parts) > 1:
            some = [parts.pop() for _ in range(min(len(parts), dice.randint(2, 3)))]
            parts.insert(dice.randrange(len(parts) + 1), pickle.loads(pickle.dumps(merge(some))))
        assert infer(reduce(add, parts, Evidence()), Inventory()) == expected


def test_hosts_of_a_third_capture_stand_beside_those_of_two_that_are_alike() -> None:
    other = Tape()
    other.send(C, A, OLD, machine(3, 1), machine(1, 1))
    found = evidence_of(fabric(), other.frames, fabric()).by_source()
    assert {source: [held for _, held in own] for source, own in found.items()} == {
        build.ip(A): [(0, 2)],
        build.ip(B): [(0, 2)],
        build.ip(C): [(1,)],
    }


def test_limits_open_every_bundle_once_however_many_captures_hold_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from nvgre_doctor.evidence import folded

    evidence = merge([Evidence({n: scan_frames(fabric(ttl=60 + n))}) for n in range(30)])
    of_one, opened = len(bundles(evidence, 0)), []
    monkeypatch.setattr(folded, "unbundled", lambda one: opened.append(one) or unbundled(one))
    assert evidence.limited() is evidence
    assert len(opened) == len(set(opened)) == of_one + 29
