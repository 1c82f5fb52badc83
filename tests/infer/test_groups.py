"""Groups: frames that must be of one tenant."""

from nvgre_doctor.evidence.parts import Net
from nvgre_doctor.infer.groups import Group, group_units
from nvgre_doctor.infer.heard import Heard
from tests import build
from tests.infer.heard import BACK, MACS, ROUTED, SUBNET, A, B, C, heard, span_of

ONE, TWO = MACS[6:], MACS[:6]
EVERYBODY = b"\xff" * 6
OTHER_SUBNET = build.ip("10.9.9.1") + build.ip("10.9.9.2")


def groups(*spans: object) -> list[tuple[Group, list[Heard], bool]]:
    return list(group_units(spans))  # type: ignore[arg-type]


def kinds(*units: Heard) -> list[tuple[str, int]]:
    """Of each group its kind, and how many units it has."""
    return [(group.name, len(found)) for group, found, _ in groups(span_of(*units))]


def test_both_directions_of_a_vm_pair_in_one_subnet_are_one_group() -> None:
    one, two = heard(0x138900), heard(0x1389, macs=BACK, span=1)
    assert groups(span_of(one), span_of(two, address=B)) == [(Group.PAIR, [one, two], False)]


def test_another_subnet_of_the_same_macs_is_another_group() -> None:
    assert kinds(heard(0x138900), heard(0x138900, customers=OTHER_SUBNET)) == [
        ("PAIR", 1),
        ("PAIR", 1),
    ]


def test_each_direction_between_two_subnets_is_a_group_of_its_own() -> None:
    one = heard(0x138900, net=Net.ROUTED, customers=ROUTED)
    back = heard(0x138900, net=Net.ROUTED, customers=ROUTED[4:] + ROUTED[:4], macs=BACK)
    again = heard(0x138901, net=Net.ROUTED, customers=ROUTED)
    assert groups(span_of(one, back, again)) == [
        (Group.ROUTED, [one, again], False),
        (Group.ROUTED, [back], False),
    ]


def test_frames_without_macs_are_of_no_group() -> None:
    assert kinds(heard(0x138900, macs=b"")) == []


def test_broadcasts_of_one_vm_in_one_subnet_are_a_group() -> None:
    one, two = (heard(key, macs=EVERYBODY + ONE) for key in (0x138900, 0x1389))
    other = heard(0x138900, macs=EVERYBODY + TWO)
    elsewhere = heard(0x138900, macs=EVERYBODY + ONE, customers=OTHER_SUBNET)
    assert groups(span_of(one, other, two, elsewhere)) == [
        (Group.BROADCAST, [one, two], True),
        (Group.BROADCAST, [other], True),
        (Group.BROADCAST, [elsewhere], True),
    ]


def test_a_broadcast_whose_sender_was_not_captured_is_of_no_group() -> None:
    assert kinds(heard(0x138900, macs=EVERYBODY + ONE, net=Net.UNKNOWN)) == []


def test_a_pair_has_the_broadcasts_of_either_vm_between_its_hosts() -> None:
    pair = heard(0x138900)
    mine = heard(0x138900, macs=EVERYBODY + ONE)
    theirs = heard(0x1389, macs=EVERYBODY + TWO, destination=A, span=1)
    spans = span_of(pair, mine), span_of(theirs, address=B)
    assert groups(*spans)[0] == (Group.PAIR, [pair, mine, theirs], True)


def test_broadcasts_in_another_subnet_or_to_another_host_are_not_of_the_pair() -> None:
    pair = heard(0x138900)
    other_subnet = heard(0x138900, macs=EVERYBODY + ONE, customers=OTHER_SUBNET)
    other_host = heard(0x138900, macs=EVERYBODY + ONE, destination=C)
    other_vm = heard(0x138900, macs=EVERYBODY + b"\2" * 6)
    assert groups(span_of(pair, other_subnet, other_host, other_vm))[0] == (
        Group.PAIR,
        [pair],
        False,
    )


def test_only_the_eight_strongest_broadcasts_stand_beside_a_pair() -> None:
    weak = [heard(0x138900 + n, 2, macs=EVERYBODY + ONE) for n in range(4)]
    strong = [heard(0x138910 + n, 5, macs=EVERYBODY + ONE) for n in range(7)]
    units = groups(span_of(heard(0x138900), *weak, *strong))[0][1]
    assert units[1:] == [*strong, weak[0]]


def test_where_customers_are_unknown_all_frames_of_the_macs_are_one_loose_group() -> None:
    known, cut = heard(0x138900), heard(0x138901, macs=BACK, net=Net.UNKNOWN)
    other = heard(0x138900, macs=b"\2" * 12)
    assert groups(span_of(known, cut, other)) == [
        (Group.PAIR, [known], False),
        (Group.PAIR, [other], False),
        (Group.LOOSE, [known, cut], True),
    ]


def test_the_pair_of_a_loose_group_is_told_by_its_macs() -> None:
    cut = heard(0x138901, net=Net.UNKNOWN, customers=SUBNET)
    assert kinds(cut, heard(0x138900, macs=b"")) == [("LOOSE", 1)]


def test_frames_without_macs_hide_no_others() -> None:
    assert kinds(heard(0x138900, macs=b""), heard(0x138900), heard(0x1389, macs=BACK)) == [
        ("PAIR", 2)
    ]
