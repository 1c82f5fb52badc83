"""Guesses: spans of which nothing else is known, by their lowest octets, known ids and neighbours
in time.  Likely at most.
"""

import pytest

from nvgre_doctor.infer.answers import Answer, answer_spans
from nvgre_doctor.infer.chains import follow
from nvgre_doctor.infer.guesses import guess
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.vocabulary import Confidence, Layout, Sender
from tests.infer.heard import back, heard, span_of, vm_macs
from tests.infer.judged import BAND, NEW_ONLY, Unit, facts_of, spans

OLD, CURRENT, UNKNOWN = Layout.OLD, Layout.CURRENT, Layout.UNKNOWN
OWN, ONE, TWO, THREE = (vm_macs(number) for number in range(4))


def guessed(
    of: list[Span], *orders: list[int]
) -> tuple[list[tuple[Layout, Confidence, int, bool]], dict[int, Heard]]:
    """The answers in the end, and what was looked at for guesses."""
    facts, senders = facts_of(of), [Sender.HYPER_V] * len(of)
    settled = follow(facts)
    answers = answer_spans(facts, settled, senders)
    shown = guess(of, facts, settled, answers, orders)
    return [tuple(answer) for answer in answers], shown  # type: ignore[misc]


def layouts(*units: list[Unit]) -> list[Layout]:
    return [answer[0] for answer in guessed(spans(*units))[0]]


LIKELY = {layout: (layout, Confidence.LIKELY, 0, False) for layout in (OLD, CURRENT)}
NOTHING = tuple(Answer())


def test_low_octets_of_zero_are_flow_ids_of_zero() -> None:
    of = spans([(BAND, 5, ONE)])
    assert guessed(of) == ([LIKELY[CURRENT]], {0: of[0].heard[0]})


def test_all_of_them_must_be_zero() -> None:
    assert layouts([(BAND, 5, ONE), (BAND + 0x10001, 5, TWO)]) == [UNKNOWN]


@pytest.mark.parametrize(("known", "layout"), [(0x00012300, UNKNOWN), (0x00012345, CURRENT)])
def test_not_where_an_id_that_is_known_ends_in_zero_as_well(known: int, layout: Layout) -> None:
    """Of the other host it is proven: draft-00, by its value."""
    assert layouts([(BAND, 5, ONE)], [(known, 5, OWN)]) == [layout, OLD]


def test_of_a_guess_that_is_likely_no_id_is_known() -> None:
    assert layouts([(BAND, 5, ONE)], [(0x00012300, 1, OWN)]) == [CURRENT, OLD]


@pytest.mark.parametrize(
    ("known", "spoken", "layout"),
    [
        (0x20004200, CURRENT, OLD),  # VSID 0x200042 elsewhere: here it is a TNI
        (0x00002000, OLD, CURRENT),  # TNI 0x2000 elsewhere: here it is a VSID
        (0x20004300, CURRENT, UNKNOWN),
        (0x00002001, OLD, UNKNOWN),
    ],
)
def test_an_id_that_is_known_of_another_host_tells_how_a_key_is_meant(
    known: int, spoken: Layout, layout: Layout
) -> None:
    of = spans([(0x00200042, 5, ONE)], [(known, 5, OWN)])
    answers, shown = guessed(of)
    assert [answer[0] for answer in answers] == [layout, spoken]
    assert shown == ({} if layout is UNKNOWN else {0: of[0].heard[0]})


def test_two_ids_that_are_known_tell_nothing() -> None:
    both: list[Unit] = [(0x20004200, 5, OWN)]
    assert layouts([(0x00200042, 5, ONE)], both, [(0x00002000, 5, TWO)])[0] is UNKNOWN


@pytest.mark.parametrize(
    ("units", "layout"),
    [
        ([(BAND + 0x42, 5, ONE), (BAND + 0x42, 5, TWO)], OLD),  # two VM pairs draw one FlowID
        ([(BAND + 0x42, 5, ONE), (BAND + 0x42, 5, back(ONE))], UNKNOWN),  # it is one VM pair
        ([(BAND + 0x42, 5, ONE)], UNKNOWN),
        ([(BAND + 0x42, 2, ONE, {"conversations": (7, 8)})], OLD),  # two conversations
        ([(BAND + 0x42, 2, ONE, {"conversations": (7, 7)})], UNKNOWN),
        ([(BAND + 0x42, 2, ONE, {"conversations": (7, 0)})], UNKNOWN),  # zero is none
        ([(BAND + 0x42, 5, b""), (BAND + 0x42, 5, b"")], UNKNOWN),
        ([(BAND, 5, ONE), (BAND, 5, TWO), (BAND + 0x10042, 5, THREE)], UNKNOWN),
        ([(BAND + 0x10042, 5, OWN), (BAND + 0x43, 5, ONE), (BAND + 0x43, 5, TWO)], OLD),
        ([(BAND + 0x42, 5, ONE), (BAND + 0x10042, 5, TWO)], CURRENT),  # one octet for two ids
        ([(BAND + 0x42, 5, ONE), (BAND + 0x10043, 5, TWO)], UNKNOWN),
        ([(BAND + 0x42, 5, ONE), (BAND + 0x10042, 5, b"")], UNKNOWN),
        # Two ids of one VM pair have an octet each, though they are neighbours.
        ([(BAND + 0x43, 5, ONE), (BAND + 0x144, 5, ONE), (BAND + 0x43, 5, TWO)], OLD),
        # Of one VM pair two octets of one id: ids of clones, or FlowIDs.
        (
            [(BAND + 0x42, 5, ONE), (BAND + 0x43, 5, ONE), (BAND + 0x42, 5, TWO)],
            UNKNOWN,
        ),
        (
            [(BAND + 0x42, 20, ONE), (BAND + 0x43, 1, ONE), (BAND + 0x42, 5, TWO)],
            OLD,  # but one packet alone may be damaged
        ),
        (
            # Both directions count against it.
            [(BAND + 0x42, n, macs) for n, macs in ((9, ONE), (9, back(ONE)), (5, TWO))]
            + [(BAND + 0x43, 1, ONE)],
            OLD,
        ),
    ],
)
def test_what_one_octet_of_several_flows_or_ids_means(units: list[Unit], layout: Layout) -> None:
    assert layouts(units) == [layout]


def test_the_key_that_decided_is_shown() -> None:
    of = spans([(BAND + 0x10042, 5, OWN), (BAND + 0x43, 5, ONE), (BAND + 0x43, 5, TWO)])
    assert guessed(of)[1] == {0: of[0].heard[1]}


def test_keys_that_fit_one_layout_or_none_are_not_looked_at() -> None:
    """A reserved key beside one that ends in zero."""
    of = spans([(0x00000002, 5, TWO), (BAND, 5, ONE)])
    assert guessed(of) == ([LIKELY[CURRENT]], {0: of[0].heard[1]})
    assert guessed(spans([(0x00000002, 5, TWO)])) == ([NOTHING], {})


def test_a_span_of_one_stray_shares_the_guess_of_its_peer_and_shows_what_that_one_sent() -> None:
    of = spans([(BAND, 30, ONE)], [(0x00000002, 1, back(ONE))])
    answers, shown = guessed(of)
    assert answers == [LIKELY[CURRENT]] * 2
    assert shown == {0: of[0].heard[0], 1: of[0].heard[0]}


def test_a_stray_is_not_looked_at() -> None:
    """One packet of the same VM pair with a low octet that is not zero."""
    of = spans([(BAND, 30, ONE), (0x12345642, 1, ONE)])
    assert guessed(of) == ([LIKELY[CURRENT]], {0: of[0].heard[0]})


def test_spans_that_must_share_a_layout_share_a_guess_and_each_shows_its_own_frames() -> None:
    of = spans([(BAND, 5, ONE)], [(BAND, 5, back(ONE)), (BAND, 4, TWO)], [(BAND, 4, back(TWO))])
    answers, shown = guessed(of)
    assert answers == [LIKELY[CURRENT]] * 3
    assert shown == {0: of[0].heard[0], 1: of[1].heard[0], 2: of[2].heard[0]}


def test_each_span_shows_its_frames_with_the_key_that_decided_where_it_has_any() -> None:
    of = spans(
        [(BAND + 0x43, 5, ONE), (BAND + 0x43, 5, TWO)],
        [(BAND + 0x10042, 5, OWN), (BAND + 0x43, 5, back(ONE)), (BAND + 0x43, 5, THREE)],
    )
    answers, shown = guessed(of)
    assert answers == [LIKELY[OLD]] * 2
    assert shown == {0: of[0].heard[0], 1: of[1].heard[1]}


def test_a_span_without_such_frames_shows_those_of_another() -> None:
    of = spans([(0x00200042, 5, ONE)], [(0x00200042, 5, back(ONE))], [(0x20004200, 5, OWN)])
    answers, shown = guessed(of)
    assert answers[:2] == [LIKELY[OLD]] * 2
    assert shown == {0: of[0].heard[0], 1: of[1].heard[0]}


def test_spans_that_must_share_a_layout_are_looked_at_together() -> None:
    """The first holds one VM pair, the second the same and another one."""
    one, two = (BAND + 0x43, 5, ONE), (BAND + 0x43, 5, back(ONE))
    assert layouts([one], [two, (BAND + 0x43, 5, TWO)]) == [OLD, OLD]


def test_a_span_behind_others_that_share_a_layout_is_guessed_too() -> None:
    assert layouts([(BAND, 5, ONE)], [(BAND, 5, back(ONE))], [(BAND, 5, TWO)]) == [CURRENT] * 3


def test_the_first_key_is_shown_where_several_ids_have_one_octet() -> None:
    of = spans([(BAND + 0x42, 5, ONE), (BAND + 0x10042, 5, TWO)])
    assert guessed(of)[1] == {0: of[0].heard[0]}


def test_spans_that_share_nothing_are_guessed_apart() -> None:
    assert layouts([(BAND, 5, ONE)], [(BAND + 0x42, 5, TWO)]) == [CURRENT, UNKNOWN]


def test_what_is_known_is_no_guess() -> None:
    of = spans([(NEW_ONLY, 5, OWN), (BAND + 0x42, 5, ONE), (BAND + 0x42, 5, TWO)])
    answers, shown = guessed(of)
    assert (answers[0][:2], shown) == ((CURRENT, Confidence.PROVEN), {})


def test_of_a_span_in_which_nothing_was_heard_nothing_is_guessed() -> None:
    assert guessed([span_of()]) == ([NOTHING], {})


# --- between two spans of one layout -----------------------------------------------------

OLD_KEY, NEW_KEY, TELLS_NOTHING = 0x00012345, 0x12345600, BAND + 0x42


def between(*keys: tuple[int, int], order: list[int] | None = None) -> list[Layout]:
    """Spans of one host with one key each, in so many packets."""
    of = [
        span_of(heard(gre_key, count, number, vm_macs(number)))
        for number, (gre_key, count) in enumerate(keys)
    ]
    answers, shown = guessed(of, order or list(range(len(keys))))
    assert shown == {}
    return [answer[0] for answer in answers]


def test_a_host_that_is_old_before_and_after_a_silence_is_old_between() -> None:
    assert between((OLD_KEY, 5), (TELLS_NOTHING, 5), (OLD_KEY, 5)) == [OLD, OLD, OLD]
    assert between((NEW_KEY, 5), (TELLS_NOTHING, 5), (NEW_KEY, 5)) == [CURRENT] * 3


def test_several_spans_between_are_told_and_none_before_or_after() -> None:
    quiet = (TELLS_NOTHING, 5)
    assert between(quiet, (OLD_KEY, 5), quiet, quiet, (OLD_KEY, 5), quiet) == [
        UNKNOWN,
        OLD,
        OLD,
        OLD,
        OLD,
        UNKNOWN,
    ]


def test_every_silence_between_two_spans_of_one_layout_is_told() -> None:
    quiet = (TELLS_NOTHING, 5)
    assert between((OLD_KEY, 5), quiet, (OLD_KEY, 5), quiet, (OLD_KEY, 5)) == [OLD] * 5


@pytest.mark.parametrize(
    "ends",
    [
        ((OLD_KEY, 5), (NEW_KEY, 5)),
        ((NEW_KEY, 5), (OLD_KEY, 5)),
        ((OLD_KEY, 1), (OLD_KEY, 5)),  # one packet is likely
        ((OLD_KEY, 5), (OLD_KEY, 1)),
    ],
)
def test_between_two_layouts_or_what_is_only_likely_nothing_is_known(
    ends: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    assert between(ends[0], (TELLS_NOTHING, 5), ends[1])[1] is UNKNOWN


def test_a_likely_span_between_ends_what_was_known_before() -> None:
    found = between((OLD_KEY, 5), (OLD_KEY, 1), (TELLS_NOTHING, 5), (OLD_KEY, 5))
    assert found == [OLD, OLD, UNKNOWN, OLD]


def test_spans_are_between_others_in_their_order_and_not_by_their_numbers() -> None:
    keys = (TELLS_NOTHING, 5), (OLD_KEY, 5), (OLD_KEY, 5)
    assert between(*keys, order=[1, 0, 2]) == [OLD, OLD, OLD]
    assert between(*keys, order=[0, 1, 2]) == [UNKNOWN, OLD, OLD]


def test_a_guess_that_contradicts_what_lies_around_it_is_none() -> None:
    assert between((OLD_KEY, 5), (BAND, 5), (OLD_KEY, 5)) == [OLD, OLD, OLD]


def test_what_lies_between_is_likely_and_no_fact() -> None:
    of = [
        span_of(heard(gre_key, 5, number, vm_macs(number)))
        for number, gre_key in enumerate((OLD_KEY, TELLS_NOTHING, OLD_KEY))
    ]
    assert guessed(of, [0, 1, 2])[0][1] == LIKELY[OLD]


def test_a_guess_that_agrees_with_what_lies_around_it_shows_its_frames() -> None:
    of = [
        span_of(heard(OLD_KEY, 5, 0, OWN)),
        span_of(heard(BAND + 0x43, 5, 1, ONE), heard(BAND + 0x43, 5, 1, TWO)),
        span_of(heard(OLD_KEY, 5, 2, THREE)),
    ]
    answers, shown = guessed(of, [0, 1, 2])
    assert answers[1] == LIKELY[OLD]
    assert shown == {1: of[1].heard[0]}
