"""Why a span has its answer: frames, tenant, assumptions, and the chain of facts behind it."""

import pytest

from nvgre_doctor.infer.answers import Answer, answer_spans
from nvgre_doctor.infer.chains import follow
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.host import HostVerdict, Reason
from nvgre_doctor.infer.listed import Listed
from nvgre_doctor.infer.margins import Facts
from nvgre_doctor.infer.reasons import Explaining
from nvgre_doctor.infer.solving import Solution
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.infer.tables import NEW, OLD
from nvgre_doctor.vocabulary import Assumption, Confidence, Kind, Layout, Sender
from tests.infer.heard import B, back, vm_macs
from tests.infer.judged import BAND, NEW_ONLY, OLD_ONLY, Unit, models_of, spans

ONE, TWO, THREE = (vm_macs(number) for number in range(1, 4))
A1, A2, A3, A4 = (
    Assumption.VALUE,
    Assumption.RESTART,
    Assumption.VM_PAIR,
    Assumption.UNIQUE,
)


def explaining(
    of: list[Span],
    guessed: dict[int, Heard] | None = None,
    listed: dict[int, Listed] | None = None,
    answers: list[Answer] | None = None,
) -> Explaining:
    models, senders = models_of(of), [Sender.HYPER_V] * len(of)
    facts = Facts(of, models, senders, listed or {})
    settled = follow(facts)
    answers = answers or answer_spans(facts, settled, senders)
    solution = Solution(of, models, {}, listed or {}, facts, settled, answers, frozenset())
    return Explaining(solution, guessed or {})


def reasons(*units: list[Unit], number: int = 0, layout: int = NEW) -> list[Reason]:
    return explaining(spans(*units)).reasons(number, layout)


def told(reason: Reason) -> tuple[Kind, int, int | None, list[tuple[int, int]]]:
    """Kind, margin, tenant, and of each stream the host that sent it and its key."""
    shown = [(stream.source[3], stream.gre_keys[0]) for stream in reason.streams]
    return reason.kind, reason.margin, reason.tenant, shown


# --- by value ----------------------------------------------------------------------------


def test_packets_that_fit_one_layout_only_are_a_reason_with_their_number() -> None:
    found = reasons([(NEW_ONLY, 3, ONE), (BAND, 9, THREE), (NEW_ONLY + 256, 4, TWO)])
    assert [told(reason) for reason in found] == [
        (Kind.RANGE, 7, None, [(0, NEW_ONLY), (0, NEW_ONLY + 256)])
    ]
    assert (found[0].layout, found[0].assumes) == (Layout.CURRENT, (A1, A2))
    assert (found[0].partner, found[0].because) == (None, ())


def test_a_reason_for_one_layout_says_nothing_of_the_other() -> None:
    assert reasons([(NEW_ONLY, 3, ONE)], layout=OLD) == []
    (found,) = reasons([(OLD_ONLY, 3, ONE), (NEW_ONLY, 3, TWO)], layout=OLD)
    assert told(found) == (Kind.RANGE, 3, None, [(0, OLD_ONLY)])
    assert found.layout is Layout.OLD


def test_of_very_many_streams_the_four_strongest_are_shown() -> None:
    units: list[Unit] = [(NEW_ONLY + 256 * n, 2 + n, vm_macs(n)) for n in range(6)]
    (found,) = reasons(units)
    assert told(found)[1] == 27
    assert told(found)[3] == [(0, NEW_ONLY + 256 * n) for n in (5, 4, 3, 2)]


def test_of_equal_ones_the_first_in_the_capture_are_shown() -> None:
    units: list[Unit] = [(NEW_ONLY + 256 * n, 5, vm_macs(n), {"first": 20 - n}) for n in range(6)]
    (found,) = reasons(units)
    assert told(found)[3] == [(0, NEW_ONLY + 256 * n) for n in (5, 4, 3, 2)]


def test_a_stray_is_no_reason() -> None:
    assert reasons([(BAND, 30, ONE), (OLD_ONLY, 1, ONE)], layout=OLD) == []


def test_a_stream_is_told_as_it_was_heard() -> None:
    of = spans([(NEW_ONLY + 7, 3, ONE, {"first": 5, "last": 9})])
    (stream,) = explaining(of).reasons(0, NEW)[0].streams
    unit = of[0].heard[0]
    assert stream == (
        b"\x0a\0\0\0",
        B,
        NEW_ONLY >> 8,
        ONE,
        b"\7",
        3,
        unit.first,
        unit.last,
        unit.customers,
    )


# --- by VM pairs -----------------------------------------------------------------------------

K = 0x00123400


def test_both_directions_of_a_vm_pair_are_a_reason_of_both_hosts() -> None:
    units: tuple[list[Unit], list[Unit]] = [(K, 5, ONE)], [(K << 8, 7, back(ONE))]
    (one,) = reasons(*units, layout=OLD)
    assert told(one) == (Kind.BOTH_DIRECTIONS, 5, K, [(0, K), (1, K << 8)])
    assert (one.layout, one.assumes) == (Layout.OLD, (A2, A3, A4))
    by_value, two = reasons(*units, number=1)
    assert told(by_value) == (Kind.RANGE, 7, None, [(1, K << 8)])
    assert told(two) == (Kind.BOTH_DIRECTIONS, 7, K, [(1, K << 8), (0, K)])


def test_the_strongest_frames_of_both_sides_come_first_and_then_others_of_its_own() -> None:
    weak, strong, theirs, later = (
        (K, 2, ONE, {"destination": b"\x0a\0\0\7"}),
        (K, 5, ONE),
        (K << 8, 3, back(ONE)),
        (K << 8, 4, back(ONE), {"destination": b"\x0a\0\0\7"}),
    )
    (found,) = reasons([weak, strong], [theirs, later], layout=OLD)
    counts = [(stream.source[3], stream.frames) for stream in found.streams]
    assert counts == [(0, 5), (1, 4), (0, 2), (1, 3)]


def test_frames_of_another_host_come_before_those_of_the_same_host_at_another_time() -> None:
    of = spans([(K, 5, ONE)], [(K, 9, ONE)], [(K << 8, 7, back(ONE))])
    of[1].address = of[0].address
    found = [r for r in explaining(of).reasons(0, OLD) if r.kind is Kind.BOTH_DIRECTIONS]
    assert told(found[0])[3][:2] == [(0, K), (2, K << 8)]


def test_the_same_host_with_the_shifted_key_at_another_time_changed_its_layout() -> None:
    of = spans([(K, 5, ONE)], [(K << 8, 7, ONE)])
    of[1].address = of[0].address
    found = explaining(of).reasons(0, OLD)
    assert [told(reason) for reason in found] == [(Kind.LAYOUT_CHANGE, 5, K, [(0, K), (0, K << 8)])]


def test_frames_with_another_id_are_not_shown() -> None:
    stray: Unit = (0x00777700, 1, back(ONE))
    (found,) = reasons([(K, 50, ONE)], [(K << 8, 70, back(ONE)), stray], layout=OLD)
    assert told(found)[3] == [(0, K), (1, K << 8)]


def test_frames_of_its_own_with_another_id_are_not_shown() -> None:
    stray: Unit = (0x00777700, 1, ONE)
    (found,) = reasons([(K, 50, ONE), stray], [(K << 8, 70, back(ONE))], layout=OLD)
    assert told(found)[3] == [(0, K), (1, K << 8)]
    found = reasons([(K << 8, 50, ONE), stray], [(K, 70, back(ONE))])[1]
    assert told(found)[3] == [(0, K << 8), (1, K)]


def test_a_stray_of_its_own_is_no_second_flow_id() -> None:
    stray: Unit = (0x00777700, 1, ONE)
    found = reasons([(K << 8, 1, ONE), stray], [(K, 20, back(ONE))])
    assert [reason.kind for reason in found] == [Kind.RANGE, Kind.BOTH_DIRECTIONS]


OCTETS = [0, 17, 40, 63, 200]


def test_several_low_octets_of_one_vm_pair_are_flow_ids() -> None:
    units: list[Unit] = [(BAND + octet, 2 + n, ONE) for n, octet in enumerate(OCTETS)]
    (found,) = reasons(units)
    # All but the one key that a TNI could be.
    assert told(found)[:3] == (Kind.FLOW_ID, 14, BAND >> 8)
    assert told(found)[3] == [(0, BAND + octet) for octet in (200, 63, 40, 17)]


def test_where_frames_of_a_peer_add_to_them_both_directions_are_told() -> None:
    units: list[Unit] = [(BAND + octet, 2 + n, ONE) for n, octet in enumerate(OCTETS)]
    theirs: list[Unit] = [(BAND + 99, 2, back(ONE))]
    (found,) = reasons(units, theirs)
    assert told(found)[:3] == (Kind.BOTH_DIRECTIONS, 16, BAND >> 8)
    assert told(found)[3][:2] == [(0, BAND + 200), (0, BAND + 63)]


def test_where_frames_of_a_peer_add_nothing_to_them_flow_ids_are_told() -> None:
    units: list[Unit] = [(BAND + octet, 2 + n, ONE) for n, octet in enumerate(OCTETS)]
    (found,) = reasons(units, [(BAND + 200, 2, back(ONE))])
    assert told(found)[:2] == (Kind.FLOW_ID, 14)
    assert told(found)[3] == [(0, BAND + octet) for octet in (200, 63, 40, 17)]
    (two,) = reasons([(BAND + 1, 9, ONE), (BAND + 129, 4, ONE)], [(BAND + 1, 2, back(ONE))])
    assert told(two) == (Kind.FLOW_ID, 4, BAND >> 8, [(0, BAND + 1), (0, BAND + 129)])


def test_a_stray_takes_nothing_from_what_flow_ids_say() -> None:
    found = reasons([(BAND + 1, 9, ONE), (BAND + 129, 1, ONE), (NEW_ONLY, 1, ONE)])
    assert [(reason.kind, reason.margin) for reason in found] == [(Kind.FLOW_ID, 1)]


def test_in_half_a_span_a_restart_is_not_assumed() -> None:
    of = spans([(K, 5, ONE)], [(K << 8, 7, back(ONE))])
    of[0].is_cut = True
    (found,) = explaining(of).reasons(0, OLD)
    assert found.assumes == (A3, A4)
    assert explaining(of).reasons(1, NEW)[1].assumes == (A2, A3, A4)


def test_the_four_strongest_vm_pairs_are_told_and_stronger_ones_first() -> None:
    mine: list[Unit] = [(K + 0x10000 * n, 2 + n, vm_macs(n)) for n in range(6)]
    theirs: list[Unit] = [((K + 0x10000 * n) << 8, 9, back(vm_macs(n))) for n in range(6)]
    found = reasons(mine, theirs, layout=OLD)
    assert [reason.margin for reason in found] == [7, 6, 5, 4]
    assert [reason.tenant for reason in found] == [K + 0x10000 * n for n in (5, 4, 3, 2)]


def test_the_reason_with_the_larger_margin_comes_first() -> None:
    pair: tuple[Unit, Unit] = (K, 5, ONE), (K << 8, 9, back(ONE))
    more = reasons([(OLD_ONLY, 6, TWO), pair[0]], [pair[1]], layout=OLD)
    assert [(reason.kind, reason.margin) for reason in more] == [
        (Kind.RANGE, 6),
        (Kind.BOTH_DIRECTIONS, 5),
    ]
    less = reasons([(OLD_ONLY, 4, TWO), pair[0]], [pair[1]], layout=OLD)
    assert [reason.kind for reason in less] == [Kind.BOTH_DIRECTIONS, Kind.RANGE]


def test_a_vm_pair_that_adds_nothing_to_values_and_has_one_side_is_no_reason() -> None:
    """Two low octets of a VSID that no TNI can be."""
    (found,) = reasons([(NEW_ONLY, 5, ONE), (NEW_ONLY + 99, 4, ONE)])
    assert told(found)[:2] == (Kind.RANGE, 9)


# --- by others -----------------------------------------------------------------------------


def chain(length: int) -> list[list[Unit]]:
    """A host that is known by value, and others of which each shares one key with the one before;
    fewer packets each time.
    """
    hosts: list[list[Unit]] = [[(NEW_ONLY, 50, vm_macs(0))]]
    for n in range(1, length):
        gre_key, count = BAND + 0x10000 * n, 40 - n
        hosts[-1].append((gre_key, count, vm_macs(n)))
        hosts.append([(gre_key, count, back(vm_macs(n)))])
    return hosts


def test_a_peer_that_is_known_is_a_reason_with_the_peers_own_reason() -> None:
    (found,) = reasons(*chain(2), number=1)
    shared = BAND + 0x10000
    assert told(found) == (Kind.SAME_LAYOUT_PEER, 39, shared >> 8, [(1, shared), (0, shared)])
    assert (found.layout, found.assumes) == (Layout.CURRENT, (A2, A3, A4))
    assert found.partner == b"\x0a\0\0\0"
    assert [told(reason) for reason in found.because] == [(Kind.RANGE, 50, None, [(0, NEW_ONLY)])]


def test_of_the_reasons_of_a_peer_the_strongest_is_told() -> None:
    first, second = chain(2)
    first += [(0x00300000 + octet, 3, THREE) for octet in OCTETS]
    (found,) = reasons(first, second, number=1)
    assert [(reason.kind, reason.margin) for reason in found.because] == [(Kind.RANGE, 50)]


def test_the_same_host_at_another_time_is_a_partner_too() -> None:
    of = spans(*chain(2))
    of[1].address = of[0].address
    (found,) = explaining(of).reasons(1, NEW)
    assert (found.kind, found.partner) == (Kind.LAYOUT_CHANGE, of[0].address)


def test_a_chain_is_told_to_its_beginning_unless_it_is_longer_than_eight() -> None:
    def kinds(length: int) -> list[Kind]:
        (reason,) = reasons(*chain(length), number=length - 1)
        found = [reason.kind]
        while reason.because:
            (reason,) = reason.because
            found.append(reason.kind)
        return found

    assert kinds(4) == [Kind.SAME_LAYOUT_PEER] * 3 + [Kind.RANGE]
    assert kinds(9) == [Kind.SAME_LAYOUT_PEER] * 8 + [Kind.RANGE]
    assert kinds(12) == [Kind.SAME_LAYOUT_PEER] * 8


def test_what_a_peer_says_comes_before_weaker_reasons_of_its_own() -> None:
    first, second = chain(2)
    second.append((NEW_ONLY + 256, 3, TWO))
    found = reasons(first, second, number=1)
    assert [(reason.kind, reason.margin) for reason in found] == [
        (Kind.SAME_LAYOUT_PEER, 39),
        (Kind.RANGE, 3),
    ]


def test_the_strongest_frames_between_two_hosts_are_shown_in_turn() -> None:
    first, second = chain(2)
    shared, elsewhere = BAND + 0x10000, {"destination": b"\x0a\0\0\7"}
    first += [(shared, 60, vm_macs(1), elsewhere)]
    second += [(shared, 70, back(vm_macs(1)), elsewhere)]
    found = reasons(first, second, number=1)[0]
    shown = [(stream.source[3], stream.frames) for stream in found.streams]
    assert shown == [(1, 70), (0, 60), (1, 39), (0, 39)]


# --- the inventory, and guesses ----------------------------------------------------------


def test_what_the_inventory_says_is_a_reason() -> None:
    of = spans([(BAND, 5, ONE), (BAND + 0x10000, 4, TWO)])
    one, two = of[0].heard
    some = {0: Listed(([], [one, two]), ([], []))}
    (found,) = explaining(of, listed=some).reasons(0, NEW)
    assert told(found) == (Kind.INVENTORY, 9, None, [(0, BAND), (0, BAND + 0x10000)])
    assert (found.assumes, found.layout) == ((A2,), Layout.CURRENT)
    assert explaining(of, listed=some).reasons(0, OLD) == []


def test_of_records_and_lists_the_records_are_told() -> None:
    of = spans([(BAND, 5, ONE), (BAND + 0x10000, 4, TWO)])
    one, two = of[0].heard
    record = {0: Listed(([one, two], []), ([two], []))}
    (found,) = explaining(of, listed=record).reasons(0, OLD)
    assert told(found) == (Kind.INVENTORY, 4, None, [(0, BAND + 0x10000)])


def test_a_guess_is_told_by_the_frames_that_were_looked_at() -> None:
    of = spans([(BAND, 5, ONE)])
    (found,) = explaining(of, {0: of[0].heard[0]}).reasons(0, NEW)
    assert told(found) == (Kind.LOW_OCTET, 0, None, [(0, BAND)])
    assert (found.layout, found.assumes, found.because) == (Layout.CURRENT, (), ())


def test_a_guess_about_another_span_is_told_by_way_of_that() -> None:
    of = spans([(BAND, 5, ONE)], [(BAND, 2, back(ONE)), (BAND, 4, back(TWO))])
    (found,) = explaining(of, {1: of[0].heard[0]}).reasons(1, OLD)
    assert told(found) == (Kind.SAME_LAYOUT_PEER, 0, None, [(1, BAND), (0, BAND)])
    assert found.streams[0].frames == 4
    assert (found.layout, found.assumes) == (Layout.OLD, (A2, A3, A4))
    assert found.partner == b"\x0a\0\0\0"
    (because,) = found.because
    assert told(because) == (Kind.LOW_OCTET, 0, None, [(0, BAND)])
    assert (because.layout, because.assumes) == (Layout.OLD, ())


# --- of a host -------------------------------------------------------------------------------


def answer(layout: Layout) -> Answer:
    return Answer(layout, Confidence.PROVEN, 5, True)


EITHER = [(Layout.OLD, OLD_ONLY), (Layout.CURRENT, NEW_ONLY)]


@pytest.mark.parametrize(
    ("layouts", "decides", "host", "shown"),
    [
        ([Layout.CURRENT], 0, Layout.CURRENT, [(Layout.CURRENT, NEW_ONLY)]),
        ([Layout.UNKNOWN], None, Layout.UNKNOWN, EITHER),
        ([Layout.BOTH], 0, Layout.BOTH, EITHER),
        # Of the layout of the host the span that decides, of the other one its last span.
        (
            [Layout.OLD, Layout.CURRENT, Layout.CURRENT, Layout.OLD],
            1,
            Layout.CURRENT,
            [(Layout.CURRENT, NEW_ONLY + 256), (Layout.OLD, OLD_ONLY + 3)],
        ),
        (
            [Layout.OLD, Layout.CURRENT, Layout.OLD],
            0,
            Layout.OLD,
            [(Layout.OLD, OLD_ONLY), (Layout.CURRENT, NEW_ONLY + 256)],
        ),
    ],
)
def test_a_host_is_explained_by_the_span_that_decides_and_by_what_else_it_spoke(
    layouts: list[Layout],
    decides: int | None,
    host: Layout,
    shown: list[tuple[Layout, int]],
) -> None:
    """Each span has a key of either layout, of its own."""
    of = spans(
        *[
            [(OLD_ONLY + n, 5, vm_macs(2 * n)), (NEW_ONLY + 256 * n, 5, vm_macs(2 * n + 1))]
            for n in range(len(layouts))
        ]
    )
    explained = explaining(of, answers=[answer(layout) for layout in layouts])
    found = explained.of_host(HostVerdict(b"", host), range(len(layouts)), decides)
    assert [(reason.layout, reason.streams[0].gre_keys[0]) for reason in found] == shown


def test_a_host_without_any_fact_has_no_reason() -> None:
    of = spans([(BAND + 0x42, 5, ONE)])
    assert explaining(of).of_host(HostVerdict(b""), [0], None) == []
