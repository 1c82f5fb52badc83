"""Clocks of captures, tied together by packets that two of them hold."""

from random import Random

import pytest

from nvgre_doctor.evidence import Evidence
from nvgre_doctor.evidence.parts import Part, PartKey, Unit
from nvgre_doctor.infer.clocks import Clocks
from tests.infer.heard import SECOND, A, B, C, interval, key, offsets_in, part, unit, vm_macs


def capture(*units: object, upper_bits: int = 0x1389) -> dict[PartKey, Part]:
    return {key(upper_bits + n): part(interval(one)) for n, one in enumerate(units)}  # type: ignore[arg-type]


def at(second: float, seed: int = 0, count: int = 2, length: float = 1) -> object:
    return unit(count=count, seed=seed, seconds=(second, second + length))


def held(source: bytes, *units: object) -> dict[PartKey, Part]:
    """All that one address sent in one capture, of one VM pair: captures that hold all of it are
    compared by it, and only those that hold some of it unit by unit.
    """
    found = [one._replace(low_octet=octet) for octet, one in enumerate(units)]  # type: ignore[attr-defined]
    return {key(0x1389, source=source): part(interval(*found))}


def one_ns_longer(told: object) -> Unit:
    last = told.last  # type: ignore[attr-defined]
    return told._replace(last=last._replace(ts_ns=last.ts_ns + 1))  # type: ignore[attr-defined,no-any-return]


def timeless() -> Unit:
    told = unit()
    return told._replace(first=told.first._replace(ts_ns=-1), last=told.last._replace(ts_ns=-1))


def test_a_clock_alone_is_its_own() -> None:
    assert offsets_in({3: capture(at(5))}) == {3: (0, 0)}
    assert offsets_in({}) == {}


def test_the_same_packets_tell_how_far_one_clock_is_ahead() -> None:
    offsets = offsets_in({0: capture(at(100)), 1: capture(at(3700))})
    assert offsets == {0: (0, 0), 1: (0, 3600 * SECOND)}


def test_other_packets_tell_nothing() -> None:
    offsets = offsets_in({0: capture(at(100)), 1: capture(at(100, seed=50))})
    assert offsets == {0: (0, 0), 1: (1, 0)}


def test_units_of_another_number_of_frames_are_not_compared() -> None:
    offsets = offsets_in({0: capture(at(100)), 1: capture(at(100, count=3))})
    assert offsets == {0: (0, 0), 1: (1, 0)}


def ipv6(*units: object) -> dict[PartKey, Part]:
    """The same, sent over IPv6: these packets have no identification."""
    return {
        key(0x1389 + n, source=bytes(15) + b"\1"): part(interval(one))  # type: ignore[arg-type]
        for n, one in enumerate(units)
    }


@pytest.mark.parametrize("later", [102.0, 102.1, 3700])
def test_what_may_come_again_without_a_number_ties_clocks_that_agree(later: float) -> None:
    """At most two seconds lie between; an ARP request and its answer may come again."""
    one = ipv6(at(100, seed=10, length=0), at(101, seed=30, length=0))
    two = ipv6(at(later, seed=10, length=0), at(later + 1, seed=30, length=0))
    expected = (0, 2 * SECOND) if later == 102 else (1, 0)
    assert offsets_in({0: one, 1: two})[1] == expected


@pytest.mark.parametrize(("length", "is_tied"), [(2, False), (2.1, True)])
def test_what_comes_again_for_longer_with_the_same_gap_is_the_same(
    length: float, is_tied: bool
) -> None:
    offsets = offsets_in({0: ipv6(at(100, length=length)), 1: ipv6(at(3700, length=length))})
    assert offsets[1] == ((0, 3600 * SECOND) if is_tied else (1, 0))


@pytest.mark.parametrize(("order", "is_tied"), [(1600, False), (1601, True)])
def test_the_identification_of_an_inner_packet_is_a_number_where_it_is_no_length(
    order: int, is_tied: bool
) -> None:
    one, two = (ipv6(at(second, seed=order - 1, count=1, length=0)) for second in (100, 3700))
    assert offsets_in({0: one, 1: two})[1] == ((0, 3600 * SECOND) if is_tied else (1, 0))


@pytest.mark.parametrize(("order", "is_tied"), [(0, False), (0x0604, False), (1, True)])
def test_senders_that_number_nothing_tie_no_clocks_by_what_may_come_again(
    order: int, is_tied: bool
) -> None:
    """0x0604 are the sizes of addresses in an ARP frame."""
    one, two = (capture(at(second, seed=order - 1, count=1, length=0)) for second in (100, 3700))
    assert offsets_in({0: one, 1: two})[1] == ((0, 3600 * SECOND) if is_tied else (1, 0))


def test_one_packet_with_a_number_ties_what_others_without_cannot() -> None:
    one = capture(at(100, seed=10, length=0), upper_bits=0x2000) | ipv6(at(100, length=0))
    two = capture(at(3700, seed=10, length=0), upper_bits=0x2000) | ipv6(at(3700, length=0))
    assert offsets_in({0: one, 1: two})[1] == (0, 3600 * SECOND)


def test_it_does_so_also_where_it_is_looked_at_first() -> None:
    def held_at(second: float) -> dict[PartKey, Part]:
        last = key(0x1389, source=b"\xfd" * 16)
        numbered = capture(at(second, seed=10, length=0), upper_bits=0x2000)
        return numbered | {last: part(interval(at(second, length=0)))}  # type: ignore[arg-type]

    assert offsets_in({0: held_at(100), 1: held_at(3700)})[1] == (0, 3600 * SECOND)


@pytest.mark.parametrize(("second", "length"), [(3700, 2), (3701, 0)])
def test_first_and_last_frame_of_a_unit_count_alike(second: float, length: float) -> None:
    """One says 3600 seconds, the other 3601: of two the larger is the middle."""
    offsets = offsets_in({0: capture(at(100)), 1: capture(at(second, length=length))})
    assert offsets[1] == (0, 3601 * SECOND)


def test_three_clocks_are_tied_in_a_row() -> None:
    offsets = offsets_in(
        {
            0: capture(at(100, seed=10)),
            1: capture(at(110, seed=10), at(50, seed=30)),
            2: capture(at(45, seed=30)),
        }
    )
    assert offsets == {0: (0, 0), 1: (0, 10 * SECOND), 2: (0, 5 * SECOND)}


def test_packets_that_disagree_by_more_than_two_seconds_tie_nothing() -> None:
    one = capture(at(100, seed=10), at(200, seed=30))
    near = capture(at(110, seed=10), at(212, seed=30))
    far = capture(at(110, seed=10), one_ns_longer(at(212, seed=30)))
    assert offsets_in({0: one, 1: near})[1][0] == 0
    assert offsets_in({0: one, 1: far})[1] == (1, 0)


def test_the_middle_of_several_gaps_counts() -> None:
    one = capture(at(100, seed=10), at(200, seed=30))
    two = capture(at(110, seed=10), at(211, seed=30))
    assert offsets_in({0: one, 1: two})[1] == (0, 11 * SECOND)


def test_what_one_capture_holds_twice_marks_no_time() -> None:
    twice = {key(0x1389): part(interval(at(100)), interval(at(500)))}  # type: ignore[arg-type]
    assert offsets_in({0: twice, 1: capture(at(100))})[1] == (1, 0)
    assert offsets_in({0: capture(at(100)), 1: twice})[1] == (1, 0)


def test_frames_without_a_time_tie_nothing() -> None:
    offsets = offsets_in({0: capture(timeless()), 1: capture(timeless())})
    assert offsets == {0: (0, 0), 1: (1, 0)}


def test_captures_that_are_alike_are_tied_to_each_other_and_to_others() -> None:
    one, two = capture(at(100, seed=10), at(50, seed=30)), capture(at(110, seed=10))
    assert offsets_in({0: one, 1: two, 2: one, 3: capture(at(100, seed=50))}) == {
        0: (0, 0),
        1: (0, 10 * SECOND),
        2: (0, 0),
        3: (3, 0),
    }


def test_units_differ_where_their_packets_or_their_numbers_do() -> None:
    """One is 2 frames of 1 and 2, the other 2 frames of 1 and 3."""
    one = at(100, seed=0)
    other = one._replace(packets=(one.packets[0], one.packets[1]._replace(digest=b"anything")))  # type: ignore[attr-defined]
    assert offsets_in({0: capture(one), 1: capture(other)})[1] == (1, 0)


def test_frames_at_the_epoch_have_a_time() -> None:
    assert offsets_in({0: capture(at(0)), 1: capture(at(60))})[1] == (0, 60 * SECOND)


def test_all_gaps_between_two_clocks_must_agree() -> None:
    """The first and the last of three that are alike in other captures."""
    one = capture(at(100, seed=10), at(200, seed=30), at(300, seed=50))
    for late in ((113, 210, 310), (110, 213, 310), (110, 210, 313)):
        two = capture(*[at(second, seed=10 + 20 * n) for n, second in enumerate(late)])
        assert offsets_in({0: one, 1: two})[1] == (1, 0), late


def test_many_gaps_that_are_none_outvote_one() -> None:
    """Most units of the two are alike to the nanosecond, and one is a second late."""
    many = [at(100 + n, seed=10 * n) for n in range(1, 30)]
    one, two = capture(*many, at(500, seed=900)), capture(*many, at(501, seed=900))
    assert offsets_in({0: one, 1: two})[1] == (0, 0)


def test_clocks_are_tied_backwards_too() -> None:
    """The first and the second capture are tied by the third alone."""
    offsets = offsets_in(
        {
            0: capture(at(100, seed=10)),
            1: capture(at(100, seed=30)),
            2: capture(at(107, seed=10), at(105, seed=30)),
        }
    )
    assert offsets == {0: (0, 0), 1: (0, 2 * SECOND), 2: (0, 7 * SECOND)}


@pytest.mark.parametrize("seed", range(40))
def test_captures_are_tied_by_whatever_they_share_directly_or_by_others(seed: int) -> None:
    """Blocks of VM pairs, of which each capture holds some, or all but one unit of some; every
    clock is ahead by its own.
    """
    dice = Random(seed)
    count = 7
    ahead = [dice.choice((0, 0, 0, 3600, -40, 7)) for _ in range(count)]
    held: list[set[int]] = []
    for _ in range(count):
        units: set[int] = set()
        for block in dice.sample(range(8), dice.choice((1, 1, 2, 3))):
            of_block = set(range(12 * block, 12 * block + 12))
            units |= of_block if dice.random() < 0.6 else of_block - {dice.choice([*of_block])}
        held.append(units)
    captures = {
        index: {
            key(0x1389, macs=vm_macs(n)): part(
                interval(at(1000 + 10 * n + ahead[index], seed=10 * n))  # type: ignore[arg-type]
            )
            for n in sorted(units)
        }
        for index, units in enumerate(held)
    }
    leaders = list(range(count))
    for _ in range(count):
        for one in range(count):
            for two in range(count):
                if held[one] & held[two]:
                    leaders[one] = leaders[two] = min(leaders[one], leaders[two])
    assert offsets_in(captures) == {
        index: (leader, (ahead[index] - ahead[leader]) * SECOND)
        for index, leader in enumerate(leaders)
    }


def test_units_are_compared_with_those_of_the_last_capture_that_holds_them() -> None:
    """The first and the third hold one unit each that took eight seconds longer there."""
    both = capture(at(100, seed=10), at(200, seed=30))
    longer = capture(at(100, seed=10, length=9)), capture(at(200, seed=30, length=9))
    offsets = offsets_in({0: longer[0], 1: both, 2: longer[1], 3: both})
    assert offsets == {0: (0, 0), 1: (1, 0), 2: (2, 0), 3: (1, 0)}


def test_captures_that_are_alike_are_tied_by_one_unit_that_has_a_time() -> None:
    one = {**held(A, at(100)), **held(C, timeless())}
    assert offsets_in({0: one, 1: one}) == {0: (0, 0), 1: (0, 0)}


def test_the_last_capture_is_the_last_that_held_a_unit_whatever_else_it_held() -> None:
    """The first and the third hold alike what has the unit; of the second it took eight seconds
    longer, so that neither is tied to it.
    """
    shared, longer = at(100, seed=10), at(100, seed=10, length=9)
    offsets = offsets_in(
        {
            0: held(A, shared),
            1: held(A, longer, at(200, seed=30)),
            2: {**held(A, shared), **held(C, at(300, seed=50))},
            3: held(A, shared, at(400, seed=70)),
        }
    )
    assert offsets == {0: (0, 0), 1: (1, 0), 2: (2, 0), 3: (2, 0)}


@pytest.mark.parametrize("before", [0, 1])
def test_what_is_held_alike_is_compared_with_the_last_that_held_it(before: int) -> None:
    """Of two units that captures hold alike, one took eight seconds longer in the capture between
    them, and the other one, perhaps, in the one before both.
    """
    alike = held(A, at(100, seed=10), at(200, seed=30))
    between = held(A, at(500, seed=50), at(200, seed=30, length=9))
    captures = [alike, between, {**alike, **held(C, at(300, seed=70))}]
    if before:
        captures.insert(0, held(A, at(100, seed=10, length=9), at(400, seed=90)))
    offsets = offsets_in(dict(enumerate(captures)))
    assert offsets == {
        **({0: (0, 0)} if before else {}),
        before: (before, 0),
        before + 1: (before + 1, 0),
        before + 2: (before, 0),
    }


@pytest.mark.parametrize(("alike", "ahead"), [([1], 1), ([2], 0), ([1, 1], 0)])
def test_units_that_are_held_alike_count_as_much_as_those_that_are_not(
    alike: list[int], ahead: int
) -> None:
    """So many of each of some addresses are, and one is a second late."""
    same: dict[PartKey, Part] = {}
    for n, (address, count) in enumerate(zip((A, B), alike, strict=False)):
        same |= held(address, *[at(100 + m, seed=100 * n + 10 * m) for m in range(count)])
    one = {**same, **held(C, at(200, seed=500))}
    two = {**same, **held(C, at(201, seed=500))}
    assert offsets_in({0: one, 1: two}) == {0: (0, 0), 1: (0, ahead * SECOND)}


@pytest.mark.parametrize(("alike", "ahead"), [([1], 1), ([2], 0), ([1, 1], 0)])
def test_units_whose_others_are_held_by_a_later_capture_count_as_much(
    alike: list[int], ahead: int
) -> None:
    """Between the two that hold so many units alike, another capture holds one more unit of each of
    the addresses, which took eight seconds longer there.
    """
    same: dict[PartKey, Part] = {}
    between: dict[PartKey, Part] = {}
    for n, (address, count) in enumerate(zip((A, B), alike, strict=False)):
        units = [at(100 + m, seed=100 * n + 10 * m) for m in range(count)]
        same |= held(address, *units, at(150, seed=100 * n + 50))
        between |= held(address, at(150, seed=100 * n + 50, length=9), at(400, seed=100 * n + 70))
    one = {**same, **held(C, at(200, seed=500))}
    two = {**same, **held(C, at(201, seed=500))}
    assert offsets_in({0: one, 1: between, 2: two}) == {
        0: (0, 0),
        1: (1, 0),
        2: (0, ahead * SECOND),
    }


def test_captures_stay_in_order_when_one_holds_what_others_held_apart() -> None:
    """The first and the fourth hold one unit, the second and the third another one, and the fifth
    holds something of both.  What the sixth holds was held last by the fourth, and took eight
    seconds longer in the first.
    """
    shared, longer = at(100, seed=10), at(100, seed=10, length=9)
    other, later = at(200, seed=30), at(200, seed=30, length=9)
    of_fourth = at(600, seed=80)
    captures = [
        held(A, longer, at(300, seed=50)),
        held(A, other, at(400, seed=60)),
        held(A, later, at(500, seed=70)),
        held(A, shared, of_fourth),
        held(A, of_fourth, other, at(700, seed=90)),
        held(A, shared, at(800, seed=100)),
    ]
    assert offsets_in(dict(enumerate(captures))) == {
        0: (0, 0),
        1: (1, 0),
        2: (2, 0),
        3: (3, 0),
        4: (3, 0),
        5: (3, 0),
    }


def test_a_clock_is_ahead_of_those_that_packets_tie_it_to_and_of_no_other() -> None:
    clocks = Clocks(Evidence({}))
    clocks.offsets = {0: (0, 0), 1: (0, 5), 2: (2, 7)}
    ahead = [clocks.ahead(*two) for two in ((0, 1), (1, 0), (0, 2), (0, 9), (9, 0))]
    assert ahead == [5, -5, 0, 0, 0]
