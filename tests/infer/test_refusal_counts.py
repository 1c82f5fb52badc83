"""One packet is counted once and has one cause, however many captures tell of it."""

from nvgre_doctor.evidence.parts import Moment
from nvgre_doctor.evidence.signs import IcmpInterval
from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.diagnosis import Spell
from nvgre_doctor.infer.refusal_counts import Refused, spells_of
from nvgre_doctor.vocabulary import Cause

POLICY, MISMATCH, UNKNOWN = Cause.POLICY, Cause.LAYOUT_MISMATCH, Cause.UNKNOWN


def seen(frame_number: int, *digests: bytes) -> IcmpInterval:
    moment = Moment(frame_number, 1000 * frame_number)
    return IcmpInterval(
        0, 0, len(digests), moment, moment, (moment,), tuple((digest, 1) for digest in digests)
    )


def numbered(number: int) -> bytes:
    return number.to_bytes(2) + b"packet"


def unnumbered(kind: bytes, tick: int) -> bytes:
    return b"\0\0" + kind + tick.to_bytes(3)


def counts(*seen_by: tuple[Cause, IcmpInterval, int]) -> dict[Cause, tuple[int, int, list[int]]]:
    refused = Refused()
    for told in seen_by:
        refused.add(*told[:2], (told[2],))
    return {
        cause: (told.packets, told.sightings, sorted(at.frame_number for at in told.frames))
        for cause, told in refused.by_cause()
    }


def test_a_packet_in_two_captures_has_the_cause_that_one_of_them_knows() -> None:
    assert counts((UNKNOWN, seen(1, numbered(1)), 0), (POLICY, seen(2, numbered(1)), 1)) == {
        POLICY: (1, 2, [1, 2])
    }


def test_of_a_packet_with_two_causes_neither_is_known() -> None:
    assert counts((MISMATCH, seen(1, numbered(1)), 0), (POLICY, seen(2, numbered(1)), 1)) == {
        UNKNOWN: (1, 2, [1, 2])
    }


def test_packets_with_two_causes_beside_others_leave_those_their_cause() -> None:
    told = counts(
        (MISMATCH, seen(1, numbered(1), numbered(2)), 0), (POLICY, seen(2, numbered(1)), 1)
    )
    assert {cause: row[0] for cause, row in told.items()} == {MISMATCH: 1, UNKNOWN: 1}
    assert all(frames for _, _, frames in told.values())


def test_messages_that_are_alike_are_as_many_as_the_capture_with_most_of_them_holds() -> None:
    one = [unnumbered(b"abc", tick) for tick in (100, 200, 300)]
    two = [unnumbered(b"abc", tick) for tick in (9100, 9200)]
    assert counts((UNKNOWN, seen(1, *one), 0), (POLICY, seen(2, *two), 1)) == {
        UNKNOWN: (3, 5, [1, 2])
    }


def test_copies_that_follow_within_half_a_millisecond_are_one_packet() -> None:
    near = [unnumbered(b"abc", tick) for tick in (100, 108, 117)]
    assert counts((POLICY, seen(1, *near), 0)) == {POLICY: (2, 3, [1])}


def test_frames_are_of_the_capture_that_holds_them() -> None:
    refused = Refused()
    refused.add(POLICY, seen(7, numbered(1)), (3,))
    ((_, told),) = refused.by_cause()
    assert told.frames == [At(7000, 3, 7)]


def test_captures_that_are_alike_are_told_as_each_of_them() -> None:
    one, two = Refused(), Refused()
    digests = [numbered(1), *(unnumbered(b"abc", tick) for tick in (100, 200))]
    for capture in (2, 5, 9):
        one.add(POLICY, seen(7, *digests), (capture,))
    two.add(POLICY, seen(7, *digests), (2, 5, 9))
    ((_, of_each),), ((_, of_all),) = one.by_cause(), two.by_cause()
    assert of_all[:2] == of_each[:2] == (3, 9)
    assert sorted(of_all.frames) == of_each.frames == [At(7000, n, 7) for n in (2, 5, 9)]
    assert [*spells_of(of_all.seen)] == [*spells_of(of_each.seen)]
    assert [*spells_of(of_all.seen)] == [Spell(n, 7, 7) for n in (2, 5, 9)]


def test_causes_one_after_the_other_are_told_apart_also_where_there_are_very_many() -> None:
    """Numbers rise with time, and only the smallest are kept."""
    early = seen(1, *map(numbered, range(1, 101)))
    late = seen(2, *map(numbered, range(1001, 1101)))
    told = counts((MISMATCH, early, 0), (POLICY, late, 0))
    assert {cause: row[:2] for cause, row in told.items()} == {
        MISMATCH: (100, 100),
        POLICY: (100, 100),
    }


def spells(*seen_by: tuple[Cause, IcmpInterval, int]) -> dict[Cause, list[Spell]]:
    refused = Refused()
    for told in seen_by:
        refused.add(*told[:2], (told[2],))
    return {cause: sorted(spells_of(told.seen)) for cause, told in refused.by_cause()}


def test_when_packets_were_seen_is_told_with_the_cause_that_they_have_in_the_end() -> None:
    one, two = seen(1, *map(numbered, (1, 2, 3))), seen(2, numbered(9))
    assert spells((MISMATCH, one, 0), (POLICY, two, 0), (UNKNOWN, seen(3, numbered(1)), 1)) == {
        MISMATCH: [Spell(0, 1, 1), Spell(1, 3, 3)],
        POLICY: [Spell(0, 2, 2)],
    }
    one, two = seen(1, *map(numbered, (1, 2))), seen(2, *map(numbered, (1, 3)))
    assert spells((MISMATCH, one, 0), (POLICY, two, 1)) == {
        MISMATCH: [Spell(0, 1, 1)],
        POLICY: [Spell(1, 2, 2)],
        UNKNOWN: [Spell(0, 1, 1), Spell(1, 2, 2)],
    }


def test_packets_that_captures_disagree_about_have_the_frames_of_all() -> None:
    told = counts(
        (MISMATCH, seen(1, numbered(1), numbered(2)), 0),
        (POLICY, seen(2, numbered(1), numbered(3)), 1),
    )
    assert told == {MISMATCH: (1, 2, [1]), POLICY: (1, 2, [2]), UNKNOWN: (1, 1, [1, 2])}


def test_sightings_of_no_packet_of_their_own_count_where_most_packets_are() -> None:
    told = counts(
        (MISMATCH, seen(1, *map(numbered, (1, 2, 3))), 0),
        (POLICY, seen(2, numbered(9)), 0),
        (UNKNOWN, seen(3, numbered(1)), 1),
    )
    assert told == {MISMATCH: (3, 4, [1, 3]), POLICY: (1, 1, [2])}


def test_frames_of_several_times_are_told_together() -> None:
    told = counts((POLICY, seen(1, numbered(1)), 0), (POLICY, seen(2, numbered(2)), 0))
    assert told == {POLICY: (2, 2, [1, 2])}


def test_of_captures_with_as_many_alike_the_one_that_knows_most_is_believed() -> None:
    alike = [unnumbered(b"abc", tick) for tick in (100, 200)]
    later = [unnumbered(b"abc", tick) for tick in (9100, 9200)]
    for one, two in ((UNKNOWN, POLICY), (POLICY, UNKNOWN)):
        assert counts((one, seen(1, *alike), 0), (two, seen(2, *later), 1)) == {
            POLICY: (2, 4, [1, 2])
        }


def test_a_message_at_the_first_tick_counts() -> None:
    assert counts((POLICY, seen(1, unnumbered(b"abc", 0)), 0)) == {POLICY: (1, 1, [1])}


def test_of_very_many_packets_the_number_is_estimated_by_how_often_the_known_ones_were_seen() -> (
    None
):
    """64 are known, each seen twice in 512 sightings: 256 packets."""
    known = seen(1, *map(numbered, range(1, 65)))._replace(sightings=256)
    (told,) = counts((POLICY, known, 0), (POLICY, known, 0)).values()
    assert told[:2] == (256, 512)
    odd = known._replace(sightings=257)
    (told,) = counts((POLICY, odd, 0), (POLICY, known, 0)).values()
    assert told[:2] == (256, 513)
    assert type(told[0]) is int
