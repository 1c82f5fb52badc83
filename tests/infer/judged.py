"""Spans by hand become facts and answers, as in inference."""

from collections.abc import Mapping, Sequence

from nvgre_doctor.infer.answers import Answer, answer_spans
from nvgre_doctor.infer.chains import Settled, follow
from nvgre_doctor.infer.listed import Listed
from nvgre_doctor.infer.margins import HARD, SOFT, Facts
from nvgre_doctor.infer.models import Model, build_models
from nvgre_doctor.infer.octets import classify
from nvgre_doctor.infer.spans import Span
from nvgre_doctor.vocabulary import Sender
from tests.infer.heard import heard, span_of

BAND = 0x00200000
"""A key that fits both layouts."""
OLD_ONLY, NEW_ONLY = 0x00012345, 0x12345600

Unit = tuple[int, int, bytes] | tuple[int, int, bytes, Mapping[str, object]]
"""Key, packets, MACs, and what else."""


def spans(*units: Sequence[Unit]) -> list[Span]:
    """One span for each host: host 0 has the address 10.0.0.0, and so on."""
    return [
        span_of(
            *[
                heard(key, count, number, macs, **(dict(*more)))  # type: ignore[arg-type]
                for key, count, macs, *more in of_span
            ],
            address=bytes([10, 0, 0, number]),
        )
        for number, of_span in enumerate(units)
    ]


def models_of(of: Sequence[Span]) -> list[Model]:
    return build_models(of, classify(of))


def facts_of(
    of: Sequence[Span],
    senders: Sequence[Sender] = (),
    listed: Mapping[int, Listed] | None = None,
) -> Facts:
    """All senders are Hyper-V hosts, unless they are given."""
    return Facts(of, models_of(of), senders or [Sender.HYPER_V] * len(of), listed or {})


def margins_of(facts: Facts | Settled) -> tuple[list[list[int]], list[list[int]]]:
    """Of every span for draft-00 and for RFC 7637: the hard ones, then the soft ones."""
    return facts.margins[HARD], facts.margins[SOFT]


def answers_of(of: Sequence[Span], senders: Sequence[Sender] = ()) -> list[Answer]:
    facts = facts_of(of, senders)
    return answer_spans(facts, follow(facts), senders or [Sender.HYPER_V] * len(of))
