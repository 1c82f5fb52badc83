"""What was heard with one key: packets and their copies, and which ids the key can mean."""

import pytest

from nvgre_doctor.infer.at import At
from nvgre_doctor.infer.heard import Heard
from tests.infer.heard import SUBNET, heard, key, packets, unit


def of(told: object, *captures: int) -> Heard:
    return Heard(0, captures or (0,), key(0x1389), told, SUBNET, SUBNET[:3])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gre_key", "old_id", "new_id"),
    [
        (0x00000FFF, None, None),
        (0x00001000, 0x1000, None),
        (0x000FFFFF, 0xFFFFF, None),
        (0x00100000, 0x100000, 0x1000),
        (0x00FFFFFE, 0xFFFFFE, 0xFFFF),
        (0x01000000, None, 0x10000),
        (0xFFFFFEFF, None, 0xFFFFFE),
    ],
)
def test_the_ids_that_a_key_can_mean(gre_key: int, old_id: int | None, new_id: int | None) -> None:
    one = heard(gre_key)
    assert (one.gre_key, one.old_id, one.new_id) == (gre_key, old_id, new_id)


@pytest.mark.parametrize(("count", "weight"), [(1, 1), (2, 2), (7, 7)])
def test_its_weight_is_how_many_packets_there_are(count: int, weight: int) -> None:
    assert of(unit(count=count)).weight == weight


def test_copies_add_nothing_to_the_weight() -> None:
    twice = unit(count=6)._replace(packets=packets(2, frames=3))
    assert of(twice).weight == 2
    once = unit(count=4)._replace(packets=packets(1, frames=4))
    assert of(once).weight == 1


@pytest.mark.parametrize(("seconds", "weight"), [(0.1, 1), (0.100_000_001_5, 2), (0.2, 2)])
def test_what_comes_back_later_than_a_copy_is_another_packet(seconds: float, weight: int) -> None:
    same = unit(count=4, seconds=(5, 5 + seconds))._replace(packets=packets(1, frames=4))
    assert of(same).weight == weight
    back = unit(count=4, seconds=(5 + seconds, 5))._replace(packets=packets(1, frames=4))
    assert of(back).weight == weight  # of a clock that was set back


def test_frames_without_times_are_copies() -> None:
    told = unit(count=4, seconds=(0, 9))._replace(packets=packets(1, frames=4))
    timeless = told._replace(first=told.first._replace(ts_ns=-1))
    assert of(timeless).weight == 1
    assert of(told._replace(last=told.last._replace(ts_ns=-1))).weight == 1


def test_two_halves_of_one_are_put_together() -> None:
    one, two = of(unit(count=2, first=10, last=20)), of(unit(count=3, first=5, last=30, seed=9))
    one.absorb(two)
    assert (one.frames, one.weight) == (5, 5)
    assert (one.first, one.last) == (At(0, 0, 5), At(0, 0, 30))
    assert [packet.order for packet in one.packets] == [1, 2]


def test_the_same_packets_of_another_capture_add_frames_and_no_weight() -> None:
    one, two = of(unit(first=1, last=9)), of(unit(first=2, last=8), 1)
    two.packets = tuple(packet._replace(hop_limit=200) for packet in two.packets)
    one.absorb(two)
    assert (one.frames, one.weight) == (4, 2)
    assert [(packet.frames, packet.hop_limit) for packet in one.packets] == [(2, 200), (2, 200)]
    assert (one.first, one.last) == (At(0, 0, 1), At(0, 0, 9))


def test_its_ends_are_those_of_the_first_capture() -> None:
    one, two = of(unit(first=1, last=9), 1), of(unit(first=2, last=8), 0)
    one.absorb(two)
    assert (one.first, one.last) == (At(0, 0, 2), At(0, 0, 8))


def test_one_packet_that_came_back_stays_two_when_copies_are_added() -> None:
    single = unit(count=2, seconds=(5, 8))._replace(packets=packets(1, frames=2))
    copy = unit(count=1)._replace(packets=packets(1))
    for one, two in ((of(single), of(copy, 1)), (of(copy), of(single, 1))):
        one.absorb(two)
        assert one.weight == 2


def test_a_unit_of_several_captures_is_what_each_of_them_adds_up_to() -> None:
    told = unit(count=6, first=3, last=9)._replace(packets=packets(2, frames=3))
    one, several = of(told, 4), of(told, 4, 5, 7)
    one.absorb(of(told, 5))
    one.absorb(of(told, 7))
    for name in Heard.__slots__:
        assert getattr(one, name) == getattr(several, name)
    assert (several.frames, several.weight, several.first.capture) == (18, 2, 4)
    assert [packet.frames for packet in several.packets] == [9, 9]


def test_its_customers_are_kept() -> None:
    assert of(unit()).customers == SUBNET


def test_the_last_frame_of_one_capture_is_told_by_its_number() -> None:
    """Also where the clock was set back."""
    one = of(unit(first=1, last=9, seconds=(0, 900)))
    one.absorb(of(unit(first=2, last=20, seed=9, seconds=(100, 100))))
    assert one.last.frame_number == 20
    one.absorb(of(unit(first=2, last=15, seed=9, seconds=(100, 9999))))
    assert one.last.frame_number == 20


def test_the_epoch_is_a_time() -> None:
    same = unit(count=4, seconds=(0, 5))._replace(packets=packets(1, frames=4))
    assert of(same).weight == 2
