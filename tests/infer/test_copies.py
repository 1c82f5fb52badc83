"""Copies: the same packets more than once, in one capture or in two."""

from collections.abc import Mapping, Sequence

from nvgre_doctor.evidence.parts import Interval, Packet, Part, PartKey, Unit
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import Copies
from nvgre_doctor.infer.hearing import hear
from tests.infer.heard import B, C, evidence_of, interval, key, moment, part, vm_macs


def held(
    *packets: int, first: int = 1, frames: int = 1, numbered: bool = True, number: int = 0
) -> tuple[int, Unit]:
    """One or two packets, each so often, of the VM pair with this number."""
    known = tuple(
        Packet(one if numbered else 0, one.to_bytes(8), frames, 128, 0) for one in packets
    )
    ends = moment(first, first), moment(first + 9, first + 9)
    return number, Unit(0, frames * len(packets), *ends, known)


Told = list[tuple[int, int, int, list[int], int | None]]
"""Capture, packets, how often, first frames, and which other capture."""


def copies(*captures: Sequence[tuple[int, Unit]]) -> Told:
    return copies_in(
        {
            index: {
                key(0x1389, macs=vm_macs(number)): part(interval(unit)) for number, unit in units
            }
            for index, units in enumerate(captures)
        }
    )


def copies_in(captures: Mapping[int, Mapping[PartKey, Part]]) -> Told:
    return [
        (one.capture, one.packets, one.most, [at.frame_number for at in one.frames], other)
        for one in hear(evidence_of(captures)).copies
        for other in (one.other_capture,)
    ]


def test_each_packet_once_is_no_copy() -> None:
    assert copies([held(1, 2), held(3, number=1)]) == []
    assert copies() == []


def test_packets_of_one_capture_are_told_with_how_often_they_were_captured() -> None:
    assert copies([held(1, 2, first=7, frames=3)]) == [(0, 2, 3, [7], None)]
    assert copies([held(1, 2, first=7, frames=2)]) == [(0, 2, 2, [7], None)]
    several = [held(1, 2, first=7, frames=3), held(3, first=5, frames=4, number=1)]
    assert copies(several) == [(0, 3, 4, [5, 7], None)]


def test_packets_without_a_number_are_alike_and_no_copies_in_one_capture() -> None:
    assert copies([held(1, 2, frames=3, numbered=False)]) == []


def test_packets_that_another_capture_holds_are_told_there() -> None:
    assert copies([held(1, 2, first=4)], [held(1, 2, first=8)]) == [(1, 2, 2, [8], 0)]
    unnumbered = held(1, 2, first=4, numbered=False), held(1, 2, first=8, numbered=False)
    assert copies([unnumbered[0]], [unnumbered[1]]) == [(1, 2, 2, [8], 0)]


def test_only_the_packets_that_both_hold_count() -> None:
    one = [held(1, 2), held(3, first=2, number=1)]
    two = [held(2, 9, first=6), held(4, first=3, number=1)]
    assert copies(one, two) == [(1, 1, 2, [6], 0)]


def test_how_often_counts_the_copy_of_the_other_capture() -> None:
    assert copies([held(1, 2)], [held(1, 2, first=8, frames=3)]) == [
        (1, 2, 3, [8], None),
        (1, 2, 4, [8], 0),
    ]


def test_a_packet_of_three_captures_is_compared_with_the_first() -> None:
    assert copies([held(1, 2)], [held(1, 2, first=5)], [held(1, 2, first=9)]) == [
        (1, 2, 2, [5], 0),
        (2, 2, 2, [9], 0),
    ]


def test_a_capture_may_hold_packets_of_two_others() -> None:
    three = [held(1, 2, first=6), held(3, 4, first=4, number=1), held(5, 6, first=5, number=2)]
    assert copies([held(1, 2)], [held(3, 4, number=1)], three) == [
        (2, 2, 2, [6], 0),
        (2, 2, 2, [4], 1),
    ]


def test_captures_that_are_alike_are_copies_of_the_first() -> None:
    alike = [held(1, 2, first=3, frames=2)]
    assert copies(alike, alike, alike) == [
        (0, 2, 2, [3], None),
        (1, 2, 2, [3], None),
        (1, 2, 3, [3], 0),
        (2, 2, 2, [3], None),
        (2, 2, 3, [3], 0),
    ]


def test_what_several_addresses_sent_is_told_together_of_each_capture() -> None:
    """What the first one sent is alike in both captures; of the second they hold one packet."""
    of_first = {key(0x1389): part(interval(held(1, 2, first=3, frames=2)[1]))}
    seconds = held(3, first=5, frames=3)[1], held(3, first=9, frames=4)[1]
    captures = {
        index: {**of_first, key(0x1389, source=C): part(interval(unit))}
        for index, unit in enumerate(seconds)
    }
    assert copies_in(captures) == [
        (0, 3, 3, [3, 5], None),
        (1, 3, 4, [3, 9], None),
        (1, 3, 5, [3, 9], 0),
    ]


def test_very_many_vm_pairs_are_counted_together_and_the_first_five_frames_told() -> None:
    many = [held(2 * n + 1, 2 * n + 2, first=100 - n, number=n) for n in range(60)]
    again = [held(2 * n + 1, 2 * n + 2, first=200 - n, number=n, frames=1 + n) for n in range(60)]
    assert copies(many, again) == [
        (1, 118, 60, [141, 142, 143, 144, 145], None),
        (1, 120, 61, [141, 142, 143, 144, 145], 0),
    ]


def test_the_frames_are_of_the_capture_that_is_told() -> None:
    unit = held(1, 2, first=8)[1]
    parts = {key(0x1389, destination=B): part(interval(unit))}
    (found,) = hear(evidence_of({4: parts, 7: parts})).copies
    assert found == Copies(7, 2, 2, (At(8_000_000_000, 7, 8),), 4)


def test_frames_that_were_cut_before_their_inner_ethertype_are_no_copies() -> None:
    cut = {key(0x1389): Part((Interval(moment(1), moment(2), (), 2),), b"", b"\0")}
    assert hear(evidence_of({0: cut, 1: cut})).copies == []
