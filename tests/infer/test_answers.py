"""Answers: proven from a margin of two on, and ten times what the layout asks to disregard."""

import pytest

from nvgre_doctor.infer.answers import Answer
from nvgre_doctor.vocabulary import Confidence, Layout, Sender
from tests.infer.heard import vm_macs
from tests.infer.judged import NEW_ONLY, OLD_ONLY, Unit, answers_of, spans

OLD, CURRENT, BOTH, UNKNOWN = Layout.OLD, Layout.CURRENT, Layout.BOTH, Layout.UNKNOWN
PROVEN, LIKELY, NONE = Confidence.PROVEN, Confidence.LIKELY, Confidence.NONE


def answer(old: int, new: int, sender: Sender = Sender.HYPER_V, *, is_cut: bool = False) -> Answer:
    """Of a span with so many packets that fit one layout only, of VM pairs that have no other."""
    units: list[Unit] = []
    if old:
        units.append((OLD_ONLY, old, vm_macs(0)))
    if new:
        units.append((NEW_ONLY, new, vm_macs(1)))
    (span,) = of = spans(units)
    span.is_cut = is_cut
    return answers_of(of, [sender])[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (0, 0, (UNKNOWN, NONE, 0, False)),
        (0, 1, (CURRENT, LIKELY, 1, True)),
        (1, 0, (OLD, LIKELY, 1, True)),
        (0, 2, (CURRENT, PROVEN, 2, True)),
        (2, 0, (OLD, PROVEN, 2, True)),
        (1, 10, (CURRENT, PROVEN, 10, True)),
        (10, 1, (OLD, PROVEN, 10, True)),
        (1, 9, (CURRENT, LIKELY, 9, True)),
        (9, 1, (OLD, LIKELY, 9, True)),
        (1, 2, (CURRENT, LIKELY, 2, True)),
        (1, 1, (UNKNOWN, NONE, 0, False)),
        (2, 20, (CURRENT, PROVEN, 20, True)),
        (2, 19, (BOTH, LIKELY, 2, True)),
        (19, 2, (BOTH, LIKELY, 2, True)),
        (2, 2, (BOTH, LIKELY, 2, True)),
        (9, 9, (BOTH, LIKELY, 9, True)),
        (10, 10, (BOTH, PROVEN, 10, True)),
        (10, 99, (BOTH, PROVEN, 10, True)),
        (10, 100, (CURRENT, PROVEN, 100, True)),
    ],
)
def test_packets_of_either_layout_are_weighed(
    old: int, new: int, expected: tuple[Layout, Confidence, int, bool]
) -> None:
    assert answer(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (5, 0, (OLD, LIKELY, 5, False)),
        (0, 5, (CURRENT, PROVEN, 5, True)),
    ],
)
def test_only_a_hyper_v_host_is_proven_to_be_old(
    old: int, new: int, expected: tuple[Layout, Confidence, int, bool]
) -> None:
    assert answer(old, new, Sender.UNCLEAR) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (5, 0, (OLD, LIKELY, 5, False)),
        (0, 5, (CURRENT, LIKELY, 5, False)),
        (2, 20, (CURRENT, LIKELY, 20, False)),
        (10, 10, (UNKNOWN, NONE, 0, False)),
        (2, 19, (UNKNOWN, NONE, 0, False)),
    ],
)
def test_the_values_of_a_sender_that_is_no_host_prove_nothing(
    old: int, new: int, expected: tuple[Layout, Confidence, int, bool]
) -> None:
    assert answer(old, new, Sender.OTHER) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (5, 0, (OLD, LIKELY, 5, False)),
        (0, 5, (CURRENT, LIKELY, 5, False)),
        (10, 10, (BOTH, LIKELY, 10, True)),
    ],
)
def test_nothing_is_proven_in_half_a_span(
    old: int, new: int, expected: tuple[Layout, Confidence, int, bool]
) -> None:
    assert answer(old, new, is_cut=True) == expected
