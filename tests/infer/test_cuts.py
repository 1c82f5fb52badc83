"""Cuts: where all that speaks for one layout lies before all that speaks for the other."""

from nvgre_doctor.infer.cuts import cut_spans
from nvgre_doctor.infer.heard import Heard
from nvgre_doctor.infer.margins import Facts
from nvgre_doctor.infer.pieces import Piece
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.vocabulary import Sender
from tests.infer.heard import A, back, heard, moment, span_of, vm_macs
from tests.infer.judged import BAND, NEW_ONLY, OLD_ONLY, models_of

ONE, TWO, THREE = (vm_macs(number) for number in range(1, 4))


def old(first: int, last: int, count: int = 5, **more: object) -> Heard:
    return heard(OLD_ONLY, count, macs=ONE, first=first, last=last, **more)  # type: ignore[arg-type]


def new(first: int, last: int, count: int = 5, **more: object) -> Heard:
    return heard(NEW_ONLY, count, macs=TWO, first=first, last=last, **more)  # type: ignore[arg-type]


def either(first: int, last: int, count: int = 5, gre_key: int = BAND) -> Heard:
    return heard(gre_key, count, macs=THREE, first=first, last=last)


def cut(*spans: Span, may_cut: tuple[bool, ...] = ()) -> list[Span] | None:
    models = models_of(spans)
    facts = Facts(spans, models, [Sender.HYPER_V] * len(spans), {})
    return cut_spans(spans, models, facts.strays, may_cut or (True,) * len(spans))


def halves(*units: Heard) -> list[tuple[int, int, list[int]]] | None:
    """Of one span with the frames 1 to 100: the ends of each half, and the keys heard in it."""
    found = cut(span_of(*units))
    return found and [
        (
            span.ends()[0].frame_number,
            span.ends()[1].frame_number,
            [unit.gre_key for unit in span.heard],
        )
        for span in found
    ]


def test_all_of_one_layout_before_all_of_the_other_is_cut_between_them() -> None:
    assert halves(old(3, 20), new(30, 50)) == [(1, 20, [OLD_ONLY]), (30, 100, [NEW_ONLY])]
    assert halves(new(3, 20), old(30, 50)) == [(1, 20, [NEW_ONLY]), (30, 100, [OLD_ONLY])]


def test_both_halves_are_spans_of_the_host_that_are_marked_as_cut() -> None:
    found = cut(span_of(old(3, 20), new(30, 50)))
    assert found is not None
    assert [(span.address, span.is_cut, span.pieces.captures) for span in found] == [
        (A, True, (0,))
    ] * 2
    assert [[unit.span for unit in span.heard] for span in found] == [[0], [1]]


def test_layouts_that_overlap_are_not_cut() -> None:
    assert halves(old(3, 30), new(30, 50)) is None
    assert halves(old(3, 29), new(30, 50)) is not None
    assert halves(old(3, 60), new(20, 50)) is None


def test_one_layout_alone_is_not_cut() -> None:
    assert halves(old(3, 20)) is None
    assert halves(either(3, 20), either(30, 50, gre_key=BAND + 0x10000)) is None


def test_one_packet_is_no_layout_of_its_own() -> None:
    assert halves(old(3, 20, 2), new(30, 50, 2)) is not None
    assert halves(old(3, 20), new(30, 30, 1)) is None
    assert halves(old(3, 3, 1), new(30, 50)) is None


def test_what_lies_around_the_cut_goes_where_it_begins() -> None:
    before, after = BAND + 0x10000, BAND + 0x20000
    units = old(3, 20), either(22, 22, 1, before), either(25, 27, 5, after), new(30, 50)
    # A key that was seen twice goes on: nothing changed before its last frame.
    assert halves(*units) == [
        (1, 20, [OLD_ONLY]),
        (22, 100, [before, after, NEW_ONLY]),
    ]


def test_nothing_changed_while_a_key_went_on() -> None:
    assert halves(old(3, 20), either(10, 25), new(30, 50)) == [
        (1, 25, [OLD_ONLY, BAND]),
        (30, 100, [NEW_ONLY]),
    ]
    chain = either(10, 25), either(24, 28, gre_key=BAND + 0x10000)
    assert halves(old(3, 20), *chain, new(30, 50)) == [
        (1, 28, [OLD_ONLY, BAND, BAND + 0x10000]),
        (30, 100, [NEW_ONLY]),
    ]
    assert halves(old(3, 20), either(10, 30), new(30, 50)) is None
    assert halves(old(3, 20), either(20, 29), new(30, 50)) is not None
    assert halves(old(3, 20), either(20, 31), new(30, 50)) is None


def test_a_single_packet_says_nothing_of_its_time_between() -> None:
    """Copies of one, captured over a while."""
    assert halves(old(3, 20), either(10, 40, 1), new(30, 50)) == [
        (1, 20, [OLD_ONLY, BAND]),
        (30, 100, [NEW_ONLY]),
    ]


def test_the_halves_end_where_what_was_heard_in_them_ends() -> None:
    assert halves(old(3, 12), old(5, 20, destination=b"\x0a\0\0\3"), new(30, 50), new(26, 40)) == [
        (1, 20, [OLD_ONLY, OLD_ONLY]),
        (26, 100, [NEW_ONLY, NEW_ONLY]),
    ]


def test_the_same_id_in_both_layouts_of_several_vm_pairs_is_a_change() -> None:
    shifted = (OLD_ONLY & 0xFFFF) << 8  # 0x234500 fits both, and is TNI 0x2345 as a VSID
    units = heard(0x00002345, 5, macs=ONE, first=3, last=20), either(30, 50, gre_key=shifted)
    assert halves(*units) == [(1, 20, [0x2345]), (30, 100, [shifted])]
    assert halves(units[0], either(30, 50, gre_key=shifted + 0x100)) is None


def test_the_same_id_in_both_layouts_of_one_vm_pair_is_a_change() -> None:
    shifted = 0x00234500
    units = (
        heard(0x00002345, 5, macs=ONE, first=3, last=20),
        heard(shifted, 5, macs=back(ONE), first=30, last=50),
    )
    assert halves(*units) == [(1, 20, [0x2345]), (30, 100, [shifted])]


def test_a_stray_is_no_layout() -> None:
    """One packet of a VM pair that has thirty others, beside one more."""
    stray = heard(NEW_ONLY, 1, macs=ONE, first=60, last=60)
    units = heard(OLD_ONLY, 30, macs=ONE, first=3, last=20), stray, new(70, 70, 1)
    assert halves(*units) is None


def test_a_span_of_which_several_captures_hold_different_frames_is_not_cut() -> None:
    pieces = [Piece((0,), moment(1), moment(100)), Piece((1,), moment(1), moment(90))]
    assert cut(Span(A, pieces, [old(3, 20), new(30, 50)])) is None


def test_a_span_that_several_captures_hold_alike_is_cut_in_all_of_them() -> None:
    halves = cut(Span(A, [Piece((0, 1), moment(1), moment(100))], [old(3, 20), new(30, 50)]))
    assert halves is not None
    assert [half.pieces.captures for half in halves] == [(0, 1), (0, 1)]


def test_only_spans_that_may_be_cut_are_and_all_are_numbered_anew() -> None:
    def spans() -> list[Span]:
        return [
            span_of(
                heard(OLD_ONLY, 5, n, vm_macs(10 + n), first=3, last=20),
                heard(NEW_ONLY, 5, n, vm_macs(20 + n), first=30, last=50),
            )
            for n in range(3)
        ]

    assert cut(*spans(), may_cut=(False, False, False)) is None
    found = cut(*spans(), may_cut=(False, True, False))
    assert found is not None
    assert [span.is_cut for span in found] == [False, True, True, False]
    assert [{unit.span for unit in span.heard} for span in found] == [{0}, {1}, {2}, {3}]


def test_the_same_id_is_a_change_also_where_its_draft_00_key_fits_both_layouts() -> None:
    """0x23450000 is VSID 0x234500 and nothing else; 0x00234500 was TNI 0x234500, or VSID 0x2345."""

    def of_pair(*between: int) -> list[tuple[int, int, list[int]]] | None:
        return halves(
            heard(0x00234500, 5, macs=ONE, first=3, last=20),
            *[heard(gre_key, 2, macs=back(ONE), first=5, last=9) for gre_key in between],
            heard(0x23450000, 5, macs=back(ONE), first=30, last=50),
        )

    assert of_pair() == [(1, 20, [0x00234500]), (30, 100, [0x23450000])]
    assert of_pair(0x00234500) is not None
    assert of_pair(0x00777700) is None


def test_a_frame_at_the_cut_is_in_the_first_half_and_in_no_other() -> None:
    last = old(20, 20, 1, destination=b"\x0a\0\0\7")
    assert halves(old(3, 12), last, new(30, 50)) == [
        (1, 20, [OLD_ONLY, OLD_ONLY]),
        (30, 100, [NEW_ONLY]),
    ]


def test_two_packets_of_a_key_say_that_nothing_changed_between_them() -> None:
    assert halves(old(3, 20), either(10, 25, 2), new(30, 50)) == [
        (1, 25, [OLD_ONLY, BAND]),
        (30, 100, [NEW_ONLY]),
    ]


def test_the_second_half_begins_with_its_first_frame_also_where_the_clock_was_set_back() -> None:
    later, earlier = new(26, 40), new(30, 50)
    later.first = later.first._replace(ts_ns=9_000_000_000)
    assert halves(old(3, 20), later, earlier) == [
        (1, 20, [OLD_ONLY]),
        (26, 100, [NEW_ONLY, NEW_ONLY]),
    ]
