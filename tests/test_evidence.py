"""Evidence is a monoid: however a capture is cut into parts, and in whatever order these are
merged, the sum is the same.
"""

from collections.abc import Iterator
from functools import reduce
from itertools import pairwise, permutations
from operator import add

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvgre_doctor.evidence import CaptureEvidence, Evidence
from nvgre_doctor.evidence.intervals import parts
from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.evidence.signs import EXAMPLES, Sightings, Sign
from nvgre_doctor.evidence.streams import StreamFacts, StreamKey, streams
from nvgre_doctor.vocabulary import Oddity
from tests import build
from tests.worlds import A6, B6, GRE, NOON, UDP, VM1, VM2, VM3, A, B, C, Tape, Vm, scan_frames

HOST_A, HOST_B = bytes([192, 168, 50, 1]), bytes([192, 168, 50, 2])
MACS = bytes.fromhex("00155d0a000200155d0a0001")


def palette() -> list[bytes]:
    """One frame of every kind that the scan tells apart."""
    tape = Tape()
    refused = tape.send(A, B, 0x00138900)
    tape.send(A, B, 0x00138977)
    tape.send(A, B, 0x00138900, VM3, VM2, ttl=64)
    tape.send(B, A, 0x00001389, VM2, VM1)
    tape.send(A6, B6, 0x1E848100)
    tape.send(A, B, 0xFFFFFF00)
    tape.send(A, C, 0x00138900, flags=0xA000)
    tape.send(A, C, 0x00138900, inner_tags=[(0x8100, 7)])
    tape.send(A, C, 0x00138900, fragment=0x2000)
    tape.put(build.ipv4(A, C, GRE, bytes(16), fragment=0x00B9))
    tape.error(B, A, refused[:28])
    tape.error(B, A, build.ipv4(A, B, UDP, build.udp(A, B, 1000, 53)))
    tape.unreachable(B, A, 0xFFFFFF00, refused)
    tape.guest_refusal(B, A, 0x00001389, VM2, VM1)
    tape.put(build.ipv4(A, B, UDP, build.udp(A, B, 1000, 4789, bytes(60))))
    tape.web()
    tape.frames.append((NOON, build.ethernet(build.arp(VM1.mac, A, B))))
    tape.frames.append((NOON, tape.frames[0][1][:40], 92))
    tape.frames.append((NOON, b"\0"))
    return [frame[1] for frame in tape.frames]


PALETTE = palette()
recordings = st.lists(
    st.tuples(st.integers(NOON, NOON + 10**9), st.sampled_from(PALETTE), st.just(1500)),
    min_size=1,
    max_size=24,
)


@given(recordings, st.data())
@settings(max_examples=80, deadline=None)
def test_a_capture_cut_anywhere_and_merged_in_any_order_gives_the_same_evidence(
    frames: list[build.Frame], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(frames)), max_size=5)) | {0, len(frames)})
    stretches = [
        scan_frames(frames[start:stop], range(start + 1, stop + 1))
        for start, stop in pairwise(cuts)
    ]
    shuffled = data.draw(st.permutations(stretches))
    assert reduce(add, shuffled, CaptureEvidence()) == scan_frames(frames)


@given(recordings, st.data())
@settings(max_examples=40, deadline=None)
def test_frames_dealt_out_to_parts_one_by_one_give_the_same_evidence(
    frames: list[build.Frame], data: st.DataObject
) -> None:
    hands = data.draw(st.lists(st.integers(0, 2), min_size=len(frames), max_size=len(frames)))
    parts = []
    for hand in range(3):
        numbers = [number for number, holder in enumerate(hands, 1) if holder == hand]
        parts.append(scan_frames([frames[number - 1] for number in numbers], numbers))
    assert reduce(add, data.draw(st.permutations(parts)), CaptureEvidence()) == scan_frames(frames)


@given(st.lists(recordings, min_size=1, max_size=4), st.data())
@settings(max_examples=25, deadline=None)
def test_captures_merged_in_any_order_and_grouping_give_the_same_evidence(
    captures: list[list[build.Frame]], data: st.DataObject
) -> None:
    one_each = [Evidence({index: scan_frames(frames)}) for index, frames in enumerate(captures)]
    expected = Evidence({index: scan_frames(frames) for index, frames in enumerate(captures)})
    shuffled = data.draw(st.permutations(one_each))
    assert reduce(add, shuffled, Evidence()) == expected
    split = data.draw(st.integers(0, len(shuffled)))
    left, right = (
        reduce(add, shuffled[:split], Evidence()),
        reduce(add, shuffled[split:], Evidence()),
    )
    assert left + right == expected


def test_merging_leaves_both_parts_as_they_were() -> None:
    one = CaptureEvidence(1, 1, signs={Sign(Oddity.VXLAN): Sightings(1, (Moment(1, 10),))})
    two = CaptureEvidence(2, 0, signs={Sign(Oddity.VXLAN): Sightings(2, (Moment(2, 20),))})
    assert (one + two).signs == {Sign(Oddity.VXLAN): Sightings(3, (Moment(1, 10), Moment(2, 20)))}
    assert one == CaptureEvidence(1, 1, signs={Sign(Oddity.VXLAN): Sightings(1, (Moment(1, 10),))})
    assert two == CaptureEvidence(2, 0, signs={Sign(Oddity.VXLAN): Sightings(2, (Moment(2, 20),))})


def test_nothing_added_changes_nothing() -> None:
    whole = scan_frames([(NOON, frame) for frame in PALETTE])
    assert whole.frames == 19
    assert whole.nvgre_frames == 11
    assert whole + CaptureEvidence() == whole == CaptureEvidence() + whole
    assert (
        Evidence({0: whole}) + Evidence()
        == Evidence({0: whole})
        == Evidence() + Evidence({0: whole})
    )


def sightings(*numbers: int) -> Sightings:
    return Sightings(len(numbers), tuple(Moment(number, number * 10) for number in numbers))


def test_five_examples_are_kept() -> None:
    assert EXAMPLES == 5


def test_the_smallest_frame_numbers_are_the_examples_in_whatever_order_they_come() -> None:
    parts = [sightings(9, 11), sightings(2, 4, 40), sightings(3), sightings(1, 12)]
    smallest = (Moment(1, 10), Moment(2, 20), Moment(3, 30), Moment(4, 40), Moment(9, 90))
    for order in permutations(parts):
        assert reduce(add, order) == Sightings(8, smallest)


def test_a_later_clock_on_an_earlier_frame_does_not_change_the_order_of_examples() -> None:
    early, late = Sightings(1, (Moment(1, 999),)), Sightings(1, (Moment(2, 5),))
    assert (late + early).examples == (Moment(1, 999), Moment(2, 5))


@pytest.mark.parametrize(
    ("source", "destination", "snaplen", "upper_bits", "macs"),
    [
        (A, B, 0, 0x001389, MACS),
        (A, B, 42, 0x001389, b""),
        (A, B, 0, 0, MACS),
        (A6, B6, 0, 0xFFFFFE, MACS),
        ("::", "ff:ff:ff:ff:ff:ff:ff:ff", 62, 0x010000, b""),
    ],
)
def test_a_stream_is_found_again_under_what_it_was_seen_with(
    source: str, destination: str, snaplen: int, upper_bits: int, macs: bytes
) -> None:
    tape = Tape(snaplen=snaplen)
    tape.send(source, destination, upper_bits << 8 | 7)
    ((key, facts),) = streams(parts(scan_frames(tape.frames).units.packed.items()))
    assert key == StreamKey(build.ip(source), build.ip(destination), upper_bits, macs)
    assert facts == StreamFacts(
        1,
        Moment(1, NOON),
        Moment(1, NOON),
        bytes([10, 1, 1, 1, 10, 1, 1, 2]) if macs else b"",
        b"\x07",
    )


def test_streams_come_in_order() -> None:
    tape = Tape()
    for destination, gre_key in ((C, 0x00138900), (B, 0x0F424000), (B, 0x00138900)):
        tape.send(A, destination, gre_key)
    tape.send(A, B, 0x00138900, VM3, VM2)
    found = [
        (key.destination[-1], key.upper_bits, key.macs[-1])
        for key, _ in streams(parts(scan_frames(tape.frames).units.packed.items()))
    ]
    assert found == [(2, 0x1389, 1), (2, 0x1389, 3), (2, 0x0F4240, 1), (3, 0x1389, 1)]


# --- many VM pairs -----------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def _few_are_many() -> Iterator[None]:
    """Limits that a test can pass: real captures need 10,000 streams before any VM pair is left
    out.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nvgre_doctor.evidence.sampling.ALL_UNITS", 60)
        patch.setattr("nvgre_doctor.evidence.sampling.VM_STREAMS", 16)
        yield


def fabric(pairs: int, numbering: str = "next block") -> list[build.Frame]:
    """Pings between many VM pairs of two hosts, one virtual subnet for every three.  Hyper-V
    numbers the MACs of a host in order.
    """
    tape = Tape()
    for number in range(pairs):
        partner = {
            "next block": Vm(f"00:15:5d:0a:00:{number + 100:02x}", "10.1.2.1"),
            "same octet, other host": Vm(f"00:15:5d:0b:00:{number:02x}", "10.1.2.1"),
            "neighbours": Vm(f"00:15:5d:0a:01:{number + 1:02x}", "10.1.2.1"),
            "all with one": Vm("00:15:5d:0b:00:01", "10.1.2.1"),
            "backwards": Vm(f"00:15:5d:0b:00:{255 - number:02x}", "10.1.2.1"),
            "steps of 16": Vm(f"00:15:5d:0b:{number % 16:02x}:{number // 16:02x}", "10.1.2.1"),
        }[numbering]
        one = Vm(f"00:15:5d:0a:00:{number:02x}", "10.1.1.1")
        tape.ping(A, B, (5000 + number // 3) << 8 | number & 0x7F, 5000 + number // 3, one, partner)
    return tape.frames


NUMBERINGS = [
    "next block",
    "same octet, other host",
    "neighbours",
    "all with one",
    "backwards",
    "steps of 16",
]


@pytest.mark.parametrize("numbering", NUMBERINGS)
def test_some_vm_pairs_but_no_more_than_sixteen_are_kept_for_each_direction_and_no_frame_is_lost(
    numbering: str,
) -> None:
    evidence = scan_frames(fabric(90, numbering))
    for source in (HOST_A, HOST_B):
        found = [
            (key, facts)
            for key, facts in streams(parts(evidence.units.packed.items()))
            if key.source == source
        ]
        assert 1 <= len({key.macs for key, _ in found} - {b""}) <= 16
        assert sum(facts.frames for _, facts in found) == 90
        assert {key.upper_bits for key, _ in found} == {
            number >> 8 if source == HOST_B else number for number in range(5000, 5030)
        }


@pytest.mark.parametrize("numbering", NUMBERINGS)
def test_all_vm_pairs_of_a_capture_without_many_are_kept(numbering: str) -> None:
    evidence = scan_frames(fabric(30, numbering))
    assert not evidence.is_thinned
    assert len(evidence.units.packed) == 60
    assert sum(bool(key.macs) for key, _ in streams(parts(evidence.units.packed.items()))) == 60


@pytest.mark.parametrize("numbering", NUMBERINGS)
def test_the_same_vm_pairs_are_kept_in_both_directions(numbering: str) -> None:
    kept = {HOST_A: set(), HOST_B: set()}
    for key, _ in streams(parts(scan_frames(fabric(90, numbering)).units.packed.items())):
        if key.macs:
            kept[key.source].add(frozenset((key.macs[:6], key.macs[6:])))
    assert kept[HOST_A] == kept[HOST_B]
    assert kept[HOST_A]


MANY = fabric(60)


@given(st.permutations(range(len(MANY))), st.sets(st.integers(0, len(MANY)), max_size=4), st.data())
@settings(max_examples=25, deadline=None)
def test_which_vm_pairs_are_kept_depends_on_no_order_and_no_split(
    order: list[int], cuts: set[int], data: st.DataObject
) -> None:
    ends = sorted(cuts | {0, len(MANY)})
    stretches = []
    for start, stop in pairwise(ends):
        numbers = sorted(order[start:stop])
        stretches.append(
            scan_frames([MANY[number] for number in numbers], [number + 1 for number in numbers])
        )
    assert reduce(add, data.draw(st.permutations(stretches)), CaptureEvidence()) == scan_frames(
        MANY
    )


def test_signs_come_in_order_of_captures_and_only_those_asked_for() -> None:
    tagged, flagged = (
        Sign(Oddity.INNER_TAG, HOST_A, HOST_B),
        Sign(Oddity.GRE_FLAGS, HOST_A, HOST_B, 0xA000),
    )
    evidence = Evidence(
        {
            1: CaptureEvidence(signs={tagged: sightings(3)}),
            0: CaptureEvidence(signs={flagged: sightings(1), tagged: sightings(2)}),
        }
    )
    assert list(evidence.signs(Oddity.INNER_TAG)) == [
        (0, tagged, sightings(2)),
        (1, tagged, sightings(3)),
    ]
    assert list(evidence.signs(Oddity.VXLAN)) == []
